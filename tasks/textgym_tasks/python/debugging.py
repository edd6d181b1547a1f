"""Functions with a mistake: what they should return, and putting them right."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params
from textgym_tasks.python.functions import Arguments, FunctionFamily, whole, wholes
from textgym_tasks.python.words import run_lengths


def above_less_half(numbers: list[int], k: int) -> int:
    """The numbers above `k` less half of those at or below it, each half rounded down."""
    return sum(n if n > k else -(n // 2) for n in numbers)


def large_gaps(numbers: list[int], k: int) -> int:
    """The sum of the gaps between neighbours that are larger than `k`."""
    gaps = [abs(b - a) for a, b in pairwise(numbers)]
    return sum(gap for gap in gaps if gap > k)


def found_at(numbers: list[int], a: int) -> int:
    """Where `a` would have to stand among sorted `numbers`: before all that are not smaller."""
    return sum(n < a for n in numbers)


def capped(numbers: list[int], a: int, b: int) -> list[int]:
    """Running totals that stay between -b and a."""
    total, out = 0, []
    for n in numbers:
        total = sorted((-b, total + n, a))[1]
        out.append(total)
    return out


def in_base(n: int, b: int, c: int) -> list[int]:
    """Digits of n + c in base b, the highest first."""
    n += c
    digits = [n % b]
    while n >= b:
        n //= b
        digits.insert(0, n % b)
    return digits


def list_and_limit(d: Draws) -> Params:
    return {"numbers": d.numbers(d.small(9, 13), 101, 999), "k": d.number(301, 699)}


def list_and_gap(d: Draws) -> Params:
    return {"numbers": d.numbers(d.small(9, 13), 101, 999), "k": d.number(101, 299)}


def sorted_numbers(rng: np.random.Generator, params: Params) -> Arguments:
    some: list[Any] = wholes(rng, whole(rng, 3, 12), 1, 2 * params["a"])
    if whole(rng, 0, 1):
        some += [params["a"]] * whole(rng, 1, 3)
    return (sorted(some),)


def signed_numbers(rng: np.random.Generator, params: Params) -> Arguments:
    return (wholes(rng, whole(rng, 3, 10), -params["b"], params["a"]),)


DEBUGGING = (
    Family(
        "debug_total",
        3,
        list_and_limit,
        (
            """\
This should add the numbers above $k and take off half (rounded down) of each other number:
def total(numbers):
    t = 0
    for n in numbers:
        if n > $k:
            t += n
        t -= n // 2
    return t
What does it return for $numbers once it is right?""",
            """\
def total(numbers):
    return sum(n for n in numbers if n >= $k) - sum(numbers) // 2
Meant: numbers greater than $k count in full; of each other one half, rounded down, is subtracted.
What should total($numbers) be?""",
            """\
A bug report: total($numbers) is wrong.
Numbers over $k should be added, and n // 2 taken off for every other n.
def total(numbers, t=0):
    for n in numbers:
        t = t + n if n > $k else t - n / 2
        return t
What is the right result?""",
        ),
        lambda numbers, k: above_less_half(numbers, k),
        """\
def total(numbers):
    t = 0
    for n in numbers:
        if n > $k:
            t += n
        else:
            t -= n // 2
    return t
total($numbers)""",
    ),
    Family(
        "debug_gaps",
        3,
        list_and_gap,
        (
            """\
This should add up the gaps (as positive numbers) between neighbours that exceed $k:
def gaps(x):
    t = 0
    for i in range(len(x) - 2):
        if x[i + 1] - x[i] > $k:
            t += x[i + 1] - x[i]
    return t
What does the corrected gaps($numbers) return?""",
            """\
def gaps(x):
    steps = [b - a for a, b in zip(x, x)]
    return sum(s for s in steps if s > $k)
It was meant to sum the absolute differences of neighbours where they are larger than $k.
What is the right value for x = $numbers?""",
            """\
def gaps(x):
    t = 0
    for a, b in zip(x, x[1:]):
        if a - b > $k:
            t = a - b
    return t
The function is to add up how far neighbours are apart, up or down, wherever that is more than $k.
What does it return for $numbers after the repair?""",
        ),
        lambda numbers, k: large_gaps(numbers, k),
        """\
def gaps(x):
    t = 0
    for i in range(len(x) - 1):
        if abs(x[i + 1] - x[i]) > $k:
            t += abs(x[i + 1] - x[i])
    return t
