"""PythonTasks: what needs a program, and programs themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from textgym.task import Plan, Task, TaskSource, ToolCall
from textgym_tasks.calc.operands import pick
from textgym_tasks.python.counting import COUNTING
from textgym_tasks.python.dates import DATES
from textgym_tasks.python.debugging import DEBUGGING
from textgym_tasks.python.families import Family
from textgym_tasks.python.functions import FunctionFamily
from textgym_tasks.python.grading import is_answer, parse_whole
from textgym_tasks.python.number_theory import EASY_NUMBERS, NUMBERS
from textgym_tasks.python.sequences import SEQUENCES
from textgym_tasks.python.simulation import SIMULATION
from textgym_tasks.python.tables import TABLES
from textgym_tasks.python.unseen import UNSEEN
from textgym_tasks.python.words import EASY_WORDS, WORDS
from textgym_tasks.python.writing import WRITING

AnyFamily = Family | FunctionFamily
SEEN: tuple[AnyFamily, ...] = (
    *EASY_NUMBERS, *EASY_WORDS, *NUMBERS, *SEQUENCES, *WORDS, *DATES, *SIMULATION, *COUNTING, *TABLES, *DEBUGGING,
    *WRITING,
)  # fmt: skip
BY_NAME: dict[str, AnyFamily] = {family.name: family for family in (*SEEN, *UNSEEN)}
LEVELS = (1, 2, 3, 4)


class PythonTasks(TaskSource):
    """Questions whose answers have to be computed, and functions to be written or put right.

    Splits differ in their numbers and words (`draws.py`). "test_unseen" has those of "test" in families that no other
    split draws from. A split is offered only if a selected family serves it.

    >>> source = PythonTasks(difficulty=1, families=["power_mod"])
    >>> task = source.draw(np.random.default_rng(0), "train")
    >>> task.prompt
    'Find the remainder of 496**115 divided by 81587.'
    >>> source.plan(task).calls[0].arguments["code"], task.answer, source.grade(task, task.answer)
    ('pow(496,115,81587)', '9527', {'correct': 1.0})
    """

    tools = ("python",)
    splits: tuple[str, ...] = ("train", "validation", "test", "test_unseen")

    def __init__(self, difficulty: int | tuple[int, ...] | None = None, families: Sequence[str] | None = None) -> None:
        """Select what is drawn.

        Args:
            difficulty: one level, several, or None for all; from 1 (a line of code) to 4 (a dozen, or a function).
            families: names from `PythonTasks.families()`, or None for all.

        Raises:
            ValueError: for an unknown level or family, or a selection that holds no family.
        """
        levels = LEVELS if difficulty is None else (difficulty,) if isinstance(difficulty, int) else tuple(difficulty)
        names = tuple(BY_NAME) if families is None else tuple(families)
        if unknown := [level for level in levels if level not in LEVELS]:
            raise ValueError(f"unknown difficulty {unknown[0]!r}; PythonTasks has {', '.join(map(str, LEVELS))}")
        if unknown_names := [name for name in names if name not in BY_NAME]:
            raise ValueError(f"unknown family {unknown_names[0]!r}; PythonTasks has {', '.join(BY_NAME)}")
        seen = tuple(family for family in SEEN if family.difficulty in levels and family.name in names)
        unseen = tuple(family for family in UNSEEN if family.difficulty in levels and family.name in names)
        if not seen + unseen:
            raise ValueError(f"no family of difficulty {levels} among {names}")
        served = {split: unseen if split == "test_unseen" else seen for split in type(self).splits}
        self._families: dict[str, tuple[AnyFamily, ...]] = {split: some for split, some in served.items() if some}
        self.splits = tuple(self._families)

    def __getstate__(self) -> dict[str, Any]:
        """Families by name: they hold lambdas, which do not pickle."""
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
        """{"correct": 1.0} for a right submission, else 0.0; there is no credit for a part.

        An answer is right in an accepted form (`grading.py`). A function is right if it returns what it should for
        hidden inputs, in a sandbox session of its own (`judge.py`).

        Raises:
            RuntimeError: a function is to be judged, and there is no sandbox on this machine. No text raises.
        """
        family = BY_NAME.get(task.metadata.get("family", ""))
        if family is None:  # a task of the caller's
            whole = parse_whole(task.answer)
            return {"correct": float(is_answer(task.answer if whole is None else whole, submission))}
        return {"correct": float(family.grade(task, submission))}

    def plan(self, task: Task) -> Plan:
        """One call of `python` with the whole program, then the answer; a function is tried out, then submitted."""
        return Plan((ToolCall("python", {"code": task.metadata["program"]}),), task.answer)

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
