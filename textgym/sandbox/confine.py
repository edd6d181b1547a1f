"""Confinement: what the zygote gives up once for all its workers, and what each worker gives up before it runs code."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from textgym.sandbox import kernel, landlock, seccomp
from textgym.sandbox.limits import Limits

NOBODY = 65534
MOST_DESCRIPTORS = 16

_NAMESPACES = {
    "pid_namespace": kernel.CLONE_NEWPID,
    "net_namespace": kernel.CLONE_NEWNET,
    "ipc_namespace": kernel.CLONE_NEWIPC,
}


def leave_namespaces() -> dict[str, str]:
    """Move this process (for PIDs: its later children) out of the trainer's namespaces, as far as that is allowed.

    Root needs CAP_SYS_ADMIN for it; others get the right by a user namespace of their own.

    Returns:
        For each that stays, why.
    """
    if os.geteuid() != 0:
        try:
            kernel.unshare(kernel.CLONE_NEWUSER | kernel.CLONE_NEWPID | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC)
            return {}
        except OSError as error:
            return dict.fromkeys(_NAMESPACES, f"unshare() without root: {error.strerror or error}")
    missing = {}
    for name, flag in _NAMESPACES.items():
        try:
            kernel.unshare(flag)
        except OSError as error:
            missing[name] = f"unshare(): {error.strerror or error}"
    return missing


def leave_root() -> str | None:
    """Become nobody if this is root, and give up all capabilities; what went wrong, if anything did."""
    try:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        if kernel.LINUX:
            kernel.drop_capabilities()
    except (OSError, AttributeError) as error:
        return str(error)
    return None


@dataclass(frozen=True)
class Confinement:
    """What a worker needs to confine itself, made beforehand: it can ask the kernel for little once it is confined.

    Attributes:
        limits: of the session.
        base_bytes: address space of the idle interpreter.
        zygote: its pid, to see that it still lives.
        landlock_abi: of the kernel; 0 for none.
        program: the seccomp filter; empty where there is none for this machine.
    """

    limits: Limits
    base_bytes: int
    zygote: int
    landlock_abi: int = 0
    program: bytes = field(default=b"", repr=False)

    @classmethod
    def make(cls, limits: Limits) -> Confinement:
        """For the workers of this process, once it has loaded all that they need."""
        try:
            abi = landlock.abi()
        except OSError:
            abi = 0
        program = seccomp.worker_filter(kernel.MACHINE) if kernel.MACHINE in seccomp.AUDIT_ARCH else b""
        return cls(limits, _address_space(), os.getpid(), abi, program)


def _address_space() -> int:
    """Bytes of address space that this process has mapped; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _die_with_zygote(confinement: Confinement) -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() not in (0, confinement.zygote):  # 0: it is out of sight in another PID namespace
        raise OSError("the zygote died before its worker began")


def _hide(confinement: Confinement) -> None:
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)


STACK_BYTES = 100 << 20
"""Deep recursion through functions written in C ends in a RecursionError then. Pages not reached cost nothing."""


def _bound(confinement: Confinement) -> None:
    """Hard limits, so that no code can raise them again."""
    limits = confinement.limits
    bounds = {
        "RLIMIT_CPU": limits.session_cpu_s,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": MOST_DESCRIPTORS,
        "RLIMIT_NPROC": 0,
        "RLIMIT_MEMLOCK": 0,
        "RLIMIT_MSGQUEUE": 0,
    }
    bounds |= {
        "RLIMIT_STACK": STACK_BYTES,
        "RLIMIT_AS": confinement.base_bytes + (limits.memory_mb << 20),  # last: macOS refuses it
    }
    for name, most in bounds.items():
        if hasattr(resource, name):
            which = getattr(resource, name)
            _, inherited = resource.getrlimit(which)
            if inherited != resource.RLIM_INFINITY:  # which nobody can raise
                most = min(most, inherited)
            resource.setrlimit(which, (most, most))


def _no_new_privs(confinement: Confinement) -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def _landlock(confinement: Confinement) -> None:
    if not confinement.landlock_abi:
        landlock.abi()  # raises, and says why there is none
    landlock.restrict(confinement.landlock_abi)


def _seccomp(confinement: Confinement) -> None:
    if not confinement.program:
        raise OSError(f"there is no filter for {kernel.MACHINE}")
    kernel.install_filter(confinement.program)


WORKER_LAYERS: Mapping[str, Callable[[Confinement], None]] = {
    "parent_death": _die_with_zygote,
    "non_dumpable": _hide,
    "rlimits": _bound,
    "no_new_privs": _no_new_privs,
    "landlock": _landlock,
    "seccomp": _seccomp,  # last: it forbids what the others need
}
"""What puts each layer of a worker on; raises OSError or AttributeError where it cannot. Order matters."""


def confine(confinement: Confinement, names: frozenset[str]) -> None:
    """Put those layers on this process, for good.

    Raises:
        OSError, AttributeError, ValueError: one that held in its probe cannot be put on now; the worker must not run.
    """
    for name, put_on in WORKER_LAYERS.items():
        if name in names:
            put_on(confinement)
        elif name == "rlimits":  # one that a system lacks is no reason to go without the others
            with contextlib.suppress(OSError, ValueError):
                put_on(confinement)
