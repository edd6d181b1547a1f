"""Tianshou's collector, on environments as they are."""

import gymnasium as gym
import numpy as np
import pytest
from tianshou.data import Batch, Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv
from tianshou.policy import BasePolicy

pytestmark = pytest.mark.slow


class Random(BasePolicy):
    """Any token."""

    def forward(self, batch, state=None, **kwargs):
        return Batch(act=np.array([self.action_space.sample() for _ in range(len(batch.obs))]))

    def learn(self, batch, **kwargs):
        return {}


class Adds(Random):
    """Reads the two digits of `Sum-v0` in the observation, writes their sum and submits it."""

    def forward(self, batch, state=None, **kwargs):
        tokenizer = gym.make("small_sum:Sum-v0").unwrapped.rules.tokenizer
        (submit,) = tokenizer.encode_control("<submit>")
        actions = []
        for ids, length in zip(batch.obs.input_ids, batch.obs.length[:, 0], strict=True):
            question, written = tokenizer.decode(ids[:length]).split("\n")
            a, b = map(int, question.split("+"))
            actions += [submit] if written else tokenizer.encode(str(a + b))
        return Batch(act=np.array(actions))


def collect(env_id, policy, episodes, **kwargs):
    envs = DummyVectorEnv([lambda: gym.make(env_id, **kwargs) for _ in range(4)])
    envs.seed(0)
    (space, *_) = envs.action_space
    space.seed(0)
    buffer = VectorReplayBuffer(4000, len(envs))
    return Collector(policy(action_space=space), envs, buffer).collect(n_episode=episodes), buffer


@pytest.mark.parametrize("env_id", ["textgym:TextCalc-v0", "small_sum:Sum-v0"])
def test_collects_random_episodes(env_id):
    result, buffer = collect(env_id, Random, 20, max_new_tokens=4, max_tokens=600)
    assert result["n/ep"] == 20
    assert result["n/st"] == len(buffer) == result["lens"].sum()
    assert result["lens"].max() <= 4
    assert (buffer.terminated | buffer.truncated)[buffer.done].all()
    # The buffer holds what the environment showed: each observation goes on from the one before.
    _, indices = buffer.sample(0)
    within = indices[~buffer.done[indices]]
    np.testing.assert_array_equal(buffer.obs_next.length[within], buffer.obs.length[within] + 1)
    row, at = np.arange(len(indices)), buffer.obs.length[indices, 0]
    sampled = buffer.obs_next.input_ids[indices][row, at]
    np.testing.assert_array_equal(sampled, buffer.act[indices])


def test_a_policy_that_reads_the_observation_is_always_right():
    result, buffer = collect("small_sum:Sum-v0", Adds, 40)
    assert result["rews"].tolist() == [1.0] * 40
    assert result["lens"].tolist() == [2] * 40
    assert set(buffer.info.stop_reason[buffer.done]) == {"submit"}
