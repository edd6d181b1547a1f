"""Algorithms: one short file each."""

from textgym_agents.algorithms.base import Algorithm
from textgym_agents.algorithms.ppo import PPO, PPOConfig

__all__ = ["PPO", "Algorithm", "PPOConfig"]
