"""The tools of one slot at work: what runs at once, what runs in a thread, and what is kept between calls."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from functools import partial
from typing import Any, NamedTuple

from textgym.protocols import CallResult, ParsedCall
from textgym.seeding import Generators, ToolSeeds
from textgym.tools import CallStatus, NotJSON, Tool, ToolSession
from textgym.workers import Job, Worker

_FAREWELL = 1.0
"""Seconds that `Toolbox.close` waits for a thread that has nothing left to do but to close sessions."""


class _Sessions:
    """The sessions of one episode. A call that was left behind keeps hold of this object, never of the next one."""

    def __init__(self, tools: Mapping[str, Tool], seeds: ToolSeeds | None) -> None:
        self._numbers = {name: number for number, name in enumerate(tools)}
        self._counts = dict.fromkeys(tools, 0)
        self._seeds = Generators().next_episode() if seeds is None else seeds
        self._open: dict[str, ToolSession] = {}

    def get(self, tool: Tool) -> ToolSession:
        """The session of `tool`; a new one if it has none, or lost it."""
        if tool.name not in self._open:
            number, count = self._numbers[tool.name], self._counts[tool.name]
            self._open[tool.name] = ToolSession(tool, partial(self._seeds.generator, number, count))
            self._counts[tool.name] += 1
        return self._open[tool.name]

    def drop(self, session: ToolSession) -> None:
        """Close a session before its time."""
        if self._open.get(session.tool.name) is session:
            del self._open[session.tool.name]
        session.close()

    def close(self, worker: Worker | None = None) -> None:
        """Close all sessions, those of blocking tools in the thread that runs them."""
        sessions, self._open = self._open, {}
        for session in sessions.values():
            if worker is not None and session.tool.blocking:
                worker.submit(session.close)
            else:
                session.close()


class _Ready(NamedTuple):
    """A call of a known tool with checked arguments."""

    id: str
    tool: Tool
    arguments: Mapping[str, Any]

    def run(self, sessions: _Sessions) -> CallResult:
        """Never raises, but for KeyboardInterrupt."""
        return CallResult(self.id, *sessions.get(self.tool).run(self.arguments), self.tool.name)


class _Job(Job[CallResult]):
    """A call on its way through a thread."""

    def __init__(self, call: _Ready, sessions: _Sessions, limit: float | None) -> None:
        super().__init__(limit)
        self._call, self._sessions = call, sessions
        self._session: ToolSession | None = None

    def work(self) -> CallResult:
        self._session = self._sessions.get(self._call.tool)
        return CallResult(self._call.id, *self._session.run(self._call.arguments), self._call.tool.name)

    def late(self) -> CallResult:
        tool = self._call.tool
        lost = " and was started anew, what it held is lost" if tool.session is not None else ""
        text = f"error: {tool.name} timed out after {self.limit:g} s{lost}; ask it for less at a time"
        return CallResult(self._call.id, CallStatus.TIMEOUT, text, tool.name)

    def give_up(self) -> None:
        if self._session is not None:
            self._sessions.drop(self._session)


class Toolbox:
    """The tools of one slot, one episode after another.

    Args:
        tools: by name.
        timeout: seconds that a call of a blocking tool without a limit of its own may take; None for no limit.
        threads: whether blocking tools run in a thread even without a limit.

    Attributes:
        running: the calls of the turn that ended last, while some of them are in a thread; else None.
    """

    def __init__(self, tools: Mapping[str, Tool], timeout: float | None = None, threads: bool = False) -> None:
        self._tools, self._timeout, self._threads = tools, timeout, threads
        self._blocking = any(tool.blocking for tool in tools.values())
        self._sessions: _Sessions | None = None
        self._seeds: ToolSeeds | None = None
        self._worker: Worker | None = None
        self.running: RunningCalls | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_worker": None}  # the next blocking call starts one

    def reset(self, seeds: ToolSeeds | None = None) -> None:
        """Begin an episode: sessions of the last one close, and calls that still run are given up.

        `seeds` are for the sessions of the new one; None lets chance choose.
        """
        if self.running is not None and self.running.cancel():
            self._drop_worker()
        self.running = None
        if self._sessions is not None:
            self._sessions.close(self._worker)
        self._sessions, self._seeds = None, seeds

    def close(self) -> None:
        """End the episode and the thread. A call that still runs ends by itself, and its thread with it."""
        busy = self.running is not None and not self.running.done()
        self.reset()
        worker = self._drop_worker()
        if worker is not None and not busy:
            worker.join(_FAREWELL)

    def start(self, calls: Sequence[ParsedCall], first: int) -> Sequence[CallResult] | None:
        """Run the calls of a turn in order; their ids count from `first`. Never raises, but for KeyboardInterrupt.

        Returns:
            The results, or None if a thread is at work on them: `running` has them when it is done.
        """
        ready = [self._check(call, f"call{first + i}") for i, call in enumerate(calls)]
        if self._blocking and any(isinstance(each, _Ready) and self._needs_thread(each.tool) for each in ready):
            jobs = [self._job(each) if isinstance(each, _Ready) else each for each in ready]
            self.running = RunningCalls(self, jobs)
            return None
        return [self._run(each) if isinstance(each, _Ready) else each for each in ready]

    def _check(self, call: ParsedCall, call_id: str) -> CallResult | _Ready:
        """A call that can run, or the answer that says why it cannot."""
        if call.status is not CallStatus.OK:
            return CallResult(call_id, call.status, f"error: {call.error}", call.name)
        tool = self._tools.get(call.name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            text = f"error: unknown tool; the tools are: {known}"
            return CallResult(call_id, CallStatus.UNKNOWN_TOOL, text, call.name)
        try:
            return _Ready(call_id, tool, tool.bind(call.arguments))
        except NotJSON as error:
            return CallResult(call_id, CallStatus.INVALID_JSON, f"error: {error}", call.name)
        except ValueError as error:
            return CallResult(call_id, CallStatus.BAD_ARGS, f"error: {error}", call.name)

    def _run(self, call: _Ready) -> CallResult:
        if call.tool.function is not None:  # no state, no session
            return CallResult(call.id, *call.tool.invoke(call.tool.function, call.arguments), call.tool.name)
        return call.run(self._episode_sessions())

    def _episode_sessions(self) -> _Sessions:
        if self._sessions is None:
            self._sessions = _Sessions(self._tools, self._seeds)
        return self._sessions

    # Threads

    def _limit(self, tool: Tool) -> float | None:
        return (self._timeout if tool.timeout is None else tool.timeout) if tool.blocking else None

    def _needs_thread(self, tool: Tool) -> bool:
        return tool.blocking and (self._threads or self._limit(tool) is not None)

    def _job(self, call: _Ready) -> _Job:
        return _Job(call, self._episode_sessions(), self._limit(call.tool))

    def submit(self, jobs: Sequence[Job[CallResult]]) -> None:
        """Put jobs behind what the thread has to do."""
        if self._worker is None:
            self._worker = Worker()
        for job in jobs:
            self._worker.submit(job.run)

    def resubmit(self, jobs: Sequence[Job[CallResult]]) -> None:
        """Go on with `jobs` in a new thread, because the old one is stuck in a call that was given up.

        The old one holds these jobs too. It does none of them: the late end of that call ends it.
        """
        self._drop_worker()
        if jobs:
            self.submit(jobs)

    def _drop_worker(self) -> Worker | None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.stop()
        return worker


class RunningCalls:
    """The calls of one turn, while a thread is at work on some of them."""

    def __init__(self, toolbox: Toolbox, calls: Sequence[CallResult | Job[CallResult]]) -> None:
        self._toolbox, self._calls = toolbox, calls
        self._jobs = [call for call in calls if isinstance(call, Job)]
        toolbox.submit(self._jobs)

    def __getstate__(self) -> dict[str, Any]:
        self.wait()
        return {**self.__dict__, "_calls": self.results(), "_jobs": []}

    @property
    def current(self) -> Job[CallResult]:
        """The first call without a result; only while `done` says no."""
        return self._jobs[0]

    def done(self) -> bool:
        """Whether all calls have a result. A call that is over its limit gets one here."""
        while self._jobs:
            expired = self._jobs[0].expire()
            if not expired and not self._jobs[0].future.done():
                return False
            del self._jobs[0]
            if expired:
                self._toolbox.resubmit(self._jobs)
        return True

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until all calls have a result, `timeout` seconds at most; whether they have."""
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        while not self.done():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            pause = min(left, self.current.patience())
            wait([self.current.future], None if pause == float("inf") else max(0.0, pause))
        return True

    def cancel(self) -> bool:
        """Give up what is not done; False if all was done."""
        cancelled = [job.cancel() for job in self._jobs]
        return any(cancelled)

    def results(self) -> list[CallResult]:
        """The results, in the order of the calls; only once they are done."""
        return [call.future.result() if isinstance(call, Job) else call for call in self._calls]
