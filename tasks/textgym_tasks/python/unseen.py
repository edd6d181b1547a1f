"""Families that only the split "test_unseen" draws from: other questions, the numbers and words of "test"."""

from __future__ import annotations

import numpy as np

from textgym_tasks.operands import LIMIT
from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params
from textgym_tasks.python.functions import Arguments, FunctionFamily, whole, wholes
from textgym_tasks.python.number_theory import primes_to

DIGIT_LETTERS = (0, 1, 2, 3, 2, 1, 2, 3, 4, 2)
"""Letters of the Roman numerals of 0 to 9, and of their tens and hundreds."""


def choose_mod(n: int, k: int, m: int) -> int:
    """n over k, modulo m, by the powers of its primes (Legendre)."""
    result = 1
    for p in primes_to(LIMIT)[:n]:
        q = p
        while q <= n:
            if n // q - k // q - (n - k) // q:
                result = result * p % m
            q *= p
    return result % m


def numeral_letters(a: int, b: int) -> int:
    """Letters of the Roman numerals of all numbers from `a` to `b`, digit by digit."""
    return sum(n // 1000 + sum(DIGIT_LETTERS[int(digit)] for digit in str(n)[-3:]) for n in range(a, b + 1))


def queue_wait(gaps: list[int], times: list[int]) -> int:
    """How long all customers together wait at one counter, by the recurrence of Lindley."""
    wait = total = 0
    for gap, before in zip(gaps[1:], times, strict=False):
        wait = max(0, wait + before - gap)
        total += wait
    return total


def rotated_sum(rows: list[list[int]], n: int) -> int:
    """The sum of the main diagonal after `n` quarter turns: a diagonal again, one or the other."""
    size = len(rows)
    return sum(rows[i][i if n % 2 == 0 else size - 1 - i] for i in range(size))


def balances(moves: list[int], a: int, fee: int) -> list[int]:
    """What is left after each move: a withdrawal costs `fee` more, and one that cannot be paid is left out."""
    out, left = [], a
    for move in moves:
        after = left + move - fee * (move < 0)
        left = left if move < 0 and after < 0 else after
        out.append(left)
    return out


def draw_queue(d: Draws) -> Params:
    count = d.small(8, 12)
    return {"gaps": d.numbers(count, 101, 499), "times": d.numbers(count, 101, 599)}


def draw_square(d: Draws) -> Params:
    size = d.small(4, 5)
    return {"rows": [d.numbers(size, 101, 999) for _ in range(size)], "n": d.number(101, 9_999)}


def some_moves(rng: np.random.Generator, params: Params) -> Arguments:
    return (wholes(rng, whole(rng, 4, 12), -params["a"], params["a"] // 2),)


UNSEEN: tuple[Family | FunctionFamily, ...] = (
    Family(
        "choose_mod",
        1,
        lambda d: {"n": d.number(101, 999), "k": d.small(20, 79), "m": d.number(1_001, 99_999)},
        (
            "What is $n over $k (binomial), modulo $m?",
            "Find the binomial C($n, $k) mod $m.",
            "Ways to choose $k of $n, modulo $m?",
            "Give C($n, $k) % $m.",
        ),
        choose_mod,
        "import math;math.comb($n,$k)%$m",
    ),
    Family(
        "numeral_letters",
        2,
        lambda d: {"a": d.number(101, 1_499), "b": d.number(1_501, 3_999)},
        (
            "How many letters does one write for the Roman numerals of all numbers from $a to $b, both included?",
            "Write $a, ..., $b as Roman numerals, such as XIV for 14. How many letters is that in all?",
            "What is the total length of the Roman numerals from $a to $b?",
        ),
        numeral_letters,
        """\
def roman(n):
    out = ""
    for v, r in zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        "M CM D CD C XC L XL X IX V IV I".split(),
    ):
        while n >= v:
            out, n = out + r, n - v
    return out
sum(len(roman(n)) for n in range($a, $b + 1))""",
    ),
    Family(
        "queue_wait",
        3,
        draw_queue,
        (
            "Customers come to one counter. The seconds since the one before (or since opening) are $gaps, and being "
            "served takes them $times seconds, in this order. How many seconds do they wait in all before being "
            "served?",
            "Jobs arrive after gaps of $gaps and run one after another, for $times, in order of arrival, each as soon "
            "as it can. Add up the times between arrival and start. What do you get?",
            "One desk serves people in the order they come. Person i comes gap i after person i-1, with gaps $gaps, "
            "and needs time i, with times $times. What is the sum of all waiting times?",
        ),
        queue_wait,
        """\
now = free = total = 0
for gap, time in zip($gaps, $times):
    now += gap
    start = max(now, free)
    total += start - now
    free = start + time
total""",
    ),
    Family(
        "turned_square",
        3,
        draw_square,
        (
            "The rows of a square are $rows. It is turned clockwise by 90 degrees $n times. What is then the sum of "
            "the diagonal from the top left to the bottom right?",
            "Rotate the matrix $rows by a quarter turn, $n times in all. What is its trace after that?",
            "After $n quarter turns of the grid $rows, what do the numbers from its upper left corner down to its "
            "lower right corner add up to?",
        ),
        rotated_sum,
        """\
m = $rows
for turn in range($n % 4):
    m = [list(row) for row in zip(*m[::-1])]
sum(m[i][i] for i in range(len(m)))""",
    ),
    FunctionFamily(
        "write_balances",
        4,
        lambda d: {"a": d.number(301, 999), "fee": d.small(3, 29)},
        (
            "Write the Python function $function. An account holds $a at first. Positive moves are paid in. A negative "
            "move is paid out with a fee of $fee on top, unless that would leave less than 0: then nothing happens. "
            "Return the list of the balances after each move.",
            "Write $function in Python: start from $a and apply the moves; a withdrawal (negative) also costs $fee and "
            "is skipped if move and fee cannot be covered in full. Return the balance after each move, skipped ones "
            "included, as a list.",
            "A meter card is loaded with $a. $function goes through moves: gains are added; a loss of x takes x + "
            "$fee, but is left out if less than that is there. Write it in Python; it returns what is on the card "
            "after each move.",
        ),
        "moves",
        balances,
        """\
def $name(moves):
    left, out = $a, []
    for m in moves:
        if m >= 0:
            left += m
        elif left >= $fee - m:
            left -= $fee - m
        out.append(left)
    return out""",
        some_moves,
        (([],), ([0, -1],), ([-5_000, 5_000, -5_000],)),
    ),
)
