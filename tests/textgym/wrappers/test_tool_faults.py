"""Tools that fail now and then."""

import doctest
import importlib
import pickle
import time

import cloudpickle
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from scipy.stats import binom
from support.toys import DICE, TOOLS, ToyTasks, byte_level_bpe, echo, toy_env

import textgym
from textgym import TextVectorEnv, Tool
from textgym.tools import CallStatus
from textgym.wrappers import with_faults

MODES = list(AutoresetMode)
LONG = {"max_turns": 1000, "max_calls": 1000, "max_tokens": 60_000, "max_tool_tokens": 400}


def replies(tools, calls: list[str], seed: int | None = 0, **kwargs) -> list[tuple[str, str]]:
    """Status and text of the reply to each call, in one episode."""
    env = toy_env(tools=tools, **{**LONG, **kwargs})
    env.reset(seed=seed)
    statuses = [env.step_text(call)[4]["calls"][0] for call in calls]
    decode = env.rules.tokenizer.decode
    texts = [decode(segment.ids) for segment in env.transcript() if segment.role == "tool"]
    return list(zip(statuses, texts, strict=True))


ECHO = [f"<request><echo>number {i}<call>" for i in range(200)]
SAID = [("ok", f"number {i}") for i in range(200)]
FAILED = ("tool_error", "error: echo is out of order; call it again")


def test_rates():
    got = replies(with_faults([echo], error=0.3, garbage=0.2), ECHO)
    errors = [i for i in range(200) if got[i] == FAILED]
    garbage = [i for i in range(200) if got[i][0] == "ok" and got[i] != SAID[i]]
    for count, rate in ((len(errors), 0.3), (len(garbage), 0.2)):
        assert binom.ppf(1e-4, 200, rate) <= count <= binom.ppf(1 - 1e-4, 200, rate)
    assert all(len(got[i][1]) == len(SAID[i][1]) for i in garbage if "&lt;" not in got[i][1])
    assert len({got[i][1] for i in garbage}) == len(garbage)


def test_no_faults_and_nothing_but_faults():
    assert replies(with_faults([echo]), ECHO[:20]) == SAID[:20]
    assert replies(with_faults([echo], error=1.0), ECHO[:20]) == [FAILED] * 20
    assert not set(replies(with_faults([echo], garbage=1.0), ECHO[:20])) & set(SAID[:20])


def test_the_same_seed_gives_the_same_faults():
    tools = with_faults([echo], error=0.3, garbage=0.3)
    first = replies(tools, ECHO[:50], seed=5)
    assert replies(tools, ECHO[:50], seed=5) == first
    assert replies(with_faults([echo], error=0.3, garbage=0.3), ECHO[:50], seed=5) == first
    assert replies(tools, ECHO[:50], seed=6) != first


def test_episodes_of_one_seed_have_faults_of_their_own():
    env = toy_env(tools=with_faults([echo], error=0.5), **LONG)
    seen = []
    for i in range(4):
        env.reset(seed=3 if i == 0 else None)
        seen.append(tuple(env.step_text(call)[4]["calls"][0] for call in ECHO[:30]))
    assert len(set(seen)) == 4


def test_a_rate_changes_nothing_but_its_own_faults():
    without = replies(with_faults([echo], error=0.3), ECHO)
    both = replies(with_faults([echo], error=0.3, garbage=0.3), ECHO)
    slow = replies(with_faults([echo], error=0.3, delay=0.5, seconds=0.0), ECHO)
    assert [reply == FAILED for reply in both] == [reply == FAILED for reply in without]
    assert slow == without


def test_what_a_tool_draws_stays_as_it_was():
    """A tool with chance, and faults that leave some of its calls alone."""

    class Deck:
        """Draws cards."""

        def __init__(self, rng: np.random.Generator) -> None:
            self.rng = rng

        def __call__(self) -> str:
            return f"{self.rng.integers(52)} {self.rng.spawn(1)[0].integers(52)}"

    rolls = ['<request><dice>{"sides": 1000}<call>'] * 50
    cards = ["<request><deck>{}<call>"] * 50
    for tool, calls in ((DICE, rolls), (Tool.from_session(Deck), cards)):
        plain = replies([tool], calls)
        assert len(set(plain)) > 20
        assert replies(with_faults([tool]), calls) == plain
        noisy = replies(with_faults([tool], garbage=0.3), calls)
        assert sum(one == other for one, other in zip(noisy, plain, strict=True)) > 20
        assert all(one == other for one, other in zip(noisy, plain, strict=True) if one[1].replace(" ", "").isdigit())


