"""GAE over sampled tokens against explicit sums; masked moments against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from textgym_agents.advantages import gae, masked_mean, masked_var, whiten

NAN = float("nan")
fast = settings(deadline=None, max_examples=50)
masks = st.tuples(st.integers(1, 4), st.integers(0, 12)).flatmap(
    lambda bt: st.lists(st.lists(st.booleans(), min_size=bt[1], max_size=bt[1]), min_size=bt[0], max_size=bt[0])
)
seeds = st.integers(0, 2**31)
fractions = st.sampled_from([0.0, 0.5, 0.95, 0.99, 1.0])


def explicit_gae(rewards: list[float], values: list[float], bootstrap: float, gamma: float, lam: float) -> list[float]:
    """The definition on one compressed episode, O(n^2), in float64: A_i = sum_j (gamma lam)^(j - i) delta_j."""
    successors = [*values, bootstrap][1:]
    deltas = [r + gamma * s - v for r, s, v in zip(rewards, successors, values, strict=True)]
    return [sum((gamma * lam) ** (j - i) * deltas[j] for j in range(i, len(deltas))) for i in range(len(deltas))]


def random_batch(seed: int, mask: Tensor, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    """Rewards and values with NaN at unsampled positions, and a bootstrap value per row."""
    generator = torch.Generator().manual_seed(seed)
    rewards, values = torch.randn(2, *mask.shape, generator=generator, dtype=dtype).masked_fill(~mask, NAN)
    return rewards, values, torch.randn(len(mask), generator=generator, dtype=dtype)


@fast
@given(masks, seeds, fractions, fractions, st.sampled_from([(torch.float32, 1e-4), (torch.float64, 1e-12)]))
def test_gae_equals_explicit_sum(
    mask_rows: list[list[bool]], seed: int, gamma: float, lam: float, precision: tuple[torch.dtype, float]
) -> None:
    dtype, tolerance = precision
    mask = torch.tensor(mask_rows, dtype=torch.bool)
    rewards, values, bootstrap = random_batch(seed, mask, dtype)
    advantages, returns = gae(rewards, values, mask, bootstrap, gamma, lam)

    assert advantages.dtype == returns.dtype == dtype
    assert not advantages[~mask].any()
    assert not returns[~mask].any()
    for row in range(len(mask)):
        r, v = rewards[row][mask[row]].tolist(), values[row][mask[row]].tolist()
        expected = np.array(explicit_gae(r, v, bootstrap[row].item(), gamma, lam))
        np.testing.assert_allclose(advantages[row][mask[row]], expected, rtol=tolerance, atol=tolerance)
        np.testing.assert_allclose(returns[row][mask[row]], expected + np.array(v), rtol=tolerance, atol=tolerance)


@fast
@given(masks, seeds, fractions)
def test_gae_lambda_one_is_monte_carlo(mask_rows: list[list[bool]], seed: int, gamma: float) -> None:
    mask = torch.tensor(mask_rows, dtype=torch.bool)
    rewards, values, bootstrap = random_batch(seed, mask)
    _, returns = gae(rewards, values, mask, bootstrap, gamma, 1.0)
    for row in range(len(mask)):
        r = [*rewards[row][mask[row]].tolist(), bootstrap[row].item()]
        monte_carlo = [sum(gamma**k * x for k, x in enumerate(r[i:])) for i in range(len(r) - 1)]
        np.testing.assert_allclose(returns[row][mask[row]], monte_carlo, rtol=1e-12, atol=1e-12)


@fast
@given(masks, seeds, fractions)
def test_gae_lambda_zero_is_td_error(mask_rows: list[list[bool]], seed: int, gamma: float) -> None:
    mask = torch.tensor(mask_rows, dtype=torch.bool)
    rewards, values, bootstrap = random_batch(seed, mask)
    advantages, _ = gae(rewards, values, mask, bootstrap, gamma, 0.0)
    for row in range(len(mask)):
        r, v = rewards[row][mask[row]].numpy(), values[row][mask[row]].numpy()
        td_error = r + gamma * np.append(v, bootstrap[row].item())[1:] - v
        np.testing.assert_allclose(advantages[row][mask[row]], td_error, rtol=1e-12, atol=1e-12)


def insert_tool_results(rows: list[np.ndarray], gaps: list[list[int]], garbage: np.random.Generator) -> Tensor:
    """Put gaps[b][i] garbage numbers before the i-th entry of rows[b] (the last gap follows the last), pad with NaN."""
    spread = [
        np.concatenate([np.append(garbage.normal(0, 1e6, n), x) for n, x in zip(g, [*r, NAN], strict=True)])
        for r, g in zip(rows, gaps, strict=True)
    ]
    out = np.full((len(rows), max(map(len, spread))), NAN, dtype=np.float32)
    for row, x in zip(out, spread, strict=True):
        row[: len(x)] = x
    return torch.from_numpy(out)


@fast
@given(st.data(), seeds)
def test_gae_ignores_tool_tokens(data: st.DataObject, seed: int) -> None:
    """At lambda .95 the advantages of the sampled tokens are bitwise the same with 0 to 200 tool tokens in each gap."""
    rng = np.random.default_rng(seed)
    lengths = data.draw(st.lists(st.integers(0, 8), min_size=1, max_size=3))
    gaps = [data.draw(st.lists(st.integers(0, 200), min_size=n + 1, max_size=n + 1)) for n in lengths]
    rewards, values = ([rng.normal(size=n).astype(np.float32) for n in lengths] for _ in range(2))
    bootstrap = torch.from_numpy(rng.normal(size=len(lengths)).astype(np.float32))
    sampled = [np.ones(n, dtype=np.float32) for n in lengths]

    results = []
    for layout in ([[0] * (n + 1) for n in lengths], gaps):
        mask = insert_tool_results(sampled, layout, rng) == 1.0
        r, v = insert_tool_results(rewards, layout, rng), insert_tool_results(values, layout, rng)
        results.append([x[mask] for x in gae(r, v, mask, bootstrap, gamma=0.99, lam=0.95)])
    assert torch.equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def test_gae_credit_crosses_a_long_tool_result_undiminished() -> None:
    """A call, 100 tool tokens, an answer worth 1: the call's advantage is .95, not .95**101."""
    rewards, values, mask = torch.zeros(1, 102), torch.zeros(1, 102), torch.zeros(1, 102, dtype=torch.bool)
    rewards[0, -1] = 1.0
    mask[0, [0, -1]] = True
    advantages, _ = gae(rewards, values, mask, torch.zeros(1), gamma=1.0, lam=0.95)
    assert advantages[0, [0, -1]].tolist() == pytest.approx([0.95, 1.0])


