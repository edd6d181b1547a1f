"""Parts of the standard library that are written anew or checked first.

They run text as code, change what they are given, or hand a program objects that it must not have.
"""

from __future__ import annotations

import abc
import enum
import functools
import types
import typing
from collections.abc import Callable, Generator, Iterable
from types import TracebackType
from typing import Any, cast

from .kinds import Kind
from .own import is_own_class, is_own_function
from .stopping import With

# Enumerations


class _EnumKind(type(enum.Enum)):  # type: ignore[misc]
    """Members are looked up as usual; `Enum("Name", "a b c")`, which makes classes out of text, is refused."""

    def __call__(cls, *values: Any, **keywords: Any) -> Any:
        if not cls._member_names_ or keywords or len(values) != 1:
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
    """functools.wraps for functions and objects of the program: name, docstring, annotations and attributes."""
    return lambda wrapper: update_wrapper(wrapper, wrapped)


def update_wrapper(wrapper: Any, wrapped: Any, **_: Any) -> Any:
    """functools.update_wrapper, likewise."""
    if is_own_function(wrapper):
        named_like(wrapper, wrapped)
        if is_own_function(wrapped):
            wrapper.__annotations__ = dict(wrapped.__annotations__)
            wrapper.__dict__.update(wrapped.__dict__)
    elif is_own_class(type(wrapper)):
        named_like(wrapper, wrapped)
        if is_own_function(wrapped) and hasattr(wrapper, "__dict__"):
            object.__getattribute__(wrapper, "__dict__").update(wrapped.__dict__)
    return wrapper


def named_like(function: Any, other: Any) -> Any:
    """`function`, with the name and the docstring of `other`."""
    for name in ("__name__", "__qualname__", "__doc__"):
        value = getattr(other, name, None)
        if type(value) is str:
            setattr(function, name, value)
    return function


class cached_property:
    """functools.cached_property, whose name nobody can change: it is a key of the object's `__dict__`."""

    def __init_subclass__(cls, **_: Any) -> None:
        raise TypeError("cached_property is used as it is; write a descriptor of your own instead")

    def __init__(self, func: Callable[[Any], Any]) -> None:
        self.func = func
        self._name: str | None = None
        self.__doc__ = getattr(func, "__doc__", None)

    def __set_name__(self, owner: type, name: str) -> None:
        if self._name is None:
            self._name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        if instance is None:
            return self
        if isinstance(instance, type):  # a classmethod of it, before Python 3.13: it would show what is in the class
            raise TypeError("a cached_property belongs to objects, not to classes")
        if self._name is None:
            raise TypeError("a cached_property must be defined in a class body")
        try:
            store = instance.__dict__
        except AttributeError:
            raise TypeError(f"no '__dict__' on {type(instance).__name__!r} objects to cache a value in") from None
        if self._name not in store:
            store[self._name] = self.func(instance)
        return store[self._name]


def lru_cache(maxsize: Any = 128, typed: bool = False) -> Any:
    """functools.lru_cache, without what a class that is cached has in its `__dict__`."""
    if not isinstance(maxsize, int) and callable(maxsize):
        return _cached(maxsize, 128, typed)
    return lambda function: _cached(function, maxsize, typed)


def cache(function: Callable[..., Any], /) -> Any:
    """functools.cache; likewise."""
    return _cached(function, None, False)


class _Kinds:
    """The classes of some values, compared with nothing else: the library's cache has them beside the values."""

    __slots__ = ("_kinds",)

    def __init__(self, values: Iterable[Any]) -> None:
        self._kinds = tuple(map(type, values))

    def __eq__(self, other: object) -> bool:
        return type(other) is _Kinds and self._kinds == other._kinds

    def __hash__(self) -> int:
        return hash(self._kinds)


def _cached_by_type(function: Callable[..., Any], maxsize: int | None) -> Any:
    """`lru_cache(maxsize, typed=True)`."""
    cached = _cached(lambda _, *args, **keywords: function(*args, **keywords), maxsize, False)

    def call(*args: Any, **keywords: Any) -> Any:
        return cached(_Kinds((*args, *keywords.values())), *args, **keywords)

    made: Any = named_like(call, function)
    made.cache_info, made.cache_clear = cached.cache_info, cached.cache_clear
    made.cache_parameters = lambda: {"maxsize": maxsize, "typed": True}
    return made


def _cached(function: Callable[..., Any], maxsize: int | None, typed: bool) -> Any:
    if typed:
        return _cached_by_type(function, maxsize)
    made: Any = functools.lru_cache(maxsize)(function)
    if not is_own_function(function):
        for name in vars(made).keys() - {"__name__", "__qualname__", "__doc__", "__wrapped__", "cache_parameters"}:
            del vars(made)[name]
    return made


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


class Annotated:
    """typing.Annotated, without its notes: the library's, called, sets an attribute of what its first item gives."""

    def __new__(cls) -> Any:
        raise TypeError("write Annotated[int, ...]")

    def __class_getitem__(cls, items: Any) -> Any:
        if type(items) is not tuple or len(items) < 2:
            raise TypeError("Annotated[...] should be used with at least two arguments (a type and an annotation)")
        return items[0]


