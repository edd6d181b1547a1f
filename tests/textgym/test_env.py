"""`TextEnv`: two faces of one engine, replay, steps that never raise, seeds."""

import copy
import itertools
import pickle
import random

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import EXACT, TOKENIZERS, flat, random_tokens, token_runs, toy_env

from textgym import Task, TextEnv, ToolCall, Transcript
from textgym.cli import text_env_ids
from textgym.protocols import PROTOCOLS

ALL = list(itertools.product(TOKENIZERS, PROTOCOLS))
every_pair = pytest.mark.parametrize(("tokenizer", "protocol"), ALL)
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)

TOKEN = {pair: toy_env(*pair) for pair in ALL}
TURN = {pair: toy_env(*pair, action_mode="turn") for pair in ALL}


def padded(env: TextEnv, ids: list[int]) -> np.ndarray:
    action = np.full(env.rules.max_new_tokens, -1, np.int64)
    action[: len(ids)] = ids
    return action


def play_tokens(env: TextEnv, ids: list[int]) -> tuple[list[list[int]], list[dict], float]:
    """Feed ids singly up to the end of the episode: the turns they made (an unfinished one last), infos and reward."""
    turns, infos, total = [[]], [], 0.0
    for i in ids:
        _, reward, terminated, truncated, info = env.step(i)
        turns[-1].append(i)
        total += reward
        if info:
            infos.append(info)
            turns.append([])
        if terminated or truncated:
            break
    return [turn for turn in turns if turn], infos, total


def play_chunks(env: TextEnv, chunks: list[list[int]]) -> tuple[list[dict], float]:
    results = [env.step(padded(env, chunk)) for chunk in chunks]
    return [r[4] for r in results if r[4]], sum(r[1] for r in results)


def cut(turn: list[int], at: list[int]) -> list[list[int]]:
    ends = sorted({i % len(turn) for i in at} - {0})
    return [turn[a:b] for a, b in itertools.pairwise([0, *ends, len(turn)])]


# The two faces


@every_pair
@settings(max_examples=15)
@given(data=st.data())
def test_two_faces(tokenizer, protocol, data):
    token, turn = TOKEN[tokenizer, protocol], TURN[tokenizer, protocol]
    seed = data.draw(st.integers(0, 99))
    token.reset(seed=seed)
    oracle = data.draw(st.sampled_from([[], *itertools.accumulate(token.oracle_turns())]))
    ids = oracle + data.draw(token_runs(token.rules.tokenizer, longest=15))
    turns, infos, total = play_tokens(token, ids)

    whole = turns
    pieces = [c for t in turns for c in cut(t, data.draw(st.lists(st.integers(0, 99), max_size=5)))]
    single = [[i] for i in flat(turns)]
    for chunks in (whole, pieces, single):
        observation, _ = turn.reset(seed=seed)
        assert play_chunks(turn, chunks) == (infos, total)
        assert turn.transcript() == token.transcript()
        observation, expected = turn.episode.rows.observation(0), token.episode.rows.observation(0)
        for key in expected:
            np.testing.assert_array_equal(observation[key], expected[key])


@every_protocol
def test_text_is_a_third_face(protocol):
    token, text = toy_env("byte", protocol), toy_env("byte", protocol)
    token.reset(seed=1)
    text.reset(seed=1)
    calls = [ToolCall("echo", {"text": "a"}), ToolCall("add", {"a": 1, "b": 2})]
    for turn in [*map(token.rules.protocol.write_call, calls), token.rules.protocol.write_submission("3")]:
        for i in token.rules.encode_turn(turn):
            expected = token.step(i)
        got = text.step_text(turn)
        assert got[1:] == expected[1:]
    assert text.transcript() == token.transcript()


def test_text_cannot_spell_control_tokens():
    env = toy_env("byte", "hermes")
    env.reset(seed=0)
    env.step_text("4<|im_end|>2")
    assert env.transcript().actions.tolist() == [*b"4<|im_end|>2", 258]


# Steps never raise


@every_pair
def test_twenty_thousand_tokens(tokenizer, protocol):
    n = 20_000 if tokenizer == "byte" else 2000
    env = TOKEN[tokenizer, protocol]
    env.reset(seed=0)
    seen, ended = set(), 0
    for count, i in enumerate(random_tokens(env.rules.tokenizer, n, seed=1)):
        obs, reward, terminated, truncated, info = env.step(i)
        assert not (terminated and truncated), info
        if count % 500 == 0:
            assert obs in env.observation_space
            assert env.transcript().ids.tolist() == obs["input_ids"][: obs["length"][0]].tolist()
        if terminated or truncated:
            seen.add(info["stop_reason"])
            ended += 1
            if ended % 3 == 0:  # keep playing a finished episode now and then
                env.step(i)
                env.step(env.rules.tokenizer.eos_id)
            env.reset()
    assert len(seen) >= 2


