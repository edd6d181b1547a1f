"""`layout="encdec"`: the same episode, its prompt on the encoder's side and all that follows on the decoder's."""

import itertools

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import TOKENIZERS, TOOLS, ToyTasks, flat, token_runs, toy_env

from textgym import ContextTooShort, Task, TextVectorEnv
from textgym.protocols import PROTOCOLS

ALL = list(itertools.product(TOKENIZERS, PROTOCOLS))
every_pair = pytest.mark.parametrize(("tokenizer", "protocol"), ALL)
every_face = pytest.mark.parametrize("face", ["token", "turn"])

ROOM = {"max_tokens": 900, "max_prompt_tokens": 200}
CAUSAL = {pair: toy_env(*pair, max_tokens=900) for pair in ALL}
ENCDEC = {pair: toy_env(*pair, layout="encdec", **ROOM) for pair in ALL}


def check_equal(causal, encdec, env) -> None:
    """Two observations of one episode."""
    prompt, length = int(encdec["encoder_length"][0]), int(causal["length"][0])
    assert encdec["decoder_length"][0] == length - prompt
    assert encdec in env.observation_space
    for key in ("input_ids", "attention_mask", "segment_ids"):
        np.testing.assert_array_equal(encdec[f"encoder_{key}"][:prompt], causal[key][:prompt])
        np.testing.assert_array_equal(encdec[f"decoder_{key}"][: length - prompt], causal[key][prompt:length])
    np.testing.assert_array_equal(encdec["decoder_loss_mask"][: length - prompt], causal["loss_mask"][prompt:length])
    assert not causal["loss_mask"][:prompt].any()
    for side, end in (("encoder", prompt), ("decoder", length - prompt)):
        assert (encdec[f"{side}_input_ids"][end:] == env.rules.tokenizer.pad_id).all()
        for key in ("attention_mask", "segment_ids") + (("loss_mask",) if side == "decoder" else ()):
            assert not encdec[f"{side}_{key}"][end:].any()


@every_pair
@settings(max_examples=15)
@given(data=st.data())
def test_one_episode_in_two_layouts(tokenizer, protocol, data):
    causal, encdec = CAUSAL[tokenizer, protocol], ENCDEC[tokenizer, protocol]
    seed = data.draw(st.integers(0, 99))
    one, two = causal.reset(seed=seed)[0], encdec.reset(seed=seed)[0]
    assert two["decoder_length"] == 0
    assert two["encoder_length"] == one["length"]
    check_equal(one, two, encdec)
    oracle = data.draw(st.sampled_from([[], *itertools.accumulate(causal.oracle_turns())]))
    for token in oracle + data.draw(token_runs(causal.rules.tokenizer, longest=8)):
        first, second = causal.step(token), encdec.step(token)
        check_equal(first[0], second[0], encdec)
        assert first[1:] == second[1:]
        if first[2] or first[3]:
            break
    assert causal.transcript() == encdec.transcript()


@every_face
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_both_faces_play_the_oracle(face, protocol):
    env = toy_env("byte", protocol, layout="encdec", action_mode=face, **ROOM)
    env.reset(seed=3)
    turns = env.oracle_turns()
    actions = flat(turns) if face == "token" else [ids + [-1] * (80 - len(ids)) for ids in turns]
    results = [env.step(action) for action in actions]
    assert sum(result[1] for result in results) == 1.25
    assert results[-1][2]
    assert [list(s.ids) for s in env.transcript() if s.sampled] == turns


@every_face
@pytest.mark.parametrize("autoreset", list(AutoresetMode)[:2])
@pytest.mark.parametrize("copy", [True, False])
def test_vector(face, autoreset, copy):
    kwargs = {"layout": "encdec", "action_mode": face, "max_new_tokens": 40, "max_turns": 3, "max_tool_tokens": 40}
    kwargs |= ROOM | {"system_prompt": "Use tools."}
    ours = TextVectorEnv(ToyTasks(), num_envs=3, tools=TOOLS, autoreset_mode=autoreset, copy=copy, **kwargs)
    theirs = SyncVectorEnv([lambda: toy_env(**kwargs)] * 3, autoreset_mode=autoreset)
    assert ours.observation_space == theirs.observation_space
    assert data_equivalence(ours.reset(seed=0), theirs.reset(seed=0), exact=True)
    rng = np.random.default_rng(0)
    turns = [list(b"<request><echo>hi<call>"), list(b"<request><crash><call>"), list(b"1<submit>"), [258], [65] * 40]
    queues: list[list[int]] = [[], [], []]
    for _ in range(250 if face == "token" else 40):
        if face == "token":
            for queue in queues:
                queue.extend([] if queue else turns[rng.integers(len(turns))])
            actions = np.array([queue.pop(0) for queue in queues])
        else:
            chosen = [turns[rng.integers(len(turns))] for _ in queues]
            actions = np.array([ids + [-1] * (40 - len(ids)) for ids in chosen])
        assert data_equivalence(ours.step(actions), theirs.step(actions), exact=True)
    assert ours.transcript(0) == theirs.envs[0].transcript()


