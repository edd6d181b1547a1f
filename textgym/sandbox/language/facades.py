"""What `import` gives: read-only objects with the listed names of a module, never the module.

Modules of the standard library hold other modules (`statistics.sys`), open files (`json.codecs.open`) and evaluate text
(`typing.get_type_hints`). A facade has the names of the table below and nothing else.
"""

from __future__ import annotations

import abc
import base64
import bisect
import calendar
import cmath
import collections
import collections.abc
import contextlib
import csv
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import hashlib
import heapq
import io
import itertools
import json
import math
import numbers
import operator
import pprint
import random
import re
import statistics
import string
import struct
import sys
import textwrap
import types
import typing
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import copying, names, queues, records, replacements
from .attributes import SimpleNamespace
from .clock import Clock
from .guards import Kind


class Facade:
    """A module as programs see it. Made by `facade`; read-only."""

    def __new__(cls, *_: Any, **__: Any) -> Facade:
        raise TypeError("modules are imported, not made")

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("modules are read-only here")

    def __delattr__(self, name: str) -> None:
        raise AttributeError("modules are read-only here")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("modules cannot be copied")

    def __setstate__(self, state: Any) -> None:
        raise TypeError("modules are read-only here")

    def __repr__(self) -> str:
        return f"<module {self.__dict__.get('__name__')!r}>"


Facade.__name__ = Facade.__qualname__ = "module"
Facade.__module__ = "builtins"


def facade(name: str, contents: Mapping[str, Any]) -> Facade:
    """A facade of the module `name` with `contents`."""
    for value in contents.values():  # what is ours looks like the library's
        if isinstance(value, type | types.FunctionType) and value.__module__.startswith("textgym."):
            value.__module__ = name
    made: Facade = object.__new__(Facade)
    made.__dict__.update(contents, __name__=name)
    return made


def public_names(module: Facade) -> list[str]:
    """The names that `from module import *` binds."""
    return [name for name in module.__dict__ if not name.startswith("_")]


def _take(module: Any, listed: str, **replaced: Any) -> dict[str, Any]:
    """The listed names of a module, as far as this Python has them, and replacements."""
    return {name: getattr(module, name) for name in listed.split() if hasattr(module, name)} | replaced


_TYPING = """
    Any Callable ClassVar Concatenate Final Generic Literal LiteralString Never NoReturn NotRequired Optional
    ParamSpec Protocol Required Self Tuple TypeAlias TypeGuard TypeVar TypeVarTuple Union Unpack
    AbstractSet Collection Container Hashable ItemsView Iterable Iterator KeysView Mapping MappingView
    MutableMapping MutableSequence MutableSet Sequence Sized ValuesView Reversible SupportsAbs SupportsFloat
    SupportsIndex SupportsInt SupportsRound ChainMap Counter DefaultDict Deque Dict FrozenSet List OrderedDict
    Awaitable Coroutine AsyncIterable AsyncIterator AsyncGenerator ContextManager AsyncContextManager
    Set Generator TypedDict AnyStr Text Pattern Match IO TextIO BinaryIO cast TYPE_CHECKING
    assert_never assert_type reveal_type get_args get_origin
"""

_ABC = """
    Callable Collection Container Generator Hashable ItemsView Iterable Iterator KeysView Mapping MappingView
    MutableMapping MutableSequence MutableSet Reversible Sequence Set Sized ValuesView
"""

_RANDOM = """
    random randint randrange choice choices sample shuffle uniform gauss normalvariate expovariate betavariate
    triangular seed getrandbits getstate setstate lognormvariate vonmisesvariate gammavariate paretovariate
    weibullvariate randbytes binomialvariate
"""


_OPERATOR = """
    abs add and_ concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat ifloordiv
    ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter itruediv
    ixor le length_hint lshift lt matmul mod mul ne neg not_ or_ pos pow rshift setitem sub truediv truth xor
"""


