"""The builtin names of programs: Python's own where they are harmless, guarded ones, and clear errors for the rest."""

from __future__ import annotations

import builtins
import importlib
import operator
from collections.abc import Callable, Container, Mapping
from typing import Any, NoReturn

from . import keywords, names, stopping
from .classes import build_class, called, checked_new, told_getattr, told_name
from .errors import caught
from .guards import Guards, dir_names
from .kinds import Kind
from .replacements import Opaque

_FUNCTIONS = """
    abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate filter
    float format frozenset hash hex id int isinstance issubclass iter len list map max min next object oct ord
    pow property range repr reversed round set slice sorted staticmethod str sum super tuple zip
    NotImplemented Ellipsis
"""

_EXCEPTIONS = """
    ArithmeticError AssertionError AttributeError BufferError DeprecationWarning EOFError EnvironmentError
    Exception FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError
    ImportError IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt
    LookupError MemoryError ModuleNotFoundError NameError NotADirectoryError NotImplementedError OSError
    OverflowError PermissionError RecursionError ReferenceError RuntimeError RuntimeWarning StopIteration
    SyntaxError SyntaxWarning SystemError SystemExit TimeoutError TypeError UnboundLocalError
    UnicodeError UserWarning ValueError Warning
    ZeroDivisionError ConnectionError ConnectionRefusedError ConnectionResetError BrokenPipeError
    BlockingIOError StopAsyncIteration UnicodeWarning PendingDeprecationWarning ImportWarning
"""

_REFUSED = {
    "input": "there is nobody to answer; write the values into the program",
    "open": "there are no files; keep the data in variables",
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "compile": "write the statements themselves",
    "globals": "use the variables by name, or a dict of your own",
    "locals": "use the variables by name, or a dict of your own",
    "breakpoint": "print what you want to see",
    "help": "there is no manual here",
    "memoryview": "use bytes or bytearray",
}

# `a.now += 1` reads a guarded name: the transformer writes it out with these.
_IN_PLACE = {
    "Add": operator.iadd,
    "Sub": operator.isub,
    "Mult": operator.imul,
    "MatMult": operator.imatmul,
    "Div": operator.itruediv,
    "FloorDiv": operator.ifloordiv,
    "Mod": operator.imod,
    "Pow": operator.ipow,
    "LShift": operator.ilshift,
    "RShift": operator.irshift,
    "BitAnd": operator.iand,
    "BitOr": operator.ior,
    "BitXor": operator.ixor,
}


def _refusal(name: str, instead: str) -> Opaque:
    # Programs that open files or read input are ready for these.
    error = {"open": PermissionError, "input": EOFError}.get(name, NameError)

    def refuse(*_: Any, **__: Any) -> NoReturn:
        raise error(f"{name}() is not available here: {instead}")

    return Opaque(refuse, name)


def import_for_c(name: str, *_: Any) -> None:
    """`__import__` for functions written in C, which look it up in the globals of their caller and want no result.

    `datetime.strftime` imports time this way. Programs cannot write the name, and would get nothing.
    """
    importlib.import_module(name)


def leave(code: Any = None) -> NoReturn:
    """exit(code)"""
    raise SystemExit(code)


_ANYTHING = (Exception, SystemExit, KeyboardInterrupt, GeneratorExit)
"""What a program's bare `except:` and `except BaseException:` catch: all but the time limit."""

_SHARED: Mapping[str, Any] = {
    **{name: getattr(builtins, name) for name in (_FUNCTIONS + _EXCEPTIONS).split()},
    **{name: _refusal(name, instead) for name, instead in _REFUSED.items()},
    "BaseException": Exception,  # in an `except` it is `_exception_`
    **dict.fromkeys(names.UNICODE_ERRORS, UnicodeError),
    **{f"_{name}_": getattr(builtins, name) for name in names.UNICODE_ERRORS},
    "type": Kind,
    "dir": dir_names,
    "__import__": import_for_c,
    "exit": leave,
    "quit": leave,
    "_type_": type,
    "_new_": checked_new,
    "_told_name_": told_name,
    "_told_getattr_": told_getattr,
    "_stop_": stopping.SoftTimeout,
    "_caught_": caught,
    "_stop_here_": stopping.stop_here,
    "_takes_": keywords.takes,
    "_called_": called,
    "_marked_": keywords.marked,
    "_plain_": keywords.unmarked,
    "_finally_": stopping.Finally,
    "_with_": stopping.With,
    "_exception_": _ANYTHING,
    "_inplace_": _IN_PLACE,
}


BUILTIN_CLASSES = frozenset(value for name, value in _SHARED.items() if isinstance(value, type) and name[0] != "_") - {
    super,
    classmethod,
    staticmethod,
}
"""The builtin classes from which a program may derive its own. The last two share a class's `__annotations__`."""


def builtin_names(
    guards: Guards,
    printer: Callable[..., None],
    load: Callable[[str], Any],
    load_from: Callable[[str, str], Any],
    abc: type,
    bases: Container[type],
) -> dict[str, Any]:
    """The builtins of one interpreter; the names in single underscores are those that only compiled code can write."""
    return {
        **_SHARED,
        "__build_class__": build_class(bases),
        "print": Opaque(printer, "print"),
        "getattr": Opaque(guards.read_dynamic, "getattr"),
        "hasattr": Opaque(guards.has_dynamic, "hasattr"),
        "setattr": Opaque(guards.set_dynamic, "setattr"),
        "delattr": Opaque(guards.delete_dynamic, "delattr"),
        "vars": Opaque(guards.vars, "vars"),
        "_getattr_": guards.getattr,
        "_write_": guards.write,
        "_write_class_": guards.write_class,
        "_own_": guards.own,
        "_import_": load,
        "_import_from_": load_from,
        "_abc_": abc,
    }
