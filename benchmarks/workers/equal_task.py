"""The calculator task that every contestant of `env_throughput.py` plays, for workers in environments without textgym.

Questions and answers come in a file. The calculator and the reading of numbers are textgym's own modules, loaded by
their paths (they need the standard library alone), so that the tool's work and the grading are the same on all sides.
"""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INSTRUCTIONS = (
    "Answer the question. Evaluate an arithmetic expression by <calculator>expression</calculator>, "
    "and submit the answer alone as <answer>number</answer>."
)
CALL = re.compile(r"<calculator>(.*?)</calculator>", re.DOTALL)
ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)


def load_module(path: str, name: str) -> ModuleType:
    """A module of this repository by its path from the root, with empty packages around it: nothing else is imported.

    Where textgym itself is imported already, its own module is taken.
    """
    if name in sys.modules:
        return sys.modules[name]
    for dot in re.finditer(r"\.", name):
        sys.modules.setdefault(name[: dot.start()], ModuleType(name[: dot.start()]))
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


load_module("textgym/tools/arithmetic.py", "textgym.tools.arithmetic")  # which the calculator imports
calculate: Callable[[str], str] = load_module("textgym/tools/calculator.py", "textgym.tools.calculator").calculate
_parse_number: Callable[..., Any] = load_module("tasks/textgym_tasks/calc/grading.py", "grading").parse_number


@dataclass(frozen=True)
class Question:
    """A task of TextCalc: the prompt, the expression that solves it, the answer, and how the answer is read."""

    prompt: str
    expression: str
    answer: str
    percent: bool
    money: bool

    def grade(self, submission: str) -> float:
        """1.0 for a right answer, else 0.0, as `CalcTasks.grade` has it."""
        given = _parse_number(submission, percent=self.percent, money=self.money)
        return float(given is not None and given == _parse_number(self.answer))

    @property
    def submission(self) -> str:
        """The oracle's last turn."""
        return f"<answer>{self.answer}</answer>"


def serve(play: Callable[[list[Question], str, str], tuple[float, int]]) -> None:
    """Answer requests from standard input, a JSON line each, until it closes.

    A request holds `episodes`, `way` (how the environments are stepped) and `tool`; `play` takes the questions, the
    way and the tool, and gives the seconds that it measured and the number of right answers. Whatever the library
    prints goes to standard error.
    """
    replies, sys.stdout = sys.stdout, sys.stderr
    questions = [Question(**row) for row in json.loads(Path(sys.argv[1]).read_text())]
    for line in sys.stdin:
        request = json.loads(line)
        some = questions[: request["episodes"]]
        seconds, right = play(some, request["way"], request["tool"])
        print(json.dumps({"seconds": seconds, "turns": 2 * len(some), "right": right}), file=replies, flush=True)
