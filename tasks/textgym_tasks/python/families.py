"""Families of questions: parameters, several wordings, a trusted answer, and the program that finds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from string import Template
from typing import Any

import numpy as np

from textgym.task import Task
from textgym_tasks.operands import pick
from textgym_tasks.python.draws import Draws
from textgym_tasks.python.grading import Value, answer_text, is_answer

Params = dict[str, Any]
"""Slot -> value: numbers, texts and lists of these, so that they are JSON."""

LEAST_LENGTH, LEAST_ITEMS = 3, 3
"""Digits or letters, and items of a list. Shorter answers could be guessed; such questions are drawn again."""


def fill(template: str, values: Mapping[str, object]) -> str:
    """`template` with its `$slots` filled: Python and JSON are full of braces, but hold no dollar signs."""
    return Template(template).substitute(values)


def shown(params: Params) -> dict[str, str]:
    """How a question shows its parameters: texts as they are, all else as Python writes it."""
    return {slot: str(value) for slot, value in params.items()}


def literals(params: Params) -> dict[str, str]:
    """How a program shows them: as Python literals."""
    return {slot: repr(value) for slot, value in params.items()}


@dataclass(frozen=True)
class Family:
    """Questions that one program answers.

    Attributes:
        name: the family's name in metadata and in `PythonTasks(families=...)`.
        difficulty: from 1 (a short question, a line of 40 characters) to 4.
        params: draws the parameters of a task.
        wordings: questions with `$slots` for parameters; one is drawn a task.
        answer: the trusted answer, from the parameters by keyword. Written apart from `program`, in another way.
        program: the oracle's source with `$slots` for literals; its last line is the answer.
    """

    name: str
    difficulty: int
    params: Callable[[Draws], Params]
    wordings: tuple[str, ...]
    answer: Callable[..., Value]
    program: str

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        """One question of `split`; those that could be answered without the work are drawn again."""
        draws = Draws(rng, "test" if split == "test_unseen" else split)
        wording = pick(rng, self.wordings)
        while True:
            params = self.params(draws)
            value = self.answer(**params)
            prompt = fill(wording, shown(params))
            if needs_work(value, prompt):
                break
        metadata = {
            "family": self.name,
            "difficulty": self.difficulty,
            "split": split,
            "program": fill(self.program, literals(params)),
            "value": value,
        }
        return Task(prompt, answer_text(value), metadata)

    def grade(self, task: Task, submission: str) -> bool:
        """Whether `submission` is right."""
        return is_answer(task.metadata["value"], submission)


def needs_work(value: Value, prompt: str) -> bool:
    """Whether an answer is long enough not to be guessed, and is not to be read in the question."""
    text = answer_text(value).strip("-")
    long = len(value) >= LEAST_ITEMS if isinstance(value, list) else len(text) >= LEAST_LENGTH
    return long and text not in prompt
