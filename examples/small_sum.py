"""A small environment of one's own, `Sum-v0`: sums of two digits in a vocabulary of a dozen tokens.

Small enough to learn from nothing with any RL library: `gym.make("small_sum:Sum-v0")` where this file can be imported.
"""

import numpy as np

import textgym
from textgym import CharTokenizer, Plan, Task, TaskSource


class SumTasks(TaskSource):
    """`1+2` asks for `3`; the digits are 0 to 2."""

    splits = ("train",)

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        a, b = rng.integers(0, 3, 2).tolist()
        return Task(f"{a}+{b}", str(a + b))

    def grade(self, task: Task, submission: str) -> dict[str, float]:
        return {"correct": float(submission == task.answer)}

    def plan(self, task: Task) -> Plan:
        return Plan((), task.answer)


textgym.register(
    "Sum-v0",
    SumTasks(),
    tokenizer=CharTokenizer("01234+\n", ["<submit>"]),
    system_prompt="",
    max_tokens=6,
    max_new_tokens=2,
)
