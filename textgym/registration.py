"""Registering environments: an id, a task source named by a string, and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import gymnasium

from textgym.task import TaskSource


def register(id: str, source: TaskSource | str, **defaults: Any) -> None:
    """Register a text environment with Gymnasium, its vector environment included.

    Args:
        id: the environment id, such as "TextCalc-v0".
        source: a `TaskSource`, or "module:Class" of one, imported when the environment is made.
        **defaults: keyword arguments of `textgym.TextEnv` that `gymnasium.make` can override.

    Example:
        >>> textgym.register("MyTask-v0", "my_package.tasks:MyTasks", max_turns=4)
    """
    gymnasium.register(
        id,
        entry_point="textgym.env:TextEnv",
        vector_entry_point="textgym.vector:TextVectorEnv",
        kwargs={"source": source, **defaults},
    )


def load_source(source: TaskSource | str, kwargs: Mapping[str, Any]) -> TaskSource:
    """A task source from "module:Class" and its arguments, or itself.

    Raises:
        ValueError: the string names nothing, the class does not take these arguments, or arguments were given for a
            source that is already made.
    """
    if isinstance(source, TaskSource):
        if kwargs:
            raise ValueError("source_kwargs go with a source named by a string; configure the object itself instead")
        return source
    module, _, name = source.partition(":")
    try:
        cls = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"cannot load the task source {source!r} (expected 'module:Class'): {error}") from error
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
