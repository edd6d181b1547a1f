"""The zygote: a small process that forks the workers. It is started by path, and `textgym/__init__` never runs in it.

Nothing of the trainer is in it: no answers, no keys, no CUDA context. It loads what the workers need, gives up what it
may, tries the layers, reports them, and forks a worker whenever it is sent a connection for one. It runs no code of a
policy and reads nothing that a worker wrote.

Messages are of one size: a letter and the worker's number. The trainer sends `s` (spawn; a descriptor comes along),
`k` (kill) and `c` (CPU time, answered by the worker's number and seconds). The end of the trainer is the end of the
zygote: the kernel says so by a descriptor of the trainer's process. (PR_SET_PDEATHSIG would fire when the *thread* that
started the zygote ends.)
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from types import ModuleType
from typing import Any, NoReturn

MESSAGE = struct.Struct("!cQ")
CPU_TIME = struct.Struct("!Qd")
CONTROL = 0
"""The descriptor of the connection to the trainer."""


def _make_packages(folder: str) -> None:
    """Packages `textgym` and `textgym.sandbox` whose modules can be imported, without running their `__init__`."""
    for name, path in (("textgym", os.path.dirname(folder)), ("textgym.sandbox", folder)):
        package = ModuleType(name)
        package.__path__ = [path]
        sys.modules[name] = package


class Zygote:
    """The loop that forks, kills and buries workers."""

    def __init__(
        self,
        control: socket.socket,
        module: ModuleType,
        confinement: Any,
        names: frozenset[str],
        others: tuple[int, ...],
    ) -> None:
        self._control, self._module, self._others = control, module, others
        self._confinement, self._names = confinement, names
        self._pids: dict[int, int] = {}
        self._numbers: dict[int, int] = {}

    def run(self, trainer: int | None) -> NoReturn:
        """Serve until the trainer closes the connection or dies. `trainer` is a pidfd of it."""
        wake, waker = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(waker, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        poller = select.poll()
        for descriptor in (CONTROL, wake, *([] if trainer is None else [trainer])):
            poller.register(descriptor, select.POLLIN)
        while True:
            events = dict(poller.poll())
            if wake in events:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 4096)
                self._bury()
            if (trainer is not None and trainer in events) or (CONTROL in events and not self._serve()):
                break
        self._end()

    def _end(self) -> NoReturn:
        """Kill and bury all: in a container, nobody else might."""
        for pid in (*self._numbers, *self._others):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while True:
                os.wait()
        os._exit(0)

    def _bury(self) -> None:
        """Reap the dead. Only here is a number forgotten, so no signal can hit a pid that was given to another."""
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                if pid in self._others:  # the first process of the namespace: there are no more forks in it
                    self._end()
                number = self._numbers.pop(pid, None)
                if number is not None:
                    del self._pids[number]

    def _serve(self) -> bool:
        """Do what one message asks; False at the end of the connection."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, MESSAGE.size, 1)
        except ConnectionResetError:
            return False
        if len(data) != MESSAGE.size:
            return False
        kind, number = MESSAGE.unpack(data)
        pid = self._pids.get(number)
        if kind == b"s":
            self._spawn(number, *descriptors)
        elif kind == b"k" and pid is not None:
            os.kill(pid, signal.SIGKILL)
        elif kind == b"c":
            self._control.sendall(CPU_TIME.pack(number, -1.0 if pid is None else cpu_seconds(pid)))
        return True

    def _spawn(self, number: int, sock: int) -> None:
        from textgym.sandbox.worker import serve, settle

        try:
            pid = os.fork()
        except OSError:  # the trainer sees that the connection closes
            os.close(sock)
            self._bury()  # maybe the namespace is dead
            return
        if pid == 0:
            try:
                settle(sock)
                serve(self._module, self._confinement, self._names)
            finally:
                os._exit(1)
        os.close(sock)
        self._pids[number], self._numbers[pid] = pid, number


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used, by its CPU clock: no file of /proc is needed. Elsewhere than on Linux, 0."""
    if sys.platform != "linux":
        return 0.0  # there is no telling, so the wall time alone ends a run
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return -1.0


def _start_init() -> int:
    """Start the first process of a new PID namespace, without which there are no others; its pid. It does nothing."""
    from textgym.sandbox import kernel

    pid = os.fork()
    if pid:
        return pid
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(
        signal.SIGCHLD, signal.SIG_IGN
    )  # orphans in the namespace become its children: the kernel buries them
    kernel.close_from(0)
    while True:
        signal.pause()


def _simulate_macos() -> None:
    """Be where nothing is that only Linux has, as far as a Linux can be that; before anything else is loaded."""
    import resource

    sys.platform = "darwin"
    del os.pidfd_open
    for name in ("RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME", "RLIMIT_SIGPENDING"):
        delattr(resource, name)
    set_limit = resource.setrlimit

    def refuse_address_space(which: int, limits: tuple[int, int]) -> None:
        if which == resource.RLIMIT_AS:
            raise ValueError("current limit exceeds maximum limit")
        set_limit(which, limits)

    resource.setrlimit = refuse_address_space


def _simulate(config: dict[str, Any]) -> None:
    """Make this process what tests want it to be: another user, or in a container with a filter of its own."""
    from textgym.sandbox import kernel, seccomp

    if config.get("uid") is not None:
        os.setgroups([])
        os.setresgid(config["uid"], config["uid"], config["uid"])
        os.setresuid(config["uid"], config["uid"], config["uid"])
    if config.get("deny"):
        numbers = {kernel.SYSCALLS[kernel.MACHINE][name]: errno for name, errno in config["deny"].items()}
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.install_filter(seccomp.denying_filter(numbers))


def main() -> NoReturn:
    """Read the configuration, load, confine, report, serve."""
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # what the trainer blocks or ignores is inherited
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    config = json.loads(sys.argv[1])
    _make_packages(os.path.dirname(os.path.abspath(__file__)))
    sys.path.extend(config["paths"])
    if config["simulate"].get("macos"):
        _simulate_macos()
    from textgym.sandbox.confine import Confinement, leave_namespaces, leave_root
    from textgym.sandbox.frames import encode
    from textgym.sandbox.limits import Limits
    from textgym.sandbox.probe import Outside, probe
    from textgym.sandbox.worker import warm_up

    control = socket.socket(fileno=CONTROL)
    limits = Limits(**config["limits"])
    module = importlib.import_module(config["module"])
    module.preload()
    warm_up(module, limits)

    trainer = None
    with contextlib.suppress(OSError, AttributeError):
        trainer = os.pidfd_open(config["trainer"])
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("900")  # where memory runs out, let it hit the sandbox before the trainer
    outside = Outside.mark()
    _simulate(config["simulate"])
    missing = leave_namespaces()
    root = leave_root()
    if root is not None:
        missing["non_root"] = root
    others = () if "pid_namespace" in missing else (_start_init(),)
    confinement = Confinement.make(limits)
    layers = probe(confinement, outside, missing)
    if outside.listener is not None:
        outside.listener.close()
    os.dup2(1, 2)  # the null device: what could not start has said so by now
    gc.collect()
    gc.freeze()
    control.sendall(encode({"active": layers.active, "missing": dict(layers.missing), "pid": os.getpid()}))
    Zygote(control, module, confinement, frozenset(layers.active), others).run(trainer)


if __name__ == "__main__":
    main()
