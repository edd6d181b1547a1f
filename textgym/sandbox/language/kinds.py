"""What a program is told of the class of an object, and the classes that stand for those it must not lay hands on."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
import typing
from collections.abc import Callable
from typing import Any

from .own import class_module, is_own_function


class _KindOf(type):
    """The class of `Kind`, and of nothing else: what is derived from it would be asked what is an instance of it."""

    def __new__(cls, name: str, bases: tuple[type, ...], members: dict[str, Any], **_: Any) -> Any:
        if bases:
            raise TypeError("metaclasses are not available here; use a base class or a class decorator")
        return super().__new__(cls, name, bases, members)

    def __call__(cls, *values: Any, **keywords: Any) -> Any:
        if len(values) != 1 or keywords:
            raise TypeError("type() takes one object here; make classes with a class statement")
        return kind_of(values[0])

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, type)

    def __subclasscheck__(cls, value: type) -> bool:
        return issubclass(value, type)

    def __repr__(cls) -> str:
        return "<class 'type'>"

    def __eq__(cls, other: object) -> bool:
        return other is Kind or other is type

    def __hash__(cls) -> int:
        return hash(type)


class Kind(metaclass=_KindOf):
    """What programs know as `type`: tells the class of an object, and makes none."""

    def __class_getitem__(cls, _: Any) -> type:
        return cls


Kind.__name__ = Kind.__qualname__ = "type"
Kind.__module__ = "builtins"


class _StandInKind(type):
    """The class of the stand-ins: an instance of one is an instance of the class that it stands for."""

    _real: type

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls._real)

    def __repr__(cls) -> str:
        return repr(cls._real)


def _stand_in(real: type, make: Callable[..., Any]) -> type:
    contents = {"__new__": lambda cls, *given: make(*given), "__module__": real.__module__, "_real": real}
    return _StandInKind(real.__name__, (), contents)


def _refused(instead: str) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise TypeError(f"objects of this class cannot be made here; {instead}")

    return refuse


def _method(function: Any, owner: Any) -> types.MethodType:
    # Methods are compared by their functions, so that a function with its own `__eq__` would be shown any other.
    if not is_own_function(function):
        raise TypeError("a method is made of one of your own functions")
    return types.MethodType(function, owner)


MethodType = _stand_in(types.MethodType, _method)
# What programs know as the class of `list[int]`, `List[int]` and their kind. The real ones, called, set an attribute of
# any object, or make aliases that are copied by a name of one's choice.
GenericAlias = _stand_in(types.GenericAlias, _refused("write list[int]"))
_TYPING_CLASSES = (typing.TypeVar, typing.TypeVarTuple, typing.ParamSpec)  # which programs can name anyway
_STAND_INS: dict[type, type] = {
    types.MethodType: MethodType,
    # They read any attribute, set any, or keep what they compare with in plain sight.
    type(functools.lru_cache(lambda: None)): _stand_in(
        type(functools.lru_cache(lambda: None)), _refused("use functools.lru_cache")
    ),
    dataclasses.Field: _stand_in(dataclasses.Field, _refused("use dataclasses.field")),
    types.DynamicClassAttribute: _stand_in(types.DynamicClassAttribute, _refused("use property")),
    enum.property: _stand_in(enum.property, _refused("use property")),
    # They take any position in their text, and read memory there. Programs know them as UnicodeError.
    **{
        kind: _stand_in(kind, _refused("raise UnicodeError or ValueError"))
        for kind in (UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError)
    },
}


def kind_of(value: object) -> type:
    """The class of `value`; of a class, `Kind`, whatever its metaclass."""
    kind = type(value)
    if issubclass(kind, types.GenericAlias) or (class_module(kind) == "typing" and kind not in _TYPING_CLASSES):
        return GenericAlias
    if kind in _STAND_INS:
        return _STAND_INS[kind]
    return Kind if issubclass(kind, type) else kind
