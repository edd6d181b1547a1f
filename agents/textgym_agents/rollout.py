"""Rollouts: Gymnasium's own step loop over a vector environment, as continuous batching."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv

from textgym import Task, TextVectorEnv, Transcript
from textgym.wrappers.vector import attending


class Actor(Protocol):
    """Anything that picks the next token of every active slot; `Sampler` is one.

    Slots without an episode, and those that wait for a tool (`pending_after`), are not active.
    `restart` marks slots at the first token of an episode. `OracleActor` plans there; `Sampler` needs no telling.
    """

    def act(
        self,
        input_ids: npt.NDArray[np.int64],
        lengths: npt.NDArray[np.int64],
        active: npt.NDArray[np.bool_] | None = None,
        restart: npt.NDArray[np.bool_] | None = None,
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]:
        """Actions int64 (N,) and their log-probabilities float32 (N,)."""


def text_envs(envs: VectorEnv[Any, Any, Any]) -> TextVectorEnv:
    """The `TextVectorEnv` under any wrappers.

    Raises:
        TypeError: there is none.
    """
    base = envs.unwrapped
    if not isinstance(base, TextVectorEnv):
        raise TypeError(f"a rollout needs a textgym.TextVectorEnv, as gym.make_vec makes it, not {base!r}")
    return base


def rollout(
    envs: VectorEnv[Any, Any, Any],
    actor: Actor,
    num_episodes: int,
    *,
    seed: int | None = None,
    tasks: Sequence[Task] | None = None,
    on_episode: Callable[[Transcript], None] | None = None,
) -> list[Transcript]:
    """Play `num_episodes` episodes to their end and return their transcripts in the order in which they started.

    A slot that ends takes the next episode at once, until `num_episodes` have started: every started episode is
    waited for, so that short ones are not over-represented. What slots play that have no episode left is not looked at,
    by wrappers neither.

    Args:
        envs: a `TextVectorEnv` made with `autoreset_mode="SameStep"` and `record=True`, or one under the wrappers of
            `textgym.wrappers.vector`, whose rewards are then those of the transcripts.
        actor: picks the tokens.
        num_episodes: how many.
        seed: of the environments' reset: slot i plays the tasks of seed + i, so successive rollouts need seeds at
            least `num_envs` apart. None goes on with the slots' own generators.
        tasks: play these, in order; None draws them from the environment's split.
        on_episode: called with each finished transcript, for progress bars.

    Raises:
        ValueError: the environments do not autoreset in the same step, do not record, or are not of the causal layout;
            not one task an episode.
    """
    base = text_envs(envs)
    _check(base, num_episodes, tasks)
    num_envs = envs.num_envs
    obs, infos = envs.reset(seed=seed, options={} if tasks is None else {"tasks": list(tasks)})
    active = np.arange(num_envs) < num_episodes
    episode_of = np.arange(num_envs)
    restart = np.ones(num_envs, bool)
    started = int(active.sum())
    logps = np.zeros((num_envs, base.rules.max_tokens), np.float32)
    finished: dict[int, Transcript] = {}
    slots = np.arange(num_envs)
    idle = int(np.argmin(base.rules.may_stop))  # for slots without an episode: a token that ends no turn costs least
    with attending(envs, active):
        while active.any():
            lengths = obs["length"][:, 0].copy()
            asked = active & ~infos.get("pending", np.False_)  # a slot whose tools still run takes no action
            actions, logp = actor.act(obs["input_ids"], lengths, asked, restart)
            logps[slots[asked], lengths[asked]] = logp[asked]
            actions[~asked] = idle
            obs, _, terminated, truncated, infos = envs.step(actions)
            ended = (terminated | truncated) & active
            restart = ended | (restart & ~asked)
            for i in np.flatnonzero(ended).tolist():
                transcript = with_logprobs(infos["final_info"]["transcript"][i], logps[i])
                finished[int(episode_of[i])] = transcript
                if on_episode is not None:
                    on_episode(transcript)
                active[i] = started < num_episodes
                if active[i]:
                    episode_of[i], started = started, started + 1
    return [finished[i] for i in range(num_episodes)]


def _check(base: TextVectorEnv, num_episodes: int, tasks: Sequence[Task] | None) -> None:
    """Raise ValueError for arguments that no rollout can go by."""
    if base.autoreset_mode != AutoresetMode.SAME_STEP or not base.rules.record or base.action_mode != "token":
        raise ValueError(
            'rollout() needs gym.make_vec(..., autoreset_mode="SameStep", record=True) and action_mode="token"'
        )
    if base.rules.layout != "causal":
        raise ValueError(f"rollout() plays causal policies: make the environments without layout={base.rules.layout!r}")
    if num_episodes < 1:
        raise ValueError(f"num_episodes must be at least 1, not {num_episodes}")
    if tasks is not None and len(tasks) != num_episodes:
        raise ValueError(f"{len(tasks)} tasks for num_episodes={num_episodes}; give one task an episode")


def with_logprobs(transcript: Transcript, logps: npt.NDArray[np.float32]) -> Transcript:
    """The transcript with the sampler's log-probabilities, given by token position, on its sampled segments."""
    segments: list[Any] = []
    start = 0
    for segment in transcript:
        end = start + len(segment.ids)
        segments.append(replace(segment, logprobs=tuple(logps[start:end].tolist())) if segment.sampled else segment)
        start = end
    return replace(transcript, segments=tuple(segments))
