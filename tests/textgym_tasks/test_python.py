"""PythonTasks: two independent ways to every answer, disjoint splits, and no answer without the work."""

import ast
import json
import pickle
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from itertools import combinations
from typing import Any

import gymnasium
import numpy as np
import pytest

from textgym.sandbox import shared_sandbox
from textgym.task import Task, ToolCall
from textgym_tasks.families import LEVELS
from textgym_tasks.operands import POOLS, pool, pool_of
from textgym_tasks.python import PythonTasks
from textgym_tasks.python.draws import Draws, pool_of_word
from textgym_tasks.python.families import Family
from textgym_tasks.python.functions import FunctionFamily
from textgym_tasks.python.source import BY_NAME, SEEN, UNSEEN
from textgym_tasks.python.tables import WARES

SPLITS = PythonTasks.splits
DRAWS = 20
"""Tasks of each family and split."""
every_family = pytest.mark.parametrize("family", BY_NAME.values(), ids=lambda family: family.name)


def execute(program: str) -> Any:
    """What a REPL echoes of `program`, in plain CPython."""
    tree = ast.parse(program)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {"__name__": "program"}
    exec(compile(tree, "<program>", "exec"), names)
    return eval(compile(ast.Expression(last.value), "<program>", "eval"), names)


def execute_confined(program: str) -> Any:
    """The same in the sandbox, which writes it as a literal."""
    with shared_sandbox().session(seed=0) as session:
        result = session.run(program)
    assert result.status == "ok", result
    assert result.value is not None
    return ast.literal_eval(result.value)


def draw_many(source: PythonTasks, split: str, count: int, seed: int = 0) -> list[Task]:
    rng = np.random.default_rng([seed, SPLITS.index(split)])
    return [source.draw(rng, split) for _ in range(count)]


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Task]]:
    """`DRAWS` tasks of every family of every split."""
    tasks = defaultdict(list)
    for name in BY_NAME:
        source = PythonTasks(families=[name])
        for split in source.splits:
            tasks[split] += draw_many(source, split, DRAWS)
    return tasks


def asked(task: Task) -> str:
    """The question, without the examples and the code that a family with functions adds: their inputs are random."""
    return task.prompt.partition(f"\n{task.metadata.get('function', '?')}(")[0]


def bound(task: Task) -> set[str]:
    """The numbers of three digits and more, and the quoted words, that a question shows."""
    text = asked(task)
    words = re.findall(r"(?<=[\"' ])[a-z]{5,}(?=[\"' ])", " ".join(re.findall(r"\"[a-z ]+\"|'[a-z]+'", text)))
    return set(re.findall(r"\d{3,}", text)) | {f" {word} " for word in {*words} - {*WARES, "items"}}


# --- answers ---


@every_family
@pytest.mark.parametrize(("run", "count"), [(execute, 60), (execute_confined, 3)], ids=["plain", "confined"])
def test_the_program_finds_the_answer(run: Callable[[str], Any], count: int, family: Family | FunctionFamily) -> None:
    """The reference answers in the host; the oracle's program, written in another way, by plain CPython or confined."""
    split = "test_unseen" if family in UNSEEN else "train"
    source = PythonTasks(families=[family.name])
    for task in draw_many(source, split, count, seed=1):
        echo = run(task.metadata["program"])
        if isinstance(family, Family):
            assert (echo, type(echo)) == (task.metadata["value"], type(task.metadata["value"])), task
            assert source.grade(task, repr(echo)) == source.grade(task, str(echo)) == {"correct": 1.0}
        else:
            assert f" is {echo!r}.\n" in task.prompt, task


def test_plan_is_one_call_with_the_whole_program(drawn: dict[str, list[Task]]) -> None:
    source = PythonTasks()
    for task in drawn["train"]:
        plan = source.plan(task)
        assert plan.calls == (ToolCall("python", {"code": task.metadata["program"]}),)
        assert plan.answer == task.answer
        assert task.metadata["program"] == task.metadata["program"].strip()


KNOWN = {
    # Worked out elsewhere than in this package: https://oeis.org has the sequences.
    "stairs": [((10, 3, 99_999), 274)],  # tribonacci, A000073
    "distinct_partitions": [((100, 10**9), 444_793)],  # A000009
    "coin_ways": [((100, [1, 5, 10, 25, 50]), 292)],  # Polya's change for a dollar
    "survivor": [((41, 3), 31)],  # Josephus's own circle
    "collatz_total": [((27,), 101_440)],  # A033493
    "divisor_sum": [((4, 7), 56)],  # 28 is perfect
    "days_between": [(("1969-07-20", "2000-01-01"), 11_122)],
    "rotation_endings": [(("banana",), "nnbaaa")],
    "keyword_cipher": [(("attackatdawn", "lemon"), "lxfopvefrnhr")],
    "two_remainders": [((3, 5, 2, 3), 8)],
    "choose_mod": [((52, 5, 10**9), 2_598_960)],
    "subsequences": [(("abab", 1_000), 11)],
}


