"""Tools: a name, a JSON schema and a function from keyword arguments to text."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints

_JSON_TYPES: dict[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array"}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


class CallStatus(StrEnum):
    """What became of a tool call. Every call gets a reply, whatever its status."""

    OK = "ok"
    INVALID_JSON = "invalid_json"
    UNCLOSED = "unclosed"
    MISSING_NAME = "missing_name"
    UNKNOWN_TOOL = "unknown_tool"
    BAD_ARGS = "bad_args"
    TIMEOUT = "timeout"
    TOOL_ERROR = "tool_error"


class ToolError(Exception):
    """A tool's own refusal; its message is shown to the policy as `error: <message>`."""


@dataclass(frozen=True)
class Tool:
    """A tool that an environment offers.

    Attributes:
        name: what the policy writes to call it.
        description: one sentence for the system prompt.
        parameters: JSON schema of the arguments (an object).
        function: called with the arguments as keywords; returns the text shown to the policy. It raises `ToolError`
            to refuse and `TimeoutError` when it ran too long; any other exception is reported by its type alone.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    function: Callable[..., str]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a tool's name holds only letters, digits, '_', '-' and '.', unlike {self.name!r}")

    @classmethod
    def from_function(cls, function: Callable[..., str]) -> Tool:
        """Make a tool of a typed function with a docstring; the signature becomes the schema.

        Raises:
            TypeError: a parameter has no annotation, one that JSON cannot carry, or cannot be given by name.
        """
        hints = get_type_hints(function)
        properties, required = {}, []
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise TypeError(f"parameter {name!r} of tool {function.__name__!r} cannot be given by name")
            kind = _JSON_TYPES.get(hints.get(name, type(None)))
            if kind is None:
                known = ", ".join(t.__name__ for t in _JSON_TYPES)
                raise TypeError(f"parameter {name!r} of tool {function.__name__!r} needs one of the types {known}")
            properties[name] = {"type": kind}
            if parameter.default is parameter.empty:
                required.append(name)
        schema = {"type": "object", "properties": properties, "required": required}
        return cls(function.__name__, inspect.getdoc(function) or "", schema, function)

    def schema(self) -> dict[str, Any]:
        """The tool in the form that chat templates and function-calling APIs take."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}

    @property
    def properties(self) -> Mapping[str, Any]:
        """Schema of each argument, by name."""
        return dict(self.parameters.get("properties", {}))

    @property
    def required(self) -> list[str]:
        """Names of the arguments that every call must give."""
        return list(self.parameters.get("required", []))

    def bind(self, arguments: Mapping[str, Any] | str) -> dict[str, Any]:
        """Check `arguments` against the schema.

        A string is a JSON object of them, or the bare value of the tool's only argument (of the only required one).

        Raises:
            ValueError: what is wrong, in words for the policy.
        """
        properties, required = self.properties, self.required
        if isinstance(arguments, str):
            arguments = self._read(arguments)
        for name in required:
            if name not in arguments:
                raise ValueError(f"{self.name} needs the argument {name!r}")
        for name, value in arguments.items():
            if name not in properties:
                raise ValueError(f"{self.name} has no argument {name[:40]!r}; it has {', '.join(properties)}")
            if not _fits(value, properties[name]):
                raise ValueError(f"{self.name}: {name} must be of type {properties[name]['type']}")
        return dict(arguments)

    def _read(self, text: str) -> Mapping[str, Any]:
        """Arguments that were written as text, by name."""
        properties, required = self.properties, self.required
        candidates = required or list(properties)
        try:
            value = load_json(text)
        except ValueError:
            value = text
        # For a tool of one argument an object is its bare value (a dict display, say), unless it names the argument.
        if isinstance(value, dict) and (
            len(candidates) != 1 or (value and set(required) <= value.keys() <= properties.keys())
        ):
            return value
        if not text.strip() and not required:
            return {}
        if len(candidates) != 1:
            raise ValueError(f"{self.name} takes a JSON object of its arguments: {', '.join(properties) or 'none'}")
        name = candidates[0]
        return {name: text if _fits(text, properties.get(name, {})) else value}

    def run(self, arguments: Mapping[str, Any] | str) -> tuple[CallStatus, str]:
        """Run the tool. Never raises: every failure is a status and a short text for the policy."""
        try:
            bound = self.bind(arguments)
        except ValueError as error:
            return CallStatus.BAD_ARGS, f"error: {error}"
        try:
            return CallStatus.OK, str(self.function(**bound))
        except ToolError as error:
            return CallStatus.TOOL_ERROR, f"error: {error}"
        except TimeoutError:
            return CallStatus.TIMEOUT, f"error: {self.name} timed out"
        except (Exception, SystemExit) as error:
            # The message may hold host paths or the trainer's state; the type's name is all the policy sees.
            return CallStatus.TOOL_ERROR, f"error: {self.name} failed with {type(error).__name__}"


def load_json(text: str) -> Any:
    """`json.loads`, strict: without NaN and Infinity, which are not JSON.

    Raises:
        ValueError: not JSON, or nested too deeply.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether `value` has one of the JSON types that `schema` allows; without `type` it allows all."""
    kinds = schema.get("type")
    if kinds is None:
        return True
    return any(
        isinstance(value, _PYTHON_TYPES.get(kind, ()))
        and isinstance(value, bool) == (kind == "boolean")  # bool is an int in Python, not in JSON
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
    )
