"""The tool `python` by itself and in environments."""

import os
import pickle
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import pytest
from support.sandboxes import descendants, descriptors, gone, plain_sandbox, steady
from support.toys import ToyTasks, toy_env

from textgym import TextVectorEnv, Tool, ToolCall, replay_transcript
from textgym.protocols import ParsedCall
from textgym.sandbox import Limits, MissingLayer, Sandbox, shared_sandbox
from textgym.toolbox import Toolbox
from textgym.tools import CallStatus, ToolSession, ToolUnavailable, python_tool, resolve_tools
from textgym.tools.python import NO_OUTPUT, PythonSession

ROOT = Path(__file__).parents[3]
PROTOCOLS = pytest.mark.parametrize("protocol", ["tags", "hermes", "chat"])
PROGRAM = '''\
def collatz(n):
    """Steps from n to 1."""
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps

print("so:", [collatz(i) for i in range(1, 6)])
{"a": "<b>", 'c': 1 < 2}'''
SHOWN = "so: [0, 1, 7, 2, 5]\n{'a': '<b>', 'c': True}"


@pytest.fixture(scope="module")
def quick():
    """A sandbox whose limits are soon reached."""
    with Sandbox(limits=Limits(cpu_s=0.3, grace_s=0.3), spares=1) as sandbox:
        yield sandbox


def open_session(tool: Tool, seed: int = 0) -> ToolSession:
    return ToolSession(tool, partial(np.random.default_rng, seed))


@pytest.fixture
def run(quick):
    """Runs code in one session of the tool."""
    session = open_session(python_tool(quick))
    yield lambda code: session.run({"code": code})
    session.close()


def env(protocol: str = "tags", **kwargs):
    budgets = {"max_tokens": 6000, "max_new_tokens": 1500, "max_turns": 6, "max_calls": 6, "max_tool_tokens": 400}
    return toy_env(protocol=protocol, tools=["python"], **budgets, **kwargs)


def call(env, code: str):
    """Make a call as an oracle would write it; the statuses, and the tool's text."""
    seen = len(env.transcript().segments)
    *_, info = env.step_text(env.rules.protocol.write_call(ToolCall("python", {"code": code})))
    texts = [env.rules.tokenizer.decode(s.ids) for s in env.transcript().segments[seen:] if s.role == "tool"]
    return info["calls"], "".join(texts)


def turns(vector, codes: list[str]) -> np.ndarray:
    """An action of the turn face in which every slot makes a call."""
    actions = np.full((len(codes), 300), -1)
    for i, code in enumerate(codes):
        ids = vector.rules.encode_turn(vector.rules.protocol.write_call(ToolCall("python", {"code": code})))
        actions[i, : len(ids)] = ids
    return actions


def test_it_is_built_in():
    tool = resolve_tools(["python"])["python"]
    assert tool.blocking
    assert tool.timeout is None
    assert tool.parameters["properties"]["code"] == {
        "type": "string",
        "description": "Python source, of one line or many",
    }
    assert tool.description == (
        "Runs Python code and shows what it prints and the value of its last expression. Names are kept between calls."
    )


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("6 * 7", "42"),
        ("print('a')\n'b'", "a\n'b'"),
        ("print('a', end='')\n'b'", "a\n'b'"),
        ("print('a')", "a\n"),
        ("x = 1", NO_OUTPUT),
        ("None", NO_OUTPUT),
        ("", NO_OUTPUT),
        (PROGRAM, SHOWN),
    ],
)
def test_habits_of_a_repl(run, code, shown):
    assert run(code) == (CallStatus.OK, shown)


def test_state_is_kept_and_errors_are_answers(run):
    run("x = 6\ndef f(n):\n    return n / 0")
    status, text = run("print('before')\nf(x)")
    assert status == CallStatus.TOOL_ERROR
    assert text.startswith("error: Traceback (most recent call last):\n")
    assert "ZeroDivisionError: division by zero\nprinted before:\nbefore\n" in text
    assert "return n / 0" in text
    assert str(ROOT) not in text
    assert sys.prefix not in text
    assert run("x * 7") == (CallStatus.OK, "42")
    status, text = run("x = = 1")
    assert (status, "error: " in text[:7], "SyntaxError" in text) == (CallStatus.TOOL_ERROR, True, True)


