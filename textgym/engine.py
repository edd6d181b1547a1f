"""The engine under every face: it appends tokens, ends turns, runs tools, keeps budgets and gives rewards.

`Rows` holds the token arrays of N episodes. `Episode` is one episode's state over one row; `TextEnv` has one of them
and `TextVectorEnv` has N.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from textgym.protocols import CallResult
from textgym.rules import Rules
from textgym.task import Task
from textgym.transcript import ROLE_CODE, Role, Segment, StopReason, Transcript

TRUNCATION_MARKER = " [output truncated]"


@dataclass(frozen=True)
class Rows:
    """Token arrays of N episodes, padded to length L. `observation` gives them as Gymnasium sees them."""

    input_ids: npt.NDArray[np.int64]
    attention_mask: npt.NDArray[np.int8]
    loss_mask: npt.NDArray[np.int8]
    segment_ids: npt.NDArray[np.int8]
    length: npt.NDArray[np.int64]

    @classmethod
    def empty(cls, n: int, max_tokens: int, pad_id: int) -> Rows:
        attention, loss, segments = (np.zeros((n, max_tokens), np.int8) for _ in range(3))
        return cls(np.full((n, max_tokens), pad_id, np.int64), attention, loss, segments, np.zeros((n, 1), np.int64))

    def observation(self, row: int | slice = slice(None), copy: bool = True) -> dict[str, npt.NDArray[Any]]:
        """The arrays of one row (L,) or of all (N, L), fresh or by reference."""
        views: dict[str, npt.NDArray[Any]] = {
            "input_ids": self.input_ids[row],
            "attention_mask": self.attention_mask[row],
            "loss_mask": self.loss_mask[row],
            "segment_ids": self.segment_ids[row],
            "length": self.length[row],
        }
        return {key: view.copy() for key, view in views.items()} if copy else views


@dataclass
class Outcome:
    """What a step returns beside the observation."""

    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False
    info: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Span:
    """A segment whose ids lie in the row at [start, end)."""

    start: int
    end: int
    role: Role
    turn: int
    tool_call_id: str | None


class Episode:
    """One episode over row `row` of `rows`."""

    def __init__(self, rules: Rules, rows: Rows, row: int) -> None:
        self.rules, self.rows, self.row = rules, rows, row
        self.task: Task | None = None
        self.metadata: dict[str, Any] = {}
        self._clear()

    def _clear(self) -> None:
        row, rows = self.row, self.rows
        rows.input_ids[row] = self.rules.tokenizer.pad_id
        rows.attention_mask[row] = rows.loss_mask[row] = rows.segment_ids[row] = 0
        rows.length[row, 0] = 0
        self.spans: list[_Span] = []
        self.turn_start = 0
        self.turn_rewards: list[float] = []
        self.calls = 0
        self.stop_reason: StopReason | None = None
        self.success = False

    @property
    def length(self) -> int:
        return int(self.rows.length[self.row, 0])

    def reset(self, task: Task, metadata: Mapping[str, Any] | None = None) -> None:
        """Start an episode on `task`.

        Raises:
            TypeError: `task` is not a `Task`.
            ContextTooShort: the prompt leaves no room for a turn.
        """
        if not isinstance(task, Task):
            raise TypeError(f"a task must be a textgym.Task, not {type(task).__name__}")
        prompt = self.rules.prompt(task)
        self.rules.check_fits(prompt)
        self._clear()
        self.task, self.metadata = task, dict(metadata or {})
        self._append(prompt)

    def _append(self, segments: Iterable[Segment]) -> None:
        """Append segments that the policy did not sample; its turn starts behind them."""
        start = self.length
        for segment in segments:
            end = start + len(segment.ids)
            self.rows.input_ids[self.row, start:end] = segment.ids
            self.rows.segment_ids[self.row, start:end] = ROLE_CODE[segment.role]
            self.spans.append(_Span(start, end, segment.role, segment.turn, segment.tool_call_id))
            start = end
        self.rows.attention_mask[self.row, :start] = 1
        self.rows.length[self.row, 0] = self.turn_start = start

    def push(self, ids: npt.NDArray[np.int64]) -> Outcome:
        """Append sampled ids up to the end of the turn, and end it if they reach it. Ids behind that are ignored."""
        if self.stop_reason is not None:
            return self._ended()
        used = 0
        while used < len(ids):
            room = self.rules.max_new_tokens - (self.length - self.turn_start)
            rest = ids[used : used + room]
            hits = np.flatnonzero(self.rules.may_stop[rest])
            taken = int(hits[0]) + 1 if len(hits) else len(rest)
            start, end = self.length, self.length + taken
            self.rows.input_ids[self.row, start:end] = rest[:taken]
            self.rows.attention_mask[self.row, start:end] = 1
            self.rows.loss_mask[self.row, start:end] = 1
            self.rows.segment_ids[self.row, start:end] = ROLE_CODE["model"]
            self.rows.length[self.row, 0] = end
            used += taken
            outcome = self.maybe_end_turn()
            if outcome is not None:
                return outcome
        return Outcome()

    def maybe_end_turn(self) -> Outcome | None:
        """End the turn if its last token stops it or its token budget is spent; None while it goes on."""
        ids = self.rows.input_ids[self.row, self.turn_start : self.length].tolist()
        eos = bool(ids) and ids[-1] == self.rules.tokenizer.eos_id
        text = self.rules.tokenizer.decode(ids[:-1] if eos else ids)
        if eos or any(stop in text for stop in self.rules.protocol.stop_strings):
            return self._end_turn(text)
        if len(ids) >= self.rules.max_new_tokens:
            return self._finish(StopReason.MAX_NEW_TOKENS)
        return None

    def end_empty_turn(self) -> Outcome:
        """End a turn without tokens, as the turn face's empty action does: neither a call nor a submission."""
        return self._ended() if self.stop_reason is not None else self._finish(StopReason.NO_CALL)

    def _end_turn(self, text: str) -> Outcome:
        parsed = self.rules.protocol.parse(text)
        if parsed.submission is not None:
            return self._submit(parsed.submission)
        if not parsed.calls:
            return self._finish(StopReason.NO_CALL)
        allowed = self.rules.max_calls - self.calls
        results = [self.rules.run(call, f"call{self.calls + i}") for i, call in enumerate(parsed.calls[:allowed])]
        self._close_model_span()
        turn = len(self.turn_rewards)
        self.calls += len(results)
        appended = self._append_results(results, turn + 1)
        statuses = [str(result.status) for result in results] if appended else []
        if len(parsed.calls) > allowed:
            return self._finish(StopReason.MAX_CALLS, statuses)
        if not appended or self.length + self.rules.max_new_tokens > self.rules.max_tokens:
            return self._finish(StopReason.MAX_TOKENS, statuses)
        if turn + 1 >= self.rules.max_turns:
            return self._finish(StopReason.MAX_TURNS, statuses)
        self.turn_rewards.append(0.0)
        return Outcome(info={"turn": turn, "calls": statuses})

    def _append_results(self, results: Sequence[CallResult], turn: int) -> bool:
        """Append the replies, all or none, if they fit the context; results are capped first."""
        if not results:
            return False
        segments = [self._cap(self.rules.encode(p, turn)) for p in self.rules.protocol.results(results)]
        if self.length + sum(len(s.ids) for s in segments) > self.rules.max_tokens:
            return False
        self._append(segments)
        return True

    def _cap(self, segment: Segment) -> Segment:
        """Cut a tool result at `max_tool_tokens`, with a visible marker in its place."""
        limit = self.rules.max_tool_tokens
        if segment.role != "tool" or len(segment.ids) <= limit:
            return segment
        marker = tuple(self.rules.tokenizer.encode(TRUNCATION_MARKER))
        ids = (segment.ids[: max(0, limit - len(marker))] + marker)[:limit]
        return Segment(ids, "tool", turn=segment.turn, tool_call_id=segment.tool_call_id)

    def _submit(self, submission: str) -> Outcome:
        assert self.task is not None
        components = {k: float(v) for k, v in self.rules.source.grade(self.task, submission).items()}
        self.success = components.get("correct", 0.0) >= 1.0
        outcome = self._finish(StopReason.SUBMIT, reward=sum(components.values()))
        outcome.info["reward_components"] = components
        return outcome

    def _finish(self, stop_reason: StopReason, calls: Sequence[str] = (), reward: float = 0.0) -> Outcome:
        self._close_model_span()
        self.stop_reason = stop_reason
        self.turn_rewards.append(reward)
        info = {
            "turn": len(self.turn_rewards) - 1,
            "calls": list(calls),
            "stop_reason": str(stop_reason),
            "is_success": self.success,
        }
        if self.rules.record:
            info["transcript"] = self.transcript()
        return Outcome(reward, stop_reason.terminated, not stop_reason.terminated, info)

    def _ended(self) -> Outcome:
        """Any further action on a finished episode changes nothing and earns nothing."""
        assert self.stop_reason is not None
        terminated = self.stop_reason.terminated
        return Outcome(0.0, terminated, not terminated, {"stop_reason": str(self.stop_reason)})

    def _close_model_span(self) -> None:
        if self.turn_start < self.length:
            self.spans.append(_Span(self.turn_start, self.length, "model", len(self.turn_rewards), None))
            self.turn_start = self.length

    def transcript(self) -> Transcript:
        """The episode so far."""
        ids = self.rows.input_ids[self.row, : self.length].tolist()
        spans = list(self.spans)
        if self.turn_start < self.length:
            spans.append(_Span(self.turn_start, self.length, "model", len(self.turn_rewards), None))
        segments = tuple(
            Segment(tuple(ids[s.start : s.end]), s.role, s.role == "model", s.turn, s.tool_call_id) for s in spans
        )
        return Transcript(segments, tuple(self.turn_rewards), self.stop_reason, self._facts())

    def _facts(self) -> dict[str, Any]:
        task = self.task
        facts = {} if task is None else {"prompt": task.prompt, "answer": task.answer, "task": dict(task.metadata)}
        ended = {} if self.stop_reason is None else {"is_success": self.success}
        return {**self.metadata, **facts, **ended}
