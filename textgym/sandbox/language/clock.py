"""The time that programs see: it starts at the same moment in every session and passes when it is looked at.

The same program prints the same output every time, and loops that wait for time to pass do end.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

START = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
TICK_S = 0.001
MAX_SLEEP_S = 366 * 86_400.0


class Clock:
    """A clock that starts at `START` and goes on by `TICK_S` seconds with every look, and by what is slept."""

    __slots__ = ("_slept", "_ticks")

    def __init__(self) -> None:
        self._ticks = 0
        self._slept = 0.0

    def time(self) -> float:
        """Seconds since 1970."""
        return START.timestamp() + self.perf_counter()

    def perf_counter(self) -> float:
        """Seconds since the session began."""
        self._ticks += 1
        return self._ticks * TICK_S + self._slept

    def perf_counter_ns(self) -> int:
        """Nanoseconds since the session began."""
        return round(self.perf_counter() * 1e9)

    def time_ns(self) -> int:
        """Nanoseconds since 1970."""
        return round(self.time() * 1e9)

    def sleep(self, seconds: float) -> None:
        """Lets `seconds` pass at once."""
        length = float(seconds)
        if not 0 <= length < MAX_SLEEP_S:
            raise ValueError("sleep length must be a number of seconds from 0 to a year")
        self._slept += length

    def reader(self, kind: Any, name: str) -> Callable[..., Any]:
        """`kind.now`, `kind.today` or `kind.utcnow` of a class of datetime, on this clock."""

        def now(tz: datetime.tzinfo | None = None) -> Any:
            return kind.fromtimestamp(self.time(), datetime.UTC if tz is None else tz).replace(tzinfo=tz)

        def today() -> Any:
            moment = datetime.datetime.fromtimestamp(self.time(), datetime.UTC)
            return now() if issubclass(kind, datetime.datetime) else kind(moment.year, moment.month, moment.day)

        return now if name == "now" else today
