"""The token record of an episode: an append-only list of segments, from which all text and all masks derive.

What the policy sampled is never decoded and encoded again, so the ids a learner trains on are the ids that were
sampled. `Transcript` is a plain value: it compares with `==`, pickles, and goes through JSON unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

Role = Literal["system", "user", "model", "tool", "scaffold"]

ROLES: tuple[Role, ...] = get_args(Role)
ROLE_CODE: dict[Role, int] = {role: code for code, role in enumerate(ROLES, start=1)}
"""Codes of the `segment_ids` observation; 0 is padding."""


class StopReason(StrEnum):
    """Why an episode ended. The first three are terminations, the rest truncations.

    There is one for each budget but `max_tool_tokens`: an episode goes on behind a tool result that was cut. The cut
    shows in the result itself and in `info["cut_results"]`.
    """

    SUBMIT = "submit"
    """The policy submitted an answer."""
    NO_CALL = "no_call"
    """The policy ended its turn with neither a tool call nor a submission."""
    CALL_ERROR = "call_error"
    """A tool call failed in a way for which `on_call_error` says "terminate"."""
    MAX_TURNS = "max_turns"
    """The last allowed turn ended in a tool call."""
    MAX_CALLS = "max_calls"
    """The policy asked for one tool call more than the episode allows."""
    MAX_NEW_TOKENS = "max_new_tokens"
    """A turn reached its token budget before a stop token. Never a parse error."""
    MAX_TOKENS = "max_tokens"
    """The replies to the tool calls leave no room for another turn, or do not fit the context at all."""

    @property
    def terminated(self) -> bool:
        """Whether Gymnasium calls this end `terminated` (else it is `truncated`)."""
        return self in _TERMINATIONS


_TERMINATIONS = frozenset({StopReason.SUBMIT, StopReason.NO_CALL, StopReason.CALL_ERROR})


@dataclass(frozen=True)
class Segment:
    """A run of tokens with one author.

    Attributes:
        ids: token ids; none for a tool's empty output, and for the turn face's empty action, which ends a turn.
        role: who wrote them: `system` and `user` the task, `model` the policy, `tool` a tool's output (data),
            `scaffold` the protocol's own markup around the others.
        sampled: whether the policy sampled these tokens; exactly these carry loss.
        turn: the turn that the segment belongs to, from 0; the prompt belongs to turn 0.
        tool_call_id: for tool output, the call that it answers.
        logprobs: the sampler's log-probability of each id, where it is known.
    """

    ids: tuple[int, ...]
    role: Role
    sampled: bool = False
    turn: int = 0
    tool_call_id: str | None = None
    logprobs: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLE_CODE:
            raise ValueError(f"unknown role {self.role!r}; the roles are {', '.join(ROLES)}")
        if self.logprobs is not None and len(self.logprobs) != len(self.ids):
            raise ValueError(f"{len(self.logprobs)} logprobs for {len(self.ids)} ids; give one for each id")


@dataclass(frozen=True)
class Transcript:
    """One episode, whole or so far.

    Attributes:
        segments: the token record, in order.
        turn_rewards: the reward of each finished turn; it lands on the turn's last sampled token, or on the last one
            before the turn if it has none.
        stop_reason: why the episode ended; None while it runs.
        metadata: JSON-serialisable facts (the task, the environment id, whether it succeeded), for reading, and
            for replay with `options={"task": Task(...)}`.
    """

    segments: tuple[Segment, ...]
    turn_rewards: tuple[float, ...] = ()
    stop_reason: StopReason | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """All token ids, int64 (T,)."""
        return self._concatenate(lambda s: s.ids, np.int64)

    @property
    def loss_mask(self) -> npt.NDArray[np.int8]:
        """1 exactly on the tokens that the policy sampled, the stop token included, int8 (T,)."""
        return self._concatenate(lambda s: [s.sampled] * len(s.ids), np.int8)

    @property
    def segment_ids(self) -> npt.NDArray[np.int8]:
        """The role code of each token (see `ROLE_CODE`), int8 (T,)."""
        return self._concatenate(lambda s: [ROLE_CODE[s.role]] * len(s.ids), np.int8)

    @property
    def actions(self) -> npt.NDArray[np.int64]:
        """The sampled ids alone, int64 (A,): what the token face was fed. `turns` also tells of empty actions."""
        actions: npt.NDArray[np.int64] = self.ids[self.loss_mask.astype(bool)]
        return actions

    @property
    def turns(self) -> tuple[tuple[int, ...], ...]:
        """The sampled ids in runs, an unfinished turn's last: fed to `TextEnv.step_turn` they replay the episode.

        An empty run is the turn face's empty action, which ends a turn and leaves no token.
        """
        return tuple(segment.ids for segment in self.segments if segment.sampled)

    @property
    def rewards(self) -> npt.NDArray[np.float32]:
        """Reward of each token, nonzero only on a turn's last sampled token, float32 (T,).

        A turn without sampled tokens adds its reward to the turn before, so that the sum is that of the episode.
        """
        last_sampled: dict[int, int] = {}
        end = 0
        for segment in self.segments:
            end += len(segment.ids)
            if segment.sampled and segment.ids:
                last_sampled[segment.turn] = end - 1
        rewards = np.zeros(len(self), np.float32)
        at = None
        for turn, reward in enumerate(self.turn_rewards):
            at = last_sampled.get(turn, at)
            if at is not None:
                rewards[at] += reward
        return rewards

    @property
    def logprobs(self) -> npt.NDArray[np.float32] | None:
        """The sampler's log-probability of each token, 0 where not sampled, float32 (T,); None if unknown."""
        if any(s.sampled and s.logprobs is None for s in self.segments):
            return None
        return self._concatenate(lambda s: s.logprobs if s.sampled and s.logprobs else [0.0] * len(s.ids), np.float32)

    def __len__(self) -> int:
        return sum(len(s.ids) for s in self.segments)

    def __iter__(self) -> Iterator[Segment]:
        return iter(self.segments)

    def _concatenate(self, values: Callable[[Segment], Sequence[Any]], dtype: type[np.generic]) -> npt.NDArray[Any]:
        return np.concatenate([np.zeros(0, dtype), *(np.asarray(values(s), dtype) for s in self.segments)])

    def to_dict(self) -> dict[str, Any]:
        """A JSON-serialisable dict; `Transcript.from_dict` is its inverse."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Transcript:
        """Rebuild a transcript from `to_dict`'s result, or from the same after a JSON round trip."""
        segments = tuple(
            Segment(
                ids=tuple(s["ids"]),
                role=s["role"],
                sampled=s["sampled"],
                turn=s["turn"],
                tool_call_id=s["tool_call_id"],
                logprobs=None if s["logprobs"] is None else tuple(s["logprobs"]),
            )
            for s in data["segments"]
        )
        stop = data["stop_reason"]
        return cls(segments, tuple(data["turn_rewards"]), None if stop is None else StopReason(stop), data["metadata"])
