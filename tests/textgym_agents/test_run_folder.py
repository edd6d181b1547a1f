"""The run folder: a crash at any point leaves something to go on from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from support.policies import random_trajectories, same, small_policy, weights

from textgym_agents import PPO, Learner, LearnerConfig, ValueHeadPolicy, run_folder
from textgym_agents.config import TrainConfig
from textgym_agents.plots import read_metrics
from textgym_agents.retries import Retries
from textgym_agents.run_folder import Progress, RunFolder


def started(path: Path) -> RunFolder:
    return RunFolder.create(path, "TextCalc-v0", TrainConfig(seed=7))


def make_learner() -> tuple[ValueHeadPolicy, Learner]:
    policy = small_policy()
    return policy, Learner(policy, PPO(), LearnerConfig(), generator=torch.Generator().manual_seed(0))


def test_open_reads_what_create_wrote(tmp_path: Path) -> None:
    created = started(tmp_path / "deep" / "run")
    run, config, progress = RunFolder.open(created.path)
    assert (run.path, config, progress) == (created.path, TrainConfig(seed=7), Progress("TextCalc-v0"))
    progress.stage, progress.iteration = "ppo", 3
    progress.evaluations["sft"] = {"success": 0.5}
    run.save_progress(progress)
    assert RunFolder.open(created.path)[2] == progress
    assert run.latest_policy() is None
    assert run.load_learner_state() is None


def test_only_free_folders(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    started(empty)
    with pytest.raises(FileExistsError, match="holds a run already; use --resume"):
        started(empty)
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(FileExistsError, match="not an empty folder"):
            started(path)


@pytest.mark.parametrize("file", ["config.json", "progress.json"])
def test_folders_of_something_else(tmp_path: Path, file: str) -> None:
    run = started(tmp_path / "run")
    data = json.loads((run.path / file).read_text())
    (run.path / file).write_text(json.dumps({**data, "new_field": 1}))
    with pytest.raises(ValueError, match=r"another version of textgym \(.*new_field"):
        RunFolder.open(run.path)
    (run.path / file).unlink()
    with pytest.raises(FileNotFoundError, match=f"is not a run folder: it has no {file}"):
        RunFolder.open(run.path)


def test_metrics_beyond_the_checkpoint_are_dropped(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.drop_metrics_after(0)
    rows: list[dict[str, Any]] = [{"stage": "eval", "name": "start"}, {"stage": "sft", "step": 10}]
    rows += [{"stage": "ppo", "iteration": i} for i in (1, 2, 3)]
    for row in rows:
        run.log(row)
    run.drop_metrics_after(2)
    found = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert found == rows[:4]


def test_what_is_repeated_replaces_its_rows(tmp_path: Path) -> None:
    run = started(tmp_path)
    for row in ({"name": "start", "success": 0}, {"name": "sft", "success": 1}, {"name": "sft", "success": 2}):
        run.log({"stage": "eval", **row})
        run.log({"stage": "sft", "step": 10})
    run.drop_sft_metrics_after(0)
    found = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert [(r["name"], r["success"]) for r in found] == [("start", 0), ("sft", 2)]


def test_sft_metrics_beyond_the_saved_step_are_dropped(tmp_path: Path) -> None:
    run = started(tmp_path)
    for step in (10, 20, 30):
        run.log({"stage": "sft", "step": step})
    run.drop_sft_metrics_after(25)
    assert [r["step"] for r in read_metrics(tmp_path / "metrics.jsonl")] == [10, 20]


@pytest.mark.parametrize("torn", ["", '{"stage": "pp', '{"stage": "ppo", "iteration": 2}'])
def test_a_torn_last_line_is_no_obstacle(tmp_path: Path, torn: str) -> None:
    """What a crash leaves of a row, or of its line's end, must not be grown into one line with the next row."""
    run = started(tmp_path)
    run.log({"stage": "ppo", "iteration": 1})
    path = tmp_path / "metrics.jsonl"
    path.write_text(path.read_text() + torn)
    whole = read_metrics(path)
    run.drop_metrics_after(2)
    run.log({"stage": "ppo", "iteration": 3})
    assert read_metrics(path) == [*whole, {"stage": "ppo", "iteration": 3}]
    assert path.read_text().count("\n") == len(whole) + 1
    path.write_text("{\n" + path.read_text())
    with pytest.raises(ValueError, match="Expecting"):
        run.drop_metrics_after(2)


def test_the_newest_policy_is_the_one_to_go_on_with(tmp_path: Path) -> None:
    run = started(tmp_path)
    policy, learner = make_learner()
    policy.save(tmp_path / "sft")
    assert run.latest_policy() == tmp_path / "sft"
    learner.step(random_trajectories(4))
    run.save_checkpoint(policy, None, learner, Retries(0.0), Progress("TextCalc-v0", "ppo", 1))
    assert run.latest_policy() == tmp_path / "checkpoint"
    state = run.load_learner_state()
    assert state is not None
    assert (state["iteration"], state["steps"]) == (1, 1)
    assert RunFolder.open(tmp_path)[2].iteration == 1
    assert same(weights(policy), weights(ValueHeadPolicy.load(tmp_path / "checkpoint")))


@pytest.mark.parametrize("renames", [0, 1, 2])
def test_a_crash_in_save_checkpoint_leaves_a_whole_one(
    tmp_path: Path, renames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after so many renames of folders; what is then read is the old or the new one, whole."""
    run = started(tmp_path)
    policy, learner = make_learner()
    run.save_checkpoint(policy, None, learner, Retries(0.0), Progress("TextCalc-v0", "ppo", 1))
    old = weights(policy)
    learner.step(random_trajectories(4))
    done = 0
    rename = Path.rename

    def dying_rename(self: Path, target: Path) -> Path:
        nonlocal done
        if self.parent != tmp_path or self.name.startswith("."):  # of `save_policy`
            return rename(self, target)
        if done == renames:
            raise SystemExit("killed")
        done += 1
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", dying_rename)
    if renames == 2:
        monkeypatch.setattr(run_folder.shutil, "rmtree", killed_by_removing_the_old(tmp_path))
    with pytest.raises(SystemExit):
        run.save_checkpoint(policy, None, learner, Retries(0.0), Progress("TextCalc-v0", "ppo", 2))
    monkeypatch.undo()

    folder, state = run.latest_policy(), run.load_learner_state()
    assert folder is not None
    assert state is not None
    found = weights(ValueHeadPolicy.load(folder))
    assert state["iteration"] == (2 if renames == 2 else 1)
    assert same(found, weights(policy) if renames == 2 else old)
    run.save_checkpoint(policy, None, learner, Retries(0.0), Progress("TextCalc-v0", "ppo", 2))
    assert same(weights(policy), weights(ValueHeadPolicy.load(tmp_path / "checkpoint")))
    assert sorted(p.name for p in tmp_path.glob("checkpoint*")) == ["checkpoint"]


def killed_by_removing_the_old(path: Path) -> Any:
    rmtree = shutil.rmtree

    def dying_rmtree(folder: Any, *args: Any, **kwargs: Any) -> None:
        if Path(folder) == path / "checkpoint.old" and Path(folder).exists():
            raise SystemExit("killed")
        rmtree(folder, *args, **kwargs)

    return dying_rmtree
