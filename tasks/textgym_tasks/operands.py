"""Operands that belong to exactly one split, so that no model can meet a test number in training.

Every number of three or more digits that a question shows is *bound*: a hash of its digits (25.7 and 257 are alike)
sends it to one split, once and for all. Numbers of one or two digits (counts, rates) are shared by all splits.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

POOLS = ("train", "validation", "test")
LIMIT = 100_000
"""Operands have at most five digits."""
SHARED = 100
"""Operands below this, read without their decimal point, belong to every split."""

T = TypeVar("T")


class Chance(Protocol):
    """Where draws take their numbers from: a `numpy.random.Generator`, or `Uniforms` of one."""

    def random(self) -> float:
        """A number from 0 up to, but not including, 1, uniformly distributed."""


class Uniforms:
    """Uniform numbers of a generator, fetched `BLOCK` at a time: that costs no more than three numbers one by one.

    What is left over is lost, so `rng` is further on than the numbers that were asked for.
    """

    BLOCK = 24

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: list[float] = []

    def random(self) -> float:
        """A number from 0 up to, but not including, 1."""
        if not self._left:
            self._left = self._rng.random(self.BLOCK).tolist()
        return self._left.pop()


def pick(chance: Chance, items: Sequence[T]) -> T:
    """One of `items`, each equally likely (twenty times as fast as `rng.choice`)."""
    return items[int(chance.random() * len(items))]


def with_point(digits: int, places: int) -> str:
    """`digits`, not negative, with a decimal point before the last `places` of them."""
    if not places:
        return str(digits)
    text = str(digits).zfill(places + 1)
    return f"{text[:-places]}.{text[-places:]}"


def splitmix64(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The output function of splitmix64 (Steele, Lea and Flood, 2014); a bijection on 64-bit integers."""
    x = x + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def pool_of(digits: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Index into `POOLS` of each bound operand: 80% train, 10% validation, 10% test.

    The hash, and not a residue, decides: every pool has all final digits, equally often.
    """
    tenth = (splitmix64(digits) % np.uint64(10)).astype(np.int64)
    return np.maximum(tenth - 7, 0)


@cache
def pool(name: str) -> list[int]:
    """The operands that a split may show, ascending: its own bound ones and the shared ones.

    Multiples of ten are left out: they make the arithmetic easy, and 12.50 and 12.5 would be one number with two keys.
    """
    digits = np.arange(LIMIT, dtype=np.uint64)
    mine = (digits < SHARED) | (pool_of(digits) == POOLS.index(name))
    found: list[int] = digits[mine & (digits % np.uint64(10) != 0)].tolist()
    return found


@cache
def span(low: int, high: int, name: str) -> tuple[int, int]:
    """Where the numbers from `low` to `high` start in `pool(name)`, and how many they are."""
    members = pool(name)
    start = bisect_left(members, low)
    return start, bisect_right(members, high) - start


class Number(NamedTuple):
    """A drawn operand: `digits` with `places` of them behind the decimal point."""

    digits: int
    places: int = 0

    @property
    def value(self) -> int | Fraction:
        return Fraction(self.digits, 10**self.places) if self.places else self.digits

    def text(self, separator: str = "") -> str:
        """Decimal notation; `separator` "," groups thousands."""
        return f"{self.digits:,}" if separator and not self.places else with_point(self.digits, self.places)


@dataclass(frozen=True)
class Operand:
    """A range of numbers: digits from `low` to `high`, `places` of them behind the decimal point.

    >>> Operand(1_001, 9_999, 2)  # prices from 10.01 to 99.99
    Operand(low=1001, high=9999, places=2)
    """

    low: int
    high: int
    places: int = 0

    def draw(self, chance: Chance, name: str) -> Number:
        """One number of the range from the pool `name`, each equally likely."""
        start, count = span(self.low, self.high, name)
        return Number(pool(name)[start + int(chance.random() * count)], self.places)
