"""Tasks: what an episode asks, how a submission is graded, and what a perfect player does.

A `TaskSource` is the only thing one writes to make a new environment. It knows nothing of tokens or
protocols: it draws a `Task`, grades a submission into named reward components, and plans the oracle's tool calls.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from textgym.tools import Tool


@dataclass(frozen=True)
class Task:
    """One question.

    Attributes:
        prompt: the question in plain text; data, never markup.
        answer: the canonical correct submission.
        metadata: JSON-serialisable facts for analysis (family, difficulty, split, ...). Never shown to the policy.
    """

    prompt: str
    answer: str
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ToolCall:
    """A call of tool `name` with JSON-like `arguments`, free of any protocol's syntax."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """What the oracle does: the `calls`, one a turn and in order, then the submission of `answer`."""

    calls: tuple[ToolCall, ...]
    answer: str


class TaskSource(ABC):
    """A distribution over tasks with disjoint splits.

    Subclasses set `splits` and `tools` and implement the three methods. Drawing must depend on `rng` and `split`
    alone, so that equal seeds give equal tasks.
    """

    splits: tuple[str, ...] = ("train", "validation", "test")
    tools: Sequence[str | Tool | Callable[..., Any]] = ()
    """What an environment on this source offers by default: names of built-in tools, typed functions, `Tool`s."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, split: str) -> Task:
        """Draw one task of `split` with the random numbers of `rng` and no others."""

    @abstractmethod
    def grade(self, task: Task, submission: str) -> dict[str, float]:
        """Grade a submission into named reward components; the episode's reward is their sum.

        The component `"correct"` is 1.0 for a right answer and 0.0 for a wrong one; success is read from it.
        Must not raise, whatever the text.
        """

    @abstractmethod
    def plan(self, task: Task) -> Plan:
        """The oracle's tool calls and submission for `task`; they earn the full reward."""

    def check_split(self, split: str) -> None:
        """Raise ValueError naming the known splits if `split` is not one of them."""
        if split not in self.splits:
            raise ValueError(f"unknown split {split!r}; {type(self).__name__} has {', '.join(self.splits)}")
