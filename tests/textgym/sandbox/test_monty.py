"""The backend `MontySandbox`: the interface of `Sandbox`, with an interpreter for a part of Python."""

import os
import pickle
import random
import signal
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest
from support.sandboxes import descendants, gone

from textgym.sandbox import Limits, MontySandbox, SandboxError, Status
from textgym.sandbox.monty import load_monty
from textgym.tools import CallStatus, ToolSession, python_tool

QUICK = Limits(cpu_s=0.3, grace_s=0.3, wall_s=10.0, memory_mb=64, stdout_chars=1_000, value_chars=100, error_chars=900)


@pytest.fixture(scope="module")
def sandbox():
    with MontySandbox(limits=QUICK) as sandbox:
        yield sandbox


@pytest.fixture
def session(sandbox):
    with sandbox.session(seed=7) as session:
        yield session


def test_a_repl_that_keeps_its_state(session):
    result = session.run("x = 6\nprint('a')")
    assert (result.status, result.stdout, result.value, result.error) == (Status.OK, "a\n", None, None)
    result = session.run("def f(n):\n    return x * n\nf(7)")
    assert (result.status, result.value, result.truncated, result.restarted) == (Status.OK, "42", False, False)
    assert result.cpu_s >= 0
    assert session.run("'b', [1.5], {'k': {2}}").value == "('b', [1.5], {'k': {2}})"


def test_errors_are_tracebacks_and_keep_the_state(session):
    session.run("x = 6")
    result = session.run("print('so far')\nx / 0")
    assert (result.status, result.stdout, result.value) == (Status.ERROR, "so far\n", None)
    assert "ZeroDivisionError: division by zero" in result.error
    assert "x / 0" in result.error
    result = session.run("x = = 1")
    assert (result.status, "SyntaxError" in result.error) == (Status.REFUSED, True)
    assert session.run("x").value == "6"


@pytest.mark.parametrize(
    ("code", "gap"),
    [
        ("class A: pass\nclass B(A): pass", "has no class inheritance and metaclasses; write it in another way"),
        ("def f():\n    yield 1", "has no yield expressions; write it in another way"),
        ("x = 1\ndel x", "has no 'del' statement; write it in another way"),
    ],
)
def test_gaps_of_the_language_are_refused_by_name(session, code, gap):
    result = session.run(f"print('ran')\n{code}")
    assert (result.status, result.stdout) == (Status.REFUSED, "")
    assert result.error.endswith(f"The Python of this sandbox {gap}")


def test_a_missing_module_says_so(session):
    result = session.run("import fractions")
    assert result.status == Status.ERROR
    assert "No module named 'fractions'\nThe Python of this sandbox has few modules, and not this one" in result.error


@pytest.mark.parametrize("name", ["math", "re", "json", "collections", "itertools", "datetime", "decimal", "random"])
def test_modules_that_there_are(session, name):
    assert session.run(f"import {name}").status == Status.OK


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("class A:\n    pass\n[A(), (1, {'k': A()})]", "[<A object>, (1, {'k': <A object>})]"),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\nP(3)", "P(x=3)"),
        ("len", "<built-in function len>"),
    ],
)
def test_objects_of_the_session_are_described(session, code, shown):
    assert session.run(code).value == shown


@pytest.mark.parametrize("code", ["10 ** 5000", "x = []\nfor i in range(3000):\n    x = [x]\nx"])
def test_a_value_that_cannot_be_shown(session, code):
    result = session.run(code)
    assert result.status in (Status.ERROR, Status.LOST)
    assert result.error
    assert session.run("6 * 7").value == "42"


@pytest.mark.parametrize("code", ["while True: pass", "sum(range(10**12))", "while True: print('x' * 99)"])
def test_what_never_ends_is_lost(session, code):
    session.run("y = 1")
    result = session.run(code)
    assert (result.status, "it ran for 0.3 s" in result.error) == (Status.LOST, True)
    result = session.run("y")
    assert (result.status, result.restarted, "NameError" in result.error) == (Status.ERROR, True, True)


def test_a_timeout_of_the_codes_own_is_an_error(session):
    assert session.run("raise TimeoutError('feed time limit exceeded')").status == Status.ERROR


def test_memory_is_bounded(session):
    result = session.run("x = 'a' * 10**9")
    assert (result.status, "MemoryError" in result.error) == (Status.ERROR, True)
    assert session.run("6 * 7").value == "42"


