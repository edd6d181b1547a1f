"""SFT, then PPO on TextCalc-v0, with nothing hidden: the loop of the README."""

import gymnasium as gym
import numpy as np
import torch

import textgym
from textgym_agents import (
    PPO,
    Learner,
    LearnerConfig,
    PPOConfig,
    Retries,
    Sampler,
    SFTConfig,
    Trajectory,
    ValueHeadPolicy,
    demonstrations,
    evaluate,
    fixed_tasks,
    rollout,
    succeeded,
    tiny_model,
    train_bpe_on,
    train_sft,
)
from textgym_tasks.calc import CalcTasks

CHOICE = {"difficulty": 1, "families": ("sum", "difference", "product", "gathered", "sold", "packed")}
MARKUP = ("<request>", "<calculator>", "<call>", "<response>", "<submit>")


def main(sft_steps: int = 240, iterations: int = 70, episodes: int = 256, held_out: int = 500) -> None:
    source = CalcTasks(**CHOICE)
    tokenizer = textgym.HFTokenizer(train_bpe_on(source, 512, MARKUP, seed=0))
    budgets = {"max_tokens": 96, "max_new_tokens": 20, "max_turns": 3, "max_tool_tokens": 24}
    options = {"tokenizer": tokenizer, "system_prompt": "", "source_kwargs": CHOICE, **budgets}
    # SameStep resets a slot at once, and with record=True an episode's transcript comes in its last info.
    envs = gym.make_vec("TextCalc-v0", num_envs=256, autoreset_mode="SameStep", record=True, **options)

    policy = ValueHeadPolicy(tiny_model(tokenizer.vocab_size, seed=0))
    demos = demonstrations(envs.rules, n=32 * sft_steps, seed=0)
    train_sft(policy, demos, SFTConfig(steps=sft_steps, muon_lr=0.01), seed=0)

    generator, rng = torch.Generator().manual_seed(0), np.random.default_rng(0)
    sampler = Sampler(policy, envs.num_envs, envs.rules.max_tokens, generator=generator)
    credit = {"lam": 1.0, "negative_weight": 0.3, "bootstrap_truncated": False}
    ppo = PPO(PPOConfig(**credit, kl_coef=0.0, value_coef=0.1, detach_values=True))
    adam = {"lr": 4e-4, "adam_beta2": 0.98, "warmup_steps": 2, "decay_steps": iterations, "final_lr": 0.05}
    learner = Learner(policy, ppo, LearnerConfig(**adam, minibatches=4, micro_batch_size=16), generator=generator)
    retries = Retries(share=0.5)

    for iteration in range(iterations):
        tasks, again = retries.draw(source, "train", episodes, rng)
        transcripts = rollout(envs, sampler, episodes, seed=iteration, tasks=tasks)
        success = [succeeded(t) for t in transcripts]
        retries.record(tasks, success)
        metrics = learner.step([Trajectory.from_transcript(t) for t in transcripts])
        fresh = np.mean(success[again:])
        print(f"{iteration:3d}  success {fresh:.3f} on fresh tasks  clip fraction {metrics['clip_fraction']:.3f}")

    greedy = Sampler(policy, envs.num_envs, envs.rules.max_tokens, generator=generator, greedy=True)
    result = evaluate(envs, greedy, fixed_tasks(source, "test", n=held_out, seed=1))
    print(f"held out: {result.success:.1%} ({result.low:.1%} to {result.high:.1%})")


if __name__ == "__main__":
    main()
