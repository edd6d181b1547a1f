"""PythonTasks: what needs a program, and programs themselves."""

from __future__ import annotations

from textgym.task import Plan, Task, ToolCall
from textgym_tasks.families import FamilyTasks
from textgym_tasks.python.counting import COUNTING
from textgym_tasks.python.dates import DATES
from textgym_tasks.python.debugging import DEBUGGING
from textgym_tasks.python.families import Family
from textgym_tasks.python.functions import FunctionFamily
from textgym_tasks.python.grading import is_answer, parse_whole
from textgym_tasks.python.number_theory import EASY_NUMBERS, NUMBERS
from textgym_tasks.python.sequences import SEQUENCES
from textgym_tasks.python.simulation import SIMULATION
from textgym_tasks.python.tables import TABLES
from textgym_tasks.python.unseen import UNSEEN
from textgym_tasks.python.words import EASY_WORDS, WORDS
from textgym_tasks.python.writing import WRITING

AnyFamily = Family | FunctionFamily
SEEN: tuple[AnyFamily, ...] = (
    *EASY_NUMBERS, *EASY_WORDS, *NUMBERS, *SEQUENCES, *WORDS, *DATES, *SIMULATION, *COUNTING, *TABLES, *DEBUGGING,
    *WRITING,
)  # fmt: skip
BY_NAME: dict[str, AnyFamily] = {family.name: family for family in (*SEEN, *UNSEEN)}


class PythonTasks(FamilyTasks):
    """Questions whose answers have to be computed, and functions to be written or put right.

    Levels go from 1 (a line of code) to 4 (a dozen lines, or a function). Splits differ in their numbers and words
    (`draws.py`). "test_unseen" has those of "test" in families that no other split draws from.

    >>> import numpy as np
    >>> source = PythonTasks(difficulty=1, families=["power_mod"])
    >>> task = source.draw(np.random.default_rng(0), "train")
    >>> task.prompt
    'Find the remainder of 496**115 divided by 81587.'
    >>> source.plan(task).calls[0].arguments["code"], task.answer, source.grade(task, task.answer)
    ('pow(496,115,81587)', '9527', {'correct': 1.0})
    """

    tools = ("python",)
    seen = SEEN
    unseen = UNSEEN

    def grade(self, task: Task, submission: str) -> dict[str, float]:
        """{"correct": 1.0} for a right submission, else 0.0; there is no credit for a part.

        An answer is right in an accepted form (`grading.py`). A function is right if it returns what it should for
        hidden inputs, in a sandbox session of its own (`judge.py`).

        Raises:
            RuntimeError: a function is to be judged, and there is no sandbox on this machine. No text raises.
        """
        family = BY_NAME.get(str(task.metadata.get("family")))
        if family is None:  # a task of the caller's
            whole = parse_whole(task.answer)
            return {"correct": float(is_answer(task.answer if whole is None else whole, submission))}
        return {"correct": float(family.grade(task, submission))}

    def plan(self, task: Task) -> Plan:
        """One call of `python` with the whole program, then the answer; a function is tried out, then submitted."""
        return Plan((ToolCall("python", {"code": task.metadata["program"]}),), task.answer)
