"""`TextVectorEnv` equals N `TextEnv`s, step for step; the oracle is Gymnasium's own `SyncVectorEnv`."""

from functools import cache

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import DICE, TOKENIZERS, TOOLS, ToyTasks, flat, random_tokens, token_runs, toy_env, toy_protocol

from textgym import ContextTooShort, Task, TextVectorEnv
from textgym.protocols import PROTOCOLS
from textgym.vector_infos import batch_infos

N = 4
MODES = list(AutoresetMode)
every_mode = pytest.mark.parametrize("autoreset", MODES, ids=[mode.value for mode in MODES])
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_face = pytest.mark.parametrize("face", ["token", "turn"])


def toy_vector(tokenizer: str = "byte", protocol: str = "tags", num_envs: int = N, **kwargs) -> TextVectorEnv:
    defaults = {"max_tokens": 400, "max_new_tokens": 80, "max_turns": 4, "max_calls": 5, "max_tool_tokens": 40}
    return TextVectorEnv(
        ToyTasks(),
        num_envs=num_envs,
        tokenizer=TOKENIZERS[tokenizer](),
        protocol=toy_protocol(protocol),
        **{"tools": TOOLS, "system_prompt": "Use tools.", **defaults, **kwargs},
    )


def toy_sync(tokenizer: str, protocol: str, autoreset: AutoresetMode, **kwargs) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: toy_env(tokenizer, protocol, **kwargs)] * N, autoreset_mode=autoreset)


class Player:
    """Chooses the actions: the oracle's turns, random tokens, or each episode one of them."""

    def __init__(self, envs: TextVectorEnv, policy: str, seed: int) -> None:
        self.envs, self.policy, self.rng = envs, policy, np.random.default_rng(seed)
        self.tasks: list[Task | None] = [None] * envs.num_envs
        self.plans: list[list[list[int]]] = [[] for _ in range(envs.num_envs)]

    def plan(self, i: int) -> list[list[int]]:
        tokenizer = self.envs.rules.tokenizer
        noise = random_tokens(tokenizer, 60, int(self.rng.integers(1 << 30)))
        cuts = np.sort(self.rng.integers(0, len(noise), 5))
        noisy = [part.tolist() for part in np.split(np.array(noise), cuts)]
        oracle = self.envs.oracle_turns(i)
        if self.policy == "mixed":
            return [*oracle[: self.rng.integers(3)], *noisy] if self.rng.random() < 0.7 else oracle
        return oracle if self.policy == "oracle" else noisy

    def actions(self, done: np.ndarray) -> np.ndarray:
        chosen = []
        for i in range(self.envs.num_envs):
            if self.envs.episodes[i].task is not self.tasks[i]:
                self.tasks[i], self.plans[i] = self.envs.episodes[i].task, self.plan(i)
            if done[i] or not self.plans[i]:
                chosen.append([self.envs.rules.tokenizer.eos_id])
            elif self.envs.action_mode == "turn":
                chosen.append(self.plans[i].pop(0)[: self.envs.rules.max_new_tokens])
            else:
                self.plans[i] = [turn for turn in self.plans[i] if turn] or [[self.envs.rules.tokenizer.eos_id]]
                chosen.append([self.plans[i][0].pop(0)])
        if self.envs.action_mode == "token":
            return np.array(chosen)[:, 0]
        padded = np.full((len(chosen), self.envs.rules.max_new_tokens), -1)
        for row, ids in zip(padded, chosen, strict=True):
            row[: len(ids)] = ids
        return padded


def assert_same(ours, theirs) -> None:
    for name, one, two in zip(("obs", "rewards", "terminated", "truncated", "infos"), ours, theirs, strict=False):
        assert data_equivalence(one, two, exact=True), f"{name}: {one} != {two}"


def compare(ours: TextVectorEnv, theirs: SyncVectorEnv, policy: str, steps: int, seed: int) -> set[str]:
    """Drive both with the same actions; every stop reason that was seen."""
    player, seen = Player(ours, policy, seed), set()
    assert_same(ours.reset(seed=seed), theirs.reset(seed=seed))
    done = np.zeros(N, bool)
    for _ in range(steps):
        actions = player.actions(done)
        mine, other = ours.step(actions), theirs.step(actions)
        assert_same(mine, other)
        done = mine[2] | mine[3]
        info = mine[4]["final_info"] if "final_info" in mine[4] else mine[4]
        seen |= {reason for reason in info.get("stop_reason", []) if reason}
        if ours.autoreset_mode == AutoresetMode.SAME_STEP:
            done[:] = False
        elif ours.autoreset_mode == AutoresetMode.DISABLED and done.any():
            ours_reset, theirs_reset = (e.reset(options={"reset_mask": done.copy()}) for e in (ours, theirs))
            assert_same(ours_reset, theirs_reset)
            done[:] = False
    return seen


