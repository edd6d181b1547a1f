"""Sequences and lists of numbers."""

from __future__ import annotations

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params
from textgym_tasks.python.number_theory import digit_sum

Matrix = tuple[int, int, int, int]


def recurrence(x: int, y: int, p: int, q: int, m: int, n: int) -> int:
    """Term `n` by powers of the matrix ((p, q), (1, 0)), for n >= 2."""

    def times(one: Matrix, two: Matrix) -> Matrix:
        a, b, c, d = one
        e, f, g, h = two
        return (a * e + b * g) % m, (a * f + b * h) % m, (c * e + d * g) % m, (c * f + d * h) % m

    power, square, k = (1, 0, 0, 1), (p, q, 1, 0), n - 2
    while k:
        if k & 1:
            power = times(power, square)
        square, k = times(square, square), k >> 1
    return (power[0] * y + power[1] * x) % m


def collatz_total(a: int) -> int:
    """The sum of the numbers on the way from `a` to 1, both included."""
    total = 1
    while a != 1:
        total += a
        a = a // 2 if a % 2 == 0 else 3 * a + 1
    return total


def digit_sum_term(a: int, n: int) -> int:
    """Term `n` of a, a + digit sum of a, and so on."""
    for _ in range(n - 1):
        a += digit_sum(a)
    return a


def sum_with_rule(numbers: list[int], d: int, k: int) -> int:
    """Multiples of `d` count twice, other numbers above `k` are taken off, the rest count once."""
    total = 0
    for n in numbers:
        if not n % d:
            total += 2 * n
        elif n > k:
            total -= n
        else:
            total += n
    return total


