"""Sessions: a worker for each, its answers checked, its end survived."""

from __future__ import annotations

import contextlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from threading import RLock
from typing import Any, Self, TypeVar

from textgym.sandbox.frames import FrameError
from textgym.sandbox.launch import Zygote
from textgym.sandbox.layers import SandboxError
from textgym.sandbox.limits import Limits
from textgym.sandbox.result import Result, Status
from textgym.sandbox.text import safe

T = TypeVar("T")

_READY_S = 60.0
_LEAST_WAIT_S = 0.05
_STATUSES = {"ok", "error", "refused", "timeout"}


class WorkerLost(Exception):
    """The worker is dead, or must not be trusted any more; the message says why."""


class Worker:
    """One session's process, as the trainer sees it. `kill` may come from any thread, the rest from one at a time."""

    def __init__(self, zygote: Zygote, limits: Limits) -> None:
        """Raises OSError where the zygote is dead, SandboxError where there can be no connection."""
        self._zygote, self._limits = zygote, limits
        self._number, self._channel = zygote.spawn()
        self._clock = self._claimed = 0.0
        self._killed = False

    def wait_until_ready(self) -> bool:
        """Wait for its first frame; False if it died before.

        Raises:
            SandboxError: it could not confine itself.
        """
        try:
            first = self._channel.receive(_READY_S)
        except FrameError:
            return False
        if first is None:
            self._zygote.end()  # it is stuck
            return False
        if first.get("ready") is not True:
            raise SandboxError(f"a worker could not confine itself: {str(first.get('failed'))[:500]}")
        self._clock = _seconds(first.get("clock"), 60.0)
        return self._channel.idle()  # or it said so, and died since

    def run(self, source: str, seed: int) -> Result:
        """Run `source` and check the answer.

        Raises:
            WorkerLost: there is no answer to be trusted.
        """
        question = os.urandom(8).hex()
        if not self._channel.idle():
            raise WorkerLost("its process died, or spoke unasked")
        started = time.monotonic()
        try:
            self._channel.put({"id": question, "source": source, "seed": seed})
            self._await(self._channel.send, started)  # one that does not read it can be busy all the same
            reply = self._await(self._channel.receive, started)
        except FrameError as error:
            raise WorkerLost(str(error)) from error
        result = read_reply(reply, question, self._limits)
        self._count(reply.get("clock"), time.monotonic() - started)
        return result

    def _count(self, told: object, elapsed: float) -> None:
        """Set the clock by the worker's own word, as the kernel's costs a call.

        What it claims too much it may use beyond the limit later: `grace_s` at most, then the kernel is asked.
        """
        clock = _seconds(told, self._clock + min(elapsed, self._limits.cpu_s + self._limits.grace_s))
        self._claimed += max(0.0, clock - self._clock)
        self._clock = clock
        if self._claimed > self._limits.grace_s:
            known = self._zygote.cpu_s(self._number)
            if known < float("inf"):
                self._clock, self._claimed = known, 0.0

    def _await(self, attempt: Callable[[float], T | None], started: float) -> T:
        """What `attempt` gives, or WorkerLost once the CPU time is used up, or the wall time, which is the longer."""
        limits, budget = self._limits, self._limits.cpu_s + self._limits.grace_s
        patience = min(budget, max(limits.wall_s - (time.monotonic() - started), _LEAST_WAIT_S))
        while (done := attempt(patience)) is None:
            wall = limits.wall_s - (time.monotonic() - started)
            used = self._zygote.cpu_s(self._number)
            if used == float("inf"):
                raise WorkerLost("its process is gone, or nobody can tell what it does")
            left = budget - (used - self._clock)
            if left <= 0:
                raise WorkerLost(f"it used {budget:g} s of CPU time and could not be stopped otherwise")
            if wall <= 0:
                raise WorkerLost(f"it did not answer within {limits.wall_s:g} s")
            patience = min(max(left, _LEAST_WAIT_S), max(wall, _LEAST_WAIT_S))
        return done

    def kill(self) -> None:
        """Have the process killed; who waits for its answer sees its end. Again is no error."""
        if not self._killed:
            self._killed = True
            self._zygote.kill(self._number)

    def close(self) -> None:
        """Kill it and close the connection."""
        self.kill()
        self._channel.close()

    def forget(self) -> None:
        """Close the connection alone: in a fork of the trainer."""
        self._channel.close()


