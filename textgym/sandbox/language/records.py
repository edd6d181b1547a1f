"""Records: dataclasses and named tuples, whose library writes field names into code that it runs."""

from __future__ import annotations

import collections
import copy as library_copy
import dataclasses
import keyword
import sys
import types
import typing
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, cast

from . import names
from .classes import check_field, keep_plain_patterns, own_subclasses
from .copying import deepcopy
from .own import DATACLASS_MODULE, MODULE, class_dict, defined_in, is_own_class
from .replacements import Opaque
from .stopping import raise_stop


def namedtuple(typename: str, field_names: Any, *, rename: bool = False, defaults: Iterable[Any] | None = None) -> type:
    """collections.namedtuple; the library writes field names into code, so they are checked to be identifiers."""
    if isinstance(field_names, str):
        field_names = names.strip(field_names).replace(",", " ").split()
    rename = bool(rename)
    fields = [_identifier(field) if not rename else _identifier_or_none(field) for field in field_names]
    make: Any = collections.namedtuple
    kind: type = make(_identifier(typename), fields, rename=rename, defaults=defaults, module=MODULE)
    keep_plain_patterns(kind)
    return kind


class _NamedTupleMaker(Opaque):
    """typing.NamedTuple, of text or as a base class."""

    __slots__ = ()

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return types.resolve_bases((typing.NamedTuple,))


def _named_tuple(typename: str, fields: Iterable[tuple[str, Any]] = (), /) -> type:
    fields = [(_identifier(name), kind) for name, kind in fields]
    make: Any = typing.NamedTuple
    made: type = make(_identifier(typename), fields)
    made.__module__ = MODULE
    keep_plain_patterns(made)
    return made


NamedTuple = _NamedTupleMaker(_named_tuple, "NamedTuple")


def _identifier_or_none(text: Any) -> str:
    """A name, or "_", which the library replaces by one with the position."""
    try:
        return _identifier(text)
    except ValueError:
        return "_"


def _identifier(text: Any) -> str:
    plain = names.strip(text) if type(text) is str else ""
    if not plain.isidentifier() or keyword.iskeyword(plain) or unicodedata.normalize("NFKC", plain) != plain:
        raise ValueError(f"{text!r} is not a name: use letters, digits and underscores")  # as the compiler spells them
    if names.is_dunder(text):
        raise ValueError(f"a field cannot be named {text!r}: choose a name without leading underscores")
    if text in names.INTERNALS:
        raise ValueError(f"a field cannot be named {text!r}: frames, code and type internals are out of reach here")
    return str(text)


# Where the library looks for what annotations in text mean, `x: "ClassVar[int]"`: in a module of its own, by name.
_LOOKUP = types.ModuleType(DATACLASS_MODULE)
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
    if getattr(cls, "_is_protocol", False):  # all objects can be its instances, and then patterns read its fields
        raise TypeError("dataclass() cannot decorate a protocol; make a class that implements it")
    options = {name: bool(value) for name, value in options.items()}
    if "__annotations__" in vars(cls):  # what the library reads is what is checked here
        type.__setattr__(cls, "__annotations__", dict(vars(cls)["__annotations__"]))
    doc = class_dict(cls).get("__doc__")
    if type(doc) not in (str, types.NoneType):
        raise TypeError("the docstring of a dataclass must be text")
    descriptors = _settle_defaults(cls)
    # No code of the program runs from here to where the library has read the names.
    for name, value in _annotated(cls):
        _identifier(name)
        if name.startswith("_") and names.MARK not in name and name.strip("_") and name not in names.PUBLIC_PRIVATE:
            raise ValueError(f"a field cannot be named {name!r} here: write the class with a class statement")
        for derived in own_subclasses(cls):
            check_field(derived, name)
        if isinstance(value, dataclasses.Field) and type(value) is not dataclasses.Field:
            raise TypeError(f"the field {name!r} is of a class derived from Field; use field()")
    for base in cls.__mro__[1:]:
        for name, field in base.__dict__.get("__dataclass_fields__", {}).items():
            if type(field) is not dataclasses.Field or field.name != name:
                raise TypeError(f"the inherited field {name!r} was changed")
            _identifier(name)
            check_field(cls, name)
    has_repr = "__repr__" in vars(cls)
    module, cls.__module__ = cls.__module__, _LOOKUP.__name__
    if not doc:  # or the library takes the class's signature for it, and evaluates what a docstring says of it
        cls.__doc__ = "a dataclass"
    try:
        made = dataclasses.dataclass(cls, **options)
    except RuntimeError as error:
        raise_stop(error)
        raise
    finally:
        cls.__module__ = module
    made.__module__ = module
    for name, descriptor in descriptors.items():
        if type(vars(made).get(name)) is not types.MemberDescriptorType:  # of `slots=True`
            type.__setattr__(made, name, descriptor)
    keep_plain_patterns(made)
    own = vars(made)["__dataclass_fields__"]
    own.update((name, library_copy.copy(field)) for name, field in own.items())  # which no other class can rename
    if options.get("repr", True) and any(names.MARK in name for name in own) and not has_repr:
        made.__repr__ = _repr_as_written(made.__repr__)
    if not doc:
        made.__doc__ = f"{cls.__name__}({', '.join(field.name for field in dataclasses.fields(made) if field.init)})"
    return made


