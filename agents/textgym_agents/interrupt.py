"""Ctrl-C that waits for a safe point."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Interrupt:
    """Within it, the first Ctrl-C (or SIGTERM) only sets a flag, and `check` raises KeyboardInterrupt where it is safe.

    A second Ctrl-C interrupts at once, wherever that is. Outside the main thread signals are left alone.

    Attributes:
        requested: there was a first Ctrl-C.
        at_once: there was a second one, so what it hit may be half done.
    """

    def __init__(self) -> None:
        self.requested = self.at_once = False
        self._previous: dict[int, object] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._request)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._previous.clear()

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            self.at_once = True
            raise KeyboardInterrupt
        self.requested = True

    def check(self) -> None:
        """Raise KeyboardInterrupt if one was asked for."""
        if self.requested:
            raise KeyboardInterrupt