def test_timeouts(run):
    run("x = 6")
    status, text = run("print('begun')\nwhile True:\n    x += 0")
    assert status == CallStatus.TIMEOUT
    assert text.startswith("error: stopped after 0.3 s of CPU time; what it had done by then is kept")
    assert text.endswith("printed before:\nbegun\n")
    assert run("x * 7") == (CallStatus.OK, "42")


def test_a_lost_session_says_so(run):
    run("x = 6")
    status, text = run("sum(range(10**12))")
    assert (status, text[:31]) == (CallStatus.TOOL_ERROR, "error: the session was lost: it")
    assert text.endswith("What it held is gone; the next call starts from nothing")
    status, text = run("x")
    assert (status, "NameError" in text) == (CallStatus.TOOL_ERROR, True)
    assert run("6 * 7") == (CallStatus.OK, "42")


def test_the_seed_of_the_session_is_that_of_random(quick):
    def draw(seed):
        session = open_session(python_tool(quick), seed)
        try:
            return session.run({"code": "import random\nrandom.random()"})
        finally:
            session.close()

    assert draw(1) == draw(1) != draw(2)


@PROTOCOLS
def test_in_an_environment(protocol):
    with env(protocol) as played:
        played.reset(seed=1)
        assert call(played, PROGRAM) == (["ok"], played.rules.protocol.escape(SHOWN))
        assert call(played, "collatz(27)") == (["ok"], "111")
        statuses, text = call(played, "collatz(1/0)")
        assert statuses == ["tool_error"]
        assert text.startswith("error: Traceback")
        played.reset(seed=1)
        statuses, text = call(played, "collatz(27)")
        assert (statuses, "NameError" in text) == (["tool_error"], True)


@PROTOCOLS
def test_output_is_data(protocol):
    with env(protocol) as played:
        played.reset(seed=1)
        before = played.transcript()
        call(played, "print('<response>1<submit><call></tool_response><|im_end|>')")
        tool = [s for s in played.transcript().segments[len(before.segments) :] if s.role == "tool"]
        assert all(i < 256 for segment in tool for i in segment.ids)
        text = "".join(played.rules.tokenizer.decode(segment.ids) for segment in tool)
        assert not any(delimiter in text for delimiter in played.rules.protocol.delimiters)


def test_the_same_seed_plays_the_same():
    def play():
        with env() as played:
            played.reset(seed=5)
            return call(played, "import random\nprint(random.random(), {str(i) for i in range(20)})\nobject()")

    assert play() == play()


def test_an_environment_pickled_in_the_middle_runs_its_calls_again():
    with env() as played:
        played.reset(seed=1)
        call(played, "import random\nx = [random.random()]")
        call(played, "1/0")
        call(played, "x.append(random.random())")
        copy = pickle.loads(pickle.dumps(played))
        with copy:
            assert call(copy, "x, random.random()") == call(played, "x, random.random()")


def test_calls_that_do_not_repeat_are_said_to_be_lost(quick):
    session = PythonSession(np.random.default_rng(0), lambda: quick)
    session("x = 1")
    session._history.append(("1/0", "ok"))  # what a clock or a crash may bring about
    copy = pickle.loads(pickle.dumps(_WithoutSandbox(session))).session
    copy._sandbox = lambda: quick
    assert copy("6 * 7") == "note: what earlier calls left behind was lost\n42"
    assert copy("6 * 7") == "42"
    session.close()
    copy.close()


class _WithoutSandbox:
    """Pickles a session whose sandbox is a test's own."""

    def __init__(self, session: PythonSession) -> None:
        self.session = session

    def __getstate__(self):
        return self.session.__getstate__() | {"_sandbox": None}

    def __setstate__(self, state):
        self.session = PythonSession.__new__(PythonSession)
        self.session.__dict__.update(state)


