"""What a docstring says of a function and of its parameters, in Google's, NumPy's or Sphinx's style."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

_PARAMETERS = ("args", "arguments", "parameters")
_SECTIONS = (*_PARAMETERS, "returns", "yields", "raises", "example", "examples", "note", "notes", "see also")
_GOOGLE_HEADING = re.compile(rf"({'|'.join(_SECTIONS)}):", re.IGNORECASE)
_NUMPY_HEADING = re.compile(rf"({'|'.join(_SECTIONS)})", re.IGNORECASE)
_GOOGLE_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMPY_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?()")
_SPHINX_ENTRY = re.compile(r":param\s+(?:[^:]*\s)?(\w+)\s*:\s*(.*)")
_SPHINX_FIELD = re.compile(r":\w+[^:]*:")


def parse_docstring(text: str | None) -> tuple[str, dict[str, str]]:
    """The description of a function, and those of its parameters by name.

    The description is what stands before the first section or field. White space inside a parameter's description
    becomes single spaces.

    >>> parse_docstring("Adds.\\n\\nArgs:\\n    a: one number.\\n    b: another,\\n        of any size.")
    ('Adds.', {'a': 'one number.', 'b': 'another, of any size.'})
    """
    lines = inspect.cleandoc(text or "").splitlines()
    start = next((i for i in range(len(lines)) if _opens_section(lines, i)), len(lines))
    description = "\n".join(lines[:start]).strip()
    parameters: dict[str, str] = {}
    for heading, body in _sections(lines[start:]):
        if heading == "sphinx":
            parameters.update(_sphinx_entries(body))
        elif heading.rstrip(":").lower() in _PARAMETERS:
            parameters.update(_entries(body, _GOOGLE_ENTRY if heading.endswith(":") else _NUMPY_ENTRY))
    return description, parameters


def _opens_section(lines: list[str], i: int) -> bool:
    """Whether a section or a run of Sphinx fields starts at line `i`."""
    if _SPHINX_FIELD.match(lines[i]) or _GOOGLE_HEADING.fullmatch(lines[i].rstrip()):
        return True
    underlined = i + 1 < len(lines) and re.fullmatch(r"-{3,}", lines[i + 1].strip())
    return bool(underlined and _NUMPY_HEADING.fullmatch(lines[i].strip()))


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """(heading, body) of each section; Sphinx fields come as sections named "sphinx"."""
    starts = [i for i in range(len(lines)) if _opens_section(lines, i)]
    for start, end in pairwise([*starts, len(lines)]):
        heading, body = lines[start].rstrip(), lines[start + 1 : end]
        if heading.startswith(":"):
            yield "sphinx", [heading, *body]
        else:
            yield heading, body if heading.endswith(":") else body[1:]


def _entries(lines: list[str], entry: re.Pattern[str]) -> dict[str, str]:
    """Parameters of a section: an entry starts at the section's own indentation and goes on further in."""
    found: dict[str, list[str]] = {}
    body = inspect.cleandoc("\n" + "\n".join(lines)).splitlines()
    name = ""
    for line in body:
        match = None if line[:1].isspace() else entry.fullmatch(line.rstrip())
        if match:
            name = match[1]
            found[name] = [match[2]]
        elif name:
            found[name].append(line)
    return {name: _joined(words) for name, words in found.items()}


def _sphinx_entries(lines: list[str]) -> dict[str, str]:
    match = _SPHINX_ENTRY.fullmatch(lines[0])
    return {match[1]: _joined([match[2], *lines[1:]])} if match else {}


def _joined(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())
