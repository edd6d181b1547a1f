"""What a results file says of the machine and the versions that produced it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

PACKAGES = ("textgym", "gymnasium", "numpy", "torch", "transformers", "peft")


def command() -> str:
    """How this benchmark was called, without where it keeps the peers: a folder of one machine, of no effect."""
    arguments, shown = iter(sys.argv[1:]), [f"benchmarks/{Path(sys.argv[0]).name}"]
    for argument in arguments:
        if argument == "--cache":
            next(arguments, None)
        elif not argument.startswith("--cache="):
            shown.append(argument)
    return " ".join(["python", *shown])


def describe() -> dict[str, Any]:
    """Commit, Python, package versions, processor kind and number of cores."""
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=False, cwd=Path(__file__).parent).stdout.strip()
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "commit": commit,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
    }
