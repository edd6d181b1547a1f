"""PPO's losses as pure functions: log-probabilities, clipped policy loss, clipped value loss.

Shapes: B rows, T positions, V words. All float tensors (B, T) float32 unless said otherwise; `mask` (B, T) bool, True
exactly on the tokens that the policy sampled.

Three conventions hold for every loss here:

1. *Global denominator.* A loss is a sum over masked tokens divided by `denominator`, the token count of the whole
   minibatch: all micro-batches, all ranks. The gradients of its micro-batches then add up to the same gradient however
   it was cut. Frameworks that average gradients over ranks (DDP, FSDP) need the loss multiplied by the world size.
2. *Stats add up too.* A stat is the part of the minibatch mean that this call saw, also divided by `denominator`; add
   over micro-batches and ranks. The one exception is told by its name: `*_max` is a maximum. `add_stats` does both.
3. *Select, then compute.* Inputs are replaced by neutral numbers where `mask` is False before anything else happens, so
   that not even NaN or inf there can touch the loss or, as 0 * inf on the way back, the gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from textgym_agents.advantages import masked_mean
from textgym_agents.kl import kl_penalty

Stats = dict[str, Tensor]
"""Name to 0-d tensor without gradient; see convention 2."""


def ppo_policy_loss(
    logp: Tensor,
    old_logp: Tensor,
    advantages: Tensor,
    mask: Tensor,
    clip_low: float,
    clip_high: float,
    denominator: Tensor | float,
    importance_weight: Tensor | None = None,
    dual_clip: float | None = None,
) -> tuple[Tensor, Stats]:
    """Clipped surrogate objective, negated: -sum(w * min(ratio * A, clip(ratio, 1 - low, 1 + high) * A)) / denominator.

    Args:
        logp: (B, T) log-probabilities under the policy being trained; the only input that receives a gradient.
        old_logp: (B, T) the same before the first update on this batch, recomputed by the learner.
        advantages: (B, T)
        mask: (B, T) bool
        clip_low: the ratio is clipped at 1 - clip_low ...
        clip_high: ... and at 1 + clip_high. PPO has both at 0.2; a larger clip_high is DAPO's clip-higher.
        denominator: sampled tokens of the whole minibatch, > 0 (convention 1).
        importance_weight: (B, T) w, for instance from `truncated_importance_weight`; None is 1.
        dual_clip: > 1. Bounds the objective from below by dual_clip * A where A < 0, on which the ratio is otherwise
            unbounded. None: off.

    Returns:
        loss: 0-d tensor.
        stats: clip_fraction (tokens that a ratio clip took out of the gradient), dual_clip_fraction (the same for the
            dual clip), approx_kl (k3 of KL(old | new)), ratio_mean, ratio_max.

    Raises:
        ValueError: dual_clip is not greater than 1.

    Sources: Schulman et al. 2017, arXiv:1707.06347, eq. 7; clip-higher: Yu et al. 2025, arXiv:2503.14476; dual clip: Ye
    et al. 2019, arXiv:1912.09729. Tests: `test_policy_loss_quadrants`, `test_dual_clip`,
    `test_policy_loss_matches_numpy`, `test_gradient_at_ratio_one_is_reinforce`,
    `test_micro_batches_give_the_same_gradient`, `test_masked_positions_do_not_leak`.
    """
    log_ratio = torch.where(mask, logp - old_logp.detach(), 0.0)
    advantages = torch.where(mask, advantages.detach(), 0.0)

    ratio = log_ratio.exp()
    unclipped = ratio * advantages
    clipped = ratio.clamp(1 - clip_low, 1 + clip_high) * advantages
    objective = torch.minimum(unclipped, clipped)
    dual_clip_hit = torch.zeros_like(mask)
    if dual_clip is not None:
        if not dual_clip > 1:
            raise ValueError(f"dual_clip must be greater than 1, not {dual_clip}")
        dual_clip_hit = (advantages < 0) & (objective < dual_clip * advantages)
        objective = torch.where(dual_clip_hit, dual_clip * advantages, objective)
    if importance_weight is not None:
        objective = objective * torch.where(mask, importance_weight.detach(), 0.0)
    loss = -objective.sum() / denominator

    with torch.no_grad():  # in the k3 below, old_logp plays the policy: it drew the tokens
        stats = {
            "clip_fraction": masked_mean((clipped < unclipped).to(ratio.dtype), mask, denominator),
            "dual_clip_fraction": masked_mean(dual_clip_hit.to(ratio.dtype), mask, denominator),
            "approx_kl": masked_mean(kl_penalty(old_logp, logp, "k3", mask), mask, denominator),
            "ratio_mean": masked_mean(ratio, mask, denominator),
            "ratio_max": torch.where(mask, ratio, 0.0).max(),
        }
    return loss, stats


def value_loss(
    values: Tensor, old_values: Tensor, returns: Tensor, mask: Tensor, clip: float | None, denominator: Tensor | float
) -> tuple[Tensor, Stats]:
    """Half the squared error to the returns: sum(max((V - R)^2, (V_clipped - R)^2)) / (2 * denominator).

    V_clipped = V_old + clip(V - V_old, -clip, clip). The maximum makes the loss pessimistic: a value that has moved
    further than `clip` towards its return gets no further push.

    Args:
        values: (B, T) from the critic being trained; the only input that receives a gradient.
        old_values: (B, T) from the rollout; unused when `clip` is None.
        returns: (B, T) targets, from `gae`.
        mask: (B, T) bool
        clip: positive, in the unit of the values; None: plain squared error.
        denominator: sampled tokens of the whole minibatch, > 0 (convention 1).

    Returns:
        loss: 0-d tensor.
        stats: value_clip_fraction (tokens that the clip took out of the gradient), value_mean, value_mse (unclipped).

    Source: the reference code of Schulman et al. 2017 (openai/baselines, ppo2). Tests: `test_value_loss_matches_numpy`,
    `test_value_loss_cases`, `test_micro_batches_give_the_same_gradient`, `test_masked_positions_do_not_leak`.
    """
    values = torch.where(mask, values, 0.0)
    returns = torch.where(mask, returns.detach(), 0.0)

    unclipped = (values - returns) ** 2
    clipped = unclipped
    if clip is not None:
        old_values = torch.where(mask, old_values.detach(), 0.0)
        clipped = (old_values + (values - old_values).clamp(-clip, clip) - returns) ** 2
    loss = 0.5 * torch.maximum(unclipped, clipped).sum() / denominator

    with torch.no_grad():
        stats = {
            "value_clip_fraction": masked_mean((clipped > unclipped).to(values.dtype), mask, denominator),
            "value_mean": masked_mean(values, mask, denominator),
            "value_mse": masked_mean(unclipped, mask, denominator),
        }
    return loss, stats


@torch.no_grad()
def truncated_importance_weight(old_logp: Tensor, sampler_logp: Tensor, mask: Tensor, cap: float) -> Tensor:
    """min(exp(old_logp - sampler_logp), cap): corrects for a sampler that is not quite the learner's policy.

    The two differ in kernels, precision or weights by a step. The weight is a constant of the update: PPO's ratio is
    still to `old_logp`. One-sided, since large weights alone bring variance.

    Args:
        old_logp: (B, T) the learner's log-probabilities before the update.
        sampler_logp: (B, T) what the sampler saw when it drew the tokens.
        mask: (B, T) bool
        cap: at least 1; 2 is usual.

    Returns:
        (B, T) without gradient, 0 where `mask` is False.

    Raises:
        ValueError: cap is less than 1, which would scale down tokens that agree.

    Sources: Ionides 2008, "Truncated importance sampling"; Yao et al. 2025, "Your efficient RL framework secretly
    brings you off-policy RL training". Test: `test_truncated_importance_weight`.
    """
    if not cap >= 1:
        raise ValueError(f"cap must be at least 1, not {cap}")
    weight = torch.where(mask, old_logp - sampler_logp, 0.0).exp().clamp(max=cap)
    return torch.where(mask, weight, 0.0)


def add_stats(total: Stats, part: Stats) -> Stats:
    """Merge the stats of two micro-batches (convention 2): sums, and maxima for `*_max`. `{}` is the neutral element.

    Test: `test_stats_add_up_over_micro_batches`.
    """
    merged = dict(total)
    for name, value in part.items():
        if name not in merged:
            merged[name] = value
        elif name.endswith("_max"):
            merged[name] = torch.maximum(merged[name], value)
        else:
            merged[name] = merged[name] + value
    return merged


# Logits are by far the largest tensors of a small model's update, so the two functions below never hold a second
# (..., T, V) tensor in float32: they work through T in chunks of about this many logits (16 MiB in float32).
CHUNK_LOGITS = 1 << 22


def selected_logprobs(logits: Tensor, ids: Tensor, temperature: float) -> Tensor:
    """Log-probability of `ids` under softmax(logits / temperature): the gathered logit minus the logsumexp.

    Args:
        logits: (..., T, V) any float dtype; position t predicts ids[..., t], so the caller has shifted one of them.
        ids: (..., T) int64 in [0, V), at masked positions too.
        temperature: the one that the tokens were sampled with, > 0.

    Returns:
        (..., T) float32 (float64 for float64 logits), once differentiable in `logits`.

    Raises:
        ValueError: temperature is not positive.

    Tests: `test_selected_logprobs_matches_log_softmax`, `test_selected_logprobs_matches_scipy`,
    `test_selected_logprobs_gradient`, `test_chunks_do_not_matter`.
    """
    _check_temperature(temperature)
    logp: Tensor = _SelectedLogprobs.apply(logits, ids, temperature)  # type: ignore[no-untyped-call]
    return logp


def entropy_from_logits(logits: Tensor, temperature: float) -> Tensor:
    """Entropy of softmax(logits / temperature), in nats. A word with logit -inf counts as impossible.

    Args:
        logits: (..., T, V) any float dtype.
        temperature: > 0.

    Returns:
        (..., T) float32 (float64 for float64 logits), differentiable. Call it under `torch.no_grad` if it is a mere
        statistic: the gradient keeps several tensors of the size of `logits`.

    Raises:
        ValueError: temperature is not positive.

    Tests: `test_entropy_matches_scipy`, `test_entropy_gradient`, `test_chunks_do_not_matter`.
    """
    _check_temperature(temperature)
    return torch.cat([_entropy(_scale(chunk, temperature)) for (chunk,) in _chunks(logits)], dim=-1)


class _SelectedLogprobs(torch.autograd.Function):
    """`selected_logprobs` that saves the logits as they came and one logsumexp a token.

    Plain autograd saves the scaled float32 logits and builds the gradient from several more. Measured on one CPU core
    for 2,048 x 50,257 logits, forward and backward: log_softmax + gather takes 3.0 times the float32 logits on top and
    2.6 to 5.2 s, this 0.8 (bfloat16) to 1.7 times (float32) and 0.7 s.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, ids: Tensor, temperature: float) -> Tensor:
        logsumexp = torch.cat([_scale(x, temperature).logsumexp(-1) for (x,) in _chunks(logits)], dim=-1)
        ctx.save_for_backward(logits, ids, logsumexp)
        ctx.temperature = temperature
        return _scale(logits.gather(-1, ids[..., None]), temperature).squeeze(-1) - logsumexp

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_logp: Tensor) -> tuple[Tensor, None, None]:
        """d logp / d logits = (onehot(ids) - softmax) / temperature."""
        logits, ids, logsumexp = ctx.saved_tensors
        grad_logits = torch.empty_like(logits)
        rows = (logsumexp[..., None], ids[..., None], -grad_logp[..., None] / ctx.temperature)
        for x, out, lse, i, g in _chunks(logits, grad_logits, *rows):
            p = (_scale(x, ctx.temperature) - lse).exp_()
            out.copy_(p.scatter_add_(-1, i, p.new_full(i.shape, -1.0)).mul_(g))
        return grad_logits, None, None


def _entropy(scaled: Tensor) -> Tensor:
    logp = scaled.log_softmax(-1)
    # The clamp makes p * log p = 0 * -inf a zero, in the gradient too.
    return -(logp.exp() * logp.clamp(min=torch.finfo(logp.dtype).min)).sum(-1)


def _scale(logits: Tensor, temperature: float) -> Tensor:
    """Logits over temperature in float32 or better: bfloat16 has 3 digits, and PPO lives on ratios near 1."""
    return logits.to(torch.promote_types(logits.dtype, torch.float32)) / temperature


def _chunks(logits: Tensor, *others: Tensor) -> Iterator[tuple[Tensor, ...]]:
    """Split (..., T, V) logits and (..., T, *) others along T: views, where flattening logits[:, :-1] would copy."""
    step = max(1, CHUNK_LOGITS * logits.shape[-2] // max(1, logits.numel()))
    return zip(*(x.split(step, dim=-2) for x in (logits, *others)), strict=True)


def _check_temperature(temperature: float) -> None:
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, not {temperature}; greedy decoding has no log-probabilities")
