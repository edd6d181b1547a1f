"""What a results file says of the machine and the versions that produced it."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from typing import Any

PACKAGES = ("textgym", "gymnasium", "numpy", "torch", "transformers", "peft")


def describe() -> dict[str, Any]:
    """Python, package versions, processor kind and number of cores."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
    }
