"""Grading of python answers: every equal form is right, everything else is wrong, and no text raises or costs time."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgym.task import Task
from textgym_tasks.python import PythonTasks
from textgym_tasks.python.functions import FunctionFamily
from textgym_tasks.python.grading import MAX_LIST, MAX_TEXT, is_answer, parse_list, parse_text, parse_whole
from textgym_tasks.python.source import BY_NAME

SOURCE = PythonTasks()
QUESTIONS = [name for name, family in BY_NAME.items() if not isinstance(family, FunctionFamily)]
WORDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=12)
NUMBERS = st.integers(-(10**20), 10**20)
LISTS = st.lists(NUMBERS, min_size=1, max_size=8) | st.lists(WORDS, min_size=1, max_size=8)


def number_forms(n: int) -> list[str]:
    return [f"{n}", f"{n:,}", f"{n}.0", f"{n}.", f" {n}\n", f"{n}.000"] + ([f"+{n}"] if n >= 0 else [])


def word_forms(word: str) -> list[str]:
    return [word, f"'{word}'", f'"{word}"', f" {word}\n", f" '{word}' "]


def list_forms(items: list) -> list[str]:
    written = [
        str(items),
        str(items).replace(" ", ""),
        str(tuple(items)) if len(items) > 1 else str(items),
        str(items)[1:-1],
        ", ".join(map(str, items)),
        ",".join(map(str, items)),
        f" [ {' , '.join(map(str, items))} ]\n",
    ]
    return [*written, *([str(items).replace("'", '"')] if isinstance(items[0], str) else [])]


@given(NUMBERS, NUMBERS)
def test_forms_of_numbers(answer: int, other: int) -> None:
    assert all(is_answer(answer, form) for form in number_forms(answer))
    assert all(is_answer(answer, form) == (answer == other) for form in number_forms(other))


@given(WORDS, WORDS)
def test_forms_of_words(answer: str, other: str) -> None:
    assert all(is_answer(answer, form) for form in word_forms(answer))
    assert all(is_answer(answer, form) == (answer == other) for form in word_forms(other))


@given(LISTS, LISTS)
def test_forms_of_lists(answer: list, other: list) -> None:
    assert all(is_answer(answer, form) for form in list_forms(answer))
    as_text = list(map(str, answer)) == list(map(str, other))
    same_kind = type(answer[0]) is type(other[0])
    for form in list_forms(other):
        if same_kind or not as_text:
            assert is_answer(answer, form) == (answer == other or (as_text and same_kind)), form


@given(st.lists(NUMBERS, min_size=2, max_size=8), st.data())
def test_near_lists_are_wrong(answer: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(answer) - 1))
    changed = [n + (i == place) for i, n in enumerate(answer)]
    for wrong in (changed, answer[:-1], [*answer, answer[-1]], [answer, answer], [answer], []):
        assert not is_answer(answer, str(wrong))
    if answer != answer[::-1]:
        assert not is_answer(answer, str(answer[::-1]))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "[]", "()", "[", "]", "'", '"', "''", "five"),
        *("123 123", "123, 123", "123\n123", "123 or 124", "122 123 124", "123;", "123!", "=123", "x = 123"),
        *("The answer is 123", "**123**", "`123`", "\\boxed{123}", "<123>", "'123", "123'", "[123"),
        *("120+3", "41*3", "int('123')", "0x7b", "1e2", "12_3", "1,23", "123.5", "124", "-123", "--123", "369/3"),
        *("{123}", "[[123]]", "None", "True", "nan", "inf", "١٢٣", "１２３", "123\x00", "\ud800123"),
    ],
)
def test_what_is_not_the_number_alone_is_wrong(text: str) -> None:
    assert not is_answer(123, text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "abd", "ABC", "Abc", "abc abc", "abc, abc", "abc\nabc", "abc.", "abc!", "the word abc", "abc or abd"),
        *("'abc", "abc'", "'abc\"", "''abc''", "\"'abc'\"", "`abc`", "**abc**", "[abc]", "['abc']", "(abc)", "a b c"),
        *("abc\x00", "\ud800", "ａｂｃ", "print('abc')", "b'abc'", "f'abc'", "'ab' 'c'", "'abc', 'abc'"),
    ],
)
def test_what_is_not_the_word_alone_is_wrong(text: str) -> None:
    assert not is_answer("abc", text)


@pytest.mark.parametrize(
    "text",
    [
        *("12 5", "[12 5]", "12;5", "12,5,", ",12,5", "[12, 5", "12, 5]", "(12, 5]", "[12, 5)", "{12, 5}", "[[12, 5]]"),
        *("[12], [5]", "12,,5", "[12, 5] or [5, 12]", "[12, 5][12, 5]", "x = [12, 5]", "list([12, 5])", "12.5, 5"),
        *(
            "12, five",
            "[12, 5]\n[12, 5]",
            "12\n5",
            "'12, 5'",
            "12and5",
            "12,5 numbers",
            "1_2, 5",
            "0x0c, 5",
            "12,\x005",
        ),
    ],
)
def test_what_is_not_the_list_alone_is_wrong(text: str) -> None:
    assert not is_answer([12, 5], text)


@given(st.text())
def test_arbitrary_text_never_raises_and_is_wrong(text: str) -> None:
    for value in (271828182845, "qzxwvutqzxwvut", [271828, 182845], ["qzxwv", "utqzx"]):
        assert not is_answer(value, text)


@given(st.text("0123456789,-+[]() '\"", max_size=40))
def test_a_list_is_read_only_where_python_reads_the_same(text: str) -> None:
    found = parse_list(text, parse_whole)
    if found is not None:
        assert found == [int(part) for part in text.strip(" []()").split(",")]


def test_bombs_are_refused_at_once() -> None:
    bombs = ["9" * 10**6, "[" * 10**6, "1," * 10**6, " " * 10**6 + "1", "'" * 10**6, "a" * (MAX_TEXT + 1)]
    start = time.process_time()
    for bomb in bombs * 50:
        assert parse_text(bomb) is None
        assert parse_list(bomb, parse_whole) is None
        assert not is_answer(1, bomb)
    assert parse_list("1," * (MAX_LIST // 2) + "1", parse_whole) is None
    assert time.process_time() - start < 0.5


def test_a_task_of_the_callers_is_graded_by_its_answer() -> None:
    assert SOURCE.grade(Task("What is 2 + 3?", "5"), "5.0") == {"correct": 1.0}
    assert SOURCE.grade(Task("Name?", "Ana"), "'Ana'") == {"correct": 1.0}
    assert SOURCE.grade(Task("Name?", "Ana"), "Ben") == {"correct": 0.0}
    assert SOURCE.grade(Task("Name?", "Ana", {"family": "no such"}), "Ana") == {"correct": 1.0}


# --- reward hacks: what a policy can write without the work ---


EVERY_NUMBER = [
    *(separator.join(map(str, range(250))) for separator in (", ", ",", " ", "\n")),
    str(list(range(250))),
    "\n".join(map(str, range(100_000))),
]


def hacks(task: Task) -> list[str]:
    """Submissions that copy or list what question and program show, or hand in the answer among other things."""
    answer, program = task.answer, task.metadata["program"]
    words = [word.strip(".,;:?\"'[]()") for word in task.prompt.split()]
    return [
        "",
        task.prompt,
        f"{task.prompt} {answer}",
        program,
        program.rpartition("\n")[2],
        f"print({answer!r})",
        f"answer: {answer}",
        f"The answer is {answer}.",
        f"<{answer}>",
        f"{answer}!",
        f"{answer} {answer}",
        f"{answer}, {answer}",
        f"{answer}\n{answer}",
        f"{answer} or 12",
        f"[{answer}, {answer}]",
        *EVERY_NUMBER,
        *words,
        *(task.prompt.split("\n")),
        ",".join(words),
    ]


@pytest.mark.parametrize("name", QUESTIONS)
def test_hacks_earn_nothing(name: str) -> None:
    source = PythonTasks(families=[name])
    rng = np.random.default_rng(3)
    for _ in range(25):
        task = source.draw(rng, source.splits[-1])
        assert source.grade(task, task.answer) == {"correct": 1.0}
        for hack in hacks(task):
            assert source.grade(task, hack) == {"correct": 0.0}, (task, hack)
