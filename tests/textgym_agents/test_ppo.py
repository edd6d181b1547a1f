"""PPO's credit and settings, by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from support.policies import gradients, make_learner, random_trajectories, same, small_policy

from textgym_agents import PPO, Batch, PPOConfig
from textgym_agents.kl import AdaptiveKL


@pytest.mark.parametrize(
    ("estimator", "penalty"),
    [("k1", lambda d: d), ("k2", lambda d: d * d / 2), ("k3", lambda d: math.exp(-d) - 1 + d)],
)
def test_kl_is_charged_to_the_rewards_and_steers_the_controller(estimator: Any, penalty: Any) -> None:
    ppo = PPOConfig(
        kl_coef=0.3, kl_estimator=estimator, kl_target=0.05, kl_horizon=40, gamma=1.0, lam=1.0, whiten_advantages=False
    )
    algorithm = PPO(ppo)
    batch = Batch.collate(random_trajectories(3, seed=2))
    generator = torch.Generator().manual_seed(0)
    batch.old_logp, batch.ref_logp = (-torch.rand(batch.ids.shape, generator=generator) for _ in range(2))
    batch.values = torch.zeros(batch.ids.shape)
    batch.final_values = torch.zeros(3)
    metrics = algorithm.credit(batch)
    totals = []
    for row in range(3):
        at = torch.nonzero(batch.mask[row]).flatten().tolist()
        kl = [penalty(float(batch.old_logp[row, i] - batch.ref_logp[row, i])) for i in at]
        rewards = [float(batch.rewards[row, i]) - 0.3 * k for i, k in zip(at, kl, strict=True)]
        expected = [sum(rewards[t:]) for t in range(len(rewards))]  # lambda 1, no values: what is still to come
        assert batch.advantages[row, at].tolist() == pytest.approx(expected, abs=1e-5)
        assert batch.kl[row, at].tolist() == pytest.approx(kl, abs=1e-6)
        totals.append(sum(kl))
    assert metrics["kl"] == pytest.approx(np.mean(totals), abs=1e-6)
    assert metrics["kl_coef"] == 0.3, "the coefficient that this step's rewards were charged with"
    assert isinstance(algorithm.kl, AdaptiveKL)
    error = min(max(metrics["kl"] / 0.05 - 1, -0.2), 0.2)
    assert algorithm.kl.coef == pytest.approx(0.3 * (1 + error * 3 / 40))


def credited(config: PPOConfig, terminated: bool) -> Batch:
    """Three trajectories without reward noise, a critic that says 0.6 everywhere, and their credit."""
    batch = Batch.collate([replace(t, terminated=terminated) for t in random_trajectories(3, seed=2)])
    batch.old_logp = torch.zeros(batch.ids.shape)
    batch.values = torch.full(batch.ids.shape, 0.6)
    batch.final_values = torch.full((3,), 0.6)
    PPO(config).credit(batch)
    return batch


@pytest.mark.parametrize("bootstrap_truncated", [True, False])
@pytest.mark.parametrize("terminated", [True, False])
def test_only_a_truncated_episode_ends_in_the_critics_value(bootstrap_truncated: bool, terminated: bool) -> None:
    config = PPOConfig(kl_coef=0.0, lam=1.0, whiten_advantages=False, bootstrap_truncated=bootstrap_truncated)
    batch = credited(config, terminated)
    end = 0.6 if bootstrap_truncated and not terminated else 0.0
    for row in range(3):
        at = torch.nonzero(batch.mask[row]).flatten().tolist()
        rewards = batch.rewards[row, at].tolist()
        expected = [sum(rewards[t:]) + end - 0.6 for t in range(len(at))]
        assert batch.advantages[row, at].tolist() == pytest.approx(expected, abs=1e-5)


def test_negative_weight_scales_negative_advantages_alone() -> None:
    plain = credited(PPOConfig(kl_coef=0.0), terminated=True).advantages
    halved = credited(PPOConfig(kl_coef=0.0, negative_weight=0.5), terminated=True).advantages
    assert (plain < 0).any()
    assert (plain > 0).any()
    assert torch.equal(halved, torch.where(plain < 0, 0.5 * plain, plain))


def test_without_kl_there_is_no_reference() -> None:
    policy = small_policy()
    learner = make_learner(policy, PPOConfig(kl_coef=0.0))
    metrics = learner.step(random_trajectories(4))
    assert policy.frozen_reference is None
    assert "kl" not in metrics


def test_detached_values_leave_the_trunk_to_the_policy_loss() -> None:
    results = []
    for ppo in (
        PPOConfig(kl_coef=0.0, detach_values=True),
        PPOConfig(kl_coef=0.0, detach_values=True, value_coef=0.0),
        PPOConfig(kl_coef=0.0),
    ):
        learner = make_learner(small_policy(), ppo)
        batch = Batch.collate(random_trajectories(6))
        learner._evaluate(batch)
        learner.algorithm.credit(batch)
        grads, _ = gradients(learner, batch)
        head = {n: g for n, g in grads.items() if n.startswith("value_head")}
        results.append((head, {n: g for n, g in grads.items() if n not in head}))
    (head, trunk), (_, policy_alone), (shared_head, shared_trunk) = results
    assert same(trunk, policy_alone)
    assert same(head, shared_head)
    assert not same(trunk, shared_trunk)


def test_bad_batches() -> None:
    with pytest.raises(ValueError, match="no trajectories"):
        make_learner(small_policy()).step([])
    unknown = [replace(t, sampler_logp=None) for t in random_trajectories(2)]
    assert Batch.collate(unknown).sampler_logp.isnan().any()
    with pytest.raises(ValueError, match="importance_cap needs"):
        make_learner(small_policy(), PPOConfig(importance_cap=2.0)).step(unknown)
    with pytest.raises(ValueError, match="dual_clip must be greater than 1"):
        PPO(PPOConfig(dual_clip=1.0))
    with pytest.raises(ValueError, match="importance_cap must be at least 1"):
        PPO(PPOConfig(importance_cap=0.5))
    with pytest.raises(ValueError, match="coef, target and horizon must be positive"):
        PPO(PPOConfig(kl_coef=0.0, kl_target=0.1))
