"""The sampler against full forward passes from scratch, one row at a time, by plain Hugging Face calls."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import scipy.stats
import torch
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    OpenAIGPTConfig,
    OpenAIGPTLMHeadModel,
    PreTrainedModel,
)

from textgym_agents.adapters import LoraSettings
from textgym_agents.model_checks import UnsupportedModel
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.sampler import Sampler

V, N, L = 11, 7, 40
NO_IDS = {"eos_token_id": None, "bos_token_id": None}


def build(family: str, attention: str = "sdpa", seed: int = 0) -> ValueHeadPolicy:
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 24}
    with torch.random.fork_rng(devices=[]):
        if family == "llama":
            config = LlamaConfig(vocab_size=V, num_key_value_heads=2, max_position_embeddings=L, **shape, **NO_IDS)
            model: PreTrainedModel = LlamaForCausalLM(config)
        else:
            model = GPT2LMHeadModel(
                GPT2Config(vocab_size=V, n_embd=16, n_layer=2, n_head=4, n_positions=L, attn_pdrop=0.5, **NO_IDS)
            )
    model.set_attn_implementation(attention)
    return ValueHeadPolicy(randomise(model, seed))


def randomise(module: Any, seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return module


def sampler(policy: ValueHeadPolicy, slots: int = N, seed: int = 0, **options: Any) -> Sampler:
    return Sampler(policy, slots, L, generator=torch.Generator().manual_seed(seed), **options)


@torch.no_grad()
def log_distribution(policy: ValueHeadPolicy, ids: np.ndarray, temperature: float = 1.0) -> torch.Tensor:
    """(V,) of the next token after (n,) ids: no cache, no padding, no batch."""
    logits = policy.causal_lm(input_ids=torch.from_numpy(ids)[None], use_cache=False).logits[0, -1]
    return torch.log_softmax(logits / temperature, dim=-1)


class Episodes:
    """What a vector environment with tools does to the observations, at random: the caller of a sampler."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.ids = self.rng.integers(0, V, (N, L))
        self.lengths = self.rng.integers(2, 12, N)

    def step(self, actions: np.ndarray, active: np.ndarray) -> np.ndarray:
        """Append the actions; sometimes a tool's result, another episode, or nothing. Returns who restarted."""
        restarted = np.zeros(N, np.bool_)
        for slot in np.flatnonzero(active):
            if self.lengths[slot] == L or self.rng.random() < 0.08:
                restarted[slot] = True
                self.lengths[slot] = self.rng.integers(1, 20)
                if self.rng.random() < 0.7:  # else: the same prompt again, or a part of it
                    self.ids[slot] = self.rng.integers(0, V, L)
            elif self.rng.random() < 0.95:  # else: asked again for the same observation
                self.ids[slot, self.lengths[slot]] = actions[slot]
                room = L - self.lengths[slot] - 1
                result = self.rng.integers(0, 9) if self.rng.random() < 0.2 else 0
                self.lengths[slot] += 1 + min(room, result)
            self.ids[slot, self.lengths[slot] :] = self.rng.integers(0, V, L - self.lengths[slot])
        return restarted


# -- the cache ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"max_batch_tokens": 12}, {"greedy": True}])
@pytest.mark.parametrize(("family", "attention"), [("llama", "sdpa"), ("llama", "eager"), ("gpt2", "sdpa")])
def test_every_logprob_equals_a_full_forward_pass(family: str, attention: str, options: dict[str, Any]) -> None:
    policy = build(family, attention)
    batched, world = sampler(policy, temperature=0.7, **options), Episodes(seed=1)
    told = np.random.default_rng(2)
    restart: np.ndarray | None = None
    for step in range(60):
        active = world.rng.random(N) < (0.2 if step % 5 == 4 else 0.9)
        actions, logp = batched.act(world.ids, world.lengths, active, restart)
        for slot in range(N):
            if not active[slot]:
                assert actions[slot] == logp[slot] == 0
                continue
            expected = log_distribution(policy, world.ids[slot, : world.lengths[slot]], 0.7)
            assert abs(logp[slot] - expected[actions[slot]].item()) < 1e-5
            assert not options.get("greedy") or actions[slot] == expected.argmax()
        restarted = world.step(actions, active)
        restart = restarted if told.random() < 0.5 else None  # being told is optional
    assert batched.stats.forwards > 60, "chunks and single tokens must both have run"


def test_one_token_at_a_time_is_fed_once() -> None:
    policy, ids = build("llama"), np.zeros((N, L), np.int64)
    lengths = np.full(N, 5)
    batched = sampler(policy)
    for _ in range(10):
        actions, _ = batched.act(ids, lengths)
        ids[np.arange(N), lengths] = actions
        lengths = lengths + 1
    assert batched.stats.fed == N * (5 + 9)
    assert batched.stats.forwards == 10
    assert batched.stats.sampled == N * 10


