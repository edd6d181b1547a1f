"""What a learner consumes: `Trajectory`, one episode as arrays, and `Batch`, many as right-padded tensors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from textgym import Transcript


@dataclass(frozen=True)
class Trajectory:
    """One finished episode of T tokens.

    Attributes:
        ids: int64 (T,), every token of the episode.
        mask: bool (T,), True exactly on the tokens that the policy sampled.
        rewards: float32 (T,), the environment's reward for sampling the token; nonzero on sampled tokens only.
        sampler_logp: float32 (T,), the sampler's log-probability, 0 where not sampled; None if unknown.
        terminated: True if the episode ended by itself (its last state is worth 0), False if a budget cut it off.
        group: trajectories of one task share it; for algorithms with a group baseline.
    """

    ids: npt.NDArray[np.int64]
    mask: npt.NDArray[np.bool_]
    rewards: npt.NDArray[np.float32]
    sampler_logp: npt.NDArray[np.float32] | None = None
    terminated: bool = True
    group: int = 0

    def __post_init__(self) -> None:
        if self.ids.ndim != 1:
            raise ValueError(f"ids has shape {self.ids.shape}; a trajectory is one episode, (T,)")
        for name in ("mask", "rewards", "sampler_logp"):
            array = getattr(self, name)
            if array is not None and array.shape != self.ids.shape:
                raise ValueError(f"{name} has shape {array.shape}, ids {self.ids.shape}; give one entry for each token")
        if self.mask.dtype != np.bool_:  # ~ of an integer mask would be -1 and -2, which index
            raise ValueError(f"mask is {self.mask.dtype}; make it bool: mask.astype(bool)")
        if not self.mask.any():
            raise ValueError("a trajectory without sampled tokens teaches nothing; leave it out")
        if self.mask[0]:
            raise ValueError("the first token cannot be a sampled one, nothing precedes it; put a prompt before it")
        if not np.isfinite(self.rewards).all():
            raise ValueError("a reward is NaN or infinite; give every sampled token a finite one")
        if np.any(self.rewards[~self.mask]):
            raise ValueError("a reward lies on a token that the policy did not sample; put it on the last sampled one")

    @classmethod
    def from_transcript(cls, transcript: Transcript, group: int = 0) -> Trajectory:
        """The arrays of a transcript. Raises ValueError if it is unfinished or holds no sampled token."""
        if transcript.stop_reason is None:
            raise ValueError("the transcript is unfinished: it has no stop_reason")
        return cls(
            ids=transcript.ids,
            mask=transcript.loss_mask.astype(bool),
            rewards=transcript.rewards,
            sampler_logp=transcript.logprobs,
            terminated=transcript.stop_reason.terminated,
            group=group,
        )


@dataclass
class Batch:
    """B trajectories, right-padded to T. The learner fills what stands below the line before the first update.

    Attributes:
        ids: (B, T) int64.
        lengths: (B,) int64.
        mask: (B, T) bool, sampled tokens; False on padding.
        rewards, sampler_logp: (B, T) float32.
        terminated: (B,) bool.
        group: (B,) int64.
        old_logp: (B, T), the policy's log-probabilities before the update, from the function that the update uses.
        values: (B, T), the critic's value of the state before each token.
        final_values: (B,), the critic's value of the final observation.
        ref_logp: (B, T), the reference's log-probabilities.
        kl: (B, T), the per-token KL estimate that the rewards were charged with.
        advantages, returns: (B, T), by the algorithm's credit function.
    """

    ids: Tensor
    lengths: Tensor
    mask: Tensor
    rewards: Tensor
    sampler_logp: Tensor
    terminated: Tensor
    group: Tensor
    # ---
    old_logp: Tensor = field(default_factory=lambda: torch.empty(0))
    values: Tensor = field(default_factory=lambda: torch.empty(0))
    final_values: Tensor = field(default_factory=lambda: torch.empty(0))
    ref_logp: Tensor = field(default_factory=lambda: torch.empty(0))
    kl: Tensor = field(default_factory=lambda: torch.empty(0))
    advantages: Tensor = field(default_factory=lambda: torch.empty(0))
    returns: Tensor = field(default_factory=lambda: torch.empty(0))

    @classmethod
    def collate(cls, trajectories: Sequence[Trajectory], device: torch.device | str = "cpu") -> Batch:
        """Right-pad trajectories. Where the sampler's log-probabilities are unknown they are NaN."""
        if not trajectories:
            raise ValueError("no trajectories: a step needs at least one")
        lengths = torch.tensor([len(t.ids) for t in trajectories])
        shape = (len(trajectories), int(lengths.max()))
        ids = torch.zeros(shape, dtype=torch.int64)
        mask = torch.zeros(shape, dtype=torch.bool)
        rewards, sampler_logp = torch.zeros(shape), torch.zeros(shape)
        for i, t in enumerate(trajectories):
            n = len(t.ids)
            ids[i, :n] = torch.from_numpy(t.ids)
            mask[i, :n] = torch.from_numpy(t.mask)
            rewards[i, :n] = torch.from_numpy(t.rewards)
            sampler_logp[i, :n] = torch.nan if t.sampler_logp is None else torch.from_numpy(t.sampler_logp)
        terminated = torch.tensor([t.terminated for t in trajectories])
        group = torch.tensor([t.group for t in trajectories])
        return cls(ids, lengths, mask, rewards, sampler_logp, terminated, group).to(device)

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, device: torch.device | str) -> Batch:
        """The batch on `device`."""
        return replace(self, **{f.name: getattr(self, f.name).to(device) for f in fields(self)})

    def rows(self, index: Tensor) -> Batch:
        """The rows of `index` (int64 (K,)), without the columns that only longer rows use."""
        width = int(self.lengths[index].max())
        picked = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if len(value):
                value = value[index]
                value = value[:, :width] if value.ndim == 2 else value
            picked[f.name] = value
        return replace(self, **picked)

    def split(self, index: Tensor, size: int) -> Iterator[tuple[Tensor, Batch]]:
        """Cut the rows of `index` into micro-batches of at most `size`, rows of like length together.

        The order of `index` does not matter: the same rows give the same micro-batches, bit for bit the same numbers.
        """
        ordered = index.sort().values
        ordered = ordered[self.lengths[ordered].argsort(stable=True)]
        for chunk in ordered.split(size):
            yield chunk, self.rows(chunk)
