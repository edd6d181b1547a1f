"""Attacks on the layers of the kernel and on the connection, with the language layer off.

Each says what it should not be able to do by an expression that tells whether it did.
"""

import os
import socket
import threading
import time

import pytest
from support.sandboxes import QUICK, descendants, descriptors, gone, plain_sandbox, steady

from textgym.sandbox import Status

PRELUDE = """
import ctypes, errno, mmap, os, platform, resource, select, signal, socket, struct, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def call(x86, arm, *arguments):
    number = x86 if platform.machine() == "x86_64" else arm
    result = libc.syscall(ctypes.c_long(number), *arguments)
    return errno.errorcode[ctypes.get_errno()] if result < 0 else "done"
def attempt(function, *arguments):
    try:
        return "done", function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    except (RuntimeError, ValueError) as error:
        return str(error)
"""

DENIED = {
    "open to read": "attempt(os.open, '/etc/passwd', os.O_RDONLY)",
    "open to write": "attempt(os.open, '/tmp/textgym-attack', os.O_CREAT | os.O_WRONLY)",
    "open the null device": "attempt(os.open, '/dev/null', os.O_RDWR)",
    "openat2": "call(437, 437, -100, b'/etc/passwd', bytes(24), 24)",
    "stat": "attempt(os.stat, '/etc/passwd')",
    "list": "attempt(os.listdir, '/')",
    "chdir": "attempt(os.chdir, '/tmp')",
    "unlink": "attempt(os.unlink, '/tmp/textgym-attack')",
    "symlink": "attempt(os.symlink, '/etc', '/tmp/textgym-attack')",
    "mkdir": "attempt(os.mkdir, '/tmp/textgym-attack')",
    "chroot": "attempt(os.chroot, '/')",
    "read /proc of itself": "attempt(os.open, '/proc/self/environ', os.O_RDONLY)",
    "read /proc of all": "attempt(os.listdir, '/proc')",
    "tcp socket": "attempt(socket.socket, socket.AF_INET)",
    "udp socket": "attempt(socket.socket, socket.AF_INET, socket.SOCK_DGRAM)",
    "unix socket": "attempt(socket.socket, socket.AF_UNIX)",
    "netlink socket": "attempt(socket.socket, 16, socket.SOCK_RAW)",
    "socket pair": "attempt(socket.socketpair)",
    "fork": "attempt(os.fork)",
    "thread": "attempt(threading.Thread(target=print).start)",
    "clone3": "call(435, 435, bytes(88), 88)",
    "vfork": "call(58, 220, 0x4111, 0, 0, 0, 0)",
    "exec": "attempt(os.execv, '/bin/sh', ['sh', '-c', 'true'])",
    "posix_spawn": "attempt(os.posix_spawn, '/bin/sh', ['sh'], {})",
    "execveat": "call(322, 281, -100, b'/bin/sh', None, None, 0)",
    "kill the parent": "attempt(os.kill, os.getppid() or 1, 9)",
    "kill everybody": "attempt(os.kill, -1, 9)",
    "kill its group": "attempt(os.killpg, 0, 9)",
    "kill init": "attempt(os.kill, 1, 0)",
    "tgkill": "call(234, 131, 1, 1, 0)",
    "pidfd": "attempt(os.pidfd_open, 1)",
    "ptrace": "call(101, 117, 16, ctypes.c_long(1), None, None)",
    "traceme": "call(101, 117, 0, 0, None, None)",
    "read a process's memory": "call(310, 270, 1, None, 0, None, 0, 0)",
    "write a process's memory": "call(311, 271, 1, None, 0, None, 0, 0)",
    "io_uring": "call(425, 425, 8, ctypes.create_string_buffer(120))",
    "bpf": "call(321, 280, 0, ctypes.create_string_buffer(64), 64)",
    "perf": "call(298, 241, ctypes.create_string_buffer(128), 0, -1, -1, 0)",
    "userfaultfd": "call(323, 282, 0)",
    "keyring": "call(250, 219, 0, -3, 1)",
    "another seccomp filter": "call(317, 277, 1, 0, None)",
    "prctl": "call(157, 167, 4, 1, 0, 0, 0)",
    "unshare": "call(272, 97, 0x10000000)",
    "setns": "call(308, 268, 0, 0)",
    "mount": "call(165, 40, b'none', b'/tmp', b'tmpfs', 0, None)",
    "personality": "call(135, 92, 0xffffffff)",
    "become root": "attempt(os.setuid, 0)",
    "raise the limit of memory": "attempt(resource.setrlimit, resource.RLIMIT_AS, (-1, -1))",
    "ask for limits": "attempt(resource.getrlimit, resource.RLIMIT_AS)",
    "shared memory": "call(29, 194, 0, 4096, 0o666)",
    "memory file": "attempt(os.memfd_create, 'x')",
    "pipe": "attempt(os.pipe)",
    "dup": "attempt(os.dup, 3)",
    "epoll": "attempt(select.epoll)",
    "send descriptors": "call(46, 211, 3, None, 0)",
    "receive descriptors": "call(47, 212, 3, None, 0)",
    "executable memory": "attempt(mmap.mmap, -1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)",
    "make memory executable": "call(10, 226, ctypes.c_void_p(id(call) & ~4095), 4096, 7)",
}


