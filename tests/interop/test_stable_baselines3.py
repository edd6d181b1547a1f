"""Stable-Baselines3 and sb3-contrib, unmodified, on environments that `gym.make` made."""

import gymnasium as gym
import numpy as np
import pytest
import sb3_ppo
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from support.play import p_value, random_successes, successes

pytestmark = pytest.mark.slow

EPISODES = 400
SETTINGS = {"n_steps": 64, "batch_size": 256, "learning_rate": 1e-3, "ent_coef": 0.05, "gamma": 1.0, "seed": 0}


@pytest.fixture(scope="module")
def random_solved() -> int:
    solved = random_successes(gym.make("small_sum:Sum-v0"), 2000)
    assert solved < 0.03 * 2000
    return solved


@pytest.mark.parametrize("env_id", ["textgym:TextCalc-v0", "small_sum:Sum-v0"])
def test_their_checker(env_id):
    check_env(gym.make(env_id).unwrapped)


def test_their_vector_of_an_id():
    """It asks every id for pictures; Gymnasium warns that here are none, and it makes do."""
    with pytest.warns(UserWarning, match="render_mode='rgb_array' that is not in the possible render_modes"):
        envs = make_vec_env("textgym:TextCalc-v0", n_envs=2, seed=3)
    obs = envs.reset()
    assert obs["length"].shape == (2, 1)
    assert envs.get_attr("render_mode") == [None, None]
    for i, env in enumerate(envs.get_attr("unwrapped")):
        assert env.transcript().metadata["seed"] == 3 + i
    with (
        pytest.raises(ValueError, match="unknown render_mode 'rgb_arr'; the modes are 'ansi' and 'human'"),
        pytest.warns(UserWarning, match="not in the possible render_modes"),
    ):
        make_vec_env("textgym:TextCalc-v0", env_kwargs={"render_mode": "rgb_arr"})


def test_turns_need_a_wrapper():
    """Their distributions begin at 0, so -1, the padding, would never come."""
    env = gym.make("textgym:TextCalc-v0", action_mode="turn", max_new_tokens=32)
    with pytest.warns(UserWarning, match=r"(?s)non-zero start .* is not supported by Stable-Baselines3"):
        check_env(env.unwrapped)
    space = gym.spaces.MultiDiscrete(env.action_space.nvec)
    env = gym.wrappers.TransformAction(env, lambda ids: ids - 1, space)
    check_env(env)
    model = PPO("MultiInputPolicy", env, n_steps=8, batch_size=8, n_epochs=1)
    model.learn(8)
    action, _ = model.predict(env.reset(seed=0)[0])
    assert action in env.action_space
    padded = np.zeros_like(action)  # -1 all along
    assert env.step(padded)[4]["stop_reason"] == "no_call"


def test_ppo_learns(random_solved):
    envs = make_vec_env(sb3_ppo.make_env, n_envs=16, seed=0)
    model = PPO("MultiInputPolicy", envs, **SETTINGS)
    model.learn(25_000)
    solved = successes(
        gym.make("small_sum:Sum-v0"), lambda obs: int(model.predict(obs, deterministic=True)[0]), EPISODES
    )
    assert solved > 0.5 * EPISODES
    assert p_value(solved, EPISODES, random_solved, 2000) < 1e-12


def test_maskable_ppo_learns_from_what_the_mask_allows(random_solved):
    tokenizer = gym.make("small_sum:Sum-v0").unwrapped.rules.tokenizer
    allowed = tokenizer.encode_control("01234<submit>")

    def make_env():
        return gym.make("small_sum:Sum-v0", allowed_tokens=allowed)

    envs = make_vec_env(make_env, n_envs=16, seed=0)
    assert is_masking_supported(envs)
    assert get_action_masks(envs).shape == (16, tokenizer.vocab_size)
    model = MaskablePPO("MultiInputPolicy", envs, **SETTINGS)
    model.learn(16_000)

    env = make_env()
    taken = set()

    def policy(obs):
        action, _ = model.predict(obs, action_masks=env.unwrapped.action_masks())  # sampled: every token has its chance
        taken.add(int(action))
        return int(action)

    solved = successes(env, policy, EPISODES)
    assert taken <= set(allowed)
    assert solved > 0.5 * EPISODES
    assert p_value(solved, EPISODES, random_solved, 2000) < 1e-12


def test_example_runs():
    assert 0 <= sb3_ppo.main(total_timesteps=1024, eval_episodes=20) <= 1
