"""The interpreter: compiles a program under the policy, runs it, and tells its value or its error."""

from __future__ import annotations
import __future__

import abc
import ast
import contextlib
import decimal
import math
import mmap
import operator
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from . import errors, facades, hardening, names
from . import private_facades as private
from .builtin_names import BUILTIN_CLASSES, builtin_names, leave
from .classes import Bases
from .clock import Clock
from .facade import Facade, facade
from .guards import Guards
from .naming import Refused
from .nodes import placed
from .own import MODULE
from .replacements import Opaque
from .stopping import SoftTimeout
from .streams import StringIO
from .transformer import Transformer

MAX_VALUE = 100_000
MAX_SOURCES = 1 << 20
RESERVE_BYTES = 4 << 20
RECURSION_LIMIT = 1000
_SILENCE = [("ignore", None, Warning, None, 0)]  # the first of the warning filters in a worker
_LAST = "_last_"  # a name that no program can write
_OWN_FRAMES = 12  # of the interpreter, below the program's
MAX_RECURSION_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. `status`: "ok", "error" (the program raised) or "refused" (it was not run).

    `value` is the repr of a last expression; None if that is None, or if the program does not end with an expression.
    `error` is the traceback or the reason, None if all went well.
    """

    status: str
    value: str | None
    error: str | None


_set_traceback = BaseException.__dict__["__traceback__"].__set__  # not the program's `__setattr__`


class Stream:
    """`sys.stdout` and `sys.stderr` of a program: text goes to the interpreter's `write`."""

    __slots__ = ("_write",)

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def write(self, text: str) -> int:
        """Prints `text` as it is."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._write(names.strip(text))
        return len(text)

    def writelines(self, lines: Any) -> None:
        """Prints `lines` as they are."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Does nothing: text is written at once."""


Stream.__name__ = Stream.__qualname__ = "TextIOWrapper"
Stream.__module__ = "_io"


