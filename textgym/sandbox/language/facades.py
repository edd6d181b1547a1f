"""What `import` gives: read-only objects with the listed names of a module, never the module.

Modules of the standard library hold other modules (`statistics.sys`), open files (`json.codecs.open`) and evaluate text
(`typing.get_type_hints`). A facade has the names of the table below and nothing else.
"""

from __future__ import annotations

import bisect
import calendar
import cmath
import collections
import collections.abc
import contextlib
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
import random
import re
import statistics
import string
import textwrap
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import copying, records, replacements
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
    ParamSpec Protocol Required Self Tuple TypeAlias TypeGuard TypeVar TypeVarTuple Union Unpack Annotated
    AbstractSet Collection Container Hashable ItemsView Iterable Iterator KeysView Mapping MappingView
    MutableMapping MutableSequence MutableSet Sequence Sized ValuesView Reversible SupportsAbs SupportsFloat
    SupportsIndex SupportsInt SupportsRound ChainMap Counter DefaultDict Deque Dict FrozenSet List OrderedDict
    Set Generator NamedTuple TypedDict NewType AnyStr Text Pattern Match IO TextIO BinaryIO cast TYPE_CHECKING
    assert_never assert_type reveal_type
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


def _shared() -> dict[str, Facade]:
    """The facades that all interpreters share: nothing in them can be changed."""
    contents: dict[str, dict[str, Any]] = {
        "math": {name: value for name, value in vars(math).items() if not name.startswith("_")},
        "cmath": {name: value for name, value in vars(cmath).items() if not name.startswith("_")},
        "itertools": {name: value for name, value in vars(itertools).items() if not name.startswith("_")},
        "statistics": _take(statistics, " ".join(statistics.__all__)),
        "fractions": _take(fractions, "Fraction"),
        "numbers": _take(numbers, "Number Complex Real Rational Integral"),
        "decimal": {name: value for name, value in vars(decimal).items() if name[0] in "ABCDFHIMORSUZ"}
        | _take(decimal, "getcontext localcontext"),
        "functools": _take(
            functools,
            "reduce partial lru_cache cache cmp_to_key",
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
        "json": _take(json, "dumps loads JSONDecodeError JSONEncoder"),
        "operator": _take(
            operator,
            "abs add and_ concat contains countOf delitem eq floordiv ge getitem gt iadd iand iconcat ifloordiv "
            "ilshift imatmul imod imul index indexOf inv invert ior ipow irshift is_ is_not isub itemgetter itruediv "
            "ixor le length_hint lshift lt matmul mod mul ne neg not_ or_ pos pow rshift setitem sub truediv truth xor",
        ),
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
            final=replacements.unchanged,
            overload=replacements.unchanged,
            override=replacements.unchanged,
            no_type_check=replacements.unchanged,
            runtime_checkable=replacements.runtime_checkable,
        ),
        "dataclasses": _take(
            dataclasses,
            "FrozenInstanceError InitVar KW_ONLY MISSING field fields is_dataclass replace",
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
        "types": {"SimpleNamespace": SimpleNamespace},
        "__future__": {},
    }
    import abc

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

    generator = Random(seed)
    return facade("random", _take(generator, _RANDOM, Random=Random))


def time_facade(clock: Clock) -> Facade:
    """The module time on `clock`."""
    return facade(
        "time",
        {
            "time": clock.time,
            "time_ns": clock.time_ns,
            "perf_counter": clock.perf_counter,
            "perf_counter_ns": clock.perf_counter_ns,
            "monotonic": clock.perf_counter,
            "process_time": clock.perf_counter,
            "sleep": clock.sleep,
        },
    )


class Importer:
    """`import` for one interpreter. `builders` make the facades that belong to it, when they are first imported."""

    def __init__(self, builders: Mapping[str, Callable[[], Facade]]) -> None:
        self._builders = builders
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
            return self._made.setdefault(name, self._builders[name]())
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