@pytest.mark.parametrize("name", KNOWN)
def test_references_give_published_values(name: str) -> None:
    for arguments, value in KNOWN[name]:
        assert BY_NAME[name].answer(*arguments) == value


# --- splits ---


def test_words_are_80_10_10() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(chr(97 + i) for i in rng.integers(0, 26, 8)) for _ in range(20_000)]
    shares = Counter(map(pool_of_word, words))
    for name, share in zip(POOLS, (0.8, 0.1, 0.1), strict=True):
        assert abs(shares[name] / len(words) - share) < 4 * np.sqrt(share * (1 - share) / len(words))


@pytest.mark.parametrize("name", POOLS)
def test_draws_are_of_their_pool(name: str) -> None:
    draws = Draws(np.random.default_rng(1), name)
    numbers = [draws.number(101, 99_999) for _ in range(300)] + draws.numbers(30, 101, 999)
    assert set(numbers) <= set(pool(name))
    assert {pool_of_word(draws.word(5, 9)) for _ in range(300)} == {name}
    assert {int(draws.date()[:4]) for _ in range(100)} <= set(pool(name))
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", draws.date()) for _ in range(100))
    assert {draws.small(3, 7) for _ in range(300)} == {3, 4, 5, 6, 7}
    assert len(set(draws.sample(range(20), 9))) == 9


def test_every_question_shows_something_that_no_other_split_has(drawn: dict[str, list[Task]]) -> None:
    for split, tasks in drawn.items():
        mine = "test" if split == "test_unseen" else split
        for task in tasks:
            things = bound(task)
            assert things, task
            for thing in things:
                if thing.startswith(" "):
                    assert pool_of_word(thing.strip()) == mine, (thing, task)
                else:
                    number = np.array([int(thing)], np.uint64)
                    assert POOLS[int(pool_of(number)[0])] == mine, (thing, task)


def test_questions_of_the_splits_are_disjoint(drawn: dict[str, list[Task]]) -> None:
    things = {split: set().union(*map(bound, tasks)) for split, tasks in drawn.items()}
    assert all(len(found) > 100 for found in things.values())
    for one, two in combinations(SPLITS, 2):
        assert not {task.prompt for task in drawn[one]} & {task.prompt for task in drawn[two]}
        assert not things[one] & things[two] or (one, two) == ("test", "test_unseen")


# --- no answer without the work ---


def test_no_answer_can_be_read_from_the_question(drawn: dict[str, list[Task]]) -> None:
    for tasks in drawn.values():
        for task in tasks:
            assert task.answer.strip("-") not in task.prompt, task
            if "value" in task.metadata:
                value = task.metadata["value"]
                assert len(value) >= 3 if isinstance(value, (str, list)) else abs(value) >= 100, task


@pytest.mark.parametrize("name", [family.name for family in (*SEEN, *UNSEEN) if isinstance(family, Family)])
def test_the_best_constant_guess_earns_less_than_three_percent(name: str) -> None:
    source = PythonTasks(families=[name])
    answers = Counter(task.answer for task in draw_many(source, source.splits[-1], 300))
    assert answers.most_common(1)[0][1] < 0.03 * answers.total(), answers.most_common(3)


# --- wordings ---


@every_family
def test_wordings_show_every_parameter_and_no_numbers_of_their_own(family: Family | FunctionFamily) -> None:
    assert len(set(family.wordings)) == len(family.wordings) >= 3
    params = family.params(Draws(np.random.default_rng(0), "train"))
    for wording in family.wordings:
        slots = set(re.findall(r"\$\{?(\w+)", wording))
        assert slots == set(params) | ({"function"} if isinstance(family, FunctionFamily) else set())
        assert not re.findall(r"\d{3,}", wording)


def test_the_easy_subset_is_difficulty_1() -> None:
    """Short enough for a tiny model trained from nothing: questions of 60 characters, one line of 40 that answers."""
    easy = [family.name for family in SEEN if family.difficulty == 1]
    assert 5 <= len(easy) <= 6
    source = PythonTasks(difficulty=1)
    for split in source.splits:
        for task in draw_many(source, split, 600):
            assert len(task.prompt) <= 60, task
            assert len(task.metadata["program"]) <= 40, task
            assert "\n" not in task.prompt + task.metadata["program"]


def test_questions_and_programs_grow_with_difficulty(drawn: dict[str, list[Task]]) -> None:
    lengths: dict[int, list[int]] = defaultdict(list)
    for task in drawn["train"]:
        lengths[task.metadata["difficulty"]].append(len(task.metadata["program"]))
        assert len(task.prompt) <= 800, task
        assert len(task.metadata["program"]) <= 700, task
    medians = [float(np.median(lengths[level])) for level in LEVELS]
    assert medians == sorted(set(medians))


