"""Stable-Baselines3 on a text environment, unmodified: PPO learns to write the sum of two digits, and to submit it."""

import gymnasium as gym
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy


def make_env() -> gym.Env:
    """One environment. (Given an id, SB3 would ask for the render mode `rgb_array`; text has none.)"""
    return gym.make("small_sum:Sum-v0")


def main(total_timesteps: int = 40_000, eval_episodes: int = 500) -> float:
    """Train, and return the mean reward of held-out episodes: the share of right answers."""
    envs = make_vec_env(make_env, n_envs=16, seed=0)
    model = PPO(
        "MultiInputPolicy", envs, n_steps=64, batch_size=256, learning_rate=1e-3, ent_coef=0.05, gamma=1.0, seed=0
    )
    model.learn(total_timesteps)
    mean, _ = evaluate_policy(model, make_vec_env(make_env, n_envs=16, seed=1), n_eval_episodes=eval_episodes)
    return float(mean)


if __name__ == "__main__":
    print(f"right answers: {main():.1%}")
