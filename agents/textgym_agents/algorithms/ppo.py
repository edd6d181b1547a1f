"""PPO for token-level episodes: GAE over sampled tokens, per-token KL in the reward, clipped losses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from textgym_agents.advantages import gae, masked_mean, whiten
from textgym_agents.algorithms.base import Algorithm
from textgym_agents.kl import AdaptiveKL, FixedKL, KLController, KLEstimator, kl_penalty
from textgym_agents.losses import Stats, ppo_policy_loss, truncated_importance_weight, value_loss
from textgym_agents.policy import TokenLogprobs
from textgym_agents.trajectories import Batch


@dataclass
class PPOConfig:
    """PPO's numbers (Schulman et al. 2017; for language models Ziegler et al. 2019)."""

    gamma: float = 1.0
    """discount per sampled token; tool tokens take no time"""
    lam: float = 0.95
    """lambda of GAE"""
    clip_low: float = 0.2
    """the ratio is clipped at 1 - clip_low"""
    clip_high: float = 0.2
    """and at 1 + clip_high"""
    dual_clip: float | None = None
    """bound for tokens with negative advantage, > 1; off by default"""
    value_coef: float = 0.5
    """weight of the value loss"""
    detach_values: bool = False
    """train the value head alone and leave the shared trunk to the policy loss, which a weak critic would drown"""
    value_clip: float | None = 0.2
    """how far a value may move in one step; None: no clipping"""
    entropy_coef: float = 0.0
    """weight of the entropy bonus"""
    kl_coef: float = 0.01
    """weight of the per-token KL to the reference, charged to the reward; 0 needs no reference"""
    kl_estimator: KLEstimator = "k1"
    """k1 is the unbiased one in the reward"""
    kl_target: float | None = None
    """adapt kl_coef so that the KL of an episode, in nats, stays near this; None: fixed"""
    kl_horizon: int = 10_000
    """episodes over which the adaptive controller moves"""
    whiten_advantages: bool = True
    """scale the advantages of a step to zero mean and unit variance"""
    negative_weight: float = 1.0
    """negative advantages are multiplied by it; 1 is PPO as published. At 0 only what went better than expected
    teaches, as in self-imitation (Oh et al. 2018): less noise where a failure is one wrong token among many right ones,
    but nothing pushes a bad habit down"""
    bootstrap_truncated: bool = True
    """a truncated episode ends in the critic's value of its final observation, as Gymnasium means `truncated`. False
    ends it in 0, so that spending one's own token or turn budget never pays more than a wrong answer"""
    temperature: float = 1.0
    """of the rollouts; the learner divides its logits by it too"""
    importance_cap: float | None = None
    """correct for a sampler that differs from the learner, by truncated importance weights; None: off"""

    def check(self) -> None:
        """Raise ValueError for numbers that make no sense."""
        for name in ("gamma", "lam"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"ppo.{name} must be from 0 to 1, not {getattr(self, name)}")
        for name in ("clip_low", "clip_high", "value_clip"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"ppo.{name} must be above 0, not {value}")
        for name in ("value_coef", "kl_coef", "negative_weight"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"ppo.{name} must be a finite number and not negative, not {getattr(self, name)}")
        if not math.isfinite(self.entropy_coef):
            raise ValueError(f"ppo.entropy_coef must be a finite number, not {self.entropy_coef}")


class PPO(Algorithm):
    """Proximal policy optimisation; see `PPOConfig`."""

    def __init__(self, config: PPOConfig | None = None) -> None:
        self.config = c = config or PPOConfig()
        if c.dual_clip is not None and not c.dual_clip > 1:
            raise ValueError(f"dual_clip must be greater than 1, not {c.dual_clip}")
        if c.importance_cap is not None and not c.importance_cap >= 1:
            raise ValueError(f"importance_cap must be at least 1, not {c.importance_cap}")
        self.temperature, self.entropy_coef, self.detach_values = c.temperature, c.entropy_coef, c.detach_values
        self.kl: KLController = (
            FixedKL(c.kl_coef) if c.kl_target is None else AdaptiveKL(c.kl_coef, c.kl_target, c.kl_horizon)
        )

    @property
    def needs_reference(self) -> bool:
        return self.config.kl_coef > 0

    def credit(self, batch: Batch) -> dict[str, float]:
        """Charge the KL to the rewards, then GAE."""
        c, mask = self.config, batch.mask
        if c.importance_cap is not None and batch.sampler_logp[mask].isnan().any():
            raise ValueError("importance_cap needs the sampler's log-probabilities: give each trajectory sampler_logp")
        rewards = batch.rewards
        metrics = {}
        if self.needs_reference:
            batch.kl = kl_penalty(batch.old_logp, batch.ref_logp, c.kl_estimator, mask)
            rewards = rewards - self.kl.coef * batch.kl
            episode_kl = batch.kl.sum().item() / len(batch)
            metrics = {"kl": episode_kl, "kl_coef": self.kl.coef}
            self.kl.update(episode_kl, len(batch))
        ended = batch.terminated if c.bootstrap_truncated else torch.ones_like(batch.terminated)
        bootstrap = torch.where(ended, 0.0, batch.final_values)
        batch.advantages, batch.returns = gae(rewards, batch.values, mask, bootstrap, c.gamma, c.lam)
        residual = masked_mean((batch.returns - batch.values) ** 2, mask)
        spread = masked_mean((batch.returns - masked_mean(batch.returns, mask)) ** 2, mask)
        metrics["explained_variance"] = float(1 - residual / spread.clamp(min=1e-8))
        if c.whiten_advantages:
            batch.advantages = whiten(batch.advantages, mask)
        if c.negative_weight != 1.0:
            batch.advantages = torch.where(batch.advantages < 0, c.negative_weight, 1.0) * batch.advantages
        return metrics

    def loss(self, new: TokenLogprobs, batch: Batch, denominator: Tensor) -> tuple[Tensor, Stats]:
        """policy loss + value_coef * value loss - entropy_coef * entropy."""
        c, mask = self.config, batch.mask
        weight = None
        if c.importance_cap is not None:
            weight = truncated_importance_weight(batch.old_logp, batch.sampler_logp, mask, c.importance_cap)
        policy, stats = ppo_policy_loss(
            new.logp, batch.old_logp, batch.advantages, mask, c.clip_low, c.clip_high, denominator, weight, c.dual_clip
        )
        value, value_stats = value_loss(new.values, batch.values, batch.returns, mask, c.value_clip, denominator)
        loss = policy + c.value_coef * value
        stats |= value_stats | {"policy_loss": policy.detach(), "value_loss": value.detach()}
        if new.entropy is not None:
            entropy = masked_mean(new.entropy, mask, denominator)
            loss = loss - c.entropy_coef * entropy
            stats["entropy"] = entropy.detach()
        return loss, stats

    def state_dict(self) -> dict[str, float]:
        return self.kl.state_dict()

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.kl.load_state_dict(state)
