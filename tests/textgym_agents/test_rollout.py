"""Rollouts against episodes played one by one, and their log-probabilities against full forward passes."""

from __future__ import annotations

import time
from itertools import takewhile
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from support.policies import small_policy
from support.toys import TOOLS, ToyTasks

import textgym
from textgym import ByteTokenizer, Segment, StopReason, TextVectorEnv, Tool, Transcript, read_jsonl
from textgym.wrappers import vector
from textgym_agents import OracleActor, RandomActor, Sampler, ValueHeadPolicy, evaluate, fixed_tasks, rollout
from textgym_agents.rollout import with_logprobs

ENV = "TextCalc-v0"
BYTES = ByteTokenizer().vocab_size
BUDGETS = {"system_prompt": "", "max_tokens": 160, "max_new_tokens": 12, "max_turns": 3, "max_tool_tokens": 16}


def make_envs(num_envs: int, **kwargs: Any) -> TextVectorEnv:
    options = {"autoreset_mode": "SameStep", "record": True, "copy": False, **BUDGETS, **kwargs}
    envs = gym.make_vec(ENV, num_envs=num_envs, **{"source_kwargs": {"difficulty": 1}, **options})
    assert isinstance(envs, TextVectorEnv)
    return envs


def byte_policy() -> ValueHeadPolicy:
    return small_policy(vocab=BYTES, positions=160)


def sampler(policy: ValueHeadPolicy, envs: TextVectorEnv, seed: int = 0, **options: Any) -> Sampler:
    generator = torch.Generator().manual_seed(seed)
    return Sampler(policy, envs.num_envs, envs.rules.max_tokens, generator=generator, **options)


class Scripted:
    """Ends the episode of the k-th task after a number of tokens that depends on its prompt alone."""

    def __init__(self, eos: int) -> None:
        self.eos = eos
        self.written: dict[int, int] = {}

    def length(self, ids: np.ndarray) -> int:
        return 1 + int(ids.sum()) % 9

    def act(self, input_ids: Any, lengths: Any, active: Any = None, restart: Any = None) -> Any:
        actions = np.full(len(lengths), ord("x"))
        for i in np.flatnonzero(active):
            if restart[i]:
                self.written[i] = self.length(input_ids[i, : lengths[i]])
            self.written[i] -= 1
            if self.written[i] == 0:
                actions[i] = self.eos
        return actions, -actions.astype(np.float32)


@pytest.mark.parametrize(("num_envs", "num_episodes"), [(4, 4), (8, 3), (3, 17), (1, 5)])
def test_the_kth_transcript_is_of_the_kth_task(num_envs: int, num_episodes: int) -> None:
    """So the episodes are the first that started, and not the first that ended: short ones are not preferred."""
    envs = make_envs(num_envs)
    actor = Scripted(envs.rules.tokenizer.eos_id)
    tasks = fixed_tasks(envs.rules.source, "test", num_episodes, seed=1)
    reported: list[Transcript] = []
    transcripts = rollout(envs, actor, num_episodes, tasks=tasks, on_episode=reported.append)
    assert [t.metadata["prompt"] for t in transcripts] == [task.prompt for task in tasks]
    for t in transcripts:
        prompt = t.ids[t.loss_mask == 0]
        assert t.loss_mask.sum() == actor.length(prompt), "every episode was played to its own end"
        assert t.stop_reason is StopReason.NO_CALL
        assert t.logprobs is not None
        assert t.logprobs[t.loss_mask == 1].tolist() == (-t.actions).tolist()
    assert sorted(map(id, reported)) == sorted(map(id, transcripts)), "each is reported once"
    if num_envs > 1:
        ends = [transcripts.index(t) for t in reported]
        assert ends != sorted(ends), "they must have ended in another order than they started, to test anything"