def test_calls_that_cannot_run_have_no_faults():
    bad = ["<request><echo>{}<call>", '<request><add>{"a": 1}<call>', "<request><nobody>1<call>", "<call>"]
    plain = replies(TOOLS, bad)
    assert replies(with_faults(TOOLS, error=1.0), bad)[1:] == plain[1:]


def test_errors_of_the_tool_itself_come_through():
    calls = ["<request><refuse><call>", "<request><crash>x<call>"]
    assert replies(with_faults(TOOLS, garbage=1.0), calls) == replies(TOOLS, calls)


@pytest.mark.parametrize("autoreset", MODES, ids=[mode.value for mode in MODES])
def test_a_vector_has_the_faults_of_single_environments(autoreset):
    """Against Gymnasium's vector of single environments; delays put the tools of ours into threads."""
    budgets = {"max_tokens": 400, "max_new_tokens": 80, "max_turns": 4, "max_calls": 5, "max_tool_tokens": 60}
    kwargs = {"tools": with_faults(TOOLS, error=0.3, garbage=0.2, delay=0.1, seconds=0.001), "system_prompt": ""}
    kwargs = {**kwargs, **budgets, "action_mode": "turn", "record": True}
    ours = TextVectorEnv(ToyTasks(), num_envs=3, autoreset_mode=autoreset, **kwargs)
    theirs = SyncVectorEnv([lambda: toy_env(**kwargs)] * 3, autoreset_mode=autoreset)
    assert data_equivalence(ours.reset(seed=11), theirs.reset(seed=11), exact=True)
    call = np.full((3, 80), -1)
    call[:, : len(ECHO[0])] = list(ECHO[0].encode())
    seen = set()
    for _ in range(30):
        mine, other = ours.step(call), theirs.step(call)
        assert data_equivalence(mine, other, exact=True)
        seen |= {status for statuses in mine[4].get("calls", []) if statuses for status in statuses}
        over = mine[2] | mine[3]
        if autoreset == AutoresetMode.DISABLED and over.any():
            pair = [envs.reset(options={"reset_mask": over.copy()}) for envs in (ours, theirs)]
            assert data_equivalence(*pair, exact=True)
    assert seen == {"ok", "tool_error"}
    ours.close()
    theirs.close()


def test_a_replay_has_the_same_faults():
    env = toy_env(tools=with_faults([echo], error=0.5, garbage=0.2), **LONG)
    env.reset(seed=3)
    for _ in range(2):
        env.reset()
    for call in ECHO[:10]:
        env.step_text(call)
    again = toy_env(tools=with_faults([echo], error=0.5, garbage=0.2), **LONG)
    assert textgym.replay_transcript(env.transcript(), again) == env.transcript()


def test_delays():
    tools = with_faults([echo], delay=1.0, seconds=0.05)
    start = time.perf_counter()
    assert replies(tools, ECHO[:3]) == SAID[:3]
    assert time.perf_counter() - start >= 0.15
    assert tools[0].blocking
    assert not with_faults([echo])[0].blocking


def test_a_delay_can_be_a_timeout():
    tools = with_faults([echo], delay=0.5, seconds=5.0)
    start = time.perf_counter()
    got = replies(tools, ECHO[:6], call_timeout=0.05)
    assert time.perf_counter() - start < 4
    assert {status for status, _ in got} == {"ok", "timeout"}


def test_a_delayed_slot_holds_nobody_up():
    envs = TextVectorEnv(
        ToyTasks(),
        num_envs=8,
        tools=with_faults([echo], delay=0.3, seconds=0.5),
        action_mode="turn",
        pending_after=0.1,
        max_tokens=400,
        max_new_tokens=80,
        system_prompt="",
    )
    envs.reset(seed=0)
    call = np.full((8, 80), -1)
    call[:, : len(ECHO[0])] = list(ECHO[0].encode())
    start = time.perf_counter()
    infos = envs.step(call)[4]
    assert time.perf_counter() - start < 0.45
    pending = infos["pending"]
    assert 0 < pending.sum() < 8
    assert infos["_calls"].tolist() == (~pending).tolist()
    time.sleep(0.6)
    infos = envs.step(np.full((8, 80), -1))[4]
    assert all(infos["calls"][i] == ["ok"] for i in np.flatnonzero(pending))
    envs.close()


