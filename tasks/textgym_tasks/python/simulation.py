"""Small worlds to play through: circles, generators, robots, automata, accounts."""

from __future__ import annotations

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params

TURNS = {"N": "WE", "E": "NS", "S": "EW", "W": "SN"}
"""Heading -> where a turn to the left and one to the right lead."""
STEPS = {"N": (0, 1), "E": (1, 0), "S": (0, -1), "W": (-1, 0)}


def survivor(n: int, k: int) -> int:
    """The last of a circle 1..n from which every `k`-th leaves (Josephus), by the recurrence."""
    place = 0
    for size in range(2, n + 1):
        place = (place + k) % size
    return place + 1


def even_total(s: int, a: int, c: int, m: int, n: int) -> int:
    """The sum of the even ones among the first `n` numbers of a linear congruential generator, after the seed."""
    total = 0
    for _ in range(n):
        s = (a * s + c) % m
        total += s * (1 - s % 2)
    return total


def robot_distance(word: str, n: int) -> int:
    """|x| + |y| after `n` runs of a program of l, r and f: the moves of four runs repeat, as the heading comes back."""
    x = y = 0
    heading = "N"
    visits: list[tuple[int, int]] = [(0, 0)]
    for _ in range(4):
        for c in word:
            if c == "f":
                x, y = x + STEPS[heading][0], y + STEPS[heading][1]
            else:
                heading = TURNS[heading][c == "r"]
        visits.append((x, y))
    rounds, rest = divmod(n, 4)
    return abs(rounds * x + visits[rest][0]) + abs(rounds * y + visits[rest][1])


def live_cells(rule: int, width: int, start: int, n: int) -> int:
    """Live cells of all generations 0..n of an elementary automaton on a ring, with rows as sets of live places."""
    alive = {i for i in range(width) if start >> i & 1}
    total = len(alive)
    for _ in range(n):
        alive = {
            i
            for i in range(width)
            if rule >> (4 * ((i - 1) % width in alive) + 2 * (i in alive) + ((i + 1) % width in alive)) & 1
        }
        total += len(alive)
    return total


def balance(a: int, moves: list[int], fee: int, bonus: int, limit: int) -> int:
    """What an account holds after its moves; refused withdrawals cost a fee, deposits over a limit earn a bonus."""
    for move in moves:
        if move < 0 and a + move < 0:
            a -= fee
        elif move > limit:
            a += move + bonus
        else:
            a += move
    return a


def draw_account(d: Draws) -> Params:
    moves = [d.number(101, 999) * d.pick((1, -1, -1)) for _ in range(d.small(14, 20))]
    return {
        "a": d.number(301, 1_999), "moves": moves, "fee": d.small(3, 19), "bonus": d.small(3, 49),
        "limit": d.number(401, 799),
    }  # fmt: skip


