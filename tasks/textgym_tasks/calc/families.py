"""Families of questions: one formula, several wordings, a difficulty."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from string import Formatter

import numpy as np

from textgym.task import Task
from textgym_tasks.calc.terms import Term, decimal_text, is_short_decimal
from textgym_tasks.operands import Chance, Number, Operand, Uniforms, pick, with_point

WORDS: Mapping[str, tuple[str, ...]] = {
    "name": ("Ana", "Ben", "Carla", "David", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jonas", "Keiko", "Liam"),
    "friend": ("Maya", "Noah", "Olga", "Pablo", "Rosa", "Sam", "Tara", "Uma", "Victor", "Wendy", "Yusuf", "Zoe"),
    "things": ("beads", "bolts", "stickers", "marbles", "buttons", "shells", "stamps", "tiles", "nails", "bricks"),
    "fruit": ("apples", "pears", "plums", "lemons", "peaches", "figs", "limes", "oranges", "melons", "mangoes"),
    "crate": ("crate", "carton", "bag", "tray", "bin", "case", "packet", "parcel", "basket", "bucket"),
    "place": ("shop", "warehouse", "market", "store", "depot", "factory"),
    "goods": ("flour", "rice", "sugar", "sand", "salt", "gravel", "cement", "grain"),
    "liquid": ("water", "milk", "juice", "oil", "paint", "fuel"),
    "ware": ("coat", "lamp", "chair", "camera", "bicycle", "table", "jacket", "phone", "guitar", "printer"),
    "vehicle": ("truck", "bus", "van", "train", "ship", "car"),
    "town": ("Lund", "Porto", "Salem", "Kyoto", "Bergen", "Turin", "Dover", "Cusco", "Ghent", "Perth"),
}
"""What fills a wording's `{name}`, `{things}` and so on. No word starts a clash of "a" and "an"."""

ROUNDINGS = ("Round to 2 decimals.", "Give 2 decimals.", "Answer with 2 decimals.", "Keep 2 decimals.")
SEPARATORS_FROM = 3
"""The lowest difficulty at which questions may write 8,642 for 8642."""


@cache
def words_of(wording: str) -> tuple[str, ...]:
    """The vocabulary that `wording` has slots for."""
    slots = [slot for _, slot, _, _ in Formatter().parse(wording) if slot]
    return tuple(word for word in WORDS if word in slots)


@dataclass(frozen=True)
class Family:
    """Questions that share a formula.

    Attributes:
        name: the family's name in metadata and in `CalcTasks(families=...)`.
        difficulty: from 1 (one step, short) to 4 (four steps, numbers that the answer does not need).
        formula: the answer as a term of the operands, which come in the order of `operands`.
        operands: slot in the wordings -> range.
        wordings: texts with slots for operands, distractors and `WORDS`; one is drawn a task.
        distractors: slot -> range of numbers that the answer does not need.
        percent: the answer is asked in percent.
    """

    name: str
    difficulty: int
    formula: Callable[..., Term]
    operands: Mapping[str, Operand]
    wordings: tuple[str, ...]
    distractors: Mapping[str, Operand] = field(default_factory=dict)
    percent: bool = False

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        """One question whose operands are of `split`; those that could be answered unworked are drawn again."""
        pool = "test" if split == "test_unseen" else split
        chance = Uniforms(rng)
        while True:
            numbers = [operand.draw(chance, pool) for operand in self._drawn]
            texts = [with_point(digits, places) for digits, places in numbers]
            operands = zip(texts, numbers[: len(self.operands)], strict=False)
            term = self.formula(*[Term(text, digits, 10**places) for text, (digits, places) in operands])
            tie = is_tie(term.below)
            short = is_short_decimal(term.below)
            if not short:
                term = term.rounded()
            answer = decimal_text(term.above, term.below)
            if not tie and needs_work(term.above, answer, numbers):
                break
        prompt = self._word(chance, numbers, texts)
        if not short:
            prompt = f"{prompt} {pick(chance, ROUNDINGS)}"
        metadata = {
            "family": self.name,
            "difficulty": self.difficulty,
            "split": split,
            "expression": term.text,
            "steps": list(term.steps),
            "numbers": texts[: len(self.operands)],
            "percent": self.percent,
            "money": "$" in prompt or "dollar" in prompt,
        }
        return Task(prompt, answer, metadata)

    @cached_property
    def _drawn(self) -> tuple[Operand, ...]:
        """Ranges of all numbers that a question shows."""
        return (*self.operands.values(), *self.distractors.values())

    @cached_property
    def _slots(self) -> tuple[str, ...]:
        """The slots of those numbers."""
        return (*self.operands, *self.distractors)

    def _word(self, chance: Chance, numbers: Sequence[Number], texts: Sequence[str]) -> str:
        """A wording with its slots filled, by `numbers` whose plain texts are `texts`."""
        wording = pick(chance, self.wordings)
        if self.difficulty >= SEPARATORS_FROM and pick(chance, (False, True)):
            texts = [number.text(",") for number in numbers]
        words = {slot: pick(chance, WORDS[slot]) for slot in words_of(wording)}
        return wording.format(**dict(zip(self._slots, texts, strict=True)), **words)


def is_tie(below: int) -> bool:
    """Whether rounding a value with this denominator to 2 decimals meets a tie, on which rounding rules disagree."""
    return not 200 % below and not is_short_decimal(below)


def needs_work(above: int, answer: str, shown: Sequence[Number]) -> bool:
    """Whether an answer with the numerator `above` has three digits or more and cannot be copied from the question.

    Not even as a fraction: 24319 dollars in the ratio 4:12 would be right as 24319/4.
    """
    digits = answer.replace("-", "").replace(".", "").strip("0")
    if len(digits) < 3:
        return False
    above = abs(above)
    return not any(number.digits == above or digits in str(number.digits) for number in shown)
