"""Threads for tools that may block: one a slot, started by its first such call."""

from __future__ import annotations

import time
import traceback
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from queue import SimpleQueue
from threading import Thread, current_thread
from typing import Generic, TypeVar

T = TypeVar("T")
_Queue = SimpleQueue[Callable[[], bool | None] | None]


class Job(ABC, Generic[T]):
    """A piece of work whose result comes from the thread that does it, or, when that is late, from who waits for it.

    Args:
        limit: seconds that the work may take; None for no limit.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.future: Future[T] = Future()
        self.limit = limit
        self._started: float | None = None

    @abstractmethod
    def work(self) -> T:
        """Called in the thread."""

    @abstractmethod
    def late(self) -> T:
        """The result once the limit has passed."""

    @abstractmethod
    def give_up(self) -> None:
        """Called when the work's own result is not wanted: once the limit has passed, and again when it comes."""

    def run(self) -> bool:
        """Do the work, in the thread; False if nobody waits for it any more."""
        if self.future.done():
            return False
        self._started = time.monotonic()
        try:
            result = self.work()
        except BaseException as error:  # a tool may raise KeyboardInterrupt, which belongs to who waits
            return self._settle(error=error)
        late = self.patience() <= 0  # the same verdict whether somebody was watching the clock or not
        wanted = self._settle(self.late() if late else result)
        if late or not wanted:
            self.give_up()
        return wanted

    def patience(self) -> float:
        """Seconds that the work may still take: infinite without a limit, all of the limit before it begins."""
        if self.limit is None:
            return float("inf")
        return self.limit if self._started is None else self._started + self.limit - time.monotonic()

    def expire(self) -> bool:
        """Settle for the late result if the limit has passed; whether that was so."""
        if self.patience() > 0 or not self._settle(self.late()):
            return False
        self.give_up()
        return True

    def cancel(self) -> bool:
        """Give the work up, whether it has begun or not; False if it was done."""
        return self._settle(error=RuntimeError("this job was cancelled"))

    def _settle(self, result: T | None = None, error: BaseException | None = None) -> bool:
        """Set the result or the error, unless there is one already: of two threads, exactly one comes first."""
        try:
            if error is not None:
                self.future.set_exception(error)
            else:
                self.future.set_result(result)  # type: ignore[arg-type]
        except InvalidStateError:
            return False
        return True


class Worker:
    """A daemon thread that does jobs in order, until one returns False, or it is stopped or forgotten.

    A daemon, so that a tool that never returns cannot keep the process from ending.
    """

    def __init__(self) -> None:
        self._queue: _Queue = SimpleQueue()
        self._thread = Thread(target=_work, args=(self._queue,), name="textgym-tool", daemon=True)
        self._thread.start()
        self._stop = weakref.finalize(self, self._queue.put, None)

    def submit(self, job: Callable[[], bool | None]) -> None:
        """Do `job` after all that came before."""
        self._queue.put(job)

    def stop(self) -> None:
        """Let the thread end once it has done what it has; does not wait for it."""
        self._stop()

    def join(self, timeout: float) -> None:
        """Wait for the end of the thread, but not longer than `timeout` seconds."""
        if self._thread is not current_thread():
            self._thread.join(timeout)


def _work(queue: _Queue) -> None:
    while (job := queue.get()) is not None:
        try:
            if job() is False:
                return
        except Exception:  # no job raises as a rule; one that does must not take with it those behind it
            traceback.print_exc()
        del job  # or an idle thread would keep alive what the job holds
