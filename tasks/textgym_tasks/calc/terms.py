"""Terms: a formula written once in Python gives the exact value, the calculator expression and its steps.

>>> term = (Term.of(312) + 45) * 7
>>> term.text, term.value, term.steps
('(312+45)*7', 2499, ('312+45', '357*7'))

The value comes from exact arithmetic on the operands (integers, and `Fraction` where need be); the text is never parsed
here. That the calculator finds the same value in the text is therefore a test of both
(tests/textgym_tasks/test_calc.py).
"""

from __future__ import annotations

from fractions import Fraction

ADDITIVE, MULTIPLICATIVE, ATOM = 1, 2, 3
"""How strongly the outermost operator of a term binds; decides on parentheses."""


def is_short_decimal(value: int | Fraction, places: int = 2) -> bool:
    """Whether `value` is written in full with at most `places` decimals."""
    return not 10**places % value.denominator


def decimal_text(value: int | Fraction, places: int = 2) -> str:
    """The shortest decimal notation of a value that needs at most `places` decimals.

    >>> decimal_text(Fraction(-7, 2))
    '-3.5'
    """
    if value.denominator == 1:
        return str(value.numerator)
    scaled = value.numerator * 10**places // value.denominator
    whole, part = divmod(abs(scaled), 10**places)
    text = f"{whole}.{part:0{places}d}".rstrip("0").rstrip(".")
    return f"-{text}" if scaled < 0 else text


def inline(value: int | Fraction) -> str:
    """`value` as an operand of a step: a decimal where six places suffice, else an exact fraction."""
    if value.denominator == 1 and value.numerator >= 0:
        return str(value.numerator)
    text = decimal_text(value, 6) if is_short_decimal(value, 6) else f"{value.numerator}/{value.denominator}"
    return f"({text})" if value.numerator < 0 or "/" in text else text


class Term:
    """An arithmetic term: `text` for the calculator, exact `value`, and `steps`, one an operation, in order."""

    __slots__ = ("binding", "steps", "text", "value")

    def __init__(self, text: str, value: int | Fraction, binding: int = ATOM, steps: tuple[str, ...] = ()) -> None:
        self.text, self.value, self.binding, self.steps = text, value, binding, steps

    @classmethod
    def of(cls, number: Term | int) -> Term:
        """`number` itself, or the term of a constant such as 100."""
        return number if isinstance(number, Term) else cls(str(number), number)

    def _join(self, op: str, other: Term, value: int | Fraction, binding: int) -> Term:
        left = self.text if self.binding >= binding else f"({self.text})"
        # a-(b-c) and a/(b*c) need their parentheses, a+(b-c) and a*(b/c) do not.
        bare = other.binding >= binding + (op in "-/")
        right = other.text if bare else f"({other.text})"
        step = f"{inline(self.value)}{op}{inline(other.value)}"
        return Term(f"{left}{op}{right}", value, binding, (*self.steps, *other.steps, step))

    def __add__(self, other: Term | int) -> Term:
        other = Term.of(other)
        return self._join("+", other, self.value + other.value, ADDITIVE)

    def __sub__(self, other: Term | int) -> Term:
        other = Term.of(other)
        return self._join("-", other, self.value - other.value, ADDITIVE)

    def __mul__(self, other: Term | int) -> Term:
        other = Term.of(other)
        return self._join("*", other, self.value * other.value, MULTIPLICATIVE)

    def __truediv__(self, other: Term | int) -> Term:
        other = Term.of(other)
        return self._join("/", other, Fraction(self.value, other.value), MULTIPLICATIVE)

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
        value = Fraction(round(self.value * 100), 100)
        return Term(f"round({self.text},2)", value, ATOM, (*self.steps[:-1], f"round({self.steps[-1]},2)"))


def smaller(one: Term, two: Term) -> Term:
    """The smaller of two terms."""
    step = f"min({inline(one.value)},{inline(two.value)})"
    return Term(f"min({one.text},{two.text})", min(one.value, two.value), ATOM, (*one.steps, *two.steps, step))
