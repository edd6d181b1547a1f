"""What a session answers, within its limits."""

import errno
import itertools
import os
import signal
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from support.sandboxes import QUICK, SLOWNESS, descendants, plain_sandbox

from textgym.sandbox import Limits, Sandbox, SandboxError, Session, Status
from textgym.sandbox.frames import encode
from textgym.sandbox.language import Interpreter
from textgym.sandbox.language.interpreter import MAX_SOURCES
from textgym.sandbox.session import Worker, WorkerLost, read_reply

STOP_SWALLOWED = """
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
"""


def test_state_is_kept(session):
    assert session.run("x = 6").value is None
    assert session.run("x * 7").value == "42"


def test_a_result(session):
    result = session.run("print('a')\nprint('b')\n[1, 2]")
    assert (result.status, result.stdout, result.value, result.error) == (Status.OK, "a\nb\n", "[1, 2]", None)
    assert 0 < result.cpu_s < 1 * SLOWNESS
    assert not result.truncated
    assert not result.restarted


def test_errors_and_refusals(session):
    result = session.run("print('before')\n1/0")
    assert (result.status, result.stdout) == (Status.ERROR, "before\n")
    assert result.error.endswith("ZeroDivisionError: division by zero\n")
    result = session.run("x = = 1")
    assert (result.status, result.value) == (Status.REFUSED, None)
    assert session.run("raise SystemExit").status == Status.ERROR


def test_sessions_are_apart(sandbox):
    with sandbox.session() as one, sandbox.session() as other:
        one.run("import builtins\nx = 1\nbuiltins.oct = None")
        assert "NameError" in other.run("x").error
        assert other.run("oct(8)").value == "'0o10'"
        assert one.run("x").value == "1"


def test_the_seed_is_that_of_random(sandbox):
    def draw(seed):
        with sandbox.session(seed) as session:
            return session.run("import random\nrandom.random()").value

    assert draw(1) == draw(1) != draw(2)


def test_the_order_of_sets_is_the_same_in_every_sandbox(sandbox):
    code = "list({str(i) for i in range(100)})"
    with plain_sandbox() as other, other.session() as there, sandbox.session() as here:
        assert here.run(code).value == there.run(code).value


def test_source_cap(session):
    limit = QUICK.source_bytes
    assert session.run("#" + "x" * (limit - 1)).status == Status.OK
    for source in ("#" + "x" * limit, "#" + "é" * (limit // 2)):
        result = session.run(source)
        assert result.status == Status.REFUSED
        assert f"at most {limit} are taken" in result.error


def test_source_that_is_no_text(session):
    assert "surrogate" in session.run("x = '\ud800'").error
    assert session.run("x = '\0'").status == Status.REFUSED
    assert session.run("'ok'").value == "'ok'"


def test_output_caps():
    limits = replace(QUICK, cpu_s=2 * SLOWNESS, stdout_chars=100, value_chars=50, error_chars=200)
    with plain_sandbox(limits=limits) as sandbox, sandbox.session() as session:
        result = session.run("for i in range(10**5):\n    print(i)\n'y' * 10**6")
        assert result.stdout == "".join(f"{i}\n" for i in range(100))[:100]
        assert len(result.value) == 50
        assert result.truncated
        result = session.run("raise ValueError('z' * 10**6 + 'end')")
        assert (len(result.error), result.truncated) == (200, True)
        assert result.error.startswith("Traceback")
        assert result.error.endswith("end\n")
        result = session.run("print('x' * 99)")
        assert (len(result.stdout), result.truncated) == (100, False)
        assert session.run("print('🦉' * 100, end='')").stdout == "🦉" * 100


def test_text_is_made_safe(session):
    result = session.run("print('\\x1b[31m\\x00\\ud800')\nobject()")
    assert result.stdout == "\\x1b[31m\\x00\\ud800\n"
    assert result.value == "<object object at 0x...>"
    assert session.run("raise ValueError('\\x1b]0;owned')").error.endswith("ValueError: \\x1b]0;owned\n")


def test_soft_timeout_keeps_the_state(session):
    session.run("n = 0")
    result = session.run("print('begun')\nwhile True:\n    n += 1")
    assert (result.status, result.stdout) == (Status.TIMEOUT, "begun\n")
    assert f"stopped after {QUICK.cpu_s:g} s of CPU time" in result.error
    assert 0.6 * QUICK.cpu_s < result.cpu_s < 2 * QUICK.cpu_s  # the kernel counts the timer in ticks
    assert int(session.run("n").value) > 1000


def test_finally_runs_at_a_soft_timeout(session):
    session.run("try:\n    n = 0\n    while True:\n        n += 1\nfinally:\n    cleaned = True")
    assert session.run("cleaned").value == "True"


@pytest.mark.parametrize("code", ["sum(range(10**12))", STOP_SWALLOWED], ids=["in C", "swallowed"])
def test_what_cannot_be_stopped_is_killed(session, code):
    session.run("x = 1")
    result = session.run(code)
    assert result.status == Status.LOST
    assert f"it used {QUICK.cpu_s + QUICK.grace_s:g} s of CPU time and could not be stopped otherwise" in result.error
    assert "the next call starts from nothing" in result.error
    result = session.run("'x' in globals()")
    assert (result.value, result.restarted) == ("False", True)
    assert not session.run("1").restarted


def test_who_sleeps_has_wall_time():
    with plain_sandbox(limits=Limits(cpu_s=0.2, grace_s=0.1, wall_s=1.5)) as sandbox, sandbox.session() as session:
        start = time.monotonic()
        assert session.run("import time\ntime.sleep(0.8)\n1").value == "1"
        result = session.run("time.sleep(100)")
        assert (result.status, "did not answer within 1.5 s" in result.error) == (Status.LOST, True)
        assert time.monotonic() - start < 10


def test_a_worker_that_gets_no_cpu_time_is_waited_for():
    """What a busy machine does, at its worst: the worker stands still for longer than its CPU budget."""
    with plain_sandbox(spares=0) as sandbox, sandbox.session() as session:
        workers = descendants(sandbox.pid)
        results = []
        thread = threading.Thread(target=lambda: results.append(session.run("sum(range(10**6))")))
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
        thread.start()
        time.sleep(QUICK.cpu_s + QUICK.grace_s + 0.5)
        assert not results
        for pid in workers:
            os.kill(pid, signal.SIGCONT)
        thread.join()
        assert results[0].value == "499999500000"


def test_memory(session):
    session.run("x = 1")
    assert "MemoryError" in session.run("y = bytearray(10**9)").error
    assert "MemoryError" in session.run("y = []\nwhile True:\n    y.append(bytearray(5 * 10**7))").error
    session.run("y = None")
    assert session.run("x").value == "1"


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)",
        "import os\nos.abort()",
        "import ctypes\nctypes.string_at(0)",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(): return f()\nf()",
        "import sys\nsys.setrecursionlimit(10**9)\ndef f(_): return sorted([1, 2], key=f)\nf(1)",
    ],
    ids=["exit", "abort", "segfault", "recursion", "recursion in C"],
)
def test_a_crash_is_an_answer(session, code):
    result = session.run(code)
    assert (result.status, "the session was lost: " in result.error) == (Status.LOST, True)
    result = session.run("6 * 7")
    assert (result.value, result.restarted) == ("42", True)


