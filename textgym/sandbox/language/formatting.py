"""`str.format` without its attribute and index access: a format string is data, and data names no attributes."""

from __future__ import annotations

from _string import formatter_parser  # type: ignore[import-not-found]
from collections.abc import Mapping
from typing import Any

from . import names


def safe_format(template: str, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> str:
    """`template.format(*args, **keywords)`. Raises ValueError for a field with `.` or `[`."""
    _check(template)
    return str.format(template, *args, **{names.strip(name): value for name, value in keywords.items()})


def safe_format_map(template: str, mapping: Any) -> str:
    """`template.format_map(mapping)`. Raises ValueError for a field with `.` or `[`."""
    _check(template)
    return str.format_map(template, mapping)


def _check(template: Any, depth: int = 2) -> None:
    if not isinstance(template, str):
        raise TypeError(f"format() needs a str, not {type(template).__name__!r}")
    if depth < 0 or not (str.__contains__(template, ".") or str.__contains__(template, "[")):
        return
    for _, field, spec, _ in formatter_parser(template):
        if field is not None and ("." in field or "[" in field):
            raise ValueError(
                f"the field {field!r} of a format string is refused: use an f-string, or pass the value itself"
            )
        if spec:
            _check(spec, depth - 1)
