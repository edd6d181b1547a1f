"""The `hermes` protocol: JSON calls in `<tool_call>` tags inside ChatML, as Hermes and Qwen models write them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from textgym.protocols.base import CallResult, ParsedCall, ParsedTurn, Piece, Protocol
from textgym.task import ToolCall
from textgym.tools import CallStatus, Tool
from textgym.tools.base import load_json

_OPEN, _CLOSE = "<tool_call>", "</tool_call>"
_RESPONSE_OPEN, _RESPONSE_CLOSE = "<tool_response>", "</tool_response>"
_CALLS = re.compile(f"{_OPEN}(.*?)(?:{_CLOSE}|(?={_OPEN})|$)", re.DOTALL)


class HermesProtocol(Protocol):
    """Any number of calls a turn, each `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`.

    A turn ends with EOS. A turn without a call is the submission.
    """

    name = "hermes"
    delimiters = (_OPEN, _CLOSE, _RESPONSE_OPEN, _RESPONSE_CLOSE, "<|im_start|>", "<|im_end|>")
    ends_with_eos = True

    def instructions(self, tools: Sequence[Tool]) -> str:
        schemas = "\n".join(json.dumps(t.schema()) for t in tools)
        return (
            f"You may call functions. Their signatures are within <tools></tools> tags:\n<tools>\n{schemas}\n</tools>\n"
            f'Call one by writing {_OPEN}{{"name": <function>, "arguments": <object>}}{_CLOSE}. '
            "When you know the answer, reply with the answer alone."
        )

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
        calls = tuple(self._parse_call(match) for match in _CALLS.finditer(text))
        return ParsedTurn(calls) if calls else ParsedTurn(submission=text.strip() or None)

    @staticmethod
    def _parse_call(match: re.Match[str]) -> ParsedCall:
        if not match.group().endswith(_CLOSE):
            return ParsedCall(status=CallStatus.UNCLOSED, error=f"the call is not closed by {_CLOSE[2:-1]}")
        try:
            call = load_json(match[1])
        except ValueError:
            return ParsedCall(status=CallStatus.INVALID_JSON, error="the call is not valid JSON")
        if not isinstance(call, dict) or not isinstance(call.get("name"), str) or not call["name"]:
            return ParsedCall(status=CallStatus.MISSING_NAME, error='the call has no "name"')
        arguments = call.get("arguments", {})
        if not isinstance(arguments, dict):
            return ParsedCall(call["name"], status=CallStatus.BAD_ARGS, error='"arguments" must be an object')
        return ParsedCall(call["name"], arguments)

    def call_pieces(self, call: ToolCall) -> list[Piece]:
        body = self.write_json({"name": call.name, "arguments": dict(call.arguments)})
        return [Piece(_OPEN, "model", data=False), Piece(body, "model"), Piece(_CLOSE, "model", data=False)]

    def submission_pieces(self, answer: str) -> list[Piece]:
        return [Piece(answer, "model")]
