"""The policy against plain Hugging Face calls on single rows, and against itself bit by bit."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import Tensor
from transformers import (
    BloomConfig,
    BloomForCausalLM,
    Gemma2Config,
    Gemma2ForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)

from textgym_agents.adapters import LoraSettings
from textgym_agents.model_checks import UnsupportedModel
from textgym_agents.policy import ValueHeadPolicy

V, H, T = 23, 16, 24
EOS = PAD = 3  # pad == eos, and it occurs inside the text
SHAPE = {"vocab_size": V, "hidden_size": H, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
IDS = {"eos_token_id": EOS, "pad_token_id": PAD, "bos_token_id": None}
LORA = LoraSettings(rank=2, alpha=4.0)


def build(family: str, seed: int = 0, dropout: float = 0.0) -> PreTrainedModel:
    """A small random model; its weights are large enough for positions and attention to matter."""
    with torch.random.fork_rng(devices=[]):
        model: PreTrainedModel = {
            "llama": lambda: LlamaForCausalLM(
                LlamaConfig(**SHAPE, **IDS, num_key_value_heads=2, tie_word_embeddings=True, attention_dropout=dropout)
            ),
            "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SHAPE, **IDS, num_key_value_heads=2)),
            "neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**SHAPE, **IDS)),
            "gpt2": lambda: GPT2LMHeadModel(
                GPT2Config(vocab_size=V, n_embd=H, n_layer=2, n_head=4, n_positions=64, **IDS,
                           attn_pdrop=dropout, resid_pdrop=dropout, embd_pdrop=dropout)
            ),
        }[family]()  # fmt: skip
    return randomise(model, seed)


def randomise(module: Any, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return module


def batch(seed: int = 0, rows: int = 5) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, V, (rows, T), generator=generator)
    lengths = torch.randint(2, T, (rows,), generator=generator)
    for row, length in enumerate(lengths.tolist()):
        ids[row, length // 2] = PAD
        ids[row, length:] = PAD
    return ids, lengths


def adapted(seed: int = 0, family: str = "llama", lora: LoraSettings = LORA) -> ValueHeadPolicy:
    """A policy whose adapter and value head are not zero any more."""
    policy = ValueHeadPolicy(build(family, seed))
    policy.add_adapter(lora, seed=seed)
    randomise_trained(policy, seed + 1)
    return policy


def randomise_trained(policy: ValueHeadPolicy, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in policy.parameters():
            if parameter.requires_grad:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)


# -- oracles: the plain model, one row at a time ------------------------------------------------------------------


@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("family", ["llama", "gpt2", "qwen2", "neox"])
def test_row_in_a_ragged_batch_equals_the_row_alone(family: str, temperature: float) -> None:
    policy = ValueHeadPolicy(build(family))
    randomise(policy.value_head, 7)
    weight, bias = policy.value_head.weight[0], policy.value_head.bias[0]
    ids, lengths = batch()
    out = policy.token_logprobs(ids, lengths, temperature, entropy=True)
    logits, after = policy(ids, lengths)
    assert out.entropy is not None
    for row, length in enumerate(lengths.tolist()):
        alone = policy.causal_lm(ids[row : row + 1, :length], output_hidden_states=True, use_cache=False)
        every = torch.log_softmax(alone.logits[0] / temperature, dim=-1)
        values = alone.hidden_states[-1][0] @ weight + bias
        expected = every[:-1].gather(1, ids[row, 1:length, None])[:, 0]
        close = {"rtol": 0.0, "atol": 1e-5}
        torch.testing.assert_close(out.logp[row, 1:length], expected, **close)
        torch.testing.assert_close(out.entropy[row, 1:length], -(every.exp() * every).sum(-1)[:-1], **close)
        torch.testing.assert_close(out.values[row, 1:length], values[:-1], **close)
        torch.testing.assert_close(out.final_values[row], values[-1], **close)
        torch.testing.assert_close(logits[row, :length], alone.logits[0], **close)
        torch.testing.assert_close(after[row, :length], values, **close)
        for name, tensor in (("logp", out.logp), ("values", out.values), ("entropy", out.entropy)):
            assert tensor[row, 0] == 0, name
            assert not tensor[row, length:].any(), name
    assert out.logp.dtype == out.values.dtype == out.final_values.dtype == torch.float32


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_noise_in_the_padding_changes_no_bit(family: str) -> None:
    policy = ValueHeadPolicy(build(family))
    randomise(policy.value_head, 7)
    ids, lengths = batch()
    noise = torch.randint(0, V, ids.shape, generator=torch.Generator().manual_seed(9))
    outcomes = []
    for tokens in (ids, torch.where(torch.arange(T) < lengths[:, None], ids, noise)):
        policy.zero_grad()
        out = policy.token_logprobs(tokens, lengths)
        (out.logp.sum() + out.values.square().sum() + out.final_values.sum()).backward()
        gradients = [parameter.grad.clone() for parameter in policy.parameters() if parameter.grad is not None]
        outcomes.append([out.logp, out.values, out.final_values, *gradients])
    assert all(torch.equal(a, b) for a, b in zip(*outcomes, strict=True))


def test_mask_only_leaves_positions_out() -> None:
    policy = ValueHeadPolicy(build("llama"))
    ids, lengths = batch()
    mask = torch.rand(ids.shape, generator=torch.Generator().manual_seed(2)) < 0.3
    whole, part = policy.token_logprobs(ids, lengths), policy.token_logprobs(ids, lengths, mask=mask, entropy=True)
    torch.testing.assert_close(part.logp, torch.where(mask, whole.logp, 0.0), rtol=0, atol=1e-5)
    assert part.entropy is not None
    assert torch.equal(part.entropy != 0, part.logp != 0)
    assert torch.equal(part.values, whole.values)
    nothing = policy.token_logprobs(ids, lengths, mask=torch.zeros_like(mask), entropy=True)
    assert not nothing.logp.any()


# -- exactness at step 0 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("lora", [None, LoraSettings(rank=2, dropout=0.5)])
def test_step_zero_is_exact(family: str, lora: LoraSettings | None) -> None:
    policy = ValueHeadPolicy(build(family, dropout=0.5))
    policy.freeze_reference()
    if lora is not None:
        policy.add_adapter(lora, seed=0)
    ids, lengths = batch()
    with torch.no_grad():
        old = policy.eval().token_logprobs(ids, lengths, 0.8)
    policy.train()
    new = policy.token_logprobs(ids, lengths, 0.8)
    assert new.logp.requires_grad
    assert torch.equal((new.logp - old.logp).exp(), torch.ones_like(old.logp))
    reference = policy.reference_logprobs(ids, lengths, 0.8)
    assert torch.equal(new.logp - reference, torch.zeros_like(reference))
    assert not reference.requires_grad


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_checkpointing_changes_no_number_and_drops_no_unit(family: str) -> None:
    policy = ValueHeadPolicy(build(family, dropout=0.5))
    ids, lengths = batch()
    outcomes = []
    for _ in range(2):
        policy.train()
        policy.zero_grad()
        out = policy.token_logprobs(ids, lengths)
        out.logp.sum().backward()
        outcomes.append([out.logp, *(p.grad.clone() for p in policy.parameters() if p.grad is not None)])
        policy.enable_gradient_checkpointing()
    assert all(torch.equal(a, b) for a, b in zip(*outcomes, strict=True))
    assert policy.training
    assert not policy.model.training


# -- the value head -----------------------------------------------------------------------------------------------


def test_value_head_starts_at_exactly_zero() -> None:
    out = ValueHeadPolicy(build("gpt2")).token_logprobs(*batch())
    assert not out.values.any()
    assert not out.final_values.any()


def test_detached_values_leave_the_trunk_alone() -> None:
    policy = ValueHeadPolicy(build("llama"))
    randomise(policy.value_head, 7)
    values = policy.token_logprobs(*batch(), detach_values=True).values
    assert torch.equal(values, policy.token_logprobs(*batch()).values)
    values.square().sum().backward()
    assert all(parameter.grad is None for parameter in policy.model.parameters())
    assert policy.value_head.weight.grad is not None


def test_value_head_is_float32_under_a_bfloat16_trunk() -> None:
    policy = ValueHeadPolicy(build("llama")).to(torch.bfloat16)
    assert policy.dtype == torch.bfloat16
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        policy.value_head.weight.copy_(torch.randn(1, H, generator=generator))
    before = policy.value_head.weight.clone()
    policy.to(torch.bfloat16).half().bfloat16()
    assert torch.equal(policy.value_head.weight, before), "a cast of the policy rounded the value head"
    ids, lengths = batch()
    with torch.autocast("cpu", torch.bfloat16):
        out = policy.token_logprobs(ids, lengths)
    hidden = policy.trunk(
        ids[:, : int(lengths.max())], attention_mask=(torch.arange(int(lengths.max())) < lengths[:, None]).long()
    )
    expected = (hidden.double() @ before[0].double()).gather(1, lengths[:, None] - 1)[:, 0]
    assert out.final_values.dtype == torch.float32
    torch.testing.assert_close(out.final_values.double(), expected, rtol=0, atol=1e-6)


def test_a_cast_does_not_round_rotary_positions() -> None:
    policy = ValueHeadPolicy(build("llama"))
    before = {name: buffer.clone() for name, buffer in policy.model.named_buffers() if "inv_freq" in name}
    policy.to(torch.bfloat16)
    after = dict(policy.model.named_buffers())
    assert before
    assert all(torch.equal(buffer, after[name]) for name, buffer in before.items())
    with pytest.raises(UnsupportedModel, match="rotary"):
        ValueHeadPolicy(build("llama").to(torch.bfloat16))


# -- adapters and the reference -----------------------------------------------------------------------------------


def test_adapter_off_is_the_base_model() -> None:
    base = ValueHeadPolicy(build("llama"))
    expected = base.token_logprobs(*batch()).logp
    policy = adapted()
    assert torch.equal(policy.reference_logprobs(*batch()), expected)
    assert not torch.equal(policy.token_logprobs(*batch()).logp, expected)


def test_after_a_merge_the_reference_is_the_sft_policy() -> None:
    policy = adapted()
    sft = policy.token_logprobs(*batch()).logp
    policy.merge_adapter(seed=5)
    new, reference = policy.token_logprobs(*batch()).logp, policy.reference_logprobs(*batch())
    assert torch.equal(new, reference), "a fresh adapter must change nothing"
    torch.testing.assert_close(reference, sft, rtol=0, atol=1e-4)
    merged = get_peft_model(
        build("llama"), LoraConfig(r=2, lora_alpha=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    merged.load_state_dict(adapted().model.state_dict())
    by_hand = ValueHeadPolicy(merged.merge_and_unload())
    assert torch.equal(by_hand.token_logprobs(*batch()).logp, reference)
    assert policy.adapter is not None
    assert {name for name, p in policy.named_parameters() if p.requires_grad and "value_head" not in name} == {
        name for name, _ in policy.named_parameters() if "lora_" in name
    }


def test_frozen_reference_stays_when_the_policy_moves() -> None:
    policy = ValueHeadPolicy(build("gpt2"))
    with pytest.raises(RuntimeError, match="freeze_reference"):
        policy.reference_logprobs(*batch())
    count = len(list(policy.parameters()))
    policy.freeze_reference()
    assert len(list(policy.parameters())) == count, "the reference must not be trained"
    before = policy.token_logprobs(*batch()).logp
    randomise(policy, 3)
    assert torch.equal(policy.reference_logprobs(*batch()), before)
    assert not torch.equal(policy.token_logprobs(*batch()).logp, before)


def test_the_reference_pass_thaws_no_frozen_adapter() -> None:
    policy = adapted()
    policy.model.requires_grad_(False)  # value warm-up
    policy.reference_logprobs(*batch())
    assert not any(parameter.requires_grad for parameter in policy.model.parameters())


def test_adapter_errors() -> None:
    policy = ValueHeadPolicy(build("llama"))
    with pytest.raises(ValueError, match="no adapter to merge"):
        policy.merge_adapter(seed=0)
    policy.add_adapter(LORA, seed=0)
    with pytest.raises(ValueError, match="merge_adapter"):
        policy.add_adapter(LORA, seed=0)


def test_seeds_decide_and_global_generators_stay(tmp_path: Path) -> None:
    torch.manual_seed(987_654)  # a state that no seed below leads to
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    first, second, other = (ValueHeadPolicy(build("llama")) for _ in range(3))
    for policy, seed in ((first, 1), (second, 1), (other, 2)):
        policy.add_adapter(LORA, seed=seed)
        policy.merge_adapter(seed=seed + 1)
    first.save(tmp_path / "p")
    ValueHeadPolicy.load(tmp_path / "p")
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    states = [policy.state_dict() for policy in (first, second, other)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])


# -- models that would be silently wrong --------------------------------------------------------------------------


def test_unsupported_models_are_refused() -> None:
    gemma = Gemma2Config(**SHAPE, num_key_value_heads=2, head_dim=4, pad_token_id=0, final_logit_softcapping=30.0)
    t5 = T5Config(vocab_size=V, d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2, decoder_start_token_id=0)
    bloom = BloomConfig(vocab_size=V, hidden_size=8, n_layer=1, n_head=2)
    with torch.random.fork_rng(devices=[]):
        models = [Gemma2ForCausalLM(gemma), T5ForConditionalGeneration(t5), BloomForCausalLM(bloom)]
    for model, message in zip(models, ["after the output layer", "encoder-decoder", "position_ids"], strict=True):
        with pytest.raises(UnsupportedModel, match=message):
            ValueHeadPolicy(model)