@pytest.fixture(scope="module")
def attacker(sandbox):
    with sandbox.session() as session:
        assert session.run(PRELUDE).error is None
        yield session


@pytest.mark.parametrize("name", DENIED)
def test_denied(attacker, name):
    refused = ("'EPERM'", '"can\'t start new thread"', "'not allowed to raise maximum limit'")
    assert attacker.run(DENIED[name]).value in refused
    assert attacker.run("6 * 7").value == "42"


def test_no_harm_was_done():
    assert not os.path.lexists("/tmp/textgym-attack")


def test_only_the_null_device_and_its_own_connection_are_open(attacker):
    code = "[fd for fd in range(4096) if attempt(os.lseek, fd, 0, 1) != 'EBADF']"
    assert attacker.run(code).value == "[0, 1, 2, 3]"
    assert attacker.run("attempt(os.read, 0, 10)").value == "('done', b'')"


def test_it_is_nobody_without_rights_or_sights(attacker):
    assert attacker.run("os.getuid(), os.geteuid(), os.getgid(), os.getegid()").value == str((65534,) * 4)
    assert attacker.run("os.getppid()").value == "0"
    assert attacker.run("sorted(os.environ)").value == "['LC_ALL', 'PYTHONDONTWRITEBYTECODE', 'PYTHONHASHSEED']"


def test_nothing_of_the_trainer_is_loaded(attacker):
    heavy = ["numpy", "gymnasium", "torch", "textgym.env", "textgym.tools", "textgym.sandbox.sandbox"]
    assert attacker.run(f"[name for name in {heavy} if name in sys.modules]").value == "[]"


def test_a_listening_socket_is_not_reached(attacker):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        port = server.getsockname()[1]
        assert attacker.run(f"attempt(lambda: socket.socket().connect(('127.0.0.1', {port})))").value == "'EPERM'"
        with pytest.raises(TimeoutError):
            server.accept()


