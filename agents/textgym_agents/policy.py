"""A policy with a value head over any Hugging Face causal language model.

Shapes: `B` sequences, `T` tokens (right-padded), `V` rows of the output layer, `H` hidden units. Padding is known from
`lengths` alone, never from token ids: a pad id that equals the end-of-text id, or that occurs inside the text, is
harmless (`test_policy.py::test_row_in_a_ragged_batch_equals_the_row_alone`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
from peft import PeftModel
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from textgym_agents.adapters import LoraSettings, adapter_disabled, attach_adapter, merge_adapter
from textgym_agents.losses import entropy_from_logits, selected_logprobs
from textgym_agents.model_checks import UnsupportedModel, check_supported
from textgym_agents.policy_io import load_policy_checkpoint, save_policy
from textgym_agents.shared_prefix import forward_once, shared_prefix, shares_exactly


class TokenLogprobs(NamedTuple):
    """What the learner wants to know about `B` sequences of `T` tokens; all float32.

    Attributes:
        logp: (B, T). `logp[b, t]` is the log-probability of token `t` given the tokens before it. Zero at `t = 0`, from
            `lengths[b]` on, and wherever `mask` was False.
        values: (B, T). `values[b, t]` is the value of the state *before* token `t`, that is of the state in which the
            policy chose it. Zero at `t = 0` (no state precedes the first token) and from `lengths[b]` on.
        final_values: (B,). The value after the last token: what a truncated episode bootstraps from.
        entropy: (B, T) entropy in nats of the distribution that token `t` was drawn from, zero where `logp` is; None
            unless asked for.
    """

    logp: Tensor
    values: Tensor
    final_values: Tensor
    entropy: Tensor | None


class ValueHead(nn.Linear):
    """A linear map from the last hidden state to one value, in float32 whatever the trunk's dtype.

    It starts at zero, so that the first advantages are the returns themselves and not the noise of a random head.
    Casting the policy (`.to(torch.bfloat16)`, `.half()`) moves it but does not cast it: values are regression targets
    of a few units, and bfloat16 has a resolution of 0.0078 at 1.
    """

    def __init__(self, hidden_size: int) -> None:
        with torch.device("meta"):  # nn.Linear would draw from the global generator; meta tensors draw nothing
            super().__init__(hidden_size, 1, dtype=torch.float32)
        self.weight = nn.Parameter(torch.zeros(1, hidden_size))
        self.bias = nn.Parameter(torch.zeros(1))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ValueHead:
        # Follow device moves, ignore dtype casts.
        super()._apply(lambda t: t.to(fn(t).device), recurse)  # type: ignore[no-untyped-call]
        return self

    def forward(self, input: Tensor) -> Tensor:
        """(..., H) of any float dtype -> (...) float32."""
        with torch.autocast(input.device.type, enabled=False):
            return F.linear(input.float(), self.weight, self.bias).squeeze(-1)


class ValueHeadPolicy(nn.Module):
    """A causal language model and a value head on its last hidden state (a shared trunk).

    Dropout never runs: `train()` leaves the language model in evaluation mode, because a policy that drops units at
    random is not the policy that produced the rollout, and the ratio at step 0 would not be 1. (`policy.training`
    still follows `train(mode)`.)

    Args:
        model: a causal language model, plain or with a LoRA adapter (`PeftModel`). Kept by reference.
        base_path: where the base model's weights can be loaded again (a folder or a hub id), if they are unchanged;
            lets `save(include_base=False)` leave them out.

    Raises:
        UnsupportedModel: for encoder-decoder models, models without position ids, and models whose logits are not
            `output_layer(trunk(tokens))`; see `textgym_agents.model_checks`.

    Example:
        >>> policy = ValueHeadPolicy(tiny_model(vocab_size=50, seed=0))
        >>> ids, lengths = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([3, 2])
        >>> policy.token_logprobs(ids, lengths).logp.shape
        torch.Size([2, 3])
    """

    def __init__(self, model: PreTrainedModel | PeftModel, *, base_path: str | None = None) -> None:
        super().__init__()
        self.model = model
        self.base_path = base_path
        self._checkpointing = False
        self._shares_exactly: bool | None = None  # not tried yet
        self._reference: list[ValueHeadPolicy] = []  # in a list, so that it is no submodule: not trained, not moved
        check_supported(self.causal_lm)
        self.value_head = ValueHead(self.hidden_size).to(self.device)
        self.train(self.training)

    # -- what it is made of ---------------------------------------------------------------------------------------

    @property
    def adapter(self) -> PeftModel | None:
        """The PEFT wrapper, or None for a policy whose every weight is trained."""
        return self.model if isinstance(self.model, PeftModel) else None

    @property
    def causal_lm(self) -> PreTrainedModel:
        """The Hugging Face model itself; with LoRA, its linear layers are the wrapped ones."""
        model = self.model.get_base_model() if isinstance(self.model, PeftModel) else self.model
        return model  # type: ignore[return-value]

    @property
    def vocab_size(self) -> int:
        """V: rows of the output layer, which can exceed the tokenizer's vocabulary."""
        return int(self.causal_lm.get_output_embeddings().weight.shape[0])

    @property
    def hidden_size(self) -> int:
        return int(self.causal_lm.config.hidden_size)

    @property
    def max_positions(self) -> int | None:
        """The longest sequence the positions reach, or None if the configuration names no limit."""
        return getattr(self.causal_lm.config, "max_position_embeddings", None)

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the trunk (the value head is float32 always)."""
        return self.causal_lm.get_input_embeddings().weight.dtype  # type: ignore[return-value]

    @property
    def device(self) -> torch.device:
        return self.causal_lm.get_input_embeddings().weight.device  # type: ignore[return-value]

    # -- forward --------------------------------------------------------------------------------------------------

    def trunk(self, input_ids: Tensor, **kwargs: Any) -> Tensor:
        """The last hidden state after the final norm, (B, T, H); `kwargs` go to the model as they are.

        Calls the model below its output layer, so that V logits a token are computed only where they are wanted.
        """
        hidden: Tensor = self.causal_lm.base_model(input_ids=input_ids, **kwargs).last_hidden_state
        return hidden

    def output_layer(self, hidden: Tensor) -> Tensor:
        """(..., H) -> logits (..., V) in the trunk's dtype."""
        logits: Tensor = self.causal_lm.get_output_embeddings()(hidden)
        return logits

    def forward(self, input_ids: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Next-token logits and state values at every position.

        Args:
            input_ids: (B, T) int64, right-padded with anything.
            lengths: (B,) int64, 1 <= lengths <= T.

        Returns:
            logits (B, T, V) in the trunk's dtype and values (B, T) float32, both of the state *after* token t. What
            stands at `t >= lengths` is finite and means nothing.
        """
        hidden = self._hidden(input_ids, lengths)
        return self.output_layer(hidden), self.value_head(hidden)

    def token_logprobs(
        self,
        input_ids: Tensor,
        lengths: Tensor,
        temperature: float = 1.0,
        *,
        mask: Tensor | None = None,
        entropy: bool = False,
        detach_values: bool = False,
    ) -> TokenLogprobs:
        """Log-probabilities and values of the tokens of a batch, under the temperature that they were sampled at.

        Old and new log-probabilities both come from here: on the same batch with the same weights they are bitwise
        equal, so at step 0 the ratio is 1 and the KL 0 exactly (`test_policy.py::test_step_zero_is_exact`).

        Args:
            input_ids: (B, T) int64, right-padded with anything.
            lengths: (B,) int64, 1 <= lengths <= T.
            temperature: the logits are divided by it, in float32.
            mask: (B, T) bool, the positions whose `logp` is wanted (the loss mask). The output layer runs only there:
                with V = 49,152 and a tenth of the tokens sampled, that is most of the memory.
            entropy: also return the entropy at those positions.
            detach_values: the value loss then trains the head alone and leaves the trunk to the policy loss.
        """
        logp, ent, hidden = self._logprobs(input_ids, lengths, temperature, mask, entropy)
        width = hidden.shape[1]
        after = self.value_head(hidden.detach() if detach_values else hidden)  # (B, width): the value after each token
        final_values = after.gather(1, (lengths - 1).unsqueeze(1)).squeeze(1)
        before = after[:, :-1].masked_fill(~_valid(lengths, width)[:, 1:], 0.0)
        values = F.pad(before, (1, input_ids.shape[1] - width))
        return TokenLogprobs(logp, values, final_values, ent)

    def _logprobs(
        self,
        input_ids: Tensor,
        lengths: Tensor,
        temperature: float,
        mask: Tensor | None,
        entropy: bool,
        share: bool = True,
    ) -> tuple[Tensor, Tensor | None, Tensor]:
        """`logp` and `entropy` as in `TokenLogprobs`, and the hidden states (B, max(lengths), H)."""
        width = int(lengths.max())  # environments pad to a fixed shape; columns that nobody uses cost nothing here
        hidden = self._hidden(input_ids[:, :width], lengths, share)
        wanted = _valid(lengths, width)
        if mask is not None:
            wanted = wanted & mask[:, :width].bool()
        wanted = F.pad(wanted[:, 1:], (1, input_ids.shape[1] - width))  # nothing precedes token 0
        logits = self.output_layer(hidden[:, :-1][wanted[:, 1:width]])  # (K, V): only the wanted positions
        flat = selected_logprobs(logits, input_ids[wanted], temperature)
        logp = torch.zeros(input_ids.shape, dtype=torch.float32, device=flat.device).masked_scatter(wanted, flat)
        if not entropy:
            return logp, None, hidden
        return logp, torch.zeros_like(logp).masked_scatter(wanted, entropy_from_logits(logits, temperature)), hidden

    def _hidden(self, input_ids: Tensor, lengths: Tensor, share: bool = True) -> Tensor:
        """(B, T, H); `share=False` computes a common prefix in every row, whatever the model could do."""
        batch, width = input_ids.shape
        positions = torch.arange(width, device=input_ids.device).expand(batch, width)
        # Explicit, although right padding makes them the default: a model must never derive them from pad ids.
        # use_cache=False: a cache would be built and thrown away, and it switches off the detection of packed rows.
        mask = _valid(lengths, width).long()
        shared = shared_prefix(input_ids, lengths) if share else 0
        if shared and self._can_share_prefix:
            return forward_once(self.trunk, input_ids, mask, positions, shared)
        return self.trunk(input_ids, attention_mask=mask, position_ids=positions, use_cache=False)

    @property
    def _can_share_prefix(self) -> bool:
        """Not through a recurrent state, not with checkpointing, which switches caches off, and not unless it works."""
        if self._checkpointing or self.causal_lm._is_stateful:
            return False
        if self._shares_exactly is None:
            self._shares_exactly = shares_exactly(self.trunk, self.vocab_size, self.device)
        return self._shares_exactly

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> ValueHeadPolicy:
        """Move or cast; buffers that no checkpoint holds, such as the frequencies of rotary positions, are not cast.

        `module.to(torch.bfloat16)` rounds those too, and positions a few hundred tokens on are then off by whole steps;
        `from_pretrained(dtype=torch.bfloat16)` does not.
        """
        kept = [
            (module, name, module._buffers[name])
            for module in self.modules()
            for name in module._non_persistent_buffers_set
        ]
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        for module, name, before in kept:
            after = module._buffers[name]
            if before is not None and after is not None and after.dtype != before.dtype:
                module._buffers[name] = before.to(after.device)
        return self

    # -- training mode --------------------------------------------------------------------------------------------

    def train(self, mode: bool = True) -> ValueHeadPolicy:
        """Set `self.training`; the language model stays in evaluation mode, so dropout never runs."""
        super().train(mode)
        self.model.eval()
        if mode and self._checkpointing:
            for layer in self.causal_lm.modules():
                if isinstance(layer, GradientCheckpointingLayer):
                    layer.training = True  # this flag alone turns checkpointing on; the dropout inside reads its own
        return self

    def enable_gradient_checkpointing(self) -> None:
        """Recompute each layer in the backward pass: less memory, about a third more time, the same numbers.

        Raises:
            UnsupportedModel: for layers that apply dropout themselves (OPT), where checkpointing would switch it on.
        """
        for layer in self.causal_lm.modules():
            if isinstance(layer, GradientCheckpointingLayer) and getattr(layer, "dropout", 0.0) not in (0, 0.0):
                raise UnsupportedModel(f"{type(layer).__name__} has its own dropout; set it to 0 in the configuration")
        model = self.causal_lm  # renamed within transformers 5
        enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
        enable({"use_reentrant": False})
        self._checkpointing = True
        self.train(self.training)

    # -- adapters and the reference -------------------------------------------------------------------------------

    def add_adapter(self, lora: LoraSettings, *, seed: int) -> None:
        """Attach a fresh LoRA adapter (a no-op function at first: its second factor is zero) and freeze the base.

        Raises:
            ValueError: if there is one already (`merge_adapter` folds it in first).
        """
        if self.adapter is not None:
            raise ValueError("the policy has an adapter already; merge_adapter() folds it into the base first")
        self.model = attach_adapter(self.causal_lm, lora, seed=seed)
        self.train(self.training)

    def merge_adapter(self, *, seed: int) -> None:
        """Fold the adapter into the base weights and attach a fresh one of the same settings.

        After a LoRA SFT this makes the SFT policy the base, so that "adapter off", the reference, is the SFT policy.
        An optimizer of the old adapter's parameters must be built anew.

        Raises:
            ValueError: if there is no adapter.
        """
        if self.adapter is None:
            raise ValueError("the policy has no adapter to merge")
        self.model = merge_adapter(self.adapter, seed=seed)
        self.base_path = None  # the base is no longer what that path holds
        self.train(self.training)

    def freeze_reference(self) -> None:
        """Make the present policy the reference of `reference_logprobs`.

        With an adapter this does nothing, as the reference is the base below it; without one it keeps a frozen copy of
        the model, which costs its memory once more. Call it before the first update.
        """
        if self.adapter is None:
            self.set_reference(copy.deepcopy(self.causal_lm))

    def set_reference(self, model: PreTrainedModel) -> None:
        """Make `model` the reference of a policy without an adapter; it is frozen, and kept by reference."""
        self._reference = [ValueHeadPolicy(model).requires_grad_(False)]

    @property
    def frozen_reference(self) -> ValueHeadPolicy | None:
        """The copy that `freeze_reference` made, or None."""
        return self._reference[0] if self._reference else None

    @torch.no_grad()
    def reference_logprobs(
        self, input_ids: Tensor, lengths: Tensor, temperature: float = 1.0, *, mask: Tensor | None = None
    ) -> Tensor:
        """(B, T) float32, as `TokenLogprobs.logp`, of the reference policy; no gradient.

        With an adapter the reference is the model with the adapter off, bitwise the base model
        (`test_policy.py::test_adapter_off_is_the_base_model`); without one it is what `freeze_reference` kept.

        Raises:
            RuntimeError: without an adapter, if `freeze_reference` was not called.
        """
        if self.adapter is not None:
            with adapter_disabled(self.adapter):
                return self._logprobs(input_ids, lengths, temperature, mask, False)[0]
        if not self._reference:
            raise RuntimeError("no reference: call policy.freeze_reference() before the first update")
        reference = self._reference[0].to(self.device)
        # As the policy itself does it: else the KL of step 0 would be rounding, and not 0.
        return reference._logprobs(input_ids, lengths, temperature, mask, False, self._can_share_prefix)[0]

    # -- checkpoints ----------------------------------------------------------------------------------------------

    def save(self, folder: str | Path, *, include_base: bool = True, tokenizer: Any = None) -> None:
        """Write a checkpoint; see `textgym_agents.policy_io.save_policy`."""
        save_policy(self, Path(folder), include_base=include_base, tokenizer=tokenizer)

    @classmethod
    def load(cls, folder: str | Path, *, vocab_size: int | None = None) -> ValueHeadPolicy:
        """Read a checkpoint, bitwise what was saved; see `textgym_agents.policy_io.load_policy_checkpoint`."""
        return load_policy_checkpoint(Path(folder), vocab_size=vocab_size)


def _valid(lengths: Tensor, width: int) -> Tensor:
    """(B, width) bool: True on tokens, False on padding."""
    return torch.arange(width, device=lengths.device) < lengths.unsqueeze(1)
