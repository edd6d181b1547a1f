"""A recorded episode is played again exactly: from its seed and actions, or from its transcript."""

import itertools
import json
import subprocess
import sys
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import DICE, TOKENIZERS, ToyTasks, flat, random_tokens, token_runs, toy_env

import textgym
from textgym import Segment, Task, TextEnv, Transcript, replay, replay_transcript
from textgym.protocols import PROTOCOLS
from textgym.replaying import ReplayMismatch

ALL = list(itertools.product(TOKENIZERS, PROTOCOLS))
every_pair = pytest.mark.parametrize(("tokenizer", "protocol"), ALL)
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_face = pytest.mark.parametrize("face", ["token", "turn"])
every_layout = pytest.mark.parametrize("layout", ["causal", "encdec"])

ENVS = {(pair, face): toy_env(*pair, action_mode=face) for pair in ALL for face in ("token", "turn")}


def play(env: TextEnv, runs, steps: int = 10**6) -> Transcript:
    """Feed runs of ids up to the end of the episode, an empty one being the empty action."""
    for run in itertools.islice(runs, steps):
        *_, terminated, truncated, _ = env.step_turn(run)
        if terminated or truncated:
            break
    return env.transcript()


def through_json(transcript: Transcript) -> Transcript:
    return Transcript.from_dict(json.loads(json.dumps(transcript.to_dict(), allow_nan=False)))


@every_pair
@every_face
@settings(max_examples=10)
@given(data=st.data())
def test_any_episode_whole_or_not(tokenizer, protocol, face, data):
    env = ENVS[(tokenizer, protocol), face]
    env.reset(seed=data.draw(st.integers(0, 99)))
    for _ in range(data.draw(st.integers(0, 2))):
        env.reset()
    transcript = play(env, data.draw(st.lists(token_runs(env.rules.tokenizer, longest=8), max_size=6)))
    for again in ENVS[(tokenizer, protocol), "token"], ENVS[(tokenizer, protocol), "turn"]:
        again.reset(seed=12345)  # nothing of what it did before matters
        assert replay_transcript(through_json(transcript), again) == transcript


@every_protocol
@every_face
@pytest.mark.parametrize("seed", range(3))
def test_from_id_arguments_seed_and_actions(protocol, face, seed):
    kwargs = {"protocol": protocol, "max_turns": 3, "action_mode": face}
    env = gymnasium.make("TextCalc-v0", **kwargs).unwrapped
    env.reset(seed=seed)
    noise = [[i] for i in random_tokens(env.rules.tokenizer, 200, seed)]
    transcript = play(env, env.oracle_turns()[:1] + noise)
    assert replay("TextCalc-v0", transcript.actions, seed=seed, **kwargs) == transcript
    assert replay("TextCalc-v0", transcript.turns, seed=seed, **kwargs) == transcript
    assert replay_transcript(through_json(transcript), **kwargs) == transcript
    assert transcript.metadata["env_id"] == "TextCalc-v0"
    assert (transcript.metadata["seed"], transcript.metadata["episode"]) == (seed, 0)


@every_face
@every_layout
@pytest.mark.parametrize("before", [[], [[65, 66]], [[65], [66]], [list(b"<request><echo>a<call>")]])
def test_an_empty_turn(face, layout, before):
    """It leaves no token, so the record holds it as a sampled segment without ids."""
    kwargs = {"action_mode": face, "layout": layout}
    env = toy_env(**kwargs)
    env.reset(seed=1)
    transcript = play(env, [*before, []])
    assert transcript.stop_reason == "no_call"
    assert transcript.segments[-1].ids == ()
    assert transcript.segments[-1].sampled
    assert transcript.turns[-1] == ()
    np.testing.assert_array_equal(transcript.actions, flat(before))
    assert replay_transcript(through_json(transcript), toy_env(**kwargs)) == transcript
    assert replay(toy_env(**kwargs), transcript.turns, seed=1) == transcript
    assert replay(toy_env(**kwargs), transcript.actions, seed=1).stop_reason is None  # ids alone cannot tell


ENDS = {
    "max_new_tokens": ([[65] * 100], {}),
    "max_turns": ([list(b"<request><echo>a<call>")] * 4, {"max_turns": 2}),
    "max_calls": ([list(b"<request><echo>a<call>")] * 4, {"max_calls": 1}),
    "max_tokens": ([list(b"<request><echo>a<call>")] * 9, {"max_tokens": 170, "max_turns": 9, "max_calls": 9}),
    "call_error": ([list(b"<request><nobody>a<call>")], {"on_call_error": "terminate"}),
    "submit": ([list(b"42<submit>")], {}),
    "no_call": ([[65, 258]], {}),
}


@every_face
@pytest.mark.parametrize("stop_reason", ENDS)
def test_every_end(face, stop_reason):
    runs, kwargs = ENDS[stop_reason]
    env = toy_env(action_mode=face, **kwargs)
    env.reset(seed=2)
    transcript = play(env, runs)
    assert transcript.stop_reason == stop_reason
    assert replay_transcript(through_json(transcript), toy_env(action_mode=face, **kwargs)) == transcript


