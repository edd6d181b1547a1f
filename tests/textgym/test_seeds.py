"""Same seed, same bytes: in this process or another, alone or in a vector; and no global generator is touched."""

import hashlib
import os
import pickle
import random
import subprocess
import sys

import gymnasium
import numpy as np
import pytest
from support.toys import DICE, TOOLS, random_tokens, toy_env

import textgym
from textgym import TextVectorEnv, Tool

EPISODES = """
import hashlib
import gymnasium, numpy as np, textgym

def roll(sides: int, rng: np.random.Generator) -> str:
    "Rolls a die."
    return str(rng.integers(1, sides + 1))

def fingerprint(env_id, make, seed, **kwargs):
    env = make(env_id, **kwargs)
    digest = hashlib.sha256()
    def take(result):
        for part in result:
            for key, value in sorted(part.items()) if isinstance(part, dict) else [("", part)]:
                digest.update(key.encode() + (value.tobytes() if hasattr(value, "tobytes") and value.dtype != object
                                              else repr(value).encode()))
    rng = np.random.default_rng(seed)
    text = b"<request><roll>1000000<call><request><calculator>12*34<call>"
    vector = "num_envs" in kwargs
    take(env.reset(seed=seed))
    for i in range(400):
        token = text[i % len(text)] if i % 300 < 200 else int(rng.integers(259))
        result = env.step(np.full(kwargs["num_envs"], token) if vector else token)
        take(result)
        if not vector and (result[2] or result[3]):
            take(env.reset())
    env.close()
    return digest.hexdigest()

def all_fingerprints():
    found = []
    for protocol in ("tags", "hermes"):
        for blocking in (False, True):
            tools = ["calculator", textgym.Tool.from_function(roll, blocking=blocking)]
            kwargs = {"protocol": protocol, "tools": tools, "few_shot": 1, "record": True, "max_tokens": 4000}
            found.append(fingerprint("TextCalc-v0", gymnasium.make, 3, **kwargs))
            found.append(fingerprint("TextCalc-v0", gymnasium.make_vec, 3, num_envs=3, **kwargs))
    return found
"""


def fingerprints_elsewhere(hash_seed: str) -> list[str]:
    """In a fresh process, with another hash seed: no set or dict order must show."""
    script = EPISODES + "\nprint('\\n'.join(all_fingerprints()))"
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


def test_same_bytes_in_another_process():
    scope: dict = {}
    exec(EPISODES, scope)
    here = scope["all_fingerprints"]()
    assert len(set(here)) == 4  # `blocking` changes nothing, protocol and vector do
    assert fingerprints_elsewhere("1") == here
    assert fingerprints_elsewhere("2") == here


def test_equal_seeds_get_equal_tasks_whatever_the_tools_do():
    """A group of one seed stays aligned through resets, though its members call random tools as they like."""
    group = [toy_env(tools=[DICE, *TOOLS], max_tokens=900) for _ in range(4)]
    for seed in (3, None, None):
        prompts = set()
        for i, env in enumerate(group):
            env.reset(seed=seed)
            for _ in range(i):
                env.step_text("<request><dice>6<call>")
            prompts.add(env.task.prompt)
        assert len(prompts) == 1


def test_members_of_a_group_roll_alike():
    transcripts = []
    for _ in range(2):
        env = toy_env(tools=[DICE], max_tokens=900)
        env.reset(seed=3)
        env.reset()
        for _ in range(3):
            env.step_text("<request><dice>1000000<call>")
        transcripts.append(env.transcript())
    assert transcripts[0] == transcripts[1]


def test_a_tool_that_draws_much_moves_no_other_tool():
    def tenth_roll(also) -> str:
        env = toy_env(tools=[DICE, Tool("other", "", DICE.parameters, session=DICE.session)], max_tokens=900)
        env.reset(seed=1)
        for _ in range(also):
            env.step_text("<request><other>6<call>")
        env.step_text("<request><dice>1000000<call>")
        return env.rules.tokenizer.decode([s.ids for s in env.transcript() if s.role == "tool"][-1])

    assert tenth_roll(0) == tenth_roll(2)


