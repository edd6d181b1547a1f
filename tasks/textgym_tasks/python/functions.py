"""Families whose submission is a function: written from a description, or a given one put right.

A submission is judged by what it returns for inputs that no prompt and no session shows (`judge.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from textgym.task import Task
from textgym_tasks.operands import pick
from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Params, fill, literals, shown
from textgym_tasks.python.judge import Case, passes

HIDDEN, EXAMPLES = 12, 2
NAMES = ("solve", "compute", "f", "work_out", "answer", "run")
"""What the function is called; shared by all splits."""

Arguments = tuple[Any, ...]


@dataclass(frozen=True)
class FunctionFamily:
    """Tasks that ask for a function.

    Attributes:
        name, difficulty, params: as for `Family`.
        wordings: descriptions with `$slots`; the signature and examples are added.
        parameters: the function's parameters, as in "numbers, k".
        reference: what the function returns, from its arguments by position and the task's parameters by keyword.
        source: the oracle's function, with `$name` and slots for literals; written apart from `reference`.
        inputs: draws the arguments of one call.
        edges: arguments that the hidden inputs always hold.
        buggy: a function to put right, with the same slots as `source`; "" if it is to be written from nothing.
    """

    name: str
    difficulty: int
    params: Callable[[Draws], Params]
    wordings: tuple[str, ...]
    parameters: str
    reference: Callable[..., Any]
    source: str
    inputs: Callable[[np.random.Generator, Params], Arguments]
    edges: tuple[Arguments, ...] = ()
    buggy: str = ""

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        """One task of `split`."""
        draws = Draws(rng, "test" if split == "test_unseen" else split)
        params, function = self.params(draws), pick(rng, NAMES)
        seed = int(rng.integers(2**31))
        slots = {**literals(params), "name": function}
        source = fill(self.source, slots)
        examples = self._examples(seed, params)
        calls = [f"{function}({', '.join(map(repr, arguments))})" for arguments in examples]
        metadata = {
            "family": self.name,
            "difficulty": self.difficulty,
            "split": split,
            "program": f"{source}\n{calls[0]}",
            "params": params,
            "function": function,
            "seed": seed,
        }
        prompt = fill(pick(rng, self.wordings), {**shown(params), "function": f"{function}({self.parameters})"})
        for call, arguments in zip(calls, examples, strict=True):
            prompt += f"\n{call} is {self.reference(*arguments, **params)!r}."
        if self.buggy:
            prompt += f"\nIt is wrong now. Submit the whole function, put right:\n{fill(self.buggy, slots)}"
        else:
            prompt += "\nSubmit the source of the function alone."
        return Task(prompt, source, metadata)

    def grade(self, task: Task, submission: str) -> bool:
        """Whether the submitted function returns the right values for all hidden inputs."""
        return passes(submission, task.metadata["function"], self.cases(task))

    def cases(self, task: Task) -> list[Case]:
        """The hidden inputs, and what is right for them. They depend on the task's metadata alone."""
        params, seed = task.metadata["params"], task.metadata["seed"]
        known = self._examples(seed, params)
        rng = np.random.default_rng([seed, 1])
        inputs = list(self.edges)
        while len(inputs) < HIDDEN:
            arguments = self.inputs(rng, params)
            if arguments not in inputs and arguments not in known:
                inputs.append(arguments)
        return [Case(arguments, self.reference(*arguments, **params)) for arguments in inputs]

    def _examples(self, seed: int, params: Params) -> list[Arguments]:
        """The inputs that the prompt shows."""
        rng = np.random.default_rng([seed, 0])
        found: list[Arguments] = []
        while len(found) < EXAMPLES:
            arguments = self.inputs(rng, params)
            if arguments not in found and arguments not in self.edges:
                found.append(arguments)
        return found


def whole(rng: np.random.Generator, low: int, high: int) -> int:
    """A whole number from `low` to `high`."""
    return int(rng.integers(low, high + 1))


def wholes(rng: np.random.Generator, count: int, low: int, high: int) -> list[int]:
    """`count` of them."""
    return [int(n) for n in rng.integers(low, high + 1, count)]


def letters(rng: np.random.Generator, count: int, alphabet: str) -> str:
    """`count` random letters of `alphabet`."""
    return "".join([alphabet[i] for i in rng.integers(0, len(alphabet), count)])
