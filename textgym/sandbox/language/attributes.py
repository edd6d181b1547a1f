"""Attributes under the policy for names, where a program gives them by name: `__dict__` and SimpleNamespace.

A dict itself would take any key, `__reduce_ex__` among them, which `copy` looks for on the object and obeys.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from typing import Any

from . import names

_missing = object()


class Attributes(dict[str, Any]):
    """The attributes of `target` as a dict with plain names; `rule` gives the compiled name of one that is written."""

    def __init__(self, target: dict[str, Any], rule: Callable[[Any], str]) -> None:
        super().__init__({names.strip(name): value for name, value in target.items()})
        self._target = target
        self._rule = rule

    def __setitem__(self, name: str, value: Any) -> None:
        self._target[self._rule(name)] = value
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        del self._target[self._rule(name)]

    def update(self, *others: Any, **more: Any) -> None:
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __ior__(self, other: Any) -> Attributes:  # type: ignore[override, misc]
        self.update(other)
        return self

    def setdefault(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, default: Any = _missing) -> Any:
        if name not in self and default is not _missing:
            return default
        value = self[name]
        del self[name]
        return value

    def popitem(self) -> tuple[str, Any]:
        name = next(reversed(self), None)
        if name is None:
            raise KeyError("popitem(): dictionary is empty")
        return name, self.pop(name)

    def clear(self) -> None:
        for name in list(self):
            del self[name]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (dict(self),)


# What programs read of it: `type(vars(x))`.
Attributes.__name__ = Attributes.__qualname__ = "dict"
Attributes.__module__ = "builtins"


class SimpleNamespace:
    """types.SimpleNamespace; the library's takes any name, `__reduce__` among them."""

    def __init__(self, /, **attributes: Any) -> None:
        for name, value in attributes.items():
            if type(name) is not str or names.is_dunder(name):
                raise AttributeError(f"setting {name!r} is refused; choose a name without leading underscores")
            try:
                self.__dict__[names.private(name)] = value
            except names.RefusedName as error:
                raise AttributeError(str(error)) from None

    @reprlib.recursive_repr("namespace(...)")
    def __repr__(self) -> str:
        kind = "namespace" if type(self) is SimpleNamespace else type(self).__name__
        return f"{kind}({', '.join(f'{names.strip(name)}={value!r}' for name, value in self.__dict__.items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SimpleNamespace):
            return NotImplemented
        return self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]


SimpleNamespace.__module__ = "types"
