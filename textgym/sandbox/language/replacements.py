"""Parts of the standard library that are written anew or checked first.

They run text as code, change what they are given, or hand a program objects that it must not have.
"""

from __future__ import annotations

import abc
import collections
import dataclasses
import enum
import functools
import keyword
import sys
import types
import typing
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Any

from . import names
from .guards import MODULE, is_own_class, is_own_function
from .stopping import With

# Records


def namedtuple(typename: str, field_names: Any, *, rename: bool = False, defaults: Iterable[Any] | None = None) -> type:
    """collections.namedtuple; the library writes field names into code, so they are checked to be identifiers."""
    if isinstance(field_names, str):
        field_names = field_names.replace(",", " ").split()
    fields = [_identifier(field) if not rename else str(field) for field in field_names]
    make: Any = collections.namedtuple
    kind: type = make(_identifier(typename), fields, rename=rename, defaults=defaults, module=MODULE)
    return kind


def _identifier(text: Any) -> str:
    if type(text) is not str or not names.strip(text).isidentifier() or keyword.iskeyword(text):
        raise ValueError(f"{text!r} is not a name: use letters, digits and underscores")
    return text


# Where the library looks for what annotations in text mean, `x: "ClassVar[int]"`: in a module of its own, by name.
_LOOKUP = types.ModuleType("textgym_dataclass_annotations")
_LOOKUP.__dict__.update(
    typing=typing,
    dataclasses=dataclasses,
    ClassVar=typing.ClassVar,
    InitVar=dataclasses.InitVar,
    KW_ONLY=dataclasses.KW_ONLY,
)
sys.modules[_LOOKUP.__name__] = _LOOKUP


def dataclass(cls: Any = None, /, **options: bool) -> Any:
    """dataclasses.dataclass; the library writes field names into code, so they are checked to be identifiers."""
    if cls is None:
        return lambda kind: dataclass(kind, **options)
    if not is_own_class(cls):
        raise TypeError("dataclass() decorates classes that you define")
    for name, value in _annotated(cls):
        _identifier(name)
        if isinstance(value, dataclasses.Field) and type(value) is not dataclasses.Field:
            raise TypeError(f"the field {name!r} is of a class derived from Field; use field()")
    for base in cls.__mro__[1:]:
        for name, field in base.__dict__.get("__dataclass_fields__", {}).items():
            if type(field) is not dataclasses.Field or field.name != name:
                raise TypeError(f"the inherited field {name!r} was changed")
            _identifier(name)
    module, cls.__module__ = cls.__module__, _LOOKUP.__name__
    try:
        made = dataclasses.dataclass(cls, **options)
    finally:
        cls.__module__ = module
    made.__module__ = module
    return made


def _annotated(cls: type) -> list[tuple[str, Any]]:
    """The names that the class body annotates, with the values that it gives them."""
    own = cls.__dict__
    if "__annotations__" in own:
        annotations = own["__annotations__"]
    elif hasattr(cls, "__annotate__"):  # Python 3.14: made when asked for
        import annotationlib  # type: ignore[import-not-found]

        annotations = annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    else:
        annotations = {}
    return [(name, own.get(name)) for name in annotations]


# Enumerations


class _EnumKind(type(enum.Enum)):  # type: ignore[misc]
    """Members are looked up as usual; `Enum("Name", "a b c")`, which makes classes out of text, is refused."""

    def __call__(cls, *values: Any, **keywords: Any) -> Any:
        if not cls._member_map_ or keywords:
            raise TypeError("enumerations are written as a class here: class Name(Enum): A = 1")
        return super().__call__(*values)


class Enum(enum.Enum, metaclass=_EnumKind):
    """enum.Enum"""


class IntEnum(enum.IntEnum, metaclass=_EnumKind):
    """enum.IntEnum"""


class StrEnum(enum.StrEnum, metaclass=_EnumKind):
    """enum.StrEnum"""


class Flag(enum.Flag, metaclass=_EnumKind):
    """enum.Flag"""


class IntFlag(enum.IntFlag, metaclass=_EnumKind):
    """enum.IntFlag"""


# Functions and classes


