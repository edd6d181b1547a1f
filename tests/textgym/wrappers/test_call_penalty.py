"""A price on tool calls."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toys import ToyTasks, echo, toy_env

from textgym import TextVectorEnv
from textgym.tools import CallStatus
from textgym.wrappers import CallPenalty, vector, with_faults

TURNS = {
    "ok": "<request><echo>hi<call>",
    "unknown_tool": "<request><nobody>1<call>",
    "bad_args": '<request><add>{"a": 1}<call>',
    "tool_error": "<request><refuse><call>",
    "missing_name": "hi<call>",
}


def play(env, statuses: list[str], last: str = "0<submit>"):
    env.reset(seed=0)
    steps = [env.step_text(TURNS[status]) for status in statuses]
    return [*steps, env.step_text(last)]


@given(
    st.lists(st.sampled_from(list(TURNS)), max_size=3), st.dictionaries(st.sampled_from(list(TURNS)), st.floats(0, 9))
)
def test_each_status_has_its_price(statuses, prices):
    steps = play(CallPenalty(toy_env(system_prompt="", max_tokens=800), prices), statuses)
    expected = [-prices.get(status, 0.0) for status in statuses]
    assert [step[1] for step in steps[:-1]] == expected
    assert steps[-1][4]["transcript"].turn_rewards == (*expected, 0.25)


def test_every_call_costs_the_same_by_default():
    steps = play(CallPenalty(toy_env(system_prompt="", max_tokens=800), 0.125), ["ok", "tool_error", "missing_name"])
    assert [step[1] for step in steps] == [-0.125, -0.125, -0.125, 0.25]


def test_several_calls_of_a_turn():
    call = '<tool_call>{"name": "echo", "arguments": {"text": "hi"}}</tool_call>'
    env = CallPenalty(toy_env(protocol="hermes", max_new_tokens=160, max_tokens=800), 0.5)
    env.reset(seed=0)
    obs, reward, terminated, truncated, info = env.step_text(2 * call)
    assert (info["calls"], reward) == (["ok", "ok"], -1.0)


def test_calls_of_the_last_turn_cost_too():
    """The turn budget ends the episode in a call."""
    env = CallPenalty(toy_env(max_turns=1), 0.5)
    env.reset(seed=0)
    obs, reward, terminated, truncated, info = env.step_text(TURNS["ok"])
    assert (info["stop_reason"], reward) == ("max_turns", -0.5)
    assert info["transcript"].turn_rewards == (-0.5,)


def test_calls_without_a_reply_cost_too():
    """One within the budget, two beyond it: those do not run, but they are calls."""
    call = '<tool_call>{"name": "echo", "arguments": {"text": "hi"}}</tool_call>'
    budgets = {"protocol": "hermes", "max_new_tokens": 240, "max_tokens": 800, "max_calls": 1}
    for penalty, expected in ((0.5, -1.5), ({"ok": 0.5}, -0.5), ({"unanswered": 0.5}, -1.0)):
        env = CallPenalty(toy_env(**budgets), penalty)
        env.reset(seed=0)
        obs, reward, terminated, truncated, info = env.step_text(3 * call)
        assert (info["calls"], info["unanswered_calls"], reward) == (["ok"], 2, expected)


def test_the_penalty_is_a_component_of_the_reward():
    env = CallPenalty(toy_env(on_call_error="penalize", call_error_penalty=0.25), 0.5)
    env.reset(seed=0)
    obs, reward, terminated, truncated, info = env.step_text(TURNS["tool_error"])
    assert info["reward_components"] == {"call_error": -0.25, "call_penalty": -0.5}
    assert reward == -0.75
    assert "reward_components" not in env.step_text("nothing")[4]


def test_an_episode_starts_free():
    env = CallPenalty(toy_env(), 0.5)
    play(env, ["ok"])
    env.reset()
    env.step_text(TURNS["ok"])
    env.reset()
    assert env.step_text("0<submit>")[4]["transcript"].turn_rewards == (0.25,)


def test_steps_after_the_end_cost_nothing():
    env = CallPenalty(toy_env(), 0.5)
    play(env, ["ok"])
    assert env.step_text(TURNS["ok"])[1] == 0.0


@pytest.mark.parametrize("penalty", [-0.1, float("nan"), float("inf"), {"ok": -1}])
def test_penalties_are_taken_off(penalty):
    with pytest.raises(ValueError, match="a penalty is a finite number of at least 0, taken off the reward, not"):
        CallPenalty(toy_env(), penalty)


def test_unknown_statuses():
    with pytest.raises(ValueError, match="unknown call status 'okay'; the statuses are ok, invalid_json"):
        CallPenalty(toy_env(), {"okay": 1})
    CallPenalty(toy_env(), dict.fromkeys([*CallStatus, "unanswered"], 1))


def test_tokens_cost_as_turns_do():
    env = CallPenalty(toy_env(), 0.5)
    env.reset(seed=0)
    rewards = [env.step(np.int64(token))[1] for token in TURNS["ok"].encode()]
    assert rewards == [*[0.0] * (len(TURNS["ok"]) - 1), -0.5]


def test_a_pending_call_costs_when_its_result_comes():
    envs = TextVectorEnv(
        ToyTasks(),
        num_envs=2,
        tools=with_faults([echo], delay=1.0, seconds=0.3),
        action_mode="turn",
        pending_after=0.0,
        max_tokens=400,
        max_new_tokens=80,
        system_prompt="",
    )
    wrapped = vector.CallPenalty(envs, 0.5)
    wrapped.reset(seed=0)
    actions = np.full((2, 80), -1)
    actions[0, : len(TURNS["ok"])] = list(TURNS["ok"].encode())
    actions[1, 0] = ord("x")
    rewards, infos = wrapped.step(actions)[1::3]
    assert (rewards.tolist(), infos["pending"].tolist()) == ([0.0, 0.0], [True, False])
    time.sleep(0.6)
    actions[0] = -1
    rewards, infos = wrapped.step(actions)[1::3]
    assert (rewards.tolist(), infos["pending"].tolist()) == ([-0.5, 0.0], [False, False])
    assert infos["reward_components"]["call_penalty"].tolist() == [-0.5, 0.0]
    wrapped.close()
