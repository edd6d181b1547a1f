"""The README's code is the code that runs."""

import importlib.util
import re
from pathlib import Path

import gymnasium as gym
import pytest

ROOT = Path(__file__).parents[1]


def blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)


def test_first_block_runs_as_printed():
    namespace: dict[str, object] = {}
    exec(blocks()[0], namespace)  # the README's own code
    assert isinstance(namespace["envs"], gym.vector.VectorEnv)
    assert namespace["envs"].num_envs == 64


@pytest.mark.parametrize("name", ["own_environment.py", "train_calc.py"])
def test_printed_code_is_the_example_file(name):
    example = (ROOT / "examples" / name).read_text(encoding="utf-8")
    assert example.strip() in [block.strip() for block in blocks()]


@pytest.mark.slow
def test_loop_runs(capsys):
    path = ROOT / "examples" / "train_calc.py"
    spec = importlib.util.spec_from_file_location("train_calc", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(sft_steps=4, iterations=2, episodes=16, held_out=8)
    out = capsys.readouterr().out
    assert out.count("on fresh tasks") == 2
    assert "held out" in out


def test_files_that_the_readme_links_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_sandbox_answers_as_the_comment_says(capsys):
    (block,) = [block for block in blocks() if "from textgym.sandbox" in block]
    exec(block, {})  # the README's own code
    said = block.rpartition("# ")[2].split()
    assert capsys.readouterr().out.split() == said
