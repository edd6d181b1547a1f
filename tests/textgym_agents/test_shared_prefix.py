"""Sharing a prefix against rows that go through the model one at a time, where there is nothing to share."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    GPTNeoXConfig,
    GPTNeoXForCausalLM,
    Lfm2Config,
    Lfm2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MiniMaxConfig,
    MiniMaxForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OpenAIGPTConfig,
    OpenAIGPTLMHeadModel,
    PreTrainedModel,
)

from textgym_agents import shared_prefix as module
from textgym_agents.adapters import LoraSettings
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.shared_prefix import LEAST_SAVED, shared_prefix

V, PREFIX = 23, 9
SHAPE = {"vocab_size": V, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}


def build(family: str) -> PreTrainedModel:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model: PreTrainedModel = {
            "llama": lambda: LlamaForCausalLM(LlamaConfig(**SHAPE, num_key_value_heads=2)),
            # A window that neither the prefix nor the rows fit into.
            "mistral": lambda: MistralForCausalLM(MistralConfig(**SHAPE, num_key_value_heads=2, sliding_window=5)),
            "neox": lambda: GPTNeoXForCausalLM(GPTNeoXConfig(**SHAPE)),
            "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=V, n_embd=16, n_layer=2, n_head=4, n_positions=64)),
            "openai": lambda: OpenAIGPTLMHeadModel(
                OpenAIGPTConfig(vocab_size=V, n_embd=16, n_layer=2, n_head=4, n_positions=64)
            ),
            "lfm2": lambda: Lfm2ForCausalLM(
                Lfm2Config(**SHAPE, num_key_value_heads=2, layer_types=["conv", "full_attention"], block_multiple_of=8)
            ),
            "minimax": lambda: MiniMaxForCausalLM(
                MiniMaxConfig(**SHAPE, num_key_value_heads=2, num_local_experts=2, block_size=8)
            ),
        }[family]()
        for parameter in model.parameters():
            parameter.data.normal_(0, 0.3)
    return model


def policy_of(family: str, lora: bool = False) -> ValueHeadPolicy:
    policy = ValueHeadPolicy(build(family))
    if lora:
        policy.add_adapter(LoraSettings(rank=2), seed=0)
    generator = torch.Generator().manual_seed(1)
    for parameter in policy.parameters():
        if parameter.requires_grad:
            parameter.data.normal_(0, 0.3, generator=generator)
    return policy


def alike(rows: int = 5, width: int = 20) -> tuple[Tensor, Tensor]:
    """Rows that share their first tokens, one of them little more than those."""
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(0, V, (rows, width), generator=generator)
    ids[:, :PREFIX] = ids[0, :PREFIX]
    ids[:, PREFIX] = torch.arange(rows)
    lengths = torch.randint(PREFIX + 2, width + 1, (rows,), generator=generator)
    lengths[1] = PREFIX + 1
    return ids, lengths


def loss(policy: ValueHeadPolicy, ids: Tensor, lengths: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Something of every output, and the outputs of each row."""
    out = policy.token_logprobs(ids, lengths)
    total = out.logp.sum() + out.values.square().sum() + 3 * out.final_values.sum()
    return total, [*torch.cat([out.logp, out.values, out.final_values[:, None]], dim=1).detach()]


@pytest.mark.parametrize("lora", [False, True])
@pytest.mark.parametrize("family", ["llama", "mistral", "neox", "gpt2"])
def test_outputs_and_gradients_are_those_of_the_rows_alone(
    family: str, lora: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = policy_of(family, lora)
    ids, lengths = alike()
    used = []
    forward_once = module.forward_once
    monkeypatch.setattr(
        "textgym_agents.policy.forward_once", lambda *args: used.append(args[-1]) or forward_once(*args)
    )
    total, together = loss(policy, ids, lengths)
    total.backward()
    assert used == [PREFIX]
    gradients = {name: p.grad.clone() for name, p in policy.named_parameters() if p.grad is not None}
    policy.zero_grad()
    for row in range(len(ids)):
        total, alone = loss(policy, ids[row : row + 1], lengths[row : row + 1])
        total.backward()
        torch.testing.assert_close(together[row], alone[0], rtol=0, atol=1e-5)
    assert used == [PREFIX]  # a row alone shares nothing
    assert gradients
    for name, parameter in policy.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-4, atol=1e-4, msg=name)


def test_checkpointing_shares_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = policy_of("llama")
    expected = loss(policy, *alike())[0]
    policy.enable_gradient_checkpointing()
    policy.train()
    monkeypatch.setattr("textgym_agents.policy.forward_once", None)  # a call would raise
    total = loss(policy, *alike())[0]
    total.backward()
    torch.testing.assert_close(total, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("family", ["openai", "lfm2", "minimax"])
def test_models_that_keep_no_plain_cache_share_nothing(family: str) -> None:
    """They raised deep inside, or would have given other numbers."""
    policy = policy_of(family)
    ids, lengths = alike()
    random = torch.get_rng_state()
    together = loss(policy, ids, lengths)[1]
    assert torch.equal(torch.get_rng_state(), random)
    for row in range(len(ids)):
        torch.testing.assert_close(together[row], loss(policy, ids[row : row + 1], lengths[row : row + 1])[1][0])


def test_a_model_is_tried_once_and_a_wrong_number_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    forward_once = module.forward_once
    monkeypatch.setattr(module, "forward_once", lambda *args: tried.append(1) or 1.01 * forward_once(*args))
    policy = policy_of("llama")
    expected = loss(policy, *alike())[1]
    assert tried == [1]
    monkeypatch.setattr("textgym_agents.policy.forward_once", None)  # a call would raise
    torch.testing.assert_close(loss(policy, *alike())[1], expected, rtol=0, atol=0)
    assert tried == [1]


@pytest.mark.parametrize("checkpointing", [False, True])
def test_the_reference_shares_what_the_policy_shares(checkpointing: bool) -> None:
    """So that the KL of step 0 is 0, and not rounding."""
    policy = policy_of("llama")
    policy.freeze_reference()
    if checkpointing:
        policy.enable_gradient_checkpointing()
    ids, lengths = alike()
    logp = policy.token_logprobs(ids, lengths).logp
    assert torch.equal(policy.reference_logprobs(ids, lengths), logp)


@given(st.data())
def test_the_prefix_is_the_longest_that_leaves_each_row_a_token(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 12))
    rows = data.draw(st.lists(st.lists(st.integers(0, 1), min_size=width, max_size=width), min_size=1, max_size=4))
    lengths = data.draw(st.lists(st.integers(1, width), min_size=len(rows), max_size=len(rows)))
    real = [row[:length] for row, length in zip(rows, lengths, strict=True)]
    longest = max(n for n in range(min(lengths)) if all(row[:n] == real[0][:n] for row in real))
    worth = longest * (len(rows) - 1) >= LEAST_SAVED * sum(lengths)
    assert shared_prefix(torch.tensor(rows), torch.tensor(lengths)) == (longest if worth else 0)
