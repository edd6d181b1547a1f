"""Families that ask for a function from its description."""

from __future__ import annotations

from typing import Any

import numpy as np

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Params
from textgym_tasks.python.functions import Arguments, FunctionFamily, letters, whole, wholes
from textgym_tasks.python.words import LETTERS, caesar

COINS = (3, 4, 5, 7, 8, 9, 11, 13)


def digit_mix(n: int, a: int, b: int) -> int:
    """The digit sum of n*a, plus b for each 7 in it."""
    digits = str(n * a)
    return sum(map(int, digits)) + b * digits.count("7")


def generated(n: int, s: int, a: int, c: int, m: int) -> list[int]:
    """The first `n` terms of a linear congruential sequence, which begins with `s`."""
    terms: list[int] = []
    while len(terms) < n:
        terms.append(s)
        s = (a * s + c) % m
    return terms


def selected(numbers: list[int], a: int, d: int) -> list[int]:
    """Multiples of `d` and numbers above `a`, falling, without repetition."""
    return sorted({n for n in numbers if n % d == 0 or n > a}, reverse=True)


def enciphered(text: str, key: str) -> str:
    """Vigenere; what is no lower-case letter stays, and uses up no letter of the key."""
    out, used = "", 0
    for c in text:
        if c in LETTERS:
            out += caesar(c, LETTERS.index(key[used % len(key)]))
            used += 1
        else:
            out += c
    return out


def covered(intervals: list[list[int]], a: int, b: int) -> int:
    """How many whole numbers from `a` to `b` lie in one of `intervals`, by sorting and merging."""
    total, at = 0, a
    for low, high in sorted(intervals):
        low, high = max(low, at), min(high, b)
        if low <= high:
            total += high - low + 1
            at = high + 1
    return total


def over_limit(table: str, a: int) -> dict[str, int]:
    """Totals above `a` by name."""
    totals: dict[str, int] = {}
    for line in filter(None, table.split("\n")):
        name, amount = line.split(",")
        totals[name] = totals.get(name, 0) + int(amount)
    return {name: total for name, total in totals.items() if total > a}


def fewest_coins(n: int, coins: list[int]) -> int:
    """The fewest of `coins` that pay `n`, or -1, breadth first."""
    reached, edge, used = {0}, {0}, 0
    while edge:
        if n in reached:
            return used
        edge = {total + coin for total in edge for coin in coins if total + coin <= n} - reached
        reached |= edge
        used += 1
    return -1


def run_from(words: list[str], key: str, k: int) -> list[str]:
    """Words of at least `k` letters that begin with a letter of `key`, each once, in the order of first occurrence."""
    return list(dict.fromkeys(w for w in words if len(w) >= k and w[0] in key))


def some_intervals(rng: np.random.Generator, params: Params) -> Arguments:
    starts = wholes(rng, whole(rng, 1, 7), 0, params["b"] + 200)
    return ([[start, start + whole(rng, 0, 150)] for start in starts],)


def some_table(rng: np.random.Generator, params: Params) -> Arguments:
    names = ["ann", "bob", "cid", "dot", "eve", "flo"][: whole(rng, 2, 6)]
    lines = [f"{names[i]},{n}" for i, n in zip(wholes(rng, 9, 0, len(names) - 1), wholes(rng, 9, 1, 600), strict=True)]
    return ("\n".join(lines),)


def some_text(rng: np.random.Generator, params: Params) -> Arguments:
    return (letters(rng, whole(rng, 8, 30), LETTERS + "  .,-AB3"),)


def some_words(rng: np.random.Generator, params: Params) -> Arguments:
    words = [letters(rng, whole(rng, 1, 7), params["key"] + "aei") for _ in range(whole(rng, 4, 9))]
    return ([words[i] for i in wholes(rng, len(words) + 3, 0, len(words) - 1)],)


def draw_interval(d: Draws) -> Params:
    return {"a": d.number(101, 299), "b": d.number(501, 999)}


