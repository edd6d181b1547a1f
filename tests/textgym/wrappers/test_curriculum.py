"""A curriculum over difficulty."""

import json
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given
from hypothesis import strategies as st
from support.toys import ToyTasks, toy_env

from textgym import ContextTooShort, Task, Transcript
from textgym.wrappers import Curriculum, vector
from textgym.wrappers.curriculum import Ladder


def make(**kwargs) -> Curriculum:
    kwargs = {"levels": [1, 2, 3], "window": 2, "raise_at": 1.0, "lower_at": 0.0, **kwargs}
    return Curriculum(gymnasium.make("TextCalc-v0"), **kwargs)


def play(env: Curriculum, success: bool, seed: int | None = None):
    env.reset(seed=seed)
    return env.step_text(f"{env.unwrapped.task.answer if success else 'none'}<submit>")


def level(env: Curriculum) -> int:
    return env.state_dict()["level"]


# The rule


def naive_level(successes: list[bool], levels: int, raise_at: float, lower_at: float | None, window: int) -> int:
    """The rule said again: look back from each episode to the last change of level."""
    at, since = 0, 0
    for i in range(len(successes)):
        if i + 1 - since < window:
            continue
        rate = np.mean(successes[i + 1 - window : i + 1])
        move = 1 if rate >= raise_at else -1 if lower_at is not None and rate <= lower_at else 0
        if move and at + move in range(levels):
            at, since = at + move, i + 1
    return at


@given(
    successes=st.lists(st.booleans(), max_size=60),
    levels=st.integers(1, 4),
    raise_at=st.sampled_from([0.5, 0.75, 1.0]),
    lower_at=st.sampled_from([None, 0.0, 0.25]),
    window=st.integers(1, 5),
)
def test_the_rule(successes, levels, raise_at, lower_at, window):
    ladder = Ladder(levels, raise_at, lower_at, window)
    for success in successes:
        ladder.record(success)
    assert ladder.level == naive_level(successes, levels, raise_at, lower_at, window)


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"levels": []}, "a curriculum needs at least one level"),
        ({"raise_at": 0.0}, "raise_at is a success rate above 0 and at most 1, not 0.0"),
        ({"raise_at": 80}, "raise_at is a success rate above 0 and at most 1, not 80"),
        ({"lower_at": 1.0}, "lower_at is a success rate from 0 to below raise_at=1.0, not 1.0"),
        ({"window": 0}, "window is a number of episodes of at least 1, not 0"),
        ({"levels": [1, 7]}, "unknown difficulty 7"),
    ],
)
def test_arguments(kwargs, message):
    with pytest.raises(ValueError, match=message):
        make(**kwargs)


# One environment


def test_up_and_down():
    env = make()
    levels = []
    for success in (True, True, True, False, True, True, True, True, False, False):
        info = play(env, success)[4]
        assert info["curriculum_level"] + 1 == env.unwrapped.task.metadata["difficulty"]
        levels.append(info["curriculum_level"])
    assert levels == [0, 0, 1, 1, 1, 1, 2, 2, 2, 2]
    assert level(env) == 1


def test_never_lowers_by_default():
    env = make(lower_at=None)
    for success in (True, True, *[False] * 6):
        play(env, success)
    assert level(env) == 1


def test_failures_of_every_kind_count():
    env = make(levels=[1, 2], window=1)
    play(env, True)
    assert level(env) == 1
    env.reset()
    env.step(env.unwrapped.rules.tokenizer.eos_id)  # neither a call nor a submission
    assert level(env) == 0


def test_a_reset_shows_the_state_and_keeps_the_level():
    env = make(window=3, raise_at=0.5)
    play(env, True)
    assert env.reset(seed=0)[1]["curriculum"] == {"level": 0, "episodes": 1, "successes": 1}
    play(env, False)
    play(env, True)
    assert env.reset(seed=0)[1]["curriculum"] == {"level": 1, "episodes": 0, "successes": 0}


@pytest.mark.parametrize("seed", [0, 5])
def test_a_seed_gives_the_task_that_it_gives_without_the_curriculum(seed):
    env = make()
    for difficulty in (1, 2, 3):
        plain = gymnasium.make("TextCalc-v0", source_kwargs={"difficulty": difficulty})
        for turn in range(3):
            env.reset(seed=seed if turn == 0 else None)
            plain.reset(seed=seed if turn == 0 else None)
            mine, theirs = env.unwrapped.task, plain.unwrapped.task
            assert (mine.prompt, mine.answer) == (theirs.prompt, theirs.answer)
            assert mine.metadata == {**theirs.metadata, "curriculum_level": difficulty - 1}
        play(env, True)
        play(env, True)


