"""Threads of tools in tests: those that a test started, whatever a test before it left asleep."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_old: set[threading.Thread] = set()


def forget_threads() -> None:
    """From here on, count only threads that start later."""
    _old.clear()
    _old.update(threading.enumerate())


def tool_threads() -> list[threading.Thread]:
    """Threads of tools that started since `forget_threads`."""
    return [thread for thread in threading.enumerate() if thread.name == "textgym-tool" and thread not in _old]


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition, and fail if it does not come."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.005)
