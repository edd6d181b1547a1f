"""A reward from anything that can read a transcript: a rule, a judge, a reward model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from textgym.transcript import Transcript
from textgym.wrappers.base import TextWrapper, TurnEnd, Watcher, add_rewards

Mode = Literal["replace", "add"]
Score = Callable[[Transcript], float] | Callable[[list[Transcript]], Sequence[float]]


class ScoreWatcher(Watcher):
    """Scores the episodes that end in a step, all in one call if the score is batched."""

    def __init__(self, score: Score, mode: Mode, batched: bool) -> None:
        if mode not in ("replace", "add"):
            raise ValueError(f"unknown mode {mode!r}; the modes are 'replace' and 'add'")
        self.score, self.mode, self.batched = score, mode, batched

    def turns_end(self, ends: Sequence[TurnEnd]) -> None:
        over = [end for end in ends if end.over]
        scores = self._scores([end.transcript for end in over]) if over else []
        if self.mode == "replace":
            for end in ends:
                end.reward = 0.0
        for end, score in zip(over, scores, strict=True):
            end.reward += score
            end.info["score"] = score
            end.info["transcript"] = self._rewarded(end.transcript, score)

    def _scores(self, transcripts: list[Transcript]) -> list[float]:
        """One finite score for each transcript.

        Raises:
            ValueError: another number of scores, or one that is not a finite number.
        """
        score: Any = self.score
        scores = [float(value) for value in (score(transcripts) if self.batched else map(score, transcripts))]
        if len(scores) != len(transcripts):
            raise ValueError(
                f"{len(scores)} scores for {len(transcripts)} transcripts; a batched score gives one for each"
            )
        for value, transcript in zip(scores, transcripts, strict=True):
            if not math.isfinite(value):
                question = transcript.metadata.get("prompt", "")
                raise ValueError(f"the score of the episode on {question!r} is {value}; a reward must be finite")
        return scores

    def _rewarded(self, transcript: Transcript, score: float) -> Transcript:
        """`transcript` with the score on its last turn."""
        turns = len(transcript.turn_rewards)
        if self.mode == "replace":
            transcript = replace(transcript, turn_rewards=(0.0,) * turns)
        # Cut short by a wrapper such as TimeLimit, the last turn has no reward yet.
        return add_rewards(transcript, {turns if transcript.stop_reason is None else turns - 1: score})


class TranscriptReward(TextWrapper):
    """A reward for the whole episode, given in its last step by any function of the transcript.

    The score is also in that step's `info["score"]`, and in the rewards of its transcript. The other facts of the
    info, `is_success` among them, stay the environment's, so that a score that is fooled can be seen to be.

    Args:
        env: the environment.
        score: from a transcript to a number; batched, from a list of transcripts to as many numbers.
        mode: "replace" makes the score the only reward of the episode; "add" adds it to the environment's.
        batched: whether `score` takes a list. In a vector environment (`textgym.wrappers.vector`) it gets all
            episodes that ended in a step at once, as a reward model likes it.

    Raises:
        ValueError: an unknown mode; in `step`, a score that is not finite, or another number of scores than episodes.

    Example:
        >>> import gymnasium as gym
        >>> from textgym.wrappers import TranscriptReward
        >>> def brevity(transcript):
        ...     return -len(transcript.actions) / 100
        >>> env = TranscriptReward(gym.make("textgym:TextCalc-v0", action_mode="turn"), brevity, mode="add")
        >>> obs, info = env.reset(seed=0)
        >>> obs, reward, terminated, truncated, info = env.step_text("42<submit>")
        >>> reward, info["score"], info["transcript"].turn_rewards
        (-0.1, -0.1, (-0.1,))
    """

    def __init__(
        self, env: gymnasium.Env[Any, Any], score: Score, mode: Mode = "replace", batched: bool = False
    ) -> None:
        RecordConstructorArgs.__init__(self, score=score, mode=mode, batched=batched, _disable_deepcopy=True)
        super().__init__(env, ScoreWatcher(score, mode, batched))
