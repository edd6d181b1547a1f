"""Grading of calc answers: every equal form is right, everything else is wrong, and no text raises or costs time."""

import time
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgym.task import Task
from textgym_tasks.calc import CalcTasks
from textgym_tasks.calc.grading import MAX_LENGTH, parse_number

SOURCE = CalcTasks()
HUNDREDTHS = st.integers(-(10**9), 10**9)
"""Answers are whole numbers of hundredths."""


def task_with(answer: str, *, percent: bool = False, money: bool = False) -> Task:
    return Task("How many?", answer, {"percent": percent, "money": money})


def reward(answer: str, submission: str, *, percent: bool = False, money: bool = False) -> float:
    return SOURCE.grade(task_with(answer, percent=percent, money=money), submission)["correct"]


def plain(hundredths: int) -> str:
    """Decimal notation with two decimals, independent of the code under test."""
    return f"{'-' * (hundredths < 0)}{abs(hundredths) // 100}.{abs(hundredths) % 100:02d}"


def forms(hundredths: int) -> list[str]:
    """Ways to write `hundredths` / 100."""
    sign, size = "-" * (hundredths < 0), abs(hundredths)
    whole, part = divmod(size, 100)
    value = Fraction(hundredths, 100)
    written = [
        f"{sign}{whole}.{part:02d}",
        f"{sign}{whole}.{part:02d}000",
        f"{sign}00{whole}.{part:02d}",
        f"{sign}{whole:,}.{part:02d}",
        f" {sign}{whole}.{part:02d}\n",
        f"{value.numerator}/{value.denominator}",
        f"{sign}{size}%",
        f"{sign}{size:,} %",
        f"{sign}{size}.0%",
    ]
    if not sign:
        written.append(f"+{whole}.{part:02d}")
    if part % 10 == 0:
        written.append(f"{sign}{whole}.{part // 10}")
    if part == 0:
        written += [f"{sign}{whole}", f"{sign}{whole}.", f"{sign}{whole:,}"]
    if whole == 0:
        written.append(f"{sign}.{part:02d}")
    return written


@given(HUNDREDTHS)
def test_every_equal_form_is_right(hundredths: int) -> None:
    for form in forms(hundredths):
        assert reward(plain(hundredths), form) == 1.0, form


@given(HUNDREDTHS, HUNDREDTHS)
def test_every_form_of_another_value_is_wrong(answer: int, other: int) -> None:
    for form in forms(other):
        assert reward(plain(answer), form) == float(answer == other), form


@given(HUNDREDTHS, st.sampled_from([-100, -10, -1, 1, 10, 100]))
def test_near_misses_are_wrong(answer: int, miss: int) -> None:
    for form in forms(answer + miss):
        assert reward(plain(answer), form) == 0.0, form


@given(HUNDREDTHS)
def test_a_percent_sign_is_a_unit_where_percent_is_asked(hundredths: int) -> None:
    answer = plain(hundredths)
    for form in (answer, f"{answer}%", f"{answer} %"):
        assert reward(answer, form, percent=True) == 1.0
    assert reward(answer, plain(hundredths + 1) + "%", percent=True) == 0.0
    assert reward("37.5", "0.375", percent=True) == 0.0


def test_a_dollar_sign_is_a_unit_where_dollars_are_spoken_of() -> None:
    for form in ("$1,204.5", "$1204.50", "+$1204.5", " $1204.5 ", "1204.5"):
        assert reward("1204.5", form, money=True) == 1.0
    assert reward("-1204.5", "-$1,204.50", money=True) == 1.0
    assert reward("1204.5", "$1204.5") == 0.0
    for form in ("$ 1204.5", "$$1204.5", "1204.5$", "$120450%", "$2409/2", "$-1204.5"):
        assert reward("1204.5", form, money=True) == 0.0, form


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n", ".", "+", "-", "%", "$", "/", "-.", "+%", ".%", ","),
        *("five", "5 apples", "x5", "5x", "x = 5", "The answer is 5", "5!", "=5", "**5**", "`5`", "\\boxed{5}", "<5>"),
        *("5 5", "5, 5", "5;5", "5\n5", "5 or 6", "5|6", "4 5 6", "2 1/2", "2-1/2"),
        *("2+3", "10/2", "5*1", "(5)", "25^0.5", "10-5", "--5", "+-5", "5-", "- 5", "+ 5", "round(5,2)", "5/1/1"),
        *("1/0", "0/0", "5/-1", "5.0/1", "5 / 1", "1/2%", "5/", "/5"),
        *("5e0", "5E0", "0x5", "0b101", "0o5", "5_0", "5L", "5j", "5.0.0", "5..", "1,00", "10,00", "0,005", ",5", "5,"),
        *("inf", "-inf", "nan", "NaN", "Infinity", "None", "True"),
        *("٥", "５", "५", "²", "½", "Ⅴ", "−5", "5％", "\x005", "5\x00", "\ud8005", "5\udfff", "5\u200b", "５．０"),
        *("5%%", "5 % %", "5  %", "%5", "5\t%"),
    ],
)
def test_what_is_not_one_plain_number_is_refused(text: str) -> None:
    for percent, money in ((False, False), (True, False), (False, True)):
        assert parse_number(text, percent=percent, money=money) is None
        assert reward("5", text, percent=percent, money=money) == 0.0


