"""Every attack of the corpus in a real sandbox, and what is true after each, whatever it was.

`attacks` is played with the language layer, and so is `attacks/limits`, where it takes the processes to stop it;
`attacks/plain` is played without that layer, as if all of it had been broken.
"""

import itertools
import os
import re
import secrets
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from support.attacks import Case, read_cases, sessions
from support.sandboxes import SLOWNESS, descendants, descriptors, gone, plain_sandbox

from textgym.sandbox import Limits, Result, Sandbox, Session, Status

FOLDER = Path(__file__).with_name("attacks")
LIMITS = Limits(
    cpu_s=0.25 * SLOWNESS,
    grace_s=0.2 * SLOWNESS,
    wall_s=20.0 * SLOWNESS,
    stdout_chars=2000,
    value_chars=1000,
    error_chars=2000,
)
KINDS = {"attacks": FOLDER, "limits": FOLDER / "limits", "plain": FOLDER / "plain"}
CASES = [pytest.param(kind, case, id=f"{kind}-{case.name}") for kind in KINDS for case in read_cases(KINDS[kind])]
UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MARKERS = ("/tmp/textgym-attack", "/dev/shm/textgym-attack", "/var/tmp/textgym-attack")
ABSTRACT = "\0textgym-attack"


class Arena(NamedTuple):
    """Where attacks are played: a sandbox of either kind, a neighbour in each, and traps around them."""

    sandboxes: dict[str, Sandbox]
    neighbours: dict[str, Session]
    traps: list[socket.socket]
    secrets: list[str]


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    """Two sandboxes for all cases. Afterwards no process, no descriptor and no marker is left."""
    before = descriptors()
    ours, neighbour = secrets.token_hex(12), secrets.token_hex(12)
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("TEXTGYM_CANARY", ours)
        traps = [stack.enter_context(socket.create_server(("127.0.0.1", 0)))]
        traps.append(stack.enter_context(socket.socket(socket.AF_UNIX)))
        traps[1].bind(f"{ABSTRACT}-{os.getpid()}")
        traps[1].listen()
        for trap in traps:
            trap.setblocking(False)
        language = stack.enter_context(Sandbox(limits=LIMITS, spares=2))
        plain = stack.enter_context(plain_sandbox(limits=LIMITS, spares=2))
        sandboxes = {"attacks": language, "limits": language, "plain": plain}
        neighbours = {kind: stack.enter_context(sandbox.session()) for kind, sandbox in sandboxes.items()}
        for session in neighbours.values():
            session.run(f"secret = {neighbour!r}")
        pids = {pid for sandbox in (language, plain) for pid in descendants(sandbox.pid) | {sandbox.pid}}
        yield Arena(sandboxes, neighbours, traps, [ours, neighbour])
        pids |= {pid for sandbox in (language, plain) for pid in descendants(sandbox.pid)}
    assert gone(pids)
    assert descriptors() == before
    assert not [path for path in MARKERS if os.path.lexists(path)]


@pytest.mark.parametrize(("kind", "case"), CASES)
def test_attack(arena: Arena, kind: str, case: Case) -> None:
    port = str(arena.traps[0].getsockname()[1])
    results: list[Result] = []
    for runs in sessions(case.text):
        with arena.sandboxes[kind].session() as session:
            assert session.run("kept = 41").status == Status.OK
            played = [
                session.run(run.replace("TRAP_PORT", port).replace("PARENT_PID", str(os.getpid()))) for run in runs
            ]
            results += played
            assert_recovers(session, lost=any(result.status == Status.LOST for result in played), plain=kind == "plain")
    assert outcome_of(results[-1], case.outcome), results[-1]
    for result in results:
        assert_harmless(result, arena.secrets)
        assert kind == "plain" or "site-packages" not in f"{result.error}"
    for trap in arena.traps:
        with pytest.raises(BlockingIOError):
            trap.accept()
    assert arena.neighbours[kind].run("secret").value == repr(arena.secrets[1])
    assert not [path for path in MARKERS if os.path.lexists(path)]


def outcome_of(result: Result, outcome: str) -> bool:
    """Whether a result is one that a case allows: `refused`, `ok or lost`, `value 42`; `stopped` by whichever limit."""
    if outcome.startswith("value "):
        return f"value {result.value}" == outcome and result.status == Status.OK
    allowed = outcome.replace("stopped", "error or timeout or lost").split(" or ")
    return result.status.value in allowed


def assert_recovers(session: Session, *, lost: bool, plain: bool) -> None:
    """The next run answers, with what was there before unless a run was lost."""
    result = session.run("kept, 1 + 1")
    if plain and result.status == Status.LOST:  # a frame beyond the one that answered: noticed now
        lost, result = True, session.run("kept, 1 + 1")
    if lost:
        assert "NameError" in (result.error or "")
        result = session.run("1 + 1")
        assert result.value == "2"
    else:
        assert result.value == "(41, 2)", result
        assert not result.restarted


def assert_harmless(result: Result, canaries: list[str]) -> None:
    """What is told is within its limits, safe to print, and no secret."""
    texts = [result.stdout, result.value or "", result.error or ""]
    for text, most in zip(texts, (LIMITS.stdout_chars, LIMITS.value_chars, LIMITS.error_chars), strict=True):
        assert len(text.encode()) <= 12 * most
        assert not UNSAFE.search(text)
        assert "root:" not in text
    for canary, text in itertools.product(canaries, texts):
        assert canary not in text


def test_the_corpus_is_large() -> None:
    assert len(CASES) >= 400
    assert len({case.name for kind, case in (each.values for each in CASES)}) == len(CASES)


def test_the_arena_sees_what_it_looks_for(arena: Arena) -> None:
    """The checks above do find a connection, a secret, a control character and a lost state."""
    with socket.create_connection(arena.traps[0].getsockname()):
        select.select([arena.traps[0]], [], [], 5.0)
        arena.traps[0].accept()[0].close()
    with pytest.raises(AssertionError):
        assert_harmless(Result(Status.OK, stdout=arena.secrets[0]), arena.secrets)
    with pytest.raises(AssertionError):
        assert_harmless(Result(Status.OK, stdout="\x1b[31m"), [])
    with arena.sandboxes["attacks"].session() as session, pytest.raises(AssertionError):
        assert_recovers(session, lost=False, plain=False)
