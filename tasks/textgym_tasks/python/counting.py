"""Counting and optimising: combinatorics and dynamic programming."""

from __future__ import annotations

from functools import cache
from heapq import heappop, heappush

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params

POINTS = "ABCDEFGHIJ"


def stair_ways(n: int, k: int, m: int) -> int:
    """Ways to climb `n` steps by strides of 1, 2 and `k`, modulo `m`."""
    ways = [1] + [0] * n
    for i in range(1, n + 1):
        ways[i] = sum(ways[i - stride] for stride in (1, 2, k) if stride <= i) % m
    return ways[n]


def coin_ways(n: int, coins: list[int]) -> int:
    """Ways to pay `n` with any number of each of `coins`."""
    ways = [1] + [0] * n
    for coin in coins:
        for i in range(coin, n + 1):
            ways[i] += ways[i - coin]
    return ways[n]


def distinct_partitions(n: int, m: int) -> int:
    """Partitions of `n` into different parts, modulo `m`; there are as many as into odd parts (Euler)."""
    return coin_ways(n, list(range(1, n + 1, 2))) % m


def subsequences(word: str, n: int) -> int:
    """Different non-empty subsequences of `word`, modulo `n`, by the last place of each letter."""
    total = 1
    before: dict[str, int] = {}
    for letter in word:
        total, before[letter] = 2 * total - before.get(letter, 0), total
    return (total - 1) % n


def grid_paths(n: int, walls: list[str], m: int) -> int:
    """Paths right and down through an n x n grid without `walls` (as "row,column"), modulo `m`, row by row."""
    blocked = {tuple(map(int, wall.split(","))) for wall in walls}
    row = [1] + [0] * (n - 1)
    for i in range(n):
        for j in range(n):
            row[j] = 0 if (i, j) in blocked else row[j] + (row[j - 1] if j else 0)
    return row[-1] % m


def best_pack(weights: list[int], values: list[int], limit: int) -> int:
    """The 0/1 knapsack: value -> least weight, over all values met."""
    least = {0: 0}
    for weight, value in zip(weights, values, strict=True):
        for total, used in list(least.items()):
            if used + weight <= limit and used + weight < least.get(total + value, limit + 1):
                least[total + value] = used + weight
    return max(least)


def best_rise(numbers: list[int]) -> int:
    """The largest sum of an increasing subsequence."""
    ending: list[int] = []
    for i, n in enumerate(numbers):
        ending.append(n + max((ending[j] for j in range(i) if numbers[j] < n), default=0))
    return max(ending)


def shortest(edges: list[str], goal: str) -> int:
    """The length of the shortest way from A to `goal` over edges like "A-B 120" (Dijkstra)."""
    near: dict[str, list[tuple[str, int]]] = {}
    for edge in edges:
        ends, length = edge.split(" ")
        one, two = ends.split("-")
        near.setdefault(one, []).append((two, int(length)))
        near.setdefault(two, []).append((one, int(length)))
    queue: list[tuple[int, str]] = [(0, "A")]
    done: set[str] = set()
    while queue:
        far, point = heappop(queue)
        if point == goal:
            return far
        if point not in done:
            done.add(point)
            for other, step in near[point]:
                heappush(queue, (far + step, other))
    raise ValueError(f"there is no way to {goal}")


def game_value(piles: list[int]) -> int:
    """What the first of two perfect players takes from a row of piles, each time one from either end."""

    @cache
    def lead(low: int, high: int) -> int:
        if low > high:
            return 0
        return max(piles[low] - lead(low + 1, high), piles[high] - lead(low, high - 1))

    return (sum(piles) + lead(0, len(piles) - 1)) // 2


def draw_walls(d: Draws) -> Params:
    n = d.small(8, 14)
    inner = [f"{i},{j}" for i in range(n) for j in range(n) if 0 < i + j < 2 * n - 2]
    return {"n": n, "walls": d.sample(inner, d.small(5, 9)), "m": d.number(1_001, 99_999)}


