"""Supervised warm start: next-token loss on the model's own tokens of transcripts, with `transformers.Trainer`."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import get_last_checkpoint

from textgym import StopReason, Transcript
from textgym.engine import Episode
from textgym.rules import Rules
from textgym.seeding import Generators
from textgym_agents.interrupt import Interrupt
from textgym_agents.muon import Muon, hidden_matrices
from textgym_agents.policy import ValueHeadPolicy

IGNORE = -100
"""Label of a token that carries no loss."""


@dataclass
class SFTConfig:
    """The warm start."""

    steps: int = 600
    """optimizer steps at most"""
    batch_size: int = 32
    """transcripts a step"""
    micro_batch_size: int = 32
    """transcripts in one forward pass"""
    lr: float = 1e-3
    """peak learning rate of AdamW: linear warm-up, then constant"""
    muon_lr: float | None = None
    """step the hidden matrices by Muon with this rate, and all else by Adam with `lr`; None: AdamW for all"""
    warmup_steps: int = 20
    """steps of linear warm-up"""
    weight_decay: float = 0.0
    """of AdamW; Muon has none"""
    adam_beta2: float = 0.98
    """of AdamW; with 0.999 the moment in which a tiny model learns to copy comes later and not for every seed"""
    demonstrations: int = 20_000
    """oracle transcripts drawn from the train split"""
    stop_at: float | None = None
    """stop once the success of sampled validation episodes reaches this; None: run all steps"""
    eval_every: int = 10
    """steps between the evaluations that `stop_at` needs; half as many once success is halfway there"""
    eval_episodes: int = 100
    """episodes of such an evaluation"""

    def check(self) -> None:
        """Raise ValueError for numbers that make no sense."""
        for name in ("batch_size", "micro_batch_size", "demonstrations", "eval_every", "eval_episodes"):
            if getattr(self, name) < 1:
                raise ValueError(f"sft.{name} must be at least 1, not {getattr(self, name)}")
        if self.steps < 0:
            raise ValueError(f"sft.steps must be at least 0, not {self.steps}")
        if not 0 <= self.adam_beta2 < 1:
            raise ValueError(f"sft.adam_beta2 must be at least 0 and below 1, not {self.adam_beta2}")
        if self.batch_size % min(self.batch_size, self.micro_batch_size):
            raise ValueError(
                f"sft.micro_batch_size ({self.micro_batch_size}) must divide sft.batch_size ({self.batch_size})"
            )
        if self.muon_lr is not None and self.weight_decay:
            raise ValueError("sft.weight_decay is AdamW's; with sft.muon_lr it must be 0")


def demonstrations(rules: Rules, n: int, seed: int) -> list[Transcript]:
    """`n` oracle transcripts of the environment that `rules` describes, from the generator of `seed`.

    Raises:
        ValueError: the oracle fails its own task, so the environment's budgets are too small for it.
    """
    episode = Episode(rules, rules.rows(1), 0)
    rng, tool_seeds = np.random.default_rng(seed), Generators(seed)
    transcripts = []
    for _ in range(n):
        task = rules.source.draw(rng, rules.split)
        episode.reset(task, seeds=tool_seeds.next_episode())
        for turn in rules.oracle_turns(task):
            episode.push(np.array(turn, np.int64))
        if episode.stop_reason is not StopReason.SUBMIT:
            raise ValueError(
                f"the oracle ended with {episode.stop_reason} on {task.prompt!r}; raise the budget of that name"
            )
        transcripts.append(episode.transcript())
    return transcripts


def labels_of(transcript: Transcript) -> tuple[Tensor, Tensor]:
    """Token ids and labels, int64 (T,): a label is its token where the policy sampled it, else `IGNORE`.

    Tool results, prompt and scaffold carry no loss. Test: `test_sft.py::test_only_model_tokens_carry_loss`.
    """
    ids = torch.from_numpy(transcript.ids)
    return ids, ids.masked_fill(torch.from_numpy(transcript.loss_mask) == 0, IGNORE)


def collate(rows: Sequence[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
    """Right-pad (ids, labels) pairs; `lengths` tell the padding.

    Returns:
        input_ids, labels: int64 (B, T); lengths: int64 (B,).
    """
    ids = torch.nn.utils.rnn.pad_sequence([r[0] for r in rows], batch_first=True)
    labels = torch.nn.utils.rnn.pad_sequence([r[1] for r in rows], batch_first=True, padding_value=IGNORE)
    return {"input_ids": ids, "labels": labels, "lengths": torch.tensor([len(r[0]) for r in rows])}


def sft_loss(policy: ValueHeadPolicy, batch: dict[str, Tensor], denominator: Tensor | int) -> Tensor:
    """Negative log-likelihood of the labelled tokens, summed and divided by `denominator`: a 0-d tensor."""
    mask = batch["labels"] != IGNORE
    logp = policy.token_logprobs(batch["input_ids"], batch["lengths"], mask=mask).logp
    return -torch.where(mask, logp, 0.0).sum() / denominator


class _SFTTrainer(Trainer):
    """`Trainer` with our loss; its denominator is that of the whole step, over all micro-batches."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # Else `Trainer` does not count the labels of a step, and averages the means of its micro-batches.
        self.model_accepts_loss_kwargs = True

    def compute_loss(
        self, model: Any, inputs: dict[str, Tensor], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        # The count is over all processes, whose gradients are then averaged.
        denominator = num_items_in_batch / self.accelerator.num_processes
        loss = sft_loss(self.accelerator.unwrap_model(model), inputs, denominator)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the SFT loss is {loss.item()} at step {self.state.global_step}; lower sft.lr")
        return loss

    # `Trainer` writes bare modules with safetensors, which refuses the shared storage of tied embeddings.
    def _save(self, output_dir: str | None = None, state_dict: dict[str, Any] | None = None) -> None:
        folder = Path(output_dir or str(self.args.output_dir))
        folder.mkdir(parents=True, exist_ok=True)
        torch.save(self.accelerator.unwrap_model(self.model).state_dict(), folder / "policy.pt")

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        state = torch.load(Path(resume_from_checkpoint) / "policy.pt", weights_only=True)
        self.accelerator.unwrap_model(model or self.model).load_state_dict(state)


class _Watch(TrainerCallback):
    """Reports the loss, stops at a success rate, and saves before it gives way to Ctrl-C."""

    def __init__(
        self,
        config: SFTConfig,
        success: Callable[[], float] | None,
        report: Callable[[dict[str, float]], None],
        interrupt: Interrupt,
    ) -> None:
        self.config, self.success, self.report, self.interrupt = config, success, report, interrupt
        self.last = 0.0
        self.cut_short = False

    def on_train_begin(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        seen = [row["success"] for row in state.log_history if "success" in row]
        self.last = seen[-1] if seen else 0.0  # of a training that is resumed

    def on_log(
        self, args: Any, state: TrainerState, control: TrainerControl, logs: dict[str, Any] | None = None, **_: Any
    ) -> None:
        if logs and "loss" in logs:
            state.log_history[-1]["success"] = self.last  # saved with the trainer's state
            self.report({"step": state.global_step, "loss": logs["loss"], "success": self.last})

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        stop_at = self.config.stop_at
        if self.success is not None and stop_at is not None and self._looks(state.global_step, stop_at):
            self.last = self.success()
            control.should_log = True
            control.should_training_stop |= self.last >= stop_at
        # After the evaluation: a resumed call would not ask again. And not if this step was the last one anyway.
        if self.interrupt.requested and not control.should_training_stop:
            control.should_save = control.should_training_stop = self.cut_short = True

    def _looks(self, step: int, stop_at: float) -> bool:
        """Success rises suddenly: from halfway on, look twice as often, lest it be far above `stop_at` when seen."""
        every = self.config.eval_every
        return step % (every if self.last < stop_at / 2 else max(1, every // 2)) == 0


def train_sft(
    policy: ValueHeadPolicy,
    transcripts: Sequence[Transcript],
    config: SFTConfig,
    *,
    seed: int,
    success: Callable[[], float] | None = None,
    report: Callable[[dict[str, float]], None] = lambda metrics: None,
    interrupt: Interrupt | None = None,
    output_dir: str | Path | None = None,
) -> None:
    """Train `policy` on the sampled tokens of `transcripts`, in place.

    Args:
        interrupt: if Ctrl-C asks for it, the trainer's state is saved under `output_dir`, from which the next call
            with the same arguments goes on; this one raises KeyboardInterrupt. A training that ends with the step in
            which Ctrl-C came is complete, and returns.
        output_dir: for such a state, which the caller removes in the end; nothing else is written there. None: it is
            not kept.
        success: the success rate of sampled held-out episodes, asked every `config.eval_every` steps (half as
            many from halfway on) if `config.stop_at` is set, which needs it.
        report: gets step, loss and success every few steps.

    Raises:
        FloatingPointError: the loss is NaN or infinite; the weights are those before that step.
        ValueError: no transcripts, a batch size that its micro-batches do not divide, `stop_at` without `success`.
    """
    config.check()
    if not transcripts:
        raise ValueError("no transcripts to learn from")
    if config.stop_at is not None and success is None:
        raise ValueError("sft.stop_at needs success=, which says how good the policy is; or set it to None")
    if config.steps < 1:
        return  # `Trainer` would take 0 steps as "three epochs"
    watch = _Watch(config, success, report, interrupt or Interrupt())
    rows = [labels_of(t) for t in transcripts]
    with contextlib.ExitStack() as stack:
        folder = str(output_dir or stack.enter_context(tempfile.TemporaryDirectory()))
        Path(folder).mkdir(parents=True, exist_ok=True)
        stack.enter_context(own_global_generators())
        trainer = _SFTTrainer(
            model=policy,
            args=_trainer_arguments(config, folder, seed, policy.device.type == "cpu"),
            train_dataset=rows,
            data_collator=collate,
            callbacks=[watch],
            optimizers=(_muon(policy, config), None),
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train(resume_from_checkpoint=get_last_checkpoint(folder))
    policy.zero_grad(set_to_none=True)
    if watch.cut_short:
        raise KeyboardInterrupt


def saved_step(output_dir: Path) -> int:
    """The step from which `train_sft` with this `output_dir` would go on; 0 where no state is saved."""
    folder = get_last_checkpoint(str(output_dir)) if output_dir.is_dir() else None
    return 0 if folder is None else int(folder.rpartition("-")[2])


def _muon(policy: ValueHeadPolicy, config: SFTConfig) -> Muon | None:
    """Muon if the configuration asks for it; None leaves the choice to `Trainer`, which takes AdamW."""
    if config.muon_lr is None:
        return None
    matrices, others = hidden_matrices(policy.causal_lm)
    return Muon(matrices, others, lr=config.muon_lr, adam_lr=config.lr, betas=(0.9, config.adam_beta2))


def _trainer_arguments(config: SFTConfig, output_dir: str, seed: int, use_cpu: bool) -> TrainingArguments:
    micro_batch_size = min(config.batch_size, config.micro_batch_size)
    arguments = TrainingArguments(
        output_dir=output_dir,
        max_steps=config.steps,
        per_device_train_batch_size=micro_batch_size,
        gradient_accumulation_steps=config.batch_size // micro_batch_size,
        learning_rate=config.lr,
        warmup_steps=config.warmup_steps,
        lr_scheduler_type="constant_with_warmup",
        weight_decay=config.weight_decay,
        adam_beta2=config.adam_beta2,
        max_grad_norm=1.0,
        logging_steps=max(1, min(10, config.steps // 10)),
        logging_nan_inf_filter=False,
        save_strategy="no",
        save_total_limit=1,
        report_to=[],
        disable_tqdm=True,
        remove_unused_columns=False,
        use_cpu=use_cpu,
        dataloader_pin_memory=False,
        seed=seed,
    )
    arguments._n_gpu = min(1, arguments.n_gpu)  # else several visible GPUs would make it `DataParallel`
    return arguments


@contextlib.contextmanager
def own_global_generators() -> Iterator[None]:
    """`Trainer` seeds the global generators; within this they are its own, afterwards they are as they were."""
    python, numpy_state, torch_state = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy_state)  # noqa: NPY002
        torch.set_rng_state(torch_state)
