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