BOMBS = {
    "cpu": ("while True: pass", Status.TIMEOUT),
    "cpu in C": ("sum(range(10**12))", Status.LOST),
    "power": ("10 ** 10 ** 9", None),
    "regex": ("import re\nre.match('(a+)+b', 'a' * 60)", None),
    "compile": ("compile('(' * 90 + ')' * 90 + '\\n' + '-' * 10**6 + '1', 'x', 'exec')", None),
    "memory": ("x = 'a' * 10**8\nwhile True: x += x", Status.ERROR),
    "memory in C": ("list(range(10**10))", Status.ERROR),
    "output": ("while True: print('x' * 1000)", Status.TIMEOUT),
    "output at once": ("print('x' * 10**7)", Status.OK),
    "value": ("'x' * 10**7", Status.OK),
    "error": ("raise ValueError('x' * 10**7)", Status.ERROR),
    "null output": ("while True: print(end='')", Status.TIMEOUT),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(session, name):
    code, status = BOMBS[name]
    result = session.run(code)
    assert result.status == status or (status is None and result.status != Status.OK)
    assert len(result.stdout) <= QUICK.stdout_chars
    assert len(result.value or "") <= QUICK.value_chars
    assert session.run("6 * 7").value == "42"


FORGERY = """
import json, os, gc, sys
def frame(**fields):
    body = json.dumps(fields).encode()
    return len(body).to_bytes(4, "big") + body
def question():
    depth = sys._getframe()
    while depth:
        if "request" in depth.f_locals:
            return depth.f_locals["request"]["id"]
        depth = depth.f_back
def forge(id, value):
    os.write(3, frame(id=id, status="ok", stdout="", value=value, error=None, truncated=False, cpu=0.0, clock=0.0))
"""

FORGERIES = {
    "an answer to no question": "forge('0' * 16, 'forged')",
    "a second answer": "forge(question(), 'own')",
    "an answer without an id": "forge(None, 'forged')",
    "no frame": "os.write(3, b'x' * 100)",
    "a frame without end": "os.write(3, (50).to_bytes(4, 'big'))",
    "a frame too long": "os.write(3, b'\\xff\\xff\\xff\\xff')",
    "no JSON": "os.write(3, (3).to_bytes(4, 'big') + b'{x}')",
    "another shape": "os.write(3, frame(id=question(), status='ok', stdout=3))",
    "a ready message": "os.write(3, frame(ready=True))",
    "closing": "os.close(3)",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_frame_never_answers_the_next_call(sandbox, name):
    """It may speak for its own call, as its code could; whatever comes beyond that ends the session."""
    with sandbox.session() as session, sandbox.session() as other:
        other.run("x = 'other'")
        session.run(FORGERY)
        first = session.run(FORGERIES[name])
        assert first.status == Status.LOST or (name == "a second answer" and first.value == "own")
        following = session.run("6 * 7")
        if first.status != Status.LOST:
            assert following.status == Status.LOST
            following = session.run("6 * 7")
        assert (following.value, following.restarted) == ("42", True)
        assert other.run("x").value == "'other'"


def test_a_frame_that_comes_between_calls(sandbox):
    """An alarm that rings between two calls, and writes an answer for whatever is asked next."""
    with sandbox.session() as session:
        session.run(FORGERY)
        late = "import signal\nsignal.signal(14, lambda *_: forge('0' * 16, 'forged'))\nsignal.setitimer(0, 0.1)"
        assert session.run(late).status == Status.OK
        time.sleep(0.3)
        result = session.run("6 * 7")
        assert (result.status, "spoke unasked" in result.error) == (Status.LOST, True)
        assert session.run("6 * 7").value == "42"


def test_an_answer_in_drops_does_not_extend_its_time(sandbox):
    code = """
import os, time
os.write(3, (1000).to_bytes(4, "big"))
while True:
    try:
        while True:
            os.write(3, b" ")
            for _ in range(10**6): pass
    except BaseException:
        pass
"""
    with sandbox.session() as session:
        result = session.run(code)
        assert (result.status, f"it used {QUICK.cpu_s + QUICK.grace_s:g} s of CPU time" in result.error) == (
            Status.LOST,
            True,
        )


def test_who_reads_no_questions_is_lost():
    """The worker's connection is full and its reader busy."""
    with plain_sandbox(limits=QUICK) as sandbox, sandbox.session() as session:
        session.run(
            "import signal\ndef spin(*_):\n    while True: pass\nsignal.signal(14, spin)\nsignal.setitimer(0, 0.05)"
        )
        time.sleep(0.2)
        result = session.run("#" * 90_000)
        assert (result.status, "CPU time" in result.error) == (Status.LOST, True)


def test_32_sessions_at_once_do_not_mix(sandbox):
    wrong = []

    def work(number):
        with sandbox.session(number) as session:
            session.run(f"mine = {number}")
            for i in range(20):
                result = session.run(f"print(mine)\nmine * 1000 + {i}")
                if (result.stdout, result.value) != (f"{number}\n", str(number * 1000 + i)):
                    wrong.append(result)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_nothing_is_left(sandbox):
    """After crashes, kills and bombs: no process, no zombie, no descriptor."""
    before = steady(os.getpid())  # workers of the tests before may still be dying
    before_descriptors = descriptors()
    for code in ("import os\nos._exit(1)", "sum(range(10**12))", "while True: pass", "1/0"):
        with sandbox.session() as session:
            session.run(code)
    assert steady(os.getpid()) == before
    assert descriptors() == before_descriptors
    with plain_sandbox() as another:
        with another.session():
            pids = descendants(another.pid) | {another.pid}
        assert len(pids) >= 3
    assert gone(pids)
    assert descriptors() == before_descriptors