def test_drawing_takes_a_millisecond() -> None:
    source = PythonTasks()
    draw_many(source, "train", 200)
    start = time.process_time()
    draw_many(source, "train", 1_000, seed=1)
    assert (time.process_time() - start) / 1_000 < 5e-3


# --- the class ---


def test_metadata_is_json_and_complete(drawn: dict[str, list[Task]]) -> None:
    common = {"family", "difficulty", "split", "program"}
    for split in SPLITS:
        for task in drawn[split]:
            family = BY_NAME[task.metadata["family"]]
            own = {"value"} if isinstance(family, Family) else {"params", "function", "seed"}
            assert set(task.metadata) == common | own
            assert json.loads(json.dumps(task.metadata)) == task.metadata
            assert task.metadata["split"] == split
            assert task.metadata["difficulty"] == family.difficulty


def test_a_task_that_went_through_json_is_graded_alike(drawn: dict[str, list[Task]]) -> None:
    for task in drawn["test"]:
        again = Task(task.prompt, task.answer, json.loads(json.dumps(task.metadata)))
        family = BY_NAME[task.metadata["family"]]
        if isinstance(family, FunctionFamily):
            assert family.cases(again) == family.cases(task)
        else:
            assert PythonTasks().grade(again, task.answer) == {"correct": 1.0}


def test_selections() -> None:
    assert {task.metadata["difficulty"] for task in draw_many(PythonTasks((1, 3)), "train", 200)} == {1, 3}
    chosen = PythonTasks(families=["power_mod", "choose_mod"])
    assert {task.metadata["family"] for task in draw_many(chosen, "test", 50)} == {"power_mod"}
    assert {task.metadata["family"] for task in draw_many(chosen, "test_unseen", 50)} == {"choose_mod"}
    assert PythonTasks(families=["power_mod"]).splits == ("train", "validation", "test")
    assert PythonTasks(families=["choose_mod"]).splits == ("test_unseen",)
    assert PythonTasks.tools == ("python",)


def test_bad_arguments_name_the_valid_ones() -> None:
    with pytest.raises(ValueError, match="unknown difficulty 5; PythonTasks has 1, 2, 3, 4"):
        PythonTasks(5)
    with pytest.raises(ValueError, match="unknown family 'power'; PythonTasks has power_digit_sum, power_mod"):
        PythonTasks(families=["power"])
    with pytest.raises(ValueError, match="no family"):
        PythonTasks(2, families=["power_mod"])
    with pytest.raises(ValueError, match="unknown split 'dev'; PythonTasks has train, validation, test, test_unseen"):
        PythonTasks().draw(np.random.default_rng(0), "dev")


def test_it_pickles() -> None:
    source = PythonTasks(difficulty=(1, 4))
    again = pickle.loads(pickle.dumps(source))
    for split in source.splits:
        assert draw_many(again, split, 50) == draw_many(source, split, 50)


def test_table_of_families() -> None:
    table = PythonTasks.families()
    assert [row["family"] for row in table] == list(BY_NAME)
    assert sum(bool(row["unseen"]) for row in table) == len(UNSEEN)
    assert all(row["sample"] for row in table)


# --- episodes ---


@pytest.mark.parametrize(("protocol", "step"), [("tags", 1), ("hermes", 4), ("chat", 4)])
def test_oracles_solve_every_family(protocol: str, step: int, drawn: dict[str, list[Task]]) -> None:
    """Code with line breaks, quotes and `<` survives each protocol, and so do functions as submissions."""
    env = gymnasium.make("TextPython-v0", protocol=protocol, action_mode="turn").unwrapped
    for task in [*drawn["train"][::DRAWS], *drawn["test_unseen"][::DRAWS]][::step]:
        env.reset(seed=0, options={"task": task})
        for turn in env.oracle_turns():
            *_, reward, terminated, truncated, info = env.step(turn)
        assert (reward, terminated, truncated, info["is_success"]) == (1.0, True, False, True), task
        (result,) = [segment for segment in env.transcript().segments if segment.tool_call_id]
        shown = env.rules.tokenizer.decode(result.ids)
        assert shown.strip() == repr(execute(task.metadata["program"])), task
    env.close()


def test_the_easy_subset_with_examples_in_the_prompt() -> None:
    env = gymnasium.make("TextPython-v0", few_shot=2, source_kwargs={"difficulty": 1}, max_turns=3).unwrapped
    env.reset(seed=1)
    assert env.rules.source.splits == SPLITS
    shown = env.rules.tokenizer.decode(env.transcript().ids)
    assert shown.count("<submit>") >= 2
    env.close()
