"""A curriculum: tasks become harder as the policy succeeds, and easier again if they were too hard."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import gymnasium
import numpy as np
from gymnasium.envs.registration import EnvSpec
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorEnv

from textgym.env import TextEnv
from textgym.registration import load_source
from textgym.task import Plan, Task, TaskSource
from textgym.vector import TextVectorEnv
from textgym.wrappers.base import TextWrapper, TurnEnd, Watcher

LEVEL = "curriculum_level"
"""The key of a task's level, in its metadata and in the info of its episode's last step."""


class Levels(TaskSource):
    """Task sources from easy to hard, of which `level` says the one that draws. A task is graded by its own."""

    def __init__(self, sources: Sequence[TaskSource]) -> None:
        self.sources = tuple(sources)
        self.level = 0
        first, *others = self.sources
        self.splits = tuple(split for split in first.splits if all(split in source.splits for source in others))
        self.tools = first.tools

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        task = self.sources[self.level].draw(rng, split)
        return replace(task, metadata={**task.metadata, LEVEL: self.level})

    def grade(self, task: Task, submission: str) -> dict[str, float]:
        return self._source_of(task).grade(task, submission)

    def plan(self, task: Task) -> Plan:
        return self._source_of(task).plan(task)

    def _source_of(self, task: Task) -> TaskSource:
        """A task that was set, not drawn, has no level, or that of another curriculum."""
        level = task.metadata.get(LEVEL)
        if isinstance(level, int) and 0 <= level < len(self.sources):
            return self.sources[level]
        return self.sources[self.level]


class Ladder:
    """The rule of when to climb: by the success rate of the last `window` episodes of the current level.

    Each episode counts for one decision. The window is emptied when the level changes.

    Args:
        levels: how many there are.
        raise_at: success rate of a full window from which on the level rises.
        lower_at: success rate of a full window up to which the level falls; None never lowers it.
        window: episodes that a decision looks at.

    Raises:
        ValueError: an argument out of range.
    """

    def __init__(self, levels: int, raise_at: float, lower_at: float | None, window: int) -> None:
        if levels < 1:
            raise ValueError("a curriculum needs at least one level")
        if not 0 < raise_at <= 1:
            raise ValueError(f"raise_at is a success rate above 0 and at most 1, not {raise_at!r}")
        if lower_at is not None and not 0 <= lower_at < raise_at:
            raise ValueError(f"lower_at is a success rate from 0 to below raise_at={raise_at!r}, not {lower_at!r}")
        if window < 1:
            raise ValueError(f"window is a number of episodes of at least 1, not {window!r}")
        self.levels, self.raise_at, self.lower_at, self.window = levels, raise_at, lower_at, window
        self.level = 0
        self.recent: deque[bool] = deque(maxlen=window)

    def record(self, success: bool) -> None:
        """Count an episode of the current level, and change the level if that is due."""
        self.recent.append(success)
        if len(self.recent) < self.window:
            return
        rate = sum(self.recent) / self.window
        step = int(rate >= self.raise_at) - int(self.lower_at is not None and rate <= self.lower_at)
        if step and 0 <= self.level + step < self.levels:
            self.level += step
            self.recent.clear()


class CurriculumWatcher(Watcher):
    """Counts the episodes that end and sets the level of those that start."""

    def __init__(self, source: Levels, ladder: Ladder) -> None:
        self.source, self.ladder = source, ladder

    def start(self, slot: int) -> dict[str, Any]:
        recent = self.ladder.recent
        return {"curriculum": {"level": self.ladder.level, "episodes": len(recent), "successes": sum(recent)}}

    def turns_end(self, ends: Sequence[TurnEnd]) -> None:
        for end in ends:
            level = end.transcript.metadata.get("task", {}).get(LEVEL) if end.over else None
            if level is None:
                continue
            end.info[LEVEL] = level
            if level == self.ladder.level:  # another slot may have changed it since this task was drawn
                self.ladder.record(bool(end.info.get("is_success", False)))
        self.source.level = self.ladder.level

    def state_dict(self) -> dict[str, Any]:
        """The state, JSON-serialisable."""
        return {"level": self.ladder.level, "recent": list(self.ladder.recent)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """See `CurriculumState`."""
        level, recent = int(state["level"]), [bool(success) for success in state["recent"]]
        if not 0 <= level < self.ladder.levels or len(recent) > self.ladder.window:
            raise ValueError(
                f"the state is at level {level} with {len(recent)} episodes, but this curriculum has "
                f"{self.ladder.levels} levels and a window of {self.ladder.window}; make it as the saved one was made"
            )
        self.ladder.level = self.source.level = level
        self.ladder.recent = deque(recent, maxlen=self.ladder.window)


def curriculum(
    env: gymnasium.Env[Any, Any] | VectorEnv[Any, Any, Any],
    levels: Sequence[Any],
    raise_at: float,
    lower_at: float | None,
    window: int,
) -> CurriculumWatcher:
    """Let `env` draw its tasks from `levels` (see `Curriculum`), and return what moves the level.

    Raises:
        TypeError: not a text environment.
        ValueError: an argument out of range, or a level that makes no source with the environment's split.
        ContextTooShort: a prompt of one of the levels does not fit.
    """
    unwrapped = env.unwrapped
    if not isinstance(unwrapped, (TextEnv, TextVectorEnv)):
        raise TypeError(
            f"a curriculum sets the tasks of a TextEnv or a TextVectorEnv, not of {unwrapped!r}; "
            "of another vector, wrap each environment: gym.make_vec(..., wrappers=[...])"
        )
    ladder = Ladder(len(levels), raise_at, lower_at, window)
    at_difficulty = partial(_at_difficulty, unwrapped.spec)
    source = Levels([level if isinstance(level, TaskSource) else at_difficulty(level) for level in levels])
    source.check_split(unwrapped.rules.split)
    unwrapped.use_source(source)
    for level in range(len(levels)):
        source.level = level
        unwrapped.rules.check_some_tasks()
    source.level = 0
    return CurriculumWatcher(source, ladder)


def _at_difficulty(spec: EnvSpec | None, difficulty: Any) -> TaskSource:
    """The source that the environment was made with, at a difficulty."""
    source = None if spec is None else spec.kwargs.get("source")
    if spec is None or source is None or isinstance(source, TaskSource):
        raise ValueError(
            f"the level {difficulty!r} needs an environment that was registered with a class of sources, so that one "
            "can be made with this difficulty; else give the levels as sources: Curriculum(env, [Easy(), Hard()])"
        )
    return load_source(source, {**spec.kwargs.get("source_kwargs", {}), "difficulty": difficulty})


class CurriculumState:
    """Saving and loading, for a wrapper whose watcher is a `CurriculumWatcher`."""

    watcher: Watcher

    def state_dict(self) -> dict[str, Any]:
        """The state of the curriculum, JSON-serialisable."""
        return self._curriculum.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict()`'s state; the next task drawn is of its level.

        Raises:
            ValueError: the state is of a curriculum with more levels or a longer window.
        """
        self._curriculum.load_state_dict(state)

    @property
    def _curriculum(self) -> CurriculumWatcher:
        assert isinstance(self.watcher, CurriculumWatcher)
        return self.watcher


