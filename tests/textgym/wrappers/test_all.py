"""What holds for every wrapper: Gymnasium's checks, specs, pickling, and vectors equal to wrapped single ones."""

import doctest
import importlib
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import cloudpickle
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from support.toys import TOKENIZERS, TOOLS, ToyTasks, random_tokens, toy_env, toy_protocol
from support.toys import flat as joined

from textgym import Transcript, read_jsonl
from textgym.protocols import PROTOCOLS
from textgym.vector import TextVectorEnv
from textgym.wrappers import CallPenalty, Curriculum, RecordTranscripts, TranscriptReward, vector

N = 3
BUDGETS = {"max_tokens": 400, "max_new_tokens": 80, "max_turns": 4, "max_calls": 5, "max_tool_tokens": 40}
MODES = list(AutoresetMode)
every_autoreset = pytest.mark.parametrize("autoreset", MODES, ids=[mode.value for mode in MODES])
every_face = pytest.mark.parametrize("face", ["token", "turn"])
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_layout = pytest.mark.parametrize("layout", ["causal", "encdec"])


def brevity(transcript: Transcript) -> float:
    return -len(transcript.actions) / 64


def lengths(transcripts: list[Transcript]) -> list[float]:
    return [float(len(transcript)) for transcript in transcripts]


Wrap = Callable[[Any, Any, Any], Any]
WRAPPERS: dict[str, Wrap] = {
    "penalty": lambda module, env, path: module.CallPenalty(env, {"ok": 0.25, "bad_args": 0.5, "unknown_tool": 1}),
    "replaced": lambda module, env, path: module.TranscriptReward(env, lengths, batched=True),
    "added": lambda module, env, path: module.TranscriptReward(env, brevity, mode="add"),
    "recorded": lambda module, env, path: module.RecordTranscripts(env, path),
    "curriculum": lambda module, env, path: module.Curriculum(env, levels=[1, 2], window=2),
    "stacked": lambda module, env, path: module.RecordTranscripts(
        module.TranscriptReward(module.CallPenalty(env), brevity, "add"), path
    ),
}
SAME_IN_VECTORS = [name for name in WRAPPERS if name != "curriculum"]
every_wrapper = pytest.mark.parametrize("name", WRAPPERS)
every_vector = pytest.mark.parametrize("name", SAME_IN_VECTORS)


class Single:
    CallPenalty, Curriculum, RecordTranscripts, TranscriptReward = (
        CallPenalty, Curriculum, RecordTranscripts, TranscriptReward,
    )  # fmt: skip


