"""Small random policies and episodes for the learner's tests: made in milliseconds, no files."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM, PreTrainedModel

from textgym_agents import PPO, Batch, Learner, LearnerConfig, LoraSettings, PPOConfig, Trajectory, ValueHeadPolicy
from textgym_agents.algorithms import Algorithm

V, POSITIONS = 23, 64
IDS = {"eos_token_id": None, "bos_token_id": None}
LORA = LoraSettings(rank=2, alpha=4.0)


def randomise(module: Any, seed: int, scale: float = 0.3) -> Any:
    """Weights large enough for positions and attention to matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)
    return module


def small_policy(
    family: str = "llama", *, vocab: int = V, seed: int = 0, positions: int = POSITIONS, scale: float = 0.3
) -> ValueHeadPolicy:
    """A policy of two layers and 16 units with a value head that is not zero: "llama", "gpt2" (dropout 0.5), "lora"."""
    with torch.random.fork_rng(devices=[]):
        if family == "gpt2":
            drop = {"attn_pdrop": 0.5, "resid_pdrop": 0.5, "embd_pdrop": 0.5}
            config = GPT2Config(vocab_size=vocab, n_embd=16, n_layer=2, n_head=4, n_positions=positions, **drop, **IDS)
            model: PreTrainedModel = GPT2LMHeadModel(config)
        else:
            shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}
            model = LlamaForCausalLM(
                LlamaConfig(
                    vocab_size=vocab, intermediate_size=24, max_position_embeddings=positions, **shape, **IDS,
                    tie_word_embeddings=True,
                )
            )  # fmt: skip
    policy = ValueHeadPolicy(randomise(model, seed, scale))
    if family == "lora":
        policy.add_adapter(LORA, seed=seed)
        randomise_adapter(policy, seed)
    randomise(policy.value_head, seed + 1)
    return policy


def randomise_adapter(policy: ValueHeadPolicy, seed: int) -> None:
    """An adapter that has been trained: its second factor is no longer zero."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in policy.named_parameters():
            if "lora_B" in name:
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.1)


def weights(policy: ValueHeadPolicy) -> dict[str, torch.Tensor]:
    """A copy of every parameter."""
    return {name: parameter.detach().clone() for name, parameter in policy.named_parameters()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Bitwise equality."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def random_trajectories(n: int, seed: int = 0, vocab: int = V) -> list[Trajectory]:
    """Episodes of a prompt and one to three turns with tool results between them; some end in a tool result."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        mask, rewards = [False] * rng.integers(1, 6), [0.0]
        rewards *= len(mask)
        terminated = bool(rng.random() < 0.5)
        turns = rng.integers(1, 4)
        for turn in range(turns):
            sampled = int(rng.integers(1, 5))
            tool = 0 if terminated and turn == turns - 1 else int(rng.integers(0, 6))
            mask += [True] * sampled + [False] * tool
            rewards += [0.0] * (sampled - 1) + [float(rng.normal())] + [0.0] * tool
        logp = np.where(mask, -rng.random(len(mask)), 0.0).astype(np.float32)
        ids = rng.integers(0, vocab, len(mask))
        made.append(Trajectory(ids, np.array(mask), np.array(rewards, np.float32), logp, terminated))
    return made


def make_learner(
    policy: ValueHeadPolicy, ppo: PPOConfig | Algorithm | None = None, *, seed: int = 0, **config: Any
) -> Learner:
    """A learner of one minibatch, without clipping and warm-up unless `config` says so."""
    algorithm = ppo if isinstance(ppo, Algorithm) else PPO(ppo)
    defaults = {"minibatches": 1, "max_grad_norm": 1e9, "warmup_steps": 0}
    generator = torch.Generator().manual_seed(seed)
    return Learner(policy, algorithm, LearnerConfig(**{**defaults, **config}), generator=generator)


def gradients(learner: Learner, batch: Batch) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Gradients and stats of all rows as one minibatch."""
    stats = learner._accumulate(batch, torch.arange(len(batch)))
    grads = {n: p.grad.clone() for n, p in learner.policy.named_parameters() if p.grad is not None}
    return grads, stats