@every_mode
@every_protocol
@every_face
@pytest.mark.parametrize("policy", ["oracle", "random", "mixed"])
def test_equals_gymnasiums_vector_of_single_environments(autoreset, protocol, face, policy):
    steps = 250 if face == "token" else 40
    kwargs = {"action_mode": face, "record": True}
    seen = set()
    for seed in (0, 100):
        ours = toy_vector("byte", protocol, autoreset_mode=autoreset, **kwargs)
        theirs = toy_sync("byte", protocol, autoreset, **kwargs)
        seen |= compare(ours, theirs, policy, steps, seed)
    assert "submit" in seen or policy == "random"
    assert policy == "oracle" or len(seen) >= 2


@every_mode
@every_protocol
@pytest.mark.parametrize("tokenizer", ["padded", "unigram"])
def test_equals_it_with_other_tokenizers(autoreset, protocol, tokenizer):
    ours = toy_vector(tokenizer, protocol, autoreset_mode=autoreset)
    compare(ours, toy_sync(tokenizer, protocol, autoreset), "mixed", 100, seed=1)


@every_mode
def test_equals_it_on_textcalc(autoreset):
    ours = gymnasium.make_vec("TextCalc-v0", num_envs=N, autoreset_mode=autoreset)
    theirs = gymnasium.make_vec(
        "TextCalc-v0", num_envs=N, vectorization_mode="sync", vector_kwargs={"autoreset_mode": autoreset}
    )
    assert compare(ours, theirs, "oracle", 150, seed=2) == {"submit"}


@cache
def pair(autoreset: AutoresetMode, protocol: str, face: str) -> tuple[TextVectorEnv, SyncVectorEnv]:
    kwargs = {"action_mode": face, "record": True, "tools": (*TOOLS, DICE), "on_call_error": {"bad_args": "penalize"}}
    ours = toy_vector("byte", protocol, num_envs=3, autoreset_mode=autoreset, **kwargs)
    theirs = SyncVectorEnv([lambda: toy_env("byte", protocol, **kwargs)] * 3, autoreset_mode=autoreset)
    return ours, theirs


seeds_of_a_reset = st.none() | st.integers(0, 999) | st.lists(st.none() | st.integers(0, 999), min_size=3, max_size=3)


def draw_action(data, envs: TextVectorEnv, queues: list[list[int]]) -> np.ndarray:
    """For each slot the next token of a run, or a run: hypothesis picks an oracle's turn, hostile tokens, or none."""
    chosen = []
    for i, queue in enumerate(queues):
        if not queue:
            oracle = st.sampled_from([*envs.oracle_turns(i), flat(envs.oracle_turns(i))])
            queue += data.draw(oracle | token_runs(envs.rules.tokenizer, longest=4))
        if envs.action_mode == "turn":
            chosen.append(queue[:80] + [-1] * (80 - len(queue)))
            queue.clear()
        else:
            chosen.append([queue.pop(0) if queue else envs.rules.tokenizer.eos_id])
    return np.array(chosen) if envs.action_mode == "turn" else np.array(chosen)[:, 0]


@every_mode
@every_protocol
@every_face
@settings(max_examples=8)
@given(data=st.data())
def test_equals_it_whatever_is_done(autoreset, protocol, face, data):
    """Any tokens, any seeds, resets at any time; without autoreset also of any slots, ended or not."""
    ours, theirs = pair(autoreset, protocol, face)
    seed = data.draw(st.integers(0, 999))
    assert_same(ours.reset(seed=seed), theirs.reset(seed=seed))
    queues: list[list[int]] = [[], [], []]
    for _ in range(120 if face == "token" else 12):
        actions = draw_action(data, ours, queues)
        mine, other = ours.step(actions), theirs.step(actions)
        assert_same(mine, other)
        mask = mine[2] | mine[3]
        if autoreset == AutoresetMode.DISABLED and mask.any():
            mask |= np.array(data.draw(st.lists(st.booleans(), min_size=3, max_size=3)))
            again = data.draw(seeds_of_a_reset)
            one, two = (each.reset(seed=again, options={"reset_mask": mask.copy()}) for each in (ours, theirs))
            assert_same(one, two)
        elif data.draw(st.integers(0, 60)) == 0:
            assert_same(ours.reset(seed=seed + 1), theirs.reset(seed=seed + 1))
    for i in range(3):
        assert ours.transcript(i) == theirs.envs[i].transcript()