def checked(env: gymnasium.Env) -> None:
    """`check_env` with warnings as errors, but for the one that says that there is a wrapper."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*is different from the unwrapped version", category=UserWarning)
        check_env(env)


@every_wrapper
@every_protocol
@every_face
@every_layout
def test_check_env(name, protocol, face, layout, tmp_path):
    env = gymnasium.make("textgym:TextCalc-v0", protocol=protocol, action_mode=face, layout=layout)
    checked(WRAPPERS[name](Single, env, tmp_path / "episodes.jsonl"))


@every_wrapper
def test_a_spec_makes_the_wrapped_environment_again(name, tmp_path):
    env = WRAPPERS[name](Single, gymnasium.make("TextCalc-v0"), tmp_path / "a.jsonl")
    again = gymnasium.make(pickle.loads(pickle.dumps(env.spec)))
    assert str(again) == str(env)
    assert again.watcher is not env.watcher
    played = [play_out(each, seed=3) for each in (env, again)]
    assert data_equivalence(played[0], played[1], exact=True)


def play_out(env: gymnasium.Env, seed: int) -> list[Any]:
    """The oracle's episode after a reset with `seed`, every step's result."""
    results: list[Any] = [env.reset(seed=seed)]
    results += [env.step(token) for token in joined(env.unwrapped.oracle_turns())]
    assert results[-1][2]
    return results


@every_wrapper
@pytest.mark.parametrize("kind", ["single", "vector"])
def test_pickles_in_the_middle_of_an_episode(name, kind, tmp_path):
    """With cloudpickle, as Gymnasium sends environments to processes."""
    path = tmp_path / "episodes.jsonl"
    if kind == "single":
        env = WRAPPERS[name](Single, gymnasium.make("TextCalc-v0"), path)
    else:
        env = WRAPPERS[name](vector, gymnasium.make_vec("TextCalc-v0", num_envs=1, record=True), path)
    env.reset(seed=0)
    turns = env.unwrapped.oracle_turns() if kind == "single" else env.unwrapped.oracle_turns(0)
    tokens = [token if kind == "single" else np.array([token]) for token in joined(turns)]
    half = len(turns[0]) + 1
    for token in tokens[:half]:
        env.step(token)
    again = pickle.loads(cloudpickle.dumps(env))
    for token in tokens[half:]:
        assert data_equivalence(env.step(token), again.step(token), exact=True)
    assert data_equivalence(env.reset(), again.reset(), exact=True)
    if name in ("recorded", "stacked"):
        assert len(read_jsonl(path)) == 2


# Vectors against Gymnasium's own vector of wrapped single environments


class Player:
    """Plays the oracle's tokens in some episodes and noise in others."""

    def __init__(self, envs: TextVectorEnv, seed: int) -> None:
        self.envs, self.rng = envs, np.random.default_rng(seed)
        self.playing: list[Any] = [None] * envs.num_envs
        self.plans: list[list[list[int]]] = [[] for _ in range(envs.num_envs)]

    def action(self, i: int) -> list[int]:
        """The next turn of slot `i`, or its first token."""
        tokenizer = self.envs.rules.tokenizer
        if self.envs.episodes[i].task is not self.playing[i]:
            self.playing[i] = self.envs.episodes[i].task
            noise = random_tokens(tokenizer, 40, int(self.rng.integers(1 << 30)))
            oracle = self.envs.oracle_turns(i)
            self.plans[i] = oracle if self.rng.random() < 0.5 else [*oracle[: self.rng.integers(3)], noise]
        self.plans[i] = [turn for turn in self.plans[i] if turn] or [[tokenizer.eos_id]]
        if self.envs.action_mode == "token":
            return [self.plans[i][0].pop(0)]
        return self.plans[i].pop(0)[: self.envs.rules.max_new_tokens]

    def actions(self) -> np.ndarray:
        rows = [self.action(i) for i in range(self.envs.num_envs)]
        if self.envs.action_mode == "token":
            return np.array(rows)[:, 0]
        padded = np.full((len(rows), self.envs.rules.max_new_tokens), -1)
        for row, ids in zip(padded, rows, strict=True):
            row[: len(ids)] = ids
        return padded


def assert_equal(ours: Any, theirs: Any) -> None:
    assert data_equivalence(ours, theirs, exact=True), f"{ours} != {theirs}"


def toy_vector(num_envs: int = N, **kwargs: Any) -> TextVectorEnv:
    rules = {"tokenizer": TOKENIZERS["byte"](), "tools": TOOLS, "system_prompt": "Use tools.", "record": True}
    return TextVectorEnv(ToyTasks(), num_envs=num_envs, **{**rules, **BUDGETS, **kwargs})


@pytest.mark.parametrize(
    ("name", "protocol", "layout"),
    [
        *((name, "tags", "causal") for name in SAME_IN_VECTORS),
        ("stacked", "hermes", "causal"),
        ("stacked", "chat", "causal"),
        ("stacked", "tags", "encdec"),
    ],
)
@every_autoreset
@every_face
def test_a_vector_equals_wrapped_single_environments(name, protocol, layout, autoreset, face, tmp_path):
    wrap = WRAPPERS[name]
    kwargs = {"action_mode": face, "protocol": protocol, "layout": layout}
    base = toy_vector(autoreset_mode=autoreset, **{**kwargs, "protocol": toy_protocol(protocol)})
    ours = wrap(vector, base, tmp_path / "ours.jsonl")
    single = [lambda: wrap(Single, toy_env(**kwargs, record=True), tmp_path / "theirs.jsonl")] * N
    theirs = SyncVectorEnv(single, autoreset_mode=autoreset)
    player, ended, rewarded = Player(base, seed=1), 0, 0
    assert_equal(ours.reset(seed=7), theirs.reset(seed=7))
    for _ in range(400 if face == "token" else 40):
        actions = player.actions()
        mine = ours.step(actions)
        assert_equal(mine, theirs.step(actions))
        over = mine[2] | mine[3]
        ended, rewarded = ended + over.sum(), rewarded + np.count_nonzero(mine[1])
        if autoreset == AutoresetMode.DISABLED and over.any():
            assert_equal(*(envs.reset(options={"reset_mask": over.copy()}) for envs in (ours, theirs)))
    assert ended > 6
    assert rewarded > 2
    if name in ("recorded", "stacked"):
        assert read_jsonl(tmp_path / "ours.jsonl") == read_jsonl(tmp_path / "theirs.jsonl")
        assert len(read_jsonl(tmp_path / "ours.jsonl")) == ended


