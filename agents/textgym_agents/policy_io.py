"""Policy checkpoints: a folder that loads again, bitwise, whatever happened to the model it came from.

The claims are tested in `test_policy_io.py`.

textgym_policy.json      what the checkpoint is
base/                    the language model as `save_pretrained` writes it: a folder that TRL or vLLM load too
adapter/                 the LoRA adapter as PEFT writes it, if there is one
reference/               the frozen reference, if `freeze_reference` made one
value_head.safetensors   weight (1, H) and bias (1,), float32
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from peft import PeftModel
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.utils import logging as hf_logging

from textgym_agents.adapters import seeded_init

if TYPE_CHECKING:
    from textgym_agents.policy import ValueHeadPolicy

META = "textgym_policy.json"
_VERSION = 1


class CheckpointMismatch(ValueError):
    """The folder is no policy checkpoint, or one of another model."""


def save_policy(policy: ValueHeadPolicy, folder: Path, *, include_base: bool = True, tokenizer: Any = None) -> None:
    """Write `policy` to `folder`, replacing an earlier checkpoint there only once the new one is complete.

    Args:
        policy: any policy; the optimizer and the generators are the learner's to save.
        folder: a new or empty folder, or one that holds a checkpoint.
        include_base: False leaves the base weights out of the checkpoint of a LoRA policy whose base can be loaded
            again from `policy.base_path`; its fingerprint is kept, and a base that changed is refused at load.
        tokenizer: a Hugging Face tokenizer to put beside the base weights.

    Raises:
        FileExistsError: if `folder` holds something else.
        ValueError: if the base cannot be left out.
    """
    if folder.exists() and not (folder / META).exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} exists and is no policy checkpoint; choose a new folder")
    if not include_base and (policy.adapter is None or policy.base_path is None):
        raise ValueError("include_base=False needs a LoRA adapter on a base that base_path can load again, unmerged")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        with quiet():
            _write(policy, draft, include_base, tokenizer)
        _replace(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def load_policy_checkpoint(folder: Path, *, vocab_size: int | None = None) -> ValueHeadPolicy:
    """Read a checkpoint onto the CPU; weights, adapter, value head and reference are bitwise what was saved.

    Args:
        folder: what `save_policy` wrote.
        vocab_size: the V that the environment's action space needs, checked before anything is loaded. None: any.

    Raises:
        CheckpointMismatch: if `folder` is not a checkpoint, is damaged, or is of another vocabulary or base.
    """
    from textgym_agents.policy import ValueHeadPolicy

    meta = _read_meta(folder, vocab_size)
    base_path = meta["base_path"]
    if meta["base_saved"]:
        model = _load_model(folder / "base", meta)
    else:
        model = _load_model(base_path, meta)
        if fingerprint(model) != meta["fingerprint"]:
            raise CheckpointMismatch(f"the base at {base_path} has changed since {folder} was saved; restore it")
    adapted: PreTrainedModel | PeftModel = model
    if meta["adapter"]:
        with seeded_init(0):  # PEFT draws an initial adapter before it reads the saved one
            adapted = PeftModel.from_pretrained(model, str(folder / "adapter"), is_trainable=True, torch_device="cpu")
    policy = ValueHeadPolicy(adapted, base_path=base_path)
    head = load_file(folder / "value_head.safetensors")
    if head["weight"].shape != policy.value_head.weight.shape:
        shapes = f"{tuple(head['weight'].shape)}, the model's needs {tuple(policy.value_head.weight.shape)}"
        raise CheckpointMismatch(f"the value head in {folder} is {shapes}; the files are of different checkpoints")
    policy.value_head.load_state_dict(head)
    if meta["reference"]:
        policy.set_reference(_load_model(folder / "reference", meta))
    return policy


def base_state_dict(model: PreTrainedModel) -> dict[str, Tensor]:
    """The state of the language model without its adapter, under the names that the plain model has."""
    state = {}
    for name, tensor in model.state_dict().items():
        if ".lora_" in name or ".modules_to_save." in name:
            continue
        state[name.replace(".base_layer.", ".").replace(".original_module.", ".")] = tensor
    return state


def fingerprint(model: PreTrainedModel) -> str:
    """A hash of the names, shapes and every 1,009th number of the base weights: cheap, and another model shows."""
    digest = hashlib.sha256()
    for name, tensor in sorted(base_state_dict(model).items()):
        sample = tensor.detach().flatten()[::1009].float().cpu().contiguous().numpy()
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(sample.tobytes())
    return digest.hexdigest()


def _write(policy: ValueHeadPolicy, draft: Path, include_base: bool, tokenizer: Any) -> None:
    model, adapter, reference = policy.causal_lm, policy.adapter, policy.frozen_reference
    draft.mkdir()
    if include_base:
        model.save_pretrained(draft / "base", state_dict=base_state_dict(model))
    if tokenizer is not None:
        tokenizer.save_pretrained(draft / "base")
    if adapter is not None:
        # Without the keyword PEFT asks the hub whether the vocabulary was resized.
        adapter.save_pretrained(str(draft / "adapter"), save_embedding_layers=False)
        (draft / "adapter" / "README.md").unlink(missing_ok=True)  # a model card with nothing filled in
    if reference is not None:
        reference.causal_lm.save_pretrained(draft / "reference")
    save_file(policy.value_head.state_dict(), draft / "value_head.safetensors")
    meta = {
        "version": _VERSION,
        "architecture": type(model).__name__,
        "vocab_size": policy.vocab_size,
        "hidden_size": policy.hidden_size,
        "dtype": str(policy.dtype).removeprefix("torch."),
        "attn_implementation": model.config._attn_implementation,
        "base_saved": include_base,
        "base_path": policy.base_path,
        "fingerprint": fingerprint(model),
        "adapter": adapter is not None,
        "reference": reference is not None,
    }
    (draft / META).write_text(json.dumps(meta, indent=2) + "\n", encoding="utf-8")


def _replace(draft: Path, folder: Path) -> None:
    """Put `draft` in the place of `folder`. A rename cannot replace a folder that has files in it, hence two."""
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _read_meta(folder: Path, vocab_size: int | None) -> dict[str, Any]:
    try:
        meta: dict[str, Any] = json.loads((folder / META).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        raise CheckpointMismatch(
            f"{folder} is no policy checkpoint (no readable {META}); load_policy() opens plain model folders"
        ) from None
    if meta.get("version") != _VERSION:
        raise CheckpointMismatch(
            f"{folder} has checkpoint version {meta.get('version')}, this textgym reads {_VERSION}"
        )
    if vocab_size is not None and meta["vocab_size"] != vocab_size:
        raise CheckpointMismatch(
            f"{folder} is a policy over {meta['vocab_size']} tokens, the environment has {vocab_size}; "
            "use the tokenizer that it was trained with"
        )
    return meta


def _load_model(source: str | Path, meta: dict[str, Any]) -> PreTrainedModel:
    try:
        with quiet():
            model = load_causal_lm(source, dtype=getattr(torch, meta["dtype"]), attention=meta["attn_implementation"])
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointMismatch(f"cannot load the weights in {source}: {first_line(error)}") from error
    found = (type(model).__name__, model.config.vocab_size)
    if found[0] != meta["architecture"] or model.get_output_embeddings().weight.shape[0] != meta["vocab_size"]:
        wanted = (meta["architecture"], meta["vocab_size"])
        raise CheckpointMismatch(f"{source} holds (architecture, vocabulary) {found}, the checkpoint says {wanted}")
    return model


def load_causal_lm(source: str | Path, *, dtype: torch.dtype, attention: str, **kwargs: Any) -> PreTrainedModel:
    """`AutoModelForCausalLM.from_pretrained`, but weights that are missing or do not fit raise ValueError.

    transformers only logs them and leaves random numbers in their place, drawn from the global generator.
    """
    with seeded_init(0):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            source, dtype=dtype, attn_implementation=attention, output_loading_info=True, **kwargs
        )
    model, info = loaded
    wrong = sorted(str(key) for kind in ("missing_keys", "mismatched_keys", "unexpected_keys") for key in info[kind])
    if wrong:
        raise ValueError(f"{len(wrong)} weights are missing, superfluous or of another shape, such as {wrong[0]}")
    return model  # type: ignore[no-any-return]


def first_line(error: BaseException) -> str:
    """The first line of an error's message, at most 200 characters: hub errors run to pages."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


@contextmanager
def quiet() -> Iterator[None]:
    """Within, transformers draws no progress bars."""
    shown = hf_logging.is_progress_bar_enabled()
    hf_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            hf_logging.enable_progress_bar()