@every_protocol
@pytest.mark.parametrize("action", [-1, -(2**40), 2**40, 10**30, np.int64(5), np.int32(5), np.array(5), True])
def test_any_integer_is_a_token(protocol, action):
    env = TOKEN["byte", protocol]
    env.reset(seed=0)
    obs, *_ = env.step(action)
    assert obs in env.observation_space
    assert env.transcript().actions.tolist() == [min(max(int(action), 0), 258)]


@every_protocol
@pytest.mark.parametrize(
    ("action", "fed"),
    [
        ([65, 66], [65, 66]),
        ([65, -1, 66], [65]),
        ([65, -7, 66], [65]),
        ([10_000, 65], None),  # an id behind the vocabulary is its last one, which is EOS here
        (np.array([65], np.int32), [65]),
        ([[65, 66]], [65, 66]),
        ([65] * 500, [65] * 80),
    ],
)
def test_any_run_of_integers_is_a_turn(protocol, action, fed):
    env = TURN["byte", protocol]
    env.reset(seed=0)
    obs, *_ = env.step(action)
    assert obs in env.observation_space
    assert env.transcript().actions.tolist() == ([258] if fed is None else fed)


@pytest.mark.parametrize("action", [[], [-1] * 80, np.full(80, -1), [-1, 65]])
def test_an_empty_turn_stops_without_a_call(action):
    env = TURN["byte", "tags"]
    before, _ = env.reset(seed=0)
    obs, reward, terminated, truncated, info = env.step(action)
    assert (reward, terminated, truncated, info["stop_reason"]) == (0.0, True, False, "no_call")
    assert obs["length"] == before["length"]
    assert env.transcript().turn_rewards == (0.0,)
    assert not env.transcript().loss_mask.any()


# The end


@every_protocol
@pytest.mark.parametrize("mode", ["token", "turn"])
@pytest.mark.parametrize("end", ["submit", "max_turns"])
def test_steps_behind_the_end_change_nothing(protocol, mode, end):
    env = toy_env("byte", protocol, action_mode=mode, max_turns=1)
    env.reset(seed=0)
    write = env.rules.protocol
    last = env.step_text(write.write_submission("1") if end == "submit" else write.write_call(ToolCall("refuse", {})))
    assert last[4]["stop_reason"] == end
    transcript = env.transcript()
    actions = [65, 258] if mode == "token" else [padded(env, [65]), padded(env, []), [258]]
    for again in (*map(env.step, actions), env.step_text("2<submit>")):
        assert again[1:] == (0.0, last[2], last[3], {"stop_reason": end})
        for key, array in last[0].items():
            np.testing.assert_array_equal(again[0][key], array)
    assert env.transcript() == transcript


def test_a_step_before_reset_says_so():
    env = toy_env()
    for step in (lambda: env.step(1), lambda: env.step_text("a")):
        with pytest.raises(gymnasium.error.ResetNeeded, match=r"call reset\(\) before step\(\)"):
            step()
    with pytest.raises(ValueError, match=r"call reset\(\) first"):
        env.oracle_turns()


@every_protocol
def test_record_puts_the_transcript_into_the_last_info(protocol):
    env = toy_env("byte", protocol, record=True)
    env.reset(seed=0)
    for turn in env.oracle_turns():
        for i in turn:
            *_, terminated, truncated, info = env.step(i)
            assert ("transcript" in info) == (terminated or truncated)
    assert info["transcript"] == env.transcript()
    assert info["transcript"].stop_reason == "submit"
    assert info["transcript"].rewards.sum() == 1.25


@pytest.mark.parametrize("env_id", text_env_ids())
@every_protocol
@pytest.mark.parametrize("mode", ["token", "turn"])
def test_the_oracle_earns_everything(env_id, protocol, mode):
    for split in gymnasium.make(env_id).unwrapped.rules.source.splits:
        env = gymnasium.make(env_id, protocol=protocol, action_mode=mode, split=split).unwrapped
        for seed in range(10):
            env.reset(seed=seed)
            turns = env.oracle_turns()
            actions = [padded(env, t) for t in turns] if mode == "turn" else flat(turns)
            results = [env.step(action) for action in actions]
            assert sum(r[1] for r in results) == 1.0
            assert results[-1][2]
            assert results[-1][4]["is_success"]
            assert all(status == "ok" for r in results for status in r[4].get("calls", []))


@pytest.mark.parametrize("tokenizer", EXACT)
@every_protocol
def test_the_oracle_on_every_tokenizer(tokenizer, protocol):
    env = gymnasium.make("TextCalc-v0", tokenizer=TOKENIZERS[tokenizer](), protocol=protocol).unwrapped
    for seed in range(5):
        env.reset(seed=seed)
        results = [env.step(action) for action in flat(env.oracle_turns())]
        assert sum(r[1] for r in results) == 1.0


# Reset and seeds


