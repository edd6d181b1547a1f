"""`__dict__` of a program's object: reads like the dict, and writes through to the object, under the policy for names.

The dict itself would take any key, `__reduce_ex__` among them, which `copy` looks for on the object and obeys.
"""

from __future__ import annotations

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
