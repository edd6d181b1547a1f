"""The flags of `textgym train` and `textgym eval` that change a preset, and errors of a run that has started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.policies import small_policy

from textgym.cli import main
from textgym_agents import cli
from textgym_agents.config import PRESETS, TrainConfig


class Started(Exception):
    """Carries the configuration that a run would have had."""


def parsed(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path, env_id: str = "TextCalc-v0") -> TrainConfig:
    def start(run: Any, env_id: str, config: TrainConfig, progress: Any) -> Any:
        raise Started(config)

    monkeypatch.setattr(cli, "TrainingRun", start)
    with pytest.raises(Started) as caught:
        cli.train([env_id, *map(str, arguments)])
    config = caught.value.args[0]
    assert isinstance(config, TrainConfig)
    return config


def test_flags_switch_parts_of_a_preset_off(monkeypatch: pytest.MonkeyPatch) -> None:
    config = parsed(monkeypatch, "--model", "smollm2")
    assert config.lora is not None
    assert config.sft is not None
    assert config.device == "cpu"
    config = parsed(monkeypatch, "--model", "smollm2", "--no-lora", "--no-sft", "--device", "cuda")
    assert config.lora is None
    assert config.sft is None
    assert config.device == "cuda"
    assert parsed(monkeypatch, "--no-lora").lora is None


def test_the_preset_suits_the_model_and_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parsed(monkeypatch) == PRESETS["demo"]()
    assert parsed(monkeypatch, "--model", "smollm2") == PRESETS["pretrained"]()
    assert parsed(monkeypatch, env_id="TextPython-v0") == PRESETS["python"]()
    smollm2 = parsed(monkeypatch, "--model", "smollm2", env_id="TextPython-v0")
    assert smollm2 == PRESETS["pretrained_python"]()
    assert smollm2.env.system_prompt is not None
    assert "<python>code<call>" in smollm2.env.system_prompt
    assert parsed(monkeypatch, "--preset", "demo", env_id="TextPython-v0") == PRESETS["demo"]()


def test_a_checkpoint_is_not_given_a_second_adapter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small_policy("lora").save(tmp_path / "run" / "checkpoint")
    config = parsed(monkeypatch, "--model", tmp_path / "run" / "checkpoint")
    assert config.lora is None
    assert config.sft is not None


def test_eval_takes_a_difficulty(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["eval", "TextCalc-v0", "--policy", "oracle", "--episodes", "4", "--difficulty"]
    assert main([*arguments, "1", "2"]) == 0
    assert "100.0% of 4 tasks" in capsys.readouterr().out
    assert main([*arguments, "9"]) == 1
    assert "unknown difficulty 9" in capsys.readouterr().err


def test_an_error_of_a_started_run_leaves_its_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: Any) -> None:
        raise ValueError("deep inside")

    monkeypatch.setattr(cli.TrainingRun, "train", fail)
    run = tmp_path / "run"
    assert main(["train", "TextCalc-v0", "--no-sft", "--eval-episodes", "2", "--out", str(run)]) == 1
    error = capsys.readouterr().err
    assert f"textgym: ValueError: deep inside; the traceback is in {run / 'error.log'}" in error
    assert "Traceback" not in error
    log = (run / "error.log").read_text()
    assert log.startswith("Traceback")
    assert "in fail" in log