def draw_coins(d: Draws) -> Params:
    return {"coins": [*sorted(d.sample(COINS, 2)), d.number(101, 199)]}


def any_number(rng: np.random.Generator, params: Params) -> Arguments:
    return (whole(rng, 1, 99_999),)


def any_numbers(rng: np.random.Generator, params: Params) -> Arguments:
    numbers: list[Any] = wholes(rng, whole(rng, 5, 14), -40, 1_400)
    return ([*numbers, *numbers[:2]],)


WRITING = (
    FunctionFamily(
        "write_digit_mix",
        2,
        lambda d: {"a": d.number(101, 999), "b": d.small(3, 29)},
        (
            "Write the Python function $function. It multiplies n by $a, adds up the digits of the product, and adds "
            "$b more for every digit 7 in it.",
            "Write $function in Python: for a positive whole number n, return the sum of the digits of n * $a plus $b "
            "times the number of sevens among them.",
            "A check value of n is the digit sum of $a times n, plus $b for each 7 that the product has. Write "
            "$function to return it.",
        ),
        "n",
        digit_mix,
        """\
def $name(n):
    total, rest = 0, n * $a
    while rest:
        total += rest % 10
        if rest % 10 == 7:
            total += $b
        rest //= 10
    return total""",
        any_number,
        ((7,), (10_000,)),
    ),
    FunctionFamily(
        "write_selection",
        2,
        lambda d: {"a": d.number(601, 999), "d": d.small(3, 9)},
        (
            "Write the Python function $function. It returns the list of the numbers that are divisible by $d or "
            "greater than $a, each once, the largest first.",
            "Write $function in Python: keep what is a multiple of $d or above $a, drop repetitions, sort from high to "
            "low, return the list.",
            "From a list of whole numbers, $function is to return those with n % $d == 0 or n > $a, without "
            "duplicates, in falling order. Write it.",
        ),
        "numbers",
        selected,
        """\
def $name(numbers):
    kept = []
    for n in sorted(numbers)[::-1]:
        if (n % $d == 0 or n > $a) and n not in kept:
            kept.append(n)
    return kept""",
        any_numbers,
        (([],), ([0, 0],)),
    ),
    FunctionFamily(
        "write_generator",
        2,
        lambda d: {"s": d.small(2, 99), "a": d.number(101, 999), "c": d.small(2, 99), "m": d.number(1_001, 9_999)},
        (
            "Write the Python function $function. It returns the list of the first n terms of the sequence that starts "
            "with $s and goes from x to ($a * x + $c) % $m.",
            "x is $s at first; then it becomes ($a*x + $c) mod $m, again and again. Write $function to return the "
            "first n values of x, $s included, as a list.",
            "Write $function in Python, the list of x(0), ..., x(n-1) with x(0) = $s and x(i+1) = ($a*x(i) + $c) % $m.",
        ),
        "n",
        generated,
        """\
def $name(n):
    terms = [$s]
    for i in range(n):
        terms.append(($a * terms[-1] + $c) % $m)
    return terms[:n]""",
        lambda rng, params: (whole(rng, 2, 40),),
        ((0,), (1,)),
    ),
    FunctionFamily(
        "write_word_filter",
        3,
        lambda d: {"key": d.word(5, 8), "k": d.small(3, 5)},
        (
            "Write the Python function $function. From a list of words it returns those of $k letters or more whose "
            'first letter is one of "$key", each once, in the order of their first occurrence.',
            "Write $function in Python: a list of the different words that have at least $k letters and start with a "
            'letter of "$key", in the order in which they first appear.',
            '$function takes a list of words and keeps a word if len(word) >= $k, if it starts with a letter in "$key" '
            "and if it did not come before. Write it; it returns a list.",
        ),
        "words",
        run_from,
        """\
def $name(words):
    kept = []
    for word in words:
        if len(word) >= $k and word[0] in $key and word not in kept:
            kept.append(word)
    return kept""",
        some_words,
        (([],),),
    ),
    FunctionFamily(
        "write_cipher",
        3,
        lambda d: {"key": d.word(5, 7)},
        (
            'Write the Python function $function. It moves each lower-case letter on by the letter of "$key" that is '
            "next in turn (a moves 0, b 1, ..., and z is followed by a); the key starts again when used up. Other "
            "characters stay as they are and use up no letter of the key.",
            'Write $function in Python: the Vigenere cipher with the key "$key" (a = 0) on the letters a to z of a '
            "text. All else, capitals too, is copied, and does not advance the key.",
            "With a = 0, ..., z = 25, $function adds to each lower-case letter of a text the next letter of the key "
            '"$key", modulo 26, beginning the key again at its end. Whatever is no lower-case letter is kept and skips '
            "no letter of the key. Write it in Python.",
        ),
        "text",
        enciphered,
        """\
def $name(text):
    key, out, used = $key, [], 0
    for c in text:
        if "a" <= c <= "z":
            shift = ord(key[used % len(key)]) - 97
            c = chr((ord(c) - 97 + shift) % 26 + 97)
            used += 1
        out.append(c)
    return "".join(out)""",
        some_text,
        (("",), ("Q. z",)),
    ),
    FunctionFamily(
        "write_totals",
        3,
        lambda d: {"a": d.number(301, 899)},
        (
            'Write the Python function $function. The table has a line "name,amount" for each payment. Return a dict '
            "from each name to its total, an int, but only with totals above $a.",
            'Write $function in Python: it sums the amounts by name in lines like "ann,12" and returns {name: total} '
            "for the totals greater than $a.",
            "Payments come as text, one a line: name, comma, whole number. $function returns a dict of the names whose "
            "payments add up to more than $a, with the sums. Write it.",
        ),
        "table",
        over_limit,
        """\
def $name(table):
    totals = {}
    for line in table.splitlines():
        name, amount = line.split(",")
        totals[name] = totals.get(name, 0) + int(amount)
    return {name: totals[name] for name in totals if totals[name] > $a}""",
        some_table,
        (("",),),
    ),
    FunctionFamily(
        "write_cover",
        4,
        draw_interval,
        (
            "Write the Python function $function. Each interval is a list [low, high] of whole numbers, ends included. "
            "Return how many whole numbers from $a to $b lie in at least one of them.",
            "Write $function in Python: intervals such as [[3, 5], [9, 9]] hold their ends and all whole numbers "
            "between. Count the n with $a <= n <= $b that some interval holds.",
            "A road from km $a to km $b has jobs [low, high], each on every km from low to high; some reach beyond the "
            "road or overlap. $function returns on how many of the km $a, ..., $b there is any job. Write it in "
            "Python.",
        ),
        "intervals",
        covered,
        """\
def $name(intervals):
    inside = set()
    for low, high in intervals:
        inside.update(range(max(low, $a), min(high, $b) + 1))
    return len(inside)""",
        some_intervals,
        (([],), ([[0, 5_000]],)),
    ),
    FunctionFamily(
        "write_change",
        4,
        draw_coins,
        (
            "Write the Python function $function. It returns the smallest number of coins that pay n exactly, with "
            "coins of $coins, as many of each as needed; -1 if it cannot be done.",
            "Write $function in Python: n is to be written as a sum of numbers from $coins, repetition allowed, with "
            "as few terms as possible. Return how many terms, 0 for n = 0, -1 if there is no way.",
            "Stamps have the values $coins. $function returns with how few stamps a letter of postage n can be paid to "
            "the cent, or -1 if no stamps add up to n. Write it in Python.",
        ),
        "n",
        fewest_coins,
        """\
def $name(n):
    best = [0]
    for total in range(1, n + 1):
        ways = [best[total - c] for c in $coins if c <= total and best[total - c] >= 0]
        best.append(1 + min(ways) if ways else -1)
    return best[n]""",
        lambda rng, params: (whole(rng, 2, 400),),
        ((0,), (1,), (2,)),
    ),
)