def test_the_same_seeds_and_answers_give_the_same_run():
    one, two = make(), make()
    for i, success in enumerate(np.random.default_rng(0).random(30) < 0.6):
        first, second = (play(env, success, seed=7 if i == 0 else None) for env in (one, two))
        assert first[4] == second[4]
    assert one.state_dict() == two.state_dict()


def test_tasks_that_are_set_do_not_count():
    env = make(window=1)
    env.reset(options={"task": Task("What is 1+1?", "2", {"expression": "1+1"})})
    info = env.step_text("2<submit>")[4]
    assert info["is_success"]
    assert "curriculum_level" not in info
    assert level(env) == 0


def test_a_task_of_another_curriculum_is_graded():
    env = make()
    env.reset(options={"task": Task("What is 1+1?", "2", {"expression": "1+1", "curriculum_level": 99})})
    assert env.step_text("2<submit>")[4]["is_success"]


def test_save_and_load():
    env = make(window=3)
    for success in (True, True, True, True, False):
        play(env, success)
    state = json.loads(json.dumps(env.state_dict()))
    assert state == {"level": 1, "recent": [True, False]}
    other = make(window=3)
    other.load_state_dict(state)
    for success in (False, False, False, True):
        assert play(env, success, seed=3)[4] == play(other, success, seed=3)[4]
    assert env.state_dict() == other.state_dict()
    with pytest.raises(ValueError, match="the state is at level 2 with 0 episodes, but this curriculum has 2 levels"):
        make(levels=[1, 2]).load_state_dict({"level": 2, "recent": []})
    with pytest.raises(ValueError, match="a window of 2; make it as the saved one was made"):
        make(window=2).load_state_dict({"level": 0, "recent": [True] * 3})


def test_it_goes_into_the_transcript():
    env = make(window=1)
    play(env, True)
    transcript: Transcript = play(env, True)[4]["transcript"]
    assert transcript.metadata["task"]["curriculum_level"] == 1


class Easy(ToyTasks):
    def __init__(self, name: str) -> None:
        self.name = name

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        task = super().draw(rng, split)
        return Task(task.prompt, task.answer, {**task.metadata, "name": self.name})

    def grade(self, task: Task, submission: str) -> dict[str, float]:
        assert task.metadata["name"] == self.name  # a task is graded by the source that drew it
        return super().grade(task, submission)


def test_sources_as_levels():
    env = Curriculum(toy_env(), [Easy("a"), Easy("b"), Easy("c")], window=1)
    for name in "abc":
        play(env, True)
        assert env.unwrapped.task.metadata["name"] == name


def test_difficulties_need_a_registered_class():
    with pytest.raises(
        ValueError, match=r"the level 1 needs an environment that was registered with a class of sources"
    ):
        Curriculum(toy_env(), [1, 2])
    env = gymnasium.make("TextCalc-v0", source=ToyTasks(), tools=[])
    with pytest.raises(ValueError, match=r"give the levels as sources: Curriculum\(env, \[Easy\(\), Hard\(\)\]\)"):
        Curriculum(env, [1, 2])
    env = gymnasium.make("TextCalc-v0", source="support.toys:ToyTasks", tools=[])
    with pytest.raises(ValueError, match=r"unexpected keyword|takes no arguments"):
        Curriculum(env, [1, 2])


def test_other_arguments_of_the_source_stay():
    env = gymnasium.make("TextCalc-v0", source_kwargs={"families": ["difference", "change"]})
    with pytest.raises(ValueError, match="no family of difficulty"):
        Curriculum(env, [4])


def test_every_level_must_have_the_split_and_fit():
    env = gymnasium.make("TextCalc-v0", split="test_unseen")
    with pytest.raises(ValueError, match="unknown split 'test_unseen'; Levels has train, validation, test"):
        Curriculum(env, [Easy("a")])

    class Long(ToyTasks):
        def draw(self, rng: np.random.Generator, split: str) -> Task:
            return Task("long " * 200, "1", {"number": 0})

    with pytest.raises(ContextTooShort, match="raise max_tokens"):
        Curriculum(toy_env(), [ToyTasks(), Long()])


