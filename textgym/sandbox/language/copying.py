"""`copy.copy` and `copy.deepcopy` on the class's word alone.

The library asks the object itself how it is made anew, calls what it answers, and sets any attribute of the result; a
method is copied by looking up whatever its function is called *now*. Both are ways around the policy for names, so
this is the library's module once more, with its own `getattr` and `setattr`.
"""

from __future__ import annotations

import importlib.util
import types
from collections.abc import Callable
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


def _has(value: Any, name: str) -> bool:
    """hasattr, of the class: an object whose `__getattr__` says that it has `__setstate__` would be given its dict."""
    return hasattr(type(value), name)


# What is made anew by looking up a name, `getattr(str, "upper")`, stays what it is.
_ATOMIC = (
    types.WrapperDescriptorType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.ClassMethodDescriptorType,
    types.GetSetDescriptorType,
    types.MemberDescriptorType,
)


def _checked(library: Callable[..., Any]) -> Callable[..., Any]:
    """deepcopy, with a memo in which an object stands for one of its own kind only: a program can write into it."""

    def deepcopy(value: Any, memo: Any = None, _: Any = None) -> Any:
        """A copy of `value` and of all that it holds."""
        if isinstance(value, type) or type(value) in _ATOMIC:
            return value
        if type(memo) is not dict:
            memo = {}
        if type(memo.get(id(value), value)) is not type(value):
            del memo[id(value)]
        return library(value, memo)

    return deepcopy


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
    module.getattr, module.setattr, module.hasattr = _read, _set, _has
    library, module.deepcopy = module.deepcopy, _checked(module.deepcopy)
    for function in (*vars(module).values(), *module._deepcopy_dispatch.values()):
        if isinstance(function, types.FunctionType):  # the library's functions have its deepcopy as a default
            defaults, keywords = function.__defaults__ or (), function.__kwdefaults__ or {}
            function.__defaults__ = tuple(module.deepcopy if x is library else x for x in defaults)
            function.__kwdefaults__ = {k: module.deepcopy if x is library else x for k, x in keywords.items()}
    module._copy_dispatch[types.MethodType] = lambda method: method
    module._deepcopy_dispatch[types.MethodType] = _method
    for kind in (*_ATOMIC, Opaque, Dispatcher):  # the last two are functions, as far as programs can see
        module._copy_dispatch[kind] = module._deepcopy_dispatch[kind] = lambda function, *_: function
    return module


_module = _load()
copy = _module.copy
deepcopy = _module.deepcopy
