"""Muon (Jordan et al. 2024): momentum whose update is made orthogonal, for the hidden matrices of a model from scratch.

A tiny model learns to copy numbers in half the steps that AdamW takes. Embeddings, the output layer and vectors are
stepped by Adam, as in the original. `torch.optim.Muon` computes in bfloat16, which CPUs of a few years ago emulate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic whose iteration takes singular values from (0, 1] to about 1; steep at 0, so five rounds do."""


def orthogonalize(matrix: Tensor, rounds: int = 5) -> Tensor:
    """U V^T of the singular value decomposition of `matrix`, roughly: singular values come out between 0.6 and 1.3.

    Args:
        matrix: (R, C), of full rank for the bounds to hold; float32 stays float32.
        rounds: of the Newton-Schulz iteration X <- a X + (b A + c A A) X with A = X X^T.

    Test: `test_muon.py::test_orthogonalize_keeps_singular_vectors`.
    """
    a, b, c = _COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for `matrices`, Adam for `others`, in one optimizer with a learning rate each.

    Args:
        matrices: 2-D parameters; a step moves each by `lr * max(1, rows / columns) ** 0.5` times an orthogonal matrix.
        others: parameters that Adam steps.
        lr: of the matrices.
        adam_lr: of the others.
        momentum: of the matrices, Nesterov's.
        betas: of Adam.
        eps: of Adam.

    Raises:
        ValueError: a matrix that is none, or nothing to step.
    """

    def __init__(
        self,
        matrices: Iterable[Tensor],
        others: Iterable[Tensor],
        *,
        lr: float = 0.01,
        adam_lr: float = 1e-3,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.98),
        eps: float = 1e-8,
    ) -> None:
        matrices, others = list(matrices), list(others)
        if wrong := [tuple(p.shape) for p in matrices if p.ndim != 2]:
            raise ValueError(f"Muon steps matrices, not a parameter of shape {wrong[0]}; put it among the others")
        groups: list[dict[str, Any]] = [
            {"params": matrices, "lr": lr, "muon": True},
            {"params": others, "lr": adam_lr, "muon": False},
        ]
        groups = [group for group in groups if group["params"]]
        super().__init__(groups, {"momentum": momentum, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; parameters without a gradient stay."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    (self._muon if group["muon"] else self._adam)(parameter, parameter.grad, group)
        return loss

    def _muon(self, parameter: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[parameter]
        if not state:
            state["momentum"] = torch.zeros_like(parameter)
        state["momentum"].lerp_(grad, 1 - group["momentum"])
        update = orthogonalize(grad.lerp(state["momentum"], group["momentum"]))
        rows, columns = parameter.shape
        parameter.add_(update, alpha=-group["lr"] * max(1.0, rows / columns) ** 0.5)

    def _adam(self, parameter: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state, (beta1, beta2) = self.state[parameter], group["betas"]
        if not state:
            state.update(step=0, mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter))
        state["step"] += 1
        state["mean"].lerp_(grad, 1 - beta1)
        state["square"].lerp_(grad.square(), 1 - beta2)
        scale = (state["square"] / (1 - beta2 ** state["step"])).sqrt_().add_(group["eps"])
        parameter.addcdiv_(state["mean"], scale, value=-group["lr"] / (1 - beta1 ** state["step"]))


def hidden_matrices(model: PreTrainedModel) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The trainable parameters of a language model: matrices of its hidden layers, and all others."""
    outer = {
        id(parameter)
        for module in (model.get_input_embeddings(), model.get_output_embeddings())
        if module is not None
        for parameter in module.parameters()
    }
    trainable = [parameter for parameter in model.parameters() if parameter.requires_grad]
    hidden = [parameter.ndim == 2 and id(parameter) not in outer for parameter in trainable]
    return (
        [parameter for parameter, is_hidden in zip(trainable, hidden, strict=True) if is_hidden],
        [parameter for parameter, is_hidden in zip(trainable, hidden, strict=True) if not is_hidden],
    )