def test_closing(sandbox):
    session = sandbox.session()
    assert isinstance(session, Session)
    session.close()
    session.close()
    with pytest.raises(ValueError, match=r"this session is closed; open another with session\(\) of its sandbox"):
        session.run("1")


def test_closing_ends_a_run(sandbox):
    session = sandbox.session()
    results = []
    thread = threading.Thread(target=lambda: results.append(session.run("import time\ntime.sleep(60)")))
    start = time.monotonic()
    thread.start()
    time.sleep(0.2)
    session.close()
    thread.join()
    assert results[0].status == Status.LOST
    assert time.monotonic() - start < 10


def test_a_closed_sandbox():
    sandbox = plain_sandbox()
    session = sandbox.session()
    sandbox.close()
    sandbox.close()
    assert sandbox.closed
    with pytest.raises(ValueError, match="this sandbox is closed; make another"):
        sandbox.session()
    assert session.run("1").status == Status.LOST
    with pytest.raises(ValueError, match="this sandbox is closed"):
        session.run("1")
    session.close()


def test_bad_arguments():
    with pytest.raises(ValueError, match="spares must be at least 0, not -1"):
        plain_sandbox(spares=-1)
    with pytest.raises(SandboxError, match=r"No module named 'textgym\.sandbox\.nothing'"):
        Sandbox(_module="textgym.sandbox.nothing")


REPLY = {"id": "q", "status": "ok", "stdout": "", "value": None, "error": None, "truncated": False, "cpu": 0.1}


@pytest.mark.parametrize(
    "change",
    [
        {"id": "other"},
        {"id": None},
        {"status": "lost"},
        {"status": ["ok"]},
        {"status": None},
        {"stdout": None},
        {"stdout": 1},
        {"value": 42},
        {"error": {"text": "x"}},
    ],
)
def test_an_answer_of_another_shape_is_none(change):
    with pytest.raises(WorkerLost):
        read_reply({**REPLY, **change}, "q", QUICK)


@pytest.mark.parametrize("cpu", [float("nan"), float("inf"), -1, 10**400, True, "1", None, [1]])
def test_a_time_that_is_none_is_bounded(cpu):
    assert 0 <= read_reply({**REPLY, "cpu": cpu}, "q", QUICK).cpu_s <= QUICK.wall_s


def test_texts_of_an_answer_are_cut_and_made_safe():
    result = read_reply({**REPLY, "stdout": "\x1b" * 10**6, "value": "v" * 10**6, "error": "e" * 10**6}, "q", QUICK)
    assert result.stdout == "\\x1b" * QUICK.stdout_chars
    assert len(result.value) == QUICK.value_chars
    assert len(result.error) == QUICK.error_chars


