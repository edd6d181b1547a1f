"""`str.format` with attributes read under the policy: a format string is data, and data names nothing private."""

from __future__ import annotations

from _string import formatter_field_name_split, formatter_parser  # type: ignore[import-not-found]
from collections.abc import Callable, Mapping
from typing import Any

from . import names

Read = Callable[[Any, str], Any]
"""Gives the attribute of an object by name, or raises AttributeError."""


def safe_format(template: str, args: tuple[Any, ...], keywords: Mapping[str, Any], read: Read) -> str:
    """`template.format(*args, **keywords)`. Raises ValueError for a field like `0._x`."""
    keywords = {names.strip(name): value for name, value in keywords.items()}
    if not _looks_inside(template):
        return str.format(template, *args, **keywords)
    return _Filling(args, keywords, read).text(template)


def safe_format_map(template: str, mapping: Any, read: Read) -> str:
    """`template.format_map(mapping)`. Raises ValueError likewise."""
    if not _looks_inside(template):
        return str.format_map(template, mapping)
    return _Filling((), mapping, read).text(template)


def _looks_inside(template: Any, depth: int = 2) -> bool:
    """Whether a field of the format string looks into a value: `0.x`, `0[1]`."""
    if not isinstance(template, str):
        raise TypeError(f"format() needs a str, not {type(template).__name__!r}")
    if depth < 0 or not (str.__contains__(template, ".") or str.__contains__(template, "[")):
        return False
    return any(
        (field is not None and ("." in field or "[" in field)) or (spec and _looks_inside(spec, depth - 1))
        for _, field, spec, _ in formatter_parser(template)
    )


class _Filling:
    """Fills in one format string, as `string.Formatter` does it."""

    def __init__(self, args: tuple[Any, ...], keywords: Any, read: Read) -> None:
        self._args, self._keywords, self._read = args, keywords, read
        self._next: int | None = 0  # the field that `{}` stands for; None once fields have numbers

    def text(self, template: str, depth: int = 2) -> str:
        if depth == 0:
            raise ValueError("Max string recursion exceeded")
        parts = []
        for literal, field, spec, conversion in formatter_parser(template):
            parts.append(literal)
            if field is not None:
                value = self._value(field)
                spec = self.text(spec, depth - 1) if spec else ""
                parts.append(format(_converted(value, conversion), spec))
        return "".join(parts)

    def _value(self, field: str) -> Any:
        first, rest = formatter_field_name_split(field)
        value = self._positional(first) if first == "" or isinstance(first, int) else self._keywords[first]
        for is_attribute, name in rest:
            if is_attribute and name.startswith("_"):
                raise ValueError(
                    f"the field {field!r} of a format string is refused: use an f-string, or pass the value itself"
                )
            value = self._read(value, name) if is_attribute else value[name]
        return value

    def _positional(self, number: int | str) -> Any:
        if number == "":
            if self._next is None:
                raise ValueError("cannot switch from manual field specification to automatic field numbering")
            number = self._next
            self._next += 1
        elif self._next:
            raise ValueError("cannot switch from automatic field numbering to manual field specification")
        else:
            self._next = None
        try:
            return self._args[int(number)]
        except IndexError:
            raise IndexError(f"Replacement index {number} out of range for positional args tuple") from None


def _converted(value: Any, conversion: str | None) -> Any:
    if conversion is None:
        return value
    if conversion not in _CONVERSIONS:
        raise ValueError(f"Unknown conversion specifier {conversion!r}")
    return _CONVERSIONS[conversion](value)


_CONVERSIONS: dict[str, Callable[[Any], str]] = {"r": repr, "s": str, "a": ascii}
