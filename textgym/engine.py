"""The engine under every face: it appends tokens, ends turns, runs tools, keeps budgets and gives rewards.

`Episode` is one episode's state over one row of `Rows`; `TextEnv` has one of them and `TextVectorEnv` has N.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from textgym.protocols import CallResult, Piece
from textgym.rows import MARK, Rows, Span
from textgym.rules import Ids, Rules
from textgym.seeding import ToolSeeds
from textgym.task import Task
from textgym.toolbox import Toolbox
from textgym.tools import CallStatus
from textgym.transcript import Segment, StopReason, Transcript

__all__ = ["TRUNCATION_MARKER", "Episode", "Outcome", "Rows"]

TRUNCATION_MARKER = " [output truncated]"

_CHARACTERS_A_TOKEN = 256
"""A tool result with more characters for each token of its limit is cut at that before it is encoded."""


@dataclass
class Outcome:
    """What a step returns beside the observation."""

    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False
    info: dict[str, Any] = field(default_factory=dict)


class Episode:
    """One episode over row `row` of `rows`.

    Args:
        rules, rows, row: what it plays by and where its tokens are.
        threads: whether tools that block run in a thread, so that the episodes beside this one need not wait.
    """

    def __init__(self, rules: Rules, rows: Rows, row: int, threads: bool = False) -> None:
        self.rules, self.rows, self.row = rules, rows, row
        self.toolbox = Toolbox(rules.tools, rules.call_timeout, threads)
        self.task: Task | None = None
        self.source = rules.source  # of this very task: `use_source` is for those to come
        self.metadata: dict[str, Any] = {}
        self._clear()

    def _clear(self, prefix: Sequence[Span] = ()) -> None:
        self.spans: list[Span] = list(prefix)
        self.turn_start = 0
        self.turn_rewards: list[float] = []
        self.calls = 0
        self._over = 0  # calls of the current turn beyond the budget
        self.stop_reason: StopReason | None = None
        self.success = False

    @property
    def length(self) -> int:
        """Tokens so far, without those on an encoder's side."""
        return int(self.rows.length[self.row, 0])

    @property
    def running(self) -> bool:
        """Whether the turn has ended and its calls are at work in a thread. Actions are ignored until `collect`."""
        return self.toolbox.running is not None

    def reset(self, task: Task, metadata: Mapping[str, Any] | None = None, seeds: ToolSeeds | None = None) -> None:
        """Start an episode on `task`.

        Args:
            metadata: facts for the transcript.
            seeds: randomness of the tools; None lets chance choose.

        Raises:
            TypeError: `task` is not a `Task`.
            ContextTooShort: the prompt leaves no room for a turn.
        """
        if not isinstance(task, Task):
            raise TypeError(f"a task must be a textgym.Task, not {type(task).__name__}")
        pieces = self.rules.question(task)
        encoded = self.rules.encode(pieces)
        ids, marks = self.rules.prefix_arrays
        self.rules.check_fits(len(ids) + sum(map(len, encoded)))
        self.toolbox.reset(seeds)
        self._clear(self.rules.prefix_spans)
        self.task, self.source, self.metadata = task, self.rules.source, dict(metadata or {})
        self.rows.fill(self.row, ids, marks)
        end = self._write(pieces, encoded, 0, len(ids))
        self.turn_start = self.rows.end_prompt(self.row, end)

    def close(self) -> None:
        """End sessions of tools, and threads."""
        self.toolbox.close()

    # Tokens

    def _write(self, pieces: Sequence[Piece], encoded: Sequence[Ids], turn: int, column: int) -> int:
        """Write what the policy did not sample from `column` on; the column behind it."""
        self.rows.ids[self.row, column : column + sum(map(len, encoded))] = [i for ids in encoded for i in ids]
        marks = self.rows.marks[self.row]
        for piece, ids in zip(pieces, encoded, strict=True):
            end = column + len(ids)
            marks[column:end] = MARK[piece.role]
            self.spans.append(Span(column, end, piece.role, turn, piece.tool_call_id))
            column = end
        return column

    def _sample(self, ids: npt.NDArray[np.int64]) -> None:
        """Append ids that the policy sampled."""
        length = self.length
        self.rows.write(self.row, self.rows.start + length, ids, "model")
        self.rows.length[self.row, 0] = length + len(ids)

    def _turn_ids(self, length: int) -> list[int]:
        """The ids of the turn so far, in an episode of `length` tokens."""
        start = self.rows.start
        ids: list[int] = self.rows.ids[self.row, start + self.turn_start : start + length].tolist()
        return ids

    # Turns

    def push(self, ids: npt.NDArray[np.int64]) -> Outcome:
        """`begin`, and `collect` where it must be."""
        outcome = self.begin(ids)
        return self.collect() if outcome is None else outcome

    def begin(self, ids: npt.NDArray[np.int64], stops: Sequence[int] | None = None) -> Outcome | None:
        """Append sampled ids up to the end of the turn, and end it if they reach it. Ids behind that are ignored.

        Without ids the turn ends where it is, as with the turn face's empty action: neither a call nor a submission.

        Args:
            ids: int64 (A,), within the vocabulary.
            stops: positions in `ids` of those that may end a turn, ascending, where the caller knows them.

        Returns:
            None if calls are at work in a thread: `collect` has the outcome.
        """
        if self.stop_reason is not None:
            return self.ended()
        if self.running:
            return None
        if not len(ids):
            return self._end_empty_turn()
        turn = self._turn_ids(self.length)
        before = len(turn)
        new = ids[: self.rules.max_new_tokens - before]
        turn += new.tolist()
        for at in self.rules.may_stop[new].nonzero()[0].tolist() if stops is None else stops:
            if at >= len(new):
                break
            if (text := self.rules.stopped_text(turn[: before + at + 1])) is not None:
                self._sample(new[: at + 1])
                return self._end_turn(text)
        self._sample(new)
        return self._finish(StopReason.MAX_NEW_TOKENS) if len(turn) >= self.rules.max_new_tokens else Outcome()

    def begin_token(self, token: int) -> Outcome | None:
        """`begin` for one id, without the arrays."""
        if self.stop_reason is not None or self.running:
            return None if self.running else self.ended()
        rows, row, length = self.rows, self.row, self.length
        rows.ids[row, rows.start + length] = token
        rows.marks[row, rows.start + length] = MARK["model"]
        rows.length[row, 0] = length + 1
        full = length + 1 - self.turn_start >= self.rules.max_new_tokens
        if not (full or self.rules.may_stop[token]):
            return Outcome()
        outcome = self.maybe_end_turn(length + 1)
        return Outcome() if outcome is None and not self.running else outcome

    def maybe_end_turn(self, length: int) -> Outcome | None:
        """End the turn if its last token stops it or its token budget is spent.

        Args:
            length: tokens so far, which the caller knows already.

        Returns:
            None if it goes on, or if calls are at work in a thread (`running` tells).
        """
        ids = self._turn_ids(length)
        if (text := self.rules.stopped_text(ids)) is not None:
            return self._end_turn(text)
        return self._finish(StopReason.MAX_NEW_TOKENS) if len(ids) >= self.rules.max_new_tokens else None

    def _end_empty_turn(self) -> Outcome:
        """The record keeps such an end as a sampled segment without ids, or it could not be replayed."""
        self._close_model_span()
        column = self.rows.start + self.length
        self.spans.append(Span(column, column, "model", len(self.turn_rewards), None))
        return self._finish(StopReason.NO_CALL)

    def _end_turn(self, text: str) -> Outcome | None:
        parsed = self.rules.protocol.parse(text)
        if parsed.submission is not None:
            return self._submit(parsed.submission)
        if not parsed.calls:
            return self._finish(StopReason.NO_CALL)
        self._close_model_span()
        allowed = self.rules.max_calls - self.calls
        self._over = max(0, len(parsed.calls) - allowed)
        results = self.toolbox.start(parsed.calls[:allowed], self.calls)
        return None if results is None else self._answer(results)

    def collect(self) -> Outcome:
        """Wait for the calls at work and end the turn with their results."""
        running = self.toolbox.running
        assert running is not None
        running.wait()
        self.toolbox.running = None
        return self._answer(running.results())

    def _answer(self, results: Sequence[CallResult]) -> Outcome:
        """Append the replies to a turn's calls, and go on or end."""
        rules, turn = self.rules, len(self.turn_rewards)
        self.calls += len(results)
        replied, cut = self._reply(results, turn + 1)
        statuses = [result.status.value for result in results] if replied else []
        info: dict[str, Any] = {"turn": turn, "calls": statuses}
        if unanswered := self._over + len(results) - len(statuses):
            info["unanswered_calls"] = unanswered
        if cut:
            info["cut_results"] = cut
        policies = [rules.call_errors[result.status] for result in results if result.status is not CallStatus.OK]
        reward = 0.0
        if "penalize" in policies:
            reward -= rules.call_error_penalty * policies.count("penalize")
            info["reward_components"] = {"call_error": reward}
        if "terminate" in policies:
            return self._finish(StopReason.CALL_ERROR, info, reward)
        if self._over:
            return self._finish(StopReason.MAX_CALLS, info, reward)
        if not replied or self.turn_start + rules.max_new_tokens > rules.max_tokens:
            return self._finish(StopReason.MAX_TOKENS, info, reward)
        if turn + 1 >= rules.max_turns:
            return self._finish(StopReason.MAX_TURNS, info, reward)
        self.turn_rewards.append(reward)
        return Outcome(reward, info=info)

    def _reply(self, results: Sequence[CallResult], turn: int) -> tuple[bool, list[str]]:
        """Append the replies, if all of them fit the context; whether they did, and ids of calls with a cut result."""
        if not results:
            return False, []
        limit, start = self.rules.max_tool_tokens, self.rows.start
        pieces = self.rules.protocol.results(results)
        # What is far beyond the limit in any case is cut before it is encoded, for that takes time.
        long = [piece.role == "tool" and len(piece.text) > limit * _CHARACTERS_A_TOKEN for piece in pieces]
        if any(long):
            shorter = (piece._replace(text=piece.text[: limit * _CHARACTERS_A_TOKEN]) for piece in pieces)
            pieces = [new if is_long else old for old, new, is_long in zip(pieces, shorter, long, strict=True)]
        encoded, cut = self.rules.encode(pieces), []
        for i, piece in enumerate(pieces):
            if piece.role == "tool" and (long[i] or len(encoded[i]) > limit):
                encoded[i] = self._cut(encoded[i])
                cut.append(str(piece.tool_call_id))
        if self.turn_start + sum(map(len, encoded)) > self.rules.max_tokens:
            return False, []
        end = self._write(pieces, encoded, turn, start + self.turn_start)
        self.rows.length[self.row, 0] = self.turn_start = end - start
        return True, cut

    def _cut(self, ids: Ids) -> Ids:
        """A tool result cut at `max_tool_tokens`, with a visible marker in place of the rest."""
        limit = self.rules.max_tool_tokens
        marker = self.rules.tokenizer.encode(TRUNCATION_MARKER)
        return [*ids[: max(0, limit - len(marker))], *marker][:limit]

    def _submit(self, submission: str) -> Outcome:
        assert self.task is not None
        components = {k: float(v) for k, v in self.source.grade(self.task, submission).items()}
        self.success = components.get("correct", 0.0) >= 1.0
        info = {"turn": len(self.turn_rewards), "calls": [], "reward_components": components}
        return self._finish(StopReason.SUBMIT, info, sum(components.values()))

    def _finish(self, stop_reason: StopReason, info: dict[str, Any] | None = None, reward: float = 0.0) -> Outcome:
        self._close_model_span()
        self.stop_reason = stop_reason
        info = {"turn": len(self.turn_rewards), "calls": []} if info is None else info
        self.turn_rewards.append(reward)
        info["stop_reason"] = stop_reason.value
        info["is_success"] = self.success
        if self.rules.record:
            info["transcript"] = self.transcript()
        terminated = stop_reason.terminated
        return Outcome(reward, terminated, not terminated, info)

    def ended(self) -> Outcome:
        """Any further action on a finished episode changes nothing and earns nothing."""
        assert self.stop_reason is not None
        terminated = self.stop_reason.terminated
        return Outcome(0.0, terminated, not terminated, {"stop_reason": self.stop_reason.value})

    # The record

    def _close_model_span(self) -> None:
        if (span := self._open_span()) is not None:
            self.spans.append(span)
            self.turn_start = span.end - self.rows.start

    def _open_span(self) -> Span | None:
        """What the policy sampled since the last segment, if anything."""
        length, start = self.length, self.rows.start
        if self.turn_start >= length:
            return None
        return Span(start + self.turn_start, start + length, "model", len(self.turn_rewards), None)

    def transcript(self) -> Transcript:
        """The episode so far."""
        ids, last = self.rows.ids[self.row].tolist(), self._open_span()
        segments = tuple(
            Segment(tuple(ids[s.start : s.end]), s.role, s.role == "model", s.turn, s.tool_call_id)
            for s in (self.spans if last is None else [*self.spans, last])
        )
        return Transcript(segments, tuple(self.turn_rewards), self.stop_reason, self._facts())

    def _facts(self) -> dict[str, Any]:
        task = self.task
        facts = {} if task is None else {"prompt": task.prompt, "answer": task.answer, "task": dict(task.metadata)}
        ended = {} if self.stop_reason is None else {"is_success": self.success}
        return {**self.metadata, **facts, **ended}