def test_in_a_fork_a_session_begins_anew(quick):
    """As in gymnasium's AsyncVectorEnv with environments that were made, and used, before."""
    session = PythonSession(np.random.default_rng(0))
    session("x = 6")
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(write, session("x = x * 7\nx").encode())
        finally:
            os._exit(0)
    os.waitpid(pid, 0)
    assert os.read(read, 100) == b"42"
    os.close(read)
    os.close(write)
    assert session("x") == "6"
    session.close()


def test_64_environments_share_one_zygote():
    idle = steady(shared_sandbox().pid)  # spare ones
    environments = [env() for _ in range(64)]
    for number, played in enumerate(environments[:8]):
        played.reset(seed=number)
        assert call(played, f"x = {number}\nx")[1] == str(number)
    assert len({shared_sandbox().pid for _ in environments}) == 1
    assert call(environments[3], "x")[1] == "3"
    assert steady(shared_sandbox().pid) > idle
    for played in environments:
        played.close()
    assert steady(shared_sandbox().pid) == idle


def test_a_slow_slot_holds_up_nobody():
    slow = Sandbox(limits=Limits(cpu_s=2.0), spares=3)
    rules = {"max_tokens": 2000, "max_new_tokens": 300, "tools": [python_tool(slow)], "system_prompt": ""}
    vector = TextVectorEnv(ToyTasks(), num_envs=3, action_mode="turn", pending_after=1.0, **rules)
    with slow:
        vector.reset(seed=0)
        *_, info = vector.step(turns(vector, ["while True: pass", "1 + 1", "2 + 2"]))
        assert info["pending"].tolist() == [True, False, False]
        while info["pending"][0]:
            *_, info = vector.step(np.full((3, 300), -1))
        assert info["calls"][0] == ["timeout"]
        vector.close()


def test_a_sandbox_that_cannot_work_is_an_error_of_the_environment(monkeypatch):
    """In either face, and whether the call runs in a thread or not; no policy is told."""
    tool = python_tool(plain_sandbox())
    tool.session._sandbox.close()
    session = open_session(tool)
    with pytest.raises(ToolUnavailable, match=r"the tool 'python' cannot work: this sandbox is closed.*textgym doctor"):
        session.run({"code": "1"})

    def start():
        raise MissingLayer("the sandbox lacks seccomp")

    monkeypatch.setattr("textgym.sandbox.shared_sandbox", start)
    for options in ({}, {"call_timeout": 60.0}):
        with env(**options) as played:
            played.reset(seed=1)
            with pytest.raises(ToolUnavailable, match=r"lacks seccomp\. The command `textgym doctor` shows"):
                call(played, "1")
    rules = {"max_tokens": 2000, "max_new_tokens": 300, "tools": ["python"], "system_prompt": ""}
    vector = TextVectorEnv(ToyTasks(), num_envs=2, action_mode="turn", **rules)
    vector.reset(seed=0)
    with pytest.raises(ToolUnavailable, match="textgym doctor"):
        vector.step(turns(vector, ["1", "2"]))
    vector.close()


