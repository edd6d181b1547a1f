"""What belongs to a program: the classes and functions that it defines, and objects of those.

A program may set attributes of these only. Library classes are shared by all code of a session; nobody patches them.
"""

from __future__ import annotations

import collections
import decimal
import functools
import textwrap
import types
from collections.abc import Callable
from typing import Any

from .attributes import SimpleNamespace

# What a program's classes, functions and globals say they belong to; and a class while `dataclass` works on it.
MODULE = "__main__"
DATACLASS_MODULE = "textgym_dataclass_annotations"

class_module: Callable[[type], object] = type.__dict__["__module__"].__get__
class_dict = type.__dict__["__dict__"].__get__


def is_own_class(value: object) -> bool:
    """Whether `value` is a class that a program made. Nothing in a program can change what this reads."""
    if not isinstance(value, type):
        return False
    return class_module(value) in (MODULE, DATACLASS_MODULE)


def defined_in(kind: type, *methods: str) -> type | None:
    """The class that gives `kind` the first of these methods; None if none does."""
    return next((base for base in kind.__mro__ if any(name in class_dict(base) for name in methods)), None)


def is_own_function(value: object) -> bool:
    """Whether `value` is a function that a program made."""
    return type(value) is types.FunctionType and value.__globals__.get("__name__") == MODULE


_CACHED: Any = type(functools.lru_cache(lambda: None))
_SETTABLE = frozenset({decimal.Context, collections.defaultdict, textwrap.TextWrapper, SimpleNamespace})
"""Library classes whose objects have attributes that are meant to be set."""


def is_own(value: Any) -> bool:
    """Whether a program may set attributes of `value`."""
    if isinstance(value, type):
        return is_own_class(value)
    kind = type(value)
    if is_own_class(kind) or is_own_function(value):
        return True
    if issubclass(kind, BaseException):
        return not issubclass(kind, UnicodeError)  # whose text is found by numbers that nobody checks
    if kind is _CACHED:
        return is_own_function(value.__wrapped__)
    return kind in _SETTABLE