def _shared() -> dict[str, Facade]:
    """The facades that all interpreters share: nothing in them can be changed."""
    contents: dict[str, dict[str, Any]] = {
        "math": {name: value for name, value in vars(math).items() if not name.startswith("_")},
        "cmath": {name: value for name, value in vars(cmath).items() if not name.startswith("_")},
        "itertools": {name: value for name, value in vars(itertools).items() if not name.startswith("_")},
        "statistics": _take(statistics, " ".join(statistics.__all__)),
        "fractions": _take(fractions, "Fraction"),
        "numbers": _take(numbers, "Number Complex Real Rational Integral"),
        # Without the context objects that all share: BasicContext, DefaultContext, ExtendedContext.
        "decimal": {
            name: value
            for name, value in vars(decimal).items()
            if name[0] in "CDFHIMORSUZ" and not isinstance(value, decimal.Context)
        }
        | _take(decimal, "getcontext localcontext"),
        "functools": _take(
            functools,
            "reduce partial cmp_to_key",
            lru_cache=replacements.lru_cache,
            cache=replacements.cache,
            cached_property=replacements.cached_property,
            wraps=replacements.wraps,
            total_ordering=replacements.total_ordering,
            singledispatch=replacements.singledispatch,
        ),
        "collections.abc": _take(collections.abc, _ABC),
        "heapq": _take(heapq, "heappush heappop heapify heapreplace heappushpop merge nlargest nsmallest"),
        "bisect": _take(bisect, "bisect bisect_left bisect_right insort insort_left insort_right"),
        "string": _take(
            string,
            "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation "
            "whitespace Template",
        ),
        "json": _take(json, "dump dumps load loads JSONDecodeError JSONDecoder JSONEncoder"),
        "textwrap": _take(textwrap, "dedent fill indent shorten wrap TextWrapper"),
        "copy": _take(copying, "copy deepcopy"),
        "re": _take(
            re,
            "A ASCII I IGNORECASE M MULTILINE S DOTALL U UNICODE X VERBOSE L LOCALE NOFLAG Match Pattern compile error "
            "escape findall finditer fullmatch match search split sub subn",
        ),
        "datetime": _take(datetime, "MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo"),
        "calendar": _take(
            calendar, "day_abbr day_name isleap leapdays month month_abbr month_name monthrange timegm weekday"
        ),
        "typing": _take(
            typing,
            _TYPING,
            Type=Kind,
            Annotated=replacements.Annotated,
            NamedTuple=records.NamedTuple,
            NewType=replacements.NewType,
            final=replacements.unchanged,
            overload=replacements.unchanged,
            override=replacements.unchanged,
            no_type_check=replacements.unchanged,
            runtime_checkable=replacements.runtime_checkable,
        ),
        "dataclasses": _take(
            dataclasses,
            "FrozenInstanceError InitVar KW_ONLY MISSING is_dataclass",
            replace=records.replace,
            field=records.field,
            fields=records.fields,
            asdict=records.asdict,
            astuple=records.astuple,
            dataclass=records.dataclass,
        ),
        "enum": _take(
            enum,
            "auto unique member nonmember verify CONTINUOUS NAMED_FLAGS UNIQUE KEEP STRICT CONFORM EJECT",
            Enum=replacements.Enum,
            IntEnum=replacements.IntEnum,
            StrEnum=replacements.StrEnum,
            Flag=replacements.Flag,
            IntFlag=replacements.IntFlag,
        ),
        "contextlib": _take(contextlib, "suppress nullcontext closing", contextmanager=replacements.contextmanager),
        "hashlib": _take(hashlib, "blake2b blake2s md5 sha1 sha224 sha256 sha384 sha3_256 sha3_512 sha512"),
        "io": _take(io, "BytesIO StringIO"),
        "types": {"SimpleNamespace": SimpleNamespace, "MappingProxyType": types.MappingProxyType},
        "csv": _take(
            csv,
            "reader writer DictReader DictWriter Dialect excel excel_tab unix_dialect Error "
            "QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC",
        ),
        "base64": _take(base64, "b64encode b64decode b32encode b32decode b16encode b16decode b85encode b85decode"),
        "struct": _take(struct, "pack unpack calcsize iter_unpack error"),
        "unicodedata": _take(
            unicodedata, "name lookup category normalize numeric decimal digit bidirectional combining"
        ),
        "queue": _take(queues, "Queue LifoQueue PriorityQueue SimpleQueue Empty Full"),
        "__future__": {},
    }
    contents["abc"] = _take(abc, "ABC", abstractmethod=replacements.abstractmethod, ABCMeta=Kind)
    made = {name: facade(name, values) for name, values in contents.items()}
    made["collections"] = facade(
        "collections",
        _take(
            collections,
            "ChainMap Counter OrderedDict UserDict UserList defaultdict deque",
            namedtuple=records.namedtuple,
            abc=made["collections.abc"],
        ),
    )
    return made