def test_infos_are_gymnasiums():
    """`batch_infos` against `VectorEnv._add_info`, on all kinds of values."""
    envs = toy_vector()
    infos = [
        {"a": 1, "b": 0.5, "c": True, "d": "x", "e": [1], "f": np.arange(3), "g": {"h": 1, "i": {"j": "y"}}},
        {},
        {"a": 2, "g": {"h": 3, "k": np.float32(2)}, "final_obs": {"input_ids": np.arange(2)}, "final_info": {"a": 1}},
        {"d": None, "n": np.int64(4), "final_obs": {"input_ids": np.arange(2)}, "final_info": {"a": 2, "b": 1.0}},
    ]
    expected: dict = {}
    for i, info in enumerate(infos):
        expected = envs._add_info(expected, info, i)
    assert data_equivalence(batch_infos(enumerate(infos), N), expected, exact=True)
    assert batch_infos([], N) == {}


# Autoreset, said outright


def play_to_the_end(envs: TextVectorEnv, slot: int = 0):
    """The oracle in one slot while the others write `a`; the result of the step in which it ends."""
    for token in flat(envs.oracle_turns(slot)):
        actions = np.full(envs.num_envs, ord("a"))
        actions[slot] = token
        result = envs.step(actions)
    return result


def test_next_step():
    envs = toy_vector(max_new_tokens=100)
    envs.reset(seed=0)
    obs, rewards, terminated, truncated, infos = play_to_the_end(envs, slot=1)
    assert terminated.tolist() == [False, True, False, False]
    assert rewards.tolist() == [0.0, 1.25, 0.0, 0.0]
    assert infos["_stop_reason"].tolist() == [False, True, False, False]
    assert infos["stop_reason"][1] == "submit"
    assert obs["length"][1] == len(envs.transcript(1))
    assert envs.transcript(1).stop_reason == "submit"
    obs, rewards, terminated, truncated, infos = envs.step(np.full(N, ord("b")))
    assert not rewards.any()
    assert not terminated.any()
    assert not truncated.any()
    assert infos == {}
    assert not obs["loss_mask"][1].any()  # a new episode; the action was not taken
    assert obs["loss_mask"][0].any()


def test_same_step():
    envs = toy_vector(autoreset_mode=AutoresetMode.SAME_STEP, max_new_tokens=100)
    envs.reset(seed=0)
    obs, rewards, terminated, truncated, infos = play_to_the_end(envs, slot=1)
    assert terminated.tolist() == [False, True, False, False]
    assert rewards[1] == 1.25
    assert infos["_final_obs"].tolist() == [False, True, False, False]
    assert infos["final_info"]["stop_reason"][1] == "submit"
    assert "stop_reason" not in infos
    final = infos["final_obs"][1]
    assert final["loss_mask"].sum() > 0
    assert final in envs.single_observation_space
    assert not obs["loss_mask"][1].any()  # the observation is already the next episode's
    kept = final["input_ids"].copy()
    envs.step(np.full(N, ord("b")))
    np.testing.assert_array_equal(final["input_ids"], kept)


def test_same_step_with_copy_false_still_gives_a_final_obs_of_its_own():
    envs = toy_vector(autoreset_mode=AutoresetMode.SAME_STEP, copy=False)
    envs.reset(seed=0)
    *_, infos = play_to_the_end(envs)
    assert not np.shares_memory(infos["final_obs"][0]["input_ids"], envs.rows.ids)
    assert infos["final_obs"][0]["loss_mask"].any()


@every_face
def test_disabled_repeats_an_end_until_the_slot_is_reset(face):
    envs = toy_vector(autoreset_mode=AutoresetMode.DISABLED, action_mode=face)
    envs.reset(seed=0)
    stop = np.full(N, 258) if face == "token" else np.full((N, 80), -1)
    stop[1:] = ord("a") if face == "token" else stop[1:]
    if face == "turn":
        stop[1:, 0] = ord("a")
    first = envs.step(stop)
    assert first[2].tolist() == [True, False, False, False]
    again = envs.step(stop)
    assert again[2].tolist() == [True, False, False, False]
    assert not again[1].any()
    assert again[4]["stop_reason"][0] == "no_call"
    np.testing.assert_array_equal(again[0]["input_ids"][0], first[0]["input_ids"][0])

    obs, infos = envs.reset(options={"reset_mask": again[2]})
    assert infos == {}
    assert not obs["loss_mask"][0].any()
    assert obs["loss_mask"][1:].any(axis=1).all()  # the others play on
    assert not envs.step(np.full_like(stop, ord("a")))[2].any()


