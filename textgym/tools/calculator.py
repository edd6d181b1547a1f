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

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from typing import Final

MAX_CHARS: Final = 1000  # longest expression; less than the 4300 digits at which int() raises
MAX_DEPTH: Final = 40  # deepest nesting of parentheses, calls, signs and powers
MAX_DIGITS: Final = 300  # the size of a value is 0 or from 10**-300 to 10**300
MAX_BITS: Final = 996  # most bits in the numerator or denominator of an exact value: 2**996 < 10**300
MAX_EXPONENT: Final = 1_000_000  # largest exponent: a base good to 50 digits gives a power good to 44
MAX_FACTORIAL: Final = 166  # largest n with n! < 2**MAX_BITS
MAX_WORK: Final = 700  # most work in one expression, in rough microseconds: about 115 sums or 5 fractional powers
SIGNIFICANT_DIGITS: Final = 15  # most digits of a result that is not a whole number
TRUSTED_DIGITS: Final = 40  # digits of an inexact value that are taken at their word; most places that round takes

Value = int | Fraction | Decimal  # a decimal is not exact; a whole number that is exact is an int, never a Fraction

# The exponent range holds every product, quotient and power of bounded values, so no decimal signal is ever raised.
_WORKING = Context(prec=50, Emax=9999, Emin=-9999)
_TRUSTED = Context(prec=TRUSTED_DIGITS)
_SHORT = Context(prec=TRUSTED_DIGITS // 2)
_TOO_LARGE: Final = f"a result is too large: {MAX_DIGITS} digits is the limit"


class _CalculationError(ValueError):
    """The expression has no result. The message goes to whoever wrote the expression."""


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
        with localcontext(_WORKING):
            return _text(_Parser(expression).parse())
    except _CalculationError as error:
        return f"error: {error}"
    except RecursionError:  # our own depth is bounded, but the caller's stack may be nearly full
        return "error: nested too deeply"


# Values


def _decimal(value: Value) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value.numerator) / Decimal(value.denominator)


def _exact(value: Value) -> Fraction:
    return Fraction(value)


def _ratio(above: int, below: int) -> int | Fraction:
    """The exact quotient of two whole numbers."""
    if below == 1:
        return above
    return Fraction(above, below) if above % below else above // below


def _absolute(value: Value) -> Value:
    return -value if value < 0 else value


def _whole(value: Value, name: str) -> int:
    if not isinstance(value, int):
        raise _CalculationError(f"{name} needs whole numbers")
    return value


def _in_range(value: Decimal) -> Decimal:
    if value.adjusted() >= MAX_DIGITS:
        raise _CalculationError(_TOO_LARGE)
    if value and value.adjusted() < -MAX_DIGITS:
        raise _CalculationError(f"a result is too small: 1e-{MAX_DIGITS} is the limit")
    return value


def _bounded(value: Value) -> Value:
    """The value in the form that every operation relies on: exact if it can be, within the limits in any case."""
    if isinstance(value, Decimal):
        # sqrt(2)^2 is 1.99...98 here. Forty digits that are twenty and then zeros are taken for the exact number.
        short = _SHORT.plus(_in_range(value))
        if short != _TRUSTED.plus(value):
            return value
        value = Fraction(short)
    if isinstance(value, Fraction):
        above, below = value.numerator, value.denominator
        if below > 1:
            small = above.bit_length() <= MAX_BITS and below.bit_length() <= MAX_BITS
            return value if small else _in_range(_decimal(value))
        value = above
    if value.bit_length() > MAX_BITS:
        raise _CalculationError(_TOO_LARGE)
    return value


def _text(value: Value) -> str:
    """The value as the module's docstring describes it: at most `MAX_DIGITS` digits, a sign, a point."""
    if isinstance(value, int):
        return str(value)
    above, below = value.as_integer_ratio()
    size = _decimal(value).adjusted()
    plain = size >= -SIGNIFICANT_DIGITS and (size < TRUSTED_DIGITS or isinstance(value, Fraction))
    digits = max(SIGNIFICANT_DIGITS, size + 1) if plain else SIGNIFICANT_DIGITS
    # One division of whole numbers, so that an exact value is rounded only once.
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).divide(Decimal(above), Decimal(below))
    if not plain:
        return f"{rounded.normalize():e}"
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# Operations. Operands are bounded, so a sum or product is small before `_bounded` sees it; the others check first.


