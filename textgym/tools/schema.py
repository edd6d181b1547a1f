"""JSON schemas of arguments: made of a function's signature, and checked against values."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import numpy as np

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


class NotJSON(ValueError):
    """Arguments that start as a JSON object but are none."""


def schema_of(function: Callable[..., str], skip_first: bool = False) -> tuple[dict[str, Any], str | None]:
    """JSON schema of a typed function's parameters, and the name of the one that takes a generator.

    Raises:
        TypeError: a parameter has no annotation, one that JSON cannot carry, or cannot be given by name.
    """
    hints = get_type_hints(function)
    name_of_tool = function.__qualname__ if skip_first else function.__name__
    properties, required, chance = {}, [], None
    for name, parameter in list(inspect.signature(function).parameters.items())[int(skip_first) :]:
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"parameter {name!r} of tool {name_of_tool!r} cannot be given by name")
        if hints.get(name) is np.random.Generator and not skip_first:
            chance = name
            continue
        kind = _JSON_TYPES.get(hints.get(name, type(None)))
        if kind is None:
            known = ", ".join(t.__name__ for t in _JSON_TYPES)
            raise TypeError(f"parameter {name!r} of tool {name_of_tool!r} needs one of the types {known}")
        properties[name] = {"type": kind}
        if parameter.default is parameter.empty:
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}, chance


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


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether `value` has one of the JSON types that `schema` allows; without `type` it allows all."""
    kinds = schema.get("type")
    if kinds is None:
        return True
    return any(
        isinstance(value, _PYTHON_TYPES.get(kind, ()))
        and isinstance(value, bool) == (kind == "boolean")  # bool is an int in Python, not in JSON
        for kind in ([kinds] if isinstance(kinds, str) else kinds)
    )
