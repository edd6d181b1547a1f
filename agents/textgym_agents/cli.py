"""The commands `textgym train` and `textgym eval`."""

from __future__ import annotations

import json
import sys
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import tyro
from rich.console import Console
from rich.table import Table

from textgym_agents.config import PRESETS, PYTHON, WRITTEN_FOR, EnvConfig, TrainConfig, preset
from textgym_agents.evaluate import Evaluation, OracleActor, RandomActor, fixed_tasks
from textgym_agents.evaluate import evaluate as play_tasks
from textgym_agents.models import check_device, is_checkpoint, load_policy
from textgym_agents.plots import plot_learning_curves
from textgym_agents.policy_io import first_line
from textgym_agents.rollout import Actor
from textgym_agents.run_folder import Progress, RunFolder
from textgym_agents.sampler import Sampler
from textgym_agents.training import TrainingRun, make_envs, wrap_tokenizer

NAMES = {"start": "before", "sft": "after SFT", "ppo": "after PPO"}


@dataclass
class TrainArguments:
    """Warm start, PPO and evaluation in one run folder."""

    env_id: tyro.conf.Positional[str]
    """environment id, such as TextCalc-v0"""
    config: Annotated[TrainConfig, tyro.conf.arg(name="")]
    """every number of the run"""
    preset: Literal["demo", "pretrained", "python", "pretrained_python"] = "demo"
    """where the numbers come from unless given; the default suits --model and the environment"""
    out: Path | None = None
    """run folder; runs/ENV-MODEL-TIME by default"""
    no_lora: tyro.conf.FlagCreatePairsOff[bool] = False
    """train every weight, whatever the preset says"""
    no_sft: tyro.conf.FlagCreatePairsOff[bool] = False
    """no warm start"""


def train(argv: Sequence[str]) -> int:
    """`textgym train ENV [--preset NAME] [--model ...] [...]`, or `textgym train --resume RUN`."""
    if _flag(argv, "--resume") is not None:
        return _resume(argv)
    name, env_id = _preset(argv)
    default = preset(name, env_id)
    if is_checkpoint(_flag(argv, "--model") or default.model):
        default.lora = None  # a checkpoint brings its own adapter or none
    arguments = _parse(argv, name, default)
    config = arguments.config
    config.lora = None if arguments.no_lora else config.lora
    config.sft = None if arguments.no_sft else config.sft
    stamp = time.strftime("%Y%m%d-%H%M%S")
    out = arguments.out or Path("runs") / f"{arguments.env_id}-{Path(config.model).name}-{stamp}"
    RunFolder.check_free(out)
    job = TrainingRun(RunFolder(out), arguments.env_id, config, Progress(arguments.env_id))
    RunFolder.create(out, arguments.env_id, config)  # after what may fail
    return _run(job)


def _parse(argv: Sequence[str], name: str, default: TrainConfig) -> TrainArguments:
    return tyro.cli(
        TrainArguments,
        args=list(argv),
        prog="textgym train",
        config=(tyro.conf.AvoidSubcommands,),
        default=TrainArguments(env_id=tyro.MISSING, config=default, preset=name),  # type: ignore[arg-type]
    )


def _preset(argv: Sequence[str]) -> tuple[str, str]:
    """The preset that the arguments name, or the one that suits their model and environment; and the environment.

    The environment may stand anywhere among the arguments, so they are read once in advance, with every part of a
    configuration there. Help is of the demo, or of the preset that is named.
    """
    named = _flag(argv, "--preset") or ""
    if {"-h", "--help"} & set(argv):
        name = named if named in PRESETS else "demo"
        return name, WRITTEN_FOR[name]
    asked = _parse(argv, "demo", replace(PRESETS["pretrained"](), model="tiny"))
    python = asked.env_id.rpartition(":")[2] == PYTHON
    if asked.config.model == "tiny":
        suits = "python" if python else "demo"
    else:
        suits = "pretrained_python" if python else "pretrained"
    return named or suits, asked.env_id