def test_logprobs_equal_a_full_forward_pass() -> None:
    policy = byte_policy()
    envs = make_envs(5)
    transcripts = rollout(envs, sampler(policy, envs, temperature=0.8), 9, seed=0)
    assert len(transcripts) == 9
    for t in transcripts:
        with torch.no_grad():
            logits = policy.causal_lm(input_ids=torch.from_numpy(t.ids)[None], use_cache=False).logits[0]
        expected = torch.log_softmax(logits / 0.8, dim=-1)
        at = np.flatnonzero(t.loss_mask)
        assert t.logprobs is not None
        assert not t.logprobs[t.loss_mask == 0].any()
        for i in at:
            assert t.logprobs[i] == pytest.approx(float(expected[i - 1, t.ids[i]]), abs=1e-4)


def test_tool_results_are_in_the_transcripts_and_carry_no_logprob() -> None:
    envs = make_envs(4, max_new_tokens=60, max_tokens=288)
    transcripts = rollout(envs, OracleActor(envs), 10, seed=0)
    for t in transcripts:
        assert [s.role for s in t.segments].count("tool") == 1
        assert all((s.logprobs is None) != s.sampled for s in t.segments)
        assert sum(t.turn_rewards) == 1.0


def test_same_seeds_same_transcripts() -> None:
    policy = byte_policy()
    results = []
    for seed, generator in ((0, 0), (0, 0), (0, 1), (1, 0)):
        np.random.seed(seed + len(results))  # noqa: NPY002 (the global generators must not matter)
        torch.manual_seed(len(results))
        envs = make_envs(3)
        results.append(rollout(envs, sampler(policy, envs, generator), 7, seed=seed))
    assert results[0] == results[1]
    assert results[0] != results[2]
    assert results[0] != results[3]
    # And again on environments that have been used, as training does: seeds, not history.
    actor = sampler(policy, envs, 5)
    rollout(envs, actor, 4, seed=8)
    actor.reset()  # what is in the cache was computed in other batches, which may show in the last bit
    actor.generator.manual_seed(0)
    assert rollout(envs, actor, 7, seed=0) == results[0]


def test_errors_of_the_actor_and_of_on_episode_come_through() -> None:
    envs = make_envs(3)

    def stop(_: Transcript) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rollout(envs, RandomActor(BYTES, 0), 5, seed=0, on_episode=stop)
    assert len(rollout(envs, RandomActor(BYTES, 0), 5, seed=0)) == 5


@pytest.mark.parametrize(
    "change",
    [{"autoreset_mode": "NextStep"}, {"autoreset_mode": "Disabled"}, {"record": False}, {"action_mode": "turn"}],
)
def test_environments_of_another_make_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r'rollout\(\) needs gym.make_vec\(.*SameStep.*record=True.*"token"'):
        rollout(make_envs(2, **change), RandomActor(BYTES, 0), 2, seed=0)


def test_other_layouts_are_refused() -> None:
    with pytest.raises(ValueError, match="make the environments without layout='encdec'"):
        rollout(make_envs(2, layout="encdec"), RandomActor(BYTES, 0), 2, seed=0)


def test_slots_that_wait_for_a_tool_are_not_asked() -> None:
    def echo(text: str) -> str:
        """Says what it is told, slowly."""
        time.sleep(0.002 * (int(text) % 3))
        return text

    class Asked(OracleActor):
        """Notes which slots it was asked for, and claims a log-probability of -1 in all."""

        def act(self, input_ids: Any, lengths: Any, active: Any = None, restart: Any = None) -> Any:
            assert not (active & self.envs._pending).any()
            waited.append(self.envs._pending.any())
            return super().act(input_ids, lengths, active, restart)[0], np.full(len(lengths), -1.0, np.float32)

    waited: list[bool] = []
    tools = (Tool.from_function(echo, blocking=True), *TOOLS[1:])
    transcripts = []
    for pending_after in (None, 0.0):
        envs = TextVectorEnv(
            ToyTasks(), num_envs=4, tools=tools, pending_after=pending_after, autoreset_mode="SameStep", record=True
        )
        transcripts.append(rollout(envs, Asked(envs), 13, tasks=fixed_tasks(ToyTasks(), "test", 13, seed=0)))
        envs.close()
    assert any(waited), "they must have waited, to test anything"
    assert transcripts[0] == transcripts[1]
    assert {t.logprobs[t.loss_mask == 1].mean() for t in transcripts[1] if t.logprobs is not None} == {-1.0}