def test_garbage_cannot_forge_control_tokens():
    """Whatever the noise spells, the tokens of a reply are data."""
    tokenizer = byte_level_bpe()
    env = toy_env("bpe", "hermes", tools=with_faults([echo], garbage=1.0), **LONG, max_new_tokens=200)
    env.reset(seed=0)
    env.step_text('<tool_call>{"name": "echo", "arguments": {"text": "' + "x" * 60 + '"}}</tool_call>')
    (reply,) = [segment for segment in env.transcript() if segment.role == "tool"]
    assert not set(reply.ids) & set(tokenizer.hf.added_tokens_decoder)


def test_examples_show_no_faults():
    tasks = [ToyTasks().draw(np.random.default_rng(i), "train") for i in range(3)]
    plain = toy_env(few_shot=tasks, max_tokens=2000)
    start = time.perf_counter()
    faulty = toy_env(few_shot=tasks, max_tokens=2000, tools=with_faults(TOOLS, error=1.0, delay=1.0, seconds=9.0))
    assert time.perf_counter() - start < 5
    assert faulty.rules.prefix == plain.rules.prefix


def test_sessions_are_closed():
    closed = []

    class Session:
        """Counts."""

        def __init__(self, rng: np.random.Generator) -> None:
            self.count = 0

        def __call__(self) -> str:
            self.count += 1
            return str(self.count)

        def close(self) -> None:
            closed.append(self.count)

    env = toy_env(tools=with_faults([Tool.from_session(Session)]), **LONG)
    env.reset(seed=0)
    for _ in range(3):
        env.step_text("<request><session>{}<call>")
    assert closed == []
    env.reset()
    assert closed == [3]
    env.step_text("<request><session>{}<call>")
    env.close()
    assert closed == [3, 1]


def test_pickles_in_the_middle_of_an_episode():
    env = toy_env(tools=with_faults([echo], error=0.4, garbage=0.3), **LONG)
    env.reset(seed=0)
    for call in ECHO[:5]:
        env.step_text(call)
    again = pickle.loads(cloudpickle.dumps(env))
    for call in ECHO[5:20]:
        assert data_equivalence(env.step_text(call), again.step_text(call), exact=True)


@pytest.mark.parametrize("face", ["token", "turn"])
def test_check_env(face):
    textgym.register("TestFaults-v0", ToyTasks, tools=with_faults(TOOLS, error=0.3, garbage=0.3), system_prompt="")
    try:
        env = gymnasium.make("TestFaults-v0", action_mode=face).unwrapped
        check_env(env)
    finally:
        del gymnasium.registry["TestFaults-v0"]


@pytest.mark.parametrize(
    ("rates", "message"),
    [
        ({"error": 1.5}, "error is the share of calls that it befalls, from 0 to 1, not 1.5"),
        ({"garbage": -0.1}, "garbage is the share of calls"),
        ({"delay": float("nan")}, "delay is the share of calls"),
        ({"error": 0.6, "garbage": 0.5}, "error and garbage befall different calls, but 0.6 and 0.5 exceed 1"),
        ({"seconds": -1.0}, "seconds is how long a delay is, from 0 up, not -1.0"),
        ({"seconds": float("inf")}, "seconds is how long a delay is"),
    ],
)
def test_arguments(rates, message):
    with pytest.raises(ValueError, match=message):
        with_faults([echo], **rates)


def test_tools_outside_of_environments():
    (tool,) = with_faults(["calculator"], garbage=1.0)
    status, text = tool.run("6*7")
    assert status is CallStatus.OK
    assert len(text) == 2


def test_examples_in_docstrings_run():
    failed, tried = doctest.testmod(importlib.import_module("textgym.wrappers.tool_faults"))
    assert (failed, tried > 0) == (0, True)
