"""Playing a recorded episode again, token for token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np

from textgym.env import TextEnv
from textgym.task import Task
from textgym.transcript import Transcript


class ReplayMismatch(ValueError):
    """A replay went another way than the record."""


def replay(
    env: gymnasium.Env[Any, Any] | str,
    actions: Iterable[int | Sequence[int]],
    *,
    seed: int | None = None,
    task: Task | None = None,
    episode: int | None = None,
    **kwargs: Any,
) -> Transcript:
    """Play an episode from its seed and its actions.

    Args:
        env: an environment of either face, or the id of one, to be made with `kwargs`.
        actions: token ids (`Transcript.actions`), or runs of them (`Transcript.turns`), an empty one being the turn
            face's empty action.
        seed: of the reset.
        task: the task, where it was not the first that the seed draws.
        episode: number of the episode since the seed, for tools that draw random numbers; None is the first.

    Returns:
        The transcript of the episode so far; actions behind its end change nothing.

    Example:
        >>> env = gymnasium.make("textgym:TextCalc-v0").unwrapped
        >>> obs, info = env.reset(seed=7)
        >>> *_, info = env.step_text("42<submit>")
        >>> replay("TextCalc-v0", env.transcript().turns, seed=7) == env.transcript()
        True
    """
    made = gymnasium.make(env, **kwargs) if isinstance(env, str) else env
    text_env = made.unwrapped
    if not isinstance(text_env, TextEnv):
        raise TypeError(f"only a textgym.TextEnv can be replayed, not a {type(text_env).__name__}")
    options = {"task": task, "episode": episode}
    text_env.reset(seed=seed, options={key: value for key, value in options.items() if value is not None})
    for action in actions:
        text_env.step_turn([int(action)] if isinstance(action, (int, np.integer)) else list(action))
    if isinstance(env, str):
        text_env.close()
    return text_env.transcript()


def replay_transcript(
    transcript: Transcript, env: gymnasium.Env[Any, Any] | str | None = None, **kwargs: Any
) -> Transcript:
    """Play a transcript again, in an environment like the one that it comes from.

    An episode whose environment was reset with a seed is played with the same random numbers, and any episode with
    the same task. Tools that depend on more than their arguments, their state and their generator are beyond this.

    Args:
        transcript: whole or so far; also one that was read from JSONL.
        env: an environment made with the same arguments, of either face, or the id of one; None takes the id that the
            transcript names. An id is made with `kwargs`.

    Returns:
        The transcript of the replay, equal to the one given.

    Raises:
        ReplayMismatch: the replay went another way.
        ValueError: the transcript does not name its environment, or has no task.
    """
    facts = transcript.metadata
    if env is None:
        if "env_id" not in facts:
            raise ValueError("the transcript does not say which environment it comes from; give env=")
        env = facts["env_id"]
    if not {"prompt", "answer", "task"} <= facts.keys():
        raise ValueError("the transcript has no task in its metadata, so there is nothing to play")
    task = Task(facts["prompt"], facts["answer"], facts["task"])
    seed, episode = facts.get("seed"), facts.get("episode")
    again = replay(env, transcript.turns, seed=seed, task=task, episode=episode, **kwargs)
    pairs = zip(again.segments, transcript.segments, strict=False)
    scored = tuple(replace(new, logprobs=old.logprobs) if new.ids == old.ids else new for new, old in pairs)
    again = replace(again, segments=scored + again.segments[len(scored) :])
    _check_same(transcript, again)
    return again


def _check_same(recorded: Transcript, played: Transcript) -> None:
    """Raise ReplayMismatch that names the first difference, unless there is none."""
    hint = "was the environment made with the same arguments?"
    for i, (old, new) in enumerate(zip(recorded.segments, played.segments, strict=False)):
        if old != new:
            raise ReplayMismatch(f"segment {i} was {old} in the record and is {new} in the replay; {hint}")
    for name in ("segments", "turn_rewards", "stop_reason"):
        old, new = getattr(recorded, name), getattr(played, name)
        if old != new:
            raise ReplayMismatch(f"{name} differ: {old!r} in the record, {new!r} in the replay; {hint}")
