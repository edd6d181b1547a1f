"""An exact calculator for school arithmetic: text in, text out, in about a millisecond at most, whatever the text.

Nothing here is Python's `eval`: a small precedence climber reads the expression and computes it on the way. Loosest
first, it knows

    a + b   a - b           left to right
    a * b   a / b   a % b   left to right; also × · ⋅ ÷; the remainder has the sign of the divisor
    15% of 200              0.15 * 200
    -a      +a              also − and –; -2^2 is -4, -7 % 3 is (-7) % 3, which is 2
    a ^ b                   right to left; also **; 0^0 is 1
    n!      15%             factorial; a percentage, 0.15
    1,234.5   $20   1e6   (a)   sqrt(x) factorial(n) comb(n, k) round(x[, places]) min(a, ...) max(a, ...) abs(x)

- `%` is the remainder if a number, `$`, `(` or a name follows, else a percentage: `17 % 5` is 2, `10% - 3` is -2.9.
- Thousands commas stand in strict groups of three. Anywhere inside a function's parentheses a comma separates arguments
  instead: `max(1,234)` is 234.
- `round` takes halves away from zero, as at school: round(2.5) is 3, round(-2.5) is -3.
- `n!!` is refused, for it could mean two things. One `=` may end the expression.

Numbers are exact fractions. What cannot be one (an irrational root, or more than `MAX_BITS` bits) is carried to 50
digits, the last ten of them guard digits. The result has at most 15 significant digits, rounded half up, but its whole
part is never shortened. It is plain (`0.25`: no commas, no trailing zeros) except below 1e-15 and, where it is not
exact, from 1e40 on: `1e-20`. Fed back as an expression, a result keeps its value.
"""

import re
from collections.abc import Callable
from decimal import localcontext
from fractions import Fraction
from typing import Final

from textgym.tools.arithmetic import (
    MAX_DIGITS,
    WORKING,
    CalculationError,
    Value,
    absolute,
    add,
    bounded,
    comb,
    divide,
    exact,
    factorial,
    modulo,
    multiply,
    percent,
    percent_of,
    power,
    ratio,
    rounded_to,
    sqrt,
    subtract,
    written,
)

MAX_CHARS: Final = 1000  # longest expression; less than the 4300 digits at which int() raises
MAX_DEPTH: Final = 40  # deepest nesting of parentheses, calls, signs and powers
MAX_WORK: Final = 700  # most work in one expression, in rough microseconds: about 115 sums or 5 fractional powers


def calculate(expression: str) -> str:
    """The value of an arithmetic expression as text, or `error: <reason>`. Never raises.

    >>> calculate("15% of 1,234.50 + 2^-3")
    '185.3'
    >>> calculate("1 / 0")
    'error: division by zero'
    """
    if len(expression) > MAX_CHARS:
        return f"error: expression is longer than {MAX_CHARS} characters"
    try:
        with localcontext(WORKING):
            return written(_Parser(expression).parse())
    except CalculationError as error:
        return f"error: {error}"
    except RecursionError:  # our own depth is bounded, but the caller's stack may be nearly full
        return "error: nested too deeply"


_Operation = Callable[..., Value]

# Symbol: how tightly it binds, what it does.
_INFIX: Final[dict[str, tuple[int, _Operation]]] = {
    "+": (1, add),
    "-": (1, subtract),
    "*": (2, multiply),
    "/": (2, divide),
    "%": (2, modulo),
    "%of": (3, percent_of),
    "^": (5, power),
}
_SIGN_BINDS: Final = 4
_POSTFIX: Final[dict[str, _Operation]] = {"!": factorial, "%": percent}
# Name: what it does, fewest and most arguments.
_FUNCTIONS: Final[dict[str, tuple[_Operation, int, int]]] = {
    "sqrt": (sqrt, 1, 1),
    "factorial": (factorial, 1, 1),
    "comb": (comb, 2, 2),
    "round": (rounded_to, 1, 2),
    "min": (lambda *values: min(values, key=exact), 1, MAX_CHARS),
    "max": (lambda *values: max(values, key=exact), 1, MAX_CHARS),
    "abs": (absolute, 1, 1),
}
# Microseconds beyond those of a sum.
_WORK: Final[dict[_Operation, int]] = {sqrt: 20, modulo: 20, rounded_to: 20, power: 10, percent_of: 3, comb: 40}


def _work(operation: _Operation, operands: tuple[Value, ...]) -> int:
    """Roughly the microseconds that the operation takes, the check of its result included: an estimate from above."""
    work = 3 + _WORK.get(operation, 0)
    for value in operands:
        if type(value) is int:
            work += value.bit_length() // 256
        elif isinstance(value, Fraction):
            work += (value.numerator.bit_length() + value.denominator.bit_length()) // 256
    return work + 100 * (operation is power and not isinstance(operands[1], int))


# Reading

_SYNONYMS: Final = str.maketrans({"×": "*", "·": "*", "⋅": "*", "÷": "/", "−": "-", "–": "-"})
_NUMBER_SHAPE: Final = r" ?\$?(?=\.?[0-9])({whole}[0-9]*)\.?([0-9]*)(?:[eE]([-+]?[0-9]+))?"
_NUMBER: Final = re.compile(_NUMBER_SHAPE.format(whole=""))
_GROUPED_NUMBER: Final = re.compile(_NUMBER_SHAPE.format(whole="[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9,])|"))
_NAME: Final = re.compile(r" ?([A-Za-z]+)")
_SIGNS: Final = re.compile(r" ?([-+][-+ ]*)")
_INFIX_SYMBOL: Final = re.compile(r" ?(% ?(?i:of)(?![A-Za-z])|[-+*/^%])")
_POSTFIX_SYMBOL: Final = re.compile(r" ?(!(?! ?!)|%(?! ?[0-9.$(A-Za-z]))")  # a % with an operand after it is infix
_OPEN, _COMMA, _CLOSE = (re.compile(rf" ?(\{symbol})") for symbol in "(,)")
_END: Final = re.compile(r" ?=?\Z")
_REST: Final = re.compile(r" ?([A-Za-z]{1,20}|.)?", re.DOTALL)
_HINTS: Final = {",": " (thousands commas need groups of three: 1,234)", "!": " (n!! is ambiguous: write (n!)!)"}


