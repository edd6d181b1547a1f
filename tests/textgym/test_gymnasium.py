"""Gymnasium's own checks and ways of making environments."""

import pickle
import warnings

import cloudpickle
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from support.toys import ToyTasks, byte_level_bpe

import textgym
from textgym import HFTokenizer, TextEnv, TextVectorEnv
from textgym.cli import text_env_ids
from textgym.env import TurnSpace, turn_ids
from textgym.protocols import PROTOCOLS

every_id = pytest.mark.parametrize("env_id", text_env_ids())
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_mode = pytest.mark.parametrize("mode", ["token", "turn"])


def rollout(env, steps: int = 40) -> list:
    env.action_space.seed(0)
    seen = [env.reset(seed=5)]
    for _ in range(steps):
        seen.append(env.step(env.action_space.sample()))
        if seen[-1][2] or seen[-1][3]:
            seen.append(env.reset())
    return seen


def test_ids():
    assert "TextCalc-v0" in text_env_ids()


@every_id
@every_protocol
@every_mode
def test_check_env(env_id, protocol, mode):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make(env_id, protocol=protocol, action_mode=mode).unwrapped)


@every_protocol
@every_mode
def test_check_env_with_a_large_output_layer(protocol, mode):
    """Random ids hardly ever stop a turn here, so a sample of the turn space must not fill it."""
    tokenizer = HFTokenizer(byte_level_bpe().hf, vocab_size=20_000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make("TextCalc-v0", protocol=protocol, action_mode=mode, tokenizer=tokenizer).unwrapped)


def test_samples_of_the_turn_space():
    for n, vocab in ((1, 5), (8, 300)):
        space = TurnSpace(n, vocab)
        again = pickle.loads(pickle.dumps(space))
        space.seed(0)
        again.seed(0)
        lengths = set()
        for _ in range(100):
            ids = space.sample()
            assert ids in space
            assert ids.dtype == np.int64
            np.testing.assert_array_equal(ids, again.sample())
            lengths.add(len(turn_ids(ids, vocab)))
        assert max(lengths) == max(1, n - 1)
        assert space == again


@every_mode
@pytest.mark.parametrize("render_mode", ["ansi", "human"])
def test_render_modes_under_gymnasiums_wrappers(mode, render_mode, capsys):
    env = gymnasium.make("TextCalc-v0", action_mode=mode, render_mode=render_mode)
    env.reset(seed=0)
    env.step(env.action_space.sample())
    rendered = env.render()
    prompt = env.unwrapped.task.prompt
    assert prompt in (rendered if render_mode == "ansi" else capsys.readouterr().out)
    assert (rendered is None) == (render_mode == "human")
    env.close()


def test_module_in_the_id():
    env = gymnasium.make("textgym:TextCalc-v0")
    assert isinstance(env.unwrapped, TextEnv)
    assert env.spec.id == "TextCalc-v0"
    envs = gymnasium.make_vec("textgym:TextCalc-v0", num_envs=2)
    assert isinstance(envs, TextVectorEnv)


def test_gymnasium_keeps_its_rules_around_it():
    env = gymnasium.make("TextCalc-v0")
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(0)


@every_mode
def test_make_twice_is_the_same_environment(mode):
    one, two = (gymnasium.make("TextCalc-v0", action_mode=mode) for _ in range(2))
    assert one.observation_space == two.observation_space
    assert one.action_space == two.action_space
    assert data_equivalence(rollout(one), rollout(two), exact=True)


@every_mode
def test_a_spec_pickles(mode):
    env = gymnasium.make("TextCalc-v0", action_mode=mode, protocol="hermes", max_turns=2)
    spec = pickle.loads(pickle.dumps(env.spec))
    assert spec.kwargs["protocol"] == "hermes"
    again = gymnasium.make(spec)
    assert again.unwrapped.rules.max_turns == 2
    assert data_equivalence(rollout(env), rollout(again), exact=True)


def test_a_spec_goes_through_json():
    env = gymnasium.make("TextCalc-v0", max_turns=2)
    spec = gymnasium.envs.registration.EnvSpec.from_json(env.spec.to_json())
    assert data_equivalence(rollout(env), rollout(gymnasium.make(spec)), exact=True)