class Interpreter:
    """Runs programs one after the other in one set of global variables.

    Args:
        write: gets the text that programs print.

    Attributes:
        seed: what the module `random` starts from, once a program imports it.
    """

    def __init__(self, write: Callable[[str], object]) -> None:
        self.seed = 0
        self._write = write
        clock = Clock()
        bases = Bases(BUILTIN_CLASSES, facades.KNOWN_CLASSES, (abc.ABC,))
        guards = Guards(clock, bases)
        self._recursion_limit, self._digits = RECURSION_LIMIT, sys.get_int_max_str_digits()
        self._reserve: mmap.mmap | None = None
        self._decimal: decimal.Context | None = None
        self._importer = facades.Importer(
            {
                "random": lambda: private.random_facade(self.seed),
                "time": lambda: private.time_facade(clock),
                "timeit": lambda: private.timeit_facade(clock),
                "sys": self._sys_facade,
                "pprint": lambda: private.pprint_facade(write),
                "traceback": lambda: private.traceback_facade(self._told, write),
                "operator": lambda: private.operator_facade(guards.read_dynamic),
            },
            bases,
        )
        self._transformer = Transformer(self._importer.exports)
        names_ = builtin_names(guards, self._print, self._importer.module, self._importer.member, abc.ABC, bases)
        self._globals: dict[str, Any] = {"__name__": MODULE, "__doc__": None, "__builtins__": names_}
        self._runs = self._kept = 0
        self._sources: dict[str, str] = {}

    def run(self, source: str) -> Outcome:
        """Runs `source` and keeps its variables.

        Raises:
            SoftTimeout: the worker's timer raised it in the program. Nothing else that a program does gets through.
        """
        self._runs += 1
        name = f"run {self._runs}"
        limit, digits = sys.getrecursionlimit(), sys.get_int_max_str_digits()
        context = decimal.getcontext()
        try:
            self._reserve = None
            self._keep(name, source)
            sys.set_int_max_str_digits(self._digits)
            sys.setrecursionlimit(max(limit, MAX_RECURSION_LIMIT // 2))
            try:
                code = self._compile(source, name)
            except Refused as refusal:
                return Outcome("refused", None, errors.render_refusal(str(refusal), refusal.line, source))
            except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, SystemError) as error:
                if isinstance(error, MemoryError) and not self._reserve_memory():
                    raise  # without room to compile, no run could even free some: the session ends
                return Outcome("refused", None, errors.render_refusal(*errors.syntax_error(error), source))
            self._reserve_memory()
            sys.setrecursionlimit(self._recursion_limit + _OWN_FRAMES)
            decimal.setcontext(self._decimal_context())
            return self._execute(code, name)
        finally:
            self._reserve = None  # the answer and the next question need room too
            sys.setrecursionlimit(limit)
            sys.set_int_max_str_digits(digits)
            decimal.setcontext(context)

    def _keep(self, name: str, source: str) -> None:
        """Keep `source` for tracebacks, and drop the oldest where all together are long."""
        self._sources[name] = source
        self._kept += len(source)
        while self._kept > MAX_SOURCES and len(self._sources) > 1:
            self._kept -= len(self._sources.pop(next(iter(self._sources))))

    def _reserve_memory(self) -> bool:
        """Keep some memory that the next run is compiled in, when this one leaves none; whether there is any."""
        with contextlib.suppress(MemoryError, OSError):
            # Not a bytearray: pages that nobody writes take no memory, but an allocator fills those it had before.
            self._reserve = self._reserve or mmap.mmap(-1, RESERVE_BYTES, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        return self._reserve is not None

    def _compile(self, source: str, name: str) -> CodeType:
        """The program, which leaves the value of its last statement, if that is an expression, in `_LAST`."""
        with contextlib.nullcontext() if warnings.filters[:1] == _SILENCE else warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source, name)
            lazy_annotations = self._transformer.transform(tree)
            ending = tree.body[-1] if tree.body else None
            if isinstance(ending, ast.Expr):
                tree.body[-1] = placed(ast.Assign([ast.Name(_LAST, ast.Store())], ending.value), ending)
            flags = __future__.annotations.compiler_flag if lazy_annotations else 0
            code: CodeType = compile(tree, name, "exec", flags, dont_inherit=True)
            return code

    def _execute(self, code: CodeType, name: str) -> Outcome:
        self._globals.pop(_LAST, None)  # of a run that was stopped right behind it
        try:
            exec(code, self._globals)
            return Outcome("ok", _shown(self._globals.pop(_LAST, None)), None)
        except SoftTimeout:
            raise
        except BaseException as error:
            self._reserve = None
            if type(error) is SystemExit and (error.code is None or (type(error.code) is int and error.code == 0)):
                return Outcome("ok", None, None)
            sys.setrecursionlimit(max(sys.getrecursionlimit(), RECURSION_LIMIT) + 200)
            return Outcome("error", None, self._render(error, name))

    def _render(self, error: BaseException, name: str) -> str:
        """The error as text, whatever it is: the program made it, and may have made it hostile."""
        try:
            return errors.render(error, self._sources, name)
        except SoftTimeout:
            raise
        except BaseException:
            return f"{names.strip(type(error).__name__)}: <the error cannot be shown>"
        finally:
            _set_traceback(error, None)

    def _told(self, error: BaseException) -> str:
        """An error that a program asks to see, as the interpreter would show it."""
        return errors.render(error, self._sources, f"run {self._runs}")

    def _decimal_context(self) -> decimal.Context:
        if self._decimal is None:
            self._decimal = decimal.Context(prec=28, rounding=decimal.ROUND_HALF_EVEN)
        return self._decimal

    def _print(
        self,
        *values: Any,
        sep: str | None = " ",
        end: str | None = "\n",
        file: Any = None,
        flush: Any = False,
        **unknown: Any,
    ) -> None:
        """print(), to the interpreter's `write`, or to a `file` of the program's own."""
        if unknown:
            raise TypeError(f"print() got an unexpected keyword argument {next(iter(unknown))!r}")
        sep = " " if sep is None else sep
        end = "\n" if end is None else end
        if not isinstance(sep, str) or not isinstance(end, str):
            raise TypeError("sep and end must be None or strings")
        text = str.join(sep, [value if type(value) is str else str(value) for value in values]) + names.strip(end)
        if file is None:
            self._write(names.strip(text))
        else:
            file.write(text)

    def _set_recursion_limit(self, limit: int) -> None:
        """sys.setrecursionlimit, up to what the interpreter bears."""
        limit = int.__index__(operator.index(limit))  # an int of the program's own may lie about its size
        if limit < 1:
            raise ValueError("recursion limit must be greater or equal than 1")
        limit = max(RECURSION_LIMIT // 4, min(limit, MAX_RECURSION_LIMIT))
        sys.setrecursionlimit(limit + _OWN_FRAMES)
        self._recursion_limit = limit

    def _set_digits(self, maxdigits: int) -> None:
        """sys.set_int_max_str_digits"""
        sys.set_int_max_str_digits(maxdigits)
        self._digits = sys.get_int_max_str_digits()

    def _sys_facade(self) -> Facade:
        stream = Stream(self._write)
        return facade(
            "sys",
            {
                "maxsize": sys.maxsize,
                "maxunicode": sys.maxunicode,
                "float_info": sys.float_info,
                "int_info": sys.int_info,
                "byteorder": sys.byteorder,
                "version": sys.version.split()[0],
                "version_info": sys.version_info,
                "platform": "linux",
                "argv": [""],
                "stdout": stream,
                "stderr": stream,
                "stdin": StringIO(),
                "exit": leave,
                "get_int_max_str_digits": Opaque(lambda: self._digits, "get_int_max_str_digits"),
                "set_int_max_str_digits": Opaque(self._set_digits, "set_int_max_str_digits"),
                "getsizeof": sys.getsizeof,
                "intern": sys.intern,
                "getrecursionlimit": Opaque(lambda: self._recursion_limit, "getrecursionlimit"),
                "setrecursionlimit": Opaque(self._set_recursion_limit, "setrecursionlimit"),
            },
        )


def _shown(value: Any) -> str | None:
    if value is None:
        return None
    text = names.strip(repr(value))
    return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}... ({len(text)} characters)"


def preload() -> None:
    """Runs a program that touches what first runs set up late, so that forks share it; and silences the compiler."""
    warnings.simplefilter("ignore")
    quiet = Interpreter(lambda text: None)
    quiet.run(_WARM_UP)
    hardening.harden()
    for codec in _CODECS.split():  # each is a module of its own, which no confined process could load
        "a".encode(codec)


_CODECS = """
    utf-8-sig utf-7 utf-16 utf-16-le utf-16-be utf-32 utf-32-le utf-32-be latin-1 iso8859-2 iso8859-15 cp1250 cp1251
    cp1252 cp437 cp850 koi8-r mac-roman idna punycode unicode_escape raw_unicode_escape
"""

_WARM_UP = f"""
import random, time, sys, re, json, datetime, statistics, pprint, traceback
from dataclasses import dataclass
@dataclass
class Point:
    x: int
    y: int = 0
print(Point(1), re.findall("a+", "banana"), json.dumps({{"a": [1]}}), datetime.datetime.now(), {math.pi})
print(statistics.mean([1, 2]), datetime.datetime.strptime("2025-01-01", "%Y-%m-%d"), random.random())
1 / 0
"""