def test_gae_terminated_and_truncated() -> None:
    """Same rewards and values; only the truncated episode (row 1) has a future worth 10."""
    rewards = torch.tensor([[1.0, 2.0, 7.0]] * 2)  # 7 lies on a tool token, after the last sampled one: ignored
    values = torch.tensor([[0.5, 0.25, 7.0]] * 2)
    mask = torch.tensor([[True, True, False]] * 2)
    advantages, returns = gae(rewards, values, mask, torch.tensor([0.0, 10.0]), gamma=0.5, lam=0.5)
    # last: 2 + .5 * bootstrap - .25; first: 1 + .5 * .25 - .5 = .625, and a quarter of the last
    assert advantages.tolist() == [[0.625 + 1.75 / 4, 1.75, 0.0], [0.625 + 6.75 / 4, 6.75, 0.0]]
    assert returns.tolist() == [[1.125 + 1.75 / 4, 2.0, 0.0], [1.125 + 6.75 / 4, 7.0, 0.0]]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_gae_without_sampled_tokens(shape: tuple[int, int]) -> None:
    x = torch.full(shape, NAN)
    advantages, returns = gae(x, x, torch.zeros(shape, dtype=torch.bool), torch.ones(shape[0]), 0.99, 0.95)
    assert torch.equal(advantages, torch.zeros(shape))
    assert torch.equal(returns, torch.zeros(shape))


def test_gae_is_constant_and_leaves_its_inputs_alone() -> None:
    rewards, values, bootstrap = torch.randn(2, 5), torch.randn(2, 5, requires_grad=True), torch.randn(2)
    before = [x.detach().clone() for x in (rewards, values, bootstrap)]
    advantages, returns = gae(rewards, values, torch.ones(2, 5, dtype=torch.bool), bootstrap, 0.99, 0.95)
    assert not advantages.requires_grad
    assert not returns.requires_grad
    assert all(torch.equal(x, y) for x, y in zip((rewards, values, bootstrap), before, strict=True))


@fast
@given(masks, seeds)
def test_masked_moments(mask_rows: list[list[bool]], seed: int) -> None:
    mask = torch.tensor(mask_rows, dtype=torch.bool)
    _, x, _ = random_batch(seed, mask)
    selected = x[mask].numpy()
    assert masked_mean(x, mask).item() == pytest.approx(selected.mean() if len(selected) else 0.0)
    assert masked_mean(x, mask, denominator=7).item() == pytest.approx(selected.sum() / 7)
    assert masked_var(x, mask).item() == pytest.approx(selected.var(ddof=1) if len(selected) > 1 else 0.0)


def test_masked_mean_adds_up_over_micro_batches() -> None:
    x, mask = torch.randn(6, 5, dtype=torch.float64), torch.rand(6, 5) < 0.5
    parts = [masked_mean(a, m, denominator=mask.sum()) for a, m in zip(x.split(2), mask.split(2), strict=True)]
    torch.testing.assert_close(sum(parts), masked_mean(x, mask))


@fast
@given(masks, seeds, st.booleans())
def test_whiten(mask_rows: list[list[bool]], seed: int, shift_mean: bool) -> None:
    mask = torch.tensor(mask_rows, dtype=torch.bool)
    _, x, _ = random_batch(seed, mask)
    x = 3 * x + 5
    whitened = whiten(x, mask, shift_mean)
    assert not whitened[~mask].any()

    selected = x[mask].numpy()
    if len(selected) < 2:
        np.testing.assert_allclose(whitened[mask], 0 * selected if shift_mean else selected)
    else:
        expected = (selected - selected.mean()) / np.sqrt(selected.var(ddof=1) + 1e-8)
        np.testing.assert_allclose(whitened[mask], expected + (not shift_mean) * selected.mean(), atol=1e-12)


@pytest.mark.parametrize("constant", [0.0, 1.0, -0.1])
def test_whiten_equal_entries(constant: float) -> None:
    x, mask = torch.full((3, 7), constant), torch.ones(3, 7, dtype=torch.bool)
    torch.testing.assert_close(whiten(x, mask), torch.zeros(3, 7), atol=1e-3, rtol=0)
    torch.testing.assert_close(whiten(x, mask, shift_mean=False), x, atol=1e-3, rtol=0)