def draw_pack(d: Draws) -> Params:
    count = d.small(9, 13)
    weights = [d.small(11, 60) for _ in range(count)]
    return {"weights": weights, "values": d.numbers(count, 101, 999), "limit": d.number(101, 249)}


def draw_roads(d: Draws) -> Params:
    points = POINTS[: d.small(7, 10)]
    known = [tuple(sorted((p, d.pick(points[:i])))) for i, p in enumerate(points) if i]
    others = [(p, q) for p in points for q in points if p < q and (p, q) not in known]
    roads = d.sample(known + d.sample(others, len(points)), len(known) + len(points))
    return {"edges": [f"{p}-{q} {d.number(101, 999)}" for p, q in roads], "goal": points[-1]}


COUNTING = (
    Family(
        "stairs",
        2,
        lambda d: {"n": d.number(101, 999), "k": d.small(3, 19), "m": d.number(1_001, 99_999)},
        (
            "In how many ways can one climb $n steps by strides of 1, 2 or $k steps? Give the number modulo $m.",
            "Count the sequences of 1s, 2s and ${k}s with the sum $n, modulo $m.",
            "How many orders of pieces of length 1, 2 and $k fill a row of length $n? Answer modulo $m.",
            "A frog jumps 1, 2 or $k stones ahead. How many ways lead over exactly $n stones, modulo $m?",
        ),
        stair_ways,
        """\
ways = [1]
for i in range(1, $n + 1):
    ways.append(sum(ways[i - s] for s in (1, 2, $k) if s <= i))
ways[$n] % $m""",
    ),
    Family(
        "coin_ways",
        3,
        lambda d: {"n": d.number(301, 2_999), "coins": [1, *sorted(d.sample(range(3, 50), 3))]},
        (
            "In how many ways can $n cents be paid with coins of $coins cents, any number of each? Order does not "
            "count.",
            "There are stamps of the values $coins. How many different collections of stamps are worth $n?",
            "Count the ways to write $n as a sum of numbers from $coins, each as often as one likes, order ignored.",
        ),
        coin_ways,
        """\
ways = {0: 1}
for coin in $coins:
    for i in range(coin, $n + 1):
        ways[i] = ways.get(i, 0) + ways.get(i - coin, 0)
ways[$n]""",
    ),
    Family(
        "distinct_partitions",
        3,
        lambda d: {"n": d.number(101, 399), "m": d.number(1_001, 99_999)},
        (
            "In how many ways is $n a sum of different positive whole numbers, order ignored? Answer modulo $m.",
            "Count the sets of positive whole numbers that add up to $n, modulo $m.",
            "How many partitions of $n have no part twice? Give the number modulo $m.",
        ),
        distinct_partitions,
        """\
ways = [1] + [0] * $n
for part in range(1, $n + 1):
    for i in range($n, part - 1, -1):
        ways[i] += ways[i - part]
ways[$n] % $m""",
    ),
    Family(
        "subsequences",
        3,
        lambda d: {"word": d.word(16, 30, "abcde"), "n": d.number(10_001, 99_999)},
        (
            'How many different non-empty words can be made of "$word" by deleting letters (or none)? Answer modulo '
            "$n.",
            'Count the distinct non-empty subsequences of "$word", modulo $n.',
            'Strike out some letters of "$word", maybe none, but not all. How many different results are there, modulo '
            "$n?",
        ),
        subsequences,
        """\
ends = {}
for c in $word:
    ends[c] = sum(ends.values()) + 1
sum(ends.values()) % $n""",
    ),
    Family(
        "grid_paths",
        4,
        draw_walls,
        (
            "A grid of $n x $n cells has walls at $walls (row,column, from 0). How many paths lead from 0,0 to the "
            "opposite corner by steps right and down, not through walls? Answer modulo $m.",
            "Cells of a $n by $n board are named row,column from 0. Blocked are $walls. Moving only down or right, in "
            "how many ways can one get from the first cell to the last? Give it modulo $m.",
            "Count, modulo $m, the ways from the top left to the bottom right of a grid of $n rows and $n columns, one "
            "cell right or down a step, around the cells $walls (row,column, counted from 0).",
        ),
        grid_paths,
        """\
walls = {tuple(int(k) for k in w.split(",")) for w in $walls}
ways = {(0, 0): 1}
for i in range($n):
    for j in range($n):
        if i + j:
            free = (i, j) not in walls
            ways[i, j] = free * (ways.get((i - 1, j), 0) + ways.get((i, j - 1), 0))
ways[$n - 1, $n - 1] % $m""",
    ),
    Family(
        "best_pack",
        4,
        draw_pack,
        (
            "Items weigh $weights kg and are worth $values dollars, in this order. What is the most that items of at "
            "most $limit kg in total can be worth?",
            "A thief carries up to $limit kg. The weights are $weights, the values $values. What is the largest total "
            "value, each item being taken whole or not at all?",
            "Choose some of the pairs of weight and value from $weights and $values (same places belong together) so "
            "that the weights sum to at most $limit. What is the greatest sum of values?",
        ),
        best_pack,
        """\
best = [0] * ($limit + 1)
for w, v in zip($weights, $values):
    for i in range($limit, w - 1, -1):
        best[i] = max(best[i], best[i - w] + v)
best[$limit]""",
    ),
    Family(
        "best_rise",
        4,
        lambda d: {"numbers": d.numbers(d.small(18, 26), 101, 999)},
        (
            "Strike out numbers of $numbers so that those left are in strictly rising order. What is the largest sum "
            "that can be left?",
            "What is the greatest sum of a strictly increasing subsequence of $numbers?",
            "Walk through $numbers from left to right, picking only numbers larger than the last one picked. What is "
            "the most that the picked ones can add up to?",
        ),
        best_rise,
        """\
best = {}
for n in $numbers:
    best[n] = n + max([0] + [best[k] for k in best if k < n])
max(best.values())""",
    ),
    Family(
        "shortest_way",
        4,
        draw_roads,
        (
            "Roads and their lengths in km: $edges. They can be used both ways. How long is the shortest way from A to "
            "$goal?",
            "The weighted edges of an undirected graph are $edges. What is the least total weight of a path from A to "
            "$goal?",
            "Wires join points, with costs, in either direction: $edges. What does the cheapest route from A to $goal "
            "cost?",
        ),
        shortest,
        """\
far = {"A": 0}
for turn in range(10):
    for edge in $edges:
        ends, length = edge.split()
        for p, q in (ends.split("-"), ends.split("-")[::-1]):
            if p in far:
                far[q] = min(far.get(q, 10**9), far[p] + int(length))
far[$goal]""",
    ),
    Family(
        "pile_game",
        4,
        lambda d: {"piles": d.numbers(d.small(10, 16), 101, 999)},
        (
            "Two players take in turn the first or the last pile of the row $piles until none is left; both want as "
            "much as they can get in total. How much does the first one get?",
            "From the row of cards $piles, two perfect players take one from either end in turn. What do the cards of "
            "the one who begins add up to?",
            "A row of coins is worth $piles. Ann and Bo take turns, Ann first, each time the coin at the left or the "
            "right end, both playing as well as possible. What is the worth of Ann's coins?",
        ),
        game_value,
        """\
p = $piles
n = len(p)
best = {(i, i): (p[i], 0) for i in range(n)}
for size in range(1, n):
    for i in range(n - size):
        j = i + size
        left, right = best[i + 1, j], best[i, j - 1]
        best[i, j] = max((p[i] + left[1], left[0]), (p[j] + right[1], right[0]))
best[0, n - 1][0]""",
    ),
)
