"""Changes to the library of a process that runs programs: where it would hand them what all its code shares."""

from __future__ import annotations

import _strptime  # type: ignore[import-not-found]
import _thread
import re
import textwrap
import typing
from collections.abc import Mapping
from typing import Any


class _Table:
    """A table for `str.translate`, which asks a program's own kind of str to translate itself by it."""

    __slots__ = ("_look_up",)

    def __init__(self, contents: Mapping[int, Any]) -> None:
        self._look_up = dict(contents).__getitem__

    def __getitem__(self, key: int) -> Any:
        return self._look_up(key)


def harden() -> None:
    """Before the first program. Again is no harm."""
    library: Any = typing
    for forget in library._cleanups:
        forget()  # what others have asked typing for: a key of its cache is shown to what is equal to it
    # Its cache tells 1 from True by their classes, and compares these with what a program asks for.
    literal: Any = typing.Literal
    literal._getitem = getattr(literal._getitem, "__wrapped__", literal._getitem)
    tables: Any = (re, "_special_chars_map"), (textwrap.TextWrapper, "unicode_whitespace_trans")
    for owner, name in tables:
        if isinstance(getattr(owner, name), dict):
            setattr(owner, name, _Table(getattr(owner, name)))
    # A format with a `__hash__` of its own can come back while the lock is held.
    library = _strptime
    library._cache_lock = _thread.RLock()
