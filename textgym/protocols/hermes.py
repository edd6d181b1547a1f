"""The `hermes` protocol: JSON calls in `<tool_call>` tags inside ChatML, as Hermes and Qwen models write them."""

from __future__ import annotations

from collections.abc import Sequence

from textgym.protocols.base import CallResult, ParsedTurn, Piece, Protocol
from textgym.protocols.syntax import ToolCallTags
from textgym.task import ToolCall
from textgym.tools import Tool

_TAGS = ToolCallTags()
_OPEN, _CLOSE = _TAGS.delimiters
_RESPONSE_OPEN, _RESPONSE_CLOSE = "<tool_response>", "</tool_response>"


class HermesProtocol(Protocol):
    """Any number of calls a turn, each `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`.

    A turn ends with EOS. A turn without a call is the submission.
    """

    name = "hermes"
    delimiters = (_OPEN, _CLOSE, _RESPONSE_OPEN, _RESPONSE_CLOSE, "<|im_start|>", "<|im_end|>")
    ends_with_eos = True

    def instructions(self, tools: Sequence[Tool]) -> str:
        return _TAGS.instructions(tools)

    def system(self, text: str) -> list[Piece]:
        return [Piece(f"<|im_start|>system\n{text}<|im_end|>\n", "system", data=False)]

    def question(self, text: str) -> list[Piece]:
        return [
            Piece("<|im_start|>user\n", "scaffold", data=False),
            Piece(text, "user"),
            Piece("<|im_end|>\n<|im_start|>assistant\n", "scaffold", data=False),
        ]

    def results(self, results: Sequence[CallResult]) -> list[Piece]:
        pieces = [Piece("\n<|im_start|>tool", "scaffold", data=False)]
        for result in results:
            pieces.append(Piece(f"\n{_RESPONSE_OPEN}\n", "scaffold", data=False))
            pieces.append(Piece(result.text, "tool", tool_call_id=result.id))
            pieces.append(Piece(f"\n{_RESPONSE_CLOSE}", "scaffold", data=False))
        return [*pieces, Piece("<|im_end|>\n<|im_start|>assistant\n", "scaffold", data=False)]

    def end_of_example(self) -> Piece:
        return Piece("\n", "scaffold", data=False)

    def parse(self, text: str) -> ParsedTurn:
        calls = tuple(_TAGS.parse(text))
        return ParsedTurn(calls) if calls else ParsedTurn(submission=text.strip() or None)

    def call_pieces(self, call: ToolCall) -> list[Piece]:
        body = self.write_json({"name": call.name, "arguments": dict(call.arguments)})
        return [Piece(_OPEN, "model", data=False), Piece(body, "model"), Piece(_CLOSE, "model", data=False)]

    def submission_pieces(self, answer: str) -> list[Piece]:
        return [Piece(answer, "model")]
