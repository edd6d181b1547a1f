"""The main job by its command: what it writes, what it refuses, and that a run cut anywhere ends as the uncut one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support.policies import small_policy
from support.toys import TOOLS, ToyTasks, byte_level_bpe
from transformers import LlamaConfig, LlamaForCausalLM

from textgym import Task, read_jsonl, register
from textgym.cli import main
from textgym_agents import PPOConfig, SFTConfig
from textgym_agents.config import PRESETS, EnvConfig, TrainConfig
from textgym_agents.run_folder import Progress, RunFolder
from textgym_agents.training import TrainingRun, derive_seed

# Untrained policies earn nothing: entropy, weight decay and the KL to the reference are what moves the weights.
OPTIONS = {
    "episodes": 8,
    "num-envs": 6,
    "eval-episodes": 8,
    "iterations": 2,
    "env.difficulty": 1,
    "env.families": "difference",
    "env.system-prompt": "",
    "env.max-tokens": 200,
    "env.max-new-tokens": 48,
    "env.max-turns": 3,
    "env.max-tool-tokens": 16,
    "sft.steps": 4,
    "sft.batch-size": 4,
    "sft.micro-batch-size": 4,
    "sft.demonstrations": 24,
    "sft.lr": 0.003,
    "ppo.kl-coef": 0.1,
    "ppo.kl-target": 0.001,
    "ppo.kl-horizon": 20,
    "ppo.entropy-coef": 0.1,
    "learner.lr": 0.001,
    "learner.minibatches": 2,
    "learner.weight-decay": 0.1,
}
TINY = ["TextCalc-v0", *(f"--{name}={value}" for name, value in OPTIONS.items())]
NO_STOP = ["--sft.stop-at", "None"]


def train(*arguments: str | Path) -> int:
    return main(["train", *map(str, arguments)])


def rows(run: Path, stage: str | None = None) -> list[dict[str, Any]]:
    """The metrics without what the clock writes."""
    found = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {k: v for k, v in row.items() if "second" not in k} for row in found if stage is None or row["stage"] == stage
    ]


def assert_same_state(a: Any, b: Any) -> None:
    """Equality of nested state, bitwise for tensors."""
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same_state(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same_state(x, y)
    else:
        assert a == b


def assert_same_run(a: Path, b: Path) -> None:
    """Bitwise the same policy, value head, reference, learner, results and metrics; SFT rows aside, see below."""
    for folder in ("sft", "checkpoint"):
        files = sorted(p.relative_to(a / folder) for p in (a / folder).rglob("*.safetensors"))
        assert files == sorted(p.relative_to(b / folder) for p in (b / folder).rglob("*.safetensors"))
        assert len(files) >= 2
        for file in files:
            assert_same_state(load_file(a / folder / file), load_file(b / folder / file))
    assert_same_state(*(torch.load(run / "checkpoint" / "learner.pt", weights_only=True) for run in (a, b)))
    # The mean SFT loss between two reports starts anew after a resume, so those rows may differ.
    assert [r for r in rows(a) if r["stage"] != "sft"] == [r for r in rows(b) if r["stage"] != "sft"]
    results = [json.loads((run / "results.json").read_text()) for run in (a, b)]
    assert results[0]["evaluations"] == results[1]["evaluations"]
    assert (a / "transcripts.jsonl").read_text() == (b / "transcripts.jsonl").read_text()


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random Llama with a tokenizer of its own, as a user's model folder."""
    folder = tmp_path_factory.mktemp("model") / "random-llama"
    tokenizer = byte_level_bpe()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = LlamaForCausalLM(
            LlamaConfig(
                vocab_size=tokenizer.vocab_size, hidden_size=32, intermediate_size=48, num_hidden_layers=2,
                num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=256, tie_word_embeddings=True,
            )
        )  # fmt: skip
    model.save_pretrained(folder)
    tokenizer.hf.save_pretrained(folder)
    return folder