def test_few_shot_examples_roll_the_same_in_every_episode():
    from support.toys import ToyTasks

    from textgym import Plan, ToolCall

    class Rolling(ToyTasks):
        def plan(self, task):
            return Plan((ToolCall("dice", {"sides": 10**6}),), task.answer)

    prefixes = [toy_env(source=Rolling(), tools=[DICE], few_shot=2, max_tokens=2000).rules.prefix for _ in range(2)]
    assert prefixes[0] == prefixes[1]
    rolls = [s.ids for s in prefixes[0] if s.role == "tool"]
    assert len(set(rolls)) == 2


def test_a_queue_of_tasks_rolls_the_same_in_any_number_of_slots():
    source = toy_env().rules.source
    tasks = [source.draw(np.random.default_rng(i), "test") for i in range(6)]
    roll = [*b"<request><dice>1000000<call>", *b"1<submit>"]
    found = []
    for num_envs in (1, 2, 6):
        envs = TextVectorEnv(
            source, num_envs=num_envs, tools=[DICE], autoreset_mode="SameStep", record=True, system_prompt=""
        )
        envs.reset(seed=9, options={"tasks": [*tasks, *tasks[:num_envs]]})
        transcripts = []
        while len(transcripts) < 6:
            for token in roll:
                *_, infos = envs.step(np.full(num_envs, token))
            transcripts += list(infos["final_info"]["transcript"])
        found.append(transcripts)
        assert [t.metadata["episode"] for t in transcripts] == list(range(6))
    assert found[0] == found[1] == found[2]


# Global generators


class Frozen:
    """Global generators whose every draw raises, and whose states are compared at the end."""

    def __init__(self, monkeypatch) -> None:
        self.before = self.states()

        def refuse(*args, **kwargs):
            raise AssertionError("a global generator was used")

        for module, kinds in ((random, (random.Random,)), (np.random, (np.random.RandomState,))):
            for name in dir(module):
                bound = getattr(getattr(module, name), "__self__", None)
                if name == "seed" or (isinstance(bound, kinds) and name not in ("getstate", "get_state")):
                    monkeypatch.setattr(module, name, refuse)

    @staticmethod
    def states() -> tuple:
        return random.getstate(), pickle.dumps(np.random.get_state())  # noqa: NPY002


def test_the_freezer_freezes(monkeypatch):
    Frozen(monkeypatch)
    for draw in (random.random, random.shuffle, np.random.random, np.random.seed):
        with pytest.raises(AssertionError, match="a global generator was used"):
            draw([1])


@pytest.mark.parametrize("protocol", ["tags", "hermes"])
def test_global_generators_are_left_alone(monkeypatch, protocol):
    frozen = Frozen(monkeypatch)
    blocking = Tool("slow", "", DICE.parameters, session=DICE.session, blocking=True)
    kwargs = {"protocol": protocol, "tools": [DICE, blocking, *TOOLS], "few_shot": 1, "max_tokens": 4000}
    for mode in ("token", "turn"):
        env = toy_env(action_mode=mode, source=None, **(kwargs | {"few_shot": 0}))
        env.reset()
        env.reset(seed=1)
        for ids in ([*b"<request><dice>6<call>"], [*b"<request><slow>6<call>"], [258]):
            env.step_turn(ids)
        textgym.replay_transcript(env.transcript(), env)
        env.action_space.sample()
    env = gymnasium.make("TextCalc-v0", protocol=protocol, few_shot=2, max_tokens=4000, action_mask="both")
    env.reset(seed=2)
    for token in env.unwrapped.oracle_turns()[0]:
        env.step(token)
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=4, **(kwargs | {"tools": ["calculator", blocking]}))
    envs.reset()
    envs.reset(seed=1)
    for token in random_tokens(envs.rules.tokenizer, 300, seed=0):
        envs.step(np.full(4, token))
    envs.close()
    assert frozen.states() == frozen.before


def test_infos_hold_nothing_of_the_clock_or_the_process():
    """Two runs of the same episode, with all that an info can hold."""
    seen = []
    for _ in range(2):
        env = toy_env(record=True, action_mask="info", on_call_error="penalize", max_calls=2, tools=[DICE, *TOOLS])
        infos = [env.reset(seed=0)[1]]
        for text in ("<request><dice>6<call>", "<request><crash>hi<call>", "<request><echo>hi<call>"):
            infos.append(env.step_text(text)[4])
        seen.append(hashlib.sha256(pickle.dumps(infos)).hexdigest())
        assert infos[-1]["stop_reason"] == "max_calls"
    assert seen[0] == seen[1]
