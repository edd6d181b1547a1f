"""What must not go wrong in silence: the wrong reference, a critic that scales the policy, a cache that is left out."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from support.policies import make_learner, random_trajectories, same, small_policy, weights

from textgym_agents import PPOConfig, Sampler


def test_a_trained_adapter_is_refused_as_its_base_would_be_the_reference() -> None:
    policy = small_policy("lora")
    with pytest.raises(ValueError, match=r"trained already.*policy\.merge_adapter\(seed=\.\.\.\)"):
        make_learner(policy).step(random_trajectories(4))
    make_learner(copy.deepcopy(policy), PPOConfig(kl_coef=0.0)).step(random_trajectories(4))  # needs no reference
    policy.merge_adapter(seed=0)
    learner = make_learner(policy)
    learner.step(random_trajectories(4))
    resumed = make_learner(policy)
    resumed.load_state_dict(learner.state_dict())
    resumed.step(random_trajectories(4))  # its adapter is trained, as it should be


def test_the_critic_does_not_scale_the_policys_gradient() -> None:
    """With detached values the critic's error reaches the head alone: clipping must not carry it over."""
    found = []
    for value_coef in (0.1, 1e6):
        policy = small_policy()
        ppo = PPOConfig(kl_coef=0.0, detach_values=True, value_coef=value_coef)
        learner = make_learner(policy, ppo, max_grad_norm=0.01)
        learner.optimizer = torch.optim.SGD(learner.optimizer.param_groups)  # type: ignore[assignment]
        metrics = learner.step(random_trajectories(6))
        found.append(({n: w for n, w in weights(policy).items() if n.startswith("model.")}, metrics))
    assert same(found[0][0], found[1][0])
    assert found[0][1]["grad_norm"] == found[1][1]["grad_norm"] > 0.01
    assert found[1][1]["value_grad_norm"] > 1e6 * found[0][1]["value_grad_norm"]


def test_checkpointing_works_in_the_learner_and_leaves_the_sampler_its_cache() -> None:
    policy, plain = small_policy(), small_policy()
    policy.enable_gradient_checkpointing()
    checkpointed = 0
    layer = policy.causal_lm.base_model.layers[0]  # type: ignore[union-attr, index]

    def count(*_: object) -> None:
        nonlocal checkpointed
        checkpointed += 1

    layer.input_layernorm.register_forward_hook(count)  # type: ignore[union-attr, operator]
    metrics = []
    for each in (policy, plain):
        ids = np.random.default_rng(0).integers(0, each.vocab_size, (3, 12))
        sampler = Sampler(each, 3, 12, generator=torch.Generator().manual_seed(0))
        each.train()
        for length in (5, 6, 9):
            _, logp = sampler.act(ids, np.full(3, length))
        with torch.no_grad():
            logits = each(torch.from_numpy(ids[:, :9]), torch.full((3,), 9))[0][:, -1]
        assert all(np.abs(logits.log_softmax(-1).numpy() - x).min(axis=1)[i] < 1e-5 for i, x in enumerate(logp))
        assert sampler.stats.fed == 3 * 9, "nothing is fed twice"
        checkpointed = 0
        metrics.append(make_learner(each, PPOConfig(kl_coef=0.0)).step(random_trajectories(4)))
        if each is policy:
            passes = checkpointed
        assert not each.training
    assert passes == 3, "evaluation, forward, and once more in the backward pass"
    assert metrics[0] == metrics[1]
    assert same(weights(policy), weights(plain))
