"""The learner: trajectories in, one update out. It knows no environment and no algorithm by name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from textgym_agents.algorithms import Algorithm
from textgym_agents.losses import Stats, add_stats
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.trajectories import Batch, Trajectory


class NonFiniteLoss(FloatingPointError):
    """A loss or gradient is NaN or infinite. The weights are those before the failed optimizer step."""


@dataclass
class LearnerConfig:
    """How a batch becomes optimizer steps."""

    lr: float = 1e-4
    """learning rate of the language model (AdamW)"""
    value_lr: float = 1e-3
    """learning rate of the value head, which starts at zero"""
    epochs: int = 1
    """passes over a step's trajectories"""
    minibatches: int = 2
    """optimizer steps a pass"""
    micro_batch_size: int = 64
    """trajectories in one forward pass; changes memory and speed, not the gradient"""
    max_grad_norm: float = 1.0
    """gradient clipping, of the model and of the value head each by its own norm"""
    weight_decay: float = 0.0
    """of AdamW"""
    adam_beta2: float = 0.999
    """of AdamW; a run of some hundred steps wants it lower"""
    adam_eps: float = 1e-8
    """of AdamW. Near the size of a gradient's entries it lets steps shrink with the gradient; with less, Adam scales
    what little is left, mostly noise, up to full steps"""
    warmup_steps: int = 3
    """learner steps of linear warm-up: Adam's first steps are long and know the least"""
    decay_steps: int = 0
    """learner steps over which the rates fall linearly to `final_lr`; 0: constant"""
    final_lr: float = 0.1
    """fraction of the rates at the end of the decay"""
    value_warmup_steps: int = 0
    """first learner steps that train the value head alone"""

    def check(self) -> None:
        """Raise ValueError for numbers that make no sense."""
        if not self.max_grad_norm > 0:
            raise ValueError(f"learner.max_grad_norm must be above 0, not {self.max_grad_norm}")
        if not 0 <= self.adam_beta2 < 1:
            raise ValueError(f"learner.adam_beta2 must be at least 0 and below 1, not {self.adam_beta2}")
        if not self.adam_eps > 0:
            raise ValueError(f"learner.adam_eps must be above 0, not {self.adam_eps}")
        for name in ("lr", "value_lr", "weight_decay", "warmup_steps", "decay_steps", "final_lr", "value_warmup_steps"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"learner.{name} must be a finite number and not negative, not {getattr(self, name)}")


