"""The wrappers of `textgym.wrappers` for vector environments, under the same names, as Gymnasium has its own.

They take the same arguments and work in all three autoreset modes. What a wrapper adds to the last step's info is in
`final_info` where the environment resets in the same step. Those that read transcripts (all but `CallPenalty`) need
environments that record: `gym.make_vec(..., record=True)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gymnasium.vector import VectorEnv

from textgym.wrappers.base import TextVectorWrapper, attending
from textgym.wrappers.call_penalty import Penalty, PenaltyWatcher
from textgym.wrappers.curriculum import CurriculumState, curriculum
from textgym.wrappers.record_transcripts import RecordWatcher
from textgym.wrappers.transcript_reward import Mode, Score, ScoreWatcher

__all__ = ["CallPenalty", "Curriculum", "RecordTranscripts", "TranscriptReward", "attending"]


class CallPenalty(TextVectorWrapper):
    """A penalty for each tool call; see `textgym.wrappers.CallPenalty`.

    Example:
        >>> import gymnasium as gym
        >>> from textgym.wrappers import vector
        >>> envs = vector.CallPenalty(gym.make_vec("textgym:TextCalc-v0", num_envs=2), penalty=0.05)
        >>> obs, infos = envs.reset(seed=0)
        >>> for tokens in zip(b"<request><calculator>6*7<call>", b"<request>calculator, 6 times 7"):
        ...     obs, rewards, terminated, truncated, infos = envs.step(list(tokens))
        >>> rewards
        array([-0.05,  0.  ])
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], penalty: Penalty = 0.01) -> None:
        super().__init__(env, PenaltyWatcher(penalty))


class TranscriptReward(TextVectorWrapper):
    """A reward from any function of the transcript; see `textgym.wrappers.TranscriptReward`.

    With `batched=True` the episodes that end in one step are scored in one call.

    Example:
        >>> import gymnasium as gym
        >>> from textgym.wrappers import vector
        >>> def lengths(transcripts):
        ...     return [len(transcript.actions) for transcript in transcripts]
        >>> envs = gym.make_vec("textgym:TextCalc-v0", num_envs=2, record=True)
        >>> envs = vector.TranscriptReward(envs, lengths, batched=True)
        >>> obs, infos = envs.reset(seed=0)
        >>> for tokens in zip(b"42<submit>", b"43<submit>"):
        ...     obs, rewards, terminated, truncated, infos = envs.step(list(tokens))
        >>> rewards
        array([10., 10.])
    """

    reads_transcripts = True

    def __init__(
        self, env: VectorEnv[Any, Any, Any], score: Score, mode: Mode = "replace", batched: bool = False
    ) -> None:
        super().__init__(env, ScoreWatcher(score, mode, batched))


class RecordTranscripts(TextVectorWrapper):
    """Appends transcripts to a JSONL file as episodes end; see `textgym.wrappers.RecordTranscripts`.

    Example:
        >>> import tempfile
        >>> import gymnasium as gym, textgym
        >>> from textgym.wrappers import vector
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = f"{folder}/episodes.jsonl"
        ...     envs = gym.make_vec("TextCalc-v0", num_envs=2, record=True)
        ...     envs = vector.RecordTranscripts(envs, path)
        ...     obs, infos = envs.reset(seed=0)
        ...     for tokens in zip(b"42<submit>", b"43<submit>"):
        ...         obs, rewards, terminated, truncated, infos = envs.step(list(tokens))
        ...     envs.close()
        ...     textgym.read_jsonl(path) == list(infos["transcript"])
        True
    """

    reads_transcripts = True

    def __init__(self, env: VectorEnv[Any, Any, Any], path: str | Path) -> None:
        super().__init__(env, RecordWatcher(path))


class Curriculum(CurriculumState, TextVectorWrapper):
    """Tasks that become harder as the policy succeeds; see `textgym.wrappers.Curriculum`.

    One level for all slots. Episodes that end in the same step count in the order of their slots, and only those
    whose tasks are of the current level. An environment that resets in the same step has drawn the next task by the
    time that an end counts, so that there a new level shows one episode later.

    Raises:
        TypeError: the environment is no `TextVectorEnv`; wrap each environment of another kind of vector instead.

    Example:
        >>> import gymnasium as gym
        >>> from textgym.wrappers import vector
        >>> envs = gym.make_vec("textgym:TextCalc-v0", num_envs=2, record=True)
        >>> envs = vector.Curriculum(envs, levels=[1, 2, 3, 4], raise_at=0.9, lower_at=0.2, window=100)
        >>> obs, infos = envs.reset(seed=0)
        >>> infos["curriculum"]["level"]
        array([0, 0])
    """

    reads_transcripts = True

    def __init__(
        self,
        env: VectorEnv[Any, Any, Any],
        levels: Sequence[Any],
        raise_at: float = 0.8,
        lower_at: float | None = None,
        window: int = 50,
    ) -> None:
        super().__init__(env, curriculum(env, levels, raise_at, lower_at, window))
