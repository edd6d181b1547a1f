"""Episodes onto disk as they end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from textgym.recording import TranscriptWriter
from textgym.wrappers.base import TextWrapper, TurnEnd, Watcher


class RecordWatcher(Watcher):
    """Appends the transcripts of the episodes that end."""

    def __init__(self, path: str | Path) -> None:
        self.writer = TranscriptWriter(path)

    def turns_end(self, ends: Sequence[TurnEnd]) -> None:
        if transcripts := [end.transcript for end in ends if end.over]:
            self.writer.write(transcripts)

    def close(self) -> None:
        self.writer.close()


class RecordTranscripts(TextWrapper):
    """Appends the transcript of every episode to a JSONL file when it ends.

    `textgym.read_jsonl(path)` reads them back, `textgym.recording.to_dataset` makes a Hugging Face dataset of them.
    A crash loses no finished episode, and the same path continues the file. Episodes that are reset before their end
    are not recorded. Several environments, in one process or many, may share a file.

    The rewards are those that leave the wrapped environment: what wrappers inside this one changed is recorded, what
    those outside change is not. `textgym.replay_transcript` compares them with the environment's own: to replay what
    you record, put this inside of what changes rewards.

    Args:
        env: the environment.
        path: the file; its folder is made.

    Raises:
        ValueError: in `step`, the file holds something else than transcripts, or a task's metadata is not JSON.

    Example:
        >>> import tempfile
        >>> import gymnasium as gym, textgym
        >>> from textgym.wrappers import RecordTranscripts
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = f"{folder}/episodes.jsonl"
        ...     env = RecordTranscripts(gym.make("TextCalc-v0", action_mode="turn"), path)
        ...     obs, info = env.reset(seed=0)
        ...     obs, reward, terminated, truncated, info = env.step_text("42<submit>")
        ...     env.close()
        ...     textgym.read_jsonl(path) == [info["transcript"]]
        True
    """

    def __init__(self, env: gymnasium.Env[Any, Any], path: str | Path) -> None:
        RecordConstructorArgs.__init__(self, path=path)
        super().__init__(env, RecordWatcher(path))