@every_face
def test_a_tool_with_chance_draws_the_same_numbers_again(face):
    """Also in the third episode since the seed, and whatever was played between."""
    env = toy_env(tools=[DICE], action_mode=face, max_turns=9, max_calls=20, max_tokens=900)
    roll = list(b"<request><dice>1000000<call>")
    env.reset(seed=5)
    seen = []
    for _ in range(3):
        seen.append(play(env, [roll] * 3))
        env.reset()
    rolls = [env.rules.tokenizer.decode(s.ids) for t in seen for s in t if s.role == "tool"]
    assert len(set(rolls)) == 9
    other = toy_env(tools=[DICE], action_mode=face, max_turns=9, max_calls=20, max_tokens=900)
    for transcript in reversed(seen):
        assert replay_transcript(through_json(transcript), other) == transcript


def test_an_episode_without_a_seed_is_replayed_from_its_task():
    env = toy_env()
    env.reset()
    transcript = play(env, env.oracle_turns())
    assert "seed" not in transcript.metadata
    assert replay_transcript(transcript, toy_env()) == transcript


def test_a_vector_environments_episode_is_replayed_in_a_single_one():
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=3, autoreset_mode="SameStep", record=True)
    envs.reset(seed=4)
    recorded, plans, tasks = [], [[]] * 3, [None] * 3
    while len(recorded) < 9:
        for i in range(3):
            if envs.episodes[i].task is not tasks[i]:
                tasks[i], plans[i] = envs.episodes[i].task, flat(envs.oracle_turns(i))
        *_, infos = envs.step(np.array([plan.pop(0) for plan in plans]))
        recorded += [t for t in infos.get("final_info", {}).get("transcript", []) if t is not None]
    assert {(t.metadata["seed"], t.metadata["episode"]) for t in recorded} >= {(4, 0), (5, 0), (6, 0), (4, 1)}
    for transcript in recorded:
        assert replay_transcript(through_json(transcript)) == transcript


def test_log_probabilities_stay():
    env = toy_env()
    env.reset(seed=0)
    transcript = play(env, [list(b"1<submit>")])
    scored = replace(transcript.segments[-1], logprobs=tuple(-float(i) for i in range(9)))
    transcript = replace(transcript, segments=(*transcript.segments[:-1], scored))
    assert replay_transcript(transcript, toy_env()) == transcript


IN_ANOTHER_PROCESS = """
import sys
import textgym
for transcript in textgym.read_jsonl(sys.argv[1]):
    assert textgym.replay_transcript(transcript, max_turns=3) == transcript
    assert textgym.replay_transcript(transcript, max_turns=3, action_mode="turn") == transcript
print("the same")
"""


def test_in_another_process(tmp_path):
    env = gymnasium.make("TextCalc-v0", max_turns=3).unwrapped
    transcripts = []
    for seed in range(5):
        env.reset(seed=seed)
        noise = [[i] for i in random_tokens(env.rules.tokenizer, 200, seed)]
        transcripts.append(play(env, [*env.oracle_turns()[: seed % 2], *noise[: 40 * seed], []]))
    textgym.write_jsonl(tmp_path / "episodes.jsonl", transcripts)
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS, str(tmp_path / "episodes.jsonl")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert (run.stdout, run.returncode) == ("the same\n", 0), run.stderr


# What cannot be replayed


def test_a_replay_elsewhere_says_where_it_departs():
    env = toy_env()
    env.reset(seed=0)
    transcript = play(env, [list(b"<request><echo>a<call>"), list(b"1<submit>")])
    with pytest.raises(ReplayMismatch, match=r"segment 0 was .* was the environment made with the same arguments"):
        replay_transcript(transcript, toy_env(system_prompt="Other."))

    class Generous(ToyTasks):
        def grade(self, task, submission):
            return {"correct": 1.0}

    with pytest.raises(ReplayMismatch, match=r"turn_rewards differ: \(0.0, 0.25\) in the record, \(0.0, 1.0\) in"):
        replay_transcript(transcript, toy_env(source=Generous()))
    with pytest.raises(ReplayMismatch, match="segments differ"):
        replay_transcript(replace(transcript, segments=(*transcript.segments, Segment((), "tool"))), toy_env())


def test_what_a_replay_needs():
    with pytest.raises(ValueError, match="does not say which environment it comes from; give env="):
        replay_transcript(Transcript(()))
    with pytest.raises(ValueError, match="has no task in its metadata"):
        replay_transcript(Transcript(()), toy_env())
    with pytest.raises(TypeError, match=r"only a textgym\.TextEnv can be replayed, not a CartPoleEnv"):
        replay("CartPole-v1", [])


def test_a_task_of_ones_own():
    env, task = toy_env(), Task("What is 1+1?", "2", {"number": 1})
    env.reset(options={"task": task})
    transcript = play(env, [list(b"2<submit>")])
    assert replay(toy_env(), transcript.turns, task=task) == transcript
