"""Number theory. Questions of difficulty 1 have at most 60 characters, their programs at most 40."""

from __future__ import annotations

from bisect import bisect
from functools import cache
from itertools import combinations
from math import prod

from textgym_tasks.operands import LIMIT
from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params

PRIMES = (7, 11, 13, 17, 19, 23, 29, 31, 37)
HEX = "0123456789abcdef"


def digit_sum(n: int) -> int:
    """The sum of the digits of `n` in base 10."""
    total = 0
    while n:
        n, digit = divmod(n, 10)
        total += digit
    return total


def greatest_common_divisor(a: int, b: int) -> int:
    """Euclid's algorithm."""
    while b:
        a, b = b, a % b
    return a


def least_common_multiple(a: int, b: int) -> int:
    return a // greatest_common_divisor(a, b) * b


def power_mod(a: int, b: int, m: int) -> int:
    """a**b % m, one multiplication at a time."""
    result = 1
    for _ in range(b):
        result = result * a % m
    return result


def hexadecimal(n: int) -> str:
    """`n` (at least 1) in base 16."""
    digits = ""
    while n:
        n, digit = divmod(n, 16)
        digits = HEX[digit] + digits
    return digits


def sum_of_square_remainders(n: int, m: int) -> int:
    """Whole periods of i*i % m, and what is left."""
    period = [i * i % m for i in range(m)]
    return n // m * sum(period) + sum(period[: n % m])


@cache
def primes_to(n: int) -> list[int]:
    """The primes up to `n`, by Eratosthenes' sieve."""
    prime = bytearray([0, 0]) + bytearray([1]) * (n - 1)
    for p in range(2, int(n**0.5) + 1):
        if prime[p]:
            prime[p * p :: p] = bytes(len(range(p * p, n + 1, p)))
    return [i for i in range(n + 1) if prime[i]]


def primes_between(a: int, b: int) -> int:
    """How many primes p have a < p < b <= LIMIT."""
    primes = primes_to(LIMIT)
    return bisect(primes, b - 1) - bisect(primes, a)


def prime_factors(n: int) -> dict[int, int]:
    """Prime -> its power in `n`."""
    factors: dict[int, int] = {}
    p = 2
    while p * p <= n:
        while not n % p:
            factors[p] = factors.get(p, 0) + 1
            n //= p
        p += 1
    return factors | ({n: factors.get(n, 0) + 1} if n > 1 else {})


