"""The example of an environment of one's own: short, and all that the project's own environments are."""

import importlib.util
import inspect
import pickle
import sys
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType

import cloudpickle
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from gymnasium.vector import SyncVectorEnv

from textgym import TextVectorEnv

PATH = Path(__file__).parents[1] / "examples" / "own_environment.py"
every_protocol = pytest.mark.parametrize("protocol", ["tags", "hermes"])
every_face = pytest.mark.parametrize("face", ["token", "turn"])


@pytest.fixture(scope="module")
def example() -> Iterator[ModuleType]:
    spec = importlib.util.spec_from_file_location("own_environment", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del gymnasium.registry["Letters-v0"], sys.modules[spec.name]


def test_it_is_as_short_as_promised(example):
    assert len(inspect.getsource(example.count_letter).splitlines()) <= 10
    assert len(inspect.getsource(example.LetterTasks).splitlines()) <= 22
    assert len(PATH.read_text(encoding="utf-8").splitlines()) <= 70


def test_the_tool_has_a_schema(example):
    env = gymnasium.make("Letters-v0").unwrapped
    assert env.rules.tools["count_letter"].schema()["function"] == {
        "name": "count_letter",
        "description": "Counts how often a letter stands in a word.",
        "parameters": {
            "type": "object",
            "properties": {
                "word": {"type": "string", "description": "the word to look through."},
                "letter": {"type": "string", "description": "the letter to count."},
            },
            "required": ["word", "letter"],
        },
    }


@every_protocol
@every_face
def test_check_env(example, protocol, face):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(gymnasium.make("Letters-v0", protocol=protocol, action_mode=face).unwrapped)


@every_protocol
def test_the_oracle_succeeds(example, protocol):
    env = gymnasium.make("Letters-v0", protocol=protocol)
    for seed in range(20):
        env.reset(seed=seed)
        steps = [env.step(token) for token in chain(*env.unwrapped.oracle_turns())]
        assert [step[1] for step in steps if step[1]] == [1.0]
        assert steps[-1][2]
        assert steps[-1][4]["is_success"]


def test_a_wrong_answer_earns_nothing(example):
    env = gymnasium.make("Letters-v0").unwrapped
    for wrong in ("", "-1", "seventeen", "1 2 3 4 5"):
        env.reset(seed=0)
        assert env.step_text(f"{wrong}<submit>")[1] == 0.0


@every_face
def test_a_vector_equals_gymnasiums(example, face):
    ours = gymnasium.make_vec("Letters-v0", num_envs=3, action_mode=face)
    theirs = gymnasium.make_vec("Letters-v0", num_envs=3, action_mode=face, vectorization_mode="sync")
    assert isinstance(ours, TextVectorEnv)
    assert isinstance(theirs, SyncVectorEnv)
    assert data_equivalence(ours.reset(seed=1), theirs.reset(seed=1), exact=True)
    ours.action_space.seed(0)
    for _ in range(10):
        actions = ours.action_space.sample()
        assert data_equivalence(ours.step(actions), theirs.step(actions), exact=True)


def test_splits_share_no_word(example):
    source, words = example.LetterTasks(), {}
    for split in source.splits:
        rng = np.random.default_rng(0)
        words[split] = {source.draw(rng, split).metadata["word"] for _ in range(300)}
        assert len(words[split]) > 250
    assert not words["train"] & words["test"]
    assert not words["train"] & words["validation"]
    assert not words["validation"] & words["test"]


def test_it_goes_to_other_processes(example):
    """With cloudpickle, as Gymnasium sends environments."""
    env = gymnasium.make("Letters-v0")
    env.reset(seed=0)
    again = pickle.loads(cloudpickle.dumps(env))
    assert data_equivalence(env.step(65), again.step(65), exact=True)
    assert data_equivalence(env.reset(seed=3), again.reset(seed=3), exact=True)


def test_it_runs(example, capsys):
    example.main()
    out = capsys.readouterr().out
    assert "<count_letter>" in out
    assert "[submit, reward 1]" in out
