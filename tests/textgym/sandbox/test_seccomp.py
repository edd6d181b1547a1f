"""The filter's program, run by an interpreter of BPF that shares nothing with what assembles it."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgym.sandbox import seccomp

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7, "i386": 0x40000003, "arm": 0x40000028}
ALLOW, KILL, EPERM = "allow", "kill", 1


def run_bpf(program: bytes, number: int, arch: int, arguments=(0,) * 6):
    """What the kernel does with a system call: classic BPF over `struct seccomp_data`."""
    data = struct.pack("<iIQ6Q", number if number < 2**31 else number - 2**32, arch, 0, *arguments)
    code = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    accumulator, at = 0, 0
    while True:
        operation, yes, no, k = code[at]
        at += 1
        match operation:
            case 0x20:  # BPF_LD | BPF_W | BPF_ABS
                (accumulator,) = struct.unpack_from("<I", data, k)
            case 0x15:  # BPF_JMP | BPF_JEQ | BPF_K
                at += yes if accumulator == k else no
            case 0x35:  # BPF_JMP | BPF_JGE | BPF_K
                at += yes if accumulator >= k else no
            case 0x45:  # BPF_JMP | BPF_JSET | BPF_K
                at += yes if accumulator & k else no
            case 0x06:  # BPF_RET | BPF_K
                match k & 0xFFFF0000:
                    case 0x7FFF0000:
                        return ALLOW
                    case 0x80000000:
                        return KILL
                    case 0x00050000:
                        return k & 0xFFFF
                raise AssertionError(f"unknown action {k:#x}")
            case _:
                raise AssertionError(f"unknown operation {operation:#x}")


# Numbers from the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h).
DENIED = {
    "x86_64": {
        "open": 2,
        "stat": 4,
        "poll": 7,
        "ioctl": 16,
        "pread64": 17,
        "pipe": 22,
        "shmget": 29,
        "dup": 32,
        "dup2": 33,
        "socket": 41,
        "connect": 42,
        "sendto": 44,
        "sendmsg": 46,
        "recvmsg": 47,
        "socketpair": 53,
        "clone": 56,
        "fork": 57,
        "vfork": 58,
        "execve": 59,
        "kill": 62,
        "fcntl": 72,
        "getcwd": 79,
        "chdir": 80,
        "unlink": 87,
        "readlink": 89,
        "ptrace": 101,
        "setuid": 105,
        "capset": 126,
        "personality": 135,
        "prctl": 157,
        "setrlimit": 160,
        "chroot": 161,
        "mount": 165,
        "tkill": 200,
        "io_setup": 206,
        "tgkill": 234,
        "keyctl": 250,
        "openat": 257,
        "newfstatat": 262,
        "unshare": 272,
        "splice": 275,
        "pipe2": 293,
        "perf_event_open": 298,
        "prlimit64": 302,
        "setns": 308,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "seccomp": 317,
        "memfd_create": 319,
        "bpf": 321,
        "execveat": 322,
        "userfaultfd": 323,
        "pkey_mprotect": 329,
        "pidfd_send_signal": 424,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "pidfd_open": 434,
        "clone3": 435,
        "openat2": 437,
        "pidfd_getfd": 438,
        "landlock_create_ruleset": 444,
    },
    "aarch64": {
        "getcwd": 17,
        "dup": 23,
        "dup3": 24,
        "fcntl": 25,
        "ioctl": 29,
        "unlinkat": 35,
        "mount": 40,
        "chdir": 49,
        "openat": 56,
        "pipe2": 59,
        "pread64": 67,
        "ppoll": 73,
        "splice": 76,
        "readlinkat": 78,
        "newfstatat": 79,
        "capset": 91,
        "personality": 92,
        "unshare": 97,
        "ptrace": 117,
        "kill": 129,
        "tkill": 130,
        "tgkill": 131,
        "setuid": 146,
        "setrlimit": 164,
        "prctl": 167,
        "shmget": 194,
        "socket": 198,
        "socketpair": 199,
        "connect": 203,
        "sendto": 206,
        "sendmsg": 211,
        "recvmsg": 212,
        "keyctl": 219,
        "clone": 220,
        "execve": 221,
        "perf_event_open": 241,
        "prlimit64": 261,
        "setns": 268,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "seccomp": 277,
        "memfd_create": 279,
        "bpf": 280,
        "execveat": 281,
        "userfaultfd": 282,
        "pidfd_send_signal": 424,
        "io_uring_setup": 425,
        "pidfd_open": 434,
        "clone3": 435,
        "openat2": 437,
        "landlock_create_ruleset": 444,
    },
}
NEEDED = {
    "x86_64": {"read": 0, "write": 1, "brk": 12, "rt_sigreturn": 15, "setitimer": 38, "futex": 202, "exit_group": 231},
    "aarch64": {
        "read": 63,
        "write": 64,
        "brk": 214,
        "rt_sigreturn": 139,
        "setitimer": 103,
        "futex": 98,
        "exit_group": 94,
    },
}
MAPPING = {"x86_64": {"mmap": 9, "mprotect": 10}, "aarch64": {"mmap": 222, "mprotect": 226}}
MACHINES = pytest.mark.parametrize("machine", ["x86_64", "aarch64"])


@MACHINES
def test_what_could_do_harm_fails_with_eperm(machine):
    program = seccomp.worker_filter(machine)
    verdicts = {name: run_bpf(program, number, ARCH[machine]) for name, number in DENIED[machine].items()}
    assert verdicts == dict.fromkeys(DENIED[machine], EPERM)


@MACHINES
def test_what_python_needs_is_allowed(machine):
    program = seccomp.worker_filter(machine)
    verdicts = {name: run_bpf(program, number, ARCH[machine]) for name, number in NEEDED[machine].items()}
    assert verdicts == dict.fromkeys(NEEDED[machine], ALLOW)


@MACHINES
def test_the_list_is_the_whole_list(machine):
    """Of all numbers that there are, exactly those of the table are allowed."""
    program = seccomp.worker_filter(machine)
    allowed = {number for number in range(1024) if run_bpf(program, number, ARCH[machine]) == ALLOW}
    assert allowed == set(seccomp.ALLOWED[machine].values()) | set(MAPPING[machine].values())
    assert len(allowed) < 45


@MACHINES
@settings(max_examples=30)
@given(protection=st.integers(0, 2**64 - 1))
def test_memory_may_be_mapped_but_never_executable(machine, protection):
    program = seccomp.worker_filter(machine)
    for number in MAPPING[machine].values():
        verdict = run_bpf(program, number, ARCH[machine], (0, 4096, protection, 0, 0, 0))
        assert verdict == (EPERM if protection & 4 else ALLOW)


@MACHINES
@settings(max_examples=30)
@given(number=st.integers(0, 2**32 - 1))
def test_a_foreign_architecture_is_killed(machine, number):
    program = seccomp.worker_filter(machine)
    for name, arch in ARCH.items():
        if name != machine:
            assert run_bpf(program, number, arch) == KILL


@settings(max_examples=30)
@given(number=st.integers(0, 2**30 - 1))
def test_x32_calls_are_killed(number):
    assert run_bpf(seccomp.worker_filter("x86_64"), 0x40000000 | number, ARCH["x86_64"]) == KILL


@MACHINES
def test_the_program_is_one_that_the_kernel_takes(machine):
    """At most 4,096 instructions, every jump lands inside, the last returns."""
    program = seccomp.worker_filter(machine)
    code = list(struct.iter_unpack("<HBBI", program))
    assert len(code) <= 4096
    assert code[-1][0] == 0x06
    for at, (operation, yes, no, _) in enumerate(code):
        if operation & 0x07 == 0x05:
            assert at + 1 + max(yes, no) < len(code)


def test_other_machines_are_refused():
    with pytest.raises(ValueError, match="no seccomp filter for 'riscv64'; there is one for x86_64 and aarch64"):
        seccomp.worker_filter("riscv64")


def test_a_filter_that_denies_some():
    program = seccomp.denying_filter({272: 1, 444: 38})
    assert [run_bpf(program, number, ARCH["x86_64"]) for number in (272, 444, 0)] == [1, 38, ALLOW]