def divisor_sum(n: int) -> int:
    """The product of the geometric sums of the prime factors."""
    return prod((p ** (k + 1) - 1) // (p - 1) for p, k in prime_factors(n).items())


def coprime_count(low: int, high: int, c: int) -> int:
    """How many of low..high share no factor with `c`, by inclusion and exclusion."""
    primes = list(prime_factors(c))
    total = 0
    for size in range(len(primes) + 1):
        for some in combinations(primes, size):
            d = prod(some)
            total += (-1) ** size * (high // d - (low - 1) // d)
    return total


def first_with_digit_sum(a: int, d: int, s: int) -> int:
    """The first multiple of `d` above `a` with digit sum `s`."""
    n = a - a % d + d
    while digit_sum(n) != s:
        n += d
    return n


def remainders(a: int, b: int, r: int, s: int) -> int:
    """The least x >= 0 with x % a == r and x % b == s, for coprime a and b (Chinese remainder theorem)."""
    return r + a * ((s - r) * pow(a, -1, b) % b)


def draw_range(d: Draws) -> Params:
    a = d.number(10_001, 89_999)
    return {"a": a, "b": d.number(a + 2_000, a + 9_999)}


def draw_coprime_range(d: Draws) -> Params:
    return {"low": d.number(1_001, 4_999), "high": d.number(10_001, 99_999), "c": d.number(101, 999)}


def draw_remainders(d: Draws) -> Params:
    while True:
        a, b = d.numbers(2, 101, 999)
        if greatest_common_divisor(a, b) == 1:
            return {"a": a, "b": b, "r": d.small(3, 99), "s": d.small(3, 99)}


EASY_NUMBERS = (
    Family(
        "power_digit_sum",
        1,
        lambda d: {"a": d.number(101, 9_999), "b": d.small(21, 69)},
        (
            "What is the sum of the digits of $a**$b?",
            "Add up all digits of $a**$b.",
            "Find the digit sum of $a**$b.",
            "What do the digits of $a**$b add up to?",
        ),
        lambda a, b: digit_sum(a**b),
        "sum(map(int,str($a**$b)))",
    ),
    Family(
        "power_mod",
        1,
        lambda d: {"a": d.number(101, 9_999), "b": d.number(101, 999), "m": d.number(1_001, 99_999)},
        (
            "What is $a**$b modulo $m?",
            "Find the remainder of $a**$b divided by $m.",
            "What is left when $m divides $a**$b?",
            "Give $a**$b mod $m.",
        ),
        power_mod,
        "pow($a,$b,$m)",
    ),
    Family(
        "common_multiple",
        1,
        lambda d: {"a": d.number(101, 9_999), "b": d.number(1_001, 99_999)},
        (
            "What is the least common multiple of $a and $b?",
            "Find the LCM of $a and $b.",
            "Which number is the lowest multiple of $a and $b?",
            "Give the smallest multiple shared by $a and $b.",
        ),
        least_common_multiple,
        "import math;math.lcm($a,$b)",
    ),
    Family(
        "hex_product",
        1,
        lambda d: {"a": d.number(1_001, 9_999), "b": d.number(1_001, 99_999)},
        (
            "Write $a*$b in hexadecimal, as in 7fa3.",
            "What is $a*$b in base 16, as in 7fa3?",
            "Give $a*$b as a hex number, as in 7fa3.",
            "Convert $a*$b to hexadecimal, as in 7fa3.",
        ),
        lambda a, b: hexadecimal(a * b),
        "hex($a*$b)[2:]",
    ),
    Family(
        "square_remainders",
        1,
        lambda d: {"n": d.number(1_001, 9_999), "m": d.number(101, 999)},
        (
            "What is the sum of i*i%$m for i in range($n)?",
            "Add up i*i%$m for all i below $n.",
            "Sum i*i%$m over i from 0 up to, not with, $n.",
            "Find the total of i*i%$m for i in range($n).",
        ),
        sum_of_square_remainders,
        "sum(i*i%$m for i in range($n))",
    ),
)

NUMBERS = (
    Family(
        "prime_count",
        2,
        draw_range,
        (
            "How many prime numbers are there between $a and $b?",
            "Count the primes that are greater than $a and less than $b.",
            "How many numbers n with $a < n < $b are prime?",
            "Between $a and $b, how many numbers have no divisor but 1 and themselves?",
        ),
        primes_between,
        """\
def prime(n):
    return n % 2 == 1 and all(n % d for d in range(3, int(n**0.5) + 1, 2))
sum(prime(n) for n in range($a + 1, $b))""",
    ),
    Family(
        "divisor_sum",
        2,
        lambda d: {"a": d.number(101, 999), "b": d.number(101, 399)},
        (
            "What is the sum of all divisors of $a * $b, the product itself included?",
            "Let n = $a * $b. Add up every positive whole number that divides n, 1 and n among them.",
            "Find the sum of the divisors (1 and the number itself included) of the product of $a and $b.",
            "Which number is the sum of all positive divisors of $a times $b?",
        ),
        lambda a, b: divisor_sum(a * b),
        """\
n = $a * $b
low = [d for d in range(1, int(n**0.5) + 1) if n % d == 0]
sum(set(low) | {n // d for d in low})""",
    ),
    Family(
        "digit_search",
        2,
        lambda d: {"a": d.number(10_001, 99_999), "d": d.pick(PRIMES), "s": d.small(21, 35)},
        (
            "What is the smallest whole number above $a that is divisible by $d and whose digits add up to $s?",
            "Find the first n > $a such that $d divides n and the digit sum of n is $s.",
            "Counting up from $a, which is the first multiple of $d after it with digits that sum to $s?",
            "Of all multiples of $d greater than $a, which is the least with digit sum $s?",
        ),
        first_with_digit_sum,
        """\
n = $a + 1
while n % $d or sum(map(int, str(n))) != $s:
    n += 1
n""",
    ),
    Family(
        "coprime_count",
        3,
        draw_coprime_range,
        (
            "How many whole numbers from $low to $high, both included, share no factor other than 1 with $c?",
            "Count the n with $low <= n <= $high whose greatest common divisor with $c is 1.",
            "Of the numbers $low, ..., $high (the ends count), how many are coprime to $c?",
        ),
        coprime_count,
        "import math\nsum(math.gcd(n, $c) == 1 for n in range($low, $high + 1))",
    ),
    Family(
        "two_remainders",
        3,
        draw_remainders,
        (
            "What is the smallest whole number from 0 up that leaves the remainder $r when divided by $a and $s when "
            "divided by $b?",
            "Coins are counted. In rows of $a, $r are left over; in rows of $b, $s are. What is the least number of "
            "coins, 0 included?",
            "Find the least n >= 0 such that n % $a is $r and n % $b is $s.",
        ),
        remainders,
        "next(n for n in range($r, $a * $b, $a) if n % $b == $s)",
    ),
)