class Learner:
    """Trains a policy with an algorithm.

    Args:
        policy: the policy. If the algorithm needs a reference and the policy has none, it is frozen here; one that
            came with a checkpoint stays what it was, and `policy.freeze_reference()` makes it the present policy.
        algorithm: credit function and loss.
        config: optimizer and batching.
        generator: shuffles minibatches; an explicit CPU generator.

    Example:
        >>> learner = Learner(policy, PPO(), generator=torch.Generator().manual_seed(0))
        >>> metrics = learner.step([Trajectory.from_transcript(t) for t in transcripts])
    """

    def __init__(
        self,
        policy: ValueHeadPolicy,
        algorithm: Algorithm,
        config: LearnerConfig | None = None,
        *,
        generator: torch.Generator,
    ) -> None:
        self.policy, self.algorithm, self.config = policy, algorithm, config or LearnerConfig()
        self.generator = generator
        self.steps = 0
        if algorithm.needs_reference and policy.frozen_reference is None:
            policy.freeze_reference()
        self.model_parameters = [p for p in policy.model.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": self.model_parameters, "lr": self.config.lr},
                {"params": list(policy.value_head.parameters()), "lr": self.config.value_lr},
            ],
            betas=(0.9, self.config.adam_beta2),
            weight_decay=self.config.weight_decay,
            eps=self.config.adam_eps,
        )

    def step(self, trajectories: Sequence[Trajectory]) -> dict[str, float]:
        """Update the policy on trajectories that it sampled just before; return metrics.

        Raises:
            NonFiniteLoss: before the optimizer step that would have spread it.
            ValueError: at the first step of a learner that needs a reference, if the policy's adapter was trained
                already: the reference, the base below it, would not be the policy that the training starts from.
        """
        if self.steps == 0 and self.algorithm.needs_reference:
            self._check_adapter()
        batch = Batch.collate(trajectories, self.policy.device)
        self._evaluate(batch)
        metrics = self.algorithm.credit(batch)
        self.policy.train()  # turns gradient checkpointing on, where it is enabled; dropout stays off
        try:
            metrics |= self._update(batch)
        finally:
            self.policy.eval()
        gap = torch.where(batch.mask, batch.old_logp - batch.sampler_logp, 0.0).abs().max()
        if not gap.isnan():  # as it is where the sampler's log-probabilities are unknown
            metrics["sampler_gap_max"] = float(gap)
        self.steps += 1
        return metrics

    def step_triplets(
        self,
        queries: Sequence[npt.NDArray[np.int64]],
        responses: Sequence[npt.NDArray[np.int64]],
        rewards: Sequence[float],
        masks: Sequence[npt.NDArray[np.bool_]] | None = None,
    ) -> dict[str, float]:
        """The step in TRL's form: token ids of each query and response, and one reward each.

        Args:
            queries, responses: int64 (Q,) and (R,).
            rewards: one number a response; it lands on the last sampled token.
            masks: bool (R,), False on tool tokens within the response; None: all were sampled.
        """
        trajectories = []
        masks = [np.ones(len(r), bool) for r in responses] if masks is None else masks
        for query, response, reward, sampled in zip(queries, responses, rewards, masks, strict=True):
            mask = np.concatenate([np.zeros(len(query), bool), np.asarray(sampled, bool)])
            token_rewards = np.zeros(len(mask), np.float32)
            token_rewards[np.flatnonzero(mask)[-1:]] = reward
            trajectories.append(Trajectory(np.concatenate([query, response]).astype(np.int64), mask, token_rewards))
        return self.step(trajectories)

    def _check_adapter(self) -> None:
        """Here and not in the constructor, as a resumed learner rightly has a trained adapter."""
        trained = any("lora_B" in name and bool(p.any()) for name, p in self.policy.model.named_parameters())
        if self.policy.adapter is not None and trained:
            raise ValueError(
                "the policy's LoRA adapter is trained already, and the reference is the base below it: call "
                "policy.merge_adapter(seed=...) before making the learner, or load the state of the one to go on with"
            )

    @torch.no_grad()
    def _evaluate(self, batch: Batch) -> None:
        """Fill in what the policy, the critic and the reference say before the update."""
        batch.old_logp, batch.values = torch.zeros_like(batch.rewards), torch.zeros_like(batch.rewards)
        batch.final_values = torch.zeros(len(batch), device=batch.ids.device)
        if self.algorithm.needs_reference:
            batch.ref_logp = torch.zeros_like(batch.rewards)
        temperature = self.algorithm.temperature
        everything = torch.arange(len(batch), device=batch.ids.device)
        for rows, micro in batch.split(everything, self.config.micro_batch_size):
            width = micro.ids.shape[1]
            old = self.policy.token_logprobs(micro.ids, micro.lengths, temperature, mask=micro.mask)
            batch.old_logp[rows, :width], batch.values[rows, :width] = old.logp, old.values
            batch.final_values[rows] = old.final_values
            if self.algorithm.needs_reference:
                batch.ref_logp[rows, :width] = self.policy.reference_logprobs(
                    micro.ids, micro.lengths, temperature, mask=micro.mask
                )

    def _update(self, batch: Batch) -> dict[str, float]:
        """Epochs over shuffled minibatches, each cut into micro-batches whose gradients add up."""
        self._set_rates()
        warming_up = self.steps < self.config.value_warmup_steps
        sums: dict[str, list[float]] = {}
        for _ in range(self.config.epochs):
            order = torch.randperm(len(batch), generator=self.generator).to(batch.ids.device)
            for index in order.chunk(self.config.minibatches):
                stats = self._accumulate(batch, index)
                for p in self.model_parameters if warming_up else ():
                    p.grad = None
                # Each by itself: errors of the critic must not scale the policy's gradient.
                heads = {"grad_norm": self.model_parameters, "value_grad_norm": self.policy.value_head.parameters()}
                for name, parameters in heads.items():
                    stats[name] = torch.nn.utils.clip_grad_norm_(parameters, self.config.max_grad_norm)
                self._check_finite(stats)
                self.optimizer.step()
                for name, value in stats.items():
                    sums.setdefault(name, []).append(float(value))
        return {name: max(v) if name.endswith("_max") else sum(v) / len(v) for name, v in sums.items()}

    def _set_rates(self) -> None:
        """Linear warm-up, then linear decay of both rates: a function of `steps` alone, so that resuming is exact."""
        c = self.config
        factor = min(1.0, (self.steps + 1) / max(1, c.warmup_steps))
        if c.decay_steps:
            factor *= 1 - (1 - c.final_lr) * min(1.0, self.steps / c.decay_steps)
        for group, rate in zip(self.optimizer.param_groups, (c.lr, c.value_lr), strict=True):
            group["lr"] = rate * factor

    def _accumulate(self, batch: Batch, index: Tensor) -> Stats:
        """Gradients of one minibatch. The global denominator makes them the same for any micro-batch size."""
        self.optimizer.zero_grad(set_to_none=True)
        denominator = batch.mask[index].sum()
        stats: Stats = {}
        for _, micro in batch.split(index, self.config.micro_batch_size):
            new = self.policy.token_logprobs(
                micro.ids,
                micro.lengths,
                self.algorithm.temperature,
                mask=micro.mask,
                entropy=self.algorithm.entropy_coef != 0,
                detach_values=self.algorithm.detach_values,
            )
            loss, part = self.algorithm.loss(new, micro, denominator)
            loss.backward()
            stats = add_stats(stats, part | {"loss": loss.detach()})
        return stats

    def _check_finite(self, stats: Stats) -> None:
        bad = [name for name in ("loss", "grad_norm", "value_grad_norm") if not torch.isfinite(stats[name])]
        if bad:
            self.optimizer.zero_grad(set_to_none=True)
            raise NonFiniteLoss(
                f"{' and '.join(bad)} is not finite in learner step {self.steps}; the weights are still those before "
                "it. Lower the learning rate, check the rewards for NaN, or train in float32"
            )

    def state_dict(self) -> dict[str, Any]:
        """Optimizer, algorithm, generator and step count; the policy is saved by itself."""
        return {
            "steps": self.steps,
            "optimizer": self.optimizer.state_dict(),
            "algorithm": self.algorithm.state_dict(),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what `state_dict` returned."""
        self.steps = state["steps"]
        self.optimizer.load_state_dict(state["optimizer"])
        self.algorithm.load_state_dict(state["algorithm"])
        self.generator.set_state(state["generator"])
