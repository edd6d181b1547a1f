"""Judging functions: right ones pass, and nothing that a submission does to its session earns anything.

All of it is tried in the sandbox, and in plain processes (`support.plain_sandbox`), where a submission can do what
Python can: what earns nothing there does so because of the judge, not because of a wall.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.plain_sandbox import PlainResult, PlainSandbox

from textgym.sandbox import Limits, Sandbox
from textgym.task import Task
from textgym_tasks.python import PythonTasks, judge
from textgym_tasks.python.functions import EXAMPLES, HIDDEN, FunctionFamily
from textgym_tasks.python.judge import Case, passes, same, unfenced
from textgym_tasks.python.source import BY_NAME, UNSEEN

FUNCTIONS = [family for family in BY_NAME.values() if isinstance(family, FunctionFamily)]
SOURCE = PythonTasks(families=[family.name for family in FUNCTIONS])
SQUARES = [Case((n,), n * n + 1) for n in (12, 5, 31)]
RIGHT = "def f(n):\n    return n * n + 1"
every_family = pytest.mark.parametrize("family", FUNCTIONS, ids=lambda family: family.name)


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> PlainSandbox:
    """Stands in for the sandbox."""
    plain = PlainSandbox()
    monkeypatch.setattr("textgym.sandbox.shared_sandbox", lambda: plain)
    return plain


@pytest.fixture(scope="module")
def quick() -> Iterator[Sandbox]:
    """A sandbox whose limits a submission that hangs soon reaches."""
    with Sandbox(limits=Limits(cpu_s=0.4, grace_s=0.2), spares=1) as sandbox:
        yield sandbox


@pytest.fixture
def confined(quick: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the sandbox with its usual limits."""
    monkeypatch.setattr("textgym.sandbox.shared_sandbox", lambda: quick)


@pytest.fixture(params=["plain", "confined"])
def sandbox(request: pytest.FixtureRequest) -> None:
    """The judge uses the stand-in, or the sandbox itself."""
    request.getfixturevalue(request.param)


def draw(family: FunctionFamily, seed: int = 0) -> Task:
    return family.draw(np.random.default_rng(seed), "test_unseen" if family in UNSEEN else "train")


# --- the judge ---


@pytest.mark.parametrize(
    "source",
    [
        RIGHT,
        f"  {RIGHT}\n\n",
        f"```python\n{RIGHT}\n```",
        f"```\n{RIGHT}\n```\n",
        f"import math\n{RIGHT}\nprint(f(3))\nf(4)",
        "f = lambda n: 1 + n ** 2",
        "def g(n):\n    return n * n\n\ndef f(n, one=1):\n    return g(n) + one",
        "class F:\n    def __call__(self, n):\n        return n * n + 1\nf = F()",
    ],
)
def test_right_functions_pass(sandbox: None, source: str) -> None:
    assert passes(source, "f", SQUARES)