@given(st.text(), st.booleans(), st.booleans())
def test_arbitrary_text_never_raises_and_is_wrong(text: str, percent: bool, money: bool) -> None:
    assert reward("271828.18", text, percent=percent, money=money) == 0.0


@given(st.text(alphabet="0123456789+-.,/%$ e\t\x00٣", max_size=80))
def test_text_of_numeric_characters_counts_only_if_python_reads_the_same_value(text: str) -> None:
    value = parse_number(text)
    if value is not None:
        cleaned = text.strip().replace(",", "")
        expected = Fraction(cleaned.rstrip(" %")) / (100 if "%" in cleaned else 1)
        assert value == expected


def test_bombs_are_refused_at_once() -> None:
    bombs = ["9" * 10**6, "1/" + "9" * 10**6, " " * 10**6 + "5", "1" + ",000" * 10**5, "5" + "0" * MAX_LENGTH, "5" * 65]
    start = time.process_time()
    for bomb in bombs * 100:
        assert parse_number(bomb) is None
    assert time.process_time() - start < 0.5


def test_grading_takes_microseconds() -> None:
    task = task_with("1204.5")
    start = time.process_time()
    for _ in range(2000):
        SOURCE.grade(task, "2409/2")
        SOURCE.grade(task, "9" * MAX_LENGTH)
        SOURCE.grade(task, "0." + "9/" * 31)
    assert (time.process_time() - start) / 6000 < 200e-6


def test_a_task_without_metadata_can_be_graded() -> None:
    assert SOURCE.grade(Task("What is 2 + 3?", "5"), "5") == {"correct": 1.0}
    assert SOURCE.grade(Task("Name?", "Ana"), "Ana") == {"correct": 0.0}


# --- reward hacks: what a policy can write without doing the sum ---


def hacks(task: Task) -> list[str]:
    """Submissions that copy or list what the question and its metadata show."""
    numbers = list(task.metadata["numbers"])
    answers = [task.answer] * 2
    return [
        "",
        task.prompt,
        f"{task.prompt} {task.answer}",
        task.metadata["expression"],
        "(" + task.metadata["expression"] + ")",
        *task.metadata["steps"][:-1],
        *numbers,
        *(f"-{number}" for number in numbers),
        *(f"{number}%" for number in numbers),
        *(word.strip(".,;:?") for word in task.prompt.split()),
        *("/".join(pair) for pair in permutations(numbers, 2)),
        *("".join(pair) for pair in permutations(numbers, 2)),
        *(separator.join(numbers) for separator in (" ", ",", "\n", "/", "")),
        *(separator.join(answers) for separator in (" ", ",", ", ", "\n", "/", "", " or ")),
        " ".join([*numbers, task.answer]),
        f"answer: {task.answer}",
        f"<{task.answer}>",
        f"{task.answer} {numbers[0]}",
        " ".join(str(n) for n in range(30)),
    ]


@pytest.mark.parametrize("split", SOURCE.splits)
def test_hacks_earn_nothing(split: str) -> None:
    rng = np.random.default_rng(3)
    for _ in range(1000):
        task = SOURCE.draw(rng, split)
        assert SOURCE.grade(task, task.answer) == {"correct": 1.0}
        for hack in hacks(task):
            assert SOURCE.grade(task, hack) == {"correct": 0.0}, (task, hack)
