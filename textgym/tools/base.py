"""Tools: a name, a JSON schema and a function from keyword arguments to text, with a state for each episode or none."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, partial
from math import isinf
from typing import Any

import numpy as np

from textgym.tools.schema import describe, fits
from textgym.tools.session import ToolSession
from textgym.tools.signature import from_json, read_signature

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


class ToolTimeout(ToolError):
    """A tool's own word that a call took too long: status `timeout`, with its message as `ToolError`'s."""


class ToolUnavailable(RuntimeError):
    """A tool cannot work here at all. It comes out of the environment's `step`: no policy is to learn from it."""


class NotJSON(ValueError):
    """Arguments that start as a JSON object but are none."""


@dataclass(frozen=True)
class Tool:
    """A tool that an environment offers. It has a `function`, or a `session` for each episode.

    Attributes:
        name: what the policy writes to call it.
        description: one sentence for the system prompt.
        parameters: JSON schema of the arguments (an object).
        function: called with the arguments as keywords; returns the text shown to the policy. It raises `ToolError`
            to refuse and `TimeoutError` when it ran too long (`ToolTimeout` to say more), and
            `ToolUnavailable` to end the run where it cannot work at all; any other exception is reported by its type
            alone.
        session: for a tool with a state or with chance: called at the tool's first call in an episode with a
            `numpy.random.Generator` of its own, a child of the environment's seed. What it returns is called as
            `function` would be, for the rest of the episode. If that has a method `close()`, it is called at the end
            of the session: at the next reset, at `env.close()`, or after a timeout. To be pickled with its
            environment in the middle of an episode, it must pickle.
        blocking: whether a call may wait (for a network, a process, a disk). A vector environment then runs it in a
            thread, beside the other slots' calls. A fast tool is better off without: a thread costs more than it.
        timeout: seconds that a call may take; needs `blocking`. None takes the environment's `call_timeout`. A call
            that takes longer is answered with the status `timeout` and left to itself: its thread cannot be killed,
            so a tool should keep limits of its own as well. Its session is closed, the next call opens another.
        types: annotations of the arguments that JSON's types do not cover: where they name an `Enum`, `bind` makes
            its members of their values.

    Raises:
        ValueError: a name that a protocol cannot write, both or neither of `function` and `session`, or a timeout
            that is not positive or goes with a tool that does not block.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    function: Callable[..., str] | None = None
    session: Callable[[np.random.Generator], Callable[..., str]] | None = None
    blocking: bool = False
    timeout: float | None = None
    types: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a tool's name holds only letters, digits, '_', '-' and '.', unlike {self.name!r}")
        if (self.function is None) == (self.session is None):
            raise ValueError(f"the tool {self.name!r} needs either a function or a session, not both or neither")
        if self.timeout is not None and not (self.blocking and self.timeout > 0):
            raise ValueError(
                f"the tool {self.name!r} has timeout={self.timeout!r}: give seconds above 0, and blocking=True, "
                "for only a tool that runs in a thread can be left behind"
            )

    @classmethod
    def from_function(
        cls, function: Callable[..., Any], *, blocking: bool = False, timeout: float | None = None
    ) -> Tool:
        """Make a tool of a typed function: its name, its docstring as the description, its signature as the schema.

        Parameters may be of the types str, int, float, bool, None, Any, list[...], dict[str, ...], Literal[...], an
        Enum, and unions of these. The docstring describes them in Google's, NumPy's or Sphinx's style.

        A parameter annotated as `numpy.random.Generator` is no argument of the policy's: it gets the tool's own
        generator, so that a tool with chance is reproducible.

        Raises:
            TypeError: a parameter has no annotation, one that JSON cannot carry, or cannot be given by name.

        Example:
            >>> def roll(rng: np.random.Generator, sides: int = 6) -> str:
            ...     '''Rolls a die.
            ...
            ...     Args:
            ...         sides: of the die.
            ...     '''
            ...     return str(rng.integers(1, sides + 1))
            >>> tool = Tool.from_function(roll)
            >>> tool.name, tool.description, tool.properties
            ('roll', 'Rolls a die.', {'sides': {'type': 'integer', 'description': 'of the die.', 'default': 6}})
        """
        signature = read_signature(function)
        options: dict[str, Any] = {"blocking": blocking, "timeout": timeout, "types": signature.types}
        if signature.chance is None:
            options["function"] = function
        else:
            options["session"] = _Seeded(function, signature.chance)
        return cls(signature.name, signature.description, signature.parameters, **options)

    @classmethod
    def from_session(
        cls,
        session: type[Any],
        *,
        name: str | None = None,
        blocking: bool = False,
        timeout: float | None = None,
    ) -> Tool:
        """Make a tool of a class: one object an episode, made with the tool's generator; its `__call__` is the tool.

        The schema is that of `__call__`, the description the class's docstring, the name the class's in lower case.

        Raises:
            TypeError: as for `from_function`.

        Example:
            >>> class Counter:
            ...     "Counts up."
            ...     def __init__(self, rng):
            ...         self.total = 0
            ...     def __call__(self, step: int) -> str:
            ...         self.total += step
            ...         return str(self.total)
            >>> Tool.from_session(Counter).name
            'counter'
        """
        signature = read_signature(session.__call__, session.__name__.lower() if name is None else name, owner=session)
        options: dict[str, Any] = {"blocking": blocking, "timeout": timeout, "types": signature.types}
        return cls(signature.name, signature.description, signature.parameters, session=session, **options)

    def schema(self) -> dict[str, Any]:
        """The tool in the form that chat templates and function-calling APIs take."""
        function = {"name": self.name, "description": self.description, "parameters": dict(self.parameters)}
        return {"type": "function", "function": function}

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """Schema of each argument, by name."""
        return dict(self.parameters.get("properties", {}))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Names of the arguments that every call must give."""
        return tuple(self.parameters.get("required", ()))

    def bind(self, arguments: Mapping[str, Any] | str) -> dict[str, Any]:
        """Check `arguments` against the schema.

        A string is a JSON object of them, or the bare value of the tool's only argument (of the only required one).

        Raises:
            NotJSON: a string that starts as an object but is no JSON, where only an object will do.
            ValueError: what else is wrong, in words for the policy.
        """
        properties, required = self.properties, self.required
        if isinstance(arguments, str):
            arguments = self._read(arguments)
        for name in required:
            if name not in arguments:
                raise ValueError(f"{self.name} needs the argument {name!r}")
        for name, value in arguments.items():
            if name not in properties:
                raise ValueError(f"{self.name} has no argument {name[:40]!r}; it has {', '.join(properties) or 'none'}")
            if not fits(value, properties[name]):
                raise ValueError(f"{self.name}: {name} must be {describe(properties[name])}")
        types = self.types
        return (
            {k: from_json(v, types[k]) if k in types else v for k, v in arguments.items()} if types else dict(arguments)
        )

    def _read(self, text: str) -> Mapping[str, Any]:
        """Arguments that were written as text, by name."""
        properties, required = self.properties, self.required
        if not required and not text.strip():
            return {}
        candidates = required or tuple(properties)
        schema = properties.get(candidates[0], {}) if len(candidates) == 1 else None
        looks_like_object = text.lstrip().startswith("{")
        if schema is not None and not looks_like_object and fits(text, schema):
            return {candidates[0]: text}
        try:
            value = load_json(text)
        except ValueError as error:
            if schema is None and looks_like_object:
                raise NotJSON(f"the arguments of {self.name} are not valid JSON; {self._usage()}") from error
            value = text
        # For a tool of one argument an object is its bare value (a dict display, say), unless it names the argument.
        if isinstance(value, dict) and (
            schema is None or (value and set(required) <= value.keys() <= properties.keys())
        ):
            return value
        if schema is None:
            raise ValueError(self._usage())
        return {candidates[0]: text if fits(text, schema) else value}

    def _usage(self) -> str:
        return f"{self.name} takes a JSON object of its arguments: {', '.join(self.properties) or 'none'}"

    def run(self, arguments: Mapping[str, Any] | str) -> tuple[CallStatus, str]:
        """Run the tool once. Never raises: every failure is a status and a short text for the policy.

        A tool with sessions is given one for this call alone, without a seed.
        """
        try:
            bound = self.bind(arguments)
        except NotJSON as error:
            return CallStatus.INVALID_JSON, f"error: {error}"
        except ValueError as error:
            return CallStatus.BAD_ARGS, f"error: {error}"
        if self.function is not None:
            return self.invoke(self.function, bound)
        session = ToolSession(self, np.random.default_rng)
        try:
            return session.run(bound)
        finally:
            session.close()

    def invoke(self, function: Callable[..., str], arguments: Mapping[str, Any]) -> tuple[CallStatus, str]:
        """Call `function` with checked arguments. Never raises, but for KeyboardInterrupt and ToolUnavailable."""
        try:
            return CallStatus.OK, str(function(**arguments))
        except ToolUnavailable:
            raise
        except ToolError as error:
            status = CallStatus.TIMEOUT if isinstance(error, ToolTimeout) else CallStatus.TOOL_ERROR
            return status, f"error: {error}"
        except TimeoutError:
            return CallStatus.TIMEOUT, f"error: {self.name} timed out; ask it for less at a time"
        except (Exception, SystemExit) as error:
            # The message may hold host paths or the trainer's state; the type's name is all the policy sees.
            return CallStatus.TOOL_ERROR, f"error: {self.name} failed with {type(error).__name__}; try other arguments"


@dataclass(frozen=True)
class _Seeded:
    """The session of a function whose parameter `chance` takes the generator."""

    function: Callable[..., str]
    chance: str

    def __call__(self, generator: np.random.Generator) -> Callable[..., str]:
        return partial(self.function, **{self.chance: generator})


def finite(text: str) -> float:
    """A float as JSON writes it. Raises ValueError for one that is infinite, such as 1e999."""
    number = float(text)
    if isinf(number):
        raise ValueError(f"{text[:40]} is too large")
    return number


def load_json(text: str) -> Any:
    """`json.loads`, strict: without NaN and Infinity, which are not JSON, and numbers too large for a float.

    Raises:
        ValueError: not JSON, or nested too deeply.
    """

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    try:
        return json.loads(text, parse_constant=refuse, parse_float=finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