# Tasks


def tasks(n: int) -> list[Task]:
    return [Task(f"Task {i}?", str(i), {"number": i}) for i in range(n)]


def test_a_queue_of_tasks_is_played_in_order():
    queue = tasks(6)
    envs = toy_vector(max_new_tokens=100)
    envs.reset(seed=0, options={"tasks": queue})
    assert [episode.task for episode in envs.episodes] == queue[:4]
    play_to_the_end(envs, slot=2)
    envs.step(np.full(N, ord("a")))
    assert envs.episodes[2].task is queue[4]
    envs.step(np.full(N, 258))  # all end
    envs.step(np.full(N, 258))  # all start anew: one from the queue, the others draw
    assert envs.episodes[0].task is queue[5]
    singles = [toy_env() for _ in range(N)]
    for i, single in enumerate(singles):
        single.reset(seed=i)
    assert [e.task for e in envs.episodes[1:]] == [s.task for s in singles[1:]]  # the first draw, as without a queue


def test_a_new_queue_replaces_the_old_one():
    envs = toy_vector()
    envs.reset(options={"tasks": tasks(20)})
    envs.reset(options={"tasks": tasks(20)[10:]})
    assert [e.task.answer for e in envs.episodes] == ["10", "11", "12", "13"]
    envs.reset(options={"tasks": []})
    assert not {e.task.answer for e in envs.episodes} & {"14", "15"}


def test_a_seeded_reset_is_not_overridden_by_a_leftover_queue():
    envs, fresh = toy_vector(), toy_vector()
    envs.reset(options={"tasks": tasks(20)})
    envs.reset(seed=7)
    fresh.reset(seed=7)
    assert prompts(envs) == prompts(fresh)


def test_a_reset_with_a_mask_goes_on_with_the_queue():
    envs = toy_vector(autoreset_mode=AutoresetMode.DISABLED)
    envs.reset(options={"tasks": tasks(20)})
    envs.reset(options={"reset_mask": np.array([False, True, False, False])})
    assert [e.task.answer for e in envs.episodes] == ["0", "4", "2", "3"]
    envs.reset(options={"reset_mask": np.ones(N, bool)})
    assert [e.task.answer for e in envs.episodes] == ["5", "6", "7", "8"]
    envs.reset(options={"reset_mask": np.array([True, False, False, False]), "tasks": tasks(20)[15:]})
    assert [e.task.answer for e in envs.episodes] == ["15", "6", "7", "8"]


def test_an_autoreset_on_a_task_that_does_not_fit_raises():
    envs = toy_vector(autoreset_mode=AutoresetMode.SAME_STEP)
    envs.reset(options={"tasks": [*tasks(N), Task("long " * 100, "1")]})
    with pytest.raises(ContextTooShort, match="raise max_tokens"):
        envs.step(np.full(N, envs.rules.tokenizer.eos_id))
    observation, rewards, terminated, *_ = envs.step(np.full(N, 65))
    assert not rewards.any()
    assert terminated[1:].all(), "what has ended repeats its end"
    assert not observation["loss_mask"][1:].any(), "and takes no token: the next episode has begun"


def test_a_new_source_grades_its_own_tasks_only():
    class Strict(ToyTasks):
        def grade(self, task, submission):
            raise AssertionError("a task of another source")

    envs, single = toy_vector(autoreset_mode=AutoresetMode.DISABLED), toy_env()
    envs.reset(options={"tasks": tasks(N)})
    single.reset(options={"task": tasks(1)[0]})
    envs.use_source(Strict())
    single.use_source(Strict())
    assert single.step_text("0<submit>")[1] > 1
    for token in envs.rules.tokenizer.encode("0<submit>"):
        _, rewards, *_ = envs.step(np.full(N, token))
    assert rewards[0] > 1


def test_a_task_that_does_not_fit_says_so():
    envs = toy_vector()
    with pytest.raises(ContextTooShort, match="raise max_tokens"):
        envs.reset(options={"tasks": [Task("long " * 100, "1")]})
    with pytest.raises(TypeError, match=r"a task must be a textgym\.Task, not str"):
        envs.reset(options={"tasks": ["What is 1+1?"]})


