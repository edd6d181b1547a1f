"""What the families draw their parameters with: numbers and words that belong to exactly one split.

A number of three to five digits belongs to the split that `textgym_tasks.operands` gives it, a word of random letters
to the one that its hash says. Numbers below 100 and the vocabularies (names, wares) are shared, so that every question
holds something that no other split has seen, and words and counts that all have.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from string import ascii_lowercase

import numpy as np

from textgym_tasks.operands import POOLS, SHARED, Operand, T, pick

SHORTEST = 5
"""Letters of the shortest word: shorter ones would be few enough to have been met."""


def pool_of_word(word: str) -> str:
    """The split that a word belongs to: 80% train, 10% validation, 10% test."""
    tenth = int.from_bytes(blake2b(word.encode(), digest_size=8).digest()) % 10
    return POOLS[max(0, tenth - 7)]


class Draws:
    """Parameters for one task.

    Args:
        rng: the only source of chance.
        pool: whose numbers and words are drawn: one of `POOLS`.
    """

    def __init__(self, rng: np.random.Generator, pool: str) -> None:
        self.rng, self.pool = rng, pool

    def number(self, low: int, high: int) -> int:
        """A number of this split from `low` (at least 100) to `high`; never a multiple of ten."""
        assert low >= SHARED
        return Operand(low, high).draw(self.rng, self.pool).digits

    def numbers(self, count: int, low: int, high: int) -> list[int]:
        """`count` different numbers of this split."""
        found: dict[int, None] = {}
        while len(found) < count:
            found[self.number(low, high)] = None
        return list(found)

    def small(self, low: int, high: int) -> int:
        """A number from `low` to `high`, below 100, that every split may show."""
        assert high < SHARED
        return int(self.rng.integers(low, high + 1))

    def word(self, low: int, high: int, letters: str = ascii_lowercase) -> str:
        """A word of this split: `low` to `high` random letters."""
        assert low >= SHORTEST
        while True:
            length = int(self.rng.integers(low, high + 1))
            word = "".join([letters[i] for i in self.rng.integers(0, len(letters), length)])
            if pool_of_word(word) == self.pool:
                return word

    def pick(self, items: Sequence[T]) -> T:
        """One of `items`, which every split may show."""
        return pick(self.rng, items)

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """`count` different ones of `items`, in random order."""
        return [items[i] for i in self.rng.permutation(len(items))[:count]]

    def date(self, low: int = 1601, high: int = 2399) -> str:
        """A day, YYYY-MM-DD, of a year of this split."""
        return f"{self.number(low, high)}-{self.small(1, 12):02d}-{self.small(1, 28):02d}"
