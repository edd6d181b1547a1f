"""PPO's losses against numpy loops, hand-computed cases and enumerated policy gradients."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from textgym_agents import losses
from textgym_agents.losses import (
    add_stats,
    entropy_from_logits,
    ppo_policy_loss,
    selected_logprobs,
    truncated_importance_weight,
    value_loss,
)

fast = settings(deadline=None, max_examples=50)
seeds = st.integers(0, 2**31)
POLICY_STATS = {"clip_fraction", "dual_clip_fraction", "approx_kl", "ratio_mean", "ratio_max"}
VALUE_STATS = {"value_clip_fraction", "value_mean", "value_mse"}


def random_batch(seed: int, b: int = 4, t: int = 6, dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    """A batch in which both clips, both signs and masked positions occur."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(7, b, t, generator=generator, dtype=dtype)
    old_logp = -noise[0].abs() - 0.1
    mask = torch.rand(b, t, generator=generator) < 0.6
    mask[0, 0] = True
    return {
        "logp": old_logp + 0.5 * noise[1],
        "old_logp": old_logp,
        "advantages": noise[2],
        "mask": mask,
        "importance_weight": noise[3].exp(),
        "values": noise[4] + 0.5 * noise[5],
        "old_values": noise[4],
        "returns": noise[6],
    }


def policy_args(batch: dict[str, Tensor]) -> dict[str, Any]:
    return {k: batch[k] for k in ("logp", "old_logp", "advantages", "mask", "importance_weight")}


def value_args(batch: dict[str, Tensor]) -> dict[str, Any]:
    return {k: batch[k] for k in ("values", "old_values", "returns", "mask")}


# ---------------------------------------------------------------------------------------------------- policy loss


@fast
@given(seeds, st.sampled_from([0.1, 0.2]), st.sampled_from([0.2, 0.3]), st.booleans(), st.sampled_from([None, 1.5]))
def test_policy_loss_matches_numpy(seed: int, low: float, high: float, weighted: bool, dual_clip: float | None) -> None:
    batch = policy_args(random_batch(seed))
    weights = batch["importance_weight"] if weighted else None
    denominator = 17
    loss, stats = ppo_policy_loss(
        **{**batch, "importance_weight": weights}, clip_low=low, clip_high=high, denominator=17, dual_clip=dual_clip
    )

    arrays = {k: v.numpy() for k, v in batch.items()}
    expected: dict[str, float] = dict.fromkeys({"loss", *POLICY_STATS}, 0.0)
    for at in zip(*np.nonzero(arrays["mask"]), strict=True):
        advantage = float(arrays["advantages"][at])
        difference = float(arrays["logp"][at] - arrays["old_logp"][at])
        ratio = math.exp(difference)
        objective = ratio * advantage
        if advantage > 0 and ratio > 1 + high:
            objective = (1 + high) * advantage
            expected["clip_fraction"] += 1 / denominator
        if advantage < 0 and ratio < 1 - low:
            objective = (1 - low) * advantage
            expected["clip_fraction"] += 1 / denominator
        if dual_clip is not None and advantage < 0 and ratio > dual_clip:
            objective = dual_clip * advantage
            expected["dual_clip_fraction"] += 1 / denominator
        expected["loss"] -= objective * (float(arrays["importance_weight"][at]) if weighted else 1.0) / denominator
        expected["approx_kl"] += (ratio - 1 - difference) / denominator
        expected["ratio_mean"] += ratio / denominator
        expected["ratio_max"] = max(expected["ratio_max"], ratio)
    assert {"loss": loss.item()} | {k: v.item() for k, v in stats.items()} == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("ratio", "advantage", "objective", "gradient", "clipped"),
    [
        # A > 0: worth more of, but not beyond 1 + clip_high
        (1.5, 2.0, 2.6, 0.0, True),  # 1.3 * 2
        (1.2, 2.0, 2.4, 2.4, False),
        (0.5, 2.0, 1.0, 1.0, False),  # far below 1: the clip must not stop the way back
        # A < 0: worth less of, but not beyond 1 - clip_low
        (0.5, -2.0, -1.8, 0.0, True),  # .9 * -2
        (0.95, -2.0, -1.9, -1.9, False),
        (1.5, -2.0, -3.0, -3.0, False),
    ],
)
def test_policy_loss_quadrants(
    ratio: float, advantage: float, objective: float, gradient: float, clipped: bool
) -> None:
    """clip_low .1, clip_high .3; a masked token beside it. The gradient of ratio * A in logp is ratio * A."""
    logp = torch.tensor([[math.log(ratio), math.nan]], dtype=torch.float64, requires_grad=True)
    zero, mask = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[True, False]])
    loss, stats = ppo_policy_loss(logp, zero, zero + advantage, mask, 0.1, 0.3, denominator=1)
    loss.backward()
    assert logp.grad is not None
    assert loss.item() == pytest.approx(-objective)
    assert logp.grad.tolist() == [[pytest.approx(-gradient), 0.0]]
    assert stats["clip_fraction"].item() == clipped
    assert stats["ratio_max"].item() == stats["ratio_mean"].item() == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("ratio", "advantage", "objective", "gradient"),
    [
        (5.0, -2.0, -6.0, 0.0),  # beyond the dual clip of 3
        (2.0, -2.0, -4.0, -4.0),  # below it
        (5.0, 2.0, 2.6, 0.0),  # positive advantages know only the ordinary clip
        (0.5, -2.0, -1.8, 0.0),
    ],
)
def test_dual_clip(ratio: float, advantage: float, objective: float, gradient: float) -> None:
    logp = torch.tensor([[math.log(ratio)]], dtype=torch.float64, requires_grad=True)
    zero, true = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool)
    loss, stats = ppo_policy_loss(logp, zero, zero + advantage, true, 0.1, 0.3, denominator=1, dual_clip=3.0)
    loss.backward()
    assert logp.grad is not None
    assert loss.item() == pytest.approx(-objective)
    assert logp.grad.item() == pytest.approx(-gradient)
    assert stats["dual_clip_fraction"].item() == (objective == -6.0)


