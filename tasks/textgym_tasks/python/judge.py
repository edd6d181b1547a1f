"""Judging a submitted function: it runs in a fresh sandbox session, and is compared here.

What the session sees is one input at a time; what is right for it never enters. A submission can therefore do to its
session what it likes (patch builtins, redefine `==`, print, exit, hang): the only thing that earns anything is to
answer each hidden input with the right value. A value counts if a check of exact types lets it through; what is
compared here is read from its `repr` as a literal, so that no code of the submission runs.
"""

from __future__ import annotations

import ast
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from textgym.sandbox import Session

MAX_SOURCE = 8_000
"""Characters of the longest submission that is run."""
MAX_RESULT = 4_000
"""Characters of the longest result that is read."""
CPU_S = 4.0
"""CPU seconds for all hidden inputs together, if the session's own limits let it come so far."""

CHECK = """
def {name}(value, depth=0, type=type, dict=dict, kinds=(int, bool, float, str, list, tuple, dict), bad=TypeError):
    kind = type(value)
    if depth > 9 or kind not in kinds:
        raise bad("not a plain value")
    if kind in kinds[4:]:
        for item in value:
            {name}(item, depth + 1)
        if kind is dict:
            for item in value.values():
                {name}(item, depth + 1)
    return value
"""


class Case(NamedTuple):
    """A hidden input and the value that is right for it."""

    arguments: tuple[Any, ...]
    value: Any


def passes(submission: str, function: str, cases: list[Case]) -> bool:
    """Whether `submission` defines `function` and it returns the right value, of the right type, in every case.

    Stops at the first that fails. The submission may stand in one pair of Markdown fences.

    Raises:
        RuntimeError: there is no sandbox, or it does not run the judge's own code, whatever the submission is.
    """
    source = unfenced(submission)
    if not source or len(source) > MAX_SOURCE:
        return False
    from textgym.sandbox import shared_sandbox  # late: only functions need it

    # No name that the submission can spell: it would have to hold its own hash.
    check = f"check_{blake2b(source.encode(errors='replace'), digest_size=12).hexdigest()}"
    with shared_sandbox().session(seed=0) as session:
        ready = session.run(CHECK.format(name=check))
        if ready.status != "ok":
            raise RuntimeError(f"the sandbox does not run the judge's own code: {ready.status}: {ready.error}")
        ran = session.run(f"{source}\n\nTrue").value == "True"  # to its end: one that exits is none
        return ran and _answers(session, f"{check}({function}", cases)


def _answers(session: Session, call: str, cases: list[Case]) -> bool:
    """Whether `call`, a function's name with what goes before it, gives the right value in every case."""
    used = 0.0
    for case in cases:
        result = session.run(f"{call}({', '.join(map(repr, case.arguments))}))")
        used += result.cpu_s
        if result.status != "ok" or used > CPU_S or not same(_read(result.value), case.value):
            return False
    return True


def _read(text: str | None) -> Any:
    """The value of a literal; None, which no case has, for anything else."""
    try:
        return ast.literal_eval(text) if text is not None and len(text) <= MAX_RESULT else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def same(one: Any, two: Any) -> bool:
    """Equality of plain values and of all their types: 1, 1.0 and True are three values.

    >>> same([1, "a"], [1, "a"]), same([1], (1,)), same(True, 1)
    (True, False, False)
    """
    if type(one) is not type(two):
        return False
    if isinstance(one, (list, tuple)):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return len(one) == len(two) and all(map(same, sorted_items(one), sorted_items(two)))
    return bool(one == two)


def sorted_items(value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """Items in an order that does not depend on how the dictionary was filled."""
    return sorted(value.items(), key=lambda item: repr(item[0]))


def unfenced(submission: str) -> str:
    """The source in a submission, without a pair of Markdown fences that holds all of it."""
    source = submission.strip()
    first, _, rest = source.partition("\n")
    if first in ("```", "```python", "```py") and rest.endswith("```") and rest.count("```") == 1:
        return rest[:-3].strip()
    return source
