"""Action masks: which ids they name, and the three places where they can be had."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from support.toys import TOKENIZERS, TOOLS, ToyTasks, flat, toy_env

from textgym import ByteTokenizer, HFTokenizer, TextVectorEnv
from textgym.protocols import PROTOCOLS
from textgym.spaces import TurnSpace

every_tokenizer = pytest.mark.parametrize("tokenizer", TOKENIZERS)
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_face = pytest.mark.parametrize("face", ["token", "turn"])

ROOM = {"max_tokens": 400, "max_new_tokens": 20, "system_prompt": "Use tools."}


def names_left_out(env) -> set[str]:
    tokenizer = env.rules.tokenizer
    return {tokenizer.decode([int(i)]) for i in np.flatnonzero(~env.action_masks())}


# Which ids


@every_tokenizer
@every_protocol
def test_what_the_oracle_writes_is_allowed(tokenizer, protocol):
    env = toy_env(tokenizer, protocol, max_tokens=900)
    mask = env.action_masks()
    assert (mask.dtype, mask.shape) == (bool, (env.rules.tokenizer.vocab_size,))
    for seed in range(5):
        env.reset(seed=seed)
        assert mask[flat(env.oracle_turns())].all()
    assert mask[env.rules.tokenizer.eos_id]


def test_left_out_of_bytes():
    assert names_left_out(toy_env("byte", "tags")) == {"<|pad|>"}
    assert names_left_out(toy_env("byte", "hermes")) == {"<|pad|>", "<|im_start|>"}


def test_left_out_of_bytes_with_markup():
    """What closes a tool result is the environment's; what opens a call is the policy's."""
    assert names_left_out(toy_env("markup", "tags")) == {"<|pad|>", "<response>"}
    assert names_left_out(toy_env("markup", "hermes")) == {"<|pad|>", "<|im_start|>", "<tool_response>"}


def test_ids_without_a_text_are_left_out():
    tokenizer = TOKENIZERS["padded"]()
    mask = toy_env("padded", "hermes").action_masks()
    assert not mask[tokenizer._size :].any()
    assert len(mask) == 512
    assert mask[: tokenizer._size].sum() >= tokenizer._size - 2


def test_pad_that_is_eos_stays():
    tokenizer = TOKENIZERS["bpe"]()
    assert tokenizer.pad_id == tokenizer.eos_id
    assert toy_env("bpe", "hermes").action_masks()[tokenizer.eos_id]


def test_a_token_that_is_a_space_is_a_token():
    """Its decoder drops leading spaces, so that alone it has no text."""
    tokenizer = TOKENIZERS["unigram"]()
    space = tokenizer.hf.convert_tokens_to_ids("▁")
    assert tokenizer.decode([space]).strip("▁ ") == ""
    assert toy_env("unigram", "tags").action_masks()[space]


@every_tokenizer
@every_protocol
def test_data_is_allowed(tokenizer, protocol):
    """No id that ordinary text is encoded to is left out, so a policy can say what it likes."""
    env = toy_env(tokenizer, protocol)
    texts = ["The answer is 42, or 3.5%?", "a < b > c", '{"name": "x"}', "call me, tool!"]
    assert env.action_masks()[[i for text in texts for i in env.rules.tokenizer.encode(text)]].all()


def test_allowed_tokens():
    digits = [*b"0123456789", *b"<submit>"]
    env = toy_env(allowed_tokens=digits)
    assert set(np.flatnonzero(env.action_masks()).tolist()) == set(digits)
    assert set(np.flatnonzero(toy_env(allowed_tokens=[256, 65]).action_masks()).tolist()) == {65}  # never padding
    env.reset(seed=0)
    obs, *_ = env.step(ord("x"))  # a mask is advice
    assert env.transcript().actions.tolist() == [ord("x")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"allowed_tokens": [5, 259]}, "allowed_tokens has the id 259, but the vocabulary ends at 258"),
        ({"allowed_tokens": [-1]}, "allowed_tokens has the id -1"),
        ({"allowed_tokens": []}, "allowed_tokens leaves no token that can stand in a turn; allow at least one"),
        ({"allowed_tokens": [256]}, "allowed_tokens leaves no token"),
        ({"action_mask": "everywhere"}, "unknown action_mask 'everywhere'; it can be info, obs, both, or None"),
    ],
)
def test_bad_arguments_name_the_fix(arguments, message):
    with pytest.raises(ValueError, match=message):
        toy_env(**arguments)


# Where


def test_by_default_nowhere_but_in_the_method():
    env = toy_env()
    obs, info = env.reset(seed=0)
    assert "action_mask" not in obs
    assert info == {}
    assert "action_mask" not in env.step(65)[4]


@every_face
@pytest.mark.parametrize("layout", ["causal", "encdec"])
@pytest.mark.parametrize(("where", "in_info", "in_obs"), [("info", 1, 0), ("obs", 0, 1), ("both", 1, 1)])
def test_in_info_and_observation(face, layout, where, in_info, in_obs):
    env = toy_env(action_mode=face, action_mask=where, layout=layout)
    assert ("action_mask" in env.observation_space.keys()) == in_obs  # noqa: SIM118 - a Dict space, not a dict
    action = 65 if face == "token" else [65, -1]
    end = 258 if face == "token" else []
    for obs, info in (env.reset(seed=0), env.step(action)[::4], env.step(end)[::4], env.step(end)[::4]):
        assert ("action_mask" in info) == in_info
        assert obs in env.observation_space
        for where_it_is in (info, obs):
            if "action_mask" in where_it_is:
                assert where_it_is["action_mask"].dtype == np.int8
                np.testing.assert_array_equal(where_it_is["action_mask"] == 1, env.rules.allowed_ids)
                where_it_is["action_mask"][:] = 0  # fresh in every step


@every_face
def test_gymnasium_samples_by_it(face):
    """`action_space.sample(info["action_mask"])`, as Gymnasium's own environments have it."""
    digits = [*b"0123456789"]
    env = toy_env(action_mode=face, action_mask="info", allowed_tokens=digits)
    _, info = env.reset(seed=0)
    env.action_space.seed(0)
    seen = {int(i) for _ in range(40) for i in np.atleast_1d(env.action_space.sample(info["action_mask"]))}
    assert seen - {-1} == set(digits)
    assert env.action_space.contains(env.action_space.sample(info["action_mask"]))