def test_dual_clip_must_exceed_one() -> None:
    batch = policy_args(random_batch(0))
    with pytest.raises(ValueError, match="dual_clip"):
        ppo_policy_loss(**batch, clip_low=0.2, clip_high=0.2, denominator=1, dual_clip=1.0)


@fast
@given(seeds)
def test_gradient_at_ratio_one_is_reinforce(seed: int) -> None:
    """Each action a once, with advantage q(a) * A(a): the gradient of E[A] by enumeration, q * (A - E[A])."""
    generator = torch.Generator().manual_seed(seed)
    theta, advantage = torch.randn(2, 3, 5, generator=generator, dtype=torch.float64)  # 3 states, 5 actions
    theta.requires_grad_()
    q = theta.detach().softmax(-1)
    actions = torch.arange(5).expand(3, 5)
    logp = selected_logprobs(theta[:, None].expand(3, 5, 5), actions, 1.0)
    mask = torch.ones(3, 5, dtype=torch.bool)
    loss, _ = ppo_policy_loss(logp, logp.detach(), q * advantage, mask, 0.2, 0.2, denominator=15)
    loss.backward()
    expected_gradient = q * (advantage - (q * advantage).sum(-1, keepdim=True))
    torch.testing.assert_close(theta.grad, -expected_gradient / 15, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_step_zero_has_ratio_one_and_kl_zero_exactly(dtype: torch.dtype) -> None:
    """Old and new log-probabilities from one function, with and without gradient."""
    logits, ids = torch.randn(3, 7, 11, dtype=dtype, requires_grad=True), torch.randint(11, (3, 7))
    with torch.no_grad():
        old_logp = selected_logprobs(logits, ids, 0.7)
    logp = selected_logprobs(logits, ids, 0.7)
    _, stats = ppo_policy_loss(logp, old_logp, torch.randn(3, 7), torch.ones(3, 7).bool(), 0.2, 0.2, denominator=21)
    assert stats["approx_kl"] == 0
    assert stats["clip_fraction"] == 0
    assert stats["ratio_max"] == 1
    torch.testing.assert_close(stats["ratio_mean"], torch.tensor(1.0))


def test_only_the_policy_receives_a_gradient() -> None:
    batch = random_batch(1)
    inputs = {k: v.requires_grad_() if v.is_floating_point() else v for k, v in batch.items()}
    policy, policy_stats = ppo_policy_loss(**policy_args(inputs), clip_low=0.2, clip_high=0.2, denominator=10)
    value, value_stats = value_loss(**value_args(inputs), clip=0.2, denominator=10)
    (policy + value).backward()
    assert {k for k, v in inputs.items() if v.grad is not None} == {"logp", "values"}
    stats = policy_stats | value_stats
    assert stats.keys() == POLICY_STATS | VALUE_STATS
    assert all(v.shape == () and not v.requires_grad for v in stats.values())


# ----------------------------------------------------------------------------------------------------- value loss


@fast
@given(seeds, st.sampled_from([None, 0.1, 0.5]))
def test_value_loss_matches_numpy(seed: int, clip: float | None) -> None:
    batch = value_args(random_batch(seed))
    loss, stats = value_loss(**batch, clip=clip, denominator=17)
    mask = batch.pop("mask").numpy()
    v, old, target = (x.numpy()[mask] for x in batch.values())
    plain = (v - target) ** 2
    clipped = plain if clip is None else (np.clip(v, old - clip, old + clip) - target) ** 2
    expected = {
        "loss": np.maximum(plain, clipped).sum() / 34,
        "value_clip_fraction": (clipped > plain + 1e-12).sum() / 17,
        "value_mean": v.sum() / 17,
        "value_mse": plain.sum() / 17,
    }
    assert {"loss": loss.item()} | {k: x.item() for k, x in stats.items()} == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("value", "target", "loss", "gradient"),
    [
        (0.5, 2.0, 0.5 * 1.8**2, 0.0),  # moved .5 towards the target where .2 is allowed: no further push
        (0.1, 2.0, 0.5 * 1.9**2, -1.9),  # inside
        (-0.5, 2.0, 0.5 * 2.5**2, -2.5),  # moved away: the clip must not stop the way back
        (5.0, 2.0, 0.5 * 3.0**2, 3.0),  # overshot by more than was left: pulled back
    ],
)
def test_value_loss_cases(value: float, target: float, loss: float, gradient: float) -> None:
    """Old value 0, clip .2."""
    values = torch.tensor([[value]], dtype=torch.float64, requires_grad=True)
    zero, true = torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.bool)
    actual, stats = value_loss(values, zero, zero + target, true, 0.2, denominator=1)
    actual.backward()
    assert values.grad is not None
    assert actual.item() == pytest.approx(loss)
    assert values.grad.item() == pytest.approx(gradient)
    assert stats["value_clip_fraction"].item() == (gradient == 0.0)