@every_vector
@every_autoreset
def test_rewards_of_transcripts_are_those_of_the_steps(name, autoreset, tmp_path):
    """Whatever a wrapper makes of the rewards, a learner finds the same in the steps and in the transcripts."""
    base = toy_vector(autoreset_mode=autoreset)
    envs = WRAPPERS[name](vector, base, tmp_path / "episodes.jsonl")
    player, sums, compared = Player(base, seed=2), np.zeros(N), 0
    envs.reset(seed=0)
    for _ in range(400):
        _, rewards, terminated, truncated, infos = envs.step(player.actions())
        sums += rewards
        over = terminated | truncated
        for i in np.flatnonzero(over):
            final = infos["final_info"] if autoreset == AutoresetMode.SAME_STEP else infos
            transcript = final["transcript"][i]
            assert sum(transcript.turn_rewards) == pytest.approx(sums[i], abs=1e-12)
            assert transcript.rewards.sum() == pytest.approx(sums[i], abs=1e-6)
            sums[i], compared = 0.0, compared + 1
        if autoreset == AutoresetMode.DISABLED and over.any():
            envs.reset(options={"reset_mask": over})
    assert compared > 5


@every_vector
def test_gymnasiums_vector_can_be_wrapped_too(name, tmp_path):
    """The wrapper around the vector or around each environment: the same."""
    wrap = WRAPPERS[name]
    outside = SyncVectorEnv([lambda: toy_env(record=True)] * N, autoreset_mode=AutoresetMode.SAME_STEP)
    outside = wrap(vector, outside, tmp_path / "outside.jsonl")
    inside = SyncVectorEnv(
        [lambda: wrap(Single, toy_env(record=True), tmp_path / "inside.jsonl")] * N,
        autoreset_mode=AutoresetMode.SAME_STEP,
    )
    base = toy_vector(autoreset_mode=AutoresetMode.SAME_STEP)
    player = Player(base, seed=3)
    base.reset(seed=1)
    assert_equal(outside.reset(seed=1), inside.reset(seed=1))
    for _ in range(300):
        actions = player.actions()
        base.step(actions)
        assert_equal(outside.step(actions), inside.step(actions))


def test_environments_in_other_processes_can_be_wrapped(tmp_path):
    """The wrapper here, around Gymnasium's vector of processes, or one around each environment, there."""
    wrap = WRAPPERS["stacked"]
    make = lambda: toy_env(record=True, action_mode="turn")  # noqa: E731
    outside = wrap(vector, AsyncVectorEnv([make] * 2), tmp_path / "outside.jsonl")
    inside = AsyncVectorEnv([lambda: wrap(Single, make(), tmp_path / "inside.jsonl")] * 2)
    try:
        assert_equal(outside.reset(seed=1), inside.reset(seed=1))
        call, submit = (np.full((2, 80), -1) for _ in range(2))
        for actions, text in ((call, b"<request><echo>hi<call>"), (submit, b"42<submit>")):
            actions[:, : len(text)] = list(text)
        for actions in (call, submit, submit, call, submit):
            assert_equal(outside.step(actions), inside.step(actions))
    finally:
        outside.close()
        inside.close()
    key = lambda transcript: (transcript.metadata["seed"], transcript.metadata["episode"])  # noqa: E731
    recorded = [sorted(read_jsonl(tmp_path / f"{name}.jsonl"), key=key) for name in ("outside", "inside")]
    assert recorded[0] == recorded[1]
    assert len(recorded[0]) == 4


@pytest.mark.parametrize("name", ["replaced", "recorded", "curriculum"])
def test_vectors_must_record_where_transcripts_are_read(name, tmp_path):
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=2)
    with pytest.raises(ValueError, match=r"reads transcripts: gym\.make_vec\(\.\.\., record=True\)"):
        WRAPPERS[name](vector, envs, tmp_path / "episodes.jsonl")
    if name != "curriculum":
        envs = WRAPPERS[name](vector, SyncVectorEnv([toy_env]), tmp_path / "episodes.jsonl")
        envs.reset(seed=0)
        with pytest.raises(ValueError, match="ended without a transcript: make the environments with record=True"):
            envs.step([envs.unwrapped.envs[0].rules.tokenizer.eos_id])


