"""CalcTasks: arithmetic that needs the calculator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from textgym.task import Plan, Task, TaskSource, ToolCall
from textgym_tasks.calc.advanced import LEVEL_3, LEVEL_4
from textgym_tasks.calc.basic import LEVEL_1, LEVEL_2
from textgym_tasks.calc.families import Family
from textgym_tasks.calc.grading import parse_number
from textgym_tasks.calc.operands import pick
from textgym_tasks.calc.unseen import UNSEEN

SEEN = LEVEL_1 + LEVEL_2 + LEVEL_3 + LEVEL_4
BY_NAME = {family.name: family for family in SEEN + UNSEEN}
LEVELS = (1, 2, 3, 4)


class CalcTasks(TaskSource):
    """Word problems and expressions with operands beyond mental arithmetic.

    Splits differ in their operands: a number of three or more digits belongs to one split (`operands.py`).
    "test_unseen" has the operands of "test" in families that no other split draws from. A split is offered only if a
    selected family serves it.

    >>> source = CalcTasks(difficulty=1, families=["difference"])
    >>> task = source.draw(np.random.default_rng(0), "train")
    >>> task.metadata["expression"], task.answer, source.grade(task, task.answer)
    ('3451-137', '3314', {'correct': 1.0})
    """

    tools = ("calculator",)
    splits: tuple[str, ...] = ("train", "validation", "test", "test_unseen")

    def __init__(self, difficulty: int | tuple[int, ...] | None = None, families: Sequence[str] | None = None) -> None:
        """Select what is drawn.

        Args:
            difficulty: one level, several, or None for all; from 1 (one short step) to 4 (four steps, distractors).
            families: names from `CalcTasks.families()`, or None for all.

        Raises:
            ValueError: for an unknown level or family, or a selection that holds no family.
        """
        levels = LEVELS if difficulty is None else (difficulty,) if isinstance(difficulty, int) else tuple(difficulty)
        names = tuple(BY_NAME) if families is None else tuple(families)
        if unknown := [level for level in levels if level not in LEVELS]:
            raise ValueError(f"unknown difficulty {unknown[0]!r}; CalcTasks has {', '.join(map(str, LEVELS))}")
        if unknown_names := [name for name in names if name not in BY_NAME]:
            raise ValueError(f"unknown family {unknown_names[0]!r}; CalcTasks has {', '.join(BY_NAME)}")
        seen = tuple(family for family in SEEN if family.difficulty in levels and family.name in names)
        unseen = tuple(family for family in UNSEEN if family.difficulty in levels and family.name in names)
        if not seen + unseen:
            raise ValueError(f"no family of difficulty {levels} among {names}")
        served = {split: unseen if split == "test_unseen" else seen for split in type(self).splits}
        self._families: dict[str, tuple[Family, ...]] = {split: some for split, some in served.items() if some}
        self.splits = tuple(self._families)

    def __getstate__(self) -> dict[str, Any]:
        """Families by name: their formulas are lambdas, which do not pickle."""
        names = {split: [family.name for family in some] for split, some in self._families.items()}
        return {**self.__dict__, "_families": names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._families = {split: tuple(BY_NAME[n] for n in names) for split, names in state["_families"].items()}

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        """Draw a task of `split`, each selected family equally likely."""
        self.check_split(split)
        return pick(rng, self._families[split]).draw(rng, split)

    def grade(self, task: Task, submission: str) -> dict[str, float]:
        """{"correct": 1.0} for a number equal to the answer in an accepted form (`grading.py`), else 0.0."""
        given = parse_number(
            submission, percent=task.metadata.get("percent", False), money=task.metadata.get("money", False)
        )
        return {"correct": float(given is not None and given == parse_number(task.answer))}

    def plan(self, task: Task) -> Plan:
        """One call of the calculator with the whole expression, then the answer."""
        return Plan((ToolCall("calculator", {"expression": task.metadata["expression"]}),), task.answer)

    @staticmethod
    def families() -> list[dict[str, str | int | bool]]:
        """A table of all families: name, difficulty, whether it is unseen in training, and one sample question."""
        return [
            {
                "family": family.name,
                "difficulty": family.difficulty,
                "unseen": family in UNSEEN,
                "sample": family.draw(np.random.default_rng(0), "test_unseen" if family in UNSEEN else "train").prompt,
            }
            for family in BY_NAME.values()
        ]