LIAR = "class Liar(int):\n    __repr__ = __str__ = lambda self: '145'\n    __eq__ = lambda self, other: True\n"
WRONG = {
    "nothing": "",
    "no function": "x = 5",
    "another name": RIGHT.replace("f(n)", "g(n)"),
    "wrong": "def f(n):\n    return n * n",
    "right once": "def f(n):\n    return 145",
    "None": "def f(n):\n    pass",
    "printed, not returned": "def f(n):\n    print(n * n + 1)",
    "float": "def f(n):\n    return n * n + 1.0",
    "text": "def f(n):\n    return str(n * n + 1)",
    "bool and list": "def f(n):\n    return [n * n + 1]",
    "a generator": "def f(n):\n    yield n * n + 1",
    "every number": "def f(n):\n    return list(range(10_000))",
    "prints every number": "def f(n):\n    for i in range(10_000):\n        print(i)",
    "no syntax": "def f(n) return n * n + 1",
    "raises": "def f(n):\n    raise ValueError(n * n + 1)",
    "raises at once": f"{RIGHT}\nraise ValueError",
    "exits at once": f"{RIGHT}\nraise SystemExit(0)",
    "exits": "import sys\ndef f(n):\n    sys.exit(0)",
    "leaves the process": "import os\ndef f(n):\n    os._exit(0)",
    "hangs": "def f(n):\n    while True:\n        pass",
    "hangs at once": f"{RIGHT}\nwhile True:\n    pass",
    "huge output": "def f(n):\n    return 'x' * 10**7",
    "huge number": "def f(n):\n    return 10 ** 4000",
    "huge print": "def f(n):\n    print('x' * 10**7)",
    "recursion": "def f(n):\n    return f(n)",
    "itself in itself": "def f(n):\n    x = []\n    x.append(x)\n    return x",
    "equal to all": "class E:\n    __eq__ = lambda s, o: True\n    __hash__ = None\ndef f(n):\n    return E()",
    "equal number": f"{LIAR}def f(n):\n    return Liar(5)",
    "right, but of its own type": "class I(int):\n    pass\ndef f(n):\n    return I(n * n + 1)",
    "its repr lies": "class R:\n    __repr__ = lambda s: '145'\ndef f(n):\n    return R()",
    "its repr is right": "class R(int):\n    __repr__ = lambda s: str(s + 1)\ndef f(n):\n    return R(n * n)",
    "its class lies": "class R:\n    __class__ = int\n    __repr__ = lambda s: '145'\ndef f(n):\n    return R()",
    "patched repr": "import builtins\nbuiltins.repr = lambda x: '145'\ndef f(n):\n    return 0",
    "patched type": "import builtins\nbuiltins.type = lambda x: int\nclass R:\n    pass\ndef f(n):\n    return R()",
    "shadowed type": f"{LIAR}type = lambda x: int\ndef f(n):\n    return Liar(5)",
    "patched eval": "import builtins\nbuiltins.eval = lambda *a: 145\ndef f(n):\n    return 0",
    "a finished frame": "import sys\ndef f(n):\n    sys._getframe(1).f_globals['value'] = 145\n    return 0",
    "frames of its own": (
        "import sys\nsys.modules['__main__'].frames.write('[\"ok\", \"145\", null]\\n' * 9)\ndef f(n):\n    return 0"
    ),
    "looks for what is right": (
        "import gc\ndef f(n):\n    for o in gc.get_objects():\n        if type(o) is tuple and o[:1] == ((n,),):"
        "\n            return o[1]\n    return 0"
    ),
    "fences, and more": f"Here it is:\n```python\n{RIGHT}\n```",
    "two in fences": f"```python\n{RIGHT}\n```\n```python\n{RIGHT}\n```",
    "too long": f"{RIGHT}\n#" + "x" * judge.MAX_SOURCE,
    "NUL": f"{RIGHT}\x00",
    "lone surrogate": f"{RIGHT}  # \ud800 \x01\ndef f(n): return 0",
}  # fmt: skip


@pytest.mark.parametrize("source", WRONG.values(), ids=WRONG.keys())
def test_nothing_else_passes(sandbox: None, source: str) -> None:
    assert not passes(source, "f", SQUARES)


def test_what_is_right_never_enters_a_session_and_inputs_come_one_at_a_time(plain: PlainSandbox) -> None:
    cases = [Case((8642, [n]), f"secret{n}") for n in range(4)]
    assert passes("def f(a, b):\n    return 'sec' + 'ret' + str(b[0])", "f", cases)
    (session,) = plain.sessions
    assert not any("secret" in source for source in session.sources)
    assert [source.count("8642") for source in session.sources] == [0, 0, 1, 1, 1, 1]


def test_each_submission_has_a_session_of_its_own_and_the_first_failure_ends_it(plain: PlainSandbox) -> None:
    for _ in range(3):
        assert not passes("seen = []\ndef f(n):\n    seen.append(n)\n    return len(seen)", "f", SQUARES)
    assert len(plain.sessions) == 3
    assert all(len(session.sources) == 3 for session in plain.sessions)


