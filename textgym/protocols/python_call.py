"""Reading a call as Python writes it, `name(arg=literal, ...)`, without Python's own parser.

That one may take the interpreter down with deep nesting, and warns about escapes; a policy writes whatever it likes.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>[rR]?(?:'''(?:[^\\]|\\.)*?'''|\"\"\"(?:[^\\]|\\.)*?\"\"\"|'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
    |(?P<number>-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<sign>[()\[\]{},:=])
    )""",
    re.DOTALL | re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "a": "\a", "v": "\v", "\n": ""}
_CONSTANTS = {"True": True, "False": False, "None": None, "true": True, "false": False, "null": None}
_DEEPEST = 50


class PythonCall(NamedTuple):
    """A call, its arguments apart as Python has them."""

    name: str
    positional: list[Any]
    named: dict[str, Any]


def read_python_call(text: str) -> PythonCall | None:
    """The call that `text` is, or None: it is something else, or holds more than literals.

    >>> read_python_call('add(a=1, b=[2, "x"])')
    PythonCall(name='add', positional=[], named={'a': 1, 'b': [2, 'x']})
    """
    try:
        return _Reader(text).call()
    except _NotThat:
        return None


class _NotThat(Exception):
    """Not a call with literal arguments."""


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._end = text.rstrip(), 0
        self._advance()

    def _advance(self) -> None:
        """Look at the next token: its kind and text; ("", "") at the end."""
        if self._end == len(self._text):
            self._kind, self._token = "", ""
            return
        match = _TOKEN.match(self._text, self._end)
        if match is None:
            raise _NotThat
        self._kind, self._end = str(match.lastgroup), match.end()
        self._token = match[self._kind]

    def _at(self, sign: str) -> bool:
        return self._kind == "sign" and self._token == sign

    def _take(self, sign: str) -> None:
        """Step over the sign that must stand here."""
        if not self._at(sign):
            raise _NotThat
        self._advance()

    def call(self) -> PythonCall:
        """The whole text as a call."""
        call = PythonCall(self._name(), [], {})
        self._take("(")
        while not self._at(")"):
            if self._kind == "name" and self._token not in _CONSTANTS:
                key = self._name()
                self._take("=")
                if key in call.named:
                    raise _NotThat
                call.named[key] = self._value(0)
            elif call.named:
                raise _NotThat
            else:
                call.positional.append(self._value(0))
            if not self._at(")"):
                self._take(",")
        self._advance()
        if self._kind:
            raise _NotThat
        return call

    def _name(self) -> str:
        name = self._token
        if self._kind != "name" or name in _CONSTANTS:
            raise _NotThat
        self._advance()
        return name

    def _value(self, depth: int) -> Any:
        kind, token = self._kind, self._token
        if depth > _DEEPEST or not kind:
            raise _NotThat
        self._advance()
        if kind == "string":
            value = _string(token)
            while self._kind == "string":  # neighbouring strings are one
                value += _string(self._token)
                self._advance()
            return value
        if kind == "number":
            return _number(token)
        if kind == "name" and token in _CONSTANTS:
            return _CONSTANTS[token]
        if token in ("[", "("):
            return self._items("]" if token == "[" else ")", depth)
        if token == "{":
            return self._mapping(depth)
        raise _NotThat

    def _items(self, closing: str, depth: int) -> list[Any]:
        items = []
        while not self._at(closing):
            items.append(self._value(depth + 1))
            if not self._at(closing):
                self._take(",")
        self._advance()
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping = {}
        while not self._at("}"):
            key = self._value(depth + 1)
            if not isinstance(key, str):
                raise _NotThat
            self._take(":")
            mapping[key] = self._value(depth + 1)
            if not self._at("}"):
                self._take(",")
        self._advance()
        return mapping


def _number(token: str) -> int | float:
    try:
        value = int(token) if token.lstrip("-").isdigit() else float(token)
    except ValueError as error:  # more digits than Python reads
        raise _NotThat from error
    if value in (float("inf"), float("-inf")):  # 1e999 is no JSON number
        raise _NotThat
    return value


def _string(token: str) -> str:
    raw = token[0] in "rR"
    quoted = token[1:] if raw else token
    size = 3 if quoted[:3] in ("'''", '"""') and len(quoted) >= 6 else 1
    text = quoted[size:-size]
    return text if raw else _ESCAPE.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    body = match[0][1:]
    if body in _SIMPLE:
        return _SIMPLE[body]
    if body[0] in "xuU" and len(body) > 1:
        code = int(body[1:], 16)
        return chr(code) if code <= 0x10FFFF else match[0]
    if body[0] in "01234567":
        return chr(int(body, 8))
    return body if body in ("\\", "'", '"') else match[0]  # Python keeps the backslash of what is no escape
