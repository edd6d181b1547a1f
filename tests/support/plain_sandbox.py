"""A sandbox without walls, for tests: sessions are plain CPython processes, in which code can do all that Python can.

What must hold however hostile a session is, is tested with this one: whoever trusts its answers is fooled by it.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

SECONDS = 1.0
WORKER = r"""
import ast, json, os, sys
frames = os.fdopen(os.dup(1), "w")
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
names = {"__name__": "__main__"}
for line in sys.stdin:
    try:
        tree = ast.parse(json.loads(line))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<code>", "exec"), names)
        value = None if last is None else eval(compile(ast.Expression(last.value), "<code>", "eval"), names)
        answer = ["ok", None if value is None else repr(value), None]
    except BaseException as error:
        answer = ["error", None, repr(error)]
    frames.write(json.dumps(answer) + "\n")
    frames.flush()
"""


class PlainResult(NamedTuple):
    """As `textgym.sandbox.Result`, as far as the judge looks."""

    status: str
    value: str | None = None
    error: str | None = None
    truncated: bool = False
    cpu_s: float = 0.0


class PlainSession:
    """One process. A run that takes more than `SECONDS` kills it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", WORKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.sources: list[str] = []

    def run(self, source: str) -> PlainResult:
        self.sources.append(source)
        with suppress(OSError, ValueError, TypeError):
            self._process.stdin.write(json.dumps(source) + "\n")
            self._process.stdin.flush()
            if select.select([self._process.stdout], [], [], SECONDS)[0] and (line := self._process.stdout.readline()):
                return PlainResult(*json.loads(line))
        self._process.kill()
        return PlainResult("lost")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdout.close()
        with suppress(OSError):  # it died with a source unread
            self._process.stdin.close()


class PlainSandbox:
    """Makes such sessions, and remembers all that was run in them."""

    def __init__(self) -> None:
        self.sessions: list[PlainSession] = []

    @contextmanager
    def session(self, seed: int = 0) -> Iterator[PlainSession]:
        session = PlainSession()
        self.sessions.append(session)
        try:
            yield session
        finally:
            session.close()
