"""Sandboxes in tests, and what they leave behind."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from textgym.sandbox import Limits, Sandbox

SLOWNESS = float(os.environ.get("TEXTGYM_SLOWNESS", "1"))
"""How many times as much CPU time the tests allow: an emulated machine needs more (`tests/aarch64/run.sh`)."""

QUICK = Limits(cpu_s=0.3 * SLOWNESS, grace_s=0.3 * SLOWNESS, wall_s=20.0 * SLOWNESS)
"""Limits that code which never ends soon reaches."""


def plain_sandbox(**kwargs: Any) -> Sandbox:
    """A sandbox without the language layer: what holds here holds whatever that layer lets through."""
    return Sandbox(_module="textgym.sandbox.plain", **{"limits": QUICK, "spares": 1, **kwargs})


def processes() -> dict[int, tuple[str, int, str]]:
    """Every process that can be seen: its name, its parent and its state (`Z` for a zombie)."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
            except OSError:
                continue
            name, _, rest = stat.partition("(")[2].rpartition(")")
            fields = rest.split()
            found[int(folder.name)] = (name, int(fields[1]), fields[0])
    return found


def descendants(pid: int) -> set[int]:
    """Children of a process, and theirs."""
    every = processes()
    found: set[int] = set()
    while new := {child for child, (_, parent, _) in every.items() if parent in found | {pid}} - found:
        found |= new
    return found


def steady(pid: int, seconds: float = 0.3) -> int:
    """How many descendants a process has, once that number has not changed for some time."""
    count, since = len(descendants(pid)), time.monotonic()
    while time.monotonic() - since < seconds:
        time.sleep(0.01)
        if (now := len(descendants(pid))) != count:
            count, since = now, time.monotonic()
    return count


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))


def gone(pids: set[int], seconds: float = 10.0) -> bool:
    """Whether all of these processes end, within some time. So has a zombie that is not this process's to bury."""
    end = time.monotonic() + seconds
    while True:
        every = processes()
        alive = [pid for pid in pids & every.keys() if every[pid][2] != "Z" or every[pid][1] == os.getpid()]
        if not alive or time.monotonic() > end:
            return not alive
        time.sleep(0.01)
