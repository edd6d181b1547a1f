"""What compiled programs call where the object decides, not the name: reading guarded names, and setting attributes.

A program may set attributes of its own objects only: instances of its classes, its classes, its functions. Library
classes are shared by all code of a session; nobody patches them.
"""

from __future__ import annotations

import decimal
import re
import types
import typing
from collections.abc import Callable
from typing import Any

from . import names
from .attributes import Attributes, SimpleNamespace
from .clock import Clock
from .formatting import safe_format, safe_format_map

# What a program's classes, functions and globals say they belong to; and a class while `dataclass` works on it.
MODULE = "__main__"
DATACLASS_MODULE = "textgym_dataclass_annotations"

_class_module: Callable[[type], object] = type.__dict__["__module__"].__get__
_class_dict = type.__dict__["__dict__"].__get__
_super_object: Callable[[Any], Any] = super.__dict__["__self__"].__get__
_missing = object()


def is_own_class(value: object) -> bool:
    """Whether `value` is a class that a program made. Nothing in a program can change what this reads."""
    if not isinstance(value, type):
        return False
    return _class_module(value) in (MODULE, DATACLASS_MODULE)


def defined_in(kind: type, *methods: str) -> type | None:
    """The class that gives `kind` the first of these methods; None if none does."""
    return next((base for base in kind.__mro__ if any(name in _class_dict(base) for name in methods)), None)


def is_own_function(value: object) -> bool:
    """Whether `value` is a function that a program made."""
    return type(value) is types.FunctionType and value.__globals__.get("__name__") == MODULE


def checked_new(function: Any) -> Any:
    """A program's `__new__`, made to give objects of the program: `copy` sets attributes of whatever it gives."""

    def make(cls: type, *args: Any, **keywords: Any) -> Any:
        made = function(cls, *args, **keywords)
        if not is_own_class(type(made)):
            raise TypeError("__new__() must give an object of one of your own classes")
        return made

    return make


def told_name(function: Any) -> Any:
    """A program's `__setattr__` or its like, told attribute names as the program writes them."""

    def method(*args: Any) -> Any:
        return function(*[names.strip(each) if type(each) is str else each for each in args])

    return method


def told_getattr(function: Any) -> Any:
    """A program's `__getattr__`, likewise. It is not asked for dunder names: libraries ask for some of these twice."""

    def method(owner: Any, name: Any) -> Any:
        if type(name) is not str or names.is_dunder(name):
            raise AttributeError(f"{kind_of(owner).__name__!r} object has no attribute {name!r}")
        return function(owner, names.strip(name))

    return method


def is_own(value: object) -> bool:
    """Whether a program may set attributes of `value`."""
    if isinstance(value, type):
        return is_own_class(value)
    kind = type(value)
    if is_own_class(kind) or is_own_function(value):
        return True
    if issubclass(kind, BaseException):
        return not issubclass(kind, UnicodeError)  # whose text is found by numbers that nobody checks
    return kind is decimal.Context or kind is SimpleNamespace


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
    if issubclass(kind, types.GenericAlias) or (_class_module(kind) == "typing" and kind not in _TYPING_CLASSES):
        return GenericAlias
    if kind in _UNICODE_ERRORS:
        return _UNICODE_ERRORS[kind]
    return Kind if issubclass(kind, type) else kind