# Exact ones go by numerator and denominator, which takes a third of the time of `Fraction`'s own operators.


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        left, right = _decimal(left), _decimal(right)
        total = left + right
        noise = abs(total) < abs(left).scaleb(-TRUSTED_DIGITS)  # what is left of two equal numbers
        return 0 if noise else total
    above, below = left.denominator, right.denominator
    return _ratio(left.numerator * below + right.numerator * above, above * below)


def _subtract(left: Value, right: Value) -> Value:
    return _add(left, -right)


def _multiply(left: Value, right: Value) -> Value:
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return _decimal(left) * _decimal(right)
    return _ratio(left.numerator * right.numerator, left.denominator * right.denominator)


def _percent(value: Value) -> Value:
    return _divide(value, 100)


def _divide(left: Value, right: Value) -> Value:
    if right == 0:
        raise _CalculationError("division by zero")
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return _decimal(left) / _decimal(right)
    return _ratio(left.numerator * right.denominator, left.denominator * right.numerator)


def _modulo(left: Value, right: Value) -> Value:
    if right == 0:
        raise _CalculationError("modulo by zero")
    if not (isinstance(left, Decimal) or isinstance(right, Decimal)):
        return left % right
    quotient = _bounded(_divide(left, right))
    if _absolute(quotient) >= 10**SIGNIFICANT_DIGITS:
        raise _CalculationError("% needs an exact number or a smaller one on its left")
    return _subtract(left, _multiply(right, math.floor(quotient)))


def _percent_of(rate: Value, value: Value) -> Value:
    return _multiply(_percent(rate), value)


def _power(base: Value, exponent: Value) -> Value:
    if _absolute(exponent) > MAX_EXPONENT:
        raise _CalculationError(f"an exponent is beyond {MAX_EXPONENT}")
    if base == 0:
        return _divide(int(exponent == 0), int(exponent >= 0))  # 1, 0, or division by zero
    above, below = (math.log10(abs(part)) for part in base.as_integer_ratio())
    reach = abs(float(exponent))
    if abs(above - below) * reach > MAX_DIGITS + 1:
        raise _CalculationError("a power is too large or too small")
    if isinstance(exponent, int):
        if isinstance(base, Decimal) or max(above, below) * reach > MAX_DIGITS + 1:
            return _decimal(base) ** exponent
        return _exact(base) ** exponent
    if base < 0:
        raise _CalculationError("a negative number has no fractional power here")
    return _decimal(base) ** _decimal(exponent)


def _sqrt(value: Value) -> Value:
    if value < 0:
        raise _CalculationError("square root of a negative number")
    if not isinstance(value, Decimal):
        root = _ratio(math.isqrt(value.numerator), math.isqrt(value.denominator))
        if root * root == value:
            return root
    return _decimal(value).sqrt()


def _factorial(value: Value) -> Value:
    n = _whole(value, "factorial")
    if not 0 <= n <= MAX_FACTORIAL:
        raise _CalculationError(f"factorial takes whole numbers from 0 to {MAX_FACTORIAL}")
    return math.factorial(n)


def _comb(items: Value, chosen: Value) -> Value:
    n, k = _whole(items, "comb"), _whole(chosen, "comb")
    if n < 0 or k < 0:
        raise _CalculationError("comb needs whole numbers from 0 up")
    k = min(k, n - k)
    if k < 0:
        return 0
    # (n/k)^k <= comb(n, k) <= (e n/k)^k: what passes here has less than 300 + 0.44 * 1000 digits, for n/k >= 2.
    if k and k * (math.log10(n) - math.log10(k)) > MAX_DIGITS:
        raise _CalculationError(f"comb has over {MAX_DIGITS} digits")
    return math.comb(n, k)


def _round(value: Value, places: Value = 0) -> Value:
    if abs(digits := _whole(places, "the second argument of round")) > TRUSTED_DIGITS:
        raise _CalculationError(f"round takes at most {TRUSTED_DIGITS} places")
    above, below = value.as_integer_ratio()
    scale_up, scale_down = 10 ** max(digits, 0), 10 ** max(-digits, 0)
    # floor(|value| * 10^digits + 1/2), in whole numbers
    steps = (2 * abs(above) * scale_up + below * scale_down) // (2 * below * scale_down)
    rounded = _ratio((steps if above > 0 else -steps) * scale_down, scale_up)
    return _decimal(rounded) if isinstance(value, Decimal) else rounded


_Operation = Callable[..., Value]

