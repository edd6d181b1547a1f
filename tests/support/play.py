"""Playing episodes with a policy, and comparing two policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
from scipy.stats import fisher_exact


def successes(env: gym.Env, policy: Callable[[Any], Any], episodes: int, seed: int = 10_000) -> int:
    """Episodes of `episodes` that end in a right answer, when `policy` chooses from observations."""
    solved = 0
    for i in range(episodes):
        obs, _ = env.reset(seed=seed + i)
        ended = False
        while not ended:
            obs, _, terminated, truncated, info = env.step(policy(obs))
            ended = terminated or truncated
        solved += info["is_success"]
    return solved


def random_successes(env: gym.Env, episodes: int) -> int:
    """The same of the random policy."""
    env.action_space.seed(0)
    return successes(env, lambda obs: env.action_space.sample(), episodes)


def p_value(solved: int, episodes: int, other_solved: int, other_episodes: int) -> float:
    """How likely as good a result were by chance, if the first policy were no better than the other (Fisher)."""
    table = [[solved, episodes - solved], [other_solved, other_episodes - other_solved]]
    return float(fisher_exact(table, alternative="greater").pvalue)