# --------------------------------------------------------------------------------------------- the three conventions


class TinyModel(torch.nn.Module):
    """Token embeddings with a policy head and a value head: enough for a gradient through every loss."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embed = torch.nn.Embedding(11, 8, dtype=dtype)
        self.policy = torch.nn.Linear(8, 11, dtype=dtype)
        self.value = torch.nn.Linear(8, 1, dtype=dtype)

    def loss(self, ids: Tensor, batch: dict[str, Tensor], denominator: Tensor) -> tuple[Tensor, losses.Stats]:
        """Policy loss plus a tenth of the value loss, and the stats of both."""
        hidden = self.embed(ids)
        logp = selected_logprobs(self.policy(hidden), ids.roll(-1, 1), 0.7)
        old_logp = logp.detach() + 0.3 * batch["old_logp"]
        policy, stats = ppo_policy_loss(
            **{**policy_args(batch), "logp": logp, "old_logp": old_logp},
            clip_low=0.2,
            clip_high=0.2,
            denominator=denominator,
            dual_clip=3.0,
        )
        value, value_stats = value_loss(
            **{**value_args(batch), "values": self.value(hidden).squeeze(-1)}, clip=0.2, denominator=denominator
        )
        return policy + 0.1 * value, stats | value_stats


def run_micro_batches(dtype: torch.dtype, size: int) -> tuple[list[Tensor], Tensor, losses.Stats]:
    """Gradients, loss and stats of one minibatch of 7 rows cut into micro-batches of `size`."""
    model, batch = TinyModel(dtype), random_batch(0, b=7, t=6, dtype=dtype)
    batch["mask"][3] = False  # a micro-batch may hold no sampled token at all
    ids = torch.randint(11, (7, 6), generator=torch.Generator().manual_seed(0))
    total = torch.zeros((), dtype=dtype)
    stats: losses.Stats = {}
    for rows in torch.arange(7).split(size):
        loss, part = model.loss(ids[rows], {k: v[rows] for k, v in batch.items()}, batch["mask"].sum())
        loss.backward()
        total, stats = total + loss.detach(), add_stats(stats, part)
    return [p.grad for p in model.parameters() if p.grad is not None], total, stats


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-12)])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_micro_batches_give_the_same_gradient(dtype: torch.dtype, tolerance: float, size: int) -> None:
    whole, whole_loss, _ = run_micro_batches(dtype, 7)
    parts, parts_loss, _ = run_micro_batches(dtype, size)
    assert len(whole) == len(parts) == 5
    for a, b in zip([*whole, whole_loss], [*parts, parts_loss], strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_stats_add_up_over_micro_batches(size: int) -> None:
    _, _, whole = run_micro_batches(torch.float64, 7)
    _, _, parts = run_micro_batches(torch.float64, size)
    assert whole.keys() == parts.keys() == POLICY_STATS | VALUE_STATS
    for name in whole:
        torch.testing.assert_close(whole[name], parts[name], rtol=0, atol=1e-12)
    # or the test would say little
    assert whole["clip_fraction"] > 0
    assert whole["value_clip_fraction"] > 0


@pytest.mark.parametrize("fill", [math.nan, math.inf, -math.inf, "noise"])
@pytest.mark.parametrize("dual_clip", [None, 1.5])
@pytest.mark.parametrize("clip", [None, 0.2])
def test_masked_positions_do_not_leak(fill: float | str, dual_clip: float | None, clip: float | None) -> None:
    """Whatever lies at masked positions, loss, stats and gradient are bitwise the same, and no gradient lands there."""
    outcomes = []
    for filled in (False, True):
        batch = random_batch(2, dtype=torch.float32)
        mask = batch["mask"]
        for name, x in batch.items():
            if filled and name != "mask":
                batch[name] = torch.where(mask, x, 1e4 * torch.randn_like(x) if isinstance(fill, str) else fill)
        logp, values = batch["logp"].requires_grad_(), batch["values"].requires_grad_()
        policy, policy_stats = ppo_policy_loss(
            **policy_args(batch), clip_low=0.2, clip_high=0.2, denominator=mask.sum(), dual_clip=dual_clip
        )
        value, value_stats = value_loss(**value_args(batch), clip=clip, denominator=mask.sum())
        (policy + value).backward()
        assert logp.grad is not None
        assert values.grad is not None
        assert not logp.grad[~mask].any()
        assert not values.grad[~mask].any()
        weight = truncated_importance_weight(batch["old_logp"], batch["importance_weight"], mask, cap=2.0)
        assert not weight[~mask].any()
        outcomes.append([policy, value, *policy_stats.values(), *value_stats.values(), logp.grad, values.grad, weight])
    assert all(torch.equal(a, b) for a, b in zip(*outcomes, strict=True))


# ------------------------------------------------------------------------------------------- importance weight


@fast
@given(seeds, st.sampled_from([1.0, 2.0, math.inf]))
def test_truncated_importance_weight(seed: int, cap: float) -> None:
    """Against numpy; without a cap, weighting by it turns expectations under the sampler into the learner's."""
    learner, sampler, f = torch.randn(3, 1, 5, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    old_logp, sampler_logp = learner.log_softmax(-1).requires_grad_(), sampler.log_softmax(-1)
    weight = truncated_importance_weight(old_logp, sampler_logp, torch.ones(1, 5, dtype=torch.bool), cap)
    assert not weight.requires_grad
    p, q = scipy.special.softmax(learner.numpy(), -1), scipy.special.softmax(sampler.numpy(), -1)
    np.testing.assert_allclose(weight.numpy(), np.minimum(p / q, cap))
    if math.isinf(cap):
        np.testing.assert_allclose((q * weight.numpy() * f.numpy()).sum(), (p * f.numpy()).sum(), atol=1e-12)


def test_truncated_importance_weight_cap_below_one() -> None:
    with pytest.raises(ValueError, match="cap"):
        truncated_importance_weight(torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1, 1).bool(), cap=0.5)


