"""Registering environments: an id, a task source named by a string, and defaults."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import gymnasium

from textgym.task import TaskSource


def register(id: str, source: TaskSource | type[TaskSource] | str, **defaults: Any) -> None:
    """Register a text environment with Gymnasium, its vector environment included.

    Args:
        id: the environment id, such as "TextCalc-v0".
        source: a class of `TaskSource`; or "module:Class" of one, imported when the environment is made; or an object,
            which takes no `source_kwargs`.
        **defaults: keyword arguments of `textgym.TextEnv` that `gymnasium.make` can override.

    Raises:
        TypeError: `source` is none of these.

    Example:
        >>> import textgym
        >>> textgym.register("MyTask-v0", "my_package.tasks:MyTasks", max_turns=4)
    """
    is_class = isinstance(source, type) and issubclass(source, TaskSource)
    if not (is_class or isinstance(source, (TaskSource, str))):
        raise TypeError(f"a source is a textgym.TaskSource, its class, or 'module:Class', not {source!r}")
    gymnasium.register(
        id,
        entry_point="textgym.env:TextEnv",
        vector_entry_point="textgym.vector:TextVectorEnv",
        kwargs={"source": source, **defaults},
    )


def load_source(source: TaskSource | type[TaskSource] | str, kwargs: Mapping[str, Any]) -> TaskSource:
    """A task source from its class, or "module:Class", and its arguments; or itself.

    Raises:
        ValueError: the string names nothing, the class does not take these arguments, or arguments were given for a
            source that is already made.
    """
    if isinstance(source, TaskSource):
        if kwargs:
            raise ValueError("source_kwargs go with a class or its name; configure the object itself instead")
        return source
    cls = _import_class(source) if isinstance(source, str) else source
    try:
        made = cls(**kwargs)
    except TypeError as error:
        raise ValueError(
            f"cannot make the task source {source!r} with source_kwargs {dict(kwargs)}: {error}; "
            "give in source_kwargs the arguments that it takes"
        ) from error
    if not isinstance(made, TaskSource):
        raise ValueError(f"{source!r} is not a TaskSource")
    return made


def _import_class(name: str) -> Callable[..., Any]:
    module, _, attribute = name.partition(":")
    try:
        cls: Callable[..., Any] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"cannot load the task source {name!r} (expected 'module:Class'): {error}") from error
    return cls
