"""Failed tasks come again: a share of each PPO step goes to tasks that the policy got wrong before.

The better the policy, the fewer of its episodes say anything: most succeed, as they did before. Tasks that failed are
those whose next attempt is most uncertain, so they teach most; a prioritized replay of tasks (Jiang et al. 2021,
"Prioritized Level Replay", with failure as the score). The rewards of a step are then those of a harder mix than the
environment's; the success that a run reports is that of the fresh tasks alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from types import NoneType
from typing import Any

import numpy as np

from textgym import Task, TaskSource


def check_plain(tasks: Iterable[Task]) -> None:
    """Raise ValueError unless tasks hold only what transcripts and checkpoints can keep: those are written hours later.

    Numpy's scalars are all refused: some are floats or strings, and so JSON, but no checkpoint takes them.
    """
    for task in tasks:
        parts = {"prompt": task.prompt, "answer": task.answer}
        parts |= {f"metadata[{key!r}]": value for key, value in task.metadata.items()}
        for name, value in parts.items():
            if not _is_plain(value):
                raise ValueError(
                    f"{name} of a task is {value!r}, which is not plain JSON data; "
                    "make it int(...), float(...), str(...) or a list of these where the task is drawn"
                )


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(type(key) in (str, int) and _is_plain(each) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return type(value) in (str, int, bool, NoneType) or (type(value) is float and math.isfinite(value))


class Retries:
    """Draws the tasks of a step and remembers which of them failed.

    Args:
        share: of the tasks of a step that have failed before, 0 to 1; fewer come as long as fewer have failed.
        capacity: the failures that are kept; the oldest go first.

    Raises:
        ValueError: a share outside 0 to 1.
    """

    def __init__(self, share: float, capacity: int = 512) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"the share of retries must be from 0 to 1, not {share}")
        self.share, self.capacity = share, capacity
        self.failed: list[Task] = []

    def draw(self, source: TaskSource, split: str, n: int, rng: np.random.Generator) -> tuple[list[Task], int]:
        """`n` tasks: first those that failed before, then fresh ones of `split`; and how many the first are."""
        count = min(len(self.failed), int(n * self.share))
        again = [self.failed[i] for i in rng.permutation(len(self.failed))[:count].tolist()]
        return again + [source.draw(rng, split) for _ in range(n - count)], count

    def record(self, tasks: Sequence[Task], succeeded: Sequence[bool]) -> None:
        """Take what became of drawn tasks: a success is forgotten, a failure kept."""
        if not self.share:
            return
        # By identity: two draws may give equal tasks, and each is one failure.
        known = {id(task) for task in self.failed}
        solved = {id(task) for task, success in zip(tasks, succeeded, strict=True) if success}
        new = [task for task in tasks if id(task) not in known and id(task) not in solved]
        self.failed = [*(task for task in self.failed if id(task) not in solved), *new][-self.capacity :]

    def state_dict(self) -> dict[str, Any]:
        """The failures, as plain data."""
        return {"failed": [asdict(task) for task in self.failed]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.failed = [Task(**task) for task in state["failed"]]