# ---------------------------------------------------------------------------------- log-probabilities and entropy


def random_logits(
    seed: int, shape: tuple[int, ...], dtype: torch.dtype = torch.float64, scale: float = 3.0
) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = (scale * torch.randn(shape, generator=generator, dtype=torch.float64)).to(dtype)
    return logits, torch.randint(shape[-1], shape[:-1], generator=generator)


shapes = st.sampled_from([(3, 7), (2, 3, 7), (1, 1, 2), (2, 2, 3, 5), (4, 0, 5), (1, 9, 1)])
temperatures = st.sampled_from([0.3, 0.7, 1.0, 2.0])


@fast
@given(seeds, shapes, temperatures, st.sampled_from([(torch.float32, 1e-5), (torch.float64, 1e-12)]))
def test_selected_logprobs_matches_log_softmax(
    seed: int, shape: tuple[int, ...], temperature: float, precision: tuple[torch.dtype, float]
) -> None:
    dtype, tolerance = precision
    logits, ids = random_logits(seed, shape, dtype)
    logp = selected_logprobs(logits, ids, temperature)
    expected = torch.log_softmax(logits / temperature, -1).gather(-1, ids[..., None]).squeeze(-1)
    assert logp.dtype == dtype
    assert logp.shape == ids.shape
    torch.testing.assert_close(logp, expected, rtol=tolerance, atol=tolerance)


