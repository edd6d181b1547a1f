"""Evaluation: the interval against scipy, and the two actors that frame every result."""

from __future__ import annotations

import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from scipy.stats import binomtest

from textgym import ByteTokenizer, Segment, StopReason, TextVectorEnv, Transcript
from textgym_agents import OracleActor, RandomActor, evaluate, fixed_tasks, succeeded
from textgym_agents.evaluate import wilson_interval


def make_envs(num_envs: int, **kwargs: Any) -> TextVectorEnv:
    options = {"autoreset_mode": "SameStep", "record": True, "split": "test", "max_new_tokens": 128, **kwargs}
    envs = gym.make_vec("TextCalc-v0", num_envs=num_envs, **options)
    assert isinstance(envs, TextVectorEnv)
    return envs


@pytest.mark.parametrize("n", [1, 2, 7, 50, 500])
def test_wilson_interval_against_scipy(n: int) -> None:
    for k in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        expected = binomtest(k, n).proportion_ci(confidence_level=0.95, method="wilson")
        low, high = wilson_interval(k, n)
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-6)
        assert 0.0 <= low <= k / n <= high <= 1.0


@pytest.mark.parametrize("protocol", ["tags", "hermes", "chat"])
def test_the_oracle_solves_everything(protocol: str) -> None:
    envs = make_envs(7, protocol=protocol, max_tokens=2048)
    tasks = fixed_tasks(envs.rules.source, "test", 40, seed=0)
    seen: list[Transcript] = []
    evaluation = evaluate(envs, OracleActor(envs), tasks, on_episode=seen.append)
    assert evaluation.success == 1.0
    assert (evaluation.episodes, evaluation.successes, evaluation.reward) == (40, 40, 1.0)
    assert evaluation.high == 1.0
    assert 0.9 < evaluation.low < 0.92
    assert evaluation.stop_reasons == {"submit": 40}
    assert evaluation.turns == 2.0
    assert len(seen) == 40
    assert [t.metadata["prompt"] for t in evaluation.transcripts] == [t.prompt for t in tasks]
    lengths = [sum(len(s.ids) for s in t if s.sampled) for t in evaluation.transcripts]
    assert evaluation.tokens == pytest.approx(np.mean(lengths))


def test_the_oracle_plans_without_being_told_to() -> None:
    envs = make_envs(3)
    observation, _ = envs.reset(seed=0)
    oracle, success = OracleActor(envs), []
    while len(success) < 6:
        actions, _ = oracle.act(observation["input_ids"], observation["length"][:, 0])
        observation, _, terminated, _, info = envs.step(actions)
        success += info["final_info"]["is_success"][terminated].tolist() if terminated.any() else []
    assert all(success)


def test_random_tokens_solve_nothing() -> None:
    envs = make_envs(16, system_prompt="", max_new_tokens=32, max_tokens=288)
    tasks = fixed_tasks(envs.rules.source, "test", 60, seed=0)
    evaluation = evaluate(envs, RandomActor(ByteTokenizer().vocab_size, 0), tasks)
    assert evaluation.successes == 0
    assert evaluation.low == 0.0
    assert 0.05 < evaluation.high < 0.07
    assert sum(evaluation.stop_reasons.values()) == 60


def test_random_actor_knows_its_logprobs_and_its_seed() -> None:
    actor, twin = RandomActor(10, 3), RandomActor(10, 3)
    ids, lengths = np.zeros((2000, 4), np.int64), np.ones(2000, np.int64)
    actions, logp = actor.act(ids, lengths)
    assert (actions == twin.act(ids, lengths)[0]).all()
    assert np.bincount(actions, minlength=10).min() > 150
    assert np.exp(logp) == pytest.approx(0.1)


def test_fixed_tasks_are_fixed() -> None:
    source = make_envs(1).rules.source
    tasks = fixed_tasks(source, "test", 20, seed=5)
    assert tasks == fixed_tasks(source, "test", 20, seed=5)
    assert tasks[:7] == fixed_tasks(source, "test", 7, seed=5), "fewer tasks are the first of them"
    assert tasks != fixed_tasks(source, "test", 20, seed=6)
    assert tasks != fixed_tasks(source, "validation", 20, seed=5)
    with pytest.raises(ValueError, match=r"unknown split 'tset'.*validation"):
        fixed_tasks(source, "tset", 1, seed=0)


def test_the_result_does_not_depend_on_the_slots() -> None:
    tasks = fixed_tasks(make_envs(1).rules.source, "test", 9, seed=0)
    results = []
    for num_envs in (1, 4, 20):
        envs = make_envs(num_envs)
        results.append(evaluate(envs, OracleActor(envs), tasks))
    assert results[0] == results[1] == results[2]


def test_success_is_a_right_submission() -> None:
    segments = (Segment((1,), "user"), Segment((2,), "model", sampled=True))
    assert succeeded(Transcript(segments, (0.0, 0.9), StopReason.SUBMIT, {"is_success": True}))
    assert not succeeded(Transcript(segments, (0.0, 1.1), StopReason.SUBMIT, {"is_success": False}))
    assert not succeeded(Transcript(segments, (), StopReason.NO_CALL))


def test_summary_is_json() -> None:
    envs = make_envs(2)
    summary = evaluate(envs, OracleActor(envs), fixed_tasks(envs.rules.source, "test", 3, seed=0)).summary()
    assert json.loads(json.dumps(summary)) == summary
    assert summary["success"] == 1.0
    assert "transcripts" not in summary


def test_no_tasks() -> None:
    envs = make_envs(2)
    with pytest.raises(ValueError, match="at least 1"):
        evaluate(envs, OracleActor(envs), [])
