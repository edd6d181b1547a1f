"""Checkpoints: bitwise what was saved, never half written, never another model's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from textgym_agents import policy_io
from textgym_agents.adapters import LoraSettings
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.policy_io import CheckpointMismatch, save_policy

V = 23
LORA = LoraSettings(rank=2, alpha=4.0)


def build(seed: int = 0) -> LlamaForCausalLM:
    with torch.random.fork_rng(devices=[]):
        model = LlamaForCausalLM(
            LlamaConfig(vocab_size=V, hidden_size=16, num_hidden_layers=2, num_attention_heads=4,
                        num_key_value_heads=2, intermediate_size=24, tie_word_embeddings=True)
        )  # fmt: skip
    randomise(model, seed)
    return model


def randomise(module: torch.nn.Module, seed: int) -> None:
    """New numbers for everything that is trained."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)


def adapted(seed: int = 0) -> ValueHeadPolicy:
    """A policy whose adapter and value head are not zero any more."""
    policy = ValueHeadPolicy(build(seed))
    policy.add_adapter(LORA, seed=seed)
    randomise(policy, seed + 1)
    return policy


def batch() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randint(0, V, (4, 20), generator=torch.Generator().manual_seed(0)), torch.tensor([20, 3, 11, 7])


def same_outputs(a: ValueHeadPolicy, b: ValueHeadPolicy) -> bool:
    x, y = (policy.token_logprobs(*batch()) for policy in (a, b))
    return all(torch.equal(x[i], y[i]) for i in range(3))


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [("plain", "float32"), ("reference", "float32"), ("lora", "float32"), ("merged", "float32"), ("lora", "bfloat16")],
)
def test_save_and_load_is_bitwise(tmp_path: Path, kind: str, dtype: str) -> None:
    policy = ValueHeadPolicy(build()).to(getattr(torch, dtype))
    if kind in ("lora", "merged"):
        policy.add_adapter(LORA, seed=0)
    if kind == "reference":
        policy.freeze_reference()
    randomise(policy, 4)
    if kind == "merged":
        policy.merge_adapter(seed=3)
    policy.save(tmp_path / "checkpoint")
    loaded = ValueHeadPolicy.load(tmp_path / "checkpoint", vocab_size=V)
    states = policy.state_dict(), loaded.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, tensor in states[0].items():
        assert torch.equal(tensor, states[1][name]), name
        assert tensor.dtype == states[1][name].dtype, name
    assert {n for n, p in policy.named_parameters() if p.requires_grad} == {
        n for n, p in loaded.named_parameters() if p.requires_grad
    }
    assert same_outputs(policy, loaded)
    if kind != "plain":
        assert torch.equal(policy.reference_logprobs(*batch()), loaded.reference_logprobs(*batch()))


def test_base_folder_is_a_plain_model(tmp_path: Path) -> None:
    adapted().save(tmp_path / "checkpoint")
    base = LlamaForCausalLM.from_pretrained(tmp_path / "checkpoint" / "base")
    expected = ValueHeadPolicy(build()).token_logprobs(*batch()).logp
    assert torch.equal(ValueHeadPolicy(base).token_logprobs(*batch()).logp, expected)


def test_base_left_out_and_its_changes_noticed(tmp_path: Path) -> None:
    build().save_pretrained(tmp_path / "base")
    model = LlamaForCausalLM.from_pretrained(tmp_path / "base")
    policy = ValueHeadPolicy(model, base_path=str(tmp_path / "base"))
    with pytest.raises(ValueError, match="include_base"):
        policy.save(tmp_path / "checkpoint", include_base=False)
    policy.add_adapter(LORA, seed=0)
    policy.save(tmp_path / "checkpoint", include_base=False)
    assert not (tmp_path / "checkpoint" / "base").exists()
    assert same_outputs(policy, ValueHeadPolicy.load(tmp_path / "checkpoint"))
    build(1).save_pretrained(tmp_path / "base")
    with pytest.raises(CheckpointMismatch, match="has changed"):
        ValueHeadPolicy.load(tmp_path / "checkpoint")
    policy.merge_adapter(seed=0)
    with pytest.raises(ValueError, match="unmerged"):
        policy.save(tmp_path / "checkpoint", include_base=False)


def test_a_failed_save_keeps_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = adapted(0), adapted(1)
    first.save(tmp_path / "checkpoint")
    with monkeypatch.context() as patch:
        patch.setattr(policy_io, "save_file", lambda *args: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            second.save(tmp_path / "checkpoint")
    assert same_outputs(first, ValueHeadPolicy.load(tmp_path / "checkpoint"))
    second.save(tmp_path / "checkpoint")
    assert same_outputs(second, ValueHeadPolicy.load(tmp_path / "checkpoint"))
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_checkpoint_errors_name_the_fix(tmp_path: Path) -> None:
    build().save_pretrained(tmp_path / "model")
    with pytest.raises(CheckpointMismatch, match="load_policy"):
        ValueHeadPolicy.load(tmp_path / "model")
    with pytest.raises(FileExistsError, match="choose a new folder"):
        save_policy(adapted(), tmp_path / "model")
    adapted().save(tmp_path / "good")
    with pytest.raises(CheckpointMismatch, match="23 tokens, the environment has 50"):
        ValueHeadPolicy.load(tmp_path / "good", vocab_size=50)

    def damaged(change: Any) -> Path:
        folder = tmp_path / "bad"
        adapted().save(folder)
        change(folder)
        return folder

    def edit(folder: Path, **fields: object) -> None:
        meta = json.loads((folder / policy_io.META).read_text())
        (folder / policy_io.META).write_text(json.dumps(meta | fields))

    def shorten(folder: Path) -> None:
        weights = folder / "base" / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:-100])

    def widen(folder: Path) -> None:
        config = json.loads((folder / "base" / "config.json").read_text())
        (folder / "base" / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))

    def swap_head(folder: Path) -> None:
        policy_io.save_file({"weight": torch.zeros(1, 5), "bias": torch.zeros(1)}, folder / "value_head.safetensors")

    for change, message in (
        (lambda folder: edit(folder, architecture="GPT2LMHeadModel"), "the checkpoint says"),
        (lambda folder: edit(folder, version=9), "version 9"),
        (shorten, "cannot load the weights"),
        (widen, "weights are missing|cannot load"),
        (swap_head, "the value head"),
    ):
        with pytest.raises(CheckpointMismatch, match=message):
            ValueHeadPolicy.load(damaged(change))