@fast
@given(seeds, temperatures, st.sampled_from([3.0, 1e4]))
def test_selected_logprobs_matches_scipy(seed: int, temperature: float, scale: float) -> None:
    logits, ids = random_logits(seed, (2, 3, 7), scale=scale)
    logp = selected_logprobs(logits, ids, temperature)
    expected = scipy.special.log_softmax(logits.numpy() / temperature, axis=-1)
    np.testing.assert_allclose(
        logp, np.take_along_axis(expected, ids.numpy()[..., None], -1)[..., 0], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_logits_are_upcast(dtype: torch.dtype) -> None:
    """Bitwise what float32 gives for the same logits, and the gradient comes back in the dtype of the logits."""
    logits, ids = random_logits(0, (2, 3, 50), dtype)
    functions: list[Callable[[Tensor], Tensor]] = [
        lambda x: selected_logprobs(x, ids, 0.7),
        lambda x: entropy_from_logits(x, 0.7),
    ]
    for function in functions:
        low, full = logits.clone().requires_grad_(), logits.float().requires_grad_()
        assert function(low).dtype == torch.float32
        assert torch.equal(function(low), function(full))
        function(low).sum().backward()
        function(full).sum().backward()
        assert low.grad is not None
        assert full.grad is not None
        assert torch.equal(low.grad, full.grad.to(dtype))


@fast
@given(seeds, shapes, temperatures)
def test_selected_logprobs_gradient(seed: int, shape: tuple[int, ...], temperature: float) -> None:
    """The hand-written backward against autograd through log_softmax, each token with its own weight."""
    logits, ids = random_logits(seed, shape)
    weight = torch.randn(ids.shape, dtype=torch.float64)
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    (weight * selected_logprobs(ours, ids, temperature)).sum().backward()
    (weight * (theirs / temperature).log_softmax(-1).gather(-1, ids[..., None]).squeeze(-1)).sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-12)


def test_gradcheck() -> None:
    logits, ids = random_logits(0, (2, 3, 5))
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda x: selected_logprobs(x, ids, 0.7), (logits,))
    assert torch.autograd.gradcheck(lambda x: entropy_from_logits(x, 0.7), (logits,))