class Curriculum(CurriculumState, TextWrapper):
    """Tasks that become harder as the policy succeeds.

    The level rises when of the last `window` episodes of the current level at least `raise_at` succeeded
    (`info["is_success"]`), and falls when at most `lower_at` did. It holds for the tasks drawn from then on; they come
    from the environment's own seeded generator, so that at a given level a seed gives the task that it gives without
    the curriculum. Tasks that are set by `options` are neither drawn nor counted. Few-shot examples are of the first
    level.

    A reset, seeded or not, keeps the level: it is what the policy has reached. The info of a reset holds the state,
    `info["curriculum"]`: the level from 0, and how many episodes and successes the window holds. The info of an
    episode's last step holds the level of its task, `info["curriculum_level"]`, and so does its transcript.

    Args:
        env: the environment.
        levels: from easy to hard; either values of `difficulty` for the environment's own source, or task sources.
        raise_at, lower_at: success rates; None never lowers.
        window: number of episodes.

    Raises:
        ValueError: an argument out of range, or a level that makes no source with the environment's split.
        ContextTooShort: a prompt of one of the levels does not fit.

    Example:
        >>> import gymnasium as gym
        >>> from textgym.wrappers import Curriculum
        >>> env = Curriculum(gym.make("textgym:TextCalc-v0", action_mode="turn"), levels=[1, 2, (3, 4)], window=1)
        >>> obs, info = env.reset(seed=0)
        >>> info["curriculum"]
        {'level': 0, 'episodes': 0, 'successes': 0}
        >>> obs, reward, terminated, truncated, info = env.step_text(f"{env.unwrapped.task.answer}<submit>")
        >>> obs, info = env.reset()
        >>> info["curriculum"]["level"], env.unwrapped.task.metadata["difficulty"]
        (1, 2)
    """

    def __init__(
        self,
        env: gymnasium.Env[Any, Any],
        levels: Sequence[Any],
        raise_at: float = 0.8,
        lower_at: float | None = None,
        window: int = 50,
    ) -> None:
        RecordConstructorArgs.__init__(self, levels=levels, raise_at=raise_at, lower_at=lower_at, window=window)
        super().__init__(env, curriculum(env, levels, raise_at, lower_at, window))
