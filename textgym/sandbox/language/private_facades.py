"""The modules that an interpreter has of its own: they hold a generator, a clock, or where its text goes."""

from __future__ import annotations

import calendar
import functools
import operator
import pprint
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from . import names
from .clock import Clock
from .facade import Facade, facade, take
from .replacements import Opaque

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
    return facade("random", take(generator, _RANDOM, Random=Random))


def time_facade(clock: Clock) -> Facade:
    """The module time on `clock`."""

    def gmtime(seconds: float | None = None) -> time.struct_time:
        return time.gmtime(clock.time() if seconds is None else seconds)

    def strftime(format: str, moment: Any = None) -> str:
        return time.strftime(format, gmtime() if moment is None else moment)

    def asctime(moment: Any = None) -> str:
        return time.asctime(gmtime() if moment is None else moment)

    functions: dict[str, Callable[..., Any]] = {
        "gmtime": gmtime,
        "localtime": gmtime,  # the time zone is UTC
        "strftime": strftime,
        "strptime": time.strptime,
        "asctime": asctime,
        "ctime": lambda seconds=None: asctime(gmtime(seconds)),
        "mktime": lambda moment: float(calendar.timegm(moment)),
        "time": clock.time,
        "time_ns": clock.time_ns,
        "perf_counter": clock.perf_counter,
        "perf_counter_ns": clock.perf_counter_ns,
        "monotonic": clock.perf_counter,
        "monotonic_ns": clock.perf_counter_ns,
        "process_time": clock.perf_counter,
        "sleep": clock.sleep,
    }
    return facade("time", {name: Opaque(function, name) for name, function in functions.items()})


def timeit_facade(clock: Clock) -> Facade:
    """The module timeit on `clock`, for functions."""

    def timeit(stmt: Any, setup: Any = None, timer: Any = None, number: int = 1_000_000, **other: Any) -> float:
        if not callable(stmt) or not (setup is None or callable(setup)):
            raise TypeError("timeit() takes a function here: timeit.timeit(lambda: ..., number=1000)")
        if setup is not None:
            setup()
        timer = timer or clock.perf_counter
        start = timer()
        for _ in range(number):
            stmt()
        return float(timer() - start)

    return facade("timeit", {"default_timer": Opaque(clock.perf_counter, "default_timer"), "timeit": Opaque(timeit)})


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

    class PrettyPrinter:
        """pprint.PrettyPrinter"""

        def __init__(self, *layout: Any, stream: Any = None, **options: Any) -> None:
            self._layout, self._stream, self._options = layout, stream, options

        def pformat(self, value: Any) -> str:
            return pformat(value, *self._layout, **self._options)

        def pprint(self, value: Any) -> None:
            show(value, self._stream, *self._layout, **self._options)

    PrettyPrinter.__qualname__ = "PrettyPrinter"
    functions: dict[str, Callable[..., Any]] = {"pformat": pformat, "pprint": show, "pp": pp}
    made: dict[str, Any] = {name: Opaque(function, name) for name, function in functions.items()}
    return facade("pprint", {**made, "PrettyPrinter": PrettyPrinter})


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
    return facade("traceback", {function.__name__: Opaque(function) for function in functions})


def operator_facade(read: Callable[[Any, str], Any]) -> Facade:
    """The module operator; `attrgetter` and `methodcaller` take names, so they read attributes by `read`."""

    def attrgetter(*paths: str) -> Callable[[Any], Any]:
        """operator.attrgetter"""
        if not paths:
            raise TypeError("attrgetter expected at least 1 argument, got 0")

        def get(value: Any) -> Any:
            found = tuple(functools.reduce(read, path.split("."), value) for path in paths)
            return found if len(found) > 1 else found[0]

        return Opaque(get, "attrgetter")

    def methodcaller(name: str, /, *args: Any, **keywords: Any) -> Callable[[Any], Any]:
        """operator.methodcaller"""
        return Opaque(lambda value: read(value, name)(*args, **keywords), "methodcaller")

    named = {"attrgetter": attrgetter, "methodcaller": methodcaller}
    return facade(
        "operator",
        take(operator, _OPERATOR) | {name: Opaque(function, name) for name, function in named.items()},
    )
