"""The token arrays of N episodes, in the shapes in which Gymnasium sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from textgym.transcript import ROLE_CODE, Role

Layout = Literal["causal", "encdec"]
LAYOUTS: tuple[Layout, ...] = ("causal", "encdec")

Arrays = dict[str, npt.NDArray[Any]]


def _mark(role: Role) -> np.int32:
    """What a token carries besides its id, four int8 in one: attention mask, loss mask, segment id, and a spare."""
    mark: np.int32 = np.array([1, role == "model", ROLE_CODE[role], 0], np.int8).view(np.int32)[0]
    return mark


MARK: dict[Role, np.int32] = {role: _mark(role) for role in ROLE_CODE}


class Span(NamedTuple):
    """A segment whose ids lie in a row at [start, end)."""

    start: int
    end: int
    role: Role
    turn: int
    tool_call_id: str | None


class Rows:
    """Token arrays of N episodes. Each has a prompt of up to P tokens, and behind it up to L tokens.

    With `encoder_tokens=0` (the causal layout) the prompt counts among the L tokens. Else P is `encoder_tokens`, and
    the prompt has columns of its own, for the encoder of an encoder-decoder model. Either way an episode grows by
    writing at `start + length`.

    Attributes:
        ids: int64 (N, P + L), `pad_id` where nothing stands.
        marks: int32 (N, P + L), masks and segment id of each token (`MARK`); one array, so that a step writes once.
        length: int64 (N, 1), tokens behind column `start`.
        prompt_length: int64 (N, 1), tokens of the prompt.
        start: first column of what grows: P, or 0.
    """

    def __init__(self, n: int, max_tokens: int, pad_id: int, encoder_tokens: int = 0) -> None:
        self.pad_id, self.start = pad_id, encoder_tokens
        self.ids = np.full((n, encoder_tokens + max_tokens), pad_id, np.int64)
        self.marks = np.zeros(self.ids.shape, np.int32)
        self.length = np.zeros((n, 1), np.int64)
        self.prompt_length = np.zeros((n, 1), np.int64)
        self._views: Arrays | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_views": None}  # a copy's views must be of the copy

    @classmethod
    def empty(cls, n: int, max_tokens: int, pad_id: int) -> Rows:
        """N rows of the causal layout, `max_tokens` long."""
        return cls(n, max_tokens, pad_id)

    def fill(self, row: int, ids: npt.NDArray[np.int64], marks: npt.NDArray[np.int32]) -> None:
        """Set a row to `ids` with their `marks`, and padding behind them. The caller sets the lengths."""
        self.ids[row, : len(ids)], self.ids[row, len(ids) :] = ids, self.pad_id
        self.marks[row, : len(ids)], self.marks[row, len(ids) :] = marks, 0

    def end_prompt(self, row: int, end: int) -> int:
        """Let the episode grow behind a prompt that ends at column `end`; the length there."""
        length = 0 if self.start else end
        self.length[row, 0] = length
        self.prompt_length[row, 0] = end
        return length

    def write(self, row: int, column: int, ids: Sequence[int] | npt.NDArray[np.int64], role: Role) -> int:
        """Write ids of one author; the column behind them. The caller moves `length`."""
        end = column + len(ids)
        self.ids[row, column:end] = ids
        self.marks[row, column:end] = MARK[role]
        return end

    def observation(self, row: int | slice = slice(None), copy: bool = True) -> Arrays:
        """The arrays of one row or of all, fresh; or those of all by reference. `textgym.spaces` lists them."""
        if copy:
            lengths = self.length[row].copy(), self.prompt_length[row].copy()
            return self._arrays(self.ids[row].copy(), self.marks[row].copy(), *lengths)
        if self._views is None:
            self._views = self._arrays(self.ids, self.marks, self.length, self.prompt_length)
        return dict(self._views)

    def _arrays(
        self,
        ids: npt.NDArray[np.int64],
        marks: npt.NDArray[np.int32],
        length: npt.NDArray[np.int64],
        prompt_length: npt.NDArray[np.int64],
    ) -> Arrays:
        if not self.start:
            return {"input_ids": ids, **_unpack(marks), "length": length}
        prompt, rest = _unpack(marks[..., : self.start]), _unpack(marks[..., self.start :])
        return {
            "encoder_input_ids": ids[..., : self.start],
            "encoder_attention_mask": prompt["attention_mask"],
            "encoder_segment_ids": prompt["segment_ids"],  # and no loss mask: the policy writes no prompt
            "encoder_length": prompt_length,
            "decoder_input_ids": ids[..., self.start :],
            **{f"decoder_{key}": array for key, array in rest.items()},
            "decoder_length": length,
        }


def _unpack(marks: npt.NDArray[np.int32]) -> Arrays:
    """The masks and segment ids in `marks`, int8 of its shape, by reference."""
    parts = marks[..., None].view(np.int8)
    return {"attention_mask": parts[..., 0], "loss_mask": parts[..., 1], "segment_ids": parts[..., 2]}
