"""What compiled programs call where the object decides, not the name: reading guarded names, and setting attributes."""

from __future__ import annotations

import abc
import datetime
import enum
import functools
import re
import types
from collections.abc import Callable, Container, Iterable
from typing import Any

from . import names
from .attributes import Attributes, SimpleNamespace
from .classes import is_told_name, subclasses
from .clock import Clock
from .formatting import safe_format, safe_format_map
from .keywords import unmarked
from .kinds import kind_of
from .own import class_dict, defined_in, is_own, is_own_class, is_own_function
from .replacements import Opaque

_mro: Callable[[type], tuple[type, ...]] = type.__dict__["__mro__"].__get__
_PLAIN_BASES = frozenset({object, int, float, complex, str, bytes, tuple, list, dict, set, frozenset})
_super_object: Callable[[Any], Any] = super.__dict__["__self__"].__get__
_missing = object()


class Guards:
    """The guards of one interpreter. `own` collects classes seen to be the program's: a fast path for its objects.

    Args:
        clock: what `now` and its kind tell.
        bases: the classes from which a program may derive its own.
    """

    def __init__(self, clock: Clock, bases: Container[type] = ()) -> None:
        self.own: set[type] = set()
        self._clock = clock
        self._bases = bases

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

    def write_class(self, value: Any) -> Any:
        """`value`, if it is a class of the program's, whose methods may be set."""
        if not is_own_class(value):
            raise AttributeError("methods with two underscores are set on your own classes only")
        return value

    def getattr(self, value: Any, name: str) -> Any:
        """The attribute `name`, one of `names.GUARDED`, of `value`."""
        special = getattr(self, "_get_" + name.strip("_"), None)
        if special is not None and name != "mro":
            return special(value)
        if name in names.SETUP_METHODS:
            return self._setup(value, name)
        found = getattr(value, name)
        if name == "mro" and is_own_class(value) and type(found) is types.BuiltinMethodType:
            return Opaque(lambda: list(self._get_mro(value)), "mro")
        if name in names.DESCRIPTOR_METHODS:
            return self._descriptor(value, name, found)
        return self._harmless(value, name, found)

    def _harmless(self, value: Any, name: str, found: Any) -> Any:
        """`found`, unless it is a library's doing: then a safe stand-in, or AttributeError."""
        kind = type(found)
        if kind in _BUILTIN_METHODS:
            return self._builtin(value, name, found)
        owner = _owner(value)
        if name == "obj" and issubclass(owner if isinstance(owner, type) else type(owner), AttributeError):
            raise AttributeError("the attribute 'obj' of an AttributeError is refused")
        function = found.__func__ if kind is types.MethodType else found
        unguarded = kind in _SLOTS and not is_own_class(found.__objclass__)  # under another name, in another class
        if unguarded or (type(function) is types.FunctionType and not is_own_function(function)):
            raise AttributeError(f"the method {name!r} of {kind_of(value).__name__!r} objects is refused")
        return found

    def _builtin(self, value: Any, name: str, found: Any) -> Any:
        """A method written in C: `str.format` and the clocks of datetime have stand-ins; others are refused."""
        bound = type(found) is types.BuiltinMethodType
        owner: Any = found.__self__ if bound else found.__objclass__
        text: Any = owner
        if name == "format" and (owner is str or isinstance(owner, str)):
            read = self.read_dynamic
            return Opaque(
                (lambda *a, **k: safe_format(text, a, k, read))
                if bound
                else lambda s, /, *a, **k: safe_format(s, a, k, read),
                name,
            )
        if name == "format_map" and (owner is str or isinstance(owner, str)):
            read = self.read_dynamic
            return Opaque(
                (lambda m: safe_format_map(text, m, read)) if bound else lambda s, m: safe_format_map(s, m, read), name
            )
        if name in {"now", "today", "utcnow"} and isinstance(owner, type):
            return Opaque(self._clock.reader(owner, name), name)
        if name == "ctime" and issubclass(owner if isinstance(owner, type) else type(owner), datetime.date):
            return Opaque((lambda: _ctime(owner)) if bound else _ctime, name)
        raise AttributeError(f"the method {name!r} of {kind_of(value).__name__!r} objects is refused")

    def _setup(self, value: Any, name: str) -> Any:
        """`__init__` and its kind, of the program's own objects and of plain base classes: `Base.__init__(self)`."""
        owner = _owner(value)
        plain = isinstance(owner, type) and (
            owner in _PLAIN_BASES
            or issubclass(owner, BaseException)
            or (owner in self._bases and name in ("__init__", "__new__"))
        )
        if plain or is_own_class(owner) or is_own_class(type(owner)):
            found = getattr(value, name)
            if name == "__new__":
                return self._own_new(found, owner if isinstance(owner, type) else object)
            if isinstance(owner, type) and name == "__init__" and not is_own_function(found):
                return self._own_init(found, owner)
            function = found.__func__ if type(found) is types.MethodType else None
            # Two methods are equal if their functions are: `==` would show a library's to the other one's.
            if function is None or is_own_function(function):
                return found
            return Opaque(lambda *args, **keywords: found(*args, **unmarked(keywords)), name)
        raise AttributeError(
            f"{name!r} of {kind_of(owner).__name__!r} objects is refused: use super(), or call the class"
        )

    def _descriptor(self, value: Any, name: str, found: Any) -> Any:
        """`super().__set__` and its kind, where that is the program's own; and `function.__get__` of its functions."""
        function = getattr(found, "__func__", found) if type(found) is types.MethodType else found
        if is_own_function(function) or is_told_name(function) or (name == "__get__" and is_own_function(value)):
            return found
        raise AttributeError(f"the method {name!r} of {kind_of(value).__name__!r} objects is refused")

    def _own_new(self, new: Callable[..., Any], base: type) -> Callable[..., Any]:
        """`base.__new__`, for classes of the program only."""

        def make(cls: type, *args: Any, **keywords: Any) -> Any:
            if not (is_own_class(cls) and _derives(cls, base)):
                raise TypeError("__new__() makes objects of your own classes only, and of its own")
            return new(cls, *args, **keywords)

        return make

    def _own_init(self, init: Callable[..., None], base: type) -> Callable[..., None]:
        """A library's `base.__init__`, for objects of the program only: it would make any other anew."""

        def initialize(target: Any, /, *args: Any, **keywords: Any) -> None:
            if not (is_own_class(type(target)) and _derives(type(target), base)):
                raise TypeError("__init__() initializes objects of your own classes only, and of its own")
            init(target, *args, **unmarked(keywords))

        return initialize

    def _get_class(self, value: Any) -> type:
        return kind_of(value)

    def _get_dict(self, value: Any) -> Any:
        if is_own_class(value):
            shown = {key: item for key, item in class_dict(value).items() if _is_shown(key)}
            # Descriptors that read any attribute of what they are made part of: the members of newer enumerations.
            return {
                names.strip(key): getattr(value, key) if isinstance(item, types.DynamicClassAttribute) else item
                for key, item in shown.items()
            }
        if is_own_class(type(value)) or type(value) is SimpleNamespace:
            return Attributes(object.__getattribute__(value, "__dict__"), _written)
        if is_own_function(value):
            return Attributes(value.__dict__, _written)
        raise AttributeError(f"'__dict__' of {kind_of(value).__name__!r} objects is refused: only your own have one")

    def _get_mro(self, value: Any) -> tuple[type, ...]:
        return self._nameable(value, _mro(value) if is_own_class(value) else ())

    def _get_bases(self, value: Any) -> tuple[type, ...]:
        return self._nameable(value, type.__dict__["__bases__"].__get__(value) if is_own_class(value) else ())

    def _get_base(self, value: Any) -> type:
        return (*self._get_bases(value), object)[0]

    def _get_subclasses(self, value: Any) -> Any:
        self._nameable(value, ())
        return Opaque(lambda: [kind for kind in subclasses(value) if is_own_class(kind)], "__subclasses__")

    def _nameable(self, value: Any, kinds: Iterable[type]) -> tuple[type, ...]:
        """Of the ancestors of a class of the program's those that it can name."""
        if not is_own_class(value):
            raise AttributeError("'__mro__', '__bases__' and '__subclasses__' are refused: only your own classes tell")
        return tuple(kind for kind in kinds if is_own_class(kind) or kind in self._bases)

    def _get_call(self, value: Any) -> Any:
        found = value.__call__
        if isinstance(value, type) and defined_in(value, "__call__") is None:  # it is its metaclass's
            return Opaque(lambda *a, **k: value(*a, **k), "__call__")
        library = type(found) is types.MethodType and not is_own_function(found.__func__)
        return Opaque(found, "__call__") if library else found

    def _get_name(self, value: Any) -> Any:
        return _as_written(value.__name__)

    def _get_qualname(self, value: Any) -> Any:
        return _as_written(value.__qualname__)

    def _get_members(self, value: Any) -> Any:
        # A copy: a comparison with the library's view of them would hand the dict behind it to the other side.
        return types.MappingProxyType(dict(value.__members__))

    # Likewise, or a library's own: it would be changed for all. What is put into a partial's keywords, nobody checks.

    def _get_groupindex(self, value: Any) -> Any:
        found = self._harmless(value, "groupindex", value.groupindex)
        return types.MappingProxyType(dict(found)) if isinstance(value, re.Pattern) else found

    def _get_field_defaults(self, value: Any) -> Any:
        return dict(value._field_defaults)

    def _get_value2member_map(self, value: Any) -> Any:
        if isinstance(value, type) and issubclass(value, enum.Enum):
            return types.MappingProxyType(dict(value._value2member_map_))
        raise AttributeError(f"{kind_of(value).__name__!r} object has no attribute '_value2member_map_'")

    def _get_keywords(self, value: Any) -> Any:
        found = self._harmless(value, "keywords", value.keywords)
        return dict(found) if isinstance(_owner(value), functools.partial) and type(found) is dict else found

    def _get_register(self, value: Any) -> Any:
        found = value.register
        if is_own_class(value) and getattr(found, "__func__", None) is abc.ABCMeta.register:
            return Opaque(found, "register")
        return self._harmless(value, "register", found)

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
        return {_as_written(key): _shown(item) for key, item in value.__annotations__.items()}

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
        if type(name) is str and name in names.CLASS_METHODS:
            setattr(self.write_class(value), name, item)
            return
        setattr(self.write(value), _written(name), item)

    def delete_dynamic(self, value: Any, name: str, /) -> None:
        """delattr(value, name)."""
        delattr(self.write(value), _written(name))

    def vars(self, value: Any = _missing, /) -> Any:
        """vars(value) for the program's own objects."""
        if value is _missing:
            raise NameError("vars() without an argument is not available here")
        try:
            return self._get_dict(value)
        except AttributeError:
            reason = "vars() argument must have a __dict__: only your own objects, classes and functions do"
        raise TypeError(reason)


