"""JSON schemas: whether a value fits one, and what it says in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a JSON value fits `schema`.

    It knows the keywords that `textgym.tools.signature` writes: `type`, `enum`, `anyOf`, `items`,
    `additionalProperties`. Others are for the policy to read and for the tool's own code to check.
    """
    kinds = schema.get("type")
    if kinds == "string" and isinstance(value, str) and not ("enum" in schema or "anyOf" in schema):
        return True  # as in most calls
    if kinds is not None and not any(_is_a(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return False
    if "enum" in schema and not any(type(value) is type(choice) and value == choice for choice in schema["enum"]):
        return False
    if "anyOf" in schema and not any(fits(value, arm) for arm in schema["anyOf"]):
        return False
    # Only as deep as the schema is: a policy can nest lists until Python's stack ends.
    if isinstance(value, list) and "items" in schema:
        return all(fits(item, schema["items"]) for item in value)
    inner = schema.get("additionalProperties")
    if isinstance(value, dict) and isinstance(inner, Mapping):
        return all(fits(item, inner) for name, item in value.items() if name not in schema.get("properties", {}))
    return True


def _is_a(value: Any, kind: str) -> bool:
    # bool is an int in Python, not in JSON
    return isinstance(value, _PYTHON_TYPES.get(kind, ())) and isinstance(value, bool) == (kind == "boolean")


def describe(schema: Mapping[str, Any]) -> str:
    """What a value of `schema` must be, in words for the policy.

    >>> describe({"type": "array", "items": {"enum": ["up", "down"]}})
    'of type array, each item one of "up", "down"'
    """
    if "enum" in schema:
        return "one of " + ", ".join(json.dumps(choice) for choice in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(describe(arm) for arm in schema["anyOf"])
    kinds = schema.get("type", "any")
    words = "of type " + (kinds if isinstance(kinds, str) else " or ".join(kinds))
    if schema.get("items"):
        return f"{words}, each item {describe(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), Mapping):
        return f"{words}, each value {describe(schema['additionalProperties'])}"
    return words
