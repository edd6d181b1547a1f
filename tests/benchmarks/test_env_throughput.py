"""The throughput benchmark compares equal work: contestants play the same episodes, peers the same questions."""

import env_throughput as bench
import numpy as np
import pytest

from textgym.tools import calculate


def test_gymnasiums_vector_replays_the_same_episodes():
    ours, theirs = bench.native("demo"), bench.sync("demo")
    tokens = bench.oracle_tokens(ours, 80, seed=3)
    played = [bench.play_tokens(envs, tokens, seed=3) for envs in (ours, theirs)]
    assert played[0]["right"] == played[1]["right"] >= bench.SLOTS


def test_turn_actions_play_every_task_once():
    envs = bench.native("default", action_mode="turn")
    rng = np.random.default_rng(0)
    tasks = [envs.rules.source.draw(rng, "train") for _ in range(2 * bench.SLOTS)]
    assert bench.play_turns(envs, tasks, bench.oracle_actions(envs, tasks))["right"] == len(tasks)


def test_contestants_that_play_different_episodes_are_refused():
    with pytest.raises(RuntimeError, match="same episodes"):
        bench.take_turns({name: lambda right=name: {"per_second": 1.0, "right": float(right)} for name in "12"}, 1)


def test_the_peers_task_is_textcalcs(monkeypatch):
    monkeypatch.syspath_prepend(str(bench.Path(bench.__file__).parent / "workers"))
    from equal_task import Question
    from equal_task import calculate as theirs

    source = bench.CalcTasks()
    rng = np.random.default_rng(1)
    for _ in range(100):
        task = source.draw(rng, "train")
        question = Question(**bench.question(task))
        for submission in (task.answer, f"{task.answer}%", f"${task.answer}", "7", ""):
            assert question.grade(submission) == source.grade(task, submission)["correct"]
        assert theirs(question.expression) == calculate(question.expression)


def test_the_profile_finds_its_groups():
    found = bench.profiles(bench.Arguments(steps=80, rounds=1, profile_seconds=1.0))
    for profile in found.values():
        assert profile["looks"] > 50
        assert {"calculating", "encoding prompts and results"} <= profile["shares"].keys()
