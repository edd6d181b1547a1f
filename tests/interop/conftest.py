"""Puts `tests/`, `examples/` and `benchmarks/` on the path: pytest's importlib mode adds nothing by itself."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / name) for name in ("tests", "examples", "benchmarks")]

# What these libraries look for at import: no tracker, no notice of experimental features.
os.environ["TRL_EXPERIMENTAL_SILENCE"] = "1"
os.environ["WANDB_MODE"] = "disabled"
