"""The flags of `textgym train` and `textgym eval` that change a preset, and errors of a run that has started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from support.policies import small_policy
from support.toys import TOOLS, ToyTasks, byte_level_bpe

from textgym import ByteTokenizer, Task, register
from textgym.cli import main
from textgym_agents import cli
from textgym_agents.cli import EvalArguments
from textgym_agents.config import MARKUP, PRESETS, EnvConfig, TrainConfig, preset
from textgym_agents.run_folder import Progress, RunFolder
from textgym_agents.training import TrainingRun, make_envs, own_tokenizer

register("Toys-v0", ToyTasks, tools=TOOLS, max_turns=4)


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
    for env_id in ("TextPython-v0", "own_environment:Letters-v0"):
        env = parsed(monkeypatch, "--preset", "demo", env_id=env_id).env
        assert env == EnvConfig(markup=MARKUP, bpe=512, system_prompt=""), "nothing of the tasks of another"
        env = parsed(monkeypatch, "--preset", "pretrained", env_id=env_id).env
        assert env == EnvConfig(), "nor a prompt that names another tool"


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["TextPython-v0", "--model", "smollm2"], "pretrained_python"),
        (["--model", "smollm2", "TextPython-v0"], "pretrained_python"),
        (["--seed", "1", "textgym:TextPython-v0"], "python"),
        (["--lora.rank", "2", "--model", "smollm2", "TextCalc-v0"], "pretrained"),
        (["--no-lora", "--preset=demo", "TextPython-v0"], "demo"),
        (["--out", "TextPython-v0", "Letters-v0"], "demo"),
        (["--help"], "demo"),
    ],
)
def test_the_order_of_the_arguments_does_not_matter(arguments: list[str], name: str) -> None:
    found, env_id = cli._preset(arguments)
    assert found == name
    assert env_id in arguments or arguments == ["--help"]


def test_no_arguments_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["train"])
    assert "required" in "".join(capsys.readouterr()).lower()


def test_an_environment_of_ones_own_can_be_trained(tmp_path: Path) -> None:
    """Up to where the run would start: budgets, tokenizer and demonstrations have been tried by then."""
    job = TrainingRun(RunFolder(tmp_path / "run"), "Toys-v0", preset("demo", "Toys-v0"), Progress("Toys-v0"))
    assert job.train_envs.rules.max_turns == 4, "the registered budgets"
    assert isinstance(job.train_envs.rules.source, ToyTasks)


class Marked(ToyTasks):
    """Tasks that cannot be had without a word of the registration, or without its tokenizer and protocol."""

    def __init__(self, mark: str) -> None:
        super().__init__()
        self.mark = mark

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        task = super().draw(rng, split)
        return replace(task, prompt=f"{self.mark * 40} {task.prompt}")


def test_what_an_environment_is_registered_with_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    registered: dict[str, Any] = {"source_kwargs": {"mark": "q"}, "protocol": "hermes", "few_shot": 1}
    register("Marked-v0", Marked, tools=TOOLS, tokenizer=byte_level_bpe(), max_tokens=1500, **registered)
    try:
        rules = make_envs("Marked-v0", TrainConfig(), "train", 2, None).rules
        assert rules.tokenizer.vocab_size == byte_level_bpe().vocab_size
        assert (rules.protocol.name, rules.few_shot) == ("hermes", 1)
        assert own_tokenizer("Marked-v0", preset("demo", "Marked-v0")).tokenize("q" * 16) != ["q"] * 16
        assert main(["eval", "Marked-v0", "--policy", "oracle", "--episodes", "3", "--split", "train"]) == 0
        assert "100.0% of 3 tasks" in capsys.readouterr().out
        config = replace(preset("demo", "Marked-v0"), env=EnvConfig(protocol="tags", few_shot=0, bpe=512))
        job = TrainingRun(RunFolder(tmp_path / "run"), "Marked-v0", config, Progress("Marked-v0"))
        assert (job.train_envs.rules.protocol.name, job.train_envs.rules.few_shot) == ("tags", 0)
    finally:
        del gym.registry["Marked-v0"]


def test_a_checkpoint_is_not_given_a_second_adapter(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    small_policy("lora").save(tmp_path / "run" / "checkpoint")
    config = parsed(monkeypatch, "--model", tmp_path / "run" / "checkpoint")
    assert config.lora is None
    assert config.sft is not None


@pytest.mark.parametrize("env_id", ["TextCalc-v0", "TextPython-v0"])
def test_the_oracle_plays_with_the_registered_budgets(env_id: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", env_id, "--policy", "oracle", "--episodes", "12", "--num-envs", "4"]) == 0
    assert "100.0% of 12 tasks" in capsys.readouterr().out


def test_a_policy_is_evaluated_on_other_tasks_than_it_was_trained_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = TrainConfig(env=EnvConfig(difficulty=(1,), families=("sum",), system_prompt="", max_tokens=100))
    RunFolder.create(tmp_path, "TextCalc-v0", config)
    vocabulary = ByteTokenizer().vocab_size
    small_policy(vocab=vocabulary, positions=700).save(tmp_path / "sft")
    options = ["--policy", str(tmp_path), "--episodes", "2", "--num-envs", "2"]
    more = ["--max-tokens", "600"]
    assert main(["eval", "TextCalc-v0", *options, *more, "--difficulty", "2"]) == 0
    assert main(["eval", "TextCalc-v0", *options, *more, "--split", "test_unseen"]) == 0
    assert capsys.readouterr().out.count("of 2 tasks") == 2
    assert main(["eval", "TextCalc-v0", *options]) == 1
    assert "raise max_tokens to at least" in capsys.readouterr().err
    ask = EvalArguments("TextCalc-v0", str(tmp_path))
    assert cli._asked(ask, config.env, "TextCalc-v0") == config.env
    other = cli._asked(replace(ask, env="TextPython-v0"), config.env, "TextCalc-v0")
    assert other == replace(config.env, difficulty=None, families=None)


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