def test_texts_are_bounded_and_safe(session):
    result = session.run("print('x' * 5000)\n'y' * 5000")
    assert (len(result.stdout), len(result.value), result.truncated) == (1_000, 100, True)
    result = session.run("raise ValueError('z' * 5000)")
    assert (len(result.error) <= 900, result.truncated) == (True, True)
    assert session.run("print('\\x1b[31m\\x00')").stdout == "\\x1b[31m\\x00\n"
    assert session.run("x" * 100_001).status == Status.REFUSED
    assert session.run("'\ud800'").status == Status.REFUSED


def test_it_has_no_files_processes_or_sockets(session, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("canary")
    for code in (
        f"open({str(secret)!r}).read()",
        f"from pathlib import Path\nPath({str(secret)!r}).read_text()",
        "import subprocess",
        "import socket",
        "import ctypes",
        "import os\nos.system('true')",
        "import os\nos.environ['PATH']",
        "(1).__class__.__mro__",
        "(lambda: 1).__globals__",
        "__import__('os').fork()",
        "input()",
    ):
        result = session.run(code)
        assert (result.status, result.value, "canary" in result.error) == (Status.ERROR, None, False), (code, result)


def test_the_seed_is_that_of_random(sandbox):
    with sandbox.session(seed=11) as session:
        assert session.run("import random\nrandom.random()").value == repr(random.Random(11).random())


def test_a_worker_that_dies_is_replaced(session):
    session.run("x = 6")
    os.kill(session._checkout.worker_pid, signal.SIGKILL)
    result = session.run("x")
    assert (result.status, "its process died" in result.error) == (Status.LOST, True)
    assert session.run("6 * 7").value == "42"


def test_32_sessions_at_once_do_not_mix(sandbox):
    wrong = []

    def work(number):
        with sandbox.session(number) as session:
            session.run(f"mine = {number}")
            barrier.wait(60)
            result = session.run("print(mine)\nmine * 1000")
            if (result.stdout, result.value) != (f"{number}\n", str(number * 1000)):
                wrong.append(result)

    barrier = threading.Barrier(32)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_closing():
    before = descendants(os.getpid())
    sandbox = MontySandbox(limits=QUICK)
    session = sandbox.session()
    session.run("1")
    pids = descendants(os.getpid()) - before
    assert pids
    session.close()
    session.close()
    with pytest.raises(ValueError, match="this session is closed"):
        session.run("1")
    sandbox.close()
    sandbox.close()
    assert sandbox.closed
    assert gone(pids)
    with pytest.raises(ValueError, match="this sandbox is closed"):
        sandbox.session()
    with pytest.raises(ValueError, match="spares must be at least 0"):
        MontySandbox(spares=-1)


def test_a_fork_is_refused_and_harms_nobody(sandbox):
    session = sandbox.session()
    session.run("x = 6")
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = []
        for attempt in (partial(session.run, "x"), sandbox.session):
            try:
                attempt()
            except SandboxError as error:
                said.append(str(error)[:20])
        session.close()
        os.write(write, "\n".join(said).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 1000).decode().split("\n") == ["this session belongs", "this sandbox belongs"]
    os.close(read)
    os.close(write)
    assert session.run("x").value == "6"
    session.close()


def test_it_pickles_as_its_arguments(sandbox):
    with pickle.loads(pickle.dumps(sandbox)) as copy, copy.session() as session:
        assert copy.limits == QUICK
        assert session.run("6 * 7").value == "42"


def test_the_python_tool_runs_in_it(sandbox):
    session = ToolSession(python_tool(sandbox), partial(np.random.default_rng, 0))
    assert session.run({"code": "x = 6"}) == (CallStatus.OK, "(no output)")
    assert session.run({"code": "x * 7"}) == (CallStatus.OK, "42")
    status, text = session.run({"code": "while True: pass"})
    assert (status, text[:29]) == (CallStatus.TOOL_ERROR, "error: the session was lost: ")
    session.close()


def test_it_is_imported_late_and_its_absence_names_the_extra(monkeypatch):
    code = "import sys, textgym.sandbox\nassert 'pydantic_monty' not in sys.modules"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)
    with pytest.raises(ImportError, match=r'MontySandbox needs the extra "monty": pip install "textgym\[monty\]"'):
        load_monty()
