"""The names that programs find in each module of the standard library, and what to do without the others."""

from __future__ import annotations

import abc
import ast
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
import re
import statistics
import string
import struct
import textwrap
import types
import typing
import unicodedata
import zlib
from typing import Any

from . import arrays, copying, queues, records, replacements, streams
from .attributes import SimpleNamespace
from .facade import take
from .kinds import Kind, MethodType
from .stopping import TRACEBACK

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


_FILES = "there are no files; keep the data in variables"
_PLAIN = "write it in plain Python; math, statistics, fractions, decimal and itertools are here"
_ONE_THREAD = "there is one thread; call the functions one after another"
INSTEAD = {
    **dict.fromkeys(("os", "pathlib", "shutil", "glob", "tempfile", "pickle", "sqlite3"), _FILES),
    **dict.fromkeys(("numpy", "pandas", "scipy", "sympy", "networkx", "matplotlib", "sklearn", "torch"), _PLAIN),
    **dict.fromkeys(("threading", "multiprocessing", "concurrent", "asyncio"), _ONE_THREAD),
    **dict.fromkeys(("socket", "requests", "urllib", "http"), "there is no network"),
    **dict.fromkeys(("unittest", "pytest", "doctest"), "use assert"),
    "logging": "use print",
    "argparse": "write the values into the program",
    "subprocess": "no other program can be started",
    "inspect": "use isinstance, hasattr, callable and vars",
    "typing_extensions": "use typing",
    "uuid": "use random.getrandbits",
    "secrets": "use random",
    "importlib": "write import statements",
    "gc": "memory looks after itself",
    "weakref": "keep the objects in a dict or a list",
    "zoneinfo": "use datetime.timezone",
    "codecs": "use str.encode and bytes.decode",
    "binascii": "use bytes.hex, base64 and zlib.crc32",
    "platform": "there is no machine to ask",
    "locale": "use format specifications",
}
"""What to do without a module that programs ask for."""


def _ignore(*_: Any, **__: Any) -> None:
    """A warning, or what shall become of warnings: nobody reads them here."""


def _no_warnings(*, record: bool = False, **_: Any) -> contextlib.nullcontext[list[Any] | None]:
    return contextlib.nullcontext([] if record else None)


