"""How tool calls and submissions are written. A protocol is text only: it never sees a token."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

from textgym.task import ToolCall
from textgym.tools import CallStatus, Tool
from textgym.transcript import Role

Style = Literal["html", "json", "python"]
_WRITTEN: dict[str, Callable[[str], str]] = {
    "html": lambda character: "&lt;" if character == "<" else f"&#{ord(character)};",
    "json": lambda character: f"\\u{ord(character):04x}",  # `json.dumps` leaves none beyond ASCII
    "python": lambda character: f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\U{ord(character):08x}",
}


class Piece(NamedTuple):
    """A run of text with one author, on its way to becoming a `Segment`.

    Attributes:
        text: the text. Of a data piece it is escaped and encoded so that it can hold no control token or delimiter.
        role: who wrote it.
        data: False for the protocol's own markup.
        tool_call_id: for tool output, the call that it answers.
        verbatim: of data, that it may name delimiters and is not escaped. No data holds a control token, this neither.
    """

    text: str
    role: Role
    data: bool = True
    tool_call_id: str | None = None
    verbatim: bool = False


class ParsedCall(NamedTuple):
    """A tool call as the policy wrote it; `status` other than OK says why it cannot run, and `error` in words."""

    name: str = ""
    arguments: Mapping[str, Any] | str = {}
    status: CallStatus = CallStatus.OK
    error: str = ""


class ParsedTurn(NamedTuple):
    """What a turn says: tool calls in order, or a submission, or neither."""

    calls: tuple[ParsedCall, ...] = ()
    submission: str | None = None


class CallResult(NamedTuple):
    """The reply to one call, paired with it by `id`; `name` is what the call named as its tool."""

    id: str
    status: CallStatus
    text: str
    name: str = ""


@dataclass(frozen=True)
class Example:
    """An episode of the oracle, as an example in the prompt: one call a turn, then the answer."""

    question: str
    calls: tuple[tuple[ToolCall, CallResult], ...]
    answer: str


class Prompt(NamedTuple):
    """A whole prompt: what is the same for every question, and the rest."""

    opening: list[Piece]
    question: list[Piece]


class Protocol(ABC):
    """A way of writing tool calls.

    Class attributes:
        name: the name that `gym.make(..., protocol=name)` takes.
        stop_strings: a turn ends when its text holds one of these (EOS always ends it).
        delimiters: strings of the markup; data that spells one is escaped.
        ends_with_eos: whether a well-formed turn ends with EOS instead of a stop string.
        joint: whether neighbouring pieces become tokens as one text, as a model has seen them, not each by itself.
        eos_id: the id that ends a turn, where it need not be the tokenizer's own EOS.
    """

    name: ClassVar[str]
    stop_strings: tuple[str, ...] = ()
    delimiters: tuple[str, ...] = ()
    ends_with_eos: ClassVar[bool] = False
    joint: ClassVar[bool] = False
    eos_id: int | None = None

    @abstractmethod
    def instructions(self, tools: Sequence[Tool]) -> str:
        """The default system prompt: how to call `tools` and how to submit."""

    def prompt(self, system: str, examples: Sequence[Example], question: str) -> Prompt | None:
        """The prompt, of a protocol that knows it only as a whole; None: `system`, `question` and so on are its parts.

        Raises:
            ValueError: the protocol has no way of writing such a prompt.
        """
        return None

    @abstractmethod
    def system(self, text: str) -> list[Piece]:
        """The system prompt in its markup."""

    @abstractmethod
    def question(self, text: str) -> list[Piece]:
        """The question in its markup, up to the point where the policy writes."""

    @abstractmethod
    def results(self, results: Sequence[CallResult]) -> list[Piece]:
        """Replies to a turn's calls in their markup, up to the point where the policy writes again."""

    @abstractmethod
    def end_of_example(self) -> Piece:
        """What follows the last turn of a few-shot example."""

    @abstractmethod
    def parse(self, text: str) -> ParsedTurn:
        """Read one turn of the policy, EOS excluded. Never raises."""

    @abstractmethod
    def call_pieces(self, call: ToolCall) -> list[Piece]:
        """The turn that makes `call`, without EOS: markup, in which control tokens are meant, apart from data."""

    @abstractmethod
    def submission_pieces(self, answer: str) -> list[Piece]:
        """The turn that submits `answer`, without EOS, likewise."""

    def write_call(self, call: ToolCall) -> str:
        """`call_pieces` as text; `parse`, then `Tool.bind`, is its inverse.

        Where a single text stands bare (`tags`), it is read as the tool's only argument, or its only required one.
        """
        return "".join(piece.text for piece in self.call_pieces(call))

    def write_submission(self, answer: str) -> str:
        """`submission_pieces` as text; `parse` is its inverse up to outer white space.

        An answer that spells a delimiter cannot be submitted.
        """
        return "".join(piece.text for piece in self.submission_pieces(answer))

    def escape(self, text: str, style: Style = "html") -> str:
        """Make `text` unable to spell a delimiter: the first character of each is written as `style` has it."""
        if not self.delimiters:
            return text
        written = _WRITTEN[style]
        return self._delimiter.sub(lambda m: written(m.group()[0]) + m.group()[1:], text)

    @cached_property
    def _delimiter(self) -> re.Pattern[str]:
        return re.compile("|".join(map(re.escape, self.delimiters)))

    def write_json(self, value: Any) -> str:
        """JSON of `value` in which no string spells a delimiter."""
        return self.escape(json.dumps(value), "json")
