"""What a session answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What became of a run."""

    OK = "ok"
    ERROR = "error"
    """The code raised."""
    REFUSED = "refused"
    """The language layer or the compiler does not take the source; nothing ran."""
    TIMEOUT = "timeout"
    """Stopped at `Limits.cpu_s`; what it had done by then is kept."""
    LOST = "lost"
    """The worker crashed or was killed. The next run starts from an empty state, in a new worker."""


@dataclass(frozen=True)
class Result:
    """The answer to one run. All text is the worker's, which may be hostile: data, made safe to print.

    Attributes:
        status: what became of it.
        stdout: what it printed, cut at `Limits.stdout_chars`.
        value: repr of the last expression, None if there is none or it is None.
        error: the traceback, or what else went wrong, in words for the policy; None if nothing did.
        cpu_s: CPU seconds, as the worker counted them.
        truncated: whether text was cut.
        restarted: whether an earlier state of the session had been lost before this run.
    """

    status: Status
    stdout: str = ""
    value: str | None = None
    error: str | None = None
    cpu_s: float = 0.0
    truncated: bool = False
    restarted: bool = False
