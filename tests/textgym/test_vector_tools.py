"""Tools in a vector environment: side by side, pending, interrupted, closed; and step for step as in single ones."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from support.threads import forget_threads, tool_threads, wait_until
from support.toys import DICE, TOOLS, ToyTasks, toy_env

from textgym import TextVectorEnv, Tool

BUDGETS = {"max_tokens": 500, "max_new_tokens": 80, "max_turns": 6, "max_calls": 6, "max_tool_tokens": 40}
KWARGS = {**BUDGETS, "system_prompt": "Use tools."}
IDLE = ord("a")


def sleep(seconds: float) -> str:
    """Sleeps."""
    time.sleep(seconds)
    return "awake"


SLEEP = Tool.from_function(sleep, blocking=True)


def vector(num_envs: int = 4, tools=(SLEEP,), **kwargs) -> TextVectorEnv:
    return TextVectorEnv(ToyTasks(), num_envs=num_envs, tools=tools, **{**KWARGS, **kwargs})


def write(envs: TextVectorEnv, texts: dict[int, str]):
    """Write a text in each of some slots and `a` in the others, token by token; the last step's result."""
    length = max(map(len, texts.values()))
    for at in range(length):
        actions = np.full(envs.num_envs, IDLE)
        for slot, text in texts.items():
            padded = text.rjust(length)
            actions[slot] = ord(padded[at])
        result = envs.step(actions)
    return result


@pytest.fixture(autouse=True)
def _fresh():
    forget_threads()


# Side by side


@pytest.mark.parametrize("face", ["token", "turn"])
def test_tools_of_one_step_run_side_by_side(face):
    """All sixteen are in their call at the same time: a barrier that lets none go before the last is there."""
    barrier = threading.Barrier(16, timeout=10)
    meet = Tool("meet", "", {}, lambda: f"one of {barrier.parties} {barrier.wait() >= 0}", blocking=True)
    envs = vector(16, (meet,), action_mode=face)
    envs.reset(seed=0)
    text = "<request><meet><call>"
    if face == "token":
        *_, infos = write(envs, dict.fromkeys(range(16), text))
    else:
        *_, infos = envs.step(np.array([list(text.encode()) + [-1] * (80 - len(text))] * 16))
    assert infos["calls"].tolist() == [["ok"]] * 16
    envs.close()


def test_by_default_a_step_waits_for_all():
    envs = vector(2)
    envs.reset(seed=0)
    *_, infos = write(envs, {0: "<request><sleep>0.2<call>", 1: "<request><sleep>0.0<call>"})
    assert infos["calls"].tolist() == [["ok"], ["ok"]]
    assert "pending" not in infos
    envs.close()


