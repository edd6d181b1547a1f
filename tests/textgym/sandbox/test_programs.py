"""Ordinary programs, of the kind that language models write, run as in plain Python: same output, same last value."""

import ast
import contextlib
import decimal
import io
import re
import sys
import types
import warnings
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgym.sandbox.language import Interpreter

FOLDER = Path(__file__).with_name("programs")


def read_programs() -> dict[str, str]:
    """The programs by name: a file holds those of one kind, each after a line `# %% name`."""
    programs = {}
    for path in sorted(FOLDER.glob("*.py")):
        parts = re.split(r"^# %% (\w+)\n", path.read_text(), flags=re.M)
        for name, text in zip(parts[1::2], parts[2::2], strict=True):
            programs[f"{path.stem}-{name}"] = text
    return programs


PROGRAMS = read_programs()


def run_plain(source: str) -> tuple[str, str | None]:
    """Output and last value of `source` in plain Python."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    module = types.ModuleType("__main__")
    variables = module.__dict__
    host = sys.modules["__main__"]
    limit, context = sys.getrecursionlimit(), decimal.getcontext()
    printed = io.StringIO()
    try:
        sys.modules["__main__"] = module
        decimal.setcontext(decimal.Context(prec=28))
        with contextlib.redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            exec(compile(tree, "<program>", "exec", dont_inherit=True), variables)
            value = last and eval(
                compile(ast.Expression(last.value), "<program>", "eval", dont_inherit=True), variables
            )
            shown = None if value is None else repr(value)
    finally:
        sys.modules["__main__"] = host
        sys.setrecursionlimit(limit)
        decimal.setcontext(context)
    return printed.getvalue(), shown


def run_restricted(source: str) -> tuple[str, str | None]:
    """Output and last value of `source` in the interpreter, which must take it."""
    printed: list[str] = []
    outcome = Interpreter(printed.append).run(source)
    assert outcome.status == "ok", outcome.error
    return "".join(printed), outcome.value


def test_the_corpus_is_large() -> None:
    assert len(PROGRAMS) >= 150


@pytest.mark.parametrize("name", PROGRAMS)
def test_program_runs_as_in_plain_python(name: str) -> None:
    assert run_restricted(PROGRAMS[name]) == run_plain(PROGRAMS[name])


NUMBERS = st.integers(-50, 50)
NAMES = st.sampled_from(["a", "b", "_c", "xs"])
ATOMS = st.one_of(NUMBERS.map(str), st.sampled_from(["a", "b", "_c", "len(xs)", "sum(xs)", "xs[0]", "box._v", "box.n"]))


def combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions made of `inner`: arithmetic, comparison, conditions, comprehensions, text."""
    operators = st.sampled_from(["+", "-", "*", "//", "%", "<", "==", "and", "or", "&", "|"])
    return st.one_of(
        st.tuples(inner, operators, inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} if {t[1]} else {t[2]})"),
        inner.map(lambda e: f"sum([{e} for a in xs])"),
        inner.map(lambda e: f"len('%6s|%r' % ({e}, {e}))"),
        inner.map(lambda e: f"(lambda b: {e})(2)"),
        inner.map(lambda e: f"max([{e}], key=lambda _c: -_c)"),
        inner.map(lambda e: f"int('%d' % ({e}))"),
    )


EXPRESSIONS = st.recursive(ATOMS, combined, max_leaves=5)
STATEMENTS = st.one_of(
    st.tuples(st.sampled_from(["a", "b", "_c"]), st.sampled_from(["=", "+=", "-="]), EXPRESSIONS).map(" ".join),
    EXPRESSIONS.map(lambda e: f"xs.append({e})"),
    EXPRESSIONS.map(lambda e: f"box._v += {e}"),
    EXPRESSIONS.map(lambda e: f"box.n = {e}"),
    EXPRESSIONS.map(lambda e: f"print({e}, sep='')"),
    EXPRESSIONS.map(lambda e: f"for a in range(3):\n    _c = {e}"),
    EXPRESSIONS.map(lambda e: f"try:\n    b = 1 // ({e})\nexcept ZeroDivisionError as e:\n    print(e)"),
    EXPRESSIONS.map(lambda e: f"xs[-1] = {e}"),
    EXPRESSIONS.map(lambda e: f"print(f'{{a:>6}}|{{_c!r}}|{{box.n}}', {e})"),
)
OPENING = """class Box:
    def __init__(self):
        self._v, self.n = 1, 2
box = Box()
a, b, _c, xs = 1, 2, 3, [4, 5]
"""


@settings(max_examples=50, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=5), EXPRESSIONS)
def test_generated_programs_run_as_in_plain_python(statements: list[str], last: str) -> None:
    source = OPENING + "\n".join([*statements, "(a, b, _c, xs, box._v, box.n)", last])
    try:
        expected: object = run_plain(source)
    except Exception as error:
        expected = f"{type(error).__name__}: {error}"
    printed: list[str] = []
    outcome = Interpreter(printed.append).run(source)
    if isinstance(expected, str):
        assert outcome.error is not None
        assert outcome.error.endswith(expected)
    else:
        assert ("".join(printed), outcome.value) == expected
