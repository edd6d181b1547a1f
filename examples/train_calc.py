"""SFT, then PPO on TextCalc-v0, with nothing hidden: the loop of the README."""

import gymnasium as gym
import torch

import textgym
from textgym_agents import (
    PPO,
    Learner,
    LearnerConfig,
    PPOConfig,
    Sampler,
    SFTConfig,
    Trajectory,
    ValueHeadPolicy,
    demonstrations,
    evaluate,
    fixed_tasks,
    rollout,
    tiny_model,
    train_sft,
)


def make_envs(split: str, num_envs: int = 64) -> textgym.TextVectorEnv:
    return gym.make_vec(
        "TextCalc-v0",
        num_envs=num_envs,
        split=split,
        source_kwargs={"difficulty": 1},
        tokenizer=textgym.ByteTokenizer(["<request>", "<calculator>", "<call>", "<response>", "<submit>"]),
        system_prompt="",
        max_tokens=256,
        max_new_tokens=48,
        autoreset_mode="SameStep",
        record=True,  # transcripts come with the last step's info
    )


def main(sft_steps: int = 400, iterations: int = 40, episodes: int = 256, held_out: int = 200) -> None:
    envs, test_envs = make_envs("train"), make_envs("test")
    policy = ValueHeadPolicy(tiny_model(envs.rules.tokenizer.vocab_size, seed=0))

    demos = demonstrations(envs.rules, n=32 * sft_steps, seed=0)
    train_sft(policy, demos, SFTConfig(steps=sft_steps), seed=0)

    generator = torch.Generator().manual_seed(0)
    sampler = Sampler(policy, envs.num_envs, envs.rules.max_tokens, generator=generator)
    ppo = PPO(PPOConfig(lam=1.0, kl_coef=0.0, detach_values=True, negative_weight=0.0))
    learner = Learner(
        policy, ppo, LearnerConfig(lr=2e-3, adam_eps=1e-3, max_grad_norm=0.05, minibatches=4), generator=generator
    )
    tasks = fixed_tasks(test_envs.rules.source, "test", n=held_out, seed=1)
    greedy = Sampler(policy, test_envs.num_envs, test_envs.rules.max_tokens, generator=generator, greedy=True)

    for iteration in range(iterations):
        transcripts = rollout(envs, sampler, episodes, seed=iteration * envs.num_envs)  # slot i takes seed + i
        metrics = learner.step([Trajectory.from_transcript(t) for t in transcripts])
        reward = sum(sum(t.turn_rewards) for t in transcripts) / len(transcripts)
        print(f"{iteration:3d}  reward {reward:.3f}  clip fraction {metrics['clip_fraction']:.3f}")

    result = evaluate(test_envs, greedy, tasks)
    print(f"held out: {result.success:.1%} ({result.low:.1%} to {result.high:.1%})")


if __name__ == "__main__":
    main()
