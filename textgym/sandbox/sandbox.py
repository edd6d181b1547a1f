"""`Sandbox`: a zygote, some workers ready beforehand, and the sessions that take them."""

from __future__ import annotations

import operator
import os
import sys
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from textgym.sandbox.launch import Zygote
from textgym.sandbox.layers import Layers, SandboxError, unsupported
from textgym.sandbox.limits import Limits
from textgym.sandbox.session import Session, Worker

MAX_SEED_BITS = 256
_ATTEMPTS = 4
_LANGUAGE = "textgym.sandbox.language"


class _Pool:
    """The processes of a sandbox: one zygote, and workers that wait for a session. From any thread."""

    def __init__(
        self,
        limits: Limits,
        spares: int,
        start: tuple[str, Mapping[str, Any]],
        accept: Callable[[Layers], None],
    ) -> None:
        self._limits, self._spares, self._start, self._accept = limits, spares, start, accept
        self._lock = threading.RLock()  # the collector may finalize a sandbox in a thread that has it
        self._waiting: deque[Worker] = deque()
        self._pid = os.getpid()
        self._closed = False
        self.zygote = Zygote(limits, *start)

    def check(self) -> None:
        """Raises ValueError, SandboxError: closed, or a fork of the process that it belongs to."""
        if os.getpid() != self._pid:
            raise SandboxError(f"this sandbox belongs to process {self._pid}; make one in this process")
        if self._closed:
            raise ValueError("this sandbox is closed; make another")

    def fill(self, count: int) -> None:
        """Have workers forked until `count` wait. Raises OSError, SandboxError: see `Worker`."""
        with self._lock:
            while len(self._waiting) < count:
                self._waiting.append(Worker(self.zygote, self._limits))

    def take(self) -> Worker:
        """A worker that is ready. Others are forked only where half of the spares are gone: its first answer waits.

        Raises:
            ValueError, SandboxError: see `check`; no worker becomes ready, though the zygote was started anew.
        """
        self.check()
        for _ in range(_ATTEMPTS + self._spares):  # of a zygote that died, all spares may be dead
            with self._lock:
                self.check()
                try:
                    if len(self._waiting) <= self._spares // 2:
                        self.fill(self._spares + 1)
                except OSError:
                    self._restart()
                    continue
                except SandboxError:  # no connection to another worker; one that waits has its own
                    if not self._waiting:
                        raise
                worker = self._waiting.popleft()
            if worker.wait_until_ready():
                return worker
            worker.close()
        raise SandboxError("the sandbox cannot start a worker: it dies at once, maybe for lack of memory or processes")

    def drop(self, worker: Worker) -> None:
        """End a worker that was taken, and have others forked until all spares are there: now nobody waits."""
        worker.close()
        # Not at any price: a finalizer may run in a thread that has the zygote's lock, and the interpreter may end.
        if self._closed or not self._lock.acquire(blocking=False):
            return
        try:
            if not self._closed:
                self.fill(self._spares)
        except (OSError, SandboxError):
            pass  # `take` finds out, and says so
        finally:
            self._lock.release()

    def _restart(self) -> None:
        """Another zygote in place of one that died, and its waiting workers with it.

        Raises:
            ValueError, SandboxError: closed; it does not start, or MissingLayer: with fewer layers than are required.
        """
        self.check()
        while self._waiting:
            self._waiting.pop().close()
        self.zygote.close()
        zygote = Zygote(self._limits, *self._start)
        try:
            self._accept(zygote.layers)
        except BaseException:
            zygote.close()
            raise
        self.zygote = zygote

    def close(self) -> None:
        """End all processes; in a fork, only close what it inherited. Again is no error."""
        if os.getpid() != self._pid:  # the lock may be held by a thread that the fork does not have
            for worker in self._waiting:
                worker.forget()
            self.zygote.forget()
            return
        with self._lock:
            if self._closed:
                return
            self._closed = True
            while self._waiting:
                self._waiting.pop().close()
            self.zygote.close()


class Sandbox:
    """Runs hostile Python in confined processes; see `textgym.sandbox` for what that covers.

    Args:
        limits: of each session.
        require: names of layers (`textgym.sandbox.ABOUT`) without which it must not start.
        allow_weak: start also without seccomp, or as root without namespaces, with a warning.
        spares: workers that are kept ready, so that a session need not wait for one.

    Attributes:
        limits: as given.

    Raises:
        MissingLayer: too few layers hold here; the message says which, why and what to do.
        SandboxError: it cannot start at all.

    Sessions may be opened and used from any thread. A pickled sandbox is its arguments: another one starts where it is
    loaded. After a fork, the parent's sandbox refuses to work in the child.

    Example:
        >>> with Sandbox() as sandbox, sandbox.session() as session:
        ...     session.run("x = 6").status.value, session.run("x * 7").value
        ('ok', '42')
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        require: Iterable[str] = (),
        allow_weak: bool = False,
        spares: int = 4,
        _module: str = _LANGUAGE,
        _simulate: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        if spares < 0:
            raise ValueError(f"spares must be at least 0, not {spares}")
        self.limits = Limits() if limits is None else limits
        require = tuple(require)
        self._arguments = {
            "limits": self.limits,
            "require": require,
            "allow_weak": allow_weak,
            "spares": spares,
            "_module": _module,
            "_simulate": dict(_simulate),
        }
        if sys.platform == "win32":
            raise SandboxError("the sandbox needs Linux (macOS with allow_weak=True); on Windows, run it under WSL")
        if sys.platform != "linux":
            unsupported().check(require, allow_weak)
        self._pool = _Pool(self.limits, spares, (_module, _simulate), lambda layers: layers.check(require, allow_weak))
        self._finalizer = weakref.finalize(self, self._pool.close)
        try:
            self.layers.check(require, allow_weak)
        except BaseException:
            self.close()
            raise
        if (weakness := self.layers.weakness()) is not None:
            warnings.warn(f"a weak sandbox, as allow_weak=True asks for: {weakness}", RuntimeWarning, stacklevel=2)
        self._pool.fill(spares)

    @property
    def layers(self) -> Layers:
        """Which layers of confinement hold, each tried at the start."""
        return self._pool.zygote.layers

    @property
    def pid(self) -> int:
        """Process id of the zygote, which is the parent of all workers."""
        return self._pool.zygote.pid

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._finalizer.alive

    def session(self, seed: int = 0) -> Session:
        """A new session; `seed` is that of its `random` module.

        Raises:
            ValueError: the sandbox is closed, or the seed is too large.
            TypeError: the seed is no integer.
            SandboxError: no worker can be had, or this is a fork of the process that made the sandbox.
        """
        seed = operator.index(seed)
        if seed.bit_length() > MAX_SEED_BITS:
            raise ValueError(f"a seed has at most {MAX_SEED_BITS} bits, not {seed.bit_length()}")
        return Session(self._take, self._drop, self.limits, seed)

    def _take(self) -> Worker:
        """Bound to this object, so that a session keeps its sandbox alive."""
        return self._pool.take()

    def _drop(self, worker: Worker) -> None:
        self._pool.drop(worker)

    def close(self) -> None:
        """End all sessions and processes. Again is no error."""
        self._finalizer()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (self._arguments,)


def _make(arguments: dict[str, Any]) -> Sandbox:
    return Sandbox(**arguments)