gaps($numbers)""",
    ),
    Family(
        "debug_runs",
        3,
        lambda d: {"word": d.word(24, 36, "abc")},
        (
            """\
This should turn "aaab" into "3a1b":
def runs(word):
    out, count = "", 1
    for i in range(1, len(word)):
        if word[i] == word[i - 1]:
            count += 1
        else:
            out += str(count) + word[i]
            count = 1
    return out
What is runs("$word") when it is put right?""",
            """\
def runs(word):
    out = ""
    for c in word:
        if c not in out:
            out += str(word.count(c)) + c
    return out
It should write the runs of a word, "abba" as "1a2b1a". What should it return for "$word"?""",
            """\
def runs(word):
    out, last, count = "", word[0], 0
    for c in word:
        if c == last:
            count += 1
        else:
            out += str(count) + last
            count = 1
    return out + str(count) + last
Meant for run lengths, "ccab" giving "2c1a1b". What is right for "$word"?""",
        ),
        run_lengths,
        """\
def runs(word):
    out, count = "", 1
    for i in range(1, len(word) + 1):
        if i < len(word) and word[i] == word[i - 1]:
            count += 1
        else:
            out += str(count) + word[i - 1]
            count = 1
    return out
runs($word)""",
    ),
    FunctionFamily(
        "fix_search",
        3,
        lambda d: {"a": d.number(101, 999)},
        (
            "$function should return how many of the sorted numbers are smaller than $a, by halving the range.",
            "A binary search for $a: $function is meant to return the first place in the sorted list at which $a could "
            "be inserted.",
            "For rising numbers, maybe with repetitions, $function is to return the index of the first one that is $a "
            "or more, or their count if there is none.",
        ),
        "numbers",
        found_at,
        """\
def $name(numbers):
    low, high = 0, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] < $a:
            low = middle + 1
        else:
            high = middle
    return low""",
        sorted_numbers,
        (([],), ([1],), ([5_000],)),
        """\
def $name(numbers):
    low, high = 0, len(numbers) - 1
    while low < high:
        middle = (low + high) // 2
        if numbers[middle] <= $a:
            low = middle + 1
        else:
            high = middle - 1
    return low""",
    ),
    FunctionFamily(
        "fix_running_total",
        3,
        lambda d: {"a": d.number(101, 499), "b": d.number(101, 499)},
        (
            "$function should return the running totals of the numbers, where a total above $a becomes $a and one "
            "below -$b becomes -$b before the next number is added.",
            "A tank level starts at 0, and each number is added to it; it stays between -$b and $a, both included. "
            "$function is meant to return the list of its levels.",
            "$function keeps a running total of the numbers, but each total is clipped to the range from -$b to $a, "
            "and the next number is added to the clipped one. It should return all totals.",
        ),
        "numbers",
        capped,
        """\
def $name(numbers):
    total, out = 0, []
    for n in numbers:
        total += n
        if total > $a:
            total = $a
        if total < -$b:
            total = -$b
        out.append(total)
    return out""",
        signed_numbers,
        (([],), ([5_000, -1],), ([-5_000, 1],)),
        """\
def $name(numbers, out=[]):
    total = 0
    for n in numbers:
        total += n
        out.append(max(-$b, min($a, total)))
    return out""",
    ),
    FunctionFamily(
        "fix_base",
        4,
        lambda d: {"b": d.small(3, 9), "c": d.number(101, 999)},
        (
            "$function should return the digits of n + $c in base $b as a list, the highest digit first. n is at least "
            "-$c, and 0 has the one digit 0.",
            "For whole n >= -$c, $function is meant to write n + $c in base $b, as a list of digits from the highest "
            "to the lowest, [0] for zero.",
            "$function adds $c to n and should return what comes out in base $b: a list of digits, most significant "
            "first. The sum is never negative; 0 is [0].",
        ),
        "n",
        in_base,
        """\
def $name(n):
    n += $c
    digits = []
    while True:
        digits.append(n % $b)
        n //= $b
        if n == 0:
            return digits[::-1]""",
        lambda rng, params: (whole(rng, -params["c"], 9_999),),
        ((0,),),
        """\
def $name(n):
    digits = []
    while n > $b:
        digits.append(n % $b)
        n //= $b
    return [n + $c] + digits""",
    ),
)