class NewType:
    """typing.NewType; the library's is copied by its name, whatever that is."""

    __slots__ = ("__name__", "__supertype__")

    def __init__(self, name: str, tp: Any) -> None:
        if type(name) is not str:
            raise TypeError("the name of a NewType must be text")
        self.__name__ = name
        self.__supertype__ = tp

    def __call__(self, value: Any, /) -> Any:
        return value

    def __or__(self, other: Any) -> Any:
        return typing.Union[self, other]  # noqa: UP007

    def __ror__(self, other: Any) -> Any:
        return typing.Union[other, self]  # noqa: UP007

    def __repr__(self) -> str:
        return f"__main__.{self.__name__}"


def singledispatch(function: Callable[..., Any]) -> Any:
    """functools.singledispatch; the library evaluates annotations that are text, this one does not."""
    registry: dict[Any, Callable[..., Any]] = {object: function}

    def dispatch(cls: type) -> Callable[..., Any]:
        for kind in cls.__mro__:
            if kind in registry and kind is not object:
                return registry[kind]
        found: type = object
        for kind in registry:  # an abstract class; of several, the narrowest
            if issubclass(cls, kind) and issubclass(kind, found):
                found = kind
        return registry[found]

    def register(cls: Any, implementation: Any = None) -> Any:
        if implementation is None and is_own_function(cls):
            annotated = [_named(kind, cls) for name, kind in cls.__annotations__.items() if name != "return"]
            if not annotated or not (isinstance(annotated[0], type) or _is_union(annotated[0])):
                raise TypeError(
                    "register() needs a class: annotate the first parameter with one, or write register(cls)"
                )
            return register(annotated[0], cls)
        if implementation is None:
            return lambda decorated: register(cls, decorated)
        kinds = typing.get_args(cls) if _is_union(cls) else (type if cls is Kind else cls,)
        # Anything else would be compared with the real classes, and keep them.
        if not all(isinstance(kind, type) for kind in kinds):
            raise TypeError("register() needs a class")
        for kind in kinds:
            registry[kind] = implementation
        return implementation

    def call(first: Any, /, *args: Any, **keywords: Any) -> Any:
        return dispatch(type(first))(first, *args, **keywords)

    def dispatch_class(cls: Any) -> Callable[..., Any]:
        if not isinstance(cls, type):
            raise TypeError("dispatch() needs a class")
        return dispatch(type if cls is Kind else cls)

    return Dispatcher(named_like(call, function), Opaque(register), Opaque(dispatch_class, "dispatch"))


def _is_union(kind: Any) -> bool:
    return isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union


def _named(annotation: Any, function: Any) -> Any:
    """What an annotation of one name means that is kept as text, as under `from __future__ import annotations`."""
    if type(annotation) is not str:
        return annotation
    known = function.__globals__
    if annotation in known or annotation.startswith("_"):
        return known.get(annotation)
    return known["__builtins__"].get(annotation)


class Opaque:
    """Calls a function of ours."""

    __slots__ = ("__name__", "_call")

    def __init__(self, call: Callable[..., Any], name: str | None = None) -> None:
        self._call = call
        self.__name__ = call.__name__ if name is None else name

    def __call__(self, /, *args: Any, **keywords: Any) -> Any:
        return self._call(*args, **keywords)

    def __repr__(self) -> str:
        return f"<built-in function {self.__name__}>"


# What programs read of it: `type(print)`, and errors about it.
Opaque.__module__, Opaque.__qualname__ = "builtins", "builtin_function_or_method"
Opaque.__name__ = "builtin_function_or_method"


class Dispatcher(Opaque):
    """What `singledispatch` gives: callable, with `register` and `dispatch`."""

    __slots__ = ("dispatch", "register")

    def __init__(self, call: Callable[..., Any], register: Opaque, dispatch: Opaque) -> None:
        super().__init__(call)
        self.register, self.dispatch = register, dispatch


Dispatcher.__name__ = Dispatcher.__qualname__ = "function"
Dispatcher.__module__ = "builtins"


class singledispatchmethod:
    """functools.singledispatchmethod, on `singledispatch`."""

    def __init_subclass__(cls, **_: Any) -> None:
        raise TypeError("singledispatchmethod is used as it is")

    def __init__(self, func: Callable[..., Any]) -> None:
        self._dispatcher = singledispatch(func)
        self.register = self._dispatcher.register

    def __get__(self, instance: Any, owner: type | None = None) -> Opaque:
        def call(first: Any, /, *args: Any, **keywords: Any) -> Any:
            method = self._dispatcher.dispatch(type(first))
            return method.__get__(instance, owner)(first, *args, **keywords)

        return Opaque(call, self._dispatcher.__name__)


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

        return cast("Callable[..., Any]", named_like(decorated, function))

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


Manager.__name__ = Manager.__qualname__ = "_GeneratorContextManager"
Manager.__module__ = "contextlib"


def contextmanager(function: Callable[..., Generator[Any, Any, Any]]) -> Callable[..., Manager]:
    """contextlib.contextmanager."""

    def make(*args: Any, **keywords: Any) -> Manager:
        return Manager(lambda: function(*args, **keywords))

    return cast("Callable[..., Manager]", named_like(make, function))