def test_masks_of_a_turn_have_the_shape_of_its_space():
    """What sb3-contrib reshapes for a MultiDiscrete: one mask for each place, padding (-1) first."""
    env = toy_env(action_mode="turn", max_new_tokens=3)
    assert isinstance(env.action_space, TurnSpace)
    masks = env.action_masks()
    assert masks.shape == (int(env.action_space.nvec.sum()),)
    for place in masks.reshape(3, 260):
        assert place[0]
        np.testing.assert_array_equal(place[1:], env.rules.allowed_ids)


def test_through_gymnasiums_wrappers():
    env = gymnasium.make("TextCalc-v0", action_mask="both")
    env.reset(seed=0)
    assert env.get_wrapper_attr("action_masks")().shape == (259,)


@every_face
@pytest.mark.parametrize("autoreset", list(AutoresetMode)[:2])
@pytest.mark.parametrize("copy", [True, False])
def test_vector_is_as_single_ones(face, autoreset, copy):
    kwargs = {"action_mode": face, "action_mask": "both", "allowed_tokens": [*b"0123456789<submit>"]}
    ours = TextVectorEnv(
        ToyTasks(), num_envs=3, tools=TOOLS, autoreset_mode=autoreset, copy=copy, max_turns=4, **ROOM, **kwargs
    )
    theirs = SyncVectorEnv([lambda: toy_env(**ROOM, **kwargs)] * 3, autoreset_mode=autoreset)
    assert ours.observation_space == theirs.observation_space
    assert data_equivalence(ours.reset(seed=0), theirs.reset(seed=0), exact=True)
    masks = np.stack(theirs.call("action_masks"))
    np.testing.assert_array_equal(ours.action_masks(), masks)
    rng = np.random.default_rng(0)
    for _ in range(60):
        if face == "token":
            actions = rng.choice([*b"0123<submit>"], 3)
        else:
            actions = np.full((3, 20), -1)
            actions[:, : rng.integers(1, 5)] = 65
            actions[rng.integers(3), :9] = list(b"1<submit>")
        assert data_equivalence(ours.step(actions), theirs.step(actions), exact=True)


def test_a_reset_of_some_slots_gives_their_masks():
    envs = TextVectorEnv(
        ToyTasks(), num_envs=2, tools=TOOLS, autoreset_mode="Disabled", action_mask="info", max_turns=4, **ROOM
    )
    envs.reset(seed=0)
    _, infos = envs.reset(options={"reset_mask": np.array([False, True])})
    assert infos["_action_mask"].tolist() == [False, True]
    assert infos["action_mask"].any(axis=1).tolist() == [False, True]


def test_a_large_vocabulary():
    hf = TOKENIZERS["bpe"]().hf
    env = toy_env().__class__(ToyTasks(), tokenizer=HFTokenizer(hf, vocab_size=20_000), tools=TOOLS, action_mask="obs")
    obs, _ = env.reset(seed=0)
    assert obs["action_mask"].shape == (20_000,)
    assert obs["action_mask"].sum() < 500
    assert ByteTokenizer().vocab_size == 259