def test_a_shared_prompt_is_not_fed_again() -> None:
    policy, world = build("llama"), Episodes(seed=3)
    batched, lengths = sampler(policy), np.full(N, 20)
    batched.act(world.ids, lengths)
    before = batched.stats.fed
    world.ids[:, 15:20] = (world.ids[:, 15:20] + 1) % V  # the next episode: the same first 15 tokens
    _, logp = batched.act(world.ids, lengths)
    assert batched.stats.fed - before == 5 * N
    batched.act(world.ids, lengths, restart=np.arange(N) == 2)
    assert batched.stats.fed - before == 5 * N + N, "restart is for actors that plan; tokens are compared anyway"
    assert logp.dtype == np.float32


@pytest.mark.parametrize("shared", [15, 16, 30])
@pytest.mark.parametrize(("family", "attention"), [("llama", "sdpa"), ("llama", "eager"), ("gpt2", "sdpa")])
def test_prompts_that_start_together_share_their_prefix(family: str, attention: str, shared: int) -> None:
    policy, world = build(family, attention), Episodes(seed=5)
    batched, lengths = sampler(policy), np.array([31, 40, 33, 31, 38, 39, 35])
    world.ids[:, :shared] = world.ids[2, :shared]
    world.ids[:, shared] = np.arange(N)  # and no more
    active = np.arange(N) != 3
    for _ in range(2):
        actions, logp = batched.act(world.ids, lengths, active)
        for slot in np.flatnonzero(active):
            expected = log_distribution(policy, world.ids[slot, : lengths[slot]])
            assert abs(logp[slot] - expected[actions[slot]].item()) < 1e-5
        saved = 5 * shared if shared >= 16 else 0  # a short one is not worth a pass
        assert batched.stats.fed == lengths[active].sum() - saved
        batched.reset()
        batched.stats.fed = 0


@pytest.mark.parametrize("kind", ["foreach", "fused", "loop", "load", "merge"])
def test_new_weights_drop_the_cache(kind: str) -> None:
    policy, other, world = build("llama"), build("llama", seed=9), Episodes(seed=4)
    policy.add_adapter(LoraSettings(rank=2), seed=0)
    other.add_adapter(LoraSettings(rank=2), seed=0)
    for parameter in policy.parameters():
        parameter.grad = torch.ones_like(parameter) if parameter.requires_grad else None
    optimizer = torch.optim.AdamW(policy.parameters(), lr=0.1, foreach=kind == "foreach", fused=kind == "fused")
    batched = sampler(policy)
    batched.act(world.ids, world.lengths)
    if kind == "load":
        policy.load_state_dict(other.state_dict())
    elif kind == "merge":
        policy.merge_adapter(seed=1)
    else:
        optimizer.step()
    actions, logp = batched.act(world.ids, world.lengths)
    for slot in range(N):
        expected = log_distribution(policy, world.ids[slot, : world.lengths[slot]])
        assert abs(logp[slot] - expected[actions[slot]].item()) < 1e-5
    assert batched.stats.fed == 2 * world.lengths.sum()


def test_reset_forgets() -> None:
    policy, world = build("llama"), Episodes(seed=5)
    batched = sampler(policy)
    batched.act(world.ids, world.lengths)
    policy.model.model.norm.weight.data.mul_(2.0)  # behind the version counters' back
    batched.reset()
    actions, logp = batched.act(world.ids, world.lengths)
    expected = log_distribution(policy, world.ids[0, : world.lengths[0]])
    assert abs(logp[0] - expected[actions[0]].item()) < 1e-5


# -- what is sampled ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_greedy_equals_generate(family: str) -> None:
    policy, world = build(family), Episodes(seed=6)
    ids, lengths = world.ids.copy(), world.lengths.copy()
    batched = sampler(policy, greedy=True)
    for _ in range(15):
        actions, _ = batched.act(ids, lengths)
        ids[np.arange(N), lengths] = actions
        lengths += 1
    for slot in range(N):
        prompt = torch.from_numpy(world.ids[slot : slot + 1, : world.lengths[slot]])
        whole = policy.causal_lm.generate(
            prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=15, do_sample=False, pad_token_id=0
        )
        assert ids[slot, : lengths[slot]].tolist() == whole[0].tolist()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_follow_the_tempered_distribution(temperature: float) -> None:
    policy, slots, rounds = build("llama"), 256, 40
    ids = np.tile(Episodes(seed=7).ids[:1], (slots, 1))
    lengths = np.full(slots, 6)
    batched = sampler(policy, slots, temperature=temperature)
    counts = np.zeros(V)
    for _ in range(rounds):
        counts += np.bincount(batched.act(ids, lengths)[0], minlength=V)
    expected = log_distribution(policy, ids[0, :6], temperature).double().exp().numpy()
    assert scipy.stats.chisquare(counts, expected / expected.sum() * counts.sum()).pvalue > 1e-3
    wrong = log_distribution(policy, ids[0, :6], temperature * 1.3).double().exp().numpy()
    assert scipy.stats.chisquare(counts, wrong / wrong.sum() * counts.sum()).pvalue < 1e-3, "the test has no power"


