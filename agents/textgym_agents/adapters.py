"""LoRA adapters: settings, and how they are attached, switched off and merged without touching global generators."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from peft import LoraConfig, PeftConfig, PeftModel, get_peft_model
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D


@dataclass(frozen=True)
class LoraSettings:
    """A LoRA adapter (Hu et al. 2021): `W x + alpha / rank * B A x` with `B = 0` at first.

    Attributes:
        rank: the inner dimension of the two factors.
        alpha: the update is scaled by `alpha / rank`.
        targets: names of the linear layers that get one, or "all-linear" (every one but the output layer).
        dropout: on the adapter's input during SFT by other trainers; a `ValueHeadPolicy` never runs dropout.
    """

    rank: int = 16
    alpha: float = 32.0
    targets: str | tuple[str, ...] = "all-linear"
    dropout: float = 0.0


@contextmanager
def seeded_init(seed: int) -> Iterator[None]:
    """Within, fresh CPU weights are drawn from `seed`; the global generator's state is restored afterwards.

    Hugging Face models and PEFT initialise from torch's global CPU generator and take no other. Only that generator is
    seeded: `torch.manual_seed` would reseed every accelerator too. Tested in
    `test_models.py::test_initialisation_leaves_global_generators_alone`.
    """
    state = torch.default_generator.get_state()
    try:
        torch.default_generator.manual_seed(seed)
        yield
    finally:
        torch.default_generator.set_state(state)


def attach_adapter(model: PreTrainedModel, lora: LoraSettings, *, seed: int) -> PeftModel:
    """Wrap `model` (in place) with a fresh adapter; the base's parameters are frozen."""
    targets = lora.targets if isinstance(lora.targets, str) else list(lora.targets)
    config = LoraConfig(
        r=lora.rank,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]  # PEFT annotates int and accepts any number
        lora_dropout=lora.dropout,
        target_modules=targets,
        fan_in_fan_out=any(isinstance(module, Conv1D) for module in model.modules()),  # GPT-2's transposed linear
        task_type="CAUSAL_LM",
    )
    return _wrap(model, config, seed)


def merge_adapter(adapter: PeftModel, *, seed: int) -> PeftModel:
    """Fold `adapter` into its base and wrap the result with a fresh adapter of the same settings."""
    config = copy.copy(adapter.peft_config[adapter.active_adapter])
    config.base_model_name_or_path = None  # that of a checkpoint's folder, and no longer true
    return _wrap(adapter.merge_and_unload(), config, seed)


def _wrap(model: PreTrainedModel, config: PeftConfig, seed: int) -> PeftModel:
    with seeded_init(seed):
        return get_peft_model(model, config)


@contextmanager
def adapter_disabled(adapter: PeftModel) -> Iterator[None]:
    """Within, the model computes what its base computes, bitwise.

    PEFT's own context manager marks every adapter weight as trainable on the way out; a learner that froze them, to
    warm up its value head say, would find them thawed. So the flags are put back.
    """
    flags = [(parameter, parameter.requires_grad) for parameter in adapter.parameters()]
    with adapter.disable_adapter():
        yield
    for parameter, flag in flags:
        parameter.requires_grad_(flag)
