"""System calls that Python does not wrap, by ctypes. Everything here runs in the zygote and its workers."""

from __future__ import annotations

import ctypes
import os
import platform
import sys

PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS = 38, 39

CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x08000000, 0x10000000, 0x20000000, 0x40000000

SYSCALLS: dict[str, dict[str, int]] = {
    "x86_64": {
        "capset": 126,
        "landlock_create_ruleset": 444,
        "landlock_restrict_self": 446,
        "process_vm_readv": 310,
        "seccomp": 317,
        "setresuid": 117,
        "unshare": 272,
    },
    "aarch64": {
        "capset": 91,
        "landlock_create_ruleset": 444,
        "landlock_restrict_self": 446,
        "process_vm_readv": 270,
        "seccomp": 277,
        "setresuid": 147,
        "unshare": 97,
    },
}
"""Numbers of the system calls made here, and of those that tests have denied, by machine."""

_ALL_DESCRIPTORS = 1 << 20

LINUX = sys.platform == "linux"
_CAPABILITY_VERSION_3 = 0x20080522


def machine() -> str:
    """`x86_64`, `aarch64` or what else this kernel runs on. A 32-bit interpreter is none of the two."""
    name = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine().lower())
    return name if sys.maxsize > 2**32 else f"32-bit {name}"


MACHINE = machine()
_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def syscall(name: str, *arguments: int | bytes | None) -> int:
    """Make the system call `name`; an argument is a number, a buffer or None for a null pointer.

    Raises:
        OSError: the kernel refused, or its machine is neither x86_64 nor aarch64.
    """
    numbers = SYSCALLS.get(MACHINE)
    if not LINUX or numbers is None:
        where = MACHINE if LINUX else sys.platform
        raise OSError(f"the system call {name} is known on Linux on {' and '.join(SYSCALLS)}, not on {where}")
    return call(numbers[name], *arguments)


def call(number: int, *arguments: int | bytes | None) -> int:
    """Make a system call by number. Raises OSError."""
    values = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    return _check(int(_libc.syscall(ctypes.c_long(number), *values)))


def prctl(option: int, value: int = 0) -> int:
    """Raises OSError."""
    if not LINUX:
        raise OSError(f"prctl() is known on Linux, not on {sys.platform}")
    return _check(
        int(_libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)))
    )


def close_from(first: int) -> None:
    """Close all descriptors from `first` on. (Where no system call does it, each number costs one.)"""
    most = os.sysconf("SC_OPEN_MAX")
    os.closerange(first, most if 0 < most < _ALL_DESCRIPTORS else _ALL_DESCRIPTORS)


def unshare(flags: int) -> None:
    """Leave namespaces. Raises OSError."""
    syscall("unshare", flags)


def drop_capabilities() -> None:
    """Give up every capability, those in an own user namespace included. Raises OSError."""
    header = _CAPABILITY_VERSION_3.to_bytes(4, sys.byteorder) + bytes(4)
    syscall("capset", header, bytes(24))


class _Program(ctypes.Structure):
    """`struct sock_fprog`."""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def install_filter(program: bytes) -> None:
    """Put a seccomp filter on this process, for good. `program` is `struct sock_filter[]`. Raises OSError."""
    code = ctypes.create_string_buffer(program, len(program))
    fprog = _Program(len(program) // 8, ctypes.addressof(code))
    syscall("seccomp", 1, 0, ctypes.addressof(fprog))