# Seeds


def prompts(envs: TextVectorEnv) -> list[str]:
    return [episode.task.prompt for episode in envs.episodes]


def single_prompts(seed: int | None, n: int) -> list[str]:
    env, drawn = toy_env(), []
    for i in range(n):
        env.reset(seed=seed if i == 0 else None)
        drawn.append(env.task.prompt)
    return drawn


def test_slot_i_plays_seed_plus_i():
    envs = toy_vector()
    for _ in range(2):
        first = envs.reset(seed=7)
        assert prompts(envs) == [single_prompts(7 + i, 1)[0] for i in range(N)]
        second = envs.reset()
        assert prompts(envs) == [single_prompts(7 + i, 2)[1] for i in range(N)]
        again = toy_vector()
        assert again.reset(seed=np.int64(7))[0]["input_ids"].tobytes() == first[0]["input_ids"].tobytes()
        assert again.reset()[0]["input_ids"].tobytes() == second[0]["input_ids"].tobytes()


def test_a_seed_for_each_slot():
    envs = toy_vector()
    envs.reset(seed=0)
    envs.reset(seed=[5, None, 5, 6])
    assert prompts(envs)[0] == prompts(envs)[2] == single_prompts(5, 1)[0]
    assert prompts(envs)[1] == single_prompts(1, 2)[1]
    assert prompts(envs)[3] == single_prompts(6, 1)[0]


def test_a_seeded_reset_of_some_slots_leaves_the_generators_of_the_others():
    envs = toy_vector()
    envs.reset(seed=0)
    envs.reset(seed=50, options={"reset_mask": np.array([False, True, False, False])})
    assert prompts(envs) == [single_prompts(s, 1)[0] for s in (0, 51, 2, 3)]
    envs.reset()
    assert prompts(envs) == [single_prompts(s, 2)[1] for s in (0, 51, 2, 3)]


def test_without_seeds_slots_differ():
    envs = toy_vector(num_envs=8)
    envs.reset()
    assert len(set(prompts(envs))) > 1


# Arrays


STORED = {
    "input_ids": "ids",
    "length": "length",
    **dict.fromkeys(("attention_mask", "loss_mask", "segment_ids"), "marks"),
}


@every_face
def test_copies_are_fresh_and_references_are_not(face):
    action = np.full(N, 65) if face == "token" else np.full((N, 80), 65)
    fresh, shared = (toy_vector(copy=copy, action_mode=face) for copy in (True, False))
    for envs in (fresh, shared):
        results = [envs.reset(seed=0)[0], envs.step(action)[0], envs.step(action)[0]]
        for obs in results:
            for key, array in obs.items():
                assert np.shares_memory(array, getattr(envs.rows, STORED[key])) == (envs is shared)
    before = fresh.step(action)[0]
    kept = {key: array.copy() for key, array in before.items()}
    after = fresh.step(action)[0]
    for key, array in before.items():
        np.testing.assert_array_equal(array, kept[key])
        array[:] = 1
        assert not np.shares_memory(array, after[key])
    expected = toy_vector(action_mode=face)
    expected.reset(seed=0)
    for _ in range(5):
        last = expected.step(action)[0]
    got = fresh.step(action)[0]
    assert data_equivalence(got, last, exact=True)


@every_protocol
def test_steps_never_raise(protocol):
    envs = toy_vector("byte", protocol, num_envs=16)
    envs.reset(seed=0)
    noise = np.array([random_tokens(envs.rules.tokenizer, 400, seed)[:400] for seed in range(16)])
    noise[::5, ::17] = -(2**40)
    noise[::3, ::13] = 2**40
    for column in noise.T:
        obs, *_ = envs.step(column)
    assert obs in envs.observation_space
    obs, *_ = envs.step(noise[:, 0].tolist())
    assert obs in envs.observation_space


# Errors


