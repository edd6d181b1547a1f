"""`copy.copy` and `copy.deepcopy` of what is known to be copied safely.

The library asks the object itself how it is made anew, calls what it answers, and sets any attribute of the result;
classes of typing answer with whatever name they were given. So what is copied here is an instance of a listed class, of
the program's own, or an exception; what does not change is returned as it is; all else is refused.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import functools
import itertools
import random
import re
import string
import textwrap
import types
from collections.abc import Callable, Mapping
from typing import Any

from . import arrays, names, streams
from .attributes import Attributes, SimpleNamespace
from .own import defined_in, is_own_class
from .replacements import Opaque

_UNCHANGED = (
    int, bool, float, complex, str, bytes, range, type, property, enum.Enum, re.Pattern, re.Match, Opaque,
    types.NoneType, types.EllipsisType, types.NotImplementedType, types.FunctionType, types.BuiltinFunctionType,
    types.WrapperDescriptorType, types.MethodDescriptorType, types.MethodWrapperType, types.ClassMethodDescriptorType,
    types.GetSetDescriptorType, types.MemberDescriptorType, types.GenericAlias, types.UnionType,
    type(functools.lru_cache(lambda: None)),
)  # fmt: skip
"""Instances of these stay what they are; those of a program's own classes derived from them are copied all the same."""

_COPIED = frozenset(
    {
        list, dict, tuple, set, frozenset, bytearray, slice, functools.partial, SimpleNamespace, Attributes,
        collections.deque, collections.OrderedDict, collections.defaultdict, collections.Counter, collections.ChainMap,
        collections.UserDict, collections.UserList, fractions.Fraction, decimal.Decimal, decimal.Context,
        datetime.date, datetime.datetime, datetime.time, datetime.timedelta, datetime.timezone, datetime.tzinfo,
        random.Random, itertools.count, arrays.array, string.Template, textwrap.TextWrapper,
        streams.StringIO, streams.BytesIO,
    }
)  # fmt: skip
"""Library classes whose own word on how they are made anew is good, for them and what is derived from them."""


class Memo(dict[int, Any]):
    """What a program's `__deepcopy__` gets. It can put copies of its own objects in; what was copied it cannot see."""

    __slots__ = ("_copies",)  # id: (the object, kept alive; its copy)

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self._copies: dict[int, tuple[Any, Any]] = {}


Memo.__name__ = Memo.__qualname__ = "dict"
Memo.__module__ = "builtins"


def copy(value: Any, /) -> Any:
    """copy.copy"""
    kind = type(value)
    if _stays(value, kind) or kind in (tuple, frozenset, types.MethodType):
        return value
    _check(kind)
    if kind in (list, dict, set, bytearray):
        return kind.copy(value)
    if defined_in(kind, "__copy__") is not None:
        return kind.__copy__(value)
    return _made_anew(value, kind, lambda part: part, lambda made: None)


def deepcopy(value: Any, memo: Any = None, /) -> Any:
    """copy.deepcopy"""
    if type(memo) is not Memo:
        memo = Memo(memo if type(memo) is dict else {})
    return _deep(value, memo)


def _deep(value: Any, memo: Memo) -> Any:
    kind = type(value)
    if _stays(value, kind):
        return value
    key = id(value)
    if key in memo._copies:
        return memo._copies[key][1]
    told = memo.get(key)
    made = told if type(told) is kind and is_own_class(kind) else _made_deeply(value, kind, memo)
    memo._copies.setdefault(key, (value, made))
    return made


def _made_deeply(value: Any, kind: Any, memo: Memo) -> Any:
    """A new `value`. What can hold itself is remembered before it is filled."""

    def remember(made: Any) -> None:
        memo._copies[id(value)] = (value, made)

    if kind is list:
        made: Any = []
        remember(made)
        for item in value:
            made.append(_deep(item, memo))
        return made
    if kind is dict:
        made = {}
        remember(made)
        for key, item in value.items():
            made[_deep(key, memo)] = _deep(item, memo)
        return made
    if kind is tuple:
        items = [_deep(item, memo) for item in value]
        if id(value) in memo._copies:  # it holds itself, by a list
            return memo._copies[id(value)][1]
        return value if all(map(_is, items, value)) else tuple(items)
    if kind is types.MethodType:  # goes with a copy of the program's object that it belongs to
        own = is_own_class(type(value.__self__))
        return types.MethodType(value.__func__, _deep(value.__self__, memo)) if own else value
    _check(kind)
    definer = defined_in(kind, "__deepcopy__")
    if definer is not None:
        return kind.__deepcopy__(value, memo if is_own_class(definer) else {})
    return _made_anew(value, kind, lambda part: _deep(part, memo), remember)


def _is(one: Any, other: Any) -> bool:
    return one is other


def _stays(value: Any, kind: type) -> bool:
    """Whether `value` is its own copy."""
    if kind in _UNCHANGED or isinstance(value, type | enum.Enum | Opaque):
        return True
    return kind.__module__ == "typing" and not is_own_class(kind)


def _check(kind: type) -> None:
    """Raise TypeError unless it is known how instances of `kind` are made anew."""
    definer = defined_in(kind, "__reduce_ex__", "__reduce__")
    known = kind is object or kind in _COPIED or issubclass(kind, BaseException | random.Random)
    if is_own_class(kind):
        known = definer is object or definer in _COPIED or issubclass(definer or object, BaseException)
    if not known:
        raise TypeError(f"cannot copy {names.strip(kind.__name__)!r} objects here")


def _made_anew(value: Any, kind: Any, part: Callable[[Any], Any], remember: Callable[[Any], None]) -> Any:
    """What `__reduce_ex__` says; `part` copies each part of it."""
    function, arguments, state, items, pairs = (*kind.__reduce_ex__(value, 4), None, None, None)[:5]
    made = function(*[part(argument) for argument in arguments])
    made_kind = type(made)
    _check(made_kind)
    remember(made)
    if state is not None:
        if made_kind is not kind:
            raise TypeError(f"cannot copy {names.strip(kind.__name__)!r} objects: __new__() gave another class's")
        _set_state(made, made_kind, part(state))
    for item in items or ():
        made.append(part(item))
    for key, item in pairs or ():
        made[part(key)] = part(item)
    return made


def _set_state(made: Any, kind: Any, state: Any) -> None:
    if defined_in(kind, "__setstate__") is not None:
        kind.__setstate__(made, state)
        return
    attributes, slots = state if type(state) is tuple and len(state) == 2 else (state, None)
    for name, item in _named(attributes):
        object.__getattribute__(made, "__dict__")[name] = item
    for name, item in _named(slots):
        object.__setattr__(made, name, item)


def _named(state: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    """The attributes in `state`; what typing notes of a generic class's object is not among them."""
    return [(name, item) for name, item in (state or {}).items() if type(name) is str and not names.is_dunder(name)]