def test_episodes_of_a_slot_share_the_cache_of_the_system_prompt() -> None:
    policy = byte_policy()
    envs = make_envs(2, system_prompt="Use the calculator, then submit.")
    actor = sampler(policy, envs)
    transcripts = rollout(envs, actor, 8, seed=0)
    columns = zip(*(t.ids.tolist() for t in transcripts), strict=False)
    prefix = len(list(takewhile(lambda column: len(set(column)) == 1, columns)))
    assert prefix > 30
    assert actor.stats.fed <= sum(len(t.ids) for t in transcripts) - prefix * (8 - 2)


@pytest.mark.parametrize("given", [1, 3])
def test_tasks_that_are_not_one_an_episode_are_refused(given: int) -> None:
    envs = make_envs(2)
    tasks = fixed_tasks(envs.rules.source, "test", given, seed=1)
    with pytest.raises(ValueError, match=f"{given} tasks for num_episodes=2"):
        rollout(envs, RandomActor(BYTES, 0), 2, tasks=tasks)


@pytest.mark.parametrize("n", [0, -1])
def test_a_rollout_of_nothing_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="num_episodes must be at least 1"):
        rollout(make_envs(2), RandomActor(BYTES, 0), n)


def test_with_logprobs_takes_them_by_position() -> None:
    segments = (
        Segment((1, 2), "user"),
        Segment((3,), "model", sampled=True),
        Segment((4, 5), "tool"),
        Segment((6, 7), "model", sampled=True),
    )
    logps = -np.arange(10, dtype=np.float32)
    transcript = with_logprobs(Transcript(segments), logps)
    assert [s.logprobs for s in transcript] == [None, (-2.0,), None, (-5.0, -6.0)]
    assert textgym.Transcript.from_dict(transcript.to_dict()) == transcript


# Under wrappers


def wrapped(envs: TextVectorEnv, path: Path) -> vector.RecordTranscripts:
    paid = vector.TranscriptReward(vector.CallPenalty(envs, 0.25), lambda transcript: 2.0, mode="add")
    return vector.RecordTranscripts(paid, path)


def test_rewards_of_wrappers_reach_the_learner(tmp_path: Path) -> None:
    """The same episodes with other rewards; and only they are recorded, not what idle slots play at the end."""
    options = {"max_new_tokens": 60, "max_tokens": 288}
    tasks = fixed_tasks(make_envs(1).rules.source, "test", 11, seed=1)
    plain = make_envs(4, **options)
    expected = rollout(plain, OracleActor(plain), 11, tasks=tasks)
    envs = wrapped(make_envs(4, **options), tmp_path / "episodes.jsonl")
    transcripts = rollout(envs, OracleActor(envs), 11, tasks=tasks)
    assert [t.segments for t in transcripts] == [t.segments for t in expected]
    assert [t.turn_rewards for t in expected] == [(0.0, 1.0)] * 11
    assert [t.turn_rewards for t in transcripts] == [(-0.25, 3.0)] * 11
    recorded = read_jsonl(tmp_path / "episodes.jsonl")
    key = lambda t: t.metadata["prompt"]  # noqa: E731
    assert sorted(map(key, recorded)) == sorted(map(key, transcripts))
    assert evaluate(envs, OracleActor(envs), tasks).reward == pytest.approx(2.75)


def test_idle_slots_do_not_count_in_a_curriculum() -> None:
    envs = vector.Curriculum(make_envs(4, max_new_tokens=60, max_tokens=288), [1, 2], raise_at=1.0, window=50)
    rollout(envs, OracleActor(envs), 13, seed=0)
    assert envs.state_dict() == {"level": 0, "recent": [True] * 13}
    rollout(envs, OracleActor(envs), 37, seed=100)
    assert envs.state_dict()["level"] == 1


def test_rollouts_need_text_environments() -> None:
    envs = gym.make_vec("CartPole-v1", num_envs=1)
    with pytest.raises(TypeError, match=r"a rollout needs a textgym\.TextVectorEnv"):
        rollout(envs, RandomActor(2, seed=0), 1)
