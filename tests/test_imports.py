"""What imports what at run time, and what a wheel holds. (import-linter checks the same arrows in the source.)"""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from textgym.protocols.chat import PRESETS

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"textgym", "textgym_tasks", "textgym_agents"}
HEAVY = {"accelerate", "datasets", "jinja2", "matplotlib", "peft", "torch", "transformers"}


def python(code: str, **kwargs) -> dict:
    """Run `code` in a fresh interpreter where warnings are errors; it prints one line of JSON."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def loaded_after(code: str) -> set[str]:
    """The top-level packages in `sys.modules` after `code` ran in a fresh interpreter."""
    modules = python(f"{code}\nimport json, sys\nprint(json.dumps({{m: 0 for m in sys.modules}}))")
    return {name.partition(".")[0] for name in modules}


def test_import_textgym_loads_no_other_package():
    loaded = loaded_after("import textgym")
    assert "textgym" in loaded
    assert not loaded & (HEAVY | {"textgym_agents", "textgym_tasks", "rich", "tyro"})


def test_import_textgym_registers_by_name_only():
    loaded = loaded_after("import gymnasium, textgym\nassert gymnasium.spec('TextCalc-v0').entry_point")
    assert "textgym_tasks" not in loaded


def test_gym_make_loads_tasks_but_neither_torch_nor_agents():
    loaded = loaded_after("import gymnasium\ngymnasium.make('textgym:TextCalc-v0').reset(seed=0)")
    assert "textgym_tasks" in loaded
    assert not loaded & (HEAVY | {"textgym_agents"})


def test_chat_needs_jinja2_but_not_transformers():
    loaded = loaded_after("import gymnasium\ngymnasium.make('textgym:TextCalc-v0', protocol='chat').reset(seed=0)")
    assert loaded & HEAVY == {"jinja2"}


def test_import_textgym_is_quick():
    """CPU seconds on top of Gymnasium's own import, so that a busy machine does not change the verdict."""
    code = """
import json, time
import gymnasium
start = time.process_time()
import textgym
print(json.dumps({"seconds": time.process_time() - start}))
"""
    assert python(code)["seconds"] < 0.5


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path_factory.mktemp("wheel")), versions=["standard"])
    return Path(path)


def test_wheel_holds_the_three_packages_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert {f"textgym/protocols/templates/{name}.jinja" for name in PRESETS} <= names
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)

    sources = {"textgym": ROOT, "textgym_tasks": ROOT / "tasks", "textgym_agents": ROOT / "agents"}
    for package, parent in sources.items():
        source = {str(path.relative_to(parent)) for path in (parent / package).rglob("*.py")}
        assert {name for name in names if name.startswith(f"{package}/") and name.endswith(".py")} == source


@pytest.mark.slow
def test_installed_wheel_works_without_the_checkout(wheel, tmp_path):
    """`pip install` of the wheel alone: environments are made, commands are found, nothing comes from the checkout."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(tmp_path)]
    subprocess.run([*pip, str(wheel)], check=True)
    code = """
import importlib.metadata, json
import gymnasium, textgym
env = gymnasium.make("TextCalc-v0")
env.reset(seed=0)
import textgym_agents, textgym_tasks
commands = importlib.metadata.distribution("textgym").entry_points.select(group="textgym.commands")
print(json.dumps({
    "files": [textgym.__file__, textgym_agents.__file__, textgym_tasks.__file__],
    "commands": {command.name: callable(command.load()) for command in commands},
}))
"""
    found = python(code, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert all(Path(file).is_relative_to(tmp_path) for file in found["files"])
    assert found["commands"] == {"train": True, "eval": True}