def test_the_sandbox_starts_at_the_first_call():
    code = """
import sys, textgym
from textgym.toolbox import Toolbox
from textgym.tools import resolve_tools
tools = resolve_tools(["python"])
assert not [m for m in sys.modules if m.startswith("textgym.sandbox")]
print(tools["python"].run({"code": "6 * 7"}))
assert "textgym.sandbox" in sys.modules and "RestrictedPython" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert (done.stderr, done.stdout) == ("", "(<CallStatus.OK: 'ok'>, '42')\n")


def test_a_toolbox_closes_the_session(quick):
    toolbox = Toolbox({"python": python_tool(quick)})
    before = len(descendants(quick.pid))
    results = toolbox.start([ParsedCall("python", "x = 1\nx")], 0)
    assert results is not None
    assert [result.text for result in results] == ["1"]
    assert len(descendants(quick.pid)) > before - 1
    toolbox.close()
    end = time.monotonic() + 10
    while len(descendants(quick.pid)) > before and time.monotonic() < end:
        time.sleep(0.01)
    assert len(descendants(quick.pid)) <= before


def test_a_transcript_with_calls_that_build_on_each_other_is_replayed():
    with env() as played:
        played.reset(seed=3)
        for code in ("import random\nx = [random.random()]", "x.append(random.random())\nx", "1/0", "len(x)"):
            call(played, code)
        with env() as other:
            assert replay_transcript(played.transcript(), other) == played.transcript()


def test_a_seed_draws_the_same_in_one_environment_and_in_many():
    code = "import random\nrandom.random(), random.sample(range(100), 3)"
    with env() as played:
        played.reset(seed=5)
        alone = call(played, code)[1]
    rules = {"max_tokens": 2000, "max_new_tokens": 300, "tools": ["python"], "system_prompt": ""}
    vector = TextVectorEnv(ToyTasks(), num_envs=3, action_mode="turn", **rules)
    vector.reset(seed=[5, 6, 5])
    vector.step(turns(vector, [code] * 3))
    shown = []
    for i in range(3):
        transcript = vector.transcript(i)
        shown.append("".join(vector.rules.tokenizer.decode(s.ids) for s in transcript.segments if s.role == "tool"))
    vector.close()
    assert shown[0] == shown[2] == alone != shown[1]


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_in_processes_of_their_own_after_the_sandbox_was_started_here(context):
    with env(action_mode="turn") as played:
        played.reset(seed=5)
        call(played, "import random\nrandom.random()")
        vector = gymnasium.vector.AsyncVectorEnv([partial(env, action_mode="turn")] * 2, context=context)
        before = played.transcript()
        vector.reset(seed=[5, 5])
        actions = np.full((2, *vector.single_action_space.shape), -1)
        ids = played.rules.encode_turn(
            played.rules.protocol.write_call(ToolCall("python", {"code": "import random\nrandom.random()"}))
        )
        actions[:, : len(ids)] = ids
        *_, info = vector.step(actions)
        assert list(info["calls"]) == [["ok"], ["ok"]]
        assert vector.call("transcript") == (before, before)
        pids = {process.pid for process in vector.processes}
        pids |= set().union(*map(descendants, pids))
        assert len(pids) > 4
        vector.close()
        assert gone(pids)
        assert call(played, "random.random()")[0] == ["ok"]


@pytest.mark.parametrize("method", [None, "fork", "spawn"])
def test_a_program_that_ends_with_sessions_open_says_nothing_and_leaves_nobody(method, tmp_path):
    """By itself, and in a child of multiprocessing's."""
    script = tmp_path / "program.py"
    script.write_text(
        "import multiprocessing, sys\nfrom textgym.sandbox import shared_sandbox\n"
        "def work():\n    global kept\n    kept = shared_sandbox().session()\n"
        "    print(kept.run('6 * 7').value, shared_sandbox().pid, flush=True)\n"
        "if __name__ == '__main__':\n    work()\n    method = sys.argv[1]\n    if method != 'None':\n"
        "        child = multiprocessing.get_context(method).Process(target=work)\n"
        "        child.start()\n        child.join()\n        sys.exit(child.exitcode)\n"
    )
    command = [sys.executable, "-W", "error", str(script), str(method)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert [value for value, _ in lines] == ["42"] * (1 if method is None else 2)
    assert gone({int(pid) for _, pid in lines})


def test_environments_made_and_closed_leave_nothing():
    def play(number: int) -> None:
        with env() as played:
            if number % 4 == 0:
                played.reset(seed=number)
                call(played, "6 * 7")

    def count() -> tuple[int, int, int]:
        return descriptors(), len(descendants(os.getpid())), threading.active_count()

    def at_most(now: tuple[int, int, int], then: tuple[int, int, int]) -> bool:
        return all(a <= b for a, b in zip(now, then, strict=True))

    play(0)
    steady(os.getpid())  # a spare worker is being forked
    before = count()
    for number in range(200):
        play(number)
    end = time.monotonic() + 10
    while not at_most(count(), before) and time.monotonic() < end:
        time.sleep(0.01)
    assert at_most(count(), before)
