"""Advantages over sampled tokens, and the masked statistics that go with them.

Shapes: B rows (episodes), T positions. `mask` is bool (B, T), True exactly on the tokens that the policy sampled.
What stands where `mask` is False (prompt, tool result, scaffold, padding) is ignored, NaN and inf included.
"""

from __future__ import annotations

import torch
from torch import Tensor


@torch.no_grad()
def gae(
    rewards: Tensor, values: Tensor, mask: Tensor, bootstrap: Tensor, gamma: float, lam: float
) -> tuple[Tensor, Tensor]:
    """Generalised advantage estimation over the sampled tokens only.

    delta_t = r_t + gamma * V(next sampled token) - V_t;  A_t = delta_t + gamma * lam * A(next sampled token)

    A sampled token's successor is the next *sampled* token of its row, however many tool tokens lie between: they are
    the environment's doing, take no time and are never discounted. The last one's successor is worth `bootstrap`.
    A reward must therefore land on a sampled token, as textgym's do; one that lies elsewhere is ignored.

    Args:
        rewards: (B, T) float32, the reward for sampling the token at t.
        values: (B, T) float32, the value of the state in which the token at t was sampled (the prefix before it).
        mask: (B, T) bool, the sampled tokens.
        bootstrap: (B,) float32, the value of the final observation of a truncated episode, 0 for a terminated one.
        gamma: discount per sampled token.
        lam: 1 gives the Monte Carlo return less the value, 0 the temporal-difference error.

    Returns:
        advantages (B, T) and returns (B, T) = advantages + values, float32, without gradient, 0 where `mask` is False.

    Source: Schulman et al. 2015, arXiv:1506.02438, eq. 16. Tests: `test_gae_equals_explicit_sum`,
    `test_gae_ignores_tool_tokens`, `test_gae_terminated_and_truncated`.
    """
    # A stable sort by the mask moves a row's sampled tokens to its right end in order. Every row then ends in the same
    # column, and since the recursion runs leftwards, the unsampled columns on the left cannot reach a sampled one.
    longest = max(mask.sum(1).tolist(), default=0)
    source = mask.int().argsort(dim=1, stable=True)[:, mask.shape[1] - longest :]
    packed_values = values.gather(1, source)
    next_values = torch.cat([packed_values, bootstrap[:, None]], dim=1)[:, 1:]
    deltas = rewards.gather(1, source) + gamma * next_values - packed_values

    packed_advantages = torch.empty_like(deltas)
    advantage = torch.zeros_like(bootstrap)
    for t in reversed(range(longest)):
        advantage = deltas[:, t] + gamma * lam * advantage
        packed_advantages[:, t] = advantage

    advantages = torch.zeros_like(values).scatter(1, source, packed_advantages)
    return torch.where(mask, advantages, 0.0), torch.where(mask, advantages + values, 0.0)


def masked_mean(x: Tensor, mask: Tensor, denominator: Tensor | float | None = None) -> Tensor:
    """Sum of `x` over `mask`, divided by `denominator`, or by the number of True entries (0 if there are none).

    With the token count of the whole minibatch as `denominator`, the results of its micro-batches add up to its mean.

    Args:
        x: float, any shape.
        mask: bool, the shape of `x`.
        denominator: positive; a number or a 0-d tensor.

    Returns:
        0-d tensor of x's dtype. Tests: `test_masked_moments`, `test_masked_mean_adds_up_over_micro_batches`.
    """
    if denominator is None:
        denominator = mask.sum().clamp(min=1)
    return torch.where(mask, x, 0.0).sum() / denominator


def masked_var(x: Tensor, mask: Tensor) -> Tensor:
    """Unbiased (n - 1) variance of `x` over `mask`, as a 0-d tensor; 0 for fewer than two entries.

    Args as for `masked_mean`. Test: `test_masked_moments`.
    """
    squared_deviation = (x - masked_mean(x, mask)) ** 2
    return masked_mean(squared_deviation, mask, denominator=(mask.sum() - 1).clamp(min=1))


def whiten(x: Tensor, mask: Tensor, shift_mean: bool = True) -> Tensor:
    """Scale `x` to unit variance over `mask`, and to zero mean unless `shift_mean` is False (as in TRL).

    Whiten the whole batch, before it is cut into minibatches and micro-batches: these moments are not additive.

    Args:
        x: float, any shape.
        mask: bool, the shape of `x`.
        shift_mean: subtract the mean. False keeps it, as whitened rewards need: a shift would flip signs.

    Returns:
        Tensor like `x`, 0 where `mask` is False. A lone entry has no deviation: it gives 0, or itself without a shift.

    Test: `test_whiten`.
    """
    mean = masked_mean(x, mask)
    whitened = (x - mean) * torch.rsqrt(masked_var(x, mask) + 1e-8)
    return torch.where(mask, whitened if shift_mean else whitened + mean, 0.0)
