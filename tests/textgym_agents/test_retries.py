"""Failed tasks come again until they are solved."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from textgym import Task
from textgym_agents.retries import Retries, check_plain
from textgym_tasks.calc import CalcTasks
from textgym_tasks.python import PythonTasks


def test_failures_come_again_until_they_are_solved() -> None:
    source, rng, retries = CalcTasks(difficulty=1), np.random.default_rng(0), Retries(0.5)
    tasks, again = retries.draw(source, "train", 8, rng)
    assert (len(tasks), again) == (8, 0)
    retries.record(tasks, [i % 4 != 0 for i in range(8)])
    failed = [tasks[0], tasks[4]]
    second, again = retries.draw(source, "train", 8, rng)
    assert again == 2
    assert {id(t) for t in second[:2]} == {id(t) for t in failed}
    assert not {id(t) for t in second[2:]} & {id(t) for t in tasks}
    retries.record(second, [second[i] is failed[0] or i >= 3 for i in range(8)])
    assert [id(t) for t in retries.failed] == [id(failed[1]), id(second[2])]


def test_the_share_and_the_capacity_are_kept() -> None:
    source, rng, retries = CalcTasks(difficulty=1), np.random.default_rng(0), Retries(0.25, capacity=10)
    for _ in range(5):
        tasks, again = retries.draw(source, "train", 16, rng)
        retries.record(tasks, [False] * 16)
        assert again <= 4
        assert len(retries.failed) == 10
    assert again == 4
    newest = tasks[-10:]
    assert [id(t) for t in retries.failed] == [id(t) for t in newest]


def test_no_share_keeps_nothing_and_changes_no_draw() -> None:
    source, retries, rng = CalcTasks(difficulty=1), Retries(0.0), np.random.default_rng(3)
    tasks, again = retries.draw(source, "train", 5, rng)
    retries.record(tasks, [False] * 5)
    assert (again, retries.failed) == (0, [])
    plain = np.random.default_rng(3)
    assert tasks == [source.draw(plain, "train") for _ in range(5)]


def test_the_state_survives_json_and_draws_the_same() -> None:
    source, retries = CalcTasks(difficulty=1), Retries(0.5)
    tasks, _ = retries.draw(source, "train", 6, np.random.default_rng(0))
    retries.record(tasks, [False] * 6)
    other = Retries(0.5)
    other.load_state_dict(json.loads(json.dumps(retries.state_dict())))
    draws = [each.draw(source, "train", 8, np.random.default_rng(1)) for each in (retries, other)]
    assert draws[0] == draws[1]


PLAIN = {"a": [1, (2.5, None)], "b": {"c": True, 3: "d"}}


def test_plain_tasks_are_kept_by_checkpoints_and_transcripts() -> None:
    check_plain([Task("q", "a", PLAIN)])
    for source in (CalcTasks(), PythonTasks()):
        for split in source.splits:
            rng = np.random.default_rng(0)
            check_plain(source.draw(rng, split) for _ in range(100))


@pytest.mark.parametrize("value", [np.int64(1), np.float64(1), np.str_("x"), np.zeros(2), {1, 2}, math.nan, b"x"])
def test_other_tasks_are_refused_with_the_name_of_the_key(value: Any) -> None:
    for metadata in ({"n": value}, {**PLAIN, "n": [0, {"deep": value}]}):
        with pytest.raises(ValueError, match=r"metadata\['n'\] of a task is .* is not plain JSON data; make it int"):
            check_plain([Task("q", "a"), Task("q", "a", metadata)])
    with pytest.raises(ValueError, match="answer of a task is"):
        check_plain([Task("q", value)])


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_shares_that_are_none(share: float) -> None:
    with pytest.raises(ValueError, match="share of retries must be from 0 to 1"):
        Retries(share)
