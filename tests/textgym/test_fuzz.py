"""`step` never raises: hostile tokens through every protocol and face; `benchmarks/fuzz.py` is the long form.

Both feed on `support.streams.TokenStream`: random ids, hostile fragments, and oracles with mistakes in them.
"""

import itertools
import math

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from hypothesis import given, settings
from hypothesis import strategies as st
from support.streams import TokenStream
from support.toys import DICE, TOKENIZERS, TOOLS, toy_env, toy_protocol

from textgym import StopReason, Tool
from textgym.call_errors import POLICIES
from textgym.protocols import PROTOCOLS
from textgym.tools import CallStatus

EVERY_WAY = list(itertools.product(PROTOCOLS, ("token", "turn"), ("causal", "encdec")))
every_way = pytest.mark.parametrize(("protocol", "face", "layout"), EVERY_WAY)
BULK = 200_000
"""Tokens of the bulk tests in all."""


def late(text: str = "") -> str:
    """Never makes it."""
    raise TimeoutError(text)


def env_of(protocol: str, face: str, layout: str, tokenizer: str = "byte", **kwargs):
    tools = ("calculator", *TOOLS, DICE, Tool.from_function(late))
    room = {"max_tokens": 400, "max_prompt_tokens": 300} if layout == "encdec" else {"max_tokens": 600}
    budgets = {"max_new_tokens": 96, "max_turns": 3, "max_calls": 3, "max_tool_tokens": 24}
    return toy_env(tokenizer, protocol, action_mode=face, layout=layout, tools=tools, **room | budgets | kwargs)


def check(env, result, before) -> None:
    """What holds of every step."""
    observation, reward, terminated, truncated, info = result
    assert math.isfinite(reward)
    assert not (terminated and truncated)
    assert set(info.get("calls", [])) <= set(CallStatus)
    if terminated or truncated:
        assert StopReason(info["stop_reason"]).terminated == terminated
    if before is not None:
        assert info.get("turn", before) in (before, before + 1)


def feed(env, ids: list[int]):
    """Take a run in the face of `env`; yields the results of its steps."""
    if env.action_mode == "token":
        for i in ids:
            yield env.step(i)
    else:
        yield env.step(ids)


@every_way
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), on_call_error=st.sampled_from(list(POLICIES)), runs=st.integers(1, 25))
def test_any_stream(protocol, face, layout, seed, on_call_error, runs):
    env = env_of(protocol, face, layout, on_call_error=on_call_error)
    stream = TokenStream(env.rules, np.random.default_rng(seed))
    env.reset(seed=seed % 1000)
    turn = None
    for _ in range(runs):
        for result in feed(env, stream.draw(env.oracle_turns())):
            check(env, result, turn)
            turn = result[4].get("turn", turn)
            if result[2] or result[3]:
                assert result[0] in env.observation_space
                env.reset()
                turn = None
    assert len(env.transcript().segments) >= 1


def test_in_bulk():
    """Every way in turn, and what they meet: each stop reason and each status, or the streams would be too tame."""
    reasons: set[str] = set()
    statuses: set[str] = set()
    fed = 0
    for number, (protocol, face, layout) in enumerate(EVERY_WAY):
        policy = {"unknown_tool": "terminate", "bad_args": "penalize"} if number % 2 else "feedback"
        tokenizer = "markup" if number % 3 == 2 else "byte"
        env = env_of(protocol, face, layout, tokenizer, on_call_error=policy)
        stream = TokenStream(env.rules, np.random.default_rng(number))
        env.reset(seed=number)
        while fed < BULK * (number + 1) / len(EVERY_WAY):
            ids = stream.draw(env.oracle_turns())
            fed += len(ids)
            for result in feed(env, ids):
                check(env, result, None)
                statuses.update(result[4].get("calls", []))
                if result[2] or result[3]:
                    reasons.add(result[4]["stop_reason"])
                    env.reset()
                    if face == "turn":
                        break
        env.close()
    assert fed >= BULK
    assert reasons == set(StopReason)
    assert statuses == set(CallStatus)


@pytest.mark.parametrize("autoreset", AutoresetMode)
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("pending_after", [None, 0.001])
def test_vector(autoreset, protocol, pending_after):
    slots = 8
    slow = Tool.from_function(TOOLS[0].function, blocking=True)
    envs = gymnasium.make_vec(
        "TextCalc-v0",
        num_envs=slots,
        autoreset_mode=autoreset,
        protocol=toy_protocol(protocol),
        tokenizer=TOKENIZERS["markup"](),
        tools=["calculator", slow, *TOOLS[1:]],
        system_prompt="",
        max_tokens=400,
        max_new_tokens=60,
        max_turns=3,
        pending_after=pending_after,
        call_timeout=0.5,
    )
    streams = [TokenStream(envs.rules, np.random.default_rng(i)) for i in range(slots)]
    envs.reset(seed=0)
    queues: list[list[int]] = [[] for _ in range(slots)]
    for _ in range(400):
        for i, queue in enumerate(queues):
            queue += [] if queue else streams[i].draw(envs.oracle_turns(i))
        obs, rewards, terminated, truncated, _ = envs.step(np.array([queue.pop(0) for queue in queues]))
        assert np.isfinite(rewards).all()
        assert not (terminated & truncated).any()
        if autoreset == AutoresetMode.DISABLED and (terminated | truncated).any():
            envs.reset(options={"reset_mask": terminated | truncated})
    assert obs in envs.observation_space
    envs.close()