SHARED = _shared()


def random_facade(seed: int) -> Facade:
    """The module random, started from `seed`. Generators that are not seeded start from `seed` too, each elsewhere."""
    made = 0

    class Random(random.Random):
        """random.Random"""

        def seed(self, a: Any = None, version: int = 2) -> None:
            nonlocal made
            if a is None:
                made += 1
                a = f"textgym {seed} {made}"
            super().seed(a, version)

    Random.__qualname__ = "Random"
    generator = Random(seed)
    return facade("random", _take(generator, _RANDOM, Random=Random))


def time_facade(clock: Clock) -> Facade:
    """The module time on `clock`."""
    functions: dict[str, Callable[..., Any]] = {
        "time": clock.time,
        "time_ns": clock.time_ns,
        "perf_counter": clock.perf_counter,
        "perf_counter_ns": clock.perf_counter_ns,
        "monotonic": clock.perf_counter,
        "process_time": clock.perf_counter,
        "sleep": clock.sleep,
    }
    return facade("time", {name: replacements.Opaque(function, name) for name, function in functions.items()})


def pprint_facade(write: Callable[[str], object]) -> Facade:
    """The module pprint; what has no stream goes to `write`."""

    def pformat(value: Any, *layout: Any, **options: Any) -> str:
        """pprint.pformat"""
        return names.strip(pprint.pformat(value, *layout, **options))

    def show(value: Any, stream: Any = None, *layout: Any, **options: Any) -> None:
        """pprint.pprint"""
        text = pformat(value, *layout, **options) + "\n"
        if stream is None:
            write(text)
        else:
            stream.write(text)

    def pp(value: Any, *layout: Any, sort_dicts: bool = False, **options: Any) -> None:
        """pprint.pp"""
        show(value, *layout, sort_dicts=sort_dicts, **options)

    functions: dict[str, Callable[..., Any]] = {"pformat": pformat, "pprint": show, "pp": pp}
    return facade("pprint", {name: replacements.Opaque(function, name) for name, function in functions.items()})


def traceback_facade(render: Callable[[BaseException], str], write: Callable[[str], object]) -> Facade:
    """The functions of traceback that give text, as `render` tells errors; what has no file goes to `write`."""

    def format_exception(error: Any, value: Any = None, tb: Any = None, **_: Any) -> list[str]:
        """traceback.format_exception, of an exception or as before Python 3.10 of a class, an exception, a traceback"""
        error = error if value is None else value
        if not isinstance(error, BaseException):
            raise TypeError(f"an exception is expected, not {type(error).__name__!r}")
        return (render(error) + "\n").splitlines(keepends=True)

    def format_exc(**_: Any) -> str:
        """traceback.format_exc"""
        error = sys.exception()
        return "NoneType: None\n" if error is None else "".join(format_exception(error))

    def put(text: str, file: Any) -> None:
        if file is None:
            write(text)
        else:
            file.write(text)

    def print_exc(*, file: Any = None, **_: Any) -> None:
        """traceback.print_exc"""
        put(format_exc(), file)

    def print_exception(error: Any, value: Any = None, tb: Any = None, *, file: Any = None, **_: Any) -> None:
        """traceback.print_exception"""
        put("".join(format_exception(error, value)), file)

    def format_exception_only(error: Any, value: Any = None) -> list[str]:
        """traceback.format_exception_only"""
        return format_exception(error, value)[-1:]

    functions: tuple[Callable[..., Any], ...] = (
        format_exception, format_exception_only, format_exc, print_exc, print_exception,
    )  # fmt: skip
    return facade("traceback", {function.__name__: replacements.Opaque(function) for function in functions})