def sorted_by_ending(numbers: list[int]) -> list[int]:
    """By the last two digits, then by size: a stable sort by each digit in turn."""
    ordered = sorted(numbers)
    for place in (1, 10):
        digits: list[list[int]] = [[] for _ in range(10)]
        for n in ordered:
            digits[n // place % 10].append(n)
        ordered = [n for some in digits for n in some]
    return ordered


def divisible_pairs(numbers: list[int], m: int) -> int:
    """Pairs whose sum `m` divides, counted by remainders."""
    seen: dict[int, int] = {}
    pairs = 0
    for n in numbers:
        pairs += seen.get(-n % m, 0)
        seen[n % m] = seen.get(n % m, 0) + 1
    return pairs


def best_window(numbers: list[int], k: int) -> int:
    """The largest sum of `k` neighbours, by a sliding window."""
    total = best = sum(numbers[:k])
    for old, new in zip(numbers, numbers[k:], strict=False):
        total += new - old
        best = max(best, total)
    return best


def draw_rule(d: Draws) -> Params:
    return {"numbers": d.numbers(d.small(10, 14), 101, 999), "d": d.small(3, 5), "k": d.number(401, 699)}


SEQUENCES = (
    Family(
        "recurrence",
        2,
        lambda d: {
            "x": d.small(2, 9),
            "y": d.small(2, 9),
            "p": d.small(2, 9),
            "q": d.small(2, 9),
            "m": d.number(1_001, 99_999),
            "n": d.number(101, 999),
        },
        (
            "a(1) = $x, a(2) = $y, and a(k) = ($p*a(k-1) + $q*a(k-2)) mod $m after that. What is a($n)?",
            "A sequence starts $x, $y. Each later term is $p times the last one plus $q times the one before it, "
            "modulo $m. What is term number $n?",
            "Start with $x and $y; go on with ($p*last + $q*second_to_last) % $m. What is the term at place $n, if $x "
            "is at place 1?",
            "Let f(1)=$x, f(2)=$y, f(i)=($p*f(i-1)+$q*f(i-2))%$m. Find f($n).",
        ),
        recurrence,
        "x, y = $x, $y\nfor k in range($n - 2):\n    x, y = y, ($p * y + $q * x) % $m\ny",
    ),
    Family(
        "collatz_total",
        2,
        lambda d: {"a": d.number(1_001, 99_999)},
        (
            "Start at $a. Halve an even number, replace an odd n by 3n + 1, until 1. What do all numbers met add up "
            "to, $a and 1 included?",
            "What is the sum of the Collatz sequence from $a down to 1, both ends included?",
            "Go from $a to n/2 if n is even and to 3n+1 if it is odd, until n is 1. Add up all n, the first and the "
            "last too.",
            "Add up the terms of the Collatz sequence (n/2 or 3n+1) that starts with $a and ends with its first 1.",
        ),
        collatz_total,
        "n = total = $a\nwhile n > 1:\n    n = 3 * n + 1 if n % 2 else n // 2\n    total += n\ntotal",
    ),
    Family(
        "digit_sum_sequence",
        2,
        lambda d: {"a": d.number(101, 9_999), "n": d.number(101, 999)},
        (
            "Start with $a and keep adding the sum of a number's digits to it. If $a is term 1, what is term $n?",
            "In a sequence from $a, each term is the one before plus that one's digit sum. What is term number $n?",
            "t(1) = $a; t(k+1) = t(k) + the sum of the digits of t(k). What is t($n)?",
            "Write $a, add its digits to it, write the result, and so on. What is number $n on the list?",
        ),
        digit_sum_term,
        "n = $a\nfor i in range($n - 1):\n    n += sum(int(c) for c in str(n))\nn",
    ),
    Family(
        "list_rule",
        2,
        draw_rule,
        (
            "Go through $numbers. Multiples of $d count twice; other numbers above $k are subtracted; the rest count "
            "once. What is the total?",
            "For the list $numbers, add 2*n where $d divides n, subtract n where it does not and n > $k, else add n. "
            "What do you get?",
            "Score $numbers: n scores 2n if divisible by $d, otherwise -n if greater than $k, otherwise n. What is the "
            "sum of the scores?",
            "Sum $numbers with these weights: 2 for multiples of $d, -1 for others over $k, 1 for what remains.",
        ),
        lambda numbers, d, k: sum_with_rule(numbers, d, k),
        "sum(2 * n if n % $d == 0 else -n if n > $k else n for n in $numbers)",
    ),
    Family(
        "sort_by_ending",
        2,
        lambda d: {"numbers": d.numbers(d.small(7, 10), 101, 99_999)},
        (
            "Sort $numbers by the last two digits, equal ones by size, smallest first. Give the list.",
            "Order $numbers by what their last two digits say, and by size where that is equal. What is the list?",
            "Put $numbers in rising order of their final two digits; ties go by the whole number. Give the list.",
            "What list do you get if you sort $numbers by the pair (last two digits, whole number)?",
        ),
        sorted_by_ending,
        "sorted($numbers, key=lambda n: (n % 100, n))",
    ),
    Family(
        "divisible_pairs",
        3,
        lambda d: {"numbers": d.numbers(d.small(36, 48), 101, 9_999), "m": d.small(3, 6)},
        (
            "How many pairs of numbers at different places in $numbers have a sum that is divisible by $m?",
            "In how many ways can one choose two numbers from $numbers whose sum is a multiple of $m? Order does not "
            "count.",
            "For x = $numbers, count the i < j with (x[i] + x[j]) % $m == 0.",
        ),
        divisible_pairs,
        "x = $numbers\nsum((x[i] + x[j]) % $m == 0 for i in range(len(x)) for j in range(i))",
    ),
    Family(
        "best_window",
        3,
        lambda d: {
            "numbers": [n * d.pick((1, 1, -1)) for n in d.numbers(d.small(20, 30), 101, 999)],
            "k": d.small(4, 7),
        },
        (
            "What is the largest sum of $k neighbouring numbers in $numbers?",
            "Take $k consecutive entries of $numbers so that their sum is as large as it can be. What is the sum?",
            "Slide a window of length $k over $numbers and add up what it shows. What is the greatest total?",
        ),
        best_window,
        "x = $numbers\nmax(sum(x[i:i + $k]) for i in range(len(x) - $k + 1))",
    ),
)
