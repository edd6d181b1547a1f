"""Learning curves: a picture comes out whatever stages a run went through."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from matplotlib.image import imread

from textgym_agents.plots import plot_learning_curves, read_metrics


def rows(iterations: int, kl: bool) -> list[dict[str, Any]]:
    def evaluation(name: str, episodes: int, success: float) -> dict[str, Any]:
        low, high = max(0.0, success - 0.04), min(1.0, success + 0.04)
        return {"stage": "eval", "name": name, "ppo_episodes": episodes, "success": success, "low": low, "high": high}

    made = [evaluation("start", 0, 0.0), {"stage": "sft", "step": 10, "loss": 1.0, "success": 0.1}]
    made.append(evaluation("sft", 0, 0.31))
    for i in range(1, iterations + 1):
        row = {
            "stage": "ppo",
            "iteration": i,
            "episodes": 256 * i,
            "success": 1 - 0.7 * math.exp(-i / 15),
            "clip_fraction": 0.05 + 0.02 * math.sin(i),
            "approx_kl": 0.004,
            "explained_variance": 1 - math.exp(-i / 10),
        }
        made.append({**row, "kl": 0.05 * i} if kl else row)
    if iterations:
        made.append(evaluation("ppo", 256 * iterations, 0.97))
    return made


@pytest.mark.parametrize(("iterations", "kl"), [(40, True), (40, False), (1, True), (0, False)])
def test_png_is_written(iterations: int, kl: bool, tmp_path: Path) -> None:
    metrics = tmp_path / "metrics.jsonl"
    metrics.write_text("".join(json.dumps(row) + "\n" for row in rows(iterations, kl)))
    plot_learning_curves(metrics, tmp_path / "curves.png", "TextCalc-v0, tiny")
    picture = imread(tmp_path / "curves.png")
    assert picture.shape[0] > 400
    assert picture.shape[1] > 600
    assert picture[..., :3].std() > 0.02, "something is drawn"


def test_read_metrics(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"stage": "ppo", "kl": 1.5}\n{"stage": "eval"}\n')
    assert read_metrics(path) == [{"stage": "ppo", "kl": 1.5}, {"stage": "eval"}]
