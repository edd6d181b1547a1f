"""A tool in one episode: opened by its first call, closed once."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from textgym.tools.base import CallStatus, Tool


class ToolSession:
    """A tool in one episode: its function, or its session, which is opened by the first call.

    Calls come one after another. `close` may come at any time: a call that runs is let come to its end first.
    """

    def __init__(self, tool: Tool, generator: Callable[[], np.random.Generator]) -> None:
        self.tool = tool
        self._generator = generator
        self._opened: Callable[..., str] | None = None
        self._busy = self._closed = False
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=Lock())

    def run(self, arguments: Mapping[str, Any]) -> tuple[CallStatus, str]:
        """Run the tool with checked arguments. Never raises, but for KeyboardInterrupt and ToolUnavailable."""
        with self._lock:
            if self._closed:
                return self.tool.invoke(_closed, {})
            self._busy = True
        try:
            return self.tool.invoke(self._call, arguments)
        finally:
            with self._lock:
                self._busy, closed = False, self._closed
            if closed:
                self._close()

    def _call(self, /, **arguments: Any) -> str:
        if self.tool.function is not None:
            return self.tool.function(**arguments)
        if self._opened is None:
            assert self.tool.session is not None
            self._opened = self.tool.session(self._generator())
        return self._opened(**arguments)

    def close(self) -> None:
        """Close what was opened, now or when the call that runs has come back. A failure is a warning."""
        with self._lock:
            self._closed = True
            if self._busy:
                return
        self._close()

    def _close(self) -> None:
        opened, self._opened = self._opened, None
        close = getattr(opened, "close", None)
        if close is None:
            return
        try:
            close()
        except Exception as error:
            warnings.warn(f"the tool {self.tool.name!r} failed to close its session: {error!r}", stacklevel=2)


def _closed() -> str:
    raise RuntimeError("a call that nobody waits for came to a session that is closed")
