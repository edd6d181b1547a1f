"""The main job: warm start, PPO, evaluation on the same held-out tasks before and after, all in one run folder."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from tqdm import tqdm

from textgym import ByteTokenizer, HFTokenizer, TextVectorEnv, Tokenizer, Transcript, write_jsonl
from textgym.registration import load_source
from textgym.rendering import render_transcript
from textgym.rules import ContextTooShort
from textgym_agents.algorithms import PPO
from textgym_agents.config import TrainConfig
from textgym_agents.evaluate import Evaluation, evaluate, fixed_tasks, succeeded
from textgym_agents.interrupt import Interrupt
from textgym_agents.learner import Learner
from textgym_agents.models import check_device, load_policy
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.policy_io import CheckpointMismatch, save_policy
from textgym_agents.retries import Retries, check_plain
from textgym_agents.rollout import rollout
from textgym_agents.run_folder import Progress, RunFolder
from textgym_agents.sampler import Sampler
from textgym_agents.sft import demonstrations, saved_step, train_sft
from textgym_agents.tiny_tokenizer import train_bpe_on
from textgym_agents.trajectories import Trajectory

_STREAMS = ("model", "demonstrations", "sft", "rollout", "envs", "minibatches", "adapter", "validation", "tokenizer")


def derive_seed(seed: int, stream: str, iteration: int = 0) -> int:
    """An independent seed for each purpose and iteration, so that a resumed run draws what it would have drawn."""
    return int(np.random.SeedSequence([seed, _STREAMS.index(stream), iteration]).generate_state(1)[0])


class TrainingRun:
    """One run in memory: environments, policy and folder. `train` is the whole story; each stage is a method.

    Making one writes nothing: what is wrong with a configuration shows before there is a folder, and before hours of
    work that would be lost.

    Raises:
        ValueError, FileNotFoundError, gymnasium.error.Error: unknown id, split, protocol or model; a context that is
            too short for the prompt, the oracle's episodes or the model; numbers that make no sense.
    """

    def __init__(self, run: RunFolder, env_id: str, config: TrainConfig, progress: Progress) -> None:
        self.run, self.env_id, self.config, self.progress = run, env_id, config, progress
        self.interrupt = Interrupt()
        config.check()
        with contextlib.suppress(ContextTooShort):  # that is for the model's own tokenizer to say
            make_envs(env_id, config, config.eval_split, 1, None)
        check_device(config.device)
        # A folder `sft` in the stage "sft" was saved right before a crash; that stage is repeated from its start.
        saved = run.latest_policy() if progress.stage != "sft" else None
        trained = own_tokenizer(env_id, config) if config.model == "tiny" else None
        self.policy, self.hf_tokenizer = load_policy(
            config.model if saved is None else str(saved),
            lora=config.lora if saved is None else None,
            seed=derive_seed(config.seed, "model"),
            device=config.device,
            vocab_size=_tiny_vocabulary(trained, config) if config.model == "tiny" else None,
        )
        self.hf_tokenizer = self.hf_tokenizer or trained
        self.tokenizer = wrap_tokenizer(self.hf_tokenizer, self.policy, config)
        self.train_envs = self._make_envs("train", config.num_envs)
        self.eval_envs = self._make_envs(config.eval_split, config.num_envs)
        self.tasks = fixed_tasks(self.eval_envs.rules.source, config.eval_split, config.eval_episodes, config.eval_seed)
        self.retries = Retries(config.retry)
        self._check_stages()

    def _check_stages(self) -> None:
        """Try a little of what comes late."""
        self._sampler(self.eval_envs, 0)  # the context against the model's positions
        PPO(self.config.ppo)
        draws = np.random.default_rng(0)
        check_plain([*self.tasks, *(self.train_envs.rules.source.draw(draws, "train") for _ in range(64))])
        sft = self.config.sft
        if sft is not None:
            demonstrations(self.train_envs.rules, min(16, sft.demonstrations), 0)  # the budgets against the oracle
            if sft.stop_at is not None:
                self.eval_envs.rules.source.check_split("validation")

    def _make_envs(self, split: str, num_envs: int) -> TextVectorEnv:
        return make_envs(self.env_id, self.config, split, num_envs, self.tokenizer)

    def _sampler(self, envs: TextVectorEnv, seed: int, greedy: bool = False) -> Sampler:
        return Sampler(
            self.policy,
            envs.num_envs,
            envs.rules.max_tokens,
            generator=torch.Generator().manual_seed(seed),
            temperature=self.config.ppo.temperature,
            greedy=greedy,
        )

    def train(self) -> dict[str, Any]:
        """Run what is left of the run and return its results; they are in `results.json` too.

        Raises:
            KeyboardInterrupt: after saving; the same with the run reopened goes on where it stopped.
        """
        run, progress = self.run, self.progress
        with self.interrupt:
            if progress.stage == "sft":
                if "start" not in progress.evaluations:
                    self.evaluate("start")
                with self._spending("sft"):
                    self.sft()
            if progress.stage == "ppo":
                if "sft" not in progress.evaluations:
                    self.evaluate("sft")
                self.ppo()
                evaluation = self.evaluate("ppo")
                write_transcripts(run.path, list(evaluation.transcripts[:10]), self.tokenizer)
                progress.stage = "done"
                run.save_progress(progress)
        results = {"env_id": self.env_id, "evaluations": progress.evaluations, "seconds": progress.seconds}
        run.write_results(results)
        return results

    # -- stages ---------------------------------------------------------------------------------------------------

    def evaluate(self, name: str) -> Evaluation:
        """Greedy success on the held-out tasks, recorded under `name`."""
        self.policy.eval()
        with self._spending("evaluation"), self._bar(len(self.tasks), f"evaluate {name}") as bar:
            evaluation = evaluate(
                self.eval_envs, self._sampler(self.eval_envs, 0, greedy=True), self.tasks, self._ticker(bar)
            )
        self.progress.evaluations[name] = evaluation.summary()
        trained = self.progress.iteration * self.config.episodes
        self.run.log({"stage": "eval", "name": name, "ppo_episodes": trained, **evaluation.summary()})
        self.run.save_progress(self.progress)
        return evaluation

    def sft(self) -> None:
        """Warm start on oracle demonstrations; saved as `sft`, the reference of PPO."""
        config = self.config.sft
        if config is not None:
            demos = demonstrations(
                self.train_envs.rules, config.demonstrations, derive_seed(self.config.seed, "demonstrations")
            )
            trainer_folder = self.run.path / "sft_trainer"
            self.run.drop_sft_metrics_after(saved_step(trainer_folder))
            with self._bar(config.steps, "SFT") as bar:

                def report(row: dict[str, float]) -> None:
                    bar.update(int(row["step"]) - bar.n)
                    bar.set_postfix(loss=f"{row['loss']:.3f}", success=f"{row['success']:.0%}")
                    self.run.log({"stage": "sft", **row})

                train_sft(
                    self.policy,
                    demos,
                    config,
                    seed=derive_seed(self.config.seed, "sft"),
                    success=self._validation_success(config.eval_episodes) if config.stop_at is not None else None,
                    report=report,
                    interrupt=self.interrupt,
                    output_dir=trainer_folder,
                )
        # Also without SFT: what a checkpoint's adapter has learned is part of the policy that PPO starts from.
        if self.policy.adapter is not None:
            self.policy.merge_adapter(seed=derive_seed(self.config.seed, "adapter"))
        save_policy(self.policy, self.run.path / "sft", tokenizer=self.hf_tokenizer)
        self.progress.stage = "ppo"
        self.run.save_progress(self.progress)
        shutil.rmtree(self.run.path / "sft_trainer", ignore_errors=True)

    def _validation_success(self, episodes: int) -> Callable[[], float]:
        envs = self._make_envs("validation", min(episodes, self.config.num_envs))
        tasks = fixed_tasks(envs.rules.source, "validation", episodes, derive_seed(self.config.seed, "validation"))
        # Sampled, as PPO will play: that is the success that it has to learn from.
        return lambda: evaluate(envs, self._sampler(envs, 0), tasks).success

    def ppo(self) -> None:
        """PPO from the SFT policy; goes on from the last checkpoint if there is one."""
        config, progress = self.config, self.progress
        generator = torch.Generator().manual_seed(derive_seed(config.seed, "minibatches"))
        algorithm, state = PPO(config.ppo), self.run.load_learner_state()
        if state is None and algorithm.needs_reference:
            self.policy.freeze_reference()  # also in the place of one that came with a checkpoint
        learner = Learner(self.policy, algorithm, config.learner, generator=generator)
        progress.iteration = 0
        if state is not None:
            progress.iteration = state.pop("iteration")
            self.retries.load_state_dict(state.pop("retries"))
            learner.load_state_dict(state)
        self.run.drop_metrics_after(progress.iteration)
        sampler = self._sampler(self.train_envs, 0)
        with self._bar(config.iterations * config.episodes, "PPO") as bar:
            bar.update(progress.iteration * config.episodes)
            try:
                while progress.iteration < config.iterations:
                    self._ppo_step(learner, sampler, bar)
                    if progress.iteration % config.checkpoint_every == 0:
                        self._checkpoint(learner)
                    self.interrupt.check()
            except KeyboardInterrupt:
                if not self.interrupt.at_once:  # else in the middle of an update, perhaps; the last checkpoint stands
                    self._checkpoint(learner)
                raise
        self._checkpoint(learner)

    def _ppo_step(self, learner: Learner, sampler: Sampler, bar: Any) -> None:
        """One rollout and one update. Ctrl-C is obeyed during the rollout, when nothing has changed yet."""
        config, progress = self.config, self.progress
        started = time.monotonic()
        sampler.generator.manual_seed(derive_seed(config.seed, "rollout", progress.iteration))
        seed = derive_seed(config.seed, "envs", progress.iteration)
        source, draws = self.train_envs.rules.source, np.random.default_rng(seed)
        tasks, again = self.retries.draw(source, self.train_envs.rules.split, config.episodes, draws)

        def on_episode(_: Transcript) -> None:
            bar.update(1)
            self.interrupt.check()

        transcripts = rollout(self.train_envs, sampler, len(tasks), seed=seed, tasks=tasks, on_episode=on_episode)
        success = [succeeded(t) for t in transcripts]
        self.retries.record(tasks, success)
        sampled = time.monotonic()
        metrics = learner.step([Trajectory.from_transcript(t) for t in transcripts])
        finished = time.monotonic()
        progress.iteration += 1
        progress.seconds["ppo"] = progress.seconds.get("ppo", 0.0) + finished - started
        tokens = sum(int(t.loss_mask.sum()) for t in transcripts)
        row = {
            "stage": "ppo",
            "iteration": progress.iteration,
            "episodes": progress.iteration * config.episodes,
            "reward": float(np.mean([sum(t.turn_rewards) for t in transcripts])),
            "success": float(np.mean(success[again:] or success)),  # of fresh tasks, where there are any
            "retries": again,
            "episodes_per_second": len(transcripts) / (finished - started),
            "tokens_per_second": tokens / (sampled - started),
            "seconds": finished - started,
            **metrics,
        }
        self.run.log(row)
        shown = {
            "reward": f"{row['reward']:.2f}",
            "kl": f"{row.get('kl', row['approx_kl']):.2g}",  # to the reference, or of the update where there is none
            "ep/s": f"{row['episodes_per_second']:.0f}",
            "tok/s": f"{row['tokens_per_second']:.0f}",
        }
        bar.set_postfix(shown)

    # -- helpers --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _spending(self, stage: str) -> Iterator[None]:
        """Add the time within to that of a stage, also where Ctrl-C cuts it: the resumed run adds the rest."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.progress.seconds[stage] = self.progress.seconds.get(stage, 0.0) + time.monotonic() - started
            self.run.save_progress(self.progress)

    def _bar(self, total: int, label: str) -> AbstractContextManager[Any]:
        return tqdm(total=total, desc=f"{label:14}", dynamic_ncols=True, mininterval=0.5)  # type: ignore[no-any-return]

    def _ticker(self, bar: Any) -> Callable[[Transcript], None]:
        def tick(_: Transcript) -> None:
            bar.update(1)
            self.interrupt.check()

        return tick

    def _checkpoint(self, learner: Learner) -> None:
        self.run.save_checkpoint(self.policy, self.hf_tokenizer, learner, self.retries, self.progress)


