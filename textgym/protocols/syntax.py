"""How models write tool calls: the syntaxes that chat templates teach, read into typed results."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from textgym.protocols.base import ParsedCall, Style
from textgym.protocols.python_call import read_python_call
from textgym.tools import CallStatus, Tool
from textgym.tools.base import finite, load_json

THINK = ("<think>", "</think>")
_PYTHON_TAG = "<|python_tag|>"

ANSWER_ALONE = "When you know the answer, reply with the answer alone."

# Errors are for the policy: short, for they take context, and with what to write instead. Data cannot spell a tag.
_CUT = "the call is not closed; close its strings and braces"


def _write(arguments_key: str) -> str:
    return f'write {{"name": "tool", "{arguments_key}": {{...}}}}'


def _not_json(arguments_key: str) -> str:
    return f"the call is not valid JSON; {_write(arguments_key)}"


def _not_closed(what: str, tag: str) -> str:
    return f"the {what} is not closed; end it with the closing {tag} tag"


def without_reasoning(text: str) -> str:
    """What a turn says behind its reasoning, `<think>...</think>`: a call that is only thought of is none.

    Reasoning that is not closed reaches to the end of the turn.
    """
    _, thought, said = text.rpartition(THINK[1])
    return said if thought else text.partition(THINK[0])[0]


class CallSyntax(ABC):
    """A way of writing calls. A turn without a call is the submission.

    Class attributes:
        name: the name that `ChatProtocol(syntax=name)` takes.
        delimiters: strings of the syntax; data that spells one is escaped.
        style: how an argument writes the first character of a delimiter that it would spell.
    """

    name: ClassVar[str]
    delimiters: ClassVar[tuple[str, ...]] = ()
    style: ClassVar[Style] = "json"

    @abstractmethod
    def parse(self, text: str) -> list[ParsedCall]:
        """The calls of a turn, reasoning excluded, in order. Never raises."""

    @abstractmethod
    def write(self, name: str, arguments: Mapping[str, Any]) -> str:
        """A call, for templates that write none themselves."""

    @abstractmethod
    def instructions(self, tools: Sequence[Tool]) -> str:
        """How to call `tools`, for templates that do not show tools themselves."""


class ToolCallTags(CallSyntax):
    """`<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, any number of them: Hermes, Qwen, SmolLM.

    A tag may also hold a list of such objects.
    """

    name = "tool_call"
    open, close = "<tool_call>", "</tool_call>"
    delimiters = (open, close)
    _calls = re.compile(f"{open}(.*?)(?:{close}|(?={open})|$)", re.DOTALL)

    def parse(self, text: str) -> list[ParsedCall]:
        return [call for match in self._calls.finditer(text) for call in self._parse_tag(match)]

    def _parse_tag(self, match: re.Match[str]) -> list[ParsedCall]:
        if not match.group().endswith(self.close):
            return [ParsedCall(status=CallStatus.UNCLOSED, error=_not_closed("call", self.name))]
        try:
            value = load_json(match[1])
        except ValueError:
            return [ParsedCall(status=CallStatus.INVALID_JSON, error=_not_json("arguments"))]
        several = isinstance(value, list) and value and all(isinstance(item, dict) for item in value)
        return [call_of_object(item, "arguments") for item in (value if several else [value])]

    def write(self, name: str, arguments: Mapping[str, Any]) -> str:
        call = json.dumps({"name": name, "arguments": arguments}, ensure_ascii=False)
        return f"{self.open}\n{call}\n{self.close}"

    def instructions(self, tools: Sequence[Tool]) -> str:
        schemas = "\n".join(json.dumps(t.schema()) for t in tools)
        return (
            f"You may call functions. Their signatures are within <tools></tools> tags:\n<tools>\n{schemas}\n</tools>\n"
            f'Call one by writing {self.open}{{"name": <function>, "arguments": <object>}}{self.close}. {ANSWER_ALONE}'
        )


class BareJSON(CallSyntax):
    """A turn that is `{"name": ..., "parameters": {...}}`, or several behind one another: Llama 3.

    Behind `<|python_tag|>` the call may also be Python, `name.call(argument="...")`, as for the built-in tools of
    that family; other code is for the tool `python`.
    """

    name = "json"
    delimiters = (_PYTHON_TAG,)

    def parse(self, text: str) -> list[ParsedCall]:
        _, tag, body = text.partition(_PYTHON_TAG)
        body = (body if tag else text).strip()
        if body.startswith("{"):
            return list(self._objects(body))
        return [call_of_code(body)] if tag else []

    @staticmethod
    def _objects(body: str) -> Iterator[ParsedCall]:
        """The objects that `body` begins with. What else follows them is not looked at."""
        at = 0
        while at < len(body) and body[at] == "{":
            try:
                value, at = load_json_at(body, at)
            except json.JSONDecodeError as error:
                # The decoder stops at the end of the text, or at a string that has none.
                cut = error.pos >= len(body) or error.msg.startswith("Unterminated string")
                status = CallStatus.UNCLOSED if cut else CallStatus.INVALID_JSON
                yield ParsedCall(status=status, error=_CUT if cut else _not_json("parameters"))
                return
            except ValueError:
                yield ParsedCall(status=CallStatus.INVALID_JSON, error=_not_json("parameters"))
                return
            other = "arguments" in value and "parameters" not in value
            yield call_of_object(value, "arguments" if other else "parameters")
            while at < len(body) and body[at] in "; \t\r\n":
                at += 1

    def write(self, name: str, arguments: Mapping[str, Any]) -> str:
        return json.dumps({"name": name, "parameters": arguments}, ensure_ascii=False)

    def instructions(self, tools: Sequence[Tool]) -> str:
        schemas = "\n".join(json.dumps(t.schema()) for t in tools)
        return (
            f"You may call these functions:\n{schemas}\n"
            f'Call one by replying {{"name": <function>, "parameters": <object>}} alone. {ANSWER_ALONE}'
        )


class CodeTags(CallSyntax):
    """`<code>name(argument=literal)</code>`, any number of them: the Python tools of SmolLM3.

    Code that is no such call is for the tool `python`, if there is one.
    """

    name = "code"
    open, close = "<code>", "</code>"
    delimiters = (open, close)
    style = "python"
    _calls = re.compile(f"{open}(.*?)(?:{close}|(?={open})|$)", re.DOTALL)

    def parse(self, text: str) -> list[ParsedCall]:
        return [self._parse_tag(match) for match in self._calls.finditer(text)]

    def _parse_tag(self, match: re.Match[str]) -> ParsedCall:
        if not match.group().endswith(self.close):
            return ParsedCall(status=CallStatus.UNCLOSED, error=_not_closed("code", self.name))
        return call_of_code(match[1].strip())

    def write(self, name: str, arguments: Mapping[str, Any]) -> str:
        return f"{self.open}\n{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})\n{self.close}"

    def instructions(self, tools: Sequence[Tool]) -> str:
        lines = [f"{t.name}({', '.join(t.properties)}): {t.description}" for t in tools]
        call = f"{self.open}name(argument=value){self.close}"
        return "\n".join(["You may call these functions:", *lines, f"Call one by writing {call}. {ANSWER_ALONE}"])


SYNTAXES: dict[str, CallSyntax] = {syntax.name: syntax for syntax in (ToolCallTags(), BareJSON(), CodeTags())}


def resolve_syntax(name: str) -> CallSyntax:
    """A syntax by name.

    Raises:
        ValueError: an unknown name.
    """
    if name not in SYNTAXES:
        raise ValueError(f"unknown call syntax {name!r}; the syntaxes are {', '.join(SYNTAXES)}")
    return SYNTAXES[name]


def call_of_object(value: Any, arguments_key: str) -> ParsedCall:
    """The call that a JSON value describes."""
    if not isinstance(value, dict) or not isinstance(value.get("name"), str) or not value["name"]:
        return ParsedCall(status=CallStatus.MISSING_NAME, error=f'the call has no "name"; {_write(arguments_key)}')
    arguments = value.get(arguments_key, {})
    if not isinstance(arguments, dict):
        error = f'"{arguments_key}" must be an object: {{"argument": value, ...}}'
        return ParsedCall(value["name"], status=CallStatus.BAD_ARGS, error=error)
    return ParsedCall(value["name"], arguments)


def call_of_code(code: str) -> ParsedCall:
    """The call that code is: of the function that it calls with literals, else of the tool `python`."""
    if not code:
        return ParsedCall(status=CallStatus.MISSING_NAME, error="the code calls nothing; write tool(argument=value)")
    call = read_python_call(code)
    if call is None:
        return ParsedCall("python", {"code": code})
    name = call.name.removesuffix(".call")
    if not call.positional:
        return ParsedCall(name, call.named)
    if call.named or len(call.positional) > 1:
        return ParsedCall(name, status=CallStatus.BAD_ARGS, error="give the arguments by name: tool(argument=value)")
    value = call.positional[0]
    return ParsedCall(name, value if isinstance(value, str) else json.dumps(value))


def load_json_at(text: str, at: int) -> tuple[Any, int]:
    """The JSON value that begins at `at`, and where it ends; strict, as `load_json`.

    Raises:
        ValueError: as `load_json`.
    """
    try:
        return _DECODER.raw_decode(text, at)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=finite)
