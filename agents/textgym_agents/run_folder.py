"""A run's folder: configuration, metrics, checkpoint, results; all that a resumed run or a reader needs."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from textgym_agents.config import TrainConfig
from textgym_agents.learner import Learner
from textgym_agents.plots import read_metrics
from textgym_agents.policy import ValueHeadPolicy
from textgym_agents.policy_io import save_policy
from textgym_agents.retries import Retries


@dataclass
class Progress:
    """How far a run is.

    Attributes:
        env_id: what it trains on.
        stage: "sft", "ppo" or "done".
        iteration: finished PPO steps.
        evaluations: summaries by name: "start", "sft", "ppo".
        seconds: wall time spent by stage.
    """

    env_id: str
    stage: str = "sft"
    iteration: int = 0
    evaluations: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)


class RunFolder:
    """Reads and writes a run's folder. A crash at any point leaves what a resumed run can go on from.

    Every file is replaced in one move, so that the one before is left, but for `metrics.jsonl`, which grows by lines:
    a last line that was cut off is dropped by the resumed run, which writes it again.

    Raises:
        FileNotFoundError: `open` of a folder that is no run.
        FileExistsError: `create` in a folder that holds a run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, env_id: str, config: TrainConfig) -> RunFolder:
        """Start a run in a new or empty folder."""
        cls.check_free(path)
        path.mkdir(parents=True, exist_ok=True)
        run = cls(path)
        run._write_json("config.json", {"env_id": env_id, **config.to_dict()})
        run.save_progress(Progress(env_id))
        return run

    @staticmethod
    def check_free(path: Path) -> None:
        """Raise FileExistsError unless a run can start at `path`."""
        if (path / "progress.json").exists():
            raise FileExistsError(f"{path} holds a run already; use --resume {path}, or choose another --out")
        if path.exists() and not (path.is_dir() and not any(path.iterdir())):
            raise FileExistsError(f"{path} exists and is not an empty folder; choose another --out")

    @classmethod
    def open(cls, path: Path) -> tuple[RunFolder, TrainConfig, Progress]:
        """Open a run to resume or evaluate it."""
        for name in ("config.json", "progress.json"):
            if not (path / name).exists():
                above = path.resolve().parent
                hint = f"give {above}" if (above / "progress.json").exists() else "textgym train makes one"
                raise FileNotFoundError(f"{path} is not a run folder: it has no {name} ({hint})")
        config, progress = (json.loads((path / name).read_text()) for name in ("config.json", "progress.json"))
        config.pop("env_id", None)
        try:
            return cls(path), TrainConfig.from_dict(config), Progress(**progress)
        except TypeError as error:
            raise ValueError(f"{path} was written by another version of textgym ({error}); use that one") from None

    def save_progress(self, progress: Progress) -> None:
        self._write_json("progress.json", asdict(progress))

    def log(self, row: dict[str, Any]) -> None:
        """Append a row to metrics.jsonl; an evaluation replaces an earlier one of its name."""
        if row["stage"] == "eval":
            self._keep_metrics(lambda r: r["stage"] != "eval" or r["name"] != row["name"])
        with open(self.path / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def drop_metrics_after(self, iteration: int) -> None:
        """Remove PPO rows beyond `iteration`: a resumed run writes them again."""
        self._keep_metrics(lambda r: r["stage"] != "ppo" or r["iteration"] <= iteration)

    def drop_sft_metrics_after(self, step: int) -> None:
        """Remove SFT rows beyond `step`, from which a resumed SFT goes on: it writes them again."""
        self._keep_metrics(lambda r: r["stage"] != "sft" or r["step"] <= step)

    def _keep_metrics(self, condition: Callable[[dict[str, Any]], bool]) -> None:
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return
        kept = [r for r in read_metrics(path) if condition(r)]
        text = "".join(json.dumps(r) + "\n" for r in kept)
        if text != path.read_text(encoding="utf-8"):
            self._write_text("metrics.jsonl", text)

    def save_checkpoint(
        self, policy: ValueHeadPolicy, tokenizer: Any, learner: Learner, retries: Retries, progress: Progress
    ) -> None:
        """Policy, learner and progress after a PPO step, in one folder that is swapped in whole."""
        new, old, current = (self.path / name for name in ("checkpoint.new", "checkpoint.old", "checkpoint"))
        shutil.rmtree(new, ignore_errors=True)
        save_policy(policy, new, tokenizer=tokenizer)
        state = {"iteration": progress.iteration, "retries": retries.state_dict(), **learner.state_dict()}
        torch.save(state, new / "learner.pt")
        if current.exists():  # else a crash has left `old` as the only one
            shutil.rmtree(old, ignore_errors=True)
            current.rename(old)
        new.rename(current)
        shutil.rmtree(old, ignore_errors=True)
        self.save_progress(progress)

    def _checkpoint(self) -> Path | None:
        """The newest whole checkpoint; between two renames of `save_checkpoint` that is the old one."""
        for name in ("checkpoint", "checkpoint.old"):
            if (self.path / name / "learner.pt").exists():
                return self.path / name
        return None

    def load_learner_state(self) -> dict[str, Any] | None:
        """The learner's state in the last checkpoint, with the finished iterations; None without a checkpoint."""
        folder = self._checkpoint()
        return None if folder is None else torch.load(folder / "learner.pt", weights_only=True)

    def latest_policy(self) -> Path | None:
        """The folder of the newest saved policy; None before the warm start has ended."""
        folder = self._checkpoint() or self.path / "sft"
        return folder if folder.exists() else None

    def write_results(self, results: dict[str, Any]) -> None:
        self._write_json("results.json", results)

    def _write_json(self, name: str, data: Any) -> None:
        self._write_text(name, json.dumps(data, indent=2) + "\n")

    def _write_text(self, name: str, text: str) -> None:
        temporary = self.path / (name + ".tmp")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, self.path / name)
