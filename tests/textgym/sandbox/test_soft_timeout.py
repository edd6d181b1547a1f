"""The soft time limit goes through whatever a program puts in its way, and the state is kept."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from textgym.sandbox.language import Interpreter, SoftTimeout

LIMIT_S = 0.05
# A call, since Python 3.11 finds no handler for what is raised in an empty loop.
SPIN = "kept = 1\ndef spin():\n    n = 0\n    while True:\n        n += 1"


@contextmanager
def timer() -> Iterator[None]:
    """Raises SoftTimeout once, after `LIMIT_S` seconds of CPU time."""

    def stop(*_: Any) -> None:
        raise SoftTimeout

    before = signal.signal(signal.SIGVTALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT_S)
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


PROGRAMS = {
    "plain": "while True: pass",
    "bare_except": "while True:\n    try:\n        spin()\n    except:\n        print('caught')",
    "base_exception": "try:\n    spin()\nexcept BaseException:\n    print('caught')",
    "handler_that_raises": (
        "try:\n    try:\n        spin()\n    except 1 / 0:\n        pass\n"
        "except ZeroDivisionError:\n    print('caught')"
    ),
    "finally_return": ("def f():\n    try:\n        spin()\n    finally:\n        return 1\nf()\nprint('caught')"),
    "finally_continue": (
        "n = 0\nwhile n < 3:\n    n += 1\n    try:\n        spin()\n    finally:\n        continue\nprint('caught')"
    ),
    "finally_break": "while True:\n    try:\n        spin()\n    finally:\n        break\nprint('caught')",
    "finally_raises": (
        "try:\n    try:\n        spin()\n    finally:\n        1 / 0\nexcept ZeroDivisionError:\n    print('caught')"
    ),
    "finally_yields": ("def g():\n    try:\n        spin()\n    finally:\n        yield 1\nnext(g())\nprint('caught')"),
    "finally_nested": (
        "def f():\n    try:\n        spin()\n    finally:\n        try:\n            1 / 0\n"
        "        except ZeroDivisionError:\n            return 1\n        finally:\n            return 2\n"
        "f()\nprint('caught')"
    ),
    "exit_swallows": (
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a): return True\n"
        "with C():\n    spin()\nprint('caught')"
    ),
    "exit_raises": (
        "class C:\n    def __enter__(self): pass\n    def __exit__(self, *a): raise ValueError\n"
        "try:\n    with C():\n        spin()\nexcept ValueError:\n    print('caught')"
    ),
    "exit_names_it": (
        "kinds = []\nclass C:\n    def __enter__(self): pass\n    def __exit__(self, t, e, tb): kinds.append(t)\n"
        "try:\n    with C():\n        spin()\nexcept Exception:\n    print('caught')"
    ),
    "suppress": ("from contextlib import suppress\nwith suppress(BaseException):\n    spin()\nprint('caught')"),
    "contextmanager": (
        "from contextlib import contextmanager\n@contextmanager\ndef m():\n    try:\n        yield\n    except:\n"
        "        print('caught inside')\nwith m():\n    spin()\nprint('caught')"
    ),
    "manager_as_decorator": (
        "from contextlib import contextmanager\n@contextmanager\ndef m():\n    try:\n        yield\n    finally:\n"
        "        pass\n@m()\ndef f():\n    spin()\nf()\nprint('caught')"
    ),
    "in_a_generator": "def g():\n    spin()\n    yield\nlist(g())",
    "in_a_sort_key": "def k(x):\n    spin()\ntry:\n    sorted([2, 1], key=k)\nexcept:\n    print('caught')",
    "in_a_repr": "class A:\n    def __repr__(self):\n        spin()\nA()",
    "in_an_error_text": "class E(Exception):\n    def __str__(self):\n        spin()\nraise E",
    "in_getattr": "class A:\n    def __getattr__(self, n):\n        spin()\nhasattr(A(), 'x')",
    "in_a_property": "class A:\n    @property\n    def p(self):\n        spin()\ngetattr(A(), 'p', 1)",
    "long_recursion": "def f(n):\n    for _ in range(2): f(n + 1) if n < 60 else None\nf(0)",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_stops_the_time_limit(name: str) -> None:
    printed: list[str] = []
    interpreter = Interpreter(printed.append)
    assert interpreter.run(SPIN).status == "ok"
    with pytest.raises(SoftTimeout), timer():
        interpreter.run(PROGRAMS[name])
    assert "caught\n" not in printed
    assert interpreter.run("kept").value == "1"


def test_finally_blocks_and_exits_run() -> None:
    printed: list[str] = []
    interpreter = Interpreter(printed.append)
    interpreter.run(SPIN)
    program = (
        "class C:\n    def __enter__(self): pass\n"
        "    def __exit__(self, t, e, tb): print('exit', t.__name__, bool(tb))\n"
        "try:\n    with C():\n        spin()\nfinally:\n    print('finally')"
    )
    with pytest.raises(SoftTimeout), timer():
        interpreter.run(program)
    assert "".join(printed) == "exit TimeoutError True\nfinally\n"


def test_a_handler_cannot_see_it_as_a_context() -> None:
    program = """
kinds = []
try:
    spin()
finally:
    try:
        1 / 0
    except Exception as error:
        kinds.append(error.__context__)
"""
    interpreter = Interpreter(lambda _: None)
    interpreter.run(SPIN)
    with pytest.raises(SoftTimeout), timer():
        interpreter.run(program)
    assert interpreter.run("kinds").value == "[None]"