def test_the_longest_honest_answer_fits():
    limits = Limits()
    texts = {"stdout": "🦉" * limits.stdout_chars, "value": "🦉" * limits.value_chars}
    texts["error"] = "🦉" * limits.error_chars
    assert len(encode({**REPLY, **texts, "id": "0" * 16, "clock": 123.456})) <= limits.reply_bytes


def test_what_a_worker_claims_to_have_used_buys_no_more_than_the_grace(monkeypatch):
    """It sleeps for 29 seconds, says that it worked, and later runs have no 29 seconds in store."""
    asked: list[str] = []
    channel = SimpleNamespace(idle=lambda: True, put=lambda frame: asked.append(frame["id"]), send=lambda _: True)
    channel.receive = lambda _: {**REPLY, "id": asked[-1], "clock": 29.0 * len(asked)}
    worker = Worker(SimpleNamespace(spawn=lambda: (1, channel), cpu_s=lambda _: 0.1), QUICK)
    times = itertools.count(0.0, 29.0)
    monkeypatch.setattr("textgym.sandbox.session.time", SimpleNamespace(monotonic=lambda: next(times)))
    for _ in range(20):
        worker.run("pass", 0)
        assert worker._clock <= 0.1 + QUICK.grace_s
    channel.receive = lambda _: {**REPLY, "id": asked[-1], "clock": worker._clock + 0.001}
    for _ in range(20):  # little by little, likewise
        worker.run("pass", 0)
        assert worker._clock <= 0.1 + QUICK.grace_s


ANSWERED_TOO_EARLY = """
import json, os, signal, sys
frame = sys._getframe()
while "request" not in frame.f_locals: frame = frame.f_back
answer = {"id": frame.f_locals["request"]["id"], "status": "ok", "stdout": "", "value": "early", "error": None}
body = json.dumps(answer).encode()
signal.setitimer(signal.ITIMER_PROF, 0)
os.write(3, len(body).to_bytes(4, "big") + body)
while True: pass
"""


def test_a_worker_that_does_not_read_its_question_has_no_more_cpu_time():
    with plain_sandbox() as sandbox, sandbox.session() as session:
        assert session.run(ANSWERED_TOO_EARLY).value == "early"
        result = session.run("1  # " + "🦉" * 24_000)  # more than a socket holds
        assert result.status == Status.LOST
        assert "of CPU time" in result.error


def test_a_traceback_of_a_long_program_costs_little():
    with Sandbox(limits=QUICK) as sandbox, sandbox.session() as session:
        result = session.run("\n" * 80_000 + "def f(): return f()\nf()")
        assert result.status == Status.ERROR
        assert "RecursionError" in result.error
        assert "more calls" in result.error
        assert result.cpu_s < 0.2 * SLOWNESS


def test_long_programs_do_not_pile_up():
    interpreter = Interpreter(lambda _: None)
    interpreter.run("def f(): return 1 / 0")
    for _ in range(30):
        interpreter.run("kept = 1\n#" + "x" * 90_000)
    assert sum(map(len, interpreter._sources.values())) <= MAX_SOURCES
    error = interpreter.run("f()").error
    assert "line 1, in <module>\n    f()" in error
    assert error.endswith("ZeroDivisionError: division by zero")


def test_no_descriptor_left_is_said_and_costs_no_session(sandbox, monkeypatch):
    with sandbox.session() as session:
        session.run("x = 1")
        pid = sandbox.pid

        def none_left() -> None:
            raise OSError(errno.EMFILE, "Too many open files")

        with monkeypatch.context() as patch:
            patch.setattr("textgym.sandbox.launch.socket.socketpair", none_left)
            opened = []
            with pytest.raises(SandboxError, match="ulimit"):
                opened.extend(iter(sandbox.session, None))  # until the spares are used up
        for each in opened:
            each.close()
        assert session.run("x").value == "1"
        assert sandbox.pid == pid


@pytest.mark.parametrize("code", ["import sys\nsys.exit(0)", "exit()", "print('x')\nraise SystemExit"])
def test_a_program_that_ends_itself_well_is_no_error(code):
    with Sandbox(limits=QUICK) as sandbox, sandbox.session() as session:
        assert session.run(f"kept = 1\n{code}").status == Status.OK
        assert session.run("kept").value == "1"


@pytest.mark.parametrize("name", ["utf-16-le", "utf_16_be", "utf-32-le", "cp1251", "iso-8859-15", "koi8-r", "latin1"])
def test_codecs_are_there_although_no_file_can_be_opened(name):
    with Sandbox(limits=QUICK) as sandbox, sandbox.session() as session:
        assert session.run(f"'abc'.encode({name!r}).decode({name!r})").value == "'abc'"


def test_what_the_library_draws_by_itself_comes_from_the_seed():
    program = "import statistics\nstatistics.NormalDist().samples(3)"
    with Sandbox(limits=QUICK) as sandbox:
        drawn = []
        for seed in (7, 7, 8):
            with sandbox.session(seed=seed) as session:
                drawn.append(session.run(program).value)
    assert drawn[0] == drawn[1] != drawn[2]
