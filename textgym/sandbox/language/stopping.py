"""The soft time limit: an exception that passes through a program, runs its `finally` blocks, and cannot be stopped.

The worker's timer raises `SoftTimeout` between any two instructions. It is no `Exception`, so handlers do not match it.
What could still stop it is a `finally` that returns or raises, an `__exit__` that returns true, and a `yield` in a
`finally`; the transformer puts the guards of this module there.
"""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from .own import class_dict, defined_in


class SoftTimeout(BaseException):
    """Raised by the worker's timer inside the program. `Interpreter.run` lets it through."""


def pending() -> SoftTimeout | None:
    """The time limit that is on its way through the caller, if one is."""
    error = sys.exception()
    return error if isinstance(error, SoftTimeout) else None


def raise_stop(error: RuntimeError) -> None:
    """Raise the time limit that `error` hides: Python 3.11 raises it of whatever comes out of a `__set_name__`."""
    if isinstance(error.__cause__, SoftTimeout):
        raise error.__cause__


class Finally:
    """`finally: BODY` becomes `finally: with Finally(): BODY`: whatever BODY does, a time limit on its way goes on."""

    __slots__ = ("_stop",)

    def __enter__(self) -> None:
        self._stop = pending()

    def __exit__(self, *_: object) -> None:
        if self._stop is not None:
            raise self._stop


def stop_here() -> None:
    """Goes before a `finally` body that yields, which would put the time limit aside: then the body does not run."""
    error = pending()
    if error is not None:
        raise error


class _Traceback:
    """What `__exit__` gets for a traceback: true, and nothing else."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<traceback object at 0x000000000000>"


_Traceback.__name__ = _Traceback.__qualname__ = "traceback"
_Traceback.__module__ = "builtins"
TRACEBACK = _Traceback()


class With:
    """`with CM:` becomes `with With(CM):`: `__exit__` cannot swallow a time limit, and sees no traceback object."""

    __slots__ = ("_leave", "_manager")

    def __init__(self, manager: Any) -> None:
        self._manager = manager
        self._leave: Any = None

    def __enter__(self) -> Any:
        kind = type(self._manager)
        if not hasattr(kind, "__enter__") or not hasattr(kind, "__exit__"):
            name = "type" if isinstance(self._manager, type) else kind.__name__
            raise TypeError(f"{name!r} object does not support the context manager protocol")
        enter, self._leave = self._method("__enter__"), self._method("__exit__")
        return enter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> Any:
        leave = self._leave
        if not isinstance(error, SoftTimeout):
            told = UnicodeError if isinstance(error, UnicodeError) else kind
            return leave(told, error, None if error is None else TRACEBACK)
        try:
            leave(TimeoutError, TimeoutError("the time limit was reached"), TRACEBACK)
        except BaseException:
            return False
        return False

    def _method(self, name: str) -> Any:
        """A method of the manager's class, as `with` finds it: not in the object's own attributes."""
        kind = type(self._manager)
        found: Any = class_dict(defined_in(kind, name) or kind)[name]
        return found.__get__(self._manager, kind) if hasattr(type(found), "__get__") else found