def _literal(match: re.Match[str]) -> Value:
    whole, fraction, exponent = match.groups()
    if "," in whole:
        whole = whole.replace(",", "")
    if not (fraction or exponent):
        return bounded(int(whole))
    if not exponent:
        return bounded(ratio(int(whole + fraction), 10 ** len(fraction)))
    if abs(int(exponent)) > MAX_DIGITS:
        raise CalculationError(f"the exponent of a number is beyond {MAX_DIGITS}")
    scale = int(exponent) - len(fraction)
    digits = int(whole + fraction)
    return bounded(digits * 10**scale if scale >= 0 else ratio(digits, 10**-scale))


class _Parser:
    """Reads an expression from left to right and computes it on the way."""

    def __init__(self, text: str) -> None:
        text = text if text.isascii() else text.translate(_SYNONYMS)
        # Runs of space become one space, so that no pattern scans a long run again and again.
        self.text = " ".join(text.replace("**", "^").split())
        self.at = self.depth = self.open_calls = self.work = 0

    def parse(self) -> Value:
        value = self.expression()
        self.expect(_END, "an operator")
        return value

    def expression(self, loosest: int = 0) -> Value:
        """An operand and all infix operators after it that bind at least as tightly as `loosest`."""
        self.spend(3)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise CalculationError(f"nested too deeply: over {MAX_DEPTH} levels")
        left = self.operand()
        while self.next_is("-+*/^%") and (match := _INFIX_SYMBOL.match(self.text, self.at)):
            binds, operation = _INFIX["%of" if len(match[1]) > 1 else match[1]]
            if binds < loosest:
                break
            self.at = match.end()
            right = self.expression(binds if operation is power else binds + 1)
            left = self.apply(operation, left, right)
        self.depth -= 1
        return left

    def operand(self) -> Value:
        """A number, a call or a parenthesis, with its postfix operators; or signs and what they bind."""
        if number := (_NUMBER if self.open_calls else _GROUPED_NUMBER).match(self.text, self.at):
            self.at = number.end()
            value = _literal(number)
        elif self.next_is("(") and self.take(_OPEN):
            value = self.expression()
            self.expect(_CLOSE, "')'")
        elif signs := self.take(_SIGNS):
            value = self.expression(_SIGN_BINDS)
            return -value if signs.count("-") % 2 else value
        elif name := self.take(_NAME):
            value = self.call(name.lower())
        else:
            raise self.unexpected("a number")
        while self.next_is("!%") and (symbol := self.take(_POSTFIX_SYMBOL)):
            value = self.apply(_POSTFIX[symbol], value)
        return value

    def call(self, name: str) -> Value:
        if name not in _FUNCTIONS:
            raise CalculationError(f"unknown name '{name[:20]}'; functions are {', '.join(_FUNCTIONS)}")
        operation, fewest, most = _FUNCTIONS[name]
        self.expect(_OPEN, f"'(' after {name}")
        self.open_calls += 1
        arguments = [self.expression()]
        while self.take(_COMMA):
            arguments.append(self.expression())
        self.open_calls -= 1
        self.expect(_CLOSE, "')'")
        if not fewest <= len(arguments) <= most:
            wanted = fewest if fewest == most else f"{fewest} to {most}"
            raise CalculationError(f"{name} got {len(arguments)} arguments, separated by commas, but takes {wanted}")
        return self.apply(operation, *arguments)

    def spend(self, work: int) -> None:
        self.work += work
        if self.work > MAX_WORK:
            raise CalculationError("the expression is too much work: split it up")

    def apply(self, operation: _Operation, *operands: Value) -> Value:
        self.spend(_work(operation, operands))
        return bounded(operation(*operands))

    def next_is(self, characters: str) -> bool:
        """Whether one of `characters` comes next, perhaps behind a space: quicker than a pattern that fails."""
        found = self.text[self.at : self.at + 1]
        if found == " ":
            found = self.text[self.at + 1 : self.at + 2]
        return found != "" and found in characters

    def take(self, pattern: re.Pattern[str]) -> str | None:
        """Step over the pattern if it is next; its first group."""
        if not (match := pattern.match(self.text, self.at)):
            return None
        self.at = match.end()
        return match[1]

    def expect(self, pattern: re.Pattern[str], wanted: str) -> None:
        if match := pattern.match(self.text, self.at):
            self.at = match.end()
            return
        raise self.unexpected(wanted)

    def unexpected(self, wanted: str) -> CalculationError:
        """What to say of what comes next, where only `wanted` could."""
        found = self.take(_REST) or ""
        hint = _HINTS.get(found, "") if wanted != "a number" else ""
        if found and not (found.isascii() and found.isprintable() and found not in "<>&"):
            found = f"U+{ord(found):04X}"
        return CalculationError(f"expected {wanted}, found " + (f"'{found}'{hint}" if found else "the end"))
