"""The command `textgym`: list, play, and what it says to bad input."""

import builtins
import errno
import functools
import os
import subprocess
import sys

import gymnasium
import pytest
from support.toys import ToyTasks

import textgym
from textgym import Task, cli, sandbox
from textgym.sandbox import ABOUT
from textgym.tools import ToolUnavailable

VERDICTS = ("active", "MISSING")


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs `textgym ARGUMENTS` with `lines` typed; (status, stdout, stderr)."""

    def run(*arguments: str, lines: tuple[str, ...] = ()):
        typed = iter(lines)

        def read(prompt: str = "") -> str:
            try:
                return next(typed)
            except StopIteration:
                raise EOFError from None

        monkeypatch.setattr(builtins, "input", read)
        status = cli.main(list(arguments))
        return status, *capsys.readouterr()

    return run


def interrupt(*arguments, **options):
    raise KeyboardInterrupt


class Shady(ToyTasks):
    """Questions and answers from who knows where."""

    def draw(self, rng, split):
        return Task("\x1b[2JWhat?", "\x1b]0;owned\x07", {"number": 1})


@pytest.fixture
def shady():
    textgym.register("Shady-v0", Shady())
    yield "Shady-v0"
    del gymnasium.registry["Shady-v0"]


def oracle_lines(seed: int, protocol: str = "tags") -> tuple[str, ...]:
    env = gymnasium.make("TextCalc-v0", protocol=protocol).unwrapped
    env.reset(seed=seed)
    eos = env.rules.tokenizer.eos_id
    return tuple(env.rules.tokenizer.decode(i for i in turn if i != eos) for turn in env.oracle_turns())


def test_help(run):
    for arguments in ((), ("--help",), ("-h",)):
        status, out, _ = run(*arguments)
        assert status == 0
        for command in ("list", "play", "train", "eval"):
            assert f"textgym {command} --help" in out


def test_list(run):
    status, out, err = run("list")
    assert (status, err) == (0, "")
    assert "TextCalc-v0\n  tools:  calculator\n  splits: train, validation, test, test_unseen\n  sample: " in out
    env = gymnasium.make("TextCalc-v0").unwrapped
    env.reset(seed=0)
    assert env.task.prompt in out


@pytest.mark.parametrize("protocol", ["tags", "hermes"])
def test_play_to_the_end(run, protocol):
    lines = oracle_lines(4, protocol)
    status, out, err = run("play", "TextCalc-v0", "--seed", "4", "--protocol", protocol, lines=lines)
    assert (status, err) == (0, "")
    env = gymnasium.make("TextCalc-v0", protocol=protocol).unwrapped
    env.reset(seed=4)
    assert env.task.prompt in out
    assert f"[submit, reward 1; the answer is {env.task.answer}]" in out
    assert "\x1b" not in out  # not a terminal, so no colours


def test_play_shows_errors_of_calls_and_plays_on(run):
    lines = ("<request><abacus>1+1<call>", "1<submit>")
    status, out, _ = run("play", "TextCalc-v0", "--seed", "4", "--split", "test", lines=lines)
    assert status == 0
    assert "error: unknown tool; the tools are: calculator" in out
    assert "[submit, reward 0; the answer is" in out


def test_play_can_be_left(run):
    status, out, err = run("play", "TextCalc-v0", "--seed", "4")
    assert (status, err) == (0, "")
    assert out.endswith("left before the end\n")


@pytest.mark.parametrize("end", ["submit", "end of input", "Ctrl-C", "Ctrl-C in a step"])
def test_play_closes_the_environment(run, monkeypatch, end):
    closed = []
    close = textgym.TextEnv.close
    monkeypatch.setattr(textgym.TextEnv, "close", lambda self: (closed.append(self), close(self)))
    if end == "Ctrl-C in a step":
        monkeypatch.setattr(textgym.TextEnv, "step_text", interrupt)
    if end == "Ctrl-C":
        monkeypatch.setattr(builtins, "input", interrupt)
        cli.play("TextCalc-v0")
    else:
        status, *_ = run("play", "TextCalc-v0", lines=() if end == "end of input" else ("1<submit>",))
        assert status == (130 if end == "Ctrl-C in a step" else 0)
    assert len(closed) == 1


def test_nothing_of_a_task_steers_the_terminal(run, shady):
    _, out, _ = run("list")
    assert "\\u001b[2JWhat?" in out
    assert "\x1b" not in out
    _, out, _ = run("play", shady, lines=("\x1b[31m<submit>",))
    assert "the answer is \\u001b]0;owned\\u0007" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("dance",), 2, "unknown command 'dance'; the commands are list, play"),
        (("play", "TextClac-v0"), 1, "TextCalc"),
        (("play", "Nonsense-v0"), 1, "The environments are TextCalc-v0"),
        (("play", "TextCalc-v9"), 1, "TextCalc-v0"),
        (("play", "nowhere:TextCalc-v0"), 1, "nowhere"),
        (("play", "CartPole-v1"), 1, "'CartPole-v1' is not a textgym environment; they are TextCalc-v0"),
        (("play", "TextCalc-v0", "--split", "holdout"), 1, "unknown split 'holdout'; CalcTasks has train, validation"),
        (("play", "TextCalc-v0", "--protocol", "xml"), 1, "unknown protocol 'xml'; the protocols are tags, hermes"),
    ],
)
def test_bad_input_names_the_fix(run, arguments, status, message):
    got, _, err = run(*arguments)
    assert got == status
    assert err.startswith("textgym: ")
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [("play",), ("play", "TextCalc-v0", "--seed", "x"), ("list", "more")])
def test_bad_arguments_exit_with_2(run, arguments):
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_a_missing_extra_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "tyro", None)
    status, _, err = run("play", "TextCalc-v0")
    assert status == 1
    assert 'pip install "textgym[cli]"' in err
    assert run("list")[0] == 0, "needs no extra"


def test_a_tool_that_cannot_work_here_is_one_line(run, monkeypatch):
    def fail():
        raise ToolUnavailable("no sandbox here: run textgym doctor")

    monkeypatch.setattr(cli, "list_envs", fail)
    assert run("list")[::2] == (1, "textgym: no sandbox here: run textgym doctor\n")


def test_ctrl_c_exits_with_130(run, monkeypatch):
    monkeypatch.setattr(cli, "list_envs", interrupt)
    assert run("list")[0] == 130


def test_as_a_process():
    command = [sys.executable, "-W", "error", "-m", "textgym.cli", "play", "TextCalc-v0", "--seed", "4"]
    typed = "\n".join(oracle_lines(4)) + "\n"
    done = subprocess.run(command, input=typed, capture_output=True, text=True, env={**os.environ}, check=False)
    assert done.returncode == 0, done.stderr
    assert "[submit, reward 1; the answer is" in done.stdout
    done = subprocess.run([*command[:5], "dance"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "unknown command 'dance'" in done.stderr


def test_doctor(run):
    status, out, _ = run("doctor")
    found = {line.split()[0]: line.split()[1] for line in out.splitlines() if line.split()[:2][-1] in VERDICTS}
    assert set(found) == set(ABOUT)
    assert found["seccomp"] == "active"
    assert out.endswith("a session answers\n")
    assert status == 0


def test_doctor_where_layers_are_missing(run, monkeypatch):
    simulate = {"deny": {"seccomp": errno.ENOSYS, "unshare": errno.EPERM}}
    monkeypatch.setattr(sandbox, "Sandbox", functools.partial(sandbox.Sandbox, _simulate=simulate))
    status, out, _ = run("doctor")
    assert "seccomp        MISSING  [Errno 38] Function not implemented" in out
    assert ABOUT["seccomp"].without in out
    assert "net_namespace  MISSING" in out
    assert "the sandbox does not start here without allow_weak=True: the sandbox lacks seccomp" in out
    assert status == 1
