"""Exact arithmetic of bounded size, for the calculator: fractions, and decimals where a number cannot be one.

Every value that comes in is within the limits, and what goes out is to be made so by `bounded`, so no operation can
take long. Those that could leave the limits by far look first.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Final

MAX_DIGITS: Final = 300  # the size of a value is 0 or from 10**-300 to 10**300
MAX_BITS: Final = 996  # most bits in the numerator or denominator of an exact value: 2**996 < 10**300
MAX_EXPONENT: Final = 1_000_000  # largest exponent: a base good to 50 digits gives a power good to 44
MAX_FACTORIAL: Final = 166  # largest n with n! < 2**MAX_BITS
SIGNIFICANT_DIGITS: Final = 15  # most digits of a result that is not a whole number
TRUSTED_DIGITS: Final = 40  # digits of an inexact value that are taken at their word; most places that round takes

Value = int | Fraction | Decimal  # a decimal is not exact; a whole number that is exact is an int, never a Fraction

# The exponent range holds every product, quotient and power of bounded values, so no decimal signal is ever raised.
WORKING = Context(prec=50, Emax=9999, Emin=-9999)
_TRUSTED = Context(prec=TRUSTED_DIGITS)
_SHORT = Context(prec=TRUSTED_DIGITS // 2)
_SHORT_PLACES: Final = 6  # what is exact with so many decimals is written without a division
_SHORT_SCALE: Final = 10**_SHORT_PLACES
_TOO_LARGE: Final = f"a result is too large: {MAX_DIGITS} digits is the limit"


class CalculationError(ValueError):
    """The expression has no result. The message goes to whoever wrote the expression."""


# Values


def decimal(value: Value) -> Decimal:
    """The value to 50 digits."""
    return value if isinstance(value, Decimal) else Decimal(value.numerator) / Decimal(value.denominator)


def exact(value: Value) -> Fraction:
    """The value as a fraction, a decimal taken at its word."""
    return Fraction(value)


def ratio(above: int, below: int) -> int | Fraction:
    """The exact quotient of two whole numbers."""
    if below == 1:
        return above
    return Fraction(above, below) if above % below else above // below


def absolute(value: Value) -> Value:
    """The value without its sign; not rounded, as `abs` would a decimal."""
    return -value if value < 0 else value


def whole(value: Value, name: str) -> int:
    """The value if it is a whole number. Raises CalculationError, in the name of the operation, if it is not."""
    if not isinstance(value, int):
        raise CalculationError(f"{name} needs whole numbers")
    return value


def _in_range(value: Decimal) -> Decimal:
    if value.adjusted() >= MAX_DIGITS:
        raise CalculationError(_TOO_LARGE)
    if value and value.adjusted() < -MAX_DIGITS:
        raise CalculationError(f"a result is too small: 1e-{MAX_DIGITS} is the limit")
    return value


def bounded(value: Value) -> Value:
    """The value in the form that every operation relies on: exact if it can be, within the limits in any case."""
    if type(value) is int:  # as in most cases
        if value.bit_length() > MAX_BITS:
            raise CalculationError(_TOO_LARGE)
        return value
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
            return value if small else _in_range(decimal(value))
        value = above
    if value.bit_length() > MAX_BITS:
        raise CalculationError(_TOO_LARGE)
    return value


def written(value: Value) -> str:
    """The value as text, as `textgym.tools.calculator` describes it: at most `MAX_DIGITS` digits, a sign, a point."""
    if isinstance(value, int):
        return str(value)
    above, below = value.as_integer_ratio()
    scaled, rest = divmod(abs(above) * _SHORT_SCALE, below)
    if isinstance(value, Fraction) and not rest and scaled < 10**SIGNIFICANT_DIGITS:  # there is nothing to round
        text = f"{scaled // _SHORT_SCALE}.{scaled % _SHORT_SCALE:0{_SHORT_PLACES}d}".rstrip("0")
        return f"-{text}" if above < 0 else text
    size = decimal(value).adjusted()
    plain = size >= -SIGNIFICANT_DIGITS and (size < TRUSTED_DIGITS or isinstance(value, Fraction))
    digits = max(SIGNIFICANT_DIGITS, size + 1) if plain else SIGNIFICANT_DIGITS
    # One division of whole numbers, so that an exact value is rounded only once.
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).divide(Decimal(above), Decimal(below))
    if not plain:
        return f"{rounded.normalize():e}"
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# Operations. Operands are bounded, so a sum or product is small before `bounded` sees it; the others check first. Exact
# ones go by numerator and denominator, which takes half the time of `Fraction`'s own operators. All raise
# CalculationError where there is no result.


def add(left: Value, right: Value) -> Value:
    """The sum; exactly 0 where only the noise of two equal decimals is left."""
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        left, right = decimal(left), decimal(right)
        total = left + right
        noise = abs(total) < abs(left).scaleb(-TRUSTED_DIGITS)  # what is left of two equal numbers
        return 0 if noise else total
    above, below = left.denominator, right.denominator
    return ratio(left.numerator * below + right.numerator * above, above * below)


def subtract(left: Value, right: Value) -> Value:
    """The difference."""
    return add(left, -right)


def multiply(left: Value, right: Value) -> Value:
    """The product."""
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return decimal(left) * decimal(right)
    return ratio(left.numerator * right.numerator, left.denominator * right.denominator)


def percent(value: Value) -> Value:
    """A hundredth of the value."""
    return divide(value, 100)


def divide(left: Value, right: Value) -> Value:
    """The quotient."""
    if right == 0:
        raise CalculationError("division by zero")
    if isinstance(left, Decimal) or isinstance(right, Decimal):
        return decimal(left) / decimal(right)
    return ratio(left.numerator * right.denominator, left.denominator * right.numerator)


def modulo(left: Value, right: Value) -> Value:
    """The remainder, with the sign of the divisor."""
    if right == 0:
        raise CalculationError("modulo by zero")
    if not (isinstance(left, Decimal) or isinstance(right, Decimal)):
        return left % right
    quotient = bounded(divide(left, right))
    if absolute(quotient) >= 10**SIGNIFICANT_DIGITS:
        raise CalculationError("% needs an exact number or a smaller one on its left")
    return subtract(left, multiply(right, math.floor(quotient)))


def percent_of(rate: Value, value: Value) -> Value:
    """`rate` per cent of `value`."""
    return multiply(percent(rate), value)


def power(base: Value, exponent: Value) -> Value:
    """A power; the fractional ones of numbers from 0 up."""
    if absolute(exponent) > MAX_EXPONENT:
        raise CalculationError(f"an exponent is beyond {MAX_EXPONENT}")
    if base == 0:
        return divide(int(exponent == 0), int(exponent >= 0))  # 1, 0, or division by zero
    above, below = (math.log10(abs(part)) for part in base.as_integer_ratio())
    reach = abs(float(exponent))
    if abs(above - below) * reach > MAX_DIGITS + 1:
        raise CalculationError("a power is too large or too small")
    if isinstance(exponent, int):
        if isinstance(base, Decimal) or max(above, below) * reach > MAX_DIGITS + 1:
            return decimal(base) ** exponent
        return exact(base) ** exponent
    if base < 0:
        raise CalculationError("a negative number has no fractional power here")
    return decimal(base) ** decimal(exponent)


def sqrt(value: Value) -> Value:
    """The square root, exact where it can be."""
    if value < 0:
        raise CalculationError("square root of a negative number")
    if not isinstance(value, Decimal):
        root = ratio(math.isqrt(value.numerator), math.isqrt(value.denominator))
        if root * root == value:
            return root
    return decimal(value).sqrt()


def factorial(value: Value) -> Value:
    """n!, for whole numbers from 0 to `MAX_FACTORIAL`."""
    n = whole(value, "factorial")
    if not 0 <= n <= MAX_FACTORIAL:
        raise CalculationError(f"factorial takes whole numbers from 0 to {MAX_FACTORIAL}")
    return math.factorial(n)


def comb(items: Value, chosen: Value) -> Value:
    """The number of ways to choose."""
    n, k = whole(items, "comb"), whole(chosen, "comb")
    if n < 0 or k < 0:
        raise CalculationError("comb needs whole numbers from 0 up")
    k = min(k, n - k)
    if k < 0:
        return 0
    # (n/k)^k <= comb(n, k) <= (e n/k)^k: what passes here has less than 300 + 0.44 * 1000 digits, for n/k >= 2.
    if k and k * (math.log10(n) - math.log10(k)) > MAX_DIGITS:
        raise CalculationError(f"comb has over {MAX_DIGITS} digits")
    return math.comb(n, k)


def rounded_to(value: Value, places: Value = 0) -> Value:
    """The value rounded to decimal places, halves away from zero."""
    if abs(digits := whole(places, "the second argument of round")) > TRUSTED_DIGITS:
        raise CalculationError(f"round takes at most {TRUSTED_DIGITS} places")
    above, below = value.as_integer_ratio()
    scale_up, scale_down = 10 ** max(digits, 0), 10 ** max(-digits, 0)
    # floor(|value| * 10^digits + 1/2), in whole numbers
    steps = (2 * abs(above) * scale_up + below * scale_down) // (2 * below * scale_down)
    rounded = ratio((steps if above > 0 else -steps) * scale_down, scale_up)
    return decimal(rounded) if isinstance(value, Decimal) else rounded
