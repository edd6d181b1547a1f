"""Typed functions as tools: the schema of a signature, and JSON values as the function wants them."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from textgym.tools.docstrings import parse_docstring
from textgym.tools.schema import fits

_JSON_TYPES: dict[Any, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    list: "array",
    Sequence: "array",
    dict: "object",
    Mapping: "object",
    type(None): "null",
}
_TYPABLE = "str, int, float, bool, None, Any, list[...], dict[str, ...], Literal[...], an Enum, and unions of these"


@dataclass(frozen=True)
class Signature:
    """What a typed function says of itself as a tool.

    Attributes:
        name, description: of the tool.
        parameters: JSON schema of the arguments.
        types: annotations of those arguments that hold an `Enum`, whose members `from_json` makes.
        chance: name of the parameter that takes a generator, which is not among the arguments.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    types: dict[str, Any]
    chance: str | None


def read_signature(function: Callable[..., Any], name: str | None = None, owner: type[Any] | None = None) -> Signature:
    """Read the signature and the docstring of a function, or of the `__call__` of the class `owner`.

    A parameter's description comes from the docstring or from `Annotated[type, "description"]`. A default that JSON
    can carry goes into the schema. With an `owner`, the tool's description is the class's docstring, and no parameter
    takes a generator: the class does.

    Raises:
        TypeError: no function, or an async one; a parameter has no annotation, one that JSON cannot carry, or cannot
            be given by name.
    """
    name = _checked_name(function, name)
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(f"the types of tool {name!r} cannot be looked up: {error}") from error
    description, texts = parse_docstring(inspect.getdoc(function))
    if owner is not None:
        description, others = parse_docstring(inspect.getdoc(owner))
        texts = others | texts
    properties: dict[str, Any] = {}
    required, chance = [], None
    for parameter in list(inspect.signature(function).parameters.values())[owner is not None :]:  # without `self`
        where = f"parameter {parameter.name!r} of tool {name!r}"
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"{where} cannot be given by name; tools take neither *args, **kwargs nor positional-only")
        if parameter.name not in hints:
            raise TypeError(f"{where} has no type; annotate it with one of {_TYPABLE}")
        if hints[parameter.name] is np.random.Generator and chance is None and owner is None:
            chance = parameter.name
            continue
        schema = _type_schema(hints[parameter.name], where)
        if parameter.name in texts:
            schema["description"] = texts[parameter.name]
        if parameter.default is parameter.empty:
            required.append(parameter.name)
        else:
            schema |= _default(parameter.default, schema)
        properties[parameter.name] = schema
    parameters = {"type": "object", "properties": properties, "required": required}
    types = {key: hints[key] for key in properties if _holds_enum(hints[key])}
    return Signature(name, description, parameters, types, chance)


def _checked_name(function: Callable[..., Any], name: str | None) -> str:
    if not (inspect.isfunction(function) or inspect.ismethod(function) or inspect.isbuiltin(function)):
        raise TypeError(f"a tool is made of a function, not {function!r}; for others, write Tool(name, ...)")
    name = function.__name__ if name is None else name
    if inspect.iscoroutinefunction(function):
        raise TypeError(f"tool {name!r} is async; give a function that returns its result")
    return name


def _type_schema(hint: Any, where: str) -> dict[str, Any]:
    """The JSON schema of a type.

    Raises:
        TypeError: JSON cannot carry it.
    """
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        texts = [text for text in arguments[1:] if isinstance(text, str)]
        return _type_schema(arguments[0], where) | ({"description": texts[0]} if texts else {})
    if hint is Any:
        return {}
    if origin is Literal:
        return _choices(arguments, where)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _choices([member.value for member in hint], where)
    if origin in (Union, UnionType):
        arms = [_type_schema(arm, where) for arm in arguments]
        return (
            {"type": [arm["type"] for arm in arms]} if all(arm.keys() == {"type"} for arm in arms) else {"anyOf": arms}
        )
    kind = _JSON_TYPES.get(origin or hint) if isinstance(hint, Hashable) else None
    if kind == "array" and arguments:
        return {"type": kind, "items": _type_schema(arguments[0], where)}
    if kind == "object" and arguments and arguments[0] is str:
        return {"type": kind, "additionalProperties": _type_schema(arguments[1], where)}
    if kind is None or arguments:
        raise TypeError(f"{where} has the type {hint!r}, which JSON cannot carry; the types are {_TYPABLE}")
    return {"type": kind}


def _choices(values: Sequence[Any], where: str) -> dict[str, Any]:
    # An Enum of strings may be a str itself, so the exact type is asked for.
    kinds = {_JSON_TYPES.get(type(value)) for value in values}
    if not kinds <= {"string", "integer", "number", "boolean", "null"}:
        raise TypeError(
            f"{where} has choices that JSON cannot carry: {list(values)!r}; give text, numbers, bools or None"
        )
    return ({"type": kinds.pop()} if len(kinds) == 1 else {}) | {"enum": list(values)}


def _default(value: Any, schema: Mapping[str, Any]) -> dict[str, Any]:
    """{"default": value} if JSON carries it and it fits; a sentinel or another object is the function's own matter."""
    value = value.value if isinstance(value, Enum) else value
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return {}
    return {"default": value} if fits(value, schema) else {}


def _holds_enum(hint: Any) -> bool:
    if get_origin(hint) is Literal:
        return False
    return (isinstance(hint, type) and issubclass(hint, Enum)) or any(map(_holds_enum, get_args(hint)))


def from_json(value: Any, hint: Any) -> Any:
    """A JSON value that fits `hint`, with the members of Enums in place of their values."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return from_json(value, arguments[0])
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if origin in (Union, UnionType):
        return from_json(value, next(arm for arm in arguments if fits(value, _type_schema(arm, ""))))
    if isinstance(value, list) and arguments:
        return [from_json(item, arguments[0]) for item in value]
    if isinstance(value, dict) and arguments:
        return {name: from_json(item, arguments[1]) for name, item in value.items()}
    return value