def test_selected_logprobs_refuses_a_second_derivative() -> None:
    """An error, where a wrong result would be silent."""
    logits, ids = random_logits(0, (2, 3, 5))
    logp = selected_logprobs(logits.requires_grad_(), ids, 0.7)
    (gradient,) = torch.autograd.grad(logp.exp().sum(), logits, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_selected_logprobs_saves_no_copy_of_the_logits() -> None:
    """For the backward pass it keeps the logits themselves and O(B T) numbers."""
    logits, ids = random_logits(0, (2, 8, 100), torch.bfloat16)
    saved: list[Tensor] = []

    def record(x: Tensor) -> Tensor:
        saved.append(x)
        return x

    with torch.autograd.graph.saved_tensors_hooks(record, lambda x: x):
        selected_logprobs(logits.requires_grad_(), ids, 0.7)
    large = [x for x in saved if x.numel() >= logits.numel()]
    assert [x.data_ptr() for x in large] == [logits.data_ptr()]


@pytest.mark.parametrize("chunk_logits", [1, 40, 100, 10**9])
def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch, chunk_logits: int) -> None:
    """Bitwise, for a shifted view as well (logits[:, :-1]), values and gradients."""
    logits, ids = random_logits(0, (3, 9, 20), torch.float32)

    def outcome() -> list[Tensor]:
        x = logits.clone().requires_grad_()
        logp, entropy = selected_logprobs(x[:, :-1], ids[:, 1:], 0.7), entropy_from_logits(x[:, :-1], 0.7)
        (logp.sin() + entropy).sum().backward()
        assert x.grad is not None
        return [logp, entropy, x.grad]

    expected = outcome()
    monkeypatch.setattr(losses, "CHUNK_LOGITS", chunk_logits)
    assert all(torch.equal(a, b) for a, b in zip(outcome(), expected, strict=True))


@fast
@given(seeds, shapes, temperatures)
def test_entropy_matches_scipy(seed: int, shape: tuple[int, ...], temperature: float) -> None:
    logits, ids = random_logits(seed, shape)
    entropy = entropy_from_logits(logits, temperature)
    assert entropy.shape == ids.shape
    expected = scipy.stats.entropy(scipy.special.softmax(logits.numpy() / temperature, axis=-1), axis=-1)
    np.testing.assert_allclose(entropy, expected, rtol=1e-9, atol=1e-9)


@fast
@given(seeds, temperatures)
def test_entropy_gradient(seed: int, temperature: float) -> None:
    """dH / dlogit_i = -p_i (log p_i + H) / temperature."""
    logits, _ = random_logits(seed, (2, 3, 7))
    logits.requires_grad_()
    entropy_from_logits(logits, temperature).sum().backward()
    logp = scipy.special.log_softmax(logits.detach().numpy() / temperature, axis=-1)
    entropy = -(np.exp(logp) * logp).sum(-1, keepdims=True)
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad, -np.exp(logp) * (logp + entropy) / temperature, atol=1e-12)


def test_impossible_words() -> None:
    """Logits of -inf (a forbidden word, a padded vocabulary) give the result of the smaller vocabulary, no NaN."""
    small, ids = random_logits(0, (2, 3, 5))
    large = torch.cat([small, torch.full((2, 3, 2), -math.inf, dtype=torch.float64)], -1).requires_grad_()
    logp, entropy = selected_logprobs(large, ids, 0.7), entropy_from_logits(large, 0.7)
    torch.testing.assert_close(logp, selected_logprobs(small, ids, 0.7))
    torch.testing.assert_close(entropy, entropy_from_logits(small, 0.7))
    (logp + entropy).sum().backward()
    assert large.grad is not None
    assert large.grad.isfinite().all()
    assert not large.grad[..., 5:].any()


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_temperature_must_be_positive(temperature: float) -> None:
    logits, ids = random_logits(0, (2, 3))
    with pytest.raises(ValueError, match="temperature"):
        selected_logprobs(logits, ids, temperature)
    with pytest.raises(ValueError, match="temperature"):
        entropy_from_logits(logits, temperature)