CONTENTS: dict[str, dict[str, Any]] = {
    "math": {name: value for name, value in vars(math).items() if not name.startswith("_")},
    "cmath": {name: value for name, value in vars(cmath).items() if not name.startswith("_")},
    "itertools": {name: value for name, value in vars(itertools).items() if not name.startswith("_")},
    "statistics": take(statistics, " ".join(statistics.__all__)),
    "fractions": take(fractions, "Fraction"),
    "numbers": take(numbers, "Number Complex Real Rational Integral"),
    # Without the context objects that all share: BasicContext, DefaultContext, ExtendedContext.
    "decimal": {
        name: value
        for name, value in vars(decimal).items()
        if name[0] in "CDFHIMORSUZ" and not isinstance(value, decimal.Context)
    }
    | take(decimal, "getcontext localcontext"),
    "functools": take(
        functools,
        "reduce partial cmp_to_key",
        lru_cache=replacements.lru_cache,
        cache=replacements.cache,
        cached_property=replacements.cached_property,
        wraps=replacements.wraps,
        update_wrapper=replacements.update_wrapper,
        total_ordering=replacements.total_ordering,
        singledispatch=replacements.singledispatch,
        singledispatchmethod=replacements.singledispatchmethod,
    ),
    "collections.abc": take(collections.abc, _ABC),
    "heapq": take(heapq, "heappush heappop heapify heapreplace heappushpop merge nlargest nsmallest"),
    "bisect": take(bisect, "bisect bisect_left bisect_right insort insort_left insort_right"),
    "string": take(
        string,
        "ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits octdigits printable punctuation "
        "whitespace Template",
    ),
    "json": take(json, "dump dumps load loads JSONDecodeError JSONDecoder JSONEncoder"),
    "json.decoder": take(json.decoder, "JSONDecodeError JSONDecoder"),
    "textwrap": take(textwrap, "dedent fill indent shorten wrap TextWrapper"),
    "copy": take(copying, "copy deepcopy"),
    "re": take(
        re,
        "A ASCII I IGNORECASE M MULTILINE S DOTALL U UNICODE X VERBOSE L LOCALE NOFLAG Match Pattern compile error "
        "escape findall finditer fullmatch match search split sub subn",
    ),
    "datetime": take(datetime, "MAXYEAR MINYEAR UTC date datetime time timedelta timezone tzinfo"),
    "abc": take(abc, "ABC", abstractmethod=replacements.abstractmethod, ABCMeta=Kind),
    "calendar": take(
        calendar,
        "day_abbr day_name isleap leapdays month month_abbr month_name monthcalendar monthrange timegm weekday "
        "calendar Calendar MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY",
    ),
    "typing": take(
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
    "dataclasses": take(
        dataclasses,
        "FrozenInstanceError InitVar KW_ONLY MISSING is_dataclass",
        replace=records.replace,
        field=records.field,
        fields=records.fields,
        asdict=records.asdict,
        astuple=records.astuple,
        dataclass=records.dataclass,
    ),
    "enum": take(
        enum,
        "auto unique member nonmember verify CONTINUOUS NAMED_FLAGS UNIQUE KEEP STRICT CONFORM EJECT",
        Enum=replacements.Enum,
        IntEnum=replacements.IntEnum,
        StrEnum=replacements.StrEnum,
        Flag=replacements.Flag,
        IntFlag=replacements.IntFlag,
    ),
    "contextlib": take(
        contextlib,
        "suppress nullcontext closing AbstractContextManager",
        contextmanager=replacements.contextmanager,
    ),
    "hashlib": take(hashlib, "blake2b blake2s md5 sha1 sha224 sha256 sha384 sha3_256 sha3_512 sha512"),
    "io": take(io, "SEEK_SET SEEK_CUR SEEK_END", BytesIO=streams.BytesIO, StringIO=streams.StringIO),
    "types": {"SimpleNamespace": SimpleNamespace, "MappingProxyType": types.MappingProxyType}
    | take(
        types,
        "FunctionType LambdaType GeneratorType NoneType EllipsisType",
        MethodType=MethodType,
        TracebackType=type(TRACEBACK),
    ),
    "csv": take(
        csv,
        "reader writer DictReader DictWriter Dialect excel excel_tab unix_dialect Error "
        "QUOTE_ALL QUOTE_MINIMAL QUOTE_NONE QUOTE_NONNUMERIC",
    ),
    "base64": take(
        base64,
        "b64encode b64decode urlsafe_b64encode urlsafe_b64decode standard_b64encode standard_b64decode "
        "b32encode b32decode b16encode b16decode b85encode b85decode",
    ),
    "struct": take(struct, "pack unpack unpack_from calcsize iter_unpack error"),
    "unicodedata": take(
        unicodedata, "name lookup category normalize numeric decimal digit bidirectional combining east_asian_width"
    ),
    "ast": take(ast, "literal_eval"),
    "zlib": take(zlib, "crc32 adler32 compress decompress error"),
    "warnings": {
        **dict.fromkeys(("warn", "filterwarnings", "simplefilter"), replacements.Opaque(_ignore, "warn")),
        "catch_warnings": replacements.Opaque(_no_warnings, "catch_warnings"),
    },
    "collections": take(
        collections,
        "ChainMap Counter OrderedDict UserDict UserList defaultdict deque",
        namedtuple=records.namedtuple,
    ),
    "array": take(arrays, "array ArrayType typecodes"),
    "queue": take(queues, "Queue LifoQueue PriorityQueue SimpleQueue Empty Full"),
    "__future__": {},
}
"""The modules that all interpreters share: nothing in them can be changed."""
