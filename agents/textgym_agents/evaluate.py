"""Evaluation on fixed held-out tasks, with an interval; and the two actors that frame every result."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv

from textgym import Task, TaskSource, Transcript
from textgym_agents.rollout import Actor, rollout, text_envs


@dataclass(frozen=True)
class Evaluation:
    """Success on a fixed list of tasks.

    Attributes:
        episodes, successes: counts; an episode succeeds if its submission is right.
        low, high: 95 % Wilson interval of the success rate.
        reward, tokens, turns: means over episodes: summed reward, sampled tokens, turns.
        stop_reasons: how many episodes ended how.
        transcripts: the episodes, in the order of the tasks.
    """

    episodes: int
    successes: int
    low: float
    high: float
    reward: float
    tokens: float
    turns: float
    stop_reasons: dict[str, int]
    transcripts: tuple[Transcript, ...]

    @property
    def success(self) -> float:
        return self.successes / self.episodes

    def summary(self) -> dict[str, float | int | dict[str, int]]:
        """Everything but the transcripts, JSON-serialisable."""
        names = ("episodes", "successes", "success", "low", "high", "reward", "tokens", "turns", "stop_reasons")
        return {name: getattr(self, name) for name in names}


def succeeded(transcript: Transcript) -> bool:
    """Whether the submission was right, whatever other reward components there are."""
    return bool(transcript.metadata.get("is_success", False))


def wilson_interval(successes: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson score interval of a proportion, 95 % by default (Wilson 1927).

    Unlike the normal approximation it stays in [0, 1] and is right near 0 and 1, where our figures lie.
    Test: `test_evaluate.py::test_wilson_interval_against_scipy`.
    """
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    # In floats an end can miss 0 or 1 by one bit, and then p would lie outside.
    return max(0.0, min(p, centre - half)), min(1.0, max(p, centre + half))


def fixed_tasks(source: TaskSource, split: str, n: int, seed: int) -> list[Task]:
    """`n` tasks of a split, the same for every policy that is evaluated with `seed`."""
    source.check_split(split)
    rng = np.random.default_rng(seed)
    return [source.draw(rng, split) for _ in range(n)]


def evaluate(
    envs: VectorEnv[Any, Any, Any],
    actor: Actor,
    tasks: Sequence[Task],
    on_episode: Callable[[Transcript], None] | None = None,
) -> Evaluation:
    """Play every task once; see `rollout` for how `envs` must be made."""
    transcripts = rollout(envs, actor, len(tasks), seed=0, tasks=tasks, on_episode=on_episode)
    successes = sum(map(succeeded, transcripts))
    low, high = wilson_interval(successes, len(transcripts))
    return Evaluation(
        episodes=len(transcripts),
        successes=successes,
        low=low,
        high=high,
        reward=float(np.mean([sum(t.turn_rewards) for t in transcripts])),
        tokens=float(np.mean([t.loss_mask.sum() for t in transcripts])),
        turns=float(np.mean([len(t.turn_rewards) for t in transcripts])),
        stop_reasons=dict(sorted(Counter(str(t.stop_reason) for t in transcripts).items())),
        transcripts=tuple(transcripts),
    )


class OracleActor:
    """Plays the task source's own plan: the upper frame of every result, and proof that it can be reached."""

    def __init__(self, envs: VectorEnv[Any, Any, Any]) -> None:
        self.envs = text_envs(envs)
        self._plans: list[list[int]] = [[] for _ in range(envs.num_envs)]

    def act(
        self,
        input_ids: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        active: npt.NDArray[np.bool_] | None = None,
        restart: npt.NDArray[np.bool_] | None = None,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        actions = np.zeros(len(lengths), np.int64)
        for i in range(len(lengths)) if active is None else np.flatnonzero(active).tolist():
            if not self._plans[i] or (restart is not None and restart[i]):
                self._plans[i] = [token for turn in reversed(self.envs.oracle_turns(i)) for token in reversed(turn)]
            actions[i] = self._plans[i].pop()
        return actions, np.zeros(len(lengths), np.float32)


class RandomActor:
    """Uniformly random tokens: the lower frame.

    Args:
        vocab_size: number of tokens.
        seed: of its own generator.
    """

    def __init__(self, vocab_size: int, seed: int) -> None:
        self.vocab_size, self.rng = vocab_size, np.random.default_rng(seed)

    def act(
        self,
        input_ids: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        active: npt.NDArray[np.bool_] | None = None,
        restart: npt.NDArray[np.bool_] | None = None,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        actions = self.rng.integers(self.vocab_size, size=len(lengths))
        return actions, np.full(len(lengths), -math.log(self.vocab_size), np.float32)
