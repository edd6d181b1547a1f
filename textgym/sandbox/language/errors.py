"""Errors as programs see them: the program's own lines, without the interpreter's, as at a Python prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from . import names
from .facade import Facade, public_names
from .stopping import SoftTimeout

MAX_FRAMES = 12
MAX_CHAIN = 4
MAX_MESSAGE = 2000


def render(error: BaseException, sources: Mapping[str, str], run: str) -> str:
    """The traceback of `error`, causes first. `sources` are the texts of all runs; `run` names the one at hand."""
    parts: list[str] = []
    seen: set[int] = set()
    current: BaseException | None = error
    joint = ""
    while current is not None and id(current) not in seen and len(parts) < MAX_CHAIN:
        if isinstance(current, SoftTimeout):  # no error of the program's
            break
        seen.add(id(current))
        lines = _frames(current.__traceback__, sources, run)
        if parts and not lines:
            break
        parts.append("\n".join(["Traceback (most recent call last):", *lines, _message(current)]) + joint)
        if current.__cause__ is not None:
            joint, current = (
                "\n\nThe above exception was the direct cause of the following exception:",
                current.__cause__,
            )
        else:
            joint = "\n\nDuring handling of the above exception, another exception occurred:"
            current = None if current.__suppress_context__ else current.__context__
    return names.strip("\n\n".join(reversed(parts)))


def render_refusal(reason: str, line: int | None, source: str) -> str:
    """Why a program was not run, with its line."""
    where = f"line {line}: " if line else ""
    text = _line(source, line) if line else ""
    return names.strip(f"{where}{reason}" + (f"\n    {text}" if text else ""))


def _frames(traceback: TracebackType | None, sources: Mapping[str, str], run: str) -> list[str]:
    found: list[TracebackType] = []
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename in sources:
            found.append(traceback)
        traceback = traceback.tb_next
    # To look a line up takes as long as its source: only for those that are shown.
    left_out = len(found) - MAX_FRAMES
    if left_out <= 0:
        return [_entry(each, sources, run) for each in found]
    half = MAX_FRAMES // 2
    shown = [_entry(each, sources, run) for each in (*found[:half], *found[-half:])]
    return [*shown[:half], f"  ... {left_out} more calls ...", *shown[half:]]


def _entry(traceback: TracebackType, sources: Mapping[str, str], run: str) -> str:
    code, line = traceback.tb_frame.f_code, traceback.tb_lineno
    older = "" if code.co_filename == run else f" of {code.co_filename}"
    text = _line(sources[code.co_filename], line)
    return f"  line {line}{older}, in {code.co_name}" + (f"\n    {text}" if text else "")


def _line(source: str, number: int | None) -> str:
    lines = re.split(r"\r\n?|\n", source, maxsplit=number or 0)  # as the compiler counts them
    return lines[number - 1].strip()[:200] if number and number <= len(lines) else ""


def _message(error: BaseException) -> str:
    kind = type(error)
    name = kind.__name__
    if kind.__module__ not in {"builtins", "__main__"}:
        name = f"{kind.__module__}.{name}"
    try:
        text = str(error)
    except SoftTimeout:
        raise
    except BaseException:
        text = "<exception str() failed>"
    if len(text) > MAX_MESSAGE:
        text = f"{text[:MAX_MESSAGE]}... ({len(text)} characters)"
    text += _hint(error)
    return "\n".join([f"{name}: {text}" if text else name, *_notes(error)])


def _notes(error: BaseException) -> list[str]:
    notes = BaseException.__getattribute__(error, "__dict__").get("__notes__")
    return [str(note)[:MAX_MESSAGE] for note in notes[:MAX_CHAIN] if type(note) is str] if type(notes) is list else []


def _hint(error: BaseException) -> str:
    """The names of a module, when one is asked for that it does not have."""
    if type(error) is not AttributeError or not isinstance(error.obj, Facade):
        return ""
    return f"; {error.obj!r} has: {', '.join(public_names(error.obj))}"


def syntax_error(error: Any) -> tuple[str, int | None]:
    """A reason and a line for what the compiler raised."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}", error.lineno
    if isinstance(error, RecursionError | MemoryError):
        return "the program is nested too deeply; use variables or functions for its parts", None
    return f"the program cannot be compiled: {error}", None


_args, _name = BaseException.__dict__["args"], {kind: kind.__dict__["name"] for kind in (AttributeError, NameError)}


def caught(error: BaseException) -> None:
    """What is bound by `except ... as error`: CPython's own texts tell the program's names as they are compiled."""
    args = _args.__get__(error)
    if any(type(part) is str and names.MARK in part for part in args):
        _args.__set__(error, tuple(names.strip(part) if type(part) is str else part for part in args))
    for kind, name in _name.items():
        if isinstance(error, kind) and type(told := name.__get__(error)) is str and names.MARK in told:
            name.__set__(error, names.strip(told))
