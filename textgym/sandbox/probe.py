"""Probes: a layer counts as active when a child that has it on attempted what it forbids, and failed."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import mmap
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from textgym.sandbox import kernel, landlock
from textgym.sandbox.confine import MOST_DESCRIPTORS, WORKER_LAYERS, Confinement
from textgym.sandbox.layers import ABOUT, Layers

_PATIENCE_S = 10.0
_DENIED = (errno.EPERM, errno.EACCES)


class Escaped(Exception):
    """What a probe attempted, and should not have been able to do."""


@dataclass
class Outside:
    """Marks of the namespaces that the zygote was born in, made before it leaves them."""

    listener: socket.socket | None
    ipc: int

    @classmethod
    def mark(cls) -> Outside:
        """An abstract socket, which lives in a network namespace, and the IPC namespace's number."""
        listener = None
        with contextlib.suppress(OSError):
            listener = socket.socket(socket.AF_UNIX)
            listener.bind("")  # Linux picks an abstract name
            listener.listen()
        return cls(listener, _ipc_namespace())


def _ipc_namespace() -> int:
    try:
        return os.stat("/proc/self/ns/ipc").st_ino
    except OSError:
        return 0


@contextlib.contextmanager
def _forbidden(what: str, *errors: int) -> Iterator[None]:
    """The block must fail with one of `errors`."""
    try:
        yield
    except OSError as error:
        if error.errno not in errors:
            raise Escaped(f"{what} failed with {errno.errorcode.get(error.errno or 0)}, not as it should") from error
    else:
        raise Escaped(f"{what} was possible")


def _try_seccomp() -> None:
    with _forbidden("opening a file", *_DENIED):
        os.close(os.open(os.devnull, os.O_RDONLY))
    with _forbidden("making a socket", *_DENIED):
        socket.socket(socket.AF_UNIX).close()
    with _forbidden("a signal to the zygote", *_DENIED):
        os.kill(os.getppid(), 0)
    with _forbidden("executable memory", *_DENIED):
        mmap.mmap(-1, mmap.PAGESIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, mmap.PROT_READ | mmap.PROT_EXEC).close()
    with _forbidden("fork", *_DENIED):
        if os.fork() == 0:
            os._exit(0)


def _try_landlock() -> None:
    with _forbidden("listing a directory", *_DENIED):
        os.listdir("/")
    with _forbidden("opening a file", *_DENIED):
        os.close(os.open(os.devnull, os.O_RDONLY))
    if landlock.ruleset(landlock.abi()).network:
        with _forbidden("a TCP connection", *_DENIED), socket.socket() as tcp:
            tcp.connect(("127.0.0.1", 9))


def _try_no_new_privs() -> None:
    with _forbidden("taking no_new_privs off", errno.EINVAL):
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 0)
    if kernel.prctl(kernel.PR_GET_NO_NEW_PRIVS) != 1:
        raise Escaped("no_new_privs is not on")


def _try_rlimits() -> None:
    with _forbidden("16 TiB of memory", errno.ENOMEM):
        mmap.mmap(-1, 1 << 44).close()
    with _forbidden(f"{MOST_DESCRIPTORS + 1} descriptors", errno.EMFILE):
        for _ in range(MOST_DESCRIPTORS + 1):
            os.dup(0)


def _try_non_root() -> None:
    if 0 in (os.getuid(), os.geteuid()):
        raise Escaped("the worker is root")
    with _forbidden("becoming root", errno.EPERM, errno.EINVAL):
        os.setuid(0)


def _try_pid_namespace() -> None:
    if os.getppid() != 0:
        raise Escaped("the zygote can be seen")


def _read_memory(child: int) -> None:
    """Read a byte of a child's memory, which is where this process has it."""
    target, word = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    here = ctypes.addressof(word).to_bytes(8, "little") + (8).to_bytes(8, "little")
    there = ctypes.addressof(target).to_bytes(8, "little") + (8).to_bytes(8, "little")
    kernel.syscall("process_vm_readv", child, here, 1, there, 1, 0)


_INSIDE: Mapping[str, Callable[[], None]] = {
    "seccomp": _try_seccomp,
    "landlock": _try_landlock,
    "no_new_privs": _try_no_new_privs,
    "rlimits": _try_rlimits,
    "non_root": _try_non_root,
    "pid_namespace": _try_pid_namespace,
}
"""What a child attempts that has the layer on."""

_NEEDS = {"landlock": ("no_new_privs",), "seccomp": ("no_new_privs",)}


def probe(confinement: Confinement, outside: Outside, missing: Mapping[str, str]) -> Layers:
    """Try all layers. `missing` are those that could not be had in the first place, with the reasons."""
    reasons = {name: missing.get(name) or _probe(name, confinement, outside) for name in ABOUT}
    return Layers(
        tuple(name for name, reason in reasons.items() if not reason),
        {name: reason for name, reason in reasons.items() if reason},
    )


def _probe(name: str, confinement: Confinement, outside: Outside) -> str:
    """Why a layer does not hold; empty if it does."""
    if name == "parent_death":
        return _outlives(confinement)

    def attempt() -> None:
        for layer in (*_NEEDS.get(name, ()), name):
            if layer in WORKER_LAYERS:
                WORKER_LAYERS[layer](confinement)
        if name in _INSIDE:
            _INSIDE[name]()
        if name == "net_namespace":
            with _forbidden("reaching a socket outside", errno.ECONNREFUSED), socket.socket(socket.AF_UNIX) as own:
                own.connect(outside.listener.getsockname() if outside.listener is not None else "\0")
        if name == "ipc_namespace" and outside.ipc in (0, _ipc_namespace()):
            raise Escaped("it is the trainer's")

    with _child(attempt) as (pid, answer):
        said = _read(answer)
        if name == "non_dumpable" and said == "ok":
            try:
                _read_memory(pid)
                return "its memory could be read"
            except OSError as error:
                return "" if error.errno in _DENIED else f"its memory could not be tried: {error}"
    return "" if said == "ok" else said or "the child that tried it died"


@contextlib.contextmanager
def _child(attempt: Callable[[], None]) -> Iterator[tuple[int, int]]:
    """A child that makes the attempt, writes `ok` or what went wrong into a pipe, and waits to be killed."""
    answer, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            attempt()
            text = "ok"
        except BaseException as error:
            text = str(error) or type(error).__name__
        os.write(write, text.encode()[:500])
        while True:
            time.sleep(1)
    os.close(write)
    try:
        yield pid, answer
    finally:
        os.close(answer)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _read(descriptor: int) -> str:
    ready, _, _ = select.select([descriptor], [], [], _PATIENCE_S)
    return os.read(descriptor, 1000).decode(errors="replace") if ready else "no answer"


def _outlives(confinement: Confinement) -> str:
    """Why a process that asks to die with its parent does not; empty if it does: then its end of the pipe closes."""
    read, write = os.pipe()
    go, started = os.pipe()
    parent = os.fork()
    if parent == 0:
        if os.fork() == 0:
            try:
                kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
                os.write(started, b"1")
                time.sleep(_PATIENCE_S)
            finally:
                os._exit(0)
        os.close(started)
        os._exit(0 if os.read(go, 1) else 1)
    os.close(write)
    os.close(started)
    os.close(go)
    if os.waitpid(parent, 0)[1] != 0:
        os.close(read)
        return "a child could not ask to die with its parent"
    ready, _, _ = select.select([read], [], [], 2.0)
    os.close(read)
    return "" if ready else "a child outlived its parent"
