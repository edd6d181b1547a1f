"""Classes of programs: what they derive from, and what patterns and comparisons may read of their objects."""

from __future__ import annotations

import builtins
import types
import typing
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import takewhile
from typing import Any

from . import names
from .kinds import kind_of
from .own import class_dict, is_own_class
from .replacements import Opaque
from .stopping import raise_stop

subclasses: Callable[[type], list[type]] = type.__dict__["__subclasses__"]


class Bases(set[type]):
    """The classes that a program may derive from: those of `shared`, and what is added.

    A set of them all would write a reference count into each, which is a page of memory each in a forked process.
    """

    def __init__(self, *shared: Container[type]) -> None:
        super().__init__()
        self._shared = shared

    def __contains__(self, kind: object) -> bool:
        return super().__contains__(kind) or any(kind in classes for classes in self._shared)


def build_class(bases: Container[type]) -> Callable[..., type]:
    """`__build_class__` for programs: a class is derived from their own and from `bases`.

    What else they can lay hands on, by `type(x)`, has a life of its own: some forward every attribute to another
    object (`type(list[int])`, `super`), and a guard that reads `__dict__` would be given that object's.
    """

    def build(body: Any, name: str, /, *given: Any, **keywords: Any) -> type:
        if not all(map(_has_bases, given)):
            raise TypeError("a class is derived from classes, not from an object of one")
        for base in types.resolve_bases(given):
            if isinstance(base, type) and not (is_own_class(base) or base in bases):
                raise TypeError(f"a class cannot be derived from {names.strip(base.__name__)!r} here")
        # Before the class is there: `__init_subclass__` and `__set_name__` see it while it is made.
        _check_fields([base for base in types.resolve_bases(given) if isinstance(base, type)])
        try:
            made: type = builtins.__build_class__(body, names.strip(name), *given, **keywords)
        except RuntimeError as error:
            raise_stop(error)
            raise
        if isinstance(made, type):
            if names.MARK in made.__qualname__:
                type.__setattr__(made, "__qualname__", names.strip(made.__qualname__))
            keep_plain_patterns(made)
        return made

    return build


def _has_bases(base: object) -> bool:
    """Whether `base` is a class, or an object of which it is known what classes it stands for.

    Others would be asked for their `__mro_entries__` twice, and might answer differently.
    """
    kind = type(base)
    if issubclass(kind, type | types.GenericAlias) or base is typing.TypedDict:
        return True
    return isinstance(base, Opaque) or (kind.__module__ == "typing" and not is_own_class(kind))


def _check_fields(bases: list[type]) -> None:
    """`check_field` for a class that would be derived from `bases`."""
    ancestors = [kind for base in bases for kind in base.__mro__]
    fields = {field for kind in ancestors for field in class_dict(kind).get("__dataclass_fields__", ())}
    for field in fields:
        _check_name(ancestors, field)


def check_field(cls: type, name: str) -> None:
    """Raise ValueError where the dataclass field `name` of `cls` may turn out to be a library's method.

    Comparisons, `replace` and `asdict` read fields without the guard of names like `format`.
    """
    _check_name(cls.__mro__, name)


def _check_name(ancestors: Sequence[type], name: str) -> None:
    if name in names.GUARDED and any(name in class_dict(kind) for kind in ancestors if not is_own_class(kind)):
        raise ValueError(f"a field cannot be named {name!r}: a base class has a method of that name; choose another")


def keep_plain_patterns(cls: type) -> None:
    """Let `case C(x, y)` read plain names only: objects of any class can be made to match some classes."""
    listed = vars(cls).get("__match_args__")
    if listed is not None:
        kept = tuple(takewhile(_is_plain, listed))
        if kept != listed:
            type.__setattr__(cls, "__match_args__", kept)


def _is_plain(name: object) -> bool:
    if type(name) is not str or name in names.GUARDED or name in names.INTERNALS or names.is_dunder(name):
        return False
    return not name.startswith("_") or names.MARK in name or name in names.PUBLIC_PRIVATE


def own_subclasses(cls: type) -> Iterator[type]:
    """`cls` and the program's classes derived from it, however far."""
    yield cls
    for derived in subclasses(cls):
        yield from own_subclasses(derived)


_UNCHANGING = (types.NoneType, bool, int, float, complex, str, bytes, tuple, frozenset)


def checked_new(function: Any) -> Any:
    """A program's `__new__`, made to give objects of the program: `copy` sets attributes of whatever it gives."""

    def make(cls: type, *args: Any, **keywords: Any) -> Any:
        made = function(cls, *args, **keywords)
        if not is_own_class(type(made)) and type(made) not in _UNCHANGING:
            raise TypeError("__new__() must give an object of one of your own classes, or a plain value")
        return made

    return make


def called(name: str) -> Callable[[Any], Any]:
    """Decorates a function `__f` of a class C, which is compiled as `_C__f`."""

    def decorate(function: Any) -> Any:
        function.__qualname__ = function.__qualname__[: -len(function.__name__)] + name
        function.__name__ = name
        return function

    return decorate


def is_told_name(function: Any) -> bool:
    """Whether `told_name` made it."""
    return type(function) is types.FunctionType and function.__code__ is _TOLD


def told_name(function: Any) -> Any:
    """A program's `__setattr__` or its like, told attribute names as the program writes them."""

    def method(*args: Any) -> Any:
        return function(*[names.strip(each) if type(each) is str else each for each in args])

    return method


_TOLD: types.CodeType = told_name(None).__code__


def told_getattr(function: Any) -> Any:
    """A program's `__getattr__`, likewise. It is not asked for dunder names: libraries ask for some of these twice."""

    def method(owner: Any, name: Any) -> Any:
        if type(name) is not str or names.is_dunder(name):
            raise AttributeError(f"{kind_of(owner).__name__!r} object has no attribute {name!r}")
        return function(owner, names.strip(name))

    return method
