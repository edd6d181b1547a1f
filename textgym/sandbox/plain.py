"""A stand-in for `textgym.sandbox.language` that takes all of Python: no language layer.

Only for tests of the layers below, which must hold whatever the language layer lets through.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import io
import platform
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_MODULES = (
    "ctypes", "gc", "mmap", "multiprocessing", "platform", "resource", "subprocess", "threading",
    "unicodedata",  # the parser loads it for names that are not ASCII
)  # fmt: skip


class SoftTimeout(BaseException):
    """Raised in the code that runs when its CPU time is up."""


@dataclass
class Outcome:
    """As the language layer's."""

    status: str
    value: str | None = None
    error: str | None = None


class _Stream(io.TextIOBase):
    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def write(self, text: str, /) -> int:
        self._write(str.__str__(text))  # a program's own kind of str may lie about its length
        return len(text)


class Interpreter:
    """Runs sources one after another in one namespace; see `textgym.sandbox.language.Interpreter`."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.seed = 0  # the module `random` itself is seeded by the worker
        self._stdout = _Stream(write)
        self._globals: dict[str, Any] = {"__name__": "__main__"}

    def run(self, source: str) -> Outcome:
        """Lets only SoftTimeout through."""
        try:
            tree = ast.parse(source, "<code>")
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            body = compile(tree, "<code>", "exec")
            echo = compile(ast.Expression(last.value), "<code>", "eval") if isinstance(last, ast.Expr) else None
        except SoftTimeout:
            raise
        except Exception as error:
            return Outcome("refused", error=f"{type(error).__name__}: {error}")
        try:
            with contextlib.redirect_stdout(self._stdout):
                exec(body, self._globals)
                value = None if echo is None else eval(echo, self._globals)
                return Outcome("ok", None if value is None else str.__str__(repr(value)))
        except SoftTimeout:
            raise
        except BaseException as error:
            return Outcome("error", error=_told(error))


def _told(error: BaseException) -> str:
    """The error as text; a hostile one may be impossible to show."""
    try:
        frames = error.__traceback__ and error.__traceback__.tb_next  # without that of `run`
        return "".join(traceback.format_exception(type(error), error, frames))
    except SoftTimeout:
        raise
    except BaseException:
        return type(error).__name__


def preload() -> None:
    """Load what attacks are made of: a confined worker can open no module's file any more."""
    for name in _MODULES:
        importlib.import_module(name)
    platform.machine()  # reads what a worker may not
