"""Keywords with private names: parameters of a program are compiled with the mark, keys of a dict are written without.

A call with `**` or with a private keyword is compiled to `_takes_(function)(**_marked_(keywords))`, and a function's
`**keywords` are made plain on entry.
"""

from __future__ import annotations

import collections
import string
import types
from collections.abc import Callable
from typing import Any

from . import names
from .own import class_dict, defined_in, is_own_class
from .replacements import Opaque

_C_METHODS = (types.BuiltinMethodType, types.MethodWrapperType)
_C_DESCRIPTORS = (types.MethodDescriptorType, types.WrapperDescriptorType)
_FUNCTIONS = frozenset(
    class_dict(kind)[name]
    for kind, listed in (
        (string.Template, "substitute safe_substitute"),
        (collections.Counter, "__init__ update subtract"),
        (collections.UserDict, "__init__"),
        (collections.abc.MutableMapping, "update"),
    )
    for name in listed.split()
)
"""Functions of the library, written in Python, that take keywords of any name and keep them as text."""


def marked(keywords: Any) -> Any:
    """What stands after `**` in a call: its private names as parameters are compiled."""
    if type(keywords) is not dict:
        if not hasattr(type(keywords), "keys"):
            return keywords  # the call says what is wrong with it
        keywords = {name: keywords[name] for name in keywords.keys()}  # noqa: SIM118 - that is what a call asks
    if not any(isinstance(name, str) and (type(name) is not str or name.startswith("_")) for name in keywords):
        return keywords
    return {_parameter(name): value for name, value in keywords.items()}


def _parameter(name: Any) -> Any:
    if not isinstance(name, str):
        return name
    name = str.__str__(name)  # a program's own kind of str may be equal to anything
    try:
        return name if names.is_dunder(name) else names.private(name)
    except names.RefusedName:
        return name


def unmarked(keywords: dict[str, Any]) -> dict[str, Any]:
    """What a function finds in its `**keywords`: names as the program writes them."""
    if not any(names.MARK in name for name in keywords):
        return keywords
    return {names.strip(name): value for name, value in keywords.items()}


def takes(function: Any) -> Callable[..., Any]:
    """`function`, or what calls it with plain names, if it is one of the library's that keep keywords as text."""
    if not _keeps_text(function):
        called: Callable[..., Any] = function
        return called
    return Opaque(lambda *args, **keywords: function(*args, **unmarked(keywords)), "call")


def _keeps_text(function: Any) -> bool:
    kind = type(function)
    if kind is types.FunctionType:
        return function in _FUNCTIONS
    if kind is types.MethodType:
        return _keeps_text(function.__func__)
    if kind in _C_METHODS:
        return isinstance(function.__self__, dict)
    if kind in _C_DESCRIPTORS:
        return issubclass(function.__objclass__, dict)
    if issubclass(kind, type) and issubclass(function, dict | collections.UserDict):
        return not any(is_own_class(defined_in(function, name)) for name in ("__init__", "__new__"))
    return False
