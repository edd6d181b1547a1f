"""Puts `tests/` on the path, for `from support...`: pytest's importlib mode adds nothing by itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
