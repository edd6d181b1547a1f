"""The single-file PPO of benchmarks/ learns on `gym.make_vec`."""

import cleanrl_ppo
import gymnasium as gym
import pytest
from support.play import p_value, random_successes

from textgym import TextVectorEnv

pytestmark = pytest.mark.slow


def test_learns(capsys):
    args = cleanrl_ppo.Args(total_timesteps=20_000, eval_episodes=500)
    assert isinstance(gym.make_vec(args.env_id, num_envs=2), TextVectorEnv)
    _, success = cleanrl_ppo.train(args)
    random_solved = random_successes(gym.make(args.env_id), 2000)
    assert success > 0.7
    assert p_value(round(500 * success), 500, random_solved, 2000) < 1e-12
    assert "tokens/s" in capsys.readouterr().out


def test_untrained_is_no_better_than_random():
    """The evaluation measures the agent and not the task."""
    _, success = cleanrl_ppo.train(cleanrl_ppo.Args(total_timesteps=0, eval_episodes=500))
    assert success < 0.05


def test_runs_are_reproducible():
    args = cleanrl_ppo.Args(total_timesteps=2048, num_envs=8, eval_episodes=20)
    one, two = (cleanrl_ppo.train(args)[0].state_dict() for _ in range(2))
    assert all((one[name] == two[name]).all() for name in one)