# Vectors


def play_vector(envs: vector.Curriculum, succeeds: list[bool]):
    """One turn in every slot, right or wrong; single-step episodes on the turn face."""
    base = envs.unwrapped
    actions = np.full((base.num_envs, base.rules.max_new_tokens), -1)
    for i, success in enumerate(succeeds):
        ids = base.rules.encode_turn(f"{base.episodes[i].task.answer if success else 'none'}<submit>")
        actions[i, : len(ids)] = ids
    return envs.step(actions)


@pytest.mark.parametrize("autoreset", list(AutoresetMode))
def test_one_level_for_all_slots(autoreset):
    base = gymnasium.make_vec("TextCalc-v0", num_envs=3, record=True, action_mode="turn", autoreset_mode=autoreset)
    envs = vector.Curriculum(base, [1, 2, 3], raise_at=1.0, lower_at=0.0, window=2)

    def next_episodes(infos):
        if autoreset == AutoresetMode.NEXT_STEP:
            return play_vector(envs, [True] * 3)[4]  # resets every slot, whatever the action
        if autoreset == AutoresetMode.DISABLED:
            return envs.reset(options={"reset_mask": np.ones(3, bool)})[1]
        return infos

    _, infos = envs.reset(seed=0)
    assert infos["curriculum"]["level"].tolist() == [0, 0, 0]
    infos = play_vector(envs, [True, True, False])[4]
    final = infos["final_info"] if autoreset == AutoresetMode.SAME_STEP else infos
    assert final["curriculum_level"].tolist() == [0, 0, 0]
    # The first two raised the level; the third was of the old level by then, and does not count.
    infos = next_episodes(infos)
    assert infos["curriculum"]["level"].tolist() == [1, 1, 1]
    assert infos["curriculum"]["episodes"].tolist() == [0, 0, 0]
    drawn = [episode.task.metadata["difficulty"] for episode in base.episodes]
    assert drawn == ([1, 1, 1] if autoreset == AutoresetMode.SAME_STEP else [2, 2, 2])
    # In the same step the tasks are drawn before the ends are counted: one episode later the level shows.
    if autoreset == AutoresetMode.SAME_STEP:
        play_vector(envs, [True] * 3)
        assert [episode.task.metadata["difficulty"] for episode in base.episodes] == [2, 2, 2]
    assert envs.state_dict() == {"level": 1, "recent": []}


def test_a_vector_of_one_goes_as_one_environment_does():
    single = make()
    base = gymnasium.make_vec("TextCalc-v0", num_envs=1, record=True, action_mode="turn", autoreset_mode="Disabled")
    envs = vector.Curriculum(base, [1, 2, 3], raise_at=1.0, lower_at=0.0, window=2)
    for success in np.random.default_rng(1).random(25) < 0.6:
        _, info = single.reset(seed=4)
        _, infos = envs.reset(seed=4)
        assert {key: int(values[0]) for key, values in infos["curriculum"].items() if key[0] != "_"} == info[
            "curriculum"
        ]
        assert base.episodes[0].task == single.unwrapped.task
        single.step_text(f"{single.unwrapped.task.answer if success else 'none'}<submit>")
        play_vector(envs, [success])
        assert envs.state_dict() == single.state_dict()
    again = pickle.loads(pickle.dumps(envs.state_dict()))
    envs.load_state_dict({"level": 2, "recent": []})
    envs.reset()
    assert base.episodes[0].task.metadata["difficulty"] == 3
    envs.load_state_dict(again)
    assert envs.state_dict() == again


def test_a_vector_of_gymnasiums_wraps_each_environment():
    make_one = lambda: Curriculum(gymnasium.make("TextCalc-v0"), [1, 2])  # noqa: E731
    with pytest.raises(TypeError, match=r"wrap each environment: gym\.make_vec\(\.\.\., wrappers=\[\.\.\.\]\)"):
        vector.Curriculum(SyncVectorEnv([make_one]), [1, 2])
    envs = gymnasium.make_vec(
        "TextCalc-v0", num_envs=2, vectorization_mode="sync", wrappers=[lambda env: Curriculum(env, [1, 2])]
    )
    assert envs.reset(seed=0)[1]["curriculum"]["level"].tolist() == [0, 0]
