"""The `tags` protocol of TRL's TextEnvironment: `<request><calculator>12*7<call>84<response>84<submit>`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from textgym.protocols.base import CallResult, ParsedCall, ParsedTurn, Piece, Protocol
from textgym.task import ToolCall
from textgym.tools import CallStatus, Tool

_REQUEST, _CALL, _RESPONSE, _SUBMIT = "<request>", "<call>", "<response>", "<submit>"
_BEHIND_RESULT, _BEHIND_QUESTION = Piece(_RESPONSE, "scaffold", data=False), Piece("\n", "scaffold", data=False)
_NAMED = re.compile(r"\s*<([^<>]*)>(.*)", re.DOTALL)

# Data cannot spell a delimiter, so what a policy is to write is named in words.
_NO_REQUEST = "no request tag before the call; write the request tag, <tool>, then the arguments"
_NOT_CLOSED = "the request is not closed; end it with the call tag"
_NO_TOOL = "the request names no tool; write <tool> right behind the request tag"


class TagsProtocol(Protocol):
    """One call a turn, its only argument as plain text (several as a JSON object); for base models and tiny ones.

    A turn is `<request><tool>arguments<call>`, to which the environment adds `result<response>`, or `answer<submit>`.
    """

    name = "tags"
    stop_strings = (_CALL, _SUBMIT)
    delimiters = (_REQUEST, _CALL, _RESPONSE, _SUBMIT)

    def instructions(self, tools: Sequence[Tool]) -> str:
        lines = [f"{_REQUEST}<{t.name}>{self._usage(t)}{_CALL} {t.description}" for t in tools]
        return "\n".join(
            [
                "Answer the question. You can call tools; the result follows the call and ends with the response tag:",
                *lines,
                f"Submit the answer alone, followed by {_SUBMIT}",
            ]
        )

    @staticmethod
    def _usage(tool: Tool) -> str:
        if len(tool.properties) == 1:
            return next(iter(tool.properties))
        return "{" + ", ".join(f'"{name}": ...' for name in tool.properties) + "}"

    def system(self, text: str) -> list[Piece]:
        return [Piece(text + "\n\n", "system", data=False)]

    def question(self, text: str) -> list[Piece]:
        return [Piece(text, "user"), _BEHIND_QUESTION]

    def results(self, results: Sequence[CallResult]) -> list[Piece]:
        pieces = []
        for result in results:
            pieces.append(Piece(result.text, "tool", tool_call_id=result.id))
            pieces.append(_BEHIND_RESULT)
        return pieces

    def end_of_example(self) -> Piece:
        return Piece("\n\n", "scaffold", data=False)

    def parse(self, text: str) -> ParsedTurn:
        said, call, _ = text.partition(_CALL)
        answer, submit, _ = said.partition(_SUBMIT)
        if submit:
            return ParsedTurn(submission=answer.strip())
        _, request, body = said.rpartition(_REQUEST)
        if not request:
            if not call:
                return ParsedTurn()
            return ParsedTurn((ParsedCall(status=CallStatus.MISSING_NAME, error=_NO_REQUEST),))
        if not call:
            return ParsedTurn((ParsedCall(status=CallStatus.UNCLOSED, error=_NOT_CLOSED),))
        named = _NAMED.fullmatch(body)
        if named is None or not named[1].strip():
            return ParsedTurn((ParsedCall(status=CallStatus.MISSING_NAME, error=_NO_TOOL),))
        return ParsedTurn((ParsedCall(named[1].strip(), named[2].strip()),))

    def call_pieces(self, call: ToolCall) -> list[Piece]:
        values = list(call.arguments.values())
        bare = len(values) == 1 and isinstance(values[0], str) and self._reads_back(values[0])
        arguments = ""  # for no arguments; `{}` could be the value of an only one
        if values:
            arguments = values[0] if bare else self.write_json(dict(call.arguments))
        opening, closing = Piece(f"{_REQUEST}<{call.name}>", "model", data=False), Piece(_CALL, "model", data=False)
        return [opening, Piece(arguments, "model"), closing]

    def _reads_back(self, text: str) -> bool:
        """Whether `text` can stand as a bare argument: `parse` strips it, and an object would name arguments."""
        return bool(text) and text == text.strip() == self.escape(text) and not text.startswith("{")

    def submission_pieces(self, answer: str) -> list[Piece]:
        return [Piece(answer, "model"), Piece(_SUBMIT, "model", data=False)]
