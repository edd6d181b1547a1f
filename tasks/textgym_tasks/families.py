"""Task sources that are made of families of questions, some of them kept for a test of generalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from textgym.task import Task, TaskSource
from textgym_tasks.operands import pick

LEVELS = (1, 2, 3, 4)
"""Difficulties, from the easiest."""


class TaskFamily(Protocol):
    """Questions of one kind."""

    @property
    def name(self) -> str: ...

    @property
    def difficulty(self) -> int: ...

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        """One question of `split`."""


class FamilyTasks(TaskSource):
    """A choice of families, of which each is equally likely to be drawn. Subclasses grade and plan.

    Class attributes:
        seen: families of the splits "train", "validation" and "test", which differ in operands.
        unseen: families that only "test_unseen" draws from.
    """

    splits: tuple[str, ...] = ("train", "validation", "test", "test_unseen")
    seen: ClassVar[Sequence[TaskFamily]]
    unseen: ClassVar[Sequence[TaskFamily]]

    def __init__(self, difficulty: int | tuple[int, ...] | None = None, families: Sequence[str] | None = None) -> None:
        """Select what is drawn. A split is offered only if a selected family serves it.

        Args:
            difficulty: one level, several, or None for all.
            families: names from `families()`, or None for all.

        Raises:
            ValueError: for an unknown level or family, or a selection that holds no family.
        """
        cls, known = type(self), self._by_name()
        levels = LEVELS if difficulty is None else (difficulty,) if isinstance(difficulty, int) else tuple(difficulty)
        names = tuple(known) if families is None else tuple(families)
        if unknown := [level for level in levels if level not in LEVELS]:
            raise ValueError(f"unknown difficulty {unknown[0]!r}; {cls.__name__} has {', '.join(map(str, LEVELS))}")
        if unknown_names := [name for name in names if name not in known]:
            raise ValueError(f"unknown family {unknown_names[0]!r}; {cls.__name__} has {', '.join(known)}")
        seen = tuple(family for family in cls.seen if family.difficulty in levels and family.name in names)
        unseen = tuple(family for family in cls.unseen if family.difficulty in levels and family.name in names)
        if not seen + unseen:
            raise ValueError(f"no family of difficulty {levels} among {names}")
        served = {split: unseen if split == "test_unseen" else seen for split in cls.splits}
        self._families: dict[str, tuple[TaskFamily, ...]] = {split: some for split, some in served.items() if some}
        self.splits = tuple(self._families)

    def __getstate__(self) -> dict[str, Any]:
        """Families by name: they hold lambdas, which do not pickle."""
        names = {split: [family.name for family in some] for split, some in self._families.items()}
        return {**self.__dict__, "_families": names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        known = self._by_name()
        self.__dict__.update(state)
        self._families = {split: tuple(known[n] for n in names) for split, names in state["_families"].items()}

    @classmethod
    def _by_name(cls) -> dict[str, TaskFamily]:
        return {family.name: family for family in (*cls.seen, *cls.unseen)}

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        """Draw a task of `split`, each selected family equally likely."""
        self.check_split(split)
        return pick(rng, self._families[split]).draw(rng, split)

    @classmethod
    def families(cls) -> list[dict[str, str | int | bool]]:
        """A table of all families: name, difficulty, whether it is unseen in training, and one sample question."""
        return [
            {
                "family": family.name,
                "difficulty": family.difficulty,
                "unseen": family in cls.unseen,
                "sample": family.draw(
                    np.random.default_rng(0), "test_unseen" if family in cls.unseen else "train"
                ).prompt,
            }
            for family in cls._by_name().values()
        ]