def _seconds(value: object, most: float) -> float:
    """A time that a worker tells: `most` if that is no number from 0 to it."""
    return value if isinstance(value, float) and 0 <= value <= most else most


def read_reply(reply: dict[str, Any], question: str, limits: Limits) -> Result:
    """The result that a frame holds, its types checked, its texts cut and made safe.

    Raises:
        WorkerLost: it is the answer to another question, or none.
    """
    if reply.get("id") != question:
        raise WorkerLost("it answered what was not asked")
    stdout, status = reply.get("stdout"), reply.get("status")
    value, error = reply.get("value"), reply.get("error")
    texts = all(isinstance(text, (str, type(None))) for text in (value, error))
    if not isinstance(stdout, str) or not texts or not isinstance(status, str) or status not in _STATUSES:
        raise WorkerLost("its answer is none")
    return Result(
        Status(status),
        safe(stdout[: limits.stdout_chars]),
        None if value is None else safe(value[: limits.value_chars]),
        None if error is None else safe(error[: limits.error_chars]),
        _seconds(reply.get("cpu"), limits.wall_s),
        bool(reply.get("truncated")),
    )


class BaseSession(ABC):
    """What the sessions of all backends share: runs one after another, and what becomes of a session that is lost.

    A backend says how a source is answered, and how a session ends.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pid = os.getpid()
        self._closed = self._lost = False
        self._lock = RLock()  # `close` may come in a signal handler, while this very thread runs something

    def run(self, source: str) -> Result:
        """Run `source`. Whatever it does, the answer is a `Result`.

        Raises:
            ValueError: the session is closed.
            SandboxError: no worker can be had, or this is a fork of the process that made the session.
        """
        if os.getpid() != self._pid:
            raise SandboxError(f"this session belongs to process {self._pid}; open one in this process")
        with self._lock:
            if self._closed:
                raise ValueError("this session is closed; open another with session() of its sandbox")
            if (refusal := refuse(source, self._limits)) is not None:
                return Result(Status.REFUSED, error=refusal)
            restarted = self._lost
            try:
                result = self._answer(source)
            except BaseException:  # Ctrl-C, say: nobody waits for the answer any more
                self._lost = True
                self._drop()
                raise
            self._lost = result.status is Status.LOST
            if self._lost:
                self._drop()
            return replace(result, restarted=True) if restarted else result

    @abstractmethod
    def _answer(self, source: str) -> Result:
        """The result of `source`, in a new worker if there is none. Raises SandboxError: none can be had."""

    @abstractmethod
    def _drop(self) -> None:
        """End the worker, if there is one."""

    @abstractmethod
    def close(self) -> None:
        """End the session. Again is no error."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # at the interpreter's end, anything may be gone
            self.close()


class Session(BaseSession):
    """Python that keeps its state from one `run` to the next, in a process of its own. Made by `Sandbox.session`.

    Runs come one after another, whatever threads they come from; `close` may come at any time and ends a run at once.
    """

    def __init__(self, take: Callable[[], Worker], drop: Callable[[Worker], None], limits: Limits, seed: int) -> None:
        super().__init__(limits)
        self._take, self._seed = take, seed
        self._end_worker = drop
        self._worker: Worker | None = take()

    def _answer(self, source: str) -> Result:
        if self._worker is None:
            self._worker = self._take()
        if self._closed:  # meanwhile
            return Result(Status.LOST, error=lost_text("it was closed"))
        try:
            return self._worker.run(source, self._seed)
        except WorkerLost as lost:
            return Result(Status.LOST, error=lost_text(str(lost)))

    def _drop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            self._end_worker(worker)

    def close(self) -> None:
        """End the process. A run that is under way in another thread comes back as lost. Again is no error."""
        self._closed = True
        worker = self._worker
        if os.getpid() != self._pid:
            if worker is not None:
                worker.forget()
            return
        if worker is not None:
            worker.kill()
        with self._lock:
            self._drop()


def lost_text(why: str) -> str:
    """What the result of a lost session says."""
    return f"the session was lost: {why}. What it held is gone; the next call starts from nothing"


def refuse(source: str, limits: Limits) -> str | None:
    """Why a source is not even sent; None if it is."""
    if len(source) <= limits.source_bytes // 4 and source.isascii():
        return None
    try:
        size = len(source.encode())
    except UnicodeEncodeError:
        return "the source holds half of a surrogate pair, which is no character"
    if size > limits.source_bytes:
        return f"the source is {size} bytes long; at most {limits.source_bytes} are taken"
    return None