def test_shapes_and_dtypes():
    env = toy_env(layout="encdec", max_tokens=300, max_prompt_tokens=100)
    obs, _ = env.reset(seed=0)
    tokens = {"input_ids": np.int64, "attention_mask": np.int8, "segment_ids": np.int8}
    expected = {f"encoder_{key}": (dtype, (100,)) for key, dtype in tokens.items()}
    expected |= {f"decoder_{key}": (dtype, (300,)) for key, dtype in {**tokens, "loss_mask": np.int8}.items()}
    expected |= {f"{side}_length": (np.int64, (1,)) for side in ("encoder", "decoder")}
    assert {key: (array.dtype, array.shape) for key, array in obs.items()} == expected
    assert set(env.observation_space.keys()) == set(expected)


def test_without_a_budget_of_its_own_the_prompt_has_the_contexts():
    env = toy_env(layout="encdec", max_tokens=300)
    assert env.observation_space["encoder_input_ids"].shape == (300,)


def test_the_context_is_the_decoders_alone():
    """A long prompt takes nothing from it."""
    text = "<request><echo>" + "a" * 30 + "<call>"
    lengths = []
    for question in ("Why?", "Why? " * 30):
        env = toy_env(layout="encdec", max_prompt_tokens=300, max_tokens=200, max_turns=9, max_calls=9)
        env.reset(options={"task": Task(question, "42")})
        truncated = False
        while not truncated:
            obs, _, _, truncated, info = env.step_text(text)
        assert info["stop_reason"] == "max_tokens"
        lengths.append(int(obs["decoder_length"][0]))
    assert lengths[0] == lengths[1]


def test_the_edge_of_the_decoders_budget_is_exact():
    text = "<request><echo>" + "a" * 30 + "<call>"
    taken = len(text) + 30 + len("<response>")
    for spare, goes_on in ((80, True), (79, False)):
        env = toy_env(layout="encdec", max_prompt_tokens=300, max_tokens=taken + spare)
        env.reset(seed=0)
        assert env.step_text(text)[3] != goes_on


def test_a_prompt_that_is_too_long_says_so():
    with pytest.raises(ContextTooShort, match=r"the prompt has \d+ tokens, but max_prompt_tokens is 20; raise it to"):
        toy_env(layout="encdec", max_prompt_tokens=20)
    with pytest.raises(ContextTooShort, match="a turn has up to 80 tokens, but max_tokens is 60; raise max_tokens"):
        toy_env(layout="encdec", max_prompt_tokens=200, max_tokens=60)
    env = toy_env(layout="encdec", max_prompt_tokens=60)
    with pytest.raises(ContextTooShort, match="max_prompt_tokens is 60"):
        env.reset(options={"task": Task("long " * 20, "1")})


def test_bad_arguments_name_the_fix():
    with pytest.raises(ValueError, match="unknown layout 'prefix'; the layouts are causal, encdec"):
        toy_env(layout="prefix")
    with pytest.raises(
        ValueError, match="max_prompt_tokens goes with layout='encdec'; else max_tokens holds the prompt"
    ):
        toy_env(max_prompt_tokens=100)
    with pytest.raises(ValueError, match="max_prompt_tokens must be a whole number of at least 1, not 0"):
        toy_env(layout="encdec", max_prompt_tokens=0)


def test_observations_by_reference_follow_the_steps():
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=2, layout="encdec", copy=False)
    obs, _ = envs.reset(seed=0)
    for at in range(3):
        envs.step(np.array([65, 66]))
        assert obs["decoder_input_ids"][:, at].tolist() == [65, 66]
        assert obs["decoder_length"].tolist() == [[at + 1]] * 2
