"""Puts `benchmarks/` and `tests/` on the path: the benchmarks are scripts, not a package."""

import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "benchmarks")]
