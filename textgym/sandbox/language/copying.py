"""`copy.copy` and `copy.deepcopy` on the class's word alone.

The library asks the object itself how it is made anew, calls what it answers, and sets any attribute of the result; a
method is copied by looking up whatever its function is called *now*. Both are ways around the policy for names, so
this is the library's module once more, with its own `getattr` and `setattr`.
"""

from __future__ import annotations

import importlib.util
import types
from typing import Any

from . import names
from .guards import is_own_class
from .replacements import Dispatcher, Opaque

_OF_CLASS = frozenset({"__reduce_ex__", "__reduce__"})


def _read(value: Any, name: str, *default: Any) -> Any:
    """getattr, but what makes objects anew is the class's: a program's class cannot define it, an object might have."""
    if name in _OF_CLASS:
        return types.MethodType(getattr(type(value), name), value)
    return getattr(value, name, *default)


def _set(value: Any, name: Any, item: Any) -> None:
    """setattr, of what a program's objects may hold."""
    if not is_own_class(type(value)) and names.is_dunder(name):
        raise AttributeError(f"setting {name!r} is refused")
    setattr(value, name, item)


def _method(method: types.MethodType, memo: dict[int, Any]) -> Any:
    """A method of a program's object goes with a copy of the object; one of ours stays what it is."""
    if not is_own_class(type(method.__self__)):
        return method
    return types.MethodType(method.__func__, deepcopy(method.__self__, memo))


def _load() -> Any:
    spec = importlib.util.find_spec("copy")
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.getattr, module.setattr = _read, _set
    module._copy_dispatch[types.MethodType] = lambda method: method
    module._deepcopy_dispatch[types.MethodType] = _method
    for kind in (Opaque, Dispatcher):  # functions, as far as programs can see
        module._copy_dispatch[kind] = module._deepcopy_dispatch[kind] = lambda function, *_: function
    return module


_module = _load()
copy = _module.copy
deepcopy = _module.deepcopy
