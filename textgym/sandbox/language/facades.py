"""What `import` gives: read-only objects with the listed names of a module, never the module.

Modules of the standard library hold other modules (`statistics.sys`), open files (`json.codecs.open`) and evaluate text
(`typing.get_type_hints`). A facade has the names of the table in `modules` and nothing else.
"""

from __future__ import annotations

import contextlib
import dataclasses
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import replacements
from .facade import Facade, facade, public_names
from .kinds import MethodType
from .modules import CONTENTS, INSTEAD


def _shared() -> dict[str, Facade]:
    made = {name: facade(name, contents) for name, contents in CONTENTS.items()}
    for package, part in (("collections", "abc"), ("json", "decoder")):  # imported with it
        made[package] = facade(package, {**CONTENTS[package], part: made[f"{package}.{part}"]})
    return made


SHARED = _shared()


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
) - {types.MappingProxyType, dataclasses.InitVar, replacements.NewType, replacements.Annotated, MethodType}
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
        instead = INSTEAD.get(name.partition(".")[0], "")
        known = f"available: {', '.join(self.available())}"
        raise ModuleNotFoundError(f"no module {name!r} here{instead and ': '}{instead}; {known}", name=name)

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
