"""Training language models in textgym environments: SFT, value-head policies, a slot sampler and PPO."""

from textgym_agents.adapters import LoraSettings
from textgym_agents.algorithms import PPO, Algorithm, PPOConfig
from textgym_agents.evaluate import Evaluation, OracleActor, RandomActor, evaluate, fixed_tasks, succeeded
from textgym_agents.learner import Learner, LearnerConfig, NonFiniteLoss
from textgym_agents.models import load_policy, tiny_model
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.retries import Retries
from textgym_agents.rollout import rollout
from textgym_agents.sampler import Sampler
from textgym_agents.sft import SFTConfig, demonstrations, train_sft
from textgym_agents.tiny_tokenizer import train_bpe, train_bpe_on
from textgym_agents.trajectories import Batch, Trajectory

__all__ = [
    "PPO",
    "Algorithm",
    "Batch",
    "Evaluation",
    "Learner",
    "LearnerConfig",
    "LoraSettings",
    "NonFiniteLoss",
    "OracleActor",
    "PPOConfig",
    "RandomActor",
    "Retries",
    "SFTConfig",
    "Sampler",
    "Trajectory",
    "ValueHeadPolicy",
    "demonstrations",
    "evaluate",
    "fixed_tasks",
    "load_policy",
    "rollout",
    "succeeded",
    "tiny_model",
    "train_bpe",
    "train_bpe_on",
    "train_sft",
]