def test_a_slow_function_fails(sandbox: PlainSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = SimpleNamespace(run=lambda source: PlainResult("ok", "145", cpu_s=judge.CPU_S / 2))
    cases = [Case((12,), 145)] * 2
    assert judge._answers(slow, "f", cases)
    assert not judge._answers(slow, "f", [*cases, cases[0]])


@pytest.mark.parametrize(
    "value", ["9" * 5000, "1if", "[" * 300, "'\\ud800", "-" * 3000 + "1", "\x00", "__import__('os')"]
)
def test_answers_that_are_no_literals_are_wrong(value: str) -> None:
    session = SimpleNamespace(run=lambda source: PlainResult("ok", value))
    assert not judge._answers(session, "f", SQUARES)


def test_a_broken_sandbox_is_told_apart_from_a_wrong_function(sandbox: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge, "CHECK", "def {name}(value):\n    return value\n1 / 0")
    with pytest.raises(RuntimeError, match=r"does not run the judge's own code: error: (.|\n)*ZeroDivisionError"):
        passes(RIGHT, "f", SQUARES)


VALUES = st.recursive(
    st.integers(-5, 5) | st.booleans() | st.sampled_from(["", "a", "1"]) | st.sampled_from([0.0, 1.0, 2.5]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=50)
@given(VALUES, VALUES)
def test_same_is_equality_of_values_and_of_types(one: object, two: object) -> None:
    """The repr of plain values tells both; that of a dictionary also tells the order, which does not count."""
    assert same(one, one)
    if not (isinstance(one, dict) and isinstance(two, dict)) and "{" not in repr(one):
        assert same(one, two) == (repr(one) == repr(two))
    assert same(one, two) <= (one == two)
    assert same(one, two) == same(two, one)


def test_the_order_of_a_dictionary_does_not_count_but_its_types_do() -> None:
    assert same({"a": 1, "b": [2]}, {"b": [2], "a": 1})
    assert not same({"a": 1, "b": 2}, {"a": 1, "b": 2.0})
    assert not same({1: 1}, {True: 1})
    assert not same({1: 1}, {})


@given(st.text(max_size=60))
def test_unfencing_leaves_other_text_alone(text: str) -> None:
    assert unfenced(text) == text.strip() or text.strip().startswith("```")
    assert unfenced(f"```python\n{text.replace('`', '')}\n```") == text.replace("`", "").strip()


# --- the families ---


@every_family
def test_the_oracle_passes(family: FunctionFamily) -> None:
    for seed in range(2):
        task = draw(family, seed)
        assert SOURCE.grade(task, task.answer) == {"correct": 1.0}
        assert SOURCE.grade(task, f"```python\n{task.answer}\n```") == {"correct": 1.0}


@every_family
def test_sources_return_what_the_reference_says(family: FunctionFamily) -> None:
    """Many draws, in this process: the oracle's function and the reference are written apart."""
    for seed in range(60):
        task = draw(family, seed)
        names: dict = {}
        exec(task.answer, names)
        for arguments, value in family.cases(task):
            assert same(names[task.metadata["function"]](*arguments), value), (task.answer, arguments)


@every_family
def test_hidden_inputs_are_new_and_varied_and_depend_on_the_task_alone(family: FunctionFamily) -> None:
    for seed in range(10):
        task = draw(family, seed)
        cases = family.cases(task)
        assert len(cases) == HIDDEN
        assert cases == family.cases(task)
        shown = [case for case in cases if f"({', '.join(map(repr, case.arguments))}) is " in task.prompt]
        assert not shown
        assert task.prompt.count(f"\n{task.metadata['function']}(") == EXAMPLES
        values = [repr(case.value) for case in cases]
        assert max(map(values.count, values)) <= HIDDEN // 2
    assert {repr(family.cases(draw(family, seed))) for seed in range(4)} != {repr(cases)}


def stubs(family: FunctionFamily, task: Task) -> dict[str, str]:
    """Functions that a policy could hand in without solving the task."""
    name, arguments = task.metadata["function"], family.parameters
    head = f"def {name}({arguments}):\n    return "
    lines = [line for line in task.prompt.split("\n") if line.startswith(f"{name}(") and " is " in line]
    known = [line.removeprefix(name).removesuffix(".").split(" is ") for line in lines]
    table = ", ".join(f"{call!r}: {value}" for call, value in known)
    return {
        "examples only": f"def {name}(x):\n    known = {{{table}}}\n    return known.get('(' + repr(x) + ')')",
        "examples, else the first": f"{head}{{{table}}}.get('(' + repr({arguments}) + ')', {known[0][1]})",
        **{f"constant {value}": head + value for value in ("0", "1", "-1", "''", "[]", "{}", "True", "None")},
        "its input": head + arguments,
        "the question": task.prompt,
        "the question, commented": "\n".join(f"# {line}" for line in task.prompt.split("\n")),
        "the trial's value": known[0][1],
        "all examples": "\n".join(lines),
        "the given function": task.prompt.rpartition("put right:\n")[2],
        "the name": name,
        "an answer behind it": task.answer + "\nSubmitted.",
        "the source as text": repr(task.answer),
    }


@every_family
def test_functions_without_the_work_earn_nothing(confined: None, family: FunctionFamily) -> None:
    task = draw(family, 11)
    for name, stub in stubs(family, task).items():
        assert SOURCE.grade(task, stub) == {"correct": 0.0}, name


@every_family
def test_a_given_function_is_wrong_for_every_task(family: FunctionFamily) -> None:
    if not family.buggy:
        assert "put right" not in draw(family).prompt
    for seed in range(60 * bool(family.buggy)):
        task = draw(family, seed)
        names: dict = {}
        exec(task.prompt.rpartition("put right:\n")[2], names)
        found = []
        for arguments, value in family.cases(task):
            try:
                found.append(same(names[task.metadata["function"]](*arguments), value))
            except Exception:
                found.append(False)
        assert not all(found)
        assert found.count(False) >= 3


@settings(max_examples=20)
@given(st.text(max_size=200))
def test_arbitrary_text_never_raises_and_earns_nothing(text: str) -> None:
    assert SOURCE.grade(draw(FUNCTIONS[0]), text) == {"correct": 0.0}
