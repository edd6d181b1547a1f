"""Learning curves of a run as one PNG."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any


def read_metrics(path: str | Path) -> list[dict[str, Any]]:
    """The rows of a metrics.jsonl. A last line that a crash cut off is left out.

    Raises:
        ValueError: another line is not JSON.
    """
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    with suppress(ValueError):
        return [json.loads(line) for line in lines]
    return [json.loads(line) for line in lines[:-1]]


def plot_learning_curves(metrics: str | Path, png: str | Path, title: str = "") -> None:
    """Draw success, KL, clip fraction and explained variance over the episodes of PPO.

    The held-out evaluations are dots beside the success of sampled episodes; those before and after SFT lie at 0.

    Args:
        metrics: a run's metrics.jsonl.
        png: where to write.
        title: above the panels.
    """
    from matplotlib.figure import Figure  # not pyplot: no global state, no display

    rows = read_metrics(metrics)
    ppo = [r for r in rows if r["stage"] == "ppo"]
    evals = [r for r in rows if r["stage"] == "eval"]
    figure = Figure(figsize=(10, 6.5), layout="constrained")
    axes = figure.subplots(2, 2)
    figure.suptitle(title)
    episodes = [r["episodes"] for r in ppo]
    kl = ("kl", "KL to the SFT policy, nats an episode")
    if ppo and "kl" not in ppo[0]:  # without a penalty no reference is kept
        kl = ("approx_kl", "KL of an update, nats a token")
    for axis, (name, label) in zip(
        axes.flat,
        [
            ("success", "success rate of sampled episodes"),
            kl,
            ("clip_fraction", "clip fraction"),
            ("explained_variance", "explained variance of the critic"),
        ],
        strict=True,
    ):
        axis.plot(episodes, [r.get(name) for r in ppo], color="C0", lw=1.5)
        axis.set_xlabel("PPO episodes")
        axis.set_title(label, fontsize=10)
        axis.grid(alpha=0.3)
    held_out = axes.flat[0]
    for row in evals:
        x = row["ppo_episodes"]
        held_out.errorbar(
            x,
            row["success"],
            yerr=[[row["success"] - row["low"]], [row["high"] - row["success"]]],
            fmt="o",
            color="C3",
            capsize=4,
        )
        held_out.annotate(
            f"{row['name']}: {row['success']:.0%}",
            (x, row["success"]),
            xytext=(4, 9) if x else (8, -3),  # off the line: it comes from the left, and most often from below
            textcoords="offset points",
            fontsize=8,
            ha="right" if x else "left",
        )
    held_out.set_ylim(-0.05, 1.15)
    held_out.set_title("success rate: sampled in training (line), greedy on held-out tasks (dots)", fontsize=10)
    axes.flat[3].set_ylim(-0.5, 1.02)
    figure.savefig(png, dpi=110)
