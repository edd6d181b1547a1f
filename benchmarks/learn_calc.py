"""Learning on TextCalc-v0 and TextPython-v0 over seeds.

    python benchmarks/learn_calc.py --seeds 10                                 the embedded default
    python benchmarks/learn_calc.py --seeds 1 --workers 1 --threads 2 --name demo_alone    how long `make demo` takes
    python benchmarks/learn_calc.py --preset pretrained --seeds 1 --workers 1  SmolLM2-135M-Instruct with LoRA
    python benchmarks/learn_calc.py --preset python --seeds 1 --workers 1 --threads 2    an easy part of TextPython-v0
    python benchmarks/learn_calc.py --preset pretrained_python --seeds 1 --workers 1 --threads 2    and with SmolLM2

Runs `textgym train ENV --preset PRESET` once a seed, `--workers` at a time, and writes
`benchmarks/results/learn_calc_NAME.json` (every seed's evaluations and time, versions, machine) and a picture of the
curves.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tyro
from machine import command, describe

RESULTS = Path(__file__).parent / "results"
NAMES = ("start", "sft", "ppo")
ENVS = {
    "demo": "TextCalc-v0",
    "pretrained": "TextCalc-v0",
    "python": "TextPython-v0",
    "pretrained_python": "TextPython-v0",
}
"""What a preset is for."""


@dataclass
class Arguments:
    """Train the demo preset on several seeds."""

    preset: Literal["demo", "pretrained", "python", "pretrained_python"] = "demo"
    """the configuration"""
    seeds: int = 10
    """seeds 0 to seeds - 1"""
    workers: int = 2
    """runs at a time"""
    threads: int = 1
    """threads of a run"""
    runs: Path = Path("runs/learn_calc")
    """where the run folders go, under the name; finished ones are not run again"""
    name: str = ""
    """what the results and run folders are called; the preset's name"""

    def folder(self, seed: int) -> Path:
        """The run folder of a seed."""
        return self.runs / (self.name or self.preset) / f"seed{seed}"


def run(arguments: Arguments, seed: int) -> dict[str, Any]:
    """One seed in its own process; resumes an unfinished run."""
    folder = arguments.folder(seed)
    command = [sys.executable, "-m", "textgym.cli", "train"]
    if (folder / "progress.json").exists():
        command += ["--resume", str(folder)]
    else:
        env_id = ENVS[arguments.preset]
        command += [env_id, "--preset", arguments.preset, "--seed", str(seed), "--out", str(folder)]
    start, took = time.perf_counter(), {}
    if not (folder / "results.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with open(folder.with_suffix(".log"), "w") as log:
            threads = {**os.environ, "OMP_NUM_THREADS": str(arguments.threads)}
            subprocess.run(command, stdout=log, stderr=log, check=True, env=threads)
        took = {"minutes_of_this_command": round((time.perf_counter() - start) / 60, 2)}
    results: dict[str, Any] = json.loads((folder / "results.json").read_text())
    warm_start = [row for row in metrics(folder) if row["stage"] == "sft"][-1]
    results["sft_stopped"] = {"step": warm_start["step"], "sampled_success": warm_start["success"]}
    shown = ", ".join(f"{name} {results['evaluations'][name]['success']:.1%}" for name in NAMES)
    print(f"seed {seed}: {shown}", flush=True)
    return {"seed": seed, **took, **results}


def metrics(folder: Path) -> list[dict[str, Any]]:
    """The rows that a run has logged."""
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def plot(folders: list[Path], png: Path, title: str) -> None:
    """Sampled success of every seed over PPO episodes, and the greedy held-out success at the end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axis = figure.subplots()
    for folder in folders:
        rows = metrics(folder)
        ppo = [r for r in rows if r["stage"] == "ppo"]
        last = next(r for r in reversed(rows) if r["stage"] == "eval")
        (line,) = axis.plot([r["episodes"] for r in ppo], [r["success"] for r in ppo], lw=1, alpha=0.7)
        axis.plot(ppo[-1]["episodes"], last["success"], "o", color=line.get_color())
    axis.set(xlabel="PPO episodes", ylabel="success", ylim=(0, 1.02), title=title)
    axis.text(0.02, 0.03, "lines: sampled in training; dots: greedy on held-out tasks", transform=axis.transAxes)
    axis.grid(alpha=0.3)
    figure.savefig(png, dpi=110)


def main() -> None:
    arguments = tyro.cli(Arguments)
    folders = [arguments.folder(seed) for seed in range(arguments.seeds)]
    with ThreadPoolExecutor(arguments.workers) as pool:
        rows = list(pool.map(partial(run, arguments), range(arguments.seeds)))
    final = [row["evaluations"]["ppo"]["success"] for row in rows]
    summary = {
        "command": command(),
        "final_success": {"median": float(np.median(final)), "min": min(final), "max": max(final)},
        "seeds_at_90_percent": sum(f >= 0.9 for f in final),
        "seeds_at_95_percent": sum(f >= 0.95 for f in final),
        "config": json.loads((folders[0] / "config.json").read_text()),
        "runs": rows,
        "machine": describe(),
    }
    RESULTS.mkdir(exist_ok=True)
    name = f"learn_calc_{arguments.name or arguments.preset}"
    (RESULTS / f"{name}.json").write_text(json.dumps(summary, indent=2) + "\n")
    plot(folders, RESULTS / f"{name}.png", f"{ENVS[arguments.preset]}, preset {arguments.preset}, one line a seed")
    print(json.dumps({key: summary[key] for key in ("final_success", "seeds_at_90_percent", "seeds_at_95_percent")}))


if __name__ == "__main__":
    main()
