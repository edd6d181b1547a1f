"""The trainer's side of the zygote: start it, have workers forked and killed, notice its end."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any

from textgym.sandbox.frames import NO_SIGNAL, Channel, FrameError
from textgym.sandbox.layers import Layers, SandboxError
from textgym.sandbox.limits import Limits
from textgym.sandbox.zygote import CPU_TIME, MESSAGE

_START_S = 60.0
_ANSWER_S = 10.0
"""A zygote that takes longer for a message is stopped for good, and another takes its place."""
_HERE = Path(__file__).parent


def _package_paths() -> list[str]:
    """Where the zygote finds what the language layer imports. Looked up, not imported."""
    spec = importlib.util.find_spec("RestrictedPython")
    folders = [] if spec is None else spec.submodule_search_locations or []
    return [str(Path(folder).resolve().parent) for folder in folders]


def _connection() -> tuple[socket.socket, socket.socket]:
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        what = f"no connection to a process of the sandbox can be made: {error}"
        raise SandboxError(f"{what}; close some sessions, or allow more open files (ulimit -n)") from error
    theirs.setblocking(True)  # whatever socket.setdefaulttimeout() was told
    return ours, theirs


class Zygote:
    """A running zygote. All methods may be called from any thread.

    Args:
        limits: of its workers.
        module: which interpreter they run.
        simulate: for tests: `uid` to start as, `deny` system calls by name with the errno that they fail with.

    Raises:
        SandboxError: it did not start.
    """

    def __init__(self, limits: Limits, module: str, simulate: Mapping[str, Any]) -> None:
        if not sys.executable:
            raise SandboxError("sys.executable is empty, so there is no interpreter for the sandbox to start")
        self._limits = limits
        self._lock = RLock()  # the collector may close a session in a thread that has it
        self._count = 0
        self._doomed: deque[int] = deque()
        config = {
            "limits": dataclasses.asdict(limits),
            "module": module,
            "paths": _package_paths(),
            "simulate": dict(simulate),
            "trainer": os.getpid(),
        }
        ours, theirs = _connection()
        # -s -S -P: neither the user's nor the site's start-up files, nor this folder's modules by bare name.
        # (-I and -E would ignore PYTHONHASHSEED, without which the order of a set differs from run to run.)
        command = [sys.executable, "-s", "-S", "-P", str(_HERE / "zygote.py"), json.dumps(config)]
        env = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
        with theirs:
            try:
                self._process = subprocess.Popen(
                    command,
                    env=env,
                    cwd="/",
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    start_new_session=True,  # Ctrl-C in a terminal is for the trainer
                )
            except OSError as error:
                ours.close()
                raise SandboxError(f"the sandbox could not start {sys.executable}: {error}") from error
        self._control = ours
        self.layers = self._read_report()

    def _read_report(self) -> Layers:
        channel = Channel(self._control, 1 << 20)
        try:
            report = channel.receive(_START_S)
        except FrameError:
            report = None
        stderr = self._process.stderr
        assert stderr is not None
        if report is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)  # its children too: they have its stderr
            said = stderr.read(4000).decode(errors="replace").strip()
            stderr.close()
            self.close()
            raise SandboxError(f"the sandbox's zygote did not start: {said or 'no answer'}")
        stderr.close()
        self._control.settimeout(_ANSWER_S)
        return Layers(tuple(report["active"]), dict(report["missing"]))

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def spawn(self) -> tuple[int, Channel]:
        """Have a worker forked, without waiting for it: its number and the connection to it.

        Raises:
            OSError: the zygote is dead.
            SandboxError: this process cannot have another connection.
        """
        ours, theirs = _connection()
        with theirs, self._lock:
            self._count += 1
            number = self._count
            try:
                socket.send_fds(self._control, [MESSAGE.pack(b"s", number)], [theirs.fileno()], NO_SIGNAL)
            except (ConnectionError, TimeoutError):
                ours.close()
                raise
            except OSError as error:
                ours.close()
                if error.errno == errno.EBADF:  # closed
                    raise
                raise SandboxError(f"no connection could be handed to a process of the sandbox: {error}") from error
            except BaseException:
                ours.close()
                raise
        self._send_kills()
        return number, Channel(ours, self._limits.reply_bytes)

    def kill(self, number: int) -> None:
        """Have a worker killed, if it lives; where the zygote is dead, its workers are. Waits for no other thread."""
        self._doomed.append(number)
        self._send_kills()

    def _send_kills(self) -> None:
        """Unless another thread has the lock, which does it then: a finalizer may run anywhere, and must not wait."""
        while self._doomed and self._control.fileno() >= 0 and self._lock.acquire(blocking=False):
            try:
                self._control.send(MESSAGE.pack(b"k", self._doomed.popleft()), NO_SIGNAL)
            except IndexError:
                pass
            except TimeoutError:
                self.end()
            except OSError:
                self._doomed.clear()
            finally:
                self._lock.release()

    def cpu_s(self, number: int) -> float:
        """CPU seconds that a worker has used in its life; infinite where there is no telling or no worker."""
        with self._lock:
            try:
                self._control.send(MESSAGE.pack(b"c", number), NO_SIGNAL)
                told, seconds = None, -1.0
                while told != number:  # an answer that Ctrl-C let nobody take comes before
                    data = self._control.recv(CPU_TIME.size, socket.MSG_WAITALL)
                    if len(data) != CPU_TIME.size:
                        raise ConnectionError
                    told, seconds = CPU_TIME.unpack(data)
            except OSError:
                self.end()
                seconds = -1.0
        self._send_kills()
        return seconds if seconds >= 0 else float("inf")

    def end(self) -> None:
        """Kill it: it is dead, or does not answer. The next `spawn` raises OSError."""
        self._process.kill()

    def close(self) -> None:
        """End the zygote and with it all workers, and wait for it."""
        with self._lock:
            self._control.close()
        try:
            self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            self._end_at_once()
        except BaseException:
            self._end_at_once()
            raise

    def _end_at_once(self) -> None:
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Close what a fork of the trainer inherited, and leave the zygote to the trainer."""
        self._control.close()
        self._process.returncode = 0  # not this process's child: nothing to wait for
