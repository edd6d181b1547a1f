"""Programs that try to get out of the language: each is refused, fails or gives something harmless, as is written.

A case is `# %% name -> outcome` and a program; runs of one session are parted by `# ---`. Outcomes: `refused`, `error`,
or `value` with the repr of the last value.
"""

import builtins
import collections
import fractions
import os
import random
import re
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.attacks import read_cases, sessions

from textgym.sandbox.language import Interpreter, Outcome
from textgym.sandbox.language.hardening import harden

FOLDER = Path(__file__).with_name("attacks")
CANARY = "canary-in-the-host-7f3a"
SHARED = [
    int,
    str,
    property,
    collections.Counter,
    collections.abc.Sized,
    fractions.Fraction,
    random.Random,
    re.RegexFlag,
]


CASES = [pytest.param(text, outcome, id=name) for name, outcome, text in read_cases(FOLDER)]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Canaries in the host, and a look at what programs must not have changed."""
    monkeypatch.setenv("TEXTGYM_CANARY", CANARY)
    harden()
    before = snapshot()
    yield
    assert snapshot() == before, "a program changed what all programs share"
    assert os.environ["TEXTGYM_CANARY"] == CANARY


def snapshot() -> list[dict[str, int]]:
    """What classes, functions and modules of the host hold now."""
    return [{name: id(value) for name, value in vars(x).items()} for x in (*SHARED, statistics.mean, builtins)]


def run_session(text: str) -> tuple[Outcome, str]:
    """The last outcome of a session, and all that it printed."""
    printed: list[str] = []
    interpreter = Interpreter(printed.append)
    outcome = None
    for run in sessions(text)[0]:
        outcome = interpreter.run(run)
    assert outcome is not None
    return outcome, "".join(printed)


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 100


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(("text", "expected"), CASES)
def test_attack(text: str, expected: str) -> None:
    outcome, printed = run_session(text)
    found = f"value {outcome.value}" if outcome.status == "ok" else outcome.status
    told = f"{printed}{outcome.value}{outcome.error}"
    assert found == expected, told
    for sign in (CANARY, str(Path(__file__).parent), "site-packages", "restricted", "<module 'os'", "root:"):
        assert sign not in told
    assert not printed
    assert Interpreter(lambda _: None).run("sum(sorted([3, 1, 2]))").value == "6"


def test_refusals_name_the_line_and_what_to_do() -> None:
    outcome = Interpreter(lambda _: None).run("x = 1\ny = x.__class__.__reduce__")
    assert outcome.error is not None
    assert outcome.error.startswith("line 2: ")
    assert "instead" in outcome.error


def test_tracebacks_show_the_lines_of_the_program_alone() -> None:
    outcome = Interpreter(lambda _: None).run("import json\ndef f(x):\n    return json.loads(x)\nf('{')")
    assert outcome.error is not None
    assert outcome.error.startswith(
        "Traceback (most recent call last):\n  line 4, in <module>\n    f('{')\n"
        "  line 3, in f\n    return json.loads(x)\n"
    )
    assert "json/decoder.py" not in outcome.error


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_tracebacks_count_lines_as_the_compiler_does(end: str) -> None:
    outcome = Interpreter(lambda _: None).run(end.join(["x = 1", "y = 0", "x / y", "z = 3"]))
    assert outcome.error is not None
    assert "line 3, in <module>\n    x / y\n" in outcome.error


def test_state_is_kept_and_older_runs_are_named() -> None:
    interpreter = Interpreter(lambda _: None)
    interpreter.run("def f():\n    return 1 / 0")
    outcome = interpreter.run("f()")
    assert outcome.error == (
        "Traceback (most recent call last):\n  line 1, in <module>\n    f()\n"
        "  line 2 of run 1, in f\n    return 1 / 0\nZeroDivisionError: division by zero"
    )


@pytest.mark.parametrize("name", ["math", "re", "typing", "collections", "random", "sys", "time"])
def test_nothing_in_a_module_is_a_module(name: str) -> None:
    """Two steps of plain attributes from a facade lead to no module and to no metaclass."""
    source = f"""
import {name} as start
found = []
for a in dir(start):
    x = getattr(start, a, None)
    for b in dir(x):
        y = getattr(x, b, None)
        found += [(a, b, y) for z in (x, y) if repr(z).startswith("<module 'o") or "_frozen" in repr(z)]
found
"""
    assert Interpreter(lambda _: None).run(source).value == "[]"


def test_a_run_leaves_the_recursion_limit_and_the_decimal_context_of_the_host() -> None:
    import decimal
    import sys

    before: Callable[[], Any] = lambda: (sys.getrecursionlimit(), decimal.getcontext().prec)  # noqa: E731
    kept = before()
    Interpreter(lambda _: None).run("import sys, decimal\nsys.setrecursionlimit(9000)\ndecimal.getcontext().prec = 3")
    assert before() == kept