@every_wrapper
def test_other_environments_are_refused(name, tmp_path):
    env = gymnasium.make("CartPole-v1")
    with pytest.raises(TypeError, match="CartPole"):
        WRAPPERS[name](Single, env, tmp_path / "episodes.jsonl")


# Under Gymnasium's wrappers and over them


@pytest.mark.parametrize("name", SAME_IN_VECTORS)
def test_an_episode_that_a_time_limit_ends_counts(name, tmp_path):
    env = gymnasium.wrappers.TimeLimit(toy_env(), 3)
    env = WRAPPERS[name](Single, env, tmp_path / "episodes.jsonl")
    env.reset(seed=0)
    for token in b"abc":
        obs, reward, terminated, truncated, info = env.step(token)
    assert (terminated, truncated) == (False, True)
    transcript = info["transcript"]
    assert (transcript.stop_reason, transcript.actions.tolist()) == (None, list(b"abc"))
    expected = {"replaced": float(len(transcript)), "added": -3 / 64, "stacked": -3 / 64}.get(name, 0.0)
    assert reward == expected
    assert transcript.rewards.sum() == np.float32(expected)
    if name in ("recorded", "stacked"):
        assert read_jsonl(tmp_path / "episodes.jsonl") == [transcript]


@every_wrapper
def test_statistics_see_the_new_rewards(name, tmp_path):
    env = WRAPPERS[name](Single, gymnasium.make("TextCalc-v0"), tmp_path / "episodes.jsonl")
    env = gymnasium.wrappers.RecordEpisodeStatistics(env)
    env.reset(seed=0)
    for token in joined(env.unwrapped.oracle_turns()):
        info = env.step(token)[4]
    assert info["episode"]["r"] == pytest.approx(sum(info["transcript"].turn_rewards))
    env.reset()
    envs = WRAPPERS[name](vector, gymnasium.make_vec("TextCalc-v0", num_envs=2, record=True), tmp_path / "vec.jsonl")
    for wrapped in (
        gymnasium.wrappers.vector.RecordEpisodeStatistics(envs),
        WRAPPERS[name](
            vector,
            gymnasium.wrappers.vector.RecordEpisodeStatistics(
                gymnasium.make_vec("TextCalc-v0", num_envs=2, record=True)
            ),
            tmp_path / "outside.jsonl",
        ),
    ):
        wrapped.reset(seed=0)
        for token in joined(wrapped.unwrapped.oracle_turns(0)):
            infos = wrapped.step(np.array([token, 65]))[4]
        assert infos["_episode"].tolist() == [True, False]
        assert isinstance(infos["transcript"][0], Transcript)


def test_text_goes_through_wrappers(tmp_path):
    path = tmp_path / "episodes.jsonl"
    env = RecordTranscripts(CallPenalty(gymnasium.make("TextCalc-v0"), 0.5), path)
    env.reset(seed=0)
    assert env.step_text("<request><calculator>1+1<call>")[1] == -0.5
    assert env.step_text("3<submit>")[1] == 0.0
    assert [t.turn_rewards for t in read_jsonl(path)] == [(-0.5, 0.0)]


def test_the_order_of_wrappers_is_the_order_of_rewards(tmp_path):
    plain, priced = tmp_path / "plain.jsonl", tmp_path / "priced.jsonl"
    env = RecordTranscripts(toy_env(), plain)
    env = RecordTranscripts(CallPenalty(env, 0.5), priced)
    play_out(env, seed=0)
    assert [t.turn_rewards for t in read_jsonl(plain)] == [(0.0, 0.0, 1.25)]
    assert [t.turn_rewards for t in read_jsonl(priced)] == [(-0.5, -0.5, 1.25)]


@pytest.mark.parametrize(
    "module",
    ["call_penalty", "transcript_reward", "record_transcripts", "curriculum", "vector"],
)
def test_examples_in_docstrings_run(module):
    failed, tried = doctest.testmod(importlib.import_module(f"textgym.wrappers.{module}"))
    assert (failed, tried > 0) == (0, True)
