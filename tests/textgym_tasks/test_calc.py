"""CalcTasks: the answers are right, the splits are disjoint, and no answer is to be had without the work."""

import json
import re
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from fractions import Fraction
from itertools import combinations
from statistics import median

import numpy as np
import pytest

from textgym.task import Task, ToolCall
from textgym.tools.calculator import calculate
from textgym_tasks.calc import CalcTasks
from textgym_tasks.calc.families import WORDS, words_of
from textgym_tasks.calc.unseen import UNSEEN
from textgym_tasks.families import LEVELS
from textgym_tasks.operands import POOLS, pool, pool_of, splitmix64

SPLITS = CalcTasks.splits
SEEN = CalcTasks.seen
BY_NAME = {family.name: family for family in SEEN + UNSEEN}
DRAWS = 20_000
MAY_BE_NEGATIVE = {"negative_difference", "overdrawn", "percent_change", "profit", "reserves"}


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Task]]:
    source = CalcTasks()
    return {split: draw_many(source, split, DRAWS) for split in SPLITS}


def draw_many(source: CalcTasks, split: str, count: int, seed: int = 0) -> list[Task]:
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    return [source.draw(rng, split) for _ in range(count)]


def numbers_in(text: str) -> list[str]:
    """The numbers that a question shows, without thousands separators."""
    return [match.replace(",", "") for match in re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", text)]


def bound_operands(tasks: list[Task]) -> set[str]:
    """The digits of all numbers of three digits or more that the questions show, distractors among them."""
    digits = (number.replace(".", "") for task in tasks for number in numbers_in(task.prompt))
    return {number for number in digits if len(number) >= 3}


# --- answers ---


@pytest.mark.parametrize("split", SPLITS)
def test_the_calculator_finds_the_answer_in_the_expression(drawn: dict[str, list[Task]], split: str) -> None:
    for task in drawn[split][:6000]:
        assert calculate(task.metadata["expression"]) == task.answer, task


@pytest.mark.parametrize("split", SPLITS)
def test_the_last_step_gives_the_answer_and_earlier_steps_feed_later_ones(
    drawn: dict[str, list[Task]], split: str
) -> None:
    for task in drawn[split][:1000]:
        *earlier, last = task.metadata["steps"]
        assert calculate(last) == task.answer, task
        for i, step in enumerate(earlier):
            result = calculate(step)
            later = " ".join(task.metadata["steps"][i + 1 :])
            assert result.lstrip("-") in later or "/" in later, task


def test_plan_is_one_call_with_the_whole_expression_and_earns_the_reward(drawn: dict[str, list[Task]]) -> None:
    source = CalcTasks()
    for task in drawn["train"][:500]:
        plan = source.plan(task)
        assert plan.calls == (ToolCall("calculator", {"expression": task.metadata["expression"]}),)
        assert source.grade(task, plan.answer) == {"correct": 1.0}


def test_expressions_copy_the_operands_of_the_question(drawn: dict[str, list[Task]]) -> None:
    for task in drawn["train"] + drawn["test_unseen"]:
        shown = numbers_in(task.prompt)
        for number in task.metadata["numbers"]:
            assert number in shown, task
            assert number in re.findall(r"\d+(?:\.\d+)?", task.metadata["expression"]), task
        assert " " not in task.metadata["expression"]


def test_rounding_is_asked_for_exactly_when_the_expression_rounds(drawn: dict[str, list[Task]]) -> None:
    for task in drawn["train"] + drawn["test_unseen"]:
        expression = task.metadata["expression"]
        assert expression.startswith("round(") == bool(re.search(r"2 decimals\.$", task.prompt)), task
        if expression.startswith("round("):
            assert calculate(expression[len("round(") : -len(",2)")]) != task.answer, task


def test_negative_answers_come_only_where_the_question_allows_them(drawn: dict[str, list[Task]]) -> None:
    negative = {task.metadata["family"] for split in SPLITS for task in drawn[split] if task.answer.startswith("-")}
    assert negative == MAY_BE_NEGATIVE


# --- splits ---


def test_splitmix64_matches_the_published_generator() -> None:
    # First outputs for the seeds 0 and 1234567, as in Vigna's splitmix64.c and the test vectors of Rosetta Code.
    assert splitmix64(np.array([0, 1234567], np.uint64)).tolist() == [0xE220A8397B1DCDAF, 6457827717110365317]


def test_pools_are_80_10_10_and_alike_in_their_final_digits() -> None:
    for low in (100, 1_000, 10_000):
        digits = np.arange(low, 10 * low, dtype=np.uint64)
        pools = pool_of(digits)
        for index, share in enumerate((0.8, 0.1, 0.1)):
            members = digits[pools == index]
            deviation = np.sqrt(share * (1 - share) / len(digits))
            assert abs(len(members) / len(digits) - share) < 4 * deviation
            for final in range(10):
                found, expected = np.sum(members % 10 == final), len(members) / 10
                assert abs(found - expected) < 4 * np.sqrt(expected)


def test_pools_meet_only_below_100() -> None:
    for one, two in combinations(POOLS, 2):
        assert max(set(pool(one)) & set(pool(two))) == 99


def test_every_operand_has_a_choice_in_every_pool() -> None:
    for family in BY_NAME.values():
        for operand in (*family.operands.values(), *family.distractors.values()):
            assert operand.high < 100 or operand.low >= 100, f"{family.name} mixes shared and bound operands"
            for name in POOLS:
                assert bisect_right(pool(name), operand.high) - bisect_left(pool(name), operand.low) >= 7


def test_bound_operands_and_questions_of_the_splits_are_disjoint(drawn: dict[str, list[Task]]) -> None:
    operands = {split: bound_operands(tasks) for split, tasks in drawn.items()}
    prompts = {split: {task.prompt for task in tasks} for split, tasks in drawn.items()}
    assert all(len(found) > 1000 for found in operands.values())
    for one, two in combinations(SPLITS, 2):
        assert not prompts[one] & prompts[two]
        assert not operands[one] & operands[two] or (one, two) == ("test", "test_unseen")


def test_every_question_shows_a_bound_operand(drawn: dict[str, list[Task]]) -> None:
    assert all(bound_operands([task]) for tasks in drawn.values() for task in tasks)


# --- no answer without the work ---


def test_no_answer_can_be_read_from_the_question(drawn: dict[str, list[Task]]) -> None:
    for tasks in drawn.values():
        for task in tasks:
            digits = task.answer.lstrip("-").replace(".", "").strip("0")
            assert len(digits) >= 3, task
            assert not any(digits in number.replace(".", "") for number in numbers_in(task.prompt)[:-1]), task


def test_the_best_constant_guess_earns_less_than_one_percent(drawn: dict[str, list[Task]]) -> None:
    for split, tasks in drawn.items():
        answers = defaultdict(Counter)
        for task in tasks:
            answers[task.metadata["family"]][task.answer] += 1
            answers[task.metadata["difficulty"]][task.answer] += 1
        for group, counts in answers.items():
            assert counts.most_common(1)[0][1] < 0.01 * counts.total() + 3, (split, group, counts.most_common(3))


def longhand_effort(task: Task) -> int:
    """Single-digit operations that the task takes on paper: digits of a sum, product of the lengths else."""
    effort = 0
    for step in task.metadata["steps"]:
        lengths = [len(number.replace(".", "")) for number in re.findall(r"\d+(?:\.\d+)?", step.removesuffix(",2)"))]
        effort += max(lengths) if re.search(r"[-+]", step) else max(lengths) * min(lengths)
    return effort


def test_the_work_is_beyond_mental_arithmetic_and_grows_with_difficulty(drawn: dict[str, list[Task]]) -> None:
    efforts = defaultdict(list)
    for task in drawn["train"]:
        efforts[task.metadata["difficulty"]].append(longhand_effort(task))
    assert min(efforts[1]) >= 4
    medians = [median(efforts[level]) for level in LEVELS]
    assert medians == sorted(set(medians))
    steps = [median(len(task.metadata["steps"]) for task in draw_many(CalcTasks(n), "train", 500)) for n in LEVELS]
    assert steps == sorted(set(steps))


# --- wordings ---


@pytest.mark.parametrize("family", BY_NAME.values(), ids=lambda family: family.name)
def test_wordings_show_every_operand_and_distractors_are_not_computed_with(family) -> None:
    assert len(set(family.wordings)) >= 4
    for wording in family.wordings:
        slots = set(re.findall(r"\{(\w+)\}", wording))
        assert slots - set(words_of(wording)) - set(family.distractors) == set(family.operands)
        assert slots <= set(WORDS) | set(family.operands) | set(family.distractors)
        assert not re.findall(r"\d{2,}", wording)
        if family.difficulty == 4:
            assert slots & set(family.distractors) or family in UNSEEN


@pytest.mark.parametrize(("level", "shortest", "longest"), [(1, 28, 80), (2, 24, 130), (3, 80, 200), (4, 100, 300)])
def test_questions_have_the_length_of_their_level(level: int, shortest: int, longest: int) -> None:
    source = CalcTasks(difficulty=level)
    lengths = [len(task.prompt) for split in source.splits for task in draw_many(source, split, 2000)]
    assert min(lengths) >= shortest
    assert max(lengths) <= longest


def test_level_1_and_2_write_plain_digits(drawn: dict[str, list[Task]]) -> None:
    for task in drawn["train"]:
        if task.metadata["difficulty"] <= 2:
            assert "$" not in task.prompt
            assert not re.search(r"\d,\d", task.prompt)


def test_in_level_1_the_operands_stand_in_either_order() -> None:
    source = CalcTasks(difficulty=1)
    ways = Counter()
    for task in draw_many(source, "train", 1000):
        first, second = task.metadata["numbers"]
        ways[task.prompt.index(first) < task.prompt.index(second)] += 1
    assert min(ways[True], ways[False]) > 150


# --- the class ---


def test_metadata_is_json_and_complete(drawn: dict[str, list[Task]]) -> None:
    keys = {"family", "difficulty", "split", "expression", "steps", "numbers", "percent", "money"}
    for split in SPLITS:
        for task in drawn[split][:200]:
            assert json.loads(json.dumps(task.metadata)) == task.metadata
            assert set(task.metadata) == keys
            assert task.metadata["split"] == split
            assert BY_NAME[task.metadata["family"]].difficulty == task.metadata["difficulty"]
            assert task.metadata["percent"] <= ("percent" in task.prompt)
            assert task.metadata["money"] == ("$" in task.prompt or "dollars" in task.prompt)
            assert Fraction(task.answer).denominator in (1, 2, 4, 5, 10, 20, 25, 50, 100)


def test_selections() -> None:
    assert {task.metadata["difficulty"] for task in draw_many(CalcTasks((1, 3)), "train", 200)} == {1, 3}
    chosen = CalcTasks(families=["sum", "area"])
    assert {task.metadata["family"] for task in draw_many(chosen, "test", 50)} == {"sum"}
    assert {task.metadata["family"] for task in draw_many(chosen, "test_unseen", 50)} == {"area"}
    assert CalcTasks(families=["sum"]).splits == ("train", "validation", "test")
    assert CalcTasks(families=["area"]).splits == ("test_unseen",)
    assert CalcTasks.tools == ("calculator",)


def test_bad_arguments_name_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="unknown difficulty 5; CalcTasks has 1, 2, 3, 4"):
        CalcTasks(5)
    with pytest.raises(ValueError, match="unknown family 'sums'; CalcTasks has sum, difference"):
        CalcTasks(families=["sums"])
    with pytest.raises(ValueError, match="no family"):
        CalcTasks(2, families=["sum"])
    with pytest.raises(ValueError, match="no family"):
        CalcTasks(())
    with pytest.raises(ValueError, match="unknown split 'dev'; CalcTasks has train, validation, test, test_unseen"):
        CalcTasks().draw(np.random.default_rng(0), "dev")
    with pytest.raises(ValueError, match=r"unknown split 'test_unseen'; CalcTasks has train, validation, test$"):
        CalcTasks(families=["sum"]).draw(np.random.default_rng(0), "test_unseen")


def test_table_of_families() -> None:
    table = CalcTasks.families()
    assert [row["family"] for row in table] == list(BY_NAME)
    assert sum(bool(row["unseen"]) for row in table) == len(UNSEEN)
    assert all(row["sample"] for row in table)
    assert sum(row["difficulty"] == 1 and not row["unseen"] for row in table) >= 6
