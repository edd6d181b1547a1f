"""The object that stands for a module: read-only, with the names that it is given."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any


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


def take(module: Any, listed: str, **replaced: Any) -> dict[str, Any]:
    """The listed names of a module, as far as this Python has them, and replacements."""
    return {name: getattr(module, name) for name in listed.split() if hasattr(module, name)} | replaced