class Guards:
    """The guards of one interpreter. `own` collects classes seen to be the program's: a fast path for its objects."""

    def __init__(self, clock: Clock) -> None:
        self.own: set[type] = set()
        self._clock = clock

    def write(self, value: Any) -> Any:
        """`value`, if the program may set its attributes. Raises AttributeError if not."""
        if not is_own(value):
            what = f"the class {value.__name__!r}" if isinstance(value, type) else f"a {type(value).__name__!r} object"
            raise AttributeError(
                f"cannot set attributes of {names.strip(what)}: only your own classes and objects change"
            )
        if is_own_class(type(value)):
            self.own.add(type(value))
        return value

    def getattr(self, value: Any, name: str) -> Any:
        """The attribute `name`, one of `names.GUARDED`, of `value`."""
        special = getattr(self, "_get_" + name.strip("_"), None)
        if special is not None:
            return special(value)
        if name in names.SETUP_METHODS:
            return self._setup(value, name)
        found = getattr(value, name)
        return self._harmless(value, name, found)

    def _harmless(self, value: Any, name: str, found: Any) -> Any:
        """`found`, unless it is a library's doing: then a safe stand-in, or AttributeError."""
        kind = type(found)
        if kind in _BUILTIN_METHODS:
            return self._builtin(value, name, found)
        if name == "obj" and isinstance(value, AttributeError):
            raise AttributeError("the attribute 'obj' of an AttributeError is refused")
        function = found.__func__ if kind is types.MethodType else found
        if type(function) is types.FunctionType and not is_own_function(function):
            raise AttributeError(f"the method {name!r} of {kind_of(value).__name__!r} objects is refused")
        return found

    def _builtin(self, value: Any, name: str, found: Any) -> Any:
        """A method written in C: `str.format` and the clocks of datetime have stand-ins; others are refused."""
        bound = type(found) is types.BuiltinMethodType
        owner: Any = found.__self__ if bound else found.__objclass__
        text: Any = owner
        if name == "format" and (owner is str or isinstance(owner, str)):
            return (lambda *a, **k: safe_format(text, a, k)) if bound else (lambda s, *a, **k: safe_format(s, a, k))
        if name == "format_map" and (owner is str or isinstance(owner, str)):
            return (lambda m: safe_format_map(text, m)) if bound else safe_format_map
        if name in {"now", "today", "utcnow"} and isinstance(owner, type):
            return self._clock.reader(owner, name)
        raise AttributeError(f"the method {name!r} of {kind_of(value).__name__!r} objects is refused")

    def _setup(self, value: Any, name: str) -> Any:
        """`__init__` and its kind, of the program's own objects and of plain base classes: `Base.__init__(self)`."""
        owner = _owner(value)
        plain = isinstance(owner, type) and (owner in _PLAIN_BASES or issubclass(owner, BaseException))
        if plain or is_own_class(owner) or is_own_class(type(owner)):
            found = getattr(value, name)
            if name == "__new__":
                return self._own_new(found)
            unbound = name == "__init__" and isinstance(owner, type) and not is_own_function(found)
            return self._own_init(found) if unbound else found
        raise AttributeError(f"{name!r} of {kind_of(owner).__name__!r} objects is refused: call the class instead")

    def _own_new(self, new: Callable[..., Any]) -> Callable[..., Any]:
        """`Base.__new__`, for classes of the program only."""

        def make(cls: type, *args: Any, **keywords: Any) -> Any:
            if not is_own_class(cls):
                raise TypeError("__new__() makes objects of your own classes only")
            return new(cls, *args, **keywords)

        return make

    def _own_init(self, init: Callable[..., None]) -> Callable[..., None]:
        """A library's `Base.__init__`, for objects of the program only: it would make any other anew."""

        def initialize(target: Any, /, *args: Any, **keywords: Any) -> None:
            if not is_own_class(type(target)):
                raise TypeError("__init__() initializes objects of your own classes only")
            init(target, *args, **keywords)

        return initialize

    def _get_class(self, value: Any) -> type:
        return kind_of(value)

    def _get_dict(self, value: Any) -> Any:
        if is_own_class(value):
            return {names.strip(key): item for key, item in _class_dict(value).items() if _is_shown(key)}
        if is_own_class(type(value)) or type(value) is SimpleNamespace:
            return Attributes(object.__getattribute__(value, "__dict__"), _written)
        raise AttributeError(f"'__dict__' of {kind_of(value).__name__!r} objects is refused: only your own have one")

    def _get_name(self, value: Any) -> Any:
        return _as_written(value.__name__)

    def _get_qualname(self, value: Any) -> Any:
        return _as_written(value.__qualname__)

    def _get_members(self, value: Any) -> Any:
        # A copy: a comparison with the library's view of them would hand the dict behind it to the other side.
        return types.MappingProxyType(dict(value.__members__))

    # Likewise, or a library's own: it would be changed for all.

    def _get_groupindex(self, value: Any) -> Any:
        found = self._harmless(value, "groupindex", value.groupindex)
        return types.MappingProxyType(dict(found)) if isinstance(value, re.Pattern) else found

    def _get_field_defaults(self, value: Any) -> Any:
        return dict(value._field_defaults)

    def _get_slots(self, value: Any) -> Any:
        found = value.__slots__
        if isinstance(found, str):
            return _as_written(found)
        if not isinstance(found, tuple | list | dict | set | frozenset):
            raise AttributeError(f"{kind_of(value).__name__!r} object has no attribute '__slots__'")
        return tuple(_as_written(name) for name in found)

    def _get_annotations(self, value: Any) -> dict[str, Any]:
        if not (is_own_class(value) or is_own_function(value)):
            raise AttributeError("'__annotations__' is refused: only your own functions and classes have them")
        return {key: _shown(item) for key, item in value.__annotations__.items()}

    def _get_cause(self, value: Any) -> Any:
        return _visible(value.__cause__)

    def _get_context(self, value: Any) -> Any:
        return _visible(value.__context__)

    def _get_setattr(self, value: Any) -> Callable[..., None]:
        if isinstance(value, type):
            store: Any = value.__setattr__
            return lambda target, name, item: store(self.write(target), _written(name), item)
        owner = _owner(value)
        self.write(owner)
        return lambda name, item: value.__setattr__(_written(name), item)

    def _get_delattr(self, value: Any) -> Callable[..., None]:
        if isinstance(value, type):
            delete: Any = value.__delattr__
            return lambda target, name: delete(self.write(target), _written(name))
        owner = _owner(value)
        self.write(owner)
        return lambda name: value.__delattr__(_written(name))

    # The builtin functions that take attribute names

    def read_dynamic(self, value: Any, name: str, default: Any = _missing, /) -> Any:
        """getattr(value, name[, default]) under the policy for written names."""
        try:
            known = _known(name, names.readable)
            return self.getattr(value, known) if known in names.GUARDED else getattr(value, known)
        except AttributeError:
            if default is _missing:
                raise
            return default

    def has_dynamic(self, value: Any, name: str, /) -> bool:
        """hasattr(value, name): False for names that are refused."""
        try:
            self.read_dynamic(value, name)
        except AttributeError:
            return False
        return True

    def set_dynamic(self, value: Any, name: str, item: Any, /) -> None:
        """setattr(value, name, item)."""
        setattr(self.write(value), _written(name), item)

    def delete_dynamic(self, value: Any, name: str, /) -> None:
        """delattr(value, name)."""
        delattr(self.write(value), _written(name))

    def vars(self, value: Any = _missing, /) -> Any:
        """vars(value) for the program's own objects."""
        if value is _missing:
            raise NameError("vars() without an argument is not available here")
        return self._get_dict(value)


