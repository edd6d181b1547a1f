"""Continuous batching: sample the next token of many episodes, each at its own length, from one KV cache.

The caller is Gymnasium's own step loop over a vector environment:

    obs, info = envs.reset(seed=0)
    while collecting:
        actions, logp = sampler.act(obs["input_ids"], obs["length"][:, 0])
        obs, reward, terminated, truncated, info = envs.step(actions)

A slot keeps its cache as long as its observation goes on from what was fed before: across turns, with a tool's result
as a chunk of new tokens. A finished slot takes the next episode at once. Which tokens are new is found by comparing
the observation with what the cache holds, so an episode that starts over is never continued by mistake, and the system
prompt that it shares with the one before is not computed again. Prompts that start together share it in one pass.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.optimizer import register_optimizer_step_post_hook

from textgym_agents.losses import selected_logprobs
from textgym_agents.model_checks import UnsupportedModel
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.slot_cache import SlotCache

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_WORTH_SHARING = 16
"""Tokens: a shorter common prefix costs less in every row than in a pass of its own."""

_REFUSED = {"top_k", "top_p", "min_p", "typical_p", "min_tokens", "min_new_tokens", "repetition_penalty"}


@dataclass
class SamplerStats:
    """Counters since the sampler was made.

    Attributes:
        sampled: tokens returned by `act`.
        fed: tokens that went through the model and into the cache.
        padded: positions that were computed and thrown away: padding of chunks, and slots idle in a decode pass.
        forwards: passes through the model.
    """

    sampled: int = 0
    fed: int = 0
    padded: int = 0
    forwards: int = 0


class _OptimizerSteps:
    """Steps that optimizers of this process took since the first sampler was made."""

    def __init__(self) -> None:
        self.taken = 0
        self.counting = False


_steps = _OptimizerSteps()


def _count_optimizer_steps() -> None:
    """Needed beside the version counters of the weights, which fused optimizers leave as they are."""

    def count(*_: Any) -> None:
        _steps.taken += 1

    if not _steps.counting:
        register_optimizer_step_post_hook(count)
        _steps.counting = True


class _Batch(NamedTuple):
    """Rows of one forward pass: each feeds `new[r]` tokens from column `start[r]` on; 0 is an idle row."""

    slots: IntArray | None  # (R,), None for all slots in order
    start: IntArray  # (R,)
    new: IntArray  # (R,)


class Sampler:
    """Samples tokens for `num_slots` episodes at once.

    Every log-probability is that of a full forward pass over the observation, to 1e-5 in float32, whatever the slots
    went through before (`test_sampler.py::test_every_logprob_equals_a_full_forward_pass`); the same seed and calls give
    the same bytes (`test_a_seed_decides_every_byte_and_global_generators_stay`).

    Only temperature is offered. Top-k, top-p, minimum lengths and penalties change the sampled distribution, and the
    learner's log-probabilities would no longer be those of what was sampled.

    The cache belongs to the weights it was computed with. It is dropped by itself after a step of any optimizer in the
    process, after `load_state_dict`, and after other changes that the tensors' version counters show; after any other,
    such as writing to `parameter.data`, call `reset` (`test_new_weights_drop_the_cache`).

    Args:
        policy: the policy; its value head is not run.
        num_slots: N, the number of environments.
        max_length: the longest observation in tokens. The cache takes `2 * layers * heads * head_dim * N * max_length`
            numbers of the model's dtype.
        temperature: the logits are divided by it.
        generator: the only source of randomness: N uniforms a call, one a slot, whichever slots are active.
        greedy: take the most probable token; `logp` is still that of the distribution at `temperature`.
        max_batch_tokens: the longest forward pass over prompts and chunks, in tokens.

    Raises:
        ValueError: for a truncating option, a temperature of 0 or less, or `max_length` beyond the model's positions.
        UnsupportedModel: for models without a key-value cache in every layer, with a sliding window shorter than
            `max_length`, or an attention implementation other than "sdpa" and "eager".
    """

    def __init__(
        self,
        policy: ValueHeadPolicy,
        num_slots: int,
        max_length: int,
        *,
        generator: torch.Generator,
        temperature: float = 1.0,
        greedy: bool = False,
        max_batch_tokens: int = 8192,
        **refused: object,
    ) -> None:
        _check_options(policy, max_length, temperature, refused)
        self.policy = policy
        self.num_slots = num_slots
        self.max_length = max_length
        self.temperature = temperature
        self.greedy = greedy
        self.generator = generator
        self.max_batch_tokens = max_batch_tokens
        self.stats = SamplerStats()
        self._eager = policy.causal_lm.config._attn_implementation == "eager"
        self._cache = SlotCache(policy.causal_lm.config.num_hidden_layers, num_slots, max_length)
        self._held = np.zeros((num_slots, max_length), np.int64)  # the tokens that the cache holds ...
        self._held_length = np.zeros(num_slots, np.int64)  # ... in the first so many columns of each slot
        self._columns = np.arange(max_length)
        self._parameters: tuple[Tensor, ...] = ()
        self._weights: tuple[object, int, int] = (None, 0, 0)
        _count_optimizer_steps()

    def reset(self) -> None:
        """Forget every slot; the next `act` feeds whole observations."""
        self._held_length[:] = 0

    @torch.inference_mode()
    def act(
        self,
        input_ids: IntArray,
        lengths: IntArray,
        active: BoolArray | None = None,
        restart: BoolArray | None = None,
    ) -> tuple[IntArray, NDArray[np.float32]]:
        """Feed what is new in each active slot's observation and sample its next token.

        The policy is put in evaluation mode.

        Args:
            input_ids: (N, L) int64, right-padded with anything; read, not kept.
            lengths: (N,) int64, 1 <= lengths <= max_length for active slots.
            active: (N,) bool, the slots to sample for; the others keep their cache (a tool is still running). All.
            restart: ignored; actors that plan a whole episode need it. A new episode is seen from its tokens, and the
                prefix that it shares with the one before is not fed again.

        Returns:
            actions (N,) int64 and their log-probabilities (N,) float32; zeros in inactive slots.

        Raises:
            ValueError: for wrong shapes or lengths.
            FloatingPointError: if the policy's logits are not finite.
        """
        if self.policy.training:
            self.policy.eval()  # with gradient checkpointing on, layers in training mode leave the cache out
        active = np.ones(self.num_slots, np.bool_) if active is None else active
        self._check_observation(input_ids, lengths, active)
        start = self._share_prefix(input_ids, self._reusable(input_ids, lengths, active), lengths, active)
        count = np.where(active, lengths - start, 0)
        # Drawn for all slots, so that a slot's randomness does not depend on how many others are active.
        device = self.generator.device
        uniforms = torch.rand(self.num_slots, generator=self.generator, device=device, dtype=torch.float64)
        uniforms = uniforms.to(self.policy.device)
        actions, logp = np.zeros(self.num_slots, np.int64), np.zeros(self.num_slots, np.float32)
        for batch in self._batches(start, count):
            logits = self._forward(batch, input_ids)
            slots = np.arange(self.num_slots) if batch.slots is None else batch.slots
            drawn, drawn_logp = self._sample(logits, uniforms[torch.from_numpy(slots).to(uniforms.device)])
            fed = batch.new > 0
            actions[slots[fed]] = drawn[fed]
            logp[slots[fed]] = drawn_logp[fed]
        if not np.isfinite(logp).all():
            raise FloatingPointError("the policy's logits are not finite; did an update diverge?")
        self._held_length = np.where(active, lengths, self._held_length)
        self.stats.sampled += int(active.sum())
        return actions, logp

    # -- which tokens are new -------------------------------------------------------------------------------------

    def _reusable(self, input_ids: IntArray, lengths: IntArray, active: BoolArray) -> IntArray:
        """(N,) how many leading tokens of each observation the cache holds, less the last: its logits are needed."""
        if self._weights_changed():
            self.reset()
        width = min(int(self._held_length.max()), input_ids.shape[1])
        same = self._held[:, :width] == input_ids[:, :width]
        same |= self._columns[:width] >= self._held_length[:, None]
        start = np.minimum(self._held_length, lengths - 1)
        for slot in np.flatnonzero(~same.all(axis=1) & active):  # only new episodes come here
            start[slot] = min(int(start[slot]), int(same[slot].argmin()))
        # Remember what is about to be fed. Columns of inactive slots beyond their length are free to be overwritten,
        # those before it are not.
        width = int((lengths * active).max())
        fresh = (self._columns[:width] >= start[:, None]) & active[:, None]
        np.copyto(self._held[:, :width], input_ids[:, :width], where=fresh)
        self._held_length = np.where(active, start, self._held_length)  # no more, should the forward pass fail
        return start

    def _share_prefix(self, input_ids: IntArray, start: IntArray, lengths: IntArray, active: BoolArray) -> IntArray:
        """Feed what whole prompts have in common (a system prompt, few-shot examples) once, and copy it to their slots.

        Returns:
            (N,) how many leading tokens of each observation the cache holds now.
        """
        whole = np.flatnonzero(active & (start == 0) & (lengths > 1))
        if len(whole) < 2:
            return start
        first, width = whole[0], int(lengths[whole].min()) - 1  # of each row one token is left to sample after
        same = (input_ids[whole, :width] == input_ids[first, :width]).all(axis=0)
        shared = width if same.all() else int(same.argmin())
        if shared < _WORTH_SHARING:
            return start
        self._forward(_Batch(whole[:1], np.zeros(1, np.int64), np.array([shared])), input_ids)
        self._cache.copy(int(first), torch.from_numpy(whole[1:]).to(self.policy.device), shared)
        start = start.copy()
        start[whole] = shared
        return start

    def _weights_changed(self) -> bool:
        model = self.policy.model
        if model is not self._weights[0]:  # an adapter was attached or merged
            self._parameters = tuple(model.parameters())
        before = self._weights
        self._weights = (model, sum(parameter._version for parameter in self._parameters), _steps.taken)
        return self._weights != before

    def _check_observation(self, input_ids: IntArray, lengths: IntArray, active: BoolArray) -> None:
        if input_ids.ndim != 2 or len(input_ids) != self.num_slots or lengths.shape != (self.num_slots,):
            shapes = f"input_ids {input_ids.shape} and lengths {lengths.shape}"
            raise ValueError(f"{shapes}: expected ({self.num_slots}, L) and ({self.num_slots},), one row a slot")
        limit = min(self.max_length, input_ids.shape[1])
        if (active & ((lengths < 1) | (lengths > limit))).any():
            raise ValueError(f"an active slot has a length outside 1..{limit}; the sampler's max_length is too small?")

    # -- forward passes -------------------------------------------------------------------------------------------

    def _batches(self, start: IntArray, count: IntArray) -> Iterator[_Batch]:
        """Split the slots that feed tokens into forward passes.

        Slots with one new token run together. As long as they are a third of all slots, the whole cache is read in
        place, idle rows included: copying the rows out would cost more. Longer ones are grouped by similar length,
        apart for whole prompts, which need not read the cache at all.
        """
        single = count == 1
        if 3 * single.sum() >= self.num_slots:
            yield _Batch(None, np.where(single, start, 0), single.astype(np.int64))
            single = np.zeros_like(single)
        for group in (single, (count > 1) & (start > 0), (count > 1) & (start == 0)):
            slots = np.flatnonzero(group)
            slots = slots[np.argsort(-count[slots], kind="stable")]
            while len(slots):
                longest = int(count[slots[0]])
                size = max(1, self.max_batch_tokens // longest)
                alike = int((2 * count[slots[:size]] >= longest).sum())  # a shorter one would be mostly padding
                yield _Batch(slots[:alike], start[slots[:alike]], count[slots[:alike]])
                slots = slots[alike:]

    def _forward(self, batch: _Batch, input_ids: IntArray) -> Tensor:
        """Feed one batch; returns the logits (R, V) after each row's last token (noise for idle rows)."""
        slots = np.arange(self.num_slots) if batch.slots is None else batch.slots
        steps = np.arange(max(1, int(batch.new.max())))
        valid = steps < batch.new[:, None]  # (R, Q)
        positions = np.where(valid, batch.start[:, None] + steps, 0)
        tokens = np.where(valid, input_ids[slots[:, None], positions], 0)
        columns = np.where(valid, positions, self._cache.scratch)
        alone = not batch.start.any() and batch.slots is not None
        width = 0 if alone else int((batch.start + batch.new).max())
        device = self.policy.device
        rows = None if batch.slots is None else torch.from_numpy(batch.slots).to(device)
        at = torch.from_numpy(positions).to(device)
        self._cache.place(torch.from_numpy(columns).to(device), rows, width)
        hidden = self.policy.trunk(
            torch.from_numpy(tokens).to(device),
            attention_mask=None if alone else self._mask(at, width),
            position_ids=at,
            past_key_values=self._cache,
            use_cache=True,
        )
        last = torch.from_numpy(np.maximum(batch.new - 1, 0)).to(device)
        self.stats.forwards += 1
        self.stats.fed += int(batch.new.sum())
        self.stats.padded += int(valid.size - batch.new.sum())
        return self.policy.output_layer(hidden[torch.arange(len(last), device=device), last])

    def _mask(self, positions: Tensor, width: int) -> Tensor:
        """(R, 1, Q, width): a token sees the columns up to its own position. Padding sees column 0, never nothing."""
        seen = torch.arange(width, device=positions.device) <= positions[:, None, :, None]
        if not self._eager:
            return seen
        dtype = self.policy.dtype
        return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill(~seen, torch.finfo(dtype).min)

    def _sample(self, logits: Tensor, uniforms: Tensor) -> tuple[IntArray, NDArray[np.float32]]:
        """Invert the distribution function of each row of (R, V) logits at the (R,) uniforms.

        In float64: in float32 the sum over a large vocabulary loses the tokens rarer than 6e-8.
        """
        if self.greedy:
            ids = logits.argmax(dim=-1)
        else:
            cdf = (logits.float() / self.temperature).softmax(dim=-1).cumsum(dim=-1, dtype=torch.float64)
            threshold = (uniforms * cdf[:, -1]).unsqueeze(1)
            ids = torch.searchsorted(cdf, threshold, right=True).squeeze(1).clamp_max(logits.shape[1] - 1)
        logp = selected_logprobs(logits, ids, self.temperature)
        return ids.cpu().numpy(), logp.cpu().numpy()


