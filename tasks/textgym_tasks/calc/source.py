"""CalcTasks: arithmetic that needs the calculator."""

from __future__ import annotations

from textgym.task import Plan, Task, ToolCall
from textgym_tasks.calc.advanced import LEVEL_3, LEVEL_4
from textgym_tasks.calc.basic import LEVEL_1, LEVEL_2
from textgym_tasks.calc.grading import is_plain, parse_number
from textgym_tasks.calc.unseen import UNSEEN
from textgym_tasks.families import FamilyTasks


class CalcTasks(FamilyTasks):
    """Word problems and expressions with operands beyond mental arithmetic.

    Levels go from 1 (one short step) to 4 (four steps, distractors). Splits differ in their operands: a number of three
    or more digits belongs to one split (`operands.py`). "test_unseen" has the operands of "test" in families that no
    other split draws from.

    >>> import numpy as np
    >>> source = CalcTasks(difficulty=1, families=["difference"])
    >>> task = source.draw(np.random.default_rng(0), "train")
    >>> task.metadata["expression"], task.answer, source.grade(task, task.answer)
    ('7041-213', '6828', {'correct': 1.0})
    """

    tools = ("calculator",)
    seen = LEVEL_1 + LEVEL_2 + LEVEL_3 + LEVEL_4
    unseen = UNSEEN

    def grade(self, task: Task, submission: str) -> dict[str, float]:
        """{"correct": 1.0} for a number equal to the answer in an accepted form (`grading.py`), else 0.0."""
        if submission.strip() == task.answer and is_plain(task.answer):
            return {"correct": 1.0}  # as most right answers are written: nothing to read
        given = parse_number(
            submission, percent=task.metadata.get("percent", False), money=task.metadata.get("money", False)
        )
        return {"correct": float(given is not None and given == parse_number(task.answer))}

    def plan(self, task: Task) -> Plan:
        """One call of the calculator with the whole expression, then the answer."""
        return Plan((ToolCall("calculator", {"expression": task.metadata["expression"]}),), task.answer)
