"""What the tests with other libraries run under."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# pytest's importlib mode adds nothing to the path by itself. verifiers finds its plugins by import.
sys.path[:0] = [str(ROOT / name) for name in ("tests", "examples", "benchmarks", "tests/interop")]

os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"  # environment_factory warns that it may change


def pytest_ignore_collect(config):
    """These libraries take half a minute to import, which a run without the slow tests would spend for nothing."""
    return True if config.getoption("markexpr") == "not slow" else None
