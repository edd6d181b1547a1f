"""Gymnasium's own checks and ways of making environments."""

import copy
import pickle
import subprocess
import sys
import warnings

import cloudpickle
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import FlattenObservation, OrderEnforcing, RecordEpisodeStatistics, TimeLimit
from support.toys import ToyTasks, byte_level_bpe

import textgym
from textgym import HFTokenizer, TextEnv, TextVectorEnv
from textgym.cli import text_env_ids
from textgym.env import TurnSpace, turn_ids
from textgym.protocols import PROTOCOLS

every_id = pytest.mark.parametrize("env_id", text_env_ids())
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_layout = pytest.mark.parametrize("layout", ["causal", "encdec"])
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
@every_layout
@pytest.mark.parametrize("action_mask", [None, "both"])
def test_check_env(env_id, protocol, mode, layout, action_mask):
    env = gymnasium.make(env_id, protocol=protocol, action_mode=mode, layout=layout, action_mask=action_mask)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)


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
        assert max(lengths) == n
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


def test_unknown_render_modes():
    """An error of both kinds: see `UnknownRenderMode`."""
    for error in (ValueError, TypeError):
        with (
            pytest.raises(error, match="unknown render_mode 'rgb_array'; the modes are 'ansi' and 'human'"),
            pytest.warns(UserWarning, match="not in the possible render_modes"),  # Gymnasium's own
        ):
            gymnasium.make("TextCalc-v0", render_mode="rgb_array")


def test_module_in_the_id():
    env = gymnasium.make("textgym:TextCalc-v0")
    assert isinstance(env.unwrapped, TextEnv)
    assert env.spec.id == "TextCalc-v0"
    envs = gymnasium.make_vec("textgym:TextCalc-v0", num_envs=2)
    assert isinstance(envs, TextVectorEnv)


FRESH = """
import sys
import gymnasium
env = gymnasium.make("textgym:TextCalc-v0")
env.reset(seed=0)
print(env.spec.id, type(env.unwrapped).__name__, "torch" in sys.modules, "transformers" in sys.modules)
envs = gymnasium.make_vec("textgym:TextCalc-v0", num_envs=2)
print(type(envs).__name__)
"""


def test_module_in_the_id_in_a_fresh_process():
    """`textgym` is imported by Gymnasium, from the id."""
    run = subprocess.run([sys.executable, "-W", "error", "-c", FRESH], capture_output=True, text=True)
    assert run.stdout.split() == ["TextCalc-v0", "TextEnv", "False", "False", "TextVectorEnv"], run.stderr


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
@pytest.mark.parametrize("dumps", [pickle.dumps, cloudpickle.dumps], ids=["pickle", "cloudpickle"])
@every_mode
@every_layout
@every_protocol
def test_an_environment_pickles_in_the_middle_of_an_episode(make, dumps, mode, layout, protocol):
    """Generators, queues, a turn half written and what its tools hold go with it."""
    env = make("TextCalc-v0", action_mode=mode, layout=layout, protocol=protocol, record=True)
    vector = make is gymnasium.make_vec
    first = env.unwrapped.oracle_turns
    env.reset(seed=0)
    turns = first(0) if vector else first()
    half, rest = turns[0][:5], turns[0][5:]

    def steps(ids: list[int]) -> list:
        if mode == "turn":
            return [ids] if not vector else [np.array([ids])]
        return [np.array([i]) if vector else i for i in ids]

    for action in steps(half):
        env.step(action)
    again = pickle.loads(dumps(env))
    for action in [*steps(rest), *steps(turns[1])]:
        one, two = env.step(action), again.step(action)
        assert data_equivalence(one, two, exact=True)
    assert one[2]
    assert data_equivalence(env.reset(), again.reset(), exact=True)


def test_a_fresh_environment_pickles():
    """Before the first reset, as it is sent to a worker."""
    for make in (gymnasium.make, gymnasium.make_vec):
        again = pickle.loads(pickle.dumps(make("TextCalc-v0")))
        assert data_equivalence(again.reset(seed=1), make("TextCalc-v0").reset(seed=1), exact=True)


@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec], ids=["single", "vector"])
def test_a_deep_copy_goes_its_own_way(make):
    env = make("TextCalc-v0")
    env.reset(seed=0)
    act = (lambda i: np.array([i])) if make is gymnasium.make_vec else int
    env.step(act(65))
    again = copy.deepcopy(env)
    again.step(act(66))
    third = copy.deepcopy(env)
    for token in (67, 68, 258):
        assert data_equivalence(env.step(act(token)), third.step(act(token)), exact=True)
    assert data_equivalence(env.reset(), third.reset(), exact=True)


@pytest.mark.parametrize("make", [gymnasium.make, gymnasium.make_vec], ids=["single", "vector"])
def test_close_at_any_time(make):
    make("TextCalc-v0").close()
    env = make("TextCalc-v0")
    env.reset(seed=0)
    env.close()
    env.close()