def test_errors_name_the_fix():
    with pytest.raises(ValueError, match="num_envs must be at least 1, not 0"):
        toy_vector(num_envs=0)
    with pytest.raises(ValueError, match="unknown action_mode 'word'"):
        toy_vector(action_mode="word")
    with pytest.raises(ValueError, match="unknown split"):
        toy_vector(split="holdout")
    envs = toy_vector()
    with pytest.raises(gymnasium.error.ResetNeeded, match=r"call reset\(\) before step\(\)"):
        envs.step(np.zeros(N, int))
    with pytest.raises(ValueError, match=r"call reset\(\) first"):
        envs.oracle_turns(0)
    with pytest.raises(ValueError, match="the first reset must start every slot"):
        envs.reset(options={"reset_mask": np.array([True, False, True, True])})
    with pytest.raises(ValueError, match="3 seeds for 4 slots; give one int, or one for each slot"):
        envs.reset(seed=[1, 2, 3])
    envs.reset()
    with pytest.raises(ValueError, match=r"reset_mask has shape \(2,\) and dtype bool; give one bool for each"):
        envs.reset(options={"reset_mask": np.array([True, False])})
    for indices in (np.array([0, 1, 0, 1]), [0, 1, 2, 3]):
        with pytest.raises(ValueError, match=r"dtype int64; give one bool for each of the 4 slots"):
            envs.reset(options={"reset_mask": indices})
    with pytest.raises(ValueError, match="give either one task for all slots, or tasks to queue"):
        envs.reset(options={"task": tasks(1)[0], "tasks": tasks(2)})


@pytest.mark.parametrize("seed", [-1, 1.5, [0, -1, 2, 3], [0, 1, None, 1.5], ["a", "b", "c", "d"]])
def test_bad_seeds_change_nothing(seed):
    envs, same = toy_vector(), toy_vector()
    envs.reset(seed=1)
    same.reset(seed=1)
    with pytest.raises(gymnasium.error.Error, match="a seed is a whole number from 0 up, or None, not"):
        envs.reset(seed=seed)
    assert data_equivalence(envs.reset(), same.reset(), exact=True)


def test_seeds_may_be_of_any_integers():
    envs = toy_vector()
    expected, _ = envs.reset(seed=[3, 4, 5, 6])
    for seed in (3, np.int64(3), np.arange(3, 7), (3, 4, 5, 6)):
        assert data_equivalence(envs.reset(seed=seed)[0], expected, exact=True)


@pytest.mark.parametrize("autoreset", list(AutoresetMode))
@pytest.mark.parametrize("actions", [65, [65] * 3, [65] * 5, [[65]] * 4])
def test_tokens_of_another_shape_change_nothing(autoreset, actions):
    """Also where a slot has ended, so that it would take no action."""
    envs, same = (toy_vector(autoreset_mode=autoreset) for _ in range(2))
    tokens = np.array([65, envs.rules.tokenizer.eos_id, 65, 65])
    for each in (envs, same):
        each.reset(seed=0)
        each.step(tokens)
    with pytest.raises(ValueError, match=r"actions of shape .* for 4 slots; give each one token id"):
        envs.step(actions)
    assert data_equivalence(envs.step(tokens), same.step(tokens), exact=True)


def test_turns_for_another_number_of_slots():
    envs = toy_vector(action_mode="turn")
    envs.reset(seed=0)
    with pytest.raises(ValueError, match="3 actions for 4 slots; give each a run of token ids"):
        envs.step([[65], [65], [65]])


# Options of the single environment


@pytest.mark.parametrize("number", [None, 5])
def test_one_task_for_all_as_gymnasiums_vector_takes_it(number):
    theirs = SyncVectorEnv([toy_env] * N)
    ours = toy_vector()
    options = {"task": tasks(1)[0], "episode": number}
    for seed in (3, None):
        assert data_equivalence(
            ours.reset(seed=seed, options=options), theirs.reset(seed=seed, options=options), exact=True
        )
        for i in range(N):
            assert ours.transcript(i) == theirs.envs[i].transcript()
    assert data_equivalence(ours.reset(), theirs.reset(), exact=True)


def test_nothing_is_shown_before_the_first_reset():
    assert toy_vector(render_mode="ansi").render() == ("",) * N
    assert toy_env(render_mode="ansi").render() == ""
    assert len(toy_vector().transcript(0)) == 0


def test_unknown_arguments_are_of_the_environment_that_was_asked_for():
    with pytest.raises(TypeError, match=r"TextVectorEnv got an unexpected keyword argument 'foo'; help"):
        gymnasium.make_vec("TextCalc-v0", num_envs=1, foo=1)
    with pytest.raises(TypeError, match="TextEnv got an unexpected keyword argument 'foo'"):
        gymnasium.make("TextCalc-v0", foo=1)
    with pytest.raises(TypeError, match="'max_episode_steps'; limit episodes with max_turns or max_tokens"):
        gymnasium.make_vec("TextCalc-v0", num_envs=1, max_episode_steps=1)
