"""Seeds: everything random in an environment comes from children of one seed, never from a global generator.

Child (0,) draws the tasks. Child (1, e, t, k) belongs to the k-th session of tool t in episode e since the seed, so
that no tool, whatever it draws, can move the tasks or another tool.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import gymnasium
import numpy as np

_TASKS, _TOOLS = 0, 1


def slot_seeds(seed: int | Iterable[int | None] | None, num_envs: int) -> list[int | None]:
    """The seed of each slot of a vector environment: seed + i, or its own, or None.

    Raises:
        ValueError: seeds for another number of slots.
        gymnasium.error.Error: something that is no seed, as Gymnasium has it.
    """
    if isinstance(seed, (int, np.integer)):
        seed = [int(seed) + i for i in range(num_envs)]
    seeds = list(seed) if isinstance(seed, Iterable) else [seed] * num_envs
    if len(seeds) != num_envs:
        raise ValueError(f"{len(seeds)} seeds for {num_envs} slots; give one int, or one for each slot")
    for each in seeds:
        if not (each is None or (isinstance(each, (int, np.integer)) and each >= 0)):
            raise gymnasium.error.Error(f"a seed is a whole number from 0 up, or None, not {each!r}")
    return [None if each is None else int(each) for each in seeds]


class ToolSeeds(NamedTuple):
    """The randomness of one episode's tools."""

    entropy: int
    episode: int = 0

    def generator(self, tool: int, session: int) -> np.random.Generator:
        """The generator of session number `session` of tool number `tool`."""
        key = (_TOOLS, self.episode, tool, session)
        return np.random.default_rng(np.random.SeedSequence(self.entropy, spawn_key=key))


class Generators:
    """The generators of one environment, or of one slot of a vector environment.

    Attributes:
        seed: the seed that was given; None stands for one that the operating system chose.
        tasks: draws the tasks.
        episode: number of the current episode since the seed, from 0; -1 before the first.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = None if seed is None else int(seed)
        self._entropy = np.random.SeedSequence(self.seed).entropy
        self.tasks = np.random.default_rng(np.random.SeedSequence(self._entropy, spawn_key=(_TASKS,)))
        self.episode = -1

    def next_episode(self, number: int | None = None) -> ToolSeeds:
        """The randomness of the next episode's tools, or of episode `number`, for a replay."""
        self.episode = self.episode + 1 if number is None else number
        assert isinstance(self._entropy, int)
        return ToolSeeds(self._entropy, self.episode)

    def facts(self) -> dict[str, int]:
        """What a transcript must hold for its episode to be replayed; nothing where no seed was given."""
        return {} if self.seed is None else {"seed": self.seed, "episode": self.episode}