def own_tokenizer(env_id: str, config: TrainConfig) -> Any:
    """The BPE tokenizer of a model from scratch; None where the configuration asks for bytes."""
    if config.env.bpe is None:
        return None
    spec = gym.spec(env_id.rpartition(":")[2])
    kwargs = {**spec.kwargs, **config.env.kwargs()}
    source = load_source(kwargs["source"], kwargs.get("source_kwargs", {}))
    return train_bpe_on(source, config.env.bpe, config.env.markup, seed=derive_seed(config.seed, "tokenizer"))


def _tiny_vocabulary(trained: Any, config: TrainConfig) -> int:
    return ByteTokenizer(config.env.markup).vocab_size if trained is None else len(trained)


def wrap_tokenizer(hf_tokenizer: Any, policy: ValueHeadPolicy, config: TrainConfig) -> Tokenizer:
    """The environment's tokenizer for a policy: the byte tokenizer where there is no Hugging Face one."""
    if hf_tokenizer is not None:
        return HFTokenizer(hf_tokenizer, vocab_size=policy.vocab_size)
    tokenizer = ByteTokenizer(config.env.markup)
    if tokenizer.vocab_size != policy.vocab_size:
        raise CheckpointMismatch(
            f"the policy has {policy.vocab_size} output tokens and was saved without a tokenizer, the byte tokenizer "
            f"has {tokenizer.vocab_size}; give the env.markup that it was trained with, or save its tokenizer with it"
        )
    return tokenizer


