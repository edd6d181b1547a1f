"""What a session may use."""

from __future__ import annotations

import operator
from dataclasses import dataclass

_SECONDS = ("cpu_s", "grace_s", "wall_s")


@dataclass(frozen=True)
class Limits:
    """The limits of a session. CPU time counts first, wall time only behind it, so a busy machine changes no result.

    Attributes:
        source_bytes: of one `run`'s source in UTF-8; more is refused.
        stdout_chars: printed in one `run`; the rest is dropped while it is written, and the result is `truncated`.
        value_chars, error_chars: of the value's repr and of the traceback, likewise; a traceback keeps both its ends.
        cpu_s: CPU seconds of one `run`. Then it is stopped, and the session keeps its state.
        grace_s: CPU seconds more until the worker of a run that did not stop is killed, and the state is lost.
        wall_s: seconds until the worker is killed however little CPU time it had: it sleeps, or waits for nothing.
        session_cpu_s: CPU seconds of a worker in its life.
        memory_mb: address space beyond the idle interpreter's own, in MiB; Python sees a MemoryError.

    Raises:
        ValueError: a limit that is not above 0, or above a thousand million.
        TypeError: one of bytes, characters, MiB or of a whole life that is no integer.
    """

    source_bytes: int = 100_000
    stdout_chars: int = 20_000
    value_chars: int = 8_000
    error_chars: int = 4_000
    cpu_s: float = 2.0
    grace_s: float = 0.5
    wall_s: float = 30.0
    session_cpu_s: int = 600
    memory_mb: int = 256

    def __post_init__(self) -> None:
        for name, value in list(vars(self).items()):
            if not 0 < value <= 1e9:
                raise ValueError(f"the sandbox limit {name} must be a number above 0 and at most 1e9, not {value!r}")
            if name in _SECONDS:
                object.__setattr__(self, name, float(value))
                continue
            try:
                object.__setattr__(self, name, operator.index(value))
            except TypeError:
                raise TypeError(f"the sandbox limit {name} must be an integer, not {value!r}") from None

    @property
    def reply_bytes(self) -> int:
        """No honest reply is longer: an escape in JSON takes 6 bytes, a character outside the BMP two of them."""
        return 12 * (self.stdout_chars + self.value_chars + self.error_chars) + 1024
