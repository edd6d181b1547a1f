"""Which texts are an answer: one number in an ordinary written form, and nothing else.

Accepted: `42`, `+42`, `-42`, `1,042`, `3.5`, `03.50`, `.5`, `5.`, `7/2` (integers, in lowest terms), `50%` and `50 %`
(0.5, or 50 where the question asks for a percentage), `$3.50` and `-$3.50` (questions that speak of dollars), white
space around any of these.

Refused, although one might read a number in it: words and units, several numbers, mixed numbers (`2 1/2` is two
numbers), expressions, fractions that can still be reduced (`8642/4` would hand in the question), exponents (`1e3`),
digit groups in wrong places (`10,42`), digits outside ASCII, `inf`, `nan`, and anything longer than `MAX_LENGTH`.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import gcd

MAX_LENGTH = 64
"""Longer submissions are wrong unread: no answer needs them, and a million digits would cost time."""

_DECIMAL = re.compile(
    r"(?P<sign>[+-]?)(?P<dollar>\$?)"
    r"(?P<whole>[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)?(?:\.(?P<part>[0-9]*))?"
    r"(?P<percent> ?%)?"
)
_PLAIN = re.compile(r"-?[0-9]{1,30}(?:\.[0-9]{1,30})?")
_FRACTION = re.compile(r"([+-]?[0-9]+)/([0-9]+)")


def is_plain(text: str) -> bool:
    """Whether `text` is a number that every question reads alike: digits, perhaps a minus and a point.

    >>> is_plain("-3.5"), is_plain("50%")
    (True, False)
    """
    return _PLAIN.fullmatch(text) is not None


def parse_number(text: str, *, percent: bool = False, money: bool = False) -> Fraction | None:
    """The exact value of `text`, or None if it is not one number in a form that the module accepts.

    Args:
        text: any text at all.
        percent: the question asks for a percentage, so a percent sign is a unit and does not divide by 100.
        money: the question speaks of dollars, so a dollar sign is allowed.

    >>> parse_number(" 1,042.50 ")
    Fraction(2085, 2)
    >>> parse_number("5 or 6") is None
    True
    """
    if len(text) > MAX_LENGTH:
        return None
    text = text.strip()
    if match := _FRACTION.fullmatch(text):
        above, below = int(match[1]), int(match[2])
        return Fraction(above, below) if below and gcd(above, below) == 1 else None
    match = _DECIMAL.fullmatch(text)
    if match is None or (match["dollar"] and (match["percent"] or not money)):
        return None
    whole, part = (match["whole"] or "").replace(",", ""), match["part"] or ""
    if not whole + part:
        return None
    value = Fraction(int(whole + part), 10 ** len(part))
    if match["percent"] and not percent:
        value /= 100
    return -value if match["sign"] == "-" else value