_BUILTIN_METHODS = (types.BuiltinMethodType, types.MethodDescriptorType, types.ClassMethodDescriptorType)
_PLAIN_BASES = frozenset({object, int, float, complex, str, bytes, tuple, list, dict, set, frozenset})


def _owner(value: Any) -> Any:
    """The object that `value` stands for, if it is a `super()`."""
    return _super_object(value) if isinstance(value, super) else value


def _known(name: Any, rule: Callable[[str], str]) -> str:
    if type(name) is not str:
        raise TypeError(f"attribute name must be string, not {type(name).__name__!r}")
    try:
        return rule(name)
    except names.RefusedName as error:
        raise AttributeError(str(error)) from None


def _written(name: Any) -> str:
    return _known(name, names.writable)


def _as_written(name: Any) -> Any:
    return names.strip(name) if type(name) is str else name


def _visible(error: BaseException | None) -> Exception | None:
    """An exception that a program may see: none that only the interpreter knows."""
    return error if isinstance(error, Exception) else None


def _shown(annotation: Any) -> Any:
    """An annotation as a program may see it. typing keeps strings as objects that can evaluate them."""
    return (
        getattr(annotation, "__forward_arg__", annotation) if type(annotation).__name__ == "ForwardRef" else annotation
    )


def dir_names(*values: Any) -> list[str]:
    """dir(value): the names that a program can read."""
    if not values:
        raise NameError("dir() without an argument is not available here")
    return [names.strip(name) for name in dir(values[0]) if _is_readable(name)]


def _is_shown(name: str) -> bool:
    """Whether a name in a class's `__dict__` is the program's: libraries keep notes there (`_member_map_`)."""
    return not name.startswith("_") or names.MARK in name or not name.strip("_")


def _is_readable(name: str) -> bool:
    try:
        return bool(names.readable(name)) and (not name.startswith("_") or names.MARK in name or names.is_dunder(name))
    except names.RefusedName:
        return False