def _flag(argv: Sequence[str], name: str) -> str | None:
    """The value of `--name VALUE` or `--name=VALUE`, "" if there is none behind it; None without the flag."""
    for item, following in zip(argv, [*argv, ""][1:], strict=True):
        if item == name:
            return following
        if item.startswith(f"{name}="):
            return item.partition("=")[2]
    return None


def _resume(argv: Sequence[str]) -> int:
    folder = _flag(argv, "--resume")
    if not folder or len(argv) != (2 if "--resume" in argv else 1):
        raise ValueError("usage: textgym train --resume RUN; a resumed run keeps its configuration")
    run, config, progress = RunFolder.open(Path(folder))
    return _run(TrainingRun(run, progress.env_id, config, progress))


def _run(job: TrainingRun) -> int:
    run, config = job.run, job.config
    console = Console()
    try:
        results = job.train()
    except KeyboardInterrupt:
        print(f"\nstopped; go on with: textgym train --resume {run.path}")
        return 130
    except Exception as error:  # whatever it is, it may come after hours: keep where it came from
        log = run.path / "error.log"
        log.write_text(traceback.format_exc(), encoding="utf-8")
        print(f"\ntextgym: {type(error).__name__}: {first_line(error)}; the traceback is in {log}", file=sys.stderr)
        return 1
    plot_learning_curves(run.path / "metrics.jsonl", run.path / "curves.png", f"{job.env_id}, {config.model}")
    console.print(results_table(results, config))
    print(f"run folder: {run.path} (config.json, metrics.jsonl, curves.png, transcripts.ansi, checkpoint/)")
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
    difficulty: tuple[int, ...] | None = None
    """difficulty levels; None: those of the run, for "oracle" and "random" all"""
    max_tokens: int | None = None
    """length of the context; None: that of the run, for "oracle" and "random" that of the environment"""
    seed: int = 20_251_122
    """draws them"""
    num_envs: int = 64
    """slots"""
    device: str = "cpu"
    """where the policy of a run folder plays: cpu or cuda"""
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
    name, split, num_envs = arguments.env, arguments.split, arguments.num_envs
    if arguments.policy in ("oracle", "random"):
        config = TrainConfig(env=EnvConfig(difficulty=arguments.difficulty, max_tokens=arguments.max_tokens))
        envs = make_envs(name, config, split, num_envs, None)
        actor: Actor = OracleActor(envs)
        if arguments.policy == "random":
            actor = RandomActor(envs.rules.tokenizer.vocab_size, arguments.seed)
    else:
        run, config, progress = RunFolder.open(Path(arguments.policy))
        saved = run.latest_policy()
        if saved is None:
            raise FileNotFoundError(f"{run.path} holds no policy yet; continue it: textgym train --resume {run.path}")
        check_device(arguments.device)
        policy, hf_tokenizer = load_policy(saved, device=arguments.device)
        tokenizer = wrap_tokenizer(hf_tokenizer, policy, config)
        config = replace(config, env=_asked(arguments, config.env, progress.env_id))
        envs = make_envs(name, config, split, num_envs, tokenizer)
        generator = torch.Generator().manual_seed(arguments.seed)
        actor = Sampler(policy, envs.num_envs, envs.rules.max_tokens, generator=generator, greedy=True)
    tasks = fixed_tasks(envs.rules.source, arguments.split, arguments.episodes, arguments.seed)
    return play_tasks(envs, actor, tasks)


def _asked(arguments: EvalArguments, env: EnvConfig, trained_on: str) -> EnvConfig:
    """The run's environment, with other tasks where the arguments ask for those: its families are of its own."""
    if arguments.max_tokens is not None:
        env = replace(env, max_tokens=arguments.max_tokens)
    other = arguments.env.rpartition(":")[2] != trained_on.rpartition(":")[2]
    if other or arguments.difficulty is not None:
        return replace(env, difficulty=arguments.difficulty, families=None)
    return replace(env, families=None) if arguments.split == "test_unseen" else env
