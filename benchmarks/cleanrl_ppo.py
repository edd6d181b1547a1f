"""PPO in one file on `gym.make_vec`, in the manner of CleanRL: the algorithm from top to bottom, nothing imported but
Gymnasium and torch.

    python benchmarks/cleanrl_ppo.py                     sums of two digits in a vocabulary of a dozen tokens
    python benchmarks/cleanrl_ppo.py --env-id ID         any text environment with a short context

The last line it prints is the success of the greedy policy, which starts near 0.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import gymnasium as gym
import numpy as np
import torch
import tyro
from torch import nn
from torch.distributions import Categorical

sys.path.append(str(Path(__file__).resolve().parents[1] / "examples"))  # where the default environment is


@dataclass
class Args:
    """PPO on the tokens of a text environment."""

    env_id: str = "small_sum:Sum-v0"
    """the environment, with the module that registers it"""
    seed: int = 1
    """seed of the environments, the weights and the sampling"""
    total_timesteps: int = 50_000
    """tokens to sample"""
    learning_rate: float = 2.5e-3
    """step size of Adam, annealed to 0"""
    num_envs: int = 64
    """episodes side by side"""
    num_steps: int = 16
    """tokens of each between two updates"""
    gamma: float = 1.0
    """discount; episodes are short and end, so none"""
    gae_lambda: float = 0.95
    """lambda of the generalized advantage estimate"""
    num_minibatches: int = 4
    """minibatches of an epoch"""
    update_epochs: int = 4
    """passes over the tokens of an update"""
    clip_coef: float = 0.2
    """how far the probability of a token may move"""
    ent_coef: float = 0.1
    """weight of the entropy"""
    vf_coef: float = 0.5
    """weight of the value loss"""
    max_grad_norm: float = 0.5
    """norm at which gradients are clipped"""
    embedding: int = 16
    """units of a token"""
    hidden: int = 128
    """units of the layer between tokens and heads"""
    eval_episodes: int = 1000
    """episodes of the final evaluation"""


class Agent(nn.Module):
    """Embeds the context token by token and reads it as one vector: for contexts of a dozen tokens."""

    def __init__(self, envs: gym.vector.VectorEnv, args: Args) -> None:
        super().__init__()
        vocabulary = int(envs.single_action_space.n)
        (context,) = envs.single_observation_space["input_ids"].shape
        self.body = nn.Sequential(
            nn.Embedding(vocabulary, args.embedding),
            nn.Flatten(),
            nn.Linear(context * args.embedding, args.hidden),
            nn.Tanh(),
        )
        self.actor = nn.Linear(args.hidden, vocabulary)
        self.critic = nn.Linear(args.hidden, 1)
        nn.init.orthogonal_(self.actor.weight, 0.01)  # starts near the uniform policy
        nn.init.zeros_(self.actor.bias)

    def forward(self, ids: torch.Tensor) -> tuple[Categorical, torch.Tensor]:
        """The next token's distribution and the value of the context, for ids (B, L)."""
        hidden = self.body(ids)
        return Categorical(logits=self.actor(hidden)), self.critic(hidden).squeeze(-1)


def evaluate(agent: Agent, args: Args) -> float:
    """Share of episodes that the greedy policy solves."""
    envs = gym.make_vec(args.env_id, num_envs=args.num_envs, autoreset_mode="SameStep")
    obs, _ = envs.reset(seed=args.seed + 1_000_000)
    solved = played = 0
    while played < args.eval_episodes:
        with torch.no_grad():
            tokens = agent(torch.as_tensor(obs["input_ids"]))[0].probs.argmax(-1)
        obs, _, terminated, truncated, infos = envs.step(tokens.numpy())
        if (terminated | truncated).any():
            played += int((terminated | truncated).sum())
            solved += int(infos["final_info"]["is_success"].sum())
    return solved / played


def train(args: Args) -> tuple[Agent, float]:
    """Train an agent. Returns it with its success in the final evaluation."""
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    # An episode that ends gives place to the next one in the same step, so every row of the buffer is a token.
    envs = gym.make_vec(args.env_id, num_envs=args.num_envs, autoreset_mode="SameStep")
    agent = Agent(envs, args)
    optimizer = torch.optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)

    shape = args.num_steps, args.num_envs
    (context,) = envs.single_observation_space["input_ids"].shape
    ids = torch.zeros((*shape, context), dtype=torch.int64)
    actions = torch.zeros(shape, dtype=torch.int64)
    logprobs, rewards, dones, values = (torch.zeros(shape) for _ in range(4))

    obs, _ = envs.reset(seed=args.seed)
    start = time.time()
    updates = args.total_timesteps // (args.num_steps * args.num_envs)
    for update in range(updates):
        optimizer.param_groups[0]["lr"] = args.learning_rate * (1 - update / updates)

        # Sample.
        for step in range(args.num_steps):
            ids[step] = torch.as_tensor(obs["input_ids"])
            with torch.no_grad():
                policy, values[step] = agent(ids[step])
                actions[step] = policy.sample()
                logprobs[step] = policy.log_prob(actions[step])
            obs, reward, terminated, truncated, _ = envs.step(actions[step].numpy())
            rewards[step] = torch.as_tensor(reward)
            # The policy spends the budgets itself, so running out of one is an end like any other, of value 0.
            dones[step] = torch.as_tensor(terminated | truncated)

        # Generalized advantage estimation, from the last token to the first.
        with torch.no_grad():
            _, next_value = agent(torch.as_tensor(obs["input_ids"]))
        advantages = torch.zeros(shape)
        last = torch.zeros(args.num_envs)
        for step in reversed(range(args.num_steps)):
            alive = 1 - dones[step]
            delta = rewards[step] + args.gamma * next_value * alive - values[step]
            advantages[step] = last = delta + args.gamma * args.gae_lambda * alive * last
            next_value = values[step]
        returns = advantages + values

        # Learn.
        flat = [x.flatten(0, 1) for x in (ids, actions, logprobs, advantages, returns)]
        for _ in range(args.update_epochs):
            order = torch.as_tensor(rng.permutation(len(flat[0])))
            for rows in order.chunk(args.num_minibatches):
                b_ids, b_actions, b_logprobs, b_advantages, b_returns = (x[rows] for x in flat)
                policy, value = agent(b_ids)
                ratio = (policy.log_prob(b_actions) - b_logprobs).exp()
                b_advantages = (b_advantages - b_advantages.mean()) / (b_advantages.std() + 1e-8)
                clipped = ratio.clamp(1 - args.clip_coef, 1 + args.clip_coef)
                policy_loss = -torch.min(b_advantages * ratio, b_advantages * clipped).mean()
                value_loss = 0.5 * (value - b_returns).square().mean()
                entropy = policy.entropy().mean()
                loss = policy_loss + args.vf_coef * value_loss - args.ent_coef * entropy
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()

        if update % 10 == 9 or update == updates - 1:
            tokens = (update + 1) * args.num_steps * args.num_envs
            reward_per_episode = rewards.sum() / dones.sum().clamp(min=1)
            speed = tokens / (time.time() - start)
            print(f"{tokens:7d} tokens  reward {reward_per_episode:.3f}  entropy {entropy:.2f}  {speed:.0f} tokens/s")

    return agent, evaluate(agent, args)


if __name__ == "__main__":
    arguments = tyro.cli(Args)
    _, success = train(arguments)
    print(f"greedy success: {success:.1%} of {arguments.eval_episodes} episodes")
