"""Muon against a singular value decomposition, Adam against torch's."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.policies import small_policy

from textgym_agents.muon import Muon, hidden_matrices, orthogonalize


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(rows=st.integers(1, 40), columns=st.integers(1, 40), seed=st.integers(0, 99))
@settings(max_examples=50, deadline=None)
def test_orthogonalize_keeps_singular_vectors(rows: int, columns: int, seed: int) -> None:
    """Spread singular values, down to a tenth of the largest, all come out near 1, each on its own vectors."""
    u, _, vt = torch.linalg.svd(random(rows, columns, seed=seed).double(), full_matrices=False)
    values = torch.linspace(1, 0.1, min(rows, columns), dtype=torch.float64)
    found = u.T @ orthogonalize(u @ torch.diag(values) @ vt) @ vt.T
    assert torch.allclose(found, torch.diag(found.diag()), atol=1e-8)
    assert ((found.diag() > 0.6) & (found.diag() < 1.3)).all()


def test_orthogonalize_of_nothing_is_nothing() -> None:
    assert not orthogonalize(torch.zeros(3, 5)).any()


def test_a_muon_step_by_hand() -> None:
    """Two steps: Nesterov's momentum, orthogonalised, scaled for the tall matrix."""
    weight = random(6, 3).requires_grad_()
    grads = [random(6, 3, seed=1), random(6, 3, seed=2)]
    optimizer = Muon([weight], [], lr=0.1, momentum=0.9)
    expected, momentum = weight.detach().clone(), torch.zeros(6, 3)
    for grad in grads:
        weight.grad = grad.clone()
        optimizer.step()
        momentum = 0.9 * momentum + 0.1 * grad
        expected -= 0.1 * 2**0.5 * orthogonalize(0.1 * grad + 0.9 * momentum)
    assert torch.allclose(weight, expected, atol=1e-6)


def test_the_others_are_stepped_as_by_torch() -> None:
    ours, theirs = random(4, 3).requires_grad_(), random(4, 3).requires_grad_()
    optimizers = [
        Muon([], [ours], adam_lr=0.01, betas=(0.9, 0.98)),
        torch.optim.Adam([theirs], lr=0.01, betas=(0.9, 0.98)),
    ]
    for seed in range(5):
        ours.grad, theirs.grad = random(4, 3, seed=seed), random(4, 3, seed=seed)
        for optimizer in optimizers:
            optimizer.step()
    assert torch.allclose(ours, theirs, atol=1e-6)


def test_a_saved_state_goes_on_bitwise() -> None:
    def steps(weights: list[torch.Tensor], optimizer: Muon, seeds: range) -> None:
        for seed in seeds:
            for weight in weights:
                weight.grad = random(*weight.shape, seed=seed)
            optimizer.step()

    whole = [random(4, 3).requires_grad_(), random(5).requires_grad_()]
    cut = [w.detach().clone().requires_grad_() for w in whole]
    steps(whole, Muon(whole[:1], whole[1:]), range(4))
    first = Muon(cut[:1], cut[1:])
    steps(cut, first, range(2))
    second = Muon(cut[:1], cut[1:])
    second.load_state_dict(first.state_dict())
    steps(cut, second, range(2, 4))
    assert all(torch.equal(a, b) for a, b in zip(whole, cut, strict=True))


def test_only_matrices_of_hidden_layers_are_muons() -> None:
    model = small_policy().causal_lm
    matrices, others = hidden_matrices(model)
    names = {id(p): name for name, p in model.named_parameters()}
    assert all(p.ndim == 2 and "layers" in names[id(p)] for p in matrices)
    assert matrices
    assert all(p.ndim == 1 or "layers" not in names[id(p)] for p in others)
    assert len(matrices) + len(others) == len(names)


def test_vectors_are_no_matrices() -> None:
    with pytest.raises(ValueError, match=r"not a parameter of shape \(3,\)"):
        Muon([torch.zeros(3, requires_grad=True)], [])