def make_envs(
    env_id: str, config: TrainConfig, split: str, num_envs: int, tokenizer: Tokenizer | None
) -> TextVectorEnv:
    """The vector environment of a run, as `rollout` wants it; without a tokenizer, with its registered one."""
    spec = gym.registry.get(env_id.rpartition(":")[2])
    if spec is not None and spec.vector_entry_point not in ("textgym.vector:TextVectorEnv", TextVectorEnv):
        raise ValueError(f"{env_id!r} is not a textgym environment; `textgym list` shows them")
    kwargs = config.env.kwargs() if tokenizer is None else {**config.env.kwargs(), "tokenizer": tokenizer}
    envs = gym.make_vec(
        env_id,
        num_envs=num_envs,
        split=split,
        autoreset_mode="SameStep",
        record=True,
        copy=False,
        **kwargs,
    )
    assert isinstance(envs, TextVectorEnv)
    return envs


def write_transcripts(folder: Path, transcripts: list[Transcript], tokenizer: Tokenizer) -> None:
    """Ten transcripts to read: as data, and coloured for the terminal (`less -R`)."""
    write_jsonl(folder / "transcripts.jsonl", transcripts)
    texts = [render_transcript(t, tokenizer) for t in transcripts]
    (folder / "transcripts.ansi").write_text("\n\n".join(texts) + "\n", encoding="utf-8")
