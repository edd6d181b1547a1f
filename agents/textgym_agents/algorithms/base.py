"""What an algorithm is to the learner: a credit function, a loss, and what the two need."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from textgym_agents.losses import Stats
from textgym_agents.policy import TokenLogprobs
from textgym_agents.trajectories import Batch


class Algorithm(ABC):
    """A policy-gradient algorithm, free of models, optimizers and batching.

    Attributes:
        temperature: of the rollouts; log-probabilities are those of the sampled distribution.
        entropy_coef: the learner computes entropies only if it is not 0.
        detach_values: the value loss trains the value head alone, not the trunk that it shares with the policy.
    """

    temperature: float = 1.0
    entropy_coef: float = 0.0
    detach_values: bool = False

    @property
    def needs_reference(self) -> bool:
        """Whether `Batch.ref_logp` must be filled before `credit`."""
        return False

    @abstractmethod
    def credit(self, batch: Batch) -> dict[str, float]:
        """Fill `batch.advantages` and `batch.returns` from rewards, values and masks; return metrics."""

    @abstractmethod
    def loss(self, new: TokenLogprobs, batch: Batch, denominator: Tensor) -> tuple[Tensor, Stats]:
        """The loss of a micro-batch, divided by `denominator`, the sampled tokens of its whole minibatch."""

    def state_dict(self) -> dict[str, float]:
        """State that a resumed run needs."""
        return {}

    def load_state_dict(self, state: dict[str, float]) -> None:  # noqa: B027 (stateless by default)
        """Restore what `state_dict` returned."""