# -- the whole job ------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_run_writes_all_that_is_promised(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "runs" / "one"
    assert train(*TINY, "--sft.stop-at", "0.9", "--sft.eval-every", "2", "--out", run) == 0
    output = capsys.readouterr()
    assert "before" in output.out
    assert "after SFT" in output.out
    assert "after PPO" in output.out
    assert "reward" in output.err, "progress bars"

    config = json.loads((run / "config.json").read_text())
    assert config.pop("env_id") == "TextCalc-v0"
    assert TrainConfig.from_dict(config).iterations == 2
    assert [r["name"] for r in rows(run, "eval")] == ["start", "sft", "ppo"]
    assert [r["step"] for r in rows(run, "sft")] == [1, 2, 3, 4]
    ppo = rows(run, "ppo")
    assert [(r["iteration"], r["episodes"]) for r in ppo] == [(1, 8), (2, 16)]
    evals = [(r["name"], r["ppo_episodes"]) for r in rows(run, "eval")]
    assert evals == [("start", 0), ("sft", 0), ("ppo", 16)], "where the learning curve shows them"
    assert ppo[0]["kl"] == 0.0, "at first the policy is the reference"
    assert ppo[1]["kl"] != 0.0
    assert ppo[0]["ratio_max"] > 1.0
    assert all(r["sampler_gap_max"] < 1e-3 for r in ppo)
    results = json.loads((run / "results.json").read_text())
    assert results["evaluations"].keys() == {"start", "sft", "ppo"}
    assert results["seconds"].keys() == {"evaluation", "sft", "ppo"}
    transcripts = read_jsonl(run / "transcripts.jsonl")
    assert len(transcripts) == 8
    assert "\x1b[1;32m" in (run / "transcripts.ansi").read_text(), "coloured"
    assert (run / "curves.png").stat().st_size > 10_000
    assert not (run / "sft_trainer").exists()
    assert not list(run.glob("*.tmp"))

    before = {p: p.read_bytes() for p in run.rglob("*") if p.is_file() and p.suffix != ".png"}
    assert train("--resume", run) == 0, "a finished run only shows its results again"
    assert all(p.read_bytes() == data for p, data in before.items())
    capsys.readouterr()
    assert main(["eval", "TextCalc-v0", "--policy", str(run), "--episodes", "8", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary == results["evaluations"]["ppo"], "the checkpoint is the policy that was evaluated"
    for actor, success in (("oracle", "100.0%"), ("random", "0.0%")):
        assert main(["eval", "TextCalc-v0", "--policy", actor, "--episodes", "8"]) == 0
        assert f"{actor} on TextCalc-v0 (test): {success} of 8 tasks" in capsys.readouterr().out
    assert main(["eval", "TextCalc-v0", "--policy", "oracle", "--split", "tset"]) == 1


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "textgym.cli", "train", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def interrupt_at(process: subprocess.Popen[str], run: Path, stage: str) -> str:
    """Ctrl-C as soon as the metrics have a row of `stage`; what the process printed."""
    deadline = time.monotonic() + 300
    while not ((run / "metrics.jsonl").exists() and rows(run, stage)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 130, (out, err)
    assert "Traceback" not in err
    return out


@pytest.mark.slow
def test_ctrl_c_in_sft_and_in_ppo_ends_as_the_uncut_run(tmp_path: Path) -> None:
    """Each part runs in a process of its own: the resumed SFT and PPO start from nothing but the folder."""
    arguments = [*TINY, *NO_STOP, "--sft.steps", "120", "--iterations", "6", "--checkpoint-every", "4"]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    out = interrupt_at(start(*arguments, "--out", cut), cut, "sft")
    assert f"textgym train --resume {cut}" in out
    assert len(list((cut / "sft_trainer").glob("checkpoint-*"))) == 1
    assert not (cut / "sft").exists()

    out = interrupt_at(start("--resume", cut), cut, "ppo")
    assert f"textgym train --resume {cut}" in out
    assert 1 <= len(rows(cut, "ppo")) < 6
    assert not (cut / "results.json").exists()

    assert train("--resume", cut) == 0
    assert train(*arguments, "--out", whole) == 0
    assert_same_run(whole, cut)
    assert [r["step"] for r in rows(cut, "sft")] == [*range(10, 121, 10)]


@pytest.mark.slow
def test_two_and_two_iterations_equal_four_with_lora(
    tmp_path: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    arguments = [*TINY, "--model", model_folder, "--iterations", "4", "--lora.rank", "4"]
    assert train(*arguments, "--out", whole) == 0
    log = RunFolder.log

    def log_and_interrupt(self: RunFolder, row: dict[str, Any]) -> None:
        log(self, row)
        if row.get("iteration") == 2:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(RunFolder, "log", log_and_interrupt)
    assert train(*arguments, "--out", cut) == 130
    monkeypatch.undo()
    assert [r["iteration"] for r in rows(cut, "ppo")] == [1, 2]
    process = start("--resume", cut)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, (out, err)
    assert_same_run(whole, cut)
    adapter = load_file(whole / "checkpoint" / "adapter" / "adapter_model.safetensors")
    assert any(w.any() for name, w in adapter.items() if "lora_B" in name), "the adapter has learned something"
    sft, base = (load_file(whole / part / "base" / "model.safetensors") for part in ("sft", "checkpoint"))
    assert_same_state(sft, base)  # PPO leaves the base, its reference, as SFT left it
    original = load_file(model_folder / "model.safetensors")
    assert any(not torch.equal(original[name], base[name]) for name in base), "which is not the original"

    # PPO alone goes on from there: what the adapter has learned becomes part of the base, the new reference.
    plain = [argument for argument in TINY if not argument.startswith("--sft")]
    more = ["--preset", "demo", "--model", whole / "checkpoint", "--no-sft", "--iterations", "1"]
    assert train(*plain, *more, "--out", tmp_path / "more") == 0
    assert rows(tmp_path / "more", "ppo")[0]["kl"] == 0.0
    merged = load_file(tmp_path / "more" / "sft" / "base" / "model.safetensors")
    assert any(not torch.equal(merged[name], base[name]) for name in base)


@pytest.mark.slow
def test_a_second_ctrl_c_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may fall between two minibatches, after which neither half of the step can be resumed."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    arguments = [*TINY, *NO_STOP, "--sft.steps", "1", "--iterations", "3", "--checkpoint-every", "1"]
    assert train(*arguments, "--out", whole) == 0
    steps = 0
    step = torch.optim.AdamW.step

    def interrupting_step(self: Any, *args: Any, **kwargs: Any) -> Any:
        nonlocal steps
        result = step(self, *args, **kwargs)
        steps += 1
        if steps == 1 + 2 + 1:  # SFT, the first iteration, and one minibatch of the second
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        return result

    monkeypatch.setattr(torch.optim.AdamW, "step", interrupting_step)
    assert train(*arguments, "--out", cut) == 130
    monkeypatch.undo()
    assert steps == 4
    assert train("--resume", cut) == 0
    assert_same_run(whole, cut)


@pytest.mark.slow
def test_a_crash_right_after_sft_repeats_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between saving the policy and saving how far the run is: the saved policy must not be trained twice."""
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    arguments = [*TINY, *NO_STOP, "--iterations", "1"]
    assert train(*arguments, "--out", whole) == 0
    save_progress = RunFolder.save_progress

    def dying_save(self: RunFolder, progress: Any) -> None:
        if progress.stage == "ppo":
            raise SystemExit("killed")
        save_progress(self, progress)

    monkeypatch.setattr(RunFolder, "save_progress", dying_save)
    with pytest.raises(SystemExit):
        train(*arguments, "--out", cut)
    monkeypatch.undo()
    assert (cut / "sft").exists()
    assert train("--resume", cut) == 0
    assert_same_run(whole, cut)
    assert rows(whole, "sft") == rows(cut, "sft")


@pytest.mark.slow
def test_an_sft_that_is_cut_twice_writes_each_row_once_and_counts_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C saves a state; a crash after the resumption goes back to it, and what was written since comes again."""
    arguments = [*TINY, *NO_STOP, "--sft.steps", "40", "--iterations", "0"]
    log = RunFolder.log

    def cutting_log(self: RunFolder, row: dict[str, Any]) -> None:
        log(self, row)
        if row.get("step") == 8:
            os.kill(os.getpid(), signal.SIGINT)
        if row.get("step") == 24:
            raise SystemExit("killed")

    monkeypatch.setattr(RunFolder, "log", cutting_log)
    assert train(*arguments, "--out", tmp_path / "run") == 130
    first = RunFolder.open(tmp_path / "run")[2].seconds["sft"]
    assert first > 0
    with pytest.raises(SystemExit):
        train("--resume", tmp_path / "run")
    monkeypatch.undo()
    assert [r["step"] for r in rows(tmp_path / "run", "sft")] == [*range(4, 25, 4)]
    assert train("--resume", tmp_path / "run") == 0
    assert [r["step"] for r in rows(tmp_path / "run", "sft")] == [*range(4, 41, 4)]
    assert RunFolder.open(tmp_path / "run")[2].seconds["sft"] > first


# -- what is refused ----------------------------------------------------------------------------------------------

BAD = {
    "unknown id": (["Nope-v0"], r"Nope.*environments are TextCalc-v0"),
    "another kind": (["CartPole-v1"], r"'CartPole-v1' is not a textgym environment; `textgym list`"),
    "protocol": (["--env.protocol", "json"], r"'json'.*hermes.*tags|'json'.*tags.*hermes"),
    "split": (["--eval-split", "tset"], r"unknown split 'tset'.*train, validation, test"),
    "difficulty": (["--env.difficulty", "9"], r"unknown difficulty 9; CalcTasks has 1, 2, 3, 4"),
    "family": (["--env.families", "nope"], r"unknown family 'nope'; CalcTasks has"),
    "model path": (["--model", "./no/such/model"], r"no/such/model does not exist"),
    "model id": (
        ["--model", "no-such-org/no-such-model"],
        r'"no-such-org/no-such-model" is not "tiny".*give the folder',
    ),
    "short context": (["--env.max-tokens", "50"], r"max_tokens is 50; raise max_tokens to at least \d+"),
    "long context": (["--env.max-tokens", "5000"], r"max_length 5000 exceeds the model's 4096 positions"),
    "turns": (["--env.max-turns", "1"], r"the oracle ended with max_turns .*raise the budget"),
    "turn tokens": (["--env.max-new-tokens", "10"], r"the oracle ended with max_new_tokens .*raise the budget"),
    "temperature": (["--ppo.temperature", "0"], r"temperature must be positive"),
    "kl target": (["--ppo.kl-coef", "0"], r"coef, target and horizon must be positive"),
    "kl horizon": (["--ppo.kl-horizon", "7"], r"ppo.kl_horizon \(7\) must be at least episodes \(8\)"),
    "dual clip": (["--ppo.dual-clip", "0.5"], r"dual_clip must be greater than 1"),
    "episodes": (["--episodes", "0"], r"episodes must be at least 1, not 0"),
    "eval episodes": (["--eval-episodes", "0"], r"eval_episodes must be at least 1, not 0"),
    "iterations": (["--iterations", "-1"], r"iterations must be at least 0, not -1"),
    "seed": (["--seed", "-1"], r"seed must be at least 0, not -1"),
    "gamma": (["--ppo.gamma", "1.1"], r"ppo.gamma must be from 0 to 1, not 1.1"),
    "lambda": (["--ppo.lam", "nan"], r"ppo.lam must be from 0 to 1, not nan"),
    "clip": (["--ppo.clip-high", "0"], r"ppo.clip_high must be above 0, not 0.0"),
    "value clip": (["--ppo.value-clip", "-0.2"], r"ppo.value_clip must be above 0, not -0.2"),
    "gradient norm": (["--learner.max-grad-norm", "0"], r"learner.max_grad_norm must be above 0, not 0.0"),
    "beta": (["--learner.adam-beta2", "1"], r"learner.adam_beta2 must be at least 0 and below 1, not 1.0"),
    "sft beta": (["--sft.adam-beta2", "1.5"], r"sft.adam_beta2 must be at least 0 and below 1, not 1.5"),
    "sft steps": (["--sft.steps", "-1"], r"sft.steps must be at least 0, not -1"),
    "slots": (["--num-envs", "0"], r"num_envs must be at least 1, not 0"),
    "checkpoints": (["--checkpoint-every", "0"], r"checkpoint_every must be at least 1, not 0"),
    "minibatches": (["--learner.minibatches", "0"], r"learner.minibatches must be at least 1, not 0"),
    "micro-batch": (["--sft.micro-batch-size", "3"], r"sft.micro_batch_size \(3\) must divide sft.batch_size \(4\)"),
    "learning rate": (["--learner.lr", "-1"], r"learner.lr must be a finite number and not negative"),
    "device": (["--device", "cuda:99"], r"torch cannot use the device 'cuda:99'"),
    "no such device": (["--device", "gpu"], r"torch cannot use the device 'gpu'"),
    "nan": (["--sft.lr", "nan"], r"sft.lr must be a finite number"),
    "weight decay": (
        ["--learner.weight-decay", "-1"],
        r"learner.weight_decay must be a finite number and not negative",
    ),
    "epsilon": (["--learner.adam-eps", "-1"], r"learner.adam_eps must be above 0, not -1.0"),
    "decay": (["--learner.decay-steps", "-5"], r"learner.decay_steps must be a finite number and not negative, not -5"),
    "negatives": (["--ppo.negative-weight", "-1"], r"ppo.negative_weight must be a finite number and not negative"),
    "value loss": (["--ppo.value-coef", "nan"], r"ppo.value_coef must be a finite number and not negative, not nan"),
    "entropy": (["--ppo.entropy-coef", "inf"], r"ppo.entropy_coef must be a finite number, not inf"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_no_folder(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    change, message = BAD[case]
    env, *rest = TINY
    arguments = [*change, *rest] if not change[0].startswith("-") else [env, *rest, *change]
    assert train(*arguments, *([] if "--model" in change else NO_STOP), "--out", "run") == 1
    output = capsys.readouterr()
    assert re.fullmatch(f"textgym: .*(?:{message}).*\n", output.err), output.err
    assert not output.out
    assert not list(tmp_path.iterdir())


def refused(capsys: pytest.CaptureFixture[str], message: str, *arguments: str | Path) -> None:
    assert main([str(a) for a in arguments]) == 1
    error = capsys.readouterr().err
    assert re.fullmatch(f"textgym: .*(?:{message}).*\n", error), error


def test_bad_folders(tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    RunFolder.create(run, "TextCalc-v0", TrainConfig())
    before = sorted(run.iterdir())
    refused(capsys, r"holds a run already; use --resume .*run, or choose another --out", "train", *TINY, "--out", run)
    refused(capsys, r"not an empty folder; choose another --out", "train", *TINY, "--out", tmp_path)
    refused(capsys, r"not an empty folder; choose another --out", "train", *TINY, "--out", run / "config.json")
    refused(capsys, r"is not a run folder: it has no config.json", "train", "--resume", tmp_path)
    refused(capsys, r"is not a run folder: it has no progress.json", "train", "--resume", model_folder)
    refused(capsys, r"usage: textgym train --resume RUN", "train", "--resume")
    refused(capsys, r"usage: textgym train --resume RUN", "train", f"--resume={run}", "--iterations", "3")
    for name in ("checkpoint", "sft"):
        small_policy().save(tmp_path / "done" / name)
    RunFolder(tmp_path / "done").save_progress(Progress("TextCalc-v0"))
    done = tmp_path / "done"
    refused(capsys, r"is the folder of a run; its policy is .*/done/checkpoint", "train", *TINY, "--model", done)
    refused(capsys, r"no config.json \(give .*/done\)", "eval", "TextCalc-v0", "--policy", done / "sft")
    refused(capsys, r"is not a run folder", "eval", "TextCalc-v0", "--policy", tmp_path / "none")
    refused(capsys, r"holds no policy yet; continue it: textgym train", "eval", "TextCalc-v0", "--policy", run)
    assert sorted(run.iterdir()) == before


def test_bad_models(tmp_path: Path, model_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A checkpoint of another vocabulary, a tokenizer without EOS, a folder of something else."""
    out = tmp_path / "run"
    small_policy(positions=256).save(tmp_path / "checkpoint")
    # A checkpoint brings its own adapter or none, so the preset without LoRA.
    arguments = ["train", *TINY, *NO_STOP, "--preset", "demo", "--out", out, "--model"]
    refused(
        capsys,
        r"the policy has 23 output tokens .*the byte tokenizer has \d+; .*env.markup",
        *arguments,
        tmp_path / "checkpoint",
    )
    refused(capsys, r"holds no config.json: it is neither a model nor a policy", *arguments, tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in model_folder.iterdir():
        (broken / file.name).write_bytes(file.read_bytes())
    tokenizer = json.loads((broken / "tokenizer_config.json").read_text())
    tokenizer.pop("eos_token")
    (broken / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    refused(capsys, r"has no end-of-sequence token.*set tokenizer.eos_token", *arguments, broken)
    (broken / "model.safetensors").write_bytes(b"\0" * 100)
    refused(capsys, r"cannot load the model .*broken", *arguments, broken)
    assert not out.exists()


def test_tasks_that_cannot_be_saved_are_refused_before_any_work(tmp_path: Path) -> None:
    class NumpyTasks(ToyTasks):
        def draw(self, rng: Any, split: str) -> Task:
            task = super().draw(rng, split)
            return Task(task.prompt, task.answer, {**task.metadata, "size": np.int64(3)})

    register("Numpy-v0", NumpyTasks, tools=TOOLS)
    config = TrainConfig(sft=None, eval_episodes=2, num_envs=1)
    with pytest.raises(ValueError, match=r"metadata\['size'\] of a task is .*3.*make it int"):
        TrainingRun(RunFolder(tmp_path), "Numpy-v0", config, Progress("Numpy-v0"))


def test_the_context_is_judged_by_the_models_own_tokenizer(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A prompt that is too long in bytes may well fit in the model's tokens."""
    env, *rest = TINY
    arguments = ["train", env, *rest, "--model", model_folder, "--out", tmp_path / "run", "--env.system-prompt"]
    prompt = "The tool says 84, and the answer is 84. " * 5
    # The last check fails on purpose, so that nothing runs.
    refused(capsys, r"the oracle ended with max_turns", *arguments, prompt, "--env.max-turns", "1")
    refused(capsys, r"the prompt has \d+ tokens .*raise max_tokens", *arguments, prompt * 5)


# -- configurations and folders -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PRESETS)
def test_configurations_survive_json(name: str) -> None:
    config = PRESETS[name]()
    config.check()
    assert TrainConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config
    other = replace(
        config,
        sft=None,
        ppo=PPOConfig(kl_target=0.1, dual_clip=3.0),
        env=EnvConfig(difficulty=(1, 2), families=("difference",), markup=("<call>",)),
    )
    other.check()
    assert TrainConfig.from_dict(json.loads(json.dumps(other.to_dict()))) == other
    assert TrainConfig.from_dict(config.to_dict()).sft == (config.sft or SFTConfig())


def test_seeds_are_independent() -> None:
    seeds = {derive_seed(s, stream, i) for s in range(3) for stream in ("model", "envs", "rollout") for i in range(20)}
    assert len(seeds) == 180
    assert derive_seed(0, "envs", 3) == derive_seed(0, "envs", 3)
