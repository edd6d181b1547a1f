"""What a program is told of the class of an object, and the classes that stand for those it must not lay hands on."""

from __future__ import annotations

import types
import typing
from typing import Any

from .own import class_module


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


class _AliasKind(type):
    """The class of `GenericAlias`."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, types.GenericAlias)


class GenericAlias(metaclass=_AliasKind):
    """What programs know as the class of `list[int]`, `List[int]` and their kind.

    The real ones, called, set an attribute of any object, or make aliases that are copied by a name of one's choice.
    """

    def __new__(cls, *_: Any) -> Any:
        raise TypeError("write list[int] to make one of these")


GenericAlias.__qualname__, GenericAlias.__module__ = "GenericAlias", "types"
_TYPING_CLASSES = (typing.TypeVar, typing.TypeVarTuple, typing.ParamSpec)  # which programs can name anyway


class _UnicodeErrorKind(type):
    """The class of what programs know as the class of a `UnicodeDecodeError`."""

    def __instancecheck__(cls, value: object) -> bool:
        return type(value).__name__ == cls.__name__


def _stand_in(error: type) -> type:
    def refuse(cls: type, *_: Any) -> Any:
        raise TypeError(f"{error.__name__} cannot be made here; raise UnicodeError or ValueError")

    return _UnicodeErrorKind(error.__name__, (), {"__new__": refuse, "__module__": "builtins"})


# The real ones take any position in their text, and read memory there. Programs know them as UnicodeError.
_UNICODE_ERRORS: dict[type, type] = {
    kind: _stand_in(kind) for kind in (UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError)
}


def kind_of(value: object) -> type:
    """The class of `value`; of a class, `Kind`, whatever its metaclass."""
    kind = type(value)
    if issubclass(kind, types.GenericAlias) or (class_module(kind) == "typing" and kind not in _TYPING_CLASSES):
        return GenericAlias
    if kind in _UNICODE_ERRORS:
        return _UNICODE_ERRORS[kind]
    return Kind if issubclass(kind, type) else kind
