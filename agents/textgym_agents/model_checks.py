"""What a policy demands of a language model, checked when it is made: else its numbers would be off without a word."""

from __future__ import annotations

import inspect

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel


class UnsupportedModel(ValueError):
    """The model would give wrong numbers in silence; the message says which and why."""


def check_supported(model: PreTrainedModel) -> None:
    """Refuse what a `ValueHeadPolicy` cannot serve exactly.

    Raises:
        UnsupportedModel: for encoder-decoders; for models without an output layer or position ids; for rotary
            frequencies that a cast rounded; for logits that are not `output_layer(trunk(tokens))`.
    """
    name = type(model).__name__
    if getattr(model.config, "is_encoder_decoder", False):
        raise UnsupportedModel(f"{name} is an encoder-decoder; this policy needs a causal language model")
    if model.get_output_embeddings() is None:
        raise UnsupportedModel(f"{name} has no output layer; load it with AutoModelForCausalLM")
    if "position_ids" not in inspect.signature(model.base_model.forward).parameters:
        raise UnsupportedModel(f"{name} takes no position_ids, so a ragged batch cannot be placed exactly")
    if any(part.endswith("inv_freq") and buffer.dtype != torch.float32 for part, buffer in model.named_buffers()):
        raise UnsupportedModel(
            f"a cast rounded the rotary frequencies of {name}: load it with from_pretrained(dtype=...) instead"
        )
    if model.device.type != "meta":
        _check_split(model)


@torch.no_grad()
def _check_split(model: PreTrainedModel) -> None:
    """Some models cap or scale their logits after the output layer, which a policy that splits them would skip.

    The output layer's result is blown up on its way, as a cap at 30 leaves the small logits of a fresh model alone.
    """
    model.eval()
    seen: dict[str, Tensor] = {}

    def blow_up(layer: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> Tensor:
        seen.update(hidden=args[0], logits=output.float() * 1e3)
        return seen["logits"]

    # Several tokens: the hidden state of the pad token alone can be zero, which no cap and no scale would change.
    head = model.get_output_embeddings()
    ids = torch.arange(min(4, head.weight.shape[0]), device=model.device).unsqueeze(0)
    mask = torch.ones_like(ids)
    hook = head.register_forward_hook(blow_up)
    try:
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    finally:
        hook.remove()
    hidden = model.base_model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
    close = [
        torch.allclose(a, b, rtol=1e-3, atol=1e-3) for a, b in ((hidden, seen["hidden"]), (logits, seen["logits"]))
    ]
    if not all(close):
        name = type(model).__name__
        raise UnsupportedModel(f"{name} changes its logits after the output layer (a cap or a scale): not supported")