def test_impossible_tokens_are_never_sampled() -> None:
    policy = build("llama")
    batched = sampler(policy, 512)
    logits = torch.full((512, V), -torch.inf)
    logits[:, [2, 5]] = 0.0
    edges = torch.linspace(0, 1, 512, dtype=torch.float64).clamp_max(1 - 2**-53)
    ids, logp = batched._sample(logits, edges)
    assert np.unique(ids).tolist() == [2, 5]
    np.testing.assert_allclose(logp, np.log(0.5), rtol=1e-6)


def run(seed: int, mute: int | None = None) -> tuple[bytes, np.ndarray]:
    policy, batched, world = build("llama"), sampler(build("llama"), seed=seed), Episodes(seed=8)
    del policy
    trace = []
    ids, lengths = world.ids, world.lengths
    for _ in range(12):
        active = np.arange(N) != (-1 if mute is None else mute)
        actions, logp = batched.act(ids, lengths, active)
        ids[np.arange(N), lengths] = actions
        lengths = lengths + active
        trace.append((actions.tobytes(), logp.tobytes()))
    return repr(trace).encode(), ids


def test_a_seed_decides_every_byte_and_global_generators_stay() -> None:
    before = (torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002
    assert run(0)[0] == run(0)[0]
    assert run(0)[0] != run(1)[0]
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1:] == (random.getstate(), np.random.get_state()[1].tolist())  # noqa: NPY002


def test_a_slots_randomness_is_its_own() -> None:
    everyone, without = run(0)[1], run(0, mute=2)[1]
    others = np.arange(N) != 2
    assert (everyone[others] == without[others]).all()


def test_adapter_and_bfloat16() -> None:
    policy, world = build("llama"), Episodes(seed=9)
    policy.add_adapter(LoraSettings(rank=2), seed=0)
    randomise(policy, 3)
    actions, logp = sampler(policy).act(world.ids, world.lengths)
    out = policy.token_logprobs(
        torch.from_numpy(np.where(np.arange(L) == world.lengths[:, None], actions[:, None], world.ids)),
        torch.from_numpy(world.lengths + 1),
    )
    np.testing.assert_allclose(logp, out.logp.detach().numpy()[np.arange(N), world.lengths], atol=1e-5)
    policy.to(torch.bfloat16)
    coarse = sampler(policy, greedy=True)
    coarse.act(world.ids, world.lengths)
    assert coarse._cache.layers[0].keys.dtype == torch.bfloat16


# -- refusals -----------------------------------------------------------------------------------------------------


def test_options_that_the_learner_could_not_follow_are_refused() -> None:
    policy = build("llama")
    for name in ("top_k", "top_p", "min_p", "min_new_tokens", "repetition_penalty"):
        with pytest.raises(ValueError, match=f"{name}: only temperature"):
            sampler(policy, **{name: 1})
    with pytest.raises(TypeError, match="'temprature'"):
        sampler(policy, temprature=1.0)
    with pytest.raises(ValueError, match="greedy=True"):
        sampler(policy, temperature=0.0)
    with pytest.raises(ValueError, match="40 positions"):
        Sampler(policy, N, L + 1, generator=torch.Generator())


def test_models_that_the_cache_cannot_serve_are_refused() -> None:
    with torch.random.fork_rng(devices=[]):
        model = MistralForCausalLM(
            MistralConfig(vocab_size=V, hidden_size=16, num_hidden_layers=1, num_attention_heads=4,
                          num_key_value_heads=2, intermediate_size=8, sliding_window=20, **NO_IDS)
        )  # fmt: skip
    policy = ValueHeadPolicy(model)
    Sampler(policy, N, 20, generator=torch.Generator())
    with pytest.raises(UnsupportedModel, match="last 20 tokens"):
        sampler(policy)
    cacheless = OpenAIGPTLMHeadModel(OpenAIGPTConfig(vocab_size=V, n_embd=16, n_layer=1, n_head=4, n_positions=L))
    with pytest.raises(UnsupportedModel, match="OpenAIGPTLMHeadModel takes no key-value cache"):
        sampler(ValueHeadPolicy(cacheless))


def test_bad_observations_are_refused() -> None:
    batched, world = sampler(build("llama")), Episodes(seed=10)
    with pytest.raises(ValueError, match="one row a slot"):
        batched.act(world.ids[:3], world.lengths[:3])
    for length in (0, L + 1):
        lengths = np.where(np.arange(N) == 2, length, world.lengths)
        with pytest.raises(ValueError, match=r"outside 1\.\.40"):
            batched.act(world.ids, lengths)
        batched.act(world.ids, lengths, np.arange(N) != 2)


def test_a_diverged_policy_says_so() -> None:
    policy, world = build("llama"), Episodes(seed=11)
    with torch.no_grad():
        policy.causal_lm.get_output_embeddings().weight.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="diverge"):
        sampler(policy).act(world.ids, world.lengths)