@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec], ids=["single", "vector"])
def test_an_environment_pickles_in_the_middle_of_an_episode(make):
    """With cloudpickle, as Gymnasium sends environments to processes: task sources may hold lambdas."""
    env = make("TextCalc-v0")
    env.reset(seed=0)
    action = 65 if make is gymnasium.make else np.array([65])
    env.step(action)
    again = pickle.loads(cloudpickle.dumps(env))
    assert data_equivalence(env.step(action), again.step(action), exact=True)
    assert data_equivalence(env.reset(), again.reset(), exact=True)  # the generators went with it


# Vectors


@every_id
@every_protocol
@every_mode
def test_make_vec_takes_ours(env_id, protocol, mode):
    envs = gymnasium.make_vec(env_id, num_envs=3, protocol=protocol, action_mode=mode)
    assert isinstance(envs, TextVectorEnv)
    assert envs.num_envs == 3
    assert envs.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    obs, _ = envs.reset(seed=0)
    assert obs in envs.observation_space
    envs.action_space.seed(0)
    for _ in range(3):
        actions = envs.action_space.sample()
        assert actions in envs.action_space
        obs, rewards, terminated, truncated, infos = envs.step(actions)
        assert obs in envs.observation_space
        assert (rewards.dtype, rewards.shape) == (np.float64, (3,))
        assert (terminated.dtype, truncated.dtype) == (bool, bool)
    envs.close()


@every_mode
def test_make_vec_sync_is_gymnasiums(mode):
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=2, vectorization_mode="sync", action_mode=mode)
    assert isinstance(envs, SyncVectorEnv)
    ours = gymnasium.make_vec("TextCalc-v0", num_envs=2, action_mode=mode)
    for space in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(envs, space) == getattr(ours, space)
    assert data_equivalence(envs.reset(seed=3), ours.reset(seed=3), exact=True)


def test_a_vector_spec_pickles():
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=2, protocol="hermes")
    again = gymnasium.make_vec(pickle.loads(pickle.dumps(envs.spec)))
    assert isinstance(again, TextVectorEnv)
    assert again.num_envs == 2
    assert data_equivalence(envs.reset(seed=1), again.reset(seed=1), exact=True)


@pytest.mark.parametrize("mode", ["SameStep", AutoresetMode.DISABLED])
def test_autoreset_modes_by_name(mode):
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=2, autoreset_mode=mode)
    assert envs.metadata["autoreset_mode"] is AutoresetMode(mode)
    assert TextVectorEnv.metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP  # the class is not touched


# Registration


def test_register():
    textgym.register("TestToy-v3", ToyTasks(), max_turns=2, system_prompt="")
    try:
        env = gymnasium.make("TestToy-v3", tools=["calculator"]).unwrapped
        assert env.rules.max_turns == 2
        assert list(env.rules.tools) == ["calculator"]
        assert "TestToy-v3" in text_env_ids()
        envs = gymnasium.make_vec("TestToy-v3", num_envs=2, max_turns=3)
        assert envs.rules.max_turns == 3
    finally:
        del gymnasium.registry["TestToy-v3"]


class Sized(ToyTasks):
    def __init__(self, size: int = 1) -> None:
        self.size = size


def test_register_a_class():
    textgym.register("TestSized-v0", Sized, source_kwargs={"size": 2}, tools=["calculator"])
    try:
        one, two = (gymnasium.make("TestSized-v0").unwrapped.rules.source for _ in range(2))
        assert one is not two
        assert one.size == 2
        assert gymnasium.make("TestSized-v0", source_kwargs={}).unwrapped.rules.source.size == 1
        with pytest.raises(ValueError, match="give in source_kwargs the arguments that it takes"):
            gymnasium.make("TestSized-v0", source_kwargs={"weight": 2})
    finally:
        del gymnasium.registry["TestSized-v0"]


@pytest.mark.parametrize("source", [3, None, dict, lambda: ToyTasks()])
def test_register_takes_sources_alone(source):
    with pytest.raises(TypeError, match=r"a source is a textgym\.TaskSource, its class, or 'module:Class', not"):
        textgym.register("TestNothing-v0", source)
    assert "TestNothing-v0" not in gymnasium.registry


def test_unknown_ids_and_arguments():
    with pytest.raises(gymnasium.error.NameNotFound, match="TextClac"):
        gymnasium.make("TextClac-v0")
    with pytest.raises(TypeError, match="no_such_argument"):
        gymnasium.make("TextCalc-v0", no_such_argument=1)