def _settle_defaults(cls: type) -> dict[str, Any]:
    """Put into `cls` what the library would ask for: values, and fields that the program holds no other reference to.

    Returns the descriptors among the values, which answer now and not again.
    """
    descriptors, seen, settled = {}, set(), {}
    for name, value in _annotated(cls):
        if isinstance(value, dataclasses.Field):
            if id(value) in seen:
                raise TypeError("one field() is used for two names; write one for each")
            seen.add(id(value))
            value = library_copy.copy(value)
            type.__setattr__(cls, name, value)
        elif hasattr(type(value), "__get__") and type(value) is not types.MemberDescriptorType:
            default = getattr(cls, name, dataclasses.MISSING)
            if isinstance(default, dataclasses.Field):
                raise TypeError(f"the field {name!r} is a descriptor, which cannot give a field()")
            descriptors[name] = value
            value = dataclasses.field(default=default)
            type.__setattr__(cls, name, value)
        settled[name] = value
    if any(value is not settled.get(name) for name, value in _annotated(cls)):
        raise TypeError("a descriptor changed the class while it was asked for a default")
    return descriptors


def _repr_as_written(generated: Callable[[Any], str]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:
        return names.strip(generated(self))

    return __repr__


def _annotated(cls: type) -> list[tuple[str, Any]]:
    """The names that the class body annotates, with the values that it or a base class gives them."""
    own = cls.__dict__
    if "__annotations__" in own:
        annotations = own["__annotations__"]
    elif hasattr(cls, "__annotate__"):  # Python 3.14: made when asked for
        import annotationlib  # type: ignore[import-not-found]

        annotations = annotationlib.get_annotations(cls, format=annotationlib.Format.FORWARDREF)
    else:
        annotations = {}
    return [(name, class_dict(defined_in(cls, name) or cls).get(name)) for name in annotations]


def fields(class_or_instance: Any, /) -> tuple[dataclasses.Field[Any], ...]:
    """dataclasses.fields, with private names as the program writes them, and metadata that no other field shares."""
    return tuple(_as_written(name, field) for name, field in _named_fields(class_or_instance))


def _named_fields(class_or_instance: Any) -> list[tuple[str, dataclasses.Field[Any]]]:
    """The fields by the names that were checked; a field's own word may have changed since."""
    listed = set(map(id, dataclasses.fields(class_or_instance)))
    return [(name, f) for name, f in class_or_instance.__dataclass_fields__.items() if id(f) in listed]


def _as_written(name: str, field: dataclasses.Field[Any]) -> dataclasses.Field[Any]:
    field = library_copy.copy(field)
    field.name = names.strip(name)
    field.metadata = types.MappingProxyType(dict(field.metadata))
    return field


def field(*, metadata: Any = None, **options: Any) -> Any:
    """dataclasses.field; all fields without metadata share one dict in the library."""
    for name in ("init", "repr", "hash", "compare", "kw_only"):
        value = options.get(name)
        if value is not None and value is not dataclasses.MISSING:
            options[name] = bool(value)
    return dataclasses.field(metadata=dict(metadata or {}), **options)


def replace(instance: Any, /, **changes: Any) -> Any:
    """dataclasses.replace"""
    kind: Any = type(instance)
    if not dataclasses.is_dataclass(kind):
        raise TypeError("replace() should be called on dataclass instances")
    library, declared = cast("Any", dataclasses), cast("dict[str, Any]", kind.__dataclass_fields__)
    for name, field in declared.items():
        if field._field_type is library._FIELD_CLASSVAR:
            continue
        if not field.init:
            if name in changes:
                raise ValueError(f"field {names.strip(name)} is declared with init=False, so replace() cannot set it")
        elif name not in changes:
            if field._field_type is library._FIELD_INITVAR and field.default is dataclasses.MISSING:
                raise ValueError(f"InitVar {names.strip(name)!r} must be specified with replace()")
            changes[name] = getattr(instance, name)
    return cast("Any", kind)(**changes)


def asdict(instance: Any, /, *, dict_factory: Callable[[Any], Any] = dict) -> Any:
    """dataclasses.asdict; the library copies values by its own `copy.deepcopy`."""
    return _record(instance, "asdict", lambda fields: dict_factory(list(fields)))


def astuple(instance: Any, /, *, tuple_factory: Callable[[Any], Any] = tuple) -> Any:
    """dataclasses.astuple; likewise."""
    return _record(instance, "astuple", lambda fields: tuple_factory([value for _, value in fields]))


def _record(instance: Any, name: str, make: Callable[[Iterable[tuple[str, Any]]], Any]) -> Any:
    if isinstance(instance, type) or not dataclasses.is_dataclass(type(instance)):
        raise TypeError(f"{name}() should be called on dataclass instances")
    return _plain(instance, make)


def _plain(value: Any, make: Callable[[Iterable[tuple[str, Any]]], Any]) -> Any:
    """`value` with its dataclass instances, at any depth of lists, tuples and dicts, made into what `make` gives."""
    kind: Any = type(value)
    if dataclasses.is_dataclass(kind):
        return make((names.strip(name), _plain(getattr(value, name), make)) for name, _ in _named_fields(kind))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return kind(*[_plain(item, make) for item in value])
    if isinstance(value, list | tuple):
        return kind(_plain(item, make) for item in value)
    if isinstance(value, dict):
        pairs = ((_plain(key, make), _plain(item, make)) for key, item in value.items())
        return kind(value.default_factory, pairs) if isinstance(value, collections.defaultdict) else kind(pairs)
    return deepcopy(value)
