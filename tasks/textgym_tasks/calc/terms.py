"""Terms: a formula written once in Python gives the exact value, the calculator expression and its steps.

>>> term = (Term.of(312) + 45) * 7
>>> term.text, term.value, term.steps
('(312+45)*7', 2499, ('312+45', '357*7'))

The value comes from exact arithmetic on the operands (numerators and denominators); the text is never parsed
here. That the calculator finds the same value in the text is therefore a test of both
(tests/textgym_tasks/test_calc.py).
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd

from textgym_tasks.operands import with_point

ADDITIVE, MULTIPLICATIVE, ATOM = 1, 2, 3
"""How strongly the outermost operator of a term binds; decides on parentheses."""


def is_short_decimal(below: int, places: int = 2) -> bool:
    """Whether a value with the denominator `below`, in lowest terms, is written in full with at most `places` decimals.

    >>> is_short_decimal(4), is_short_decimal(8)
    (True, False)
    """
    return not 10**places % below


def decimal_text(above: int, below: int = 1, places: int = 2) -> str:
    """The shortest decimal notation of `above / below`, which needs at most `places` decimals.

    >>> decimal_text(-7, 2)
    '-3.5'
    """
    if below == 1:
        return str(above)
    text = with_point(abs(above) * 10**places // below, places).rstrip("0").rstrip(".")
    return f"-{text}" if above < 0 else text


class Term:
    """An arithmetic term: `text` for the calculator, the exact `value`, and `steps`, one an operation, in order.

    The value is kept as two whole numbers in lowest terms, `above` and `below`, of which the second is positive: a
    `Fraction` takes several times as long to compute with.
    """

    __slots__ = ("above", "below", "binding", "steps", "text")

    def __init__(self, text: str, above: int, below: int = 1, binding: int = ATOM, steps: tuple[str, ...] = ()) -> None:
        if below != 1:
            common = gcd(above, below)
            above, below = above // common, below // common
        self.text, self.above, self.below, self.binding, self.steps = text, above, below, binding, steps

    @classmethod
    def of(cls, number: Term | int) -> Term:
        """`number` itself, or the term of a constant such as 100."""
        return number if isinstance(number, Term) else cls(str(number), number)

    @property
    def value(self) -> int | Fraction:
        """What the term comes to."""
        return self.above if self.below == 1 else Fraction(self.above, self.below)

    def inline(self) -> str:
        """The value as an operand of a step: a decimal where six places suffice, else an exact fraction."""
        if not self.steps:
            return self.text
        above, below = self.above, self.below
        if below == 1:
            return str(above) if above >= 0 else f"({above})"
        if is_short_decimal(below, 6):
            text = decimal_text(above, below, 6)
            return text if above >= 0 else f"({text})"
        return f"({above}/{below})"

    def _join(self, op: str, other: Term, above: int, below: int, binding: int) -> Term:
        left = self.text if self.binding >= binding else f"({self.text})"
        # a-(b-c) and a/(b*c) need their parentheses, a+(b-c) and a*(b/c) do not.
        bare = other.binding >= binding + (op in "-/")
        right = other.text if bare else f"({other.text})"
        step = f"{self.inline()}{op}{other.inline()}"
        return Term(f"{left}{op}{right}", above, below, binding, (*self.steps, *other.steps, step))

    def __add__(self, other: Term | int) -> Term:
        other = Term.of(other)
        above = self.above * other.below + other.above * self.below
        return self._join("+", other, above, self.below * other.below, ADDITIVE)

    def __sub__(self, other: Term | int) -> Term:
        other = Term.of(other)
        above = self.above * other.below - other.above * self.below
        return self._join("-", other, above, self.below * other.below, ADDITIVE)

    def __mul__(self, other: Term | int) -> Term:
        other = Term.of(other)
        return self._join("*", other, self.above * other.above, self.below * other.below, MULTIPLICATIVE)

    def __truediv__(self, other: Term | int) -> Term:
        other = Term.of(other)
        above, below = self.above * other.below, self.below * other.above
        if below < 0:
            above, below = -above, -below
        return self._join("/", other, above, below, MULTIPLICATIVE)

    def __radd__(self, other: int) -> Term:
        return Term.of(other) + self

    def __rsub__(self, other: int) -> Term:
        return Term.of(other) - self

    def __rmul__(self, other: int) -> Term:
        return Term.of(other) * self

    def rounded(self) -> Term:
        """This term rounded to 2 decimals; the rounding belongs to its last step.

        Ties are the caller's to avoid, so that every rounding rule agrees on the answer.
        """
        hundredths = (200 * self.above + self.below) // (2 * self.below)
        return Term(f"round({self.text},2)", hundredths, 100, ATOM, (*self.steps[:-1], f"round({self.steps[-1]},2)"))


def smaller(one: Term, two: Term) -> Term:
    """The smaller of two terms."""
    least = one if one.above * two.below <= two.above * one.below else two
    step = f"min({one.inline()},{two.inline()})"
    return Term(f"min({one.text},{two.text})", least.above, least.below, ATOM, (*one.steps, *two.steps, step))
