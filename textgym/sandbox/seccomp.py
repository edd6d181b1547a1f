"""The seccomp filter: which system calls a worker may make, as a BPF program. A pure function of the machine.

An allow-list. What is not on it fails with EPERM, so that ordinary Python sees a `PermissionError`, the session goes
on and the policy reads what it did wrong; nothing is won by killing what cannot do harm. Only a call in a foreign
calling convention (another architecture, x32), for which the numbers here mean nothing, kills the worker: no honest
program makes one.

Not on the list, for example: anything with a path or that makes a descriptor (open, stat, socket, pipe, memfd_create,
dup), processes and threads (clone, fork, execve), signals to anyone (kill, tgkill, pidfd_*), other processes' memory
(ptrace, process_vm_*), sending on sockets other than by write (sendmsg could pass descriptors), io_uring, bpf, keys,
namespaces, and more seccomp or prctl. Memory cannot be made executable, so no machine code can be brought in.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
"""What `seccomp_data.arch` holds."""

ALLOWED: dict[str, dict[str, int]] = {
    "x86_64": {
        "read": 0,
        "write": 1,
        "close": 3,
        "fstat": 5,
        "lseek": 8,
        "munmap": 11,
        "brk": 12,
        "rt_sigaction": 13,
        "rt_sigprocmask": 14,
        "rt_sigreturn": 15,
        "sched_yield": 24,
        "mremap": 25,
        "madvise": 28,
        "getitimer": 36,
        "setitimer": 38,
        "getpid": 39,
        "exit": 60,
        "gettimeofday": 96,
        "getrusage": 98,
        "times": 100,
        "getuid": 102,
        "getgid": 104,
        "geteuid": 107,
        "getegid": 108,
        "getppid": 110,
        "sigaltstack": 131,
        "gettid": 186,
        "time": 201,
        "futex": 202,
        "restart_syscall": 219,
        "clock_gettime": 228,
        "clock_getres": 229,
        "clock_nanosleep": 230,
        "exit_group": 231,
        "set_robust_list": 273,
        "getrandom": 318,
        "rseq": 334,
    },
    "aarch64": {
        "read": 63,
        "write": 64,
        "close": 57,
        "fstat": 80,
        "lseek": 62,
        "munmap": 215,
        "brk": 214,
        "rt_sigaction": 134,
        "rt_sigprocmask": 135,
        "rt_sigreturn": 139,
        "sched_yield": 124,
        "mremap": 216,
        "madvise": 233,
        "getitimer": 102,
        "setitimer": 103,
        "getpid": 172,
        "exit": 93,
        "gettimeofday": 169,
        "getrusage": 165,
        "times": 153,
        "getuid": 174,
        "getgid": 176,
        "geteuid": 175,
        "getegid": 177,
        "getppid": 173,
        "sigaltstack": 132,
        "gettid": 178,
        "futex": 98,
        "restart_syscall": 128,
        "clock_gettime": 113,
        "clock_getres": 114,
        "clock_nanosleep": 115,
        "exit_group": 94,
        "set_robust_list": 99,
        "getrandom": 278,
        "rseq": 293,
    },
}
"""Calls that are allowed whatever their arguments, the most frequent first."""

NOT_EXECUTABLE: dict[str, dict[str, int]] = {
    "x86_64": {"mmap": 9, "mprotect": 10},
    "aarch64": {"mmap": 222, "mprotect": 226},
}
"""Calls that are allowed unless their third argument asks for PROT_EXEC."""

_EPERM = 1
_PROT_EXEC = 4
_X32_BIT = 0x40000000
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER, _ARCH, _THIRD_ARGUMENT = 0, 4, 32  # offsets in struct seccomp_data; of the argument, the low half

_Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, value


def worker_filter(machine: str) -> bytes:
    """The filter of a worker, as `struct sock_filter[]` in the byte order of both machines (little-endian).

    Raises:
        ValueError: a machine without a table.

    >>> len(worker_filter("aarch64")) % 8
    0
    """
    return assemble(machine, ALLOWED.get(machine, {}).values(), NOT_EXECUTABLE.get(machine, {}).values())


def assemble(machine: str, allowed: Iterable[int], not_executable: Iterable[int]) -> bytes:
    """The filter that allows the calls of those numbers, `not_executable` ones only without PROT_EXEC."""
    if machine not in AUDIT_ARCH:
        raise ValueError(f"no seccomp filter for {machine!r}; there is one for {' and '.join(AUDIT_ARCH)}")
    code: list[_Instruction] = [
        (_LOAD, 0, 0, _ARCH),
        (_JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_LOAD, 0, 0, _NUMBER),
    ]
    if machine == "x86_64":
        code += [(_JUMP_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL_PROCESS)]
    for number in allowed:
        code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number in not_executable:
        code += [
            (_JUMP_EQUAL, 0, 4, number),
            (_LOAD, 0, 0, _THIRD_ARGUMENT),
            (_JUMP_BITS, 0, 1, _PROT_EXEC),
            (_RETURN, 0, 0, _ERRNO | _EPERM),
            (_RETURN, 0, 0, _ALLOW),
        ]
    code.append((_RETURN, 0, 0, _ERRNO | _EPERM))
    return _pack(code)


def _pack(code: Iterable[_Instruction]) -> bytes:
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in code)


def denying_filter(numbers: Mapping[int, int]) -> bytes:
    """A filter that fails the calls of those numbers with the errno given for each, and allows all others.

    It stands for a container's own filter in tests.
    """
    code: list[_Instruction] = [(_LOAD, 0, 0, _NUMBER)]
    for number, errno in numbers.items():
        code += [(_JUMP_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno)]
    code.append((_RETURN, 0, 0, _ALLOW))
    return _pack(code)