SIMULATION = (
    Family(
        "survivor",
        3,
        lambda d: {"n": d.number(501, 9_999), "k": d.small(3, 29)},
        (
            "$n children stand in a circle, numbered 1 to $n. They count from 1 to $k, beginning with child 1; the one "
            "who says $k leaves, and the next begins again at 1. Who is left at the end?",
            "Numbers 1 to $n are on a ring. Starting the count at 1, strike out each number that is counted as $k, and "
            "start again at one with the next. Which number stays?",
            "In a Josephus circle of $n people with step $k (counting starts with person 1 as one), which person "
            "remains?",
        ),
        survivor,
        """\
ring, i = list(range(1, $n + 1)), 0
while len(ring) > 1:
    i = (i + $k - 1) % len(ring)
    ring.pop(i)
ring[0]""",
    ),
    Family(
        "random_numbers",
        3,
        lambda d: {
            "s": d.number(101, 999),
            "a": d.number(101, 999),
            "c": d.number(101, 999),
            "m": d.number(1_001, 9_999),
            "n": d.number(101, 999),
        },
        (
            "A generator starts at x = $s and makes x = ($a*x + $c) % $m again and again. Of the first $n numbers made "
            "(the start is not one), what is the sum of the even ones?",
            "Let x be $s. Do $n times: set x to ($a*x + $c) modulo $m and, if it is even now, add it to a total. What "
            "is the total?",
            "With x(0) = $s and x(i+1) = ($a*x(i) + $c) mod $m, add up the x(i) that are even for i from 1 to $n.",
        ),
        even_total,
        """\
x, made = $s, []
for i in range($n):
    x = ($a * x + $c) % $m
    made.append(x)
sum(x for x in made if x % 2 == 0)""",
    ),
    Family(
        "robot",
        3,
        lambda d: {"word": d.word(14, 22, "lrfff"), "n": d.number(101, 999)},
        (
            'A robot at (0, 0) faces north and runs "$word" $n times: l and r turn it left and right by 90 degrees, f '
            "moves it one step ahead. What is |x| + |y| at the end?",
            'Repeat the moves "$word" $n times from (0, 0), facing north (f: one step forward, l: turn left, r: turn '
            "right). How many steps along the grid is the end from the start?",
            'A turtle looks north. It obeys "$word", $n times over: f is a step, l a left turn, r a right turn. What '
            "is the sum of its distances east-west and north-south from where it began?",
        ),
        robot_distance,
        """\
x = y = 0
dx, dy = 0, 1
for c in $word * $n:
    if c == "f":
        x, y = x + dx, y + dy
    elif c == "l":
        dx, dy = -dy, dx
    else:
        dx, dy = dy, -dx
abs(x) + abs(y)""",
    ),
    Family(
        "automaton",
        4,
        lambda d: {
            "rule": d.number(101, 253),
            "width": d.small(23, 47),
            "start": d.number(1_001, 99_999),
            "n": d.small(20, 60),
        },
        (
            "An elementary cellular automaton with Wolfram's rule $rule runs on a ring of $width cells; cell i starts "
            "alive if bit i of $start is 1 (bit 0 is the lowest). A cell's left neighbour is cell i-1. How many live "
            "cells do the rows 0 (the start) to $n have in total?",
            "On a ring of $width cells, cell i (from 0) is 1 if bit i of $start is set. In each of $n steps cell i "
            "becomes bit 4*L + 2*C + R of $rule, where L, C, R are the cells i-1, i, i+1 before the step. Count the "
            "ones of all rows, the first included.",
            "Rule $rule (bit 4*left + 2*own + right of the rule is the new value), $width cells in a circle, left of i "
            "is i-1, cell i starts as bit i of the number $start. Add up the ones of the first row and of the rows "
            "after each of $n steps.",
        ),
        live_cells,
        """\
row = [$start >> i & 1 for i in range($width)]
total = sum(row)
for step in range($n):
    near = zip([row[-1]] + row[:-1], row, row[1:] + [row[0]])
    row = [$rule >> (4 * l + 2 * c + r) & 1 for l, c, r in near]
    total += sum(row)
total""",
    ),
    Family(
        "account",
        4,
        draw_account,
        (
            "An account holds $a. Its moves are $moves, in order. A withdrawal that would take it below 0 is refused "
            "and costs a fee of $fee instead (the fee may take it below 0). A deposit above $limit earns $bonus on "
            "top. What does it hold at the end?",
            "Start with $a points and go through $moves. Gains above $limit bring $bonus extra. A loss that would make "
            "the points negative does not count, but $fee points are taken off instead, even below zero. What is the "
            "final score?",
            "A depot has $a units. Orders $moves come in turn: positive ones add, those over $limit with $bonus units "
            "for free; negative ones take away, but if there are too few units nothing is taken and $fee units are "
            "lost (the count may go below zero). How many units are there in the end?",
        ),
        lambda a, moves, fee, bonus, limit: balance(a, moves, fee, bonus, limit),
        """\
a = $a
for m in $moves:
    if m > 0:
        a += m + ($bonus if m > $limit else 0)
    elif a >= -m:
        a += m
    else:
        a -= $fee
a""",
    ),
)