_SLOTS = (types.MemberDescriptorType, types.GetSetDescriptorType)
_BUILTIN_METHODS = (types.BuiltinMethodType, types.MethodDescriptorType, types.ClassMethodDescriptorType)


def _derives(kind: type, base: type) -> bool:
    """Whether `kind` has `base` among its ancestors; what was registered with it has not."""
    return any(each is base for each in _mro(kind))


def _owner(value: Any) -> Any:
    """The object that `value` stands for, if it is a `super()`."""
    return _super_object(value) if isinstance(value, super) else value


def _known(name: Any, rule: Callable[[str], str]) -> str:
    if type(name) is not str:
        raise TypeError(f"attribute name must be string, not {type(name).__name__!r}")
    try:
        return rule(name)
    except names.RefusedName as error:
        reason = str(error)
    raise AttributeError(reason)  # out here, so that the program finds no error of ours behind it


def _ctime(value: Any) -> str:
    """A date can be made of bytes that hold no date, and CPython looks its week day up in no list."""
    if datetime.date.toordinal(value) < 1:
        raise ValueError("year 0 is out of range")
    text: str = type(value).ctime(value)
    return text


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
    return not name.startswith("_") or names.MARK in name or not name.strip("_") or name in names.PUBLIC_PRIVATE


def _is_readable(name: str) -> bool:
    try:
        return bool(names.readable(name)) and (_is_shown(name) or names.is_dunder(name))
    except names.RefusedName:
        return False