def test_make_vec_in_spawned_processes():
    """They inherit nothing: what they play by is pickled."""
    kwargs = {"num_envs": 1, "action_mode": "turn", "max_new_tokens": 128}
    theirs = gymnasium.make_vec(
        "textgym:TextCalc-v0", vectorization_mode="async", vector_kwargs={"context": "spawn"}, **kwargs
    )
    ours = gymnasium.make_vec("TextCalc-v0", **kwargs)
    try:
        assert data_equivalence(theirs.reset(seed=3), ours.reset(seed=3), exact=True)
        actions = np.full((1, 128), -1)
        text = b"<request><calculator>1+1<call>"
        actions[0, : len(text)] = list(text)
        one, two = theirs.step(actions), ours.step(actions)
        assert data_equivalence(one, two, exact=True)
        assert one[4]["calls"].tolist() == [["ok"]]
    finally:
        theirs.close()


def test_a_queue_of_tasks_pickles():
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=2, autoreset_mode="SameStep")
    tasks = [envs.rules.source.draw(np.random.default_rng(i), "test") for i in range(5)]
    envs.reset(seed=0, options={"tasks": tasks})
    again = pickle.loads(pickle.dumps(envs))
    for _ in range(2):
        assert data_equivalence(envs.step(np.full(2, 258)), again.step(np.full(2, 258)), exact=True)
    assert again.episodes[0].task == tasks[4]


# Gymnasium's wrappers


def oracle(env) -> list[int]:
    return [i for turn in env.unwrapped.oracle_turns() for i in turn]


def test_record_episode_statistics():
    env = RecordEpisodeStatistics(gymnasium.make("TextCalc-v0"))
    for seed in range(3):
        env.reset(seed=seed)
        tokens = oracle(env)
        for token in tokens:
            *_, terminated, truncated, info = env.step(token)
        assert terminated
        assert info["episode"]["r"] == 1.0
        assert info["episode"]["l"] == len(tokens)


def test_record_episode_statistics_of_a_vector():
    envs = gymnasium.wrappers.vector.RecordEpisodeStatistics(gymnasium.make_vec("TextCalc-v0", num_envs=2))
    envs.reset(seed=0)
    tokens = [i for turn in envs.unwrapped.oracle_turns(1) for i in turn]
    for token in tokens:
        _, rewards, terminated, _, infos = envs.step(np.array([65, token]))
    assert terminated.tolist() == [False, True]
    assert infos["episode"]["r"].tolist() == [0.0, 1.0]
    assert infos["episode"]["l"][1] == len(tokens)


@pytest.mark.parametrize("made", ["wrapped", "by its id"])
def test_time_limit(made):
    if made == "wrapped":
        env = TimeLimit(gymnasium.make("TextCalc-v0"), 5)
    else:
        env = gymnasium.make("TextCalc-v0", max_episode_steps=5)
    for _ in range(2):
        env.reset(seed=0)
        truncations = [env.step(65)[3] for _ in range(5)]
        assert truncations == [False] * 4 + [True]
    assert env.unwrapped.transcript().stop_reason is None  # the wrapper's end, not the environment's


@every_mode
@every_layout
def test_flatten_observation(mode, layout):
    env = FlattenObservation(gymnasium.make("TextCalc-v0", action_mode=mode, layout=layout, max_tokens=1500))
    obs, _ = env.reset(seed=0)
    inner = env.unwrapped.episode.rows.observation(0)
    np.testing.assert_array_equal(obs, gymnasium.spaces.flatten(env.unwrapped.observation_space, inner))
    assert obs in env.observation_space
    assert obs.shape == (sum(array.size for array in inner.values()),)
    env.action_space.seed(0)
    assert env.step(env.action_space.sample())[0] in env.observation_space


def test_order_enforcing():
    env = OrderEnforcing(TextEnv("textgym_tasks.calc:CalcTasks"))
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step(65)
    env.reset(seed=0)
    env.step(65)


def test_normal_stack_of_wrappers():
    """What `gym.make` puts around it, and more: none of them changes an episode."""
    env = RecordEpisodeStatistics(TimeLimit(gymnasium.make("TextCalc-v0"), 10_000))
    bare = TextEnv("textgym_tasks.calc:CalcTasks")
    env.reset(seed=4)
    bare.reset(seed=4)
    for token in oracle(env):
        one, two = env.step(token), bare.step(token)
        assert data_equivalence(one[:4], two[:4], exact=True)


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
def test_make_vec_async_plays_the_same(mode):
    kwargs = {"num_envs": 2, "action_mode": mode}
    theirs = gymnasium.make_vec("TextCalc-v0", vectorization_mode="async", **kwargs)
    ours = gymnasium.make_vec("TextCalc-v0", **kwargs)
    assert isinstance(theirs, AsyncVectorEnv)
    try:
        assert data_equivalence(theirs.reset(seed=3), ours.reset(seed=3), exact=True)
        ours.action_space.seed(0)
        for _ in range(60 if mode == "turn" else 150):
            actions = ours.action_space.sample()
            assert data_equivalence(theirs.step(actions), ours.step(actions), exact=True)
    finally:
        theirs.close()


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
