"""Which texts are an answer: one number, one word or one list in an ordinary written form, and nothing else.

- number: as in TextCalc (`calc.grading`): `12`, `12.0`, `1,200`, `+12`, white space around it.
- text: the text itself, or in one pair of single or double quotes, as a REPL echoes it. Case counts.
- list: items separated by commas, in brackets, in parentheses or bare. White space around items does not count. Items
  are whole numbers, or texts as above.

Everything else is wrong, although one might read the answer in it: sentences, several answers, the answer with anything
before or behind it, nested or empty lists, and whatever is longer than the limits below.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from textgym_tasks.calc.grading import parse_number

Value = int | str | list[int] | list[str]
"""What a question may ask for."""

MAX_TEXT, MAX_LIST = 200, 1000
"""Longer submissions are wrong unread."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,30}")
_BRACKETS = {"[": "]", "(": ")"}


def parse_text(text: str) -> str | None:
    """A word or a phrase, without the quotes around it if there is a pair.

    >>> parse_text(" 'abc' "), parse_text('"abc')
    ('abc', None)
    """
    text = text.strip() if len(text) <= MAX_TEXT else ""
    if text[:1] in ("'", '"'):
        text = text[1:-1] if len(text) > 1 and text[0] == text[-1] else ""
    return text if text and not set(text) & set("'\"") else None


def parse_whole(text: str) -> int | None:
    """A whole number in plain digits."""
    return int(text) if _WHOLE.fullmatch(text.strip()) else None


def parse_list(text: str, item: Callable[[str], int | str | None]) -> list[int | str] | None:
    """A list whose items `item` reads.

    >>> parse_list("[12, 5]", parse_whole), parse_list("12,5", parse_whole), parse_list("12 5", parse_whole)
    ([12, 5], [12, 5], None)
    """
    text = text.strip() if len(text) <= MAX_LIST else ""
    if text[:1] in _BRACKETS:
        text = text[1:-1] if text[-1] == _BRACKETS[text[0]] else ""
    items = [item(part) for part in text.split(",")]
    found = [i for i in items if i is not None]
    return found if len(found) == len(items) else None


def is_answer(value: Value, submission: str) -> bool:
    """Whether `submission` is a form of `value`. Never raises."""
    if isinstance(value, int):
        return parse_number(submission) == value
    if isinstance(value, str):
        return parse_text(submission) == value
    words = isinstance(value[0], str)
    return parse_list(submission, parse_text if words else parse_whole) == value


def answer_text(value: Value) -> str:
    """The canonical submission: what `print` shows."""
    return str(value)