# Symbol: how tightly it binds, what it does.
_INFIX: Final[dict[str, tuple[int, _Operation]]] = {
    "+": (1, _add),
    "-": (1, _subtract),
    "*": (2, _multiply),
    "/": (2, _divide),
    "%": (2, _modulo),
    "%of": (3, _percent_of),
    "^": (5, _power),
}
_SIGN_BINDS: Final = 4
_POSTFIX: Final[dict[str, _Operation]] = {"!": _factorial, "%": _percent}
# Name: what it does, fewest and most arguments.
_FUNCTIONS: Final[dict[str, tuple[_Operation, int, int]]] = {
    "sqrt": (_sqrt, 1, 1),
    "factorial": (_factorial, 1, 1),
    "comb": (_comb, 2, 2),
    "round": (_round, 1, 2),
    "min": (lambda *values: min(values, key=_exact), 1, MAX_CHARS),
    "max": (lambda *values: max(values, key=_exact), 1, MAX_CHARS),
    "abs": (_absolute, 1, 1),
}
# Microseconds beyond those of a sum.
_WORK: Final[dict[_Operation, int]] = {_sqrt: 20, _modulo: 20, _round: 20, _power: 10, _percent_of: 3, _comb: 40}


def _work(operation: _Operation, operands: tuple[Value, ...]) -> int:
    """Roughly the microseconds that the operation takes, the check of its result included: an estimate from above."""
    work = 3 + _WORK.get(operation, 0)
    for value in operands:
        if isinstance(value, int):
            work += value.bit_length() // 256
        elif isinstance(value, Fraction):
            work += (value.numerator.bit_length() + value.denominator.bit_length()) // 256
    return work + 100 * (operation is _power and not isinstance(operands[1], int))


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
    whole, fraction, exponent = match[1].replace(",", ""), match[2], match[3]
    if not (fraction or exponent):
        return _bounded(int(whole))
    exponent = exponent or "0"
    if abs(int(exponent)) > MAX_DIGITS:
        raise _CalculationError(f"the exponent of a number is beyond {MAX_DIGITS}")
    scale = int(exponent) - len(fraction)
    digits = int(whole + fraction)
    return _bounded(digits * 10**scale if scale >= 0 else _ratio(digits, 10**-scale))


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
            raise _CalculationError(f"nested too deeply: over {MAX_DEPTH} levels")
        left = self.operand()
        while self.next_is("-+*/^%") and (match := _INFIX_SYMBOL.match(self.text, self.at)):
            binds, operation = _INFIX["%of" if len(match[1]) > 1 else match[1]]
            if binds < loosest:
                break
            self.at = match.end()
            right = self.expression(binds if operation is _power else binds + 1)
            left = self.apply(operation, left, right)
        self.depth -= 1
        return left

    def operand(self) -> Value:
        """A number, a call or a parenthesis, with its postfix operators; or signs and what they bind."""
        if number := (_NUMBER if self.open_calls else _GROUPED_NUMBER).match(self.text, self.at):
            self.at = number.end()
            value = _literal(number)
        elif signs := self.take(_SIGNS):
            value = self.expression(_SIGN_BINDS)
            return -value if signs.count("-") % 2 else value
        elif name := self.take(_NAME):
            value = self.call(name.lower())
        else:
            self.expect(_OPEN, "a number")
            value = self.expression()
            self.expect(_CLOSE, "')'")
        while self.next_is("!%") and (symbol := self.take(_POSTFIX_SYMBOL)):
            value = self.apply(_POSTFIX[symbol], value)
        return value

    def call(self, name: str) -> Value:
        if name not in _FUNCTIONS:
            raise _CalculationError(f"unknown name '{name[:20]}'; functions are {', '.join(_FUNCTIONS)}")
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
            raise _CalculationError(f"{name} got {len(arguments)} arguments, separated by commas, but takes {wanted}")
        return self.apply(operation, *arguments)

    def spend(self, work: int) -> None:
        self.work += work
        if self.work > MAX_WORK:
            raise _CalculationError("the expression is too much work: split it up")

    def apply(self, operation: _Operation, *operands: Value) -> Value:
        self.spend(_work(operation, operands))
        return _bounded(operation(*operands))

    def next_is(self, characters: str) -> bool:
        """Whether one of `characters` comes next, perhaps behind a space: quicker than a pattern that fails."""
        found = self.text[self.at : self.at + 2].lstrip()[:1]
        return bool(found) and found in characters

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
        found = self.take(_REST) or ""
        hint = _HINTS.get(found, "") if wanted != "a number" else ""
        if found and not (found.isascii() and found.isprintable() and found not in "<>&"):
            found = f"U+{ord(found):04X}"
        raise _CalculationError(f"expected {wanted}, found " + (f"'{found}'{hint}" if found else "the end"))
