"""The commands `textgym train` and `textgym eval`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from rich.console import Console
from rich.table import Table

from textgym_agents.config import PRESETS, TrainConfig
from textgym_agents.evaluate import Evaluation, OracleActor, RandomActor, fixed_tasks
from textgym_agents.evaluate import evaluate as play_tasks
from textgym_agents.models import load_policy
from textgym_agents.plots import plot_learning_curves
from textgym_agents.rollout import Actor
from textgym_agents.run_folder import RunFolder
from textgym_agents.sampler import Sampler
from textgym_agents.training import make_envs, wrap_tokenizer
from textgym_agents.training import train as run_training

NAMES = {"start": "before", "sft": "after SFT", "ppo": "after PPO"}


@dataclass
class TrainArguments:
    """Warm start, PPO and evaluation in one run folder."""

    env_id: tyro.conf.Positional[str]
    """environment id, such as TextCalc-v0"""
    config: Annotated[TrainConfig, tyro.conf.arg(name="")]
    """every number of the run"""
    preset: Literal["demo", "pretrained"] = "demo"
    """where the numbers come from unless given; "pretrained" is the default with --model"""
    out: Path | None = None
    """run folder; runs/ENV-MODEL-TIME by default"""


def train(argv: Sequence[str]) -> int:
    """`textgym train ENV [--preset demo|pretrained] [--model ...] [...]`, or `textgym train --resume RUN`."""
    if "--resume" in argv:
        return _resume(argv)
    preset = _preset(argv)
    arguments = tyro.cli(
        TrainArguments,
        args=list(argv),
        prog="textgym train",
        config=(tyro.conf.AvoidSubcommands,),
        default=TrainArguments(env_id=tyro.MISSING, config=PRESETS[preset](), preset=preset),  # type: ignore[arg-type]
    )
    config = arguments.config
    stamp = time.strftime("%Y%m%d-%H%M%S")
    out = arguments.out or Path("runs") / f"{arguments.env_id}-{Path(config.model).name}-{stamp}"
    # Fails on a bad id, split or protocol before a folder exists.
    make_envs(arguments.env_id, config, config.eval_split, 1, None).close()
    run = RunFolder.create(out, arguments.env_id, config)
    return _run(run)


def _preset(argv: Sequence[str]) -> str:
    """The preset that the arguments name, or the one that suits their model."""
    for flag, value in zip(argv, [*argv[1:], ""], strict=True):
        name = value if flag == "--preset" else flag.removeprefix("--preset=") if flag.startswith("--preset=") else ""
        if name in PRESETS:
            return name
    return "pretrained" if any(a.split("=")[0] == "--model" for a in argv) else "demo"


def _resume(argv: Sequence[str]) -> int:
    if len(argv) != 2 or argv[0] != "--resume":
        raise ValueError("usage: textgym train --resume RUN; a resumed run keeps its configuration")
    return _run(RunFolder(Path(argv[1])))


def _run(folder: RunFolder) -> int:
    run, config, progress = RunFolder.open(folder.path)
    console = Console()
    try:
        results = run_training(progress.env_id, config, run, progress)
    except KeyboardInterrupt:
        console.print(f"\nstopped and saved; go on with: textgym train --resume {run.path}", highlight=False)
        return 130
    plot_learning_curves(run.path / "metrics.jsonl", run.path / "curves.png", f"{progress.env_id}, {config.model}")
    console.print(results_table(results, config))
    console.print(f"run folder: {run.path} (config.json, metrics.jsonl, curves.png, transcripts.ansi, checkpoint/)")
    if console.is_terminal:
        print((run.path / "transcripts.ansi").read_text().split("\n\n")[0])
    return 0


def results_table(results: dict[str, Any], config: TrainConfig) -> Table:
    """Before and after, with 95 % intervals."""
    table = Table(title=f"{results['env_id']}: greedy on {config.eval_episodes} held-out tasks ({config.eval_split})")
    for column in ("", "success", "95 % interval", "tokens an episode", "minutes"):
        table.add_column(column, justify="left" if not column else "right")
    for name, row in results["evaluations"].items():
        seconds = results["seconds"].get(name)
        table.add_row(
            NAMES.get(name, name),
            f"{row['success']:.1%}",
            f"{row['low']:.1%} to {row['high']:.1%}",
            f"{row['tokens']:.1f}",
            "" if seconds is None else f"{seconds / 60:.1f}",
        )
    return table


@dataclass
class EvalArguments:
    """Greedy success of a policy on held-out tasks."""

    env: tyro.conf.Positional[str]
    """environment id"""
    policy: str
    """a run folder, "oracle" or "random\""""
    episodes: int = 200
    """number of tasks"""
    split: str = "test"
    """where they come from"""
    seed: int = 20_251_122
    """draws them"""
    num_envs: int = 64
    """slots"""
    json: Annotated[bool, tyro.conf.arg(name="json")] = False
    """print the result as JSON"""


def evaluate(argv: Sequence[str]) -> int:
    """`textgym eval ENV --policy RUN|oracle|random`."""
    arguments = tyro.cli(EvalArguments, args=list(argv), prog="textgym eval")
    evaluation = _evaluate(arguments)
    if arguments.json:
        print(json.dumps(evaluation.summary()))
        return 0
    console = Console(file=sys.stdout)
    console.print(
        f"{arguments.policy} on {arguments.env} ({arguments.split}): {evaluation.success:.1%} of "
        f"{evaluation.episodes} tasks, 95 % interval {evaluation.low:.1%} to {evaluation.high:.1%}, "
        f"{evaluation.tokens:.1f} tokens an episode; ended by {evaluation.stop_reasons}",
        highlight=False,
    )
    return 0


def _evaluate(arguments: EvalArguments) -> Evaluation:
    if arguments.policy in ("oracle", "random"):
        envs = make_envs(arguments.env, TrainConfig(), arguments.split, arguments.num_envs, None)
        actor: Actor = OracleActor(envs)
        if arguments.policy == "random":
            actor = RandomActor(envs.rules.tokenizer.vocab_size, arguments.seed)
    else:
        run, config, _ = RunFolder.open(Path(arguments.policy))
        saved = run.latest_policy()
        if saved is None:
            raise FileNotFoundError(f"{run.path} holds no policy yet; continue it: textgym train --resume {run.path}")
        policy, hf_tokenizer = load_policy(saved)
        tokenizer = wrap_tokenizer(hf_tokenizer, policy)
        envs = make_envs(arguments.env, config, arguments.split, arguments.num_envs, tokenizer)
        generator = torch.Generator().manual_seed(arguments.seed)
        actor = Sampler(policy, envs.num_envs, envs.rules.max_tokens, generator=generator, greedy=True)
    tasks = fixed_tasks(envs.rules.source, arguments.split, arguments.episodes, arguments.seed)
    return play_tasks(envs, actor, tasks)