def operator_facade(read: Callable[[Any, str], Any]) -> Facade:
    """The module operator; `attrgetter` and `methodcaller` take names, so they read attributes by `read`."""

    def attrgetter(*paths: str) -> Callable[[Any], Any]:
        """operator.attrgetter"""
        if not paths:
            raise TypeError("attrgetter expected at least 1 argument, got 0")

        def get(value: Any) -> Any:
            found = tuple(functools.reduce(read, path.split("."), value) for path in paths)
            return found if len(found) > 1 else found[0]

        return replacements.Opaque(get, "attrgetter")

    def methodcaller(name: str, /, *args: Any, **keywords: Any) -> Callable[[Any], Any]:
        """operator.methodcaller"""
        return replacements.Opaque(lambda value: read(value, name)(*args, **keywords), "methodcaller")

    named = {"attrgetter": attrgetter, "methodcaller": methodcaller}
    return facade(
        "operator",
        _take(operator, _OPERATOR) | {name: replacements.Opaque(function, name) for name, function in named.items()},
    )


def _classes(value: Any) -> Iterable[type]:
    """What one derives from who derives from `value`: most often itself; `typing.NamedTuple` is a function."""
    with contextlib.suppress(TypeError):
        for base in types.resolve_bases((value,)):
            if isinstance(base, type):
                yield base


KNOWN_CLASSES = frozenset(
    kind
    for module in SHARED.values()
    for value in vars(module).values()
    if not isinstance(value, str)
    for kind in _classes(value)
) - {types.MappingProxyType, dataclasses.InitVar, replacements.NewType, replacements.Annotated}
"""The classes of these modules, from which a program may derive its own."""


class Importer:
    """`import` for one interpreter.

    Args:
        builders: make the facades that belong to it, when they are first imported.
        classes: gets the classes in those.
    """

    def __init__(self, builders: Mapping[str, Callable[[], Facade]], classes: set[type]) -> None:
        self._builders, self._classes = builders, classes
        self._made: dict[str, Facade] = {}

    def available(self) -> list[str]:
        """The names of all modules, sorted."""
        return sorted((SHARED.keys() | self._builders.keys()) - {"__future__"})

    def module(self, name: str) -> Facade:
        """The facade of the module `name`. Raises ModuleNotFoundError with what there is."""
        if name in SHARED:
            return SHARED[name]
        if name in self._made:
            return self._made[name]
        if name in self._builders:
            made = self._made[name] = self._builders[name]()
            self._classes.update(value for value in vars(made).values() if isinstance(value, type))
            return made
        raise ModuleNotFoundError(f"no module {name!r} here; available: {', '.join(self.available())}", name=name)

    def member(self, module: str, name: str) -> Any:
        """`from module import name`."""
        found = self.module(module)
        try:
            return found.__dict__[name]
        except KeyError:
            known = ", ".join(public_names(found))
            raise ImportError(f"cannot import {name!r} from {module!r} here; it has: {known}", name=module) from None

    def exports(self, module: str) -> Iterable[str]:
        """The names that `from module import *` binds; none if there is no such module, which the import then says."""
        try:
            return public_names(self.module(module))
        except ModuleNotFoundError:
            return ()