def _check_options(policy: ValueHeadPolicy, max_length: int, temperature: float, refused: dict[str, object]) -> None:
    unknown = sorted(set(refused) - _REFUSED)
    if unknown:
        raise TypeError(f"Sampler() got an unexpected keyword argument {unknown[0]!r}")
    if refused:
        name = sorted(refused)[0]
        raise ValueError(f"{name}: only temperature is offered; it would change the distribution that the learner sees")
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}; greedy=True takes the most probable token")
    if policy.max_positions is not None and max_length > policy.max_positions:
        raise ValueError(f"max_length {max_length} exceeds the model's {policy.max_positions} positions")
    config = policy.causal_lm.config
    name = type(policy.causal_lm).__name__
    if "past_key_values" not in inspect.signature(policy.causal_lm.base_model.forward).parameters:
        raise UnsupportedModel(f"{name} takes no key-value cache")
    if set(getattr(config, "layer_types", None) or ()) - {"full_attention", "sliding_attention"}:
        raise UnsupportedModel(f"{name} has layers that keep no key-value cache")
    window = getattr(config, "sliding_window", None)
    if window is not None and max_length > window:
        raise UnsupportedModel(f"{name} attends to the last {window} tokens only; max_length is {max_length}")
    if config._attn_implementation not in ("sdpa", "eager"):
        raise UnsupportedModel(f"attention {config._attn_implementation!r}: load the model with 'sdpa' or 'eager'")
