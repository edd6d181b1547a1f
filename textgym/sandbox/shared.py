"""One sandbox for a whole process: the environments of a trainer share its zygote and its spare workers."""

from __future__ import annotations

import os
from threading import Lock

from textgym.sandbox.sandbox import Sandbox

_lock = Lock()
_shared: tuple[int, Sandbox] | None = None


def shared_sandbox() -> Sandbox:
    """The process's sandbox with default arguments, started by the first call and ended with the process.

    A fork gets one of its own.

    Raises:
        SandboxError: as for `Sandbox`.
    """
    global _shared
    with _lock:
        if _shared is None or _shared[0] != os.getpid() or _shared[1].closed:
            _shared = os.getpid(), Sandbox()
        return _shared[1]


def _after_fork() -> None:
    """Another thread of the parent may have held the lock."""
    global _lock
    _lock = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