def wraps(wrapped: Any, **_: Any) -> Callable[[Any], Any]:
    """functools.wraps for functions of the program: name, docstring and attributes."""

    def decorate(wrapper: Any) -> Any:
        if is_own_function(wrapper):
            for name in ("__name__", "__qualname__", "__doc__"):
                value = getattr(wrapped, name, None)
                if type(value) is str:
                    setattr(wrapper, name, value)
            if is_own_function(wrapped):
                wrapper.__dict__.update(wrapped.__dict__)
        return wrapper

    return decorate


def total_ordering(cls: Any) -> Any:
    """functools.total_ordering for classes of the program."""
    if not is_own_class(cls):
        raise TypeError("total_ordering() decorates classes that you define")
    return functools.total_ordering(cls)


def abstractmethod(function: Any) -> Any:
    """abc.abstractmethod for functions of the program."""
    return abc.abstractmethod(function) if is_own_function(function) else function


def unchanged(value: Any) -> Any:
    """A decorator of typing that says something to type checkers only."""
    return value


def runtime_checkable(cls: Any) -> Any:
    """typing.runtime_checkable for protocols of the program."""
    if not is_own_class(cls):
        raise TypeError("runtime_checkable() decorates protocols that you define")
    return typing.runtime_checkable(cls)


def singledispatch(function: Callable[..., Any]) -> Any:
    """functools.singledispatch; the library evaluates annotations that are text, this one does not."""
    registry: dict[Any, Callable[..., Any]] = {object: function}

    def dispatch(cls: type) -> Callable[..., Any]:
        for kind in (*cls.__mro__, *(kind for kind in registry if issubclass(cls, kind))):
            if kind in registry and kind is not object:
                return registry[kind]
        return function

    def register(cls: Any, implementation: Any = None) -> Any:
        if implementation is None and is_own_function(cls):
            annotated = [kind for name, kind in cls.__annotations__.items() if name != "return"]
            if not annotated or not isinstance(annotated[0], type):
                raise TypeError(
                    "register() needs a class: annotate the first parameter with one, or write register(cls)"
                )
            registry[annotated[0]] = cls
            return cls
        if implementation is None:
            return lambda decorated: register(cls, decorated)
        registry[cls] = implementation
        return implementation

    def call(first: Any, *args: Any, **keywords: Any) -> Any:
        return dispatch(type(first))(first, *args, **keywords)

    return Dispatcher(call, Opaque(register), Opaque(dispatch))


class Opaque:
    """A function of ours as an object that only can be called."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._call(*args, **keywords)


class Dispatcher(Opaque):
    """What `singledispatch` gives: callable, with `register` and `dispatch`."""

    __slots__ = ("dispatch", "register")

    def __init__(self, call: Callable[..., Any], register: Opaque, dispatch: Opaque) -> None:
        super().__init__(call)
        self.register, self.dispatch = register, dispatch


# Context managers


class Manager:
    """A generator as a context manager: contextlib's without the way that it hands a time limit to `__exit__`."""

    __slots__ = ("_generator", "_make")

    def __init__(self, make: Callable[[], Generator[Any, Any, Any]]) -> None:
        self._make = make
        self._generator = make()

    def __init_subclass__(cls, **_: Any) -> None:
        raise TypeError("this class cannot be derived from")

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def decorated(*args: Any, **keywords: Any) -> Any:
            with With(Manager(self._make)):
                return function(*args, **keywords)

        return decorated

    def __enter__(self) -> Any:
        try:
            return next(self._generator)
        except StopIteration:
            raise RuntimeError("generator didn't yield") from None

    def __exit__(self, kind: Any, error: BaseException | None, _: TracebackType | None) -> bool:
        if error is None:
            try:
                next(self._generator)
            except StopIteration:
                return False
            raise RuntimeError("generator didn't stop")
        try:
            self._generator.throw(error)
        except StopIteration as stop:
            return stop is not error
        except RuntimeError as raised:
            if raised is error or (isinstance(error, StopIteration) and raised.__cause__ is error):
                return False
            raise
        except Exception as raised:
            if raised is not error:
                raise
            return False
        raise RuntimeError("generator didn't stop after throw()")


def contextmanager(function: Callable[..., Generator[Any, Any, Any]]) -> Callable[..., Manager]:
    """contextlib.contextmanager."""

    def make(*args: Any, **keywords: Any) -> Manager:
        return Manager(lambda: function(*args, **keywords))

    return make