class Tally:
    """Adds up, and draws a number."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.total, self.rng = 0, rng

    def __call__(self, step: int) -> str:
        self.total += step
        return f"{self.total} {self.rng.integers(1000)}"


@pytest.mark.parametrize("autoreset", list(AutoresetMode)[:2])
@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("face", ["token", "turn"])
def test_stateful_and_random_tools_as_in_single_environments(autoreset, blocking, face):
    tools = (Tool.from_session(Tally, blocking=blocking), DICE, *TOOLS)
    ours = vector(3, tools, autoreset_mode=autoreset, action_mode=face, record=True)
    theirs = SyncVectorEnv(
        [lambda: toy_env(tools=tools, action_mode=face, record=True, **KWARGS)] * 3, autoreset_mode=autoreset
    )
    assert data_equivalence(ours.reset(seed=1), theirs.reset(seed=1), exact=True)
    rng = np.random.default_rng(0)
    turns = [b"<request><tally>2<call>", b"<request><dice>1000<call>", b"<request><echo>hi<call>", b"1<submit>"]
    queues: list[list[int]] = [[], [], []]
    for _ in range(300 if face == "token" else 40):
        if face == "token":
            for queue in queues:
                queue.extend(turns[rng.integers(len(turns))] if not queue else b"")
            actions = np.array([queue.pop(0) for queue in queues])
        else:
            chosen = [list(turns[rng.integers(len(turns))]) for _ in queues]
            actions = np.array([ids + [-1] * (80 - len(ids)) for ids in chosen])
        assert data_equivalence(ours.step(actions), theirs.step(actions), exact=True)
    ours.close()
    theirs.close()


# Pending


def test_a_slow_tool_holds_nobody_up():
    envs = vector(16, (SLEEP, *TOOLS), pending_after=0.0)
    envs.reset(seed=0)
    obs, _, _, _, infos = write(envs, {3: "<request><sleep>1.0<call>"})
    began = time.monotonic()
    assert infos["pending"].tolist() == [i == 3 for i in range(16)]
    before = envs.transcript(3)

    others = [0, *range(4, 16)]
    script = itertools.cycle([*b"1<submit>", IDLE])  # the last one is for the autoreset
    steps = ended = 0
    while infos["pending"][3]:
        actions = np.full(16, IDLE)
        actions[others] = next(script)
        obs, rewards, terminated, truncated, infos = envs.step(actions)
        steps += 1
        ended += terminated[others].sum()
        if infos["pending"][3]:
            assert envs.transcript(3) == before  # its actions are ignored,
            assert rewards[3] == terminated[3] == truncated[3] == 0  # and nothing happens there
    waited = time.monotonic() - began
    assert steps > 20
    assert 0.5 < waited < 3
    assert ended >= len(others)  # they played whole episodes meanwhile

    assert infos["calls"][3] == ["ok"]  # the step that finds the result returns it
    assert infos["_calls"].tolist()[3]
    transcript = envs.transcript(3)
    assert transcript.ids[: len(before)].tolist() == before.ids.tolist()
    assert [envs.rules.tokenizer.decode(s.ids) for s in transcript if s.role == "tool"] == ["awake"]
    write(envs, {3: "1<submit>"})  # it acts again
    assert envs.transcript(3).stop_reason == "submit"
    assert envs.transcript(3).turn_rewards[0] == 0.0
    envs.close()


def test_a_result_within_the_time_is_not_pending():
    envs = vector(2, pending_after=5.0)
    envs.reset(seed=0)
    began = time.monotonic()
    *_, infos = write(envs, {1: "<request><sleep>0.1<call>"})
    assert time.monotonic() - began < 3
    assert infos["calls"][1] == ["ok"]
    assert infos["pending"].tolist() == [False, False]
    assert infos["_pending"].all()
    assert envs.reset()[1]["pending"].tolist() == [False, False]
    envs.close()


def test_where_all_are_pending_a_step_waits_for_the_first():
    envs = vector(3, pending_after=0.0)
    envs.reset(seed=0)
    slow, quick = "<request><sleep>3.0<call>", "<request><sleep>0.2<call>"
    began = time.monotonic()
    *_, infos = write(envs, {0: slow, 1: quick, 2: slow})
    assert infos["pending"].tolist() == [True, False, True]
    assert infos["calls"][1] == ["ok"]
    assert time.monotonic() - began < 2
    envs.close()


@pytest.mark.parametrize("autoreset", AutoresetMode)
def test_an_episode_may_end_while_its_slot_is_pending(autoreset):
    envs = vector(2, pending_after=0.0, max_turns=1, autoreset_mode=autoreset, record=True)
    envs.reset(seed=0)
    *_, infos = write(envs, {0: "<request><sleep>0.2<call>"})
    while infos["pending"][0]:
        obs, _, terminated, truncated, infos = envs.step(np.full(2, IDLE))
    assert truncated[0]
    final = infos["final_info"] if autoreset == AutoresetMode.SAME_STEP else infos
    assert final["stop_reason"][0] == "max_turns"
    assert [s.role for s in final["transcript"][0]].count("tool") == 1
    assert final["transcript"][0].turn_rewards == (0.0,)
    if autoreset == AutoresetMode.SAME_STEP:
        assert infos["final_obs"][0]["length"] == len(final["transcript"][0])
        assert not obs["loss_mask"][0].any()
    envs.close()


def test_a_pending_slot_can_be_reset():
    envs = vector(2, pending_after=0.0, autoreset_mode="Disabled")
    envs.reset(seed=0)
    *_, infos = write(envs, {0: "<request><sleep>0.3<call>"})
    assert infos["pending"].tolist() == [True, False]
    _, infos = envs.reset(options={"reset_mask": infos["pending"]})
    assert infos["pending"].tolist() == [False, False]
    time.sleep(0.4)  # the old call comes back, to nobody
    *_, infos = envs.step(np.full(2, IDLE))
    assert "calls" not in infos
    assert envs.transcript(0).actions.tolist() == [IDLE]
    envs.close()


def test_a_timeout_of_a_pending_slot():
    envs = vector(2, pending_after=0.0, call_timeout=0.2)
    envs.reset(seed=0)
    *_, infos = write(envs, {1: "<request><sleep>20.0<call>"})
    steps = 0
    while infos["pending"][1]:
        *_, infos = envs.step(np.full(2, IDLE))
        steps += 1
        time.sleep(0.01)
    assert steps > 3
    assert infos["calls"][1] == ["timeout"]
    envs.close()


@pytest.mark.parametrize("pending_after", [-1, float("inf"), float("nan")])
def test_bad_pending_after(pending_after):
    with pytest.raises(ValueError, match="pending_after must be a number of seconds from 0 up, or None"):
        vector(pending_after=pending_after)


# The end


def test_close_ends_the_threads():
    envs = vector(4)
    envs.reset(seed=0)
    write(envs, dict.fromkeys(range(4), "<request><sleep>0.0<call>"))
    assert len(tool_threads()) == 4
    envs.close()
    assert tool_threads() == []


def test_close_does_not_wait_for_a_pending_slot():
    release = threading.Event()
    envs = vector(3, (Tool("hang", "", {}, lambda: str(release.wait(20)), blocking=True),), pending_after=0.0)
    envs.reset(seed=0)
    write(envs, {1: "<request><hang><call>"})
    began = time.monotonic()
    envs.close()
    assert time.monotonic() - began < 1
    release.set()
    wait_until(lambda: not tool_threads())


def interrupt_soon() -> None:
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()


@pytest.mark.parametrize("pending_after", [None, 10.0])
def test_ctrl_c_while_a_step_waits(pending_after):
    envs = vector(2, (SLEEP, *TOOLS), pending_after=pending_after)
    envs.reset(seed=0)
    interrupt_soon()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        write(envs, {0: "<request><sleep>30.0<call>", 1: "<request><echo>b<call>"})
    assert time.monotonic() - began < 10
    obs, _ = envs.reset(seed=0)  # afresh
    again = vector(2, (SLEEP, *TOOLS), pending_after=pending_after)
    assert data_equivalence(obs, again.reset(seed=0)[0], exact=True)
    texts = {0: "<request><echo>a<call>", 1: "<request><sleep>0.0<call>"}
    assert data_equivalence(write(envs, texts), write(again, texts), exact=True)
    envs.close()
    again.close()


def test_ctrl_c_while_a_single_environment_waits():
    env = toy_env(tools=[SLEEP], call_timeout=30)
    env.reset(seed=0)
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        env.step_text("<request><sleep>20.0<call>")
    env.reset(seed=0)
    assert env.step_text("<request><sleep>0.0<call>")[4]["calls"] == ["ok"]
    env.close()


HANGS = """
import time
import numpy as np
from textgym import Tool, TextVectorEnv
hang = Tool("hang", "", {}, lambda: time.sleep(60) or "", blocking=True)
envs = TextVectorEnv("textgym_tasks.calc:CalcTasks", num_envs=2, tools=[hang], pending_after=0.0)
envs.reset(seed=0)
for token in b"<request><hang><call>":
    *_, infos = envs.step(np.array([token, 97]))
assert infos["pending"][0]
print("leaving", flush=True)
"""


def test_a_tool_that_hangs_does_not_keep_the_process_from_ending():
    run = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, timeout=50)
    assert (run.stdout, run.returncode) == ("leaving\n", 0), run.stderr