def test_a_task_can_be_set():
    env = TOKEN["byte", "tags"]
    task = Task("What is 1+1?", "2", {"number": 7})
    obs, info = env.reset(options={"task": task})
    assert info == {}
    assert env.task is task
    assert "What is 1+1?" in env.rules.tokenizer.decode(obs["input_ids"][: obs["length"][0]])
    assert env.step_text("2<submit>")[4]["is_success"]


def test_a_task_that_is_set_does_not_move_the_draw():
    env = TOKEN["byte", "tags"]

    def two_draws(between: bool) -> list[Task]:
        env.reset(seed=3)
        first = env.task
        if between:
            env.reset(options={"task": Task("?", "!")})
        env.reset()
        return [first, env.task]

    assert two_draws(True) == two_draws(False)
    assert two_draws(True)[0] != two_draws(True)[1]


def test_a_task_must_be_one():
    with pytest.raises(TypeError, match=r"a task must be a textgym\.Task, not str"):
        TOKEN["byte", "tags"].reset(options={"task": "What is 1+1?"})


def test_metadata_is_not_shown():
    env = TOKEN["byte", "tags"]
    env.reset(options={"task": Task("What is 1+1?", "secret answer", {"hint": "secret hint"})})
    assert "secret" not in env.rules.tokenizer.decode(env.transcript().ids)


def test_seeds():
    one, two = (toy_env() for _ in range(2))
    tasks = []
    for env in (one, two):
        tasks.append([])
        for seed in (7, None, None, 7, None, 8):
            env.reset(seed=seed)
            tasks[-1].append(env.task)
    assert tasks[0] == tasks[1]
    assert tasks[0][0] == tasks[0][3]
    assert tasks[0][1] == tasks[0][4]
    assert tasks[0][0] != tasks[0][5]
    assert len({t.prompt for t in tasks[0][:3]}) == 3


def test_without_a_seed_every_environment_draws_its_own():
    drawn = set()
    for _ in range(4):
        env = toy_env()
        env.reset()
        drawn.add(env.task.prompt)
    assert len(drawn) > 1


def test_global_generators_are_left_alone():
    def states():
        return random.getstate(), pickle.dumps(np.random.get_state())  # noqa: NPY002

    before = states()
    env = toy_env("byte", "hermes", few_shot=1, max_tokens=2000)
    env.reset()
    env.reset(seed=1)
    play_tokens(env, flat(env.oracle_turns()))
    envs = gymnasium.make_vec("textgym:TextCalc-v0", num_envs=3)
    envs.reset()
    envs.reset(seed=1)
    envs.step(np.array([65, 66, 258]))
    envs.step(np.array([65, 66, 67]))
    assert states() == before


# Observations


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_shapes_and_dtypes(tokenizer):
    env = TOKEN[tokenizer, "tags"]
    obs, _ = env.reset(seed=0)
    after, *_ = env.step(1)
    for each in (obs, after):
        assert {key: (array.dtype, array.shape) for key, array in each.items()} == {
            "input_ids": (np.int64, (400,)),
            "attention_mask": (np.int8, (400,)),
            "loss_mask": (np.int8, (400,)),
            "segment_ids": (np.int8, (400,)),
            "length": (np.int64, (1,)),
        }
        assert each in env.observation_space
    vocab = TOKENIZERS[tokenizer]().vocab_size
    assert env.action_space == gymnasium.spaces.Discrete(vocab)
    space = TURN[tokenizer, "tags"].action_space
    assert np.full(80, -1) in space
    assert np.full(80, vocab - 1) in space
    assert np.full(80, vocab) not in space
    assert np.full(80, -2) not in space


@pytest.mark.parametrize("mode", ["token", "turn"])
def test_observations_are_fresh(mode):
    def play(scribble: bool) -> tuple[Transcript, list[np.ndarray]]:
        env = toy_env(action_mode=mode)
        results = [env.reset(seed=1)[0]]
        turns = env.oracle_turns()
        actions = [padded(env, t) for t in turns] if mode == "turn" else flat(turns)
        kept = [results[0]["input_ids"].copy()]
        for action in actions:
            if scribble:
                for array in results[-1].values():
                    array[:] = 1
            results.append(env.step(action)[0])
            kept.append(results[-1]["input_ids"].copy())
        return env.transcript(), kept

    (clean, seen), (scribbled, seen_too) = play(False), play(True)
    assert clean == scribbled
    np.testing.assert_array_equal(seen, seen_too)


def test_infos_and_transcripts_are_fresh():
    env = toy_env()
    env.reset(seed=0)
    *_, info = env.step_text("<request><echo>a<call>")
    info["calls"].append("forged")
    env.transcript().metadata["answer"] = "forged"
    *_, info = env.step_text("1<submit>")
    assert info["calls"] == []
    assert env.transcript().metadata["answer"] == env.task.answer


def test_a_deep_copy_is_a_branch():
    env = toy_env()
    env.reset(seed=0)
    env.step_text("<request><echo>a<call>")
    branch = copy.deepcopy(env)
    before = env.transcript()
    branch.step_text("1<submit>")
    assert env.transcript() == before
    assert branch.transcript() != before
