"""KL to a reference policy: three per-token estimators and two controllers of the coefficient.

What each estimator is good for, with x ~ policy, r = ref(x) / policy(x), and "loss" and "reward" as in
J = E[reward] - coef * loss. All of it holds exactly for one token; `tests/textgym_agents/test_kl.py` enumerates it.

        estimator        E[k] is        gradient as a loss: E[grad k]   as a reward: E[k.detach() * grad log policy]
    k1  -log r           KL(policy|ref) 0: does nothing at all          grad KL(policy|ref)
    k2  (log r)^2 / 2    biased         grad KL(policy|ref)             biased
    k3  (r - 1) - log r  KL(policy|ref) grad KL(ref|policy)             grad KL(policy|ref) - grad KL(ref|policy)

So: k1 in the reward, k2 in the loss, k3 to look at (unbiased, never negative, low variance). A per-token loss leaves
out how a token changes later states; the reward does not.

Sources: Schulman 2020, http://joschu.net/blog/kl-approx.html; Tang and Munos 2025, arXiv:2506.09477.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

KLEstimator = Literal["k1", "k2", "k3"]


def kl_penalty(logp: Tensor, ref_logp: Tensor, estimator: KLEstimator, mask: Tensor | None = None) -> Tensor:
    """Per-token estimate of KL(policy | reference) at tokens that the policy sampled; differentiable in both inputs.

    Args:
        logp: float32, any shape: log-probability of each token under the policy that sampled it.
        ref_logp: the same under the reference.
        estimator: see the table at the top of the module.
        mask: bool, the same shape. Where False, the estimate and its gradient are 0, whatever the inputs hold.

    Returns:
        Tensor like `logp`.

    Raises:
        ValueError: unknown estimator.

    Source: Schulman 2020. Tests: `test_expectations`, `test_gradients_as_a_loss`, `test_gradients_as_a_reward`.
    """
    log_ratio = ref_logp - logp
    if mask is not None:
        # Before the exponential: a where after it stops inf going forward, but 0 * inf = NaN comes back.
        log_ratio = torch.where(mask, log_ratio, 0.0)
    if estimator == "k1":
        return -log_ratio
    if estimator == "k2":
        return log_ratio**2 / 2
    if estimator == "k3":
        return torch.expm1(log_ratio) - log_ratio  # exp(x) - 1 would cancel to noise when the policies are close
    raise ValueError(f"unknown KL estimator {estimator!r}: choose k1, k2 or k3")


class KLController(ABC):
    """Holds `coef`, the weight of the KL penalty. Its state is the coefficient: the rest is configuration."""

    def __init__(self, coef: float) -> None:
        if not coef >= 0:
            raise ValueError(f"coef must be at least 0, not {coef}")
        self.coef = coef

    @abstractmethod
    def update(self, kl: float, n: int) -> None:
        """Adapt to `kl`, measured over `n` new episodes. Pass the KL that the penalty itself used, not another one."""

    def state_dict(self) -> dict[str, float]:
        """What a resumed run needs."""
        return {"coef": self.coef}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Restore what `state_dict` returned."""
        self.coef = state["coef"]


class FixedKL(KLController):
    """A coefficient that stays as it is."""

    def update(self, kl: float, n: int) -> None:
        """Do nothing."""


class AdaptiveKL(KLController):
    """Proportional controller that steers the measured KL to `target`.

    coef *= 1 + clip(kl / target - 1, -0.2, 0.2) * n / horizon

    Args:
        coef: initial coefficient; positive, since a product never leaves 0.
        target: the KL to hold, in the unit of `update`'s `kl` (Ziegler et al.: nats summed over an episode).
        horizon: episodes in which a KL far off target changes the coefficient by about 20%.

    Source: Ziegler et al. 2019, arXiv:1909.08593, section 2.2. Tests: `test_adaptive_kl_formula`,
    `test_adaptive_kl_holds_target`.
    """

    def __init__(self, coef: float, target: float, horizon: int) -> None:
        super().__init__(coef)
        if not (coef > 0 and target > 0 and horizon > 0):
            raise ValueError(f"coef, target and horizon must be positive, not {coef}, {target}, {horizon}")
        self.target = target
        self.horizon = horizon

    def update(self, kl: float, n: int) -> None:
        """One step of the controller.

        Raises:
            ValueError: `kl` is NaN, which would stay in the coefficient for good; or `n` > `horizon`, a step so long
                that the coefficient could turn negative.
        """
        if math.isnan(kl):
            raise ValueError("the measured KL is NaN")
        if n > self.horizon:
            raise ValueError(f"horizon ({self.horizon}) must be at least the episodes of one update ({n})")
        error = min(max(kl / self.target - 1, -0.2), 0.2)
        self.coef *= 1 + error * n / self.horizon
