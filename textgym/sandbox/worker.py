"""A worker: one session's process. It confines itself, says that it is ready, then answers one frame after another."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Iterator
from types import FrameType, ModuleType
from typing import Any, NoReturn

from textgym.sandbox.confine import Confinement, confine
from textgym.sandbox.frames import HEADER, decode, encode
from textgym.sandbox.kernel import close_from
from textgym.sandbox.limits import Limits
from textgym.sandbox.text import cut

SOCKET = 3
"""The descriptor of the connection to the trainer; 0, 1 and 2 are the null device, and there is no other."""

_WARM_UP = (
    "from math import sqrt\ndef f(n):\n    return [i * i for i in range(n)]\nprint(f(9)[-1], f'{sqrt(2):.3f}')\nf(3)"
)

_EDGE_S = 0.01  # at most so long before the limit: the timer counts in ticks
_ROOM = 50  # frames, for those who let the exception through where no more are left
_AGAIN_S = 0.02  # a finalizer or a callback drops what is raised in it, so it is raised again


class Output:
    """What the code prints, up to a number of characters."""

    def __init__(self, room: int) -> None:
        self._parts: list[str] = []
        self._room = room
        self.truncated = False

    def write(self, text: str) -> None:
        """Keep `text`, or what there is room for."""
        if len(text) > self._room:
            text, self.truncated = text[: self._room], True
        self._room -= len(text)
        if text:
            self._parts.append(text)

    def text(self) -> str:
        return "".join(self._parts)


class _SoftTimer:
    """Raises an exception in what runs between `start` and `stop` once its CPU time is up, and again until it ends."""

    def __init__(self, seconds: float, exception: type[BaseException]) -> None:
        self._seconds, self._exception = seconds, exception
        self._armed = self.rang = False
        signal.signal(signal.SIGPROF, self._ring)

    def _ring(self, signum: int, frame: FrameType | None) -> None:
        if self._armed:
            self.rang = True
            sys.setrecursionlimit(sys.getrecursionlimit() + _ROOM)
            raise self._exception

    def start(self) -> None:
        self._armed, self.rang = True, False
        signal.setitimer(signal.ITIMER_PROF, self._seconds, _AGAIN_S)

    def stop(self) -> None:
        self._armed = False
        signal.setitimer(signal.ITIMER_PROF, 0.0)


class Server:
    """Answers requests with an interpreter of `module`: `textgym.sandbox.language`, or a stand-in for it."""

    def __init__(self, module: ModuleType, limits: Limits) -> None:
        self._module, self._limits = module, limits
        self._output = Output(0)
        self._seed: int | None = None
        self._interpreter = module.Interpreter(lambda text: self._output.write(text))
        self._timer = _SoftTimer(limits.cpu_s, module.SoftTimeout)

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run `request["source"]`; the first request's seed is the session's."""
        limits = self._limits
        # Of the only thread: while ITIMER_PROF is set, Linux counts the process's own clock in ticks of milliseconds.
        begin = time.thread_time()
        self._output = output = Output(limits.stdout_chars)
        if self._seed is None:
            self._seed = self._interpreter.seed = request["seed"]
            random.seed(self._seed)  # of this process: what the library draws by itself
        status, value, error = self._run(request["source"])
        if value is not None and len(value) > limits.value_chars:
            value, output.truncated = cut(value, limits.value_chars), True
        if error is not None and len(error) > limits.error_chars:
            error, output.truncated = cut(error, limits.error_chars), True
        clock = time.thread_time()
        return {
            "id": request["id"],
            "status": status,
            "stdout": output.text(),
            "value": value,
            "error": error,
            "truncated": output.truncated,
            "cpu": clock - begin,
            "clock": clock,
        }

    def _run(self, source: str) -> tuple[str, str | None, str | None]:
        timer = self._timer
        begin = time.thread_time()
        try:
            try:
                timer.start()
                outcome = self._interpreter.run(source)
            except self._module.SoftTimeout as error:  # what its frames hold ends here, while the timer still runs
                error.__traceback__ = error.__context__ = None
            finally:
                timer.stop()
        except self._module.SoftTimeout:
            timer.stop()
        # Also where a finalizer dropped the exception, or no frame was left for the handler at the deepest recursion.
        limit = self._limits.cpu_s
        if timer.rang or time.thread_time() - begin >= limit - min(_EDGE_S, limit / 10):
            text = f"stopped after {limit:g} s of CPU time; what it had done by then is kept"
            return "timeout", None, text
        return outcome.status, outcome.value, outcome.error


def warm_up(module: ModuleType, limits: Limits) -> None:
    """Run some code and throw it away, so that the memory it touches and what it caches are there."""
    request = encode({"id": "", "source": _WARM_UP, "seed": 0})
    encode(Server(module, limits).answer(decode(request[HEADER:])))


def serve(module: ModuleType, confinement: Confinement, names: frozenset[str]) -> NoReturn:
    """The life of a worker, from its fork to its end; the connection is descriptor `SOCKET`."""
    try:
        confine(confinement, names)
        warm_up(module, confinement.limits)
        server = Server(module, confinement.limits)
    except BaseException as error:
        _write(encode({"failed": f"{type(error).__name__}: {error}"}))
        os._exit(1)
    _write(encode({"ready": True, "clock": time.thread_time()}))
    try:
        for request in _requests():
            _write(encode(server.answer(request)))
    finally:  # whatever it was that broke the loop: the trainer sees the end of the connection
        os._exit(0)


def _requests() -> Iterator[dict[str, Any]]:
    """What the trainer sends, frame by frame, until it closes."""
    read = bytearray()
    while True:
        end = HEADER + int.from_bytes(read[:HEADER], "big")
        if len(read) >= max(HEADER, end):
            request = decode(bytes(read[HEADER:end]))
            del read[:end]
            yield request
        elif part := os.read(SOCKET, 1 << 16):
            read += part
        else:
            return


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(SOCKET, data) :]


def settle(sock: int) -> None:
    """Right after the fork: keep only the connection, as descriptor `SOCKET`, and the null device."""
    signal.set_wakeup_fd(-1)
    for each in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(each, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.dup2(sock, SOCKET)
    os.dup2(1, 0)  # the zygote's own connection
    close_from(SOCKET + 1)
