"""The tool `python`: a Python session for each episode, in the sandbox."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from textgym.tools.base import Tool, ToolError, ToolTimeout, ToolUnavailable

if TYPE_CHECKING:
    from textgym.sandbox import MontySandbox, Result, Sandbox, Session
    from textgym.sandbox.monty import MontySession

    AnySandbox = Sandbox | MontySandbox

NO_OUTPUT = "(no output)"
"""What a call shows that printed nothing and ends in no value."""


def _shared_sandbox() -> Sandbox:
    from textgym.sandbox import shared_sandbox  # late: an environment without this tool needs none of it

    return shared_sandbox()


class PythonSession:
    """Runs Python code and shows what it prints and the value of its last expression. Names are kept between calls."""

    def __init__(self, rng: np.random.Generator, sandbox: Callable[[], AnySandbox] = _shared_sandbox) -> None:
        self._seed = int(rng.integers(1 << 32))
        self._sandbox = sandbox
        self._history: list[tuple[str, str]] = []
        self._session: Session | MontySession | None = None
        self._pid = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_session": None}  # a process cannot be pickled; its calls can, and run again

    def __call__(self, code: str) -> str:
        """Run code.

        Args:
            code: Python source, of one line or many
        """
        try:
            lost = self._open()
            assert self._session is not None
            result = self._session.run(code)
        except Exception as error:
            # Not for the policy, which would be trained on calls that all fail.
            text = f"the tool 'python' cannot work: {error}. The command `textgym doctor` shows what is missing here"
            raise ToolUnavailable(text) from error
        if result.status == "lost":
            self._history.clear()
        elif result.status != "refused":
            self._history.append((code, result.status))
        text = show(result)
        note = "note: what earlier calls left behind was lost\n" if lost else ""
        if result.status == "timeout":
            raise ToolTimeout(note + text)
        if result.status != "ok":
            raise ToolError(note + text)
        return note + text

    def _open(self) -> bool:
        """See that there is a session; whether an earlier state was lost on the way.

        After unpickling, and in a fork, the session is a new one, in which the calls so far run again: they do the
        same, for the seed is the same and nothing else comes in from outside.
        """
        if self._session is not None and os.getpid() == self._pid:
            return False
        self.close()
        self._pid = os.getpid()
        self._session = self._sandbox().session(self._seed)
        history, self._history = self._history, []
        for code, status in history:
            if self._session.run(code).status != status:
                self._session.close()
                self._session = self._sandbox().session(self._seed)
                return True
        self._history = history
        return False

    def close(self) -> None:
        """End the process."""
        session, self._session = self._session, None
        if session is not None:
            session.close()


def show(result: Result) -> str:
    """A result as text: what was printed, then the value; an error comes first, for a long text is cut at its end."""
    printed = result.stdout
    if result.error is not None:
        error = result.error.rstrip("\n")
        return f"{error}\nprinted before:\n{printed}" if printed else error
    if result.value is not None:
        if printed and not printed.endswith("\n"):
            printed += "\n"
        return printed + result.value
    return printed or NO_OUTPUT


def python_tool(sandbox: AnySandbox | None = None) -> Tool:
    """The tool `python`.

    Its calls block, so that in a vector environment those of one step run side by side and a slow one holds up its
    own slot alone. They need no `timeout`: the sandbox's limits count CPU time, which a busy machine does not change.

    Args:
        sandbox: where sessions are opened (a `Sandbox`, or a `MontySandbox`); None takes one that all environments of
            the process share. It is started by the first call, not by making an environment, which many programs
            do without playing. Where it cannot start, that call raises `ToolUnavailable` out of the environment.

    Example:
        >>> python_tool().schema()["function"]["parameters"]["required"]
        ['code']
    """
    session = PythonSession if sandbox is None else _In(sandbox)
    tool = Tool.from_session(PythonSession, name="python", blocking=True)
    return Tool(tool.name, tool.description, tool.parameters, session=session, blocking=True)


class _In:
    """Opens sessions in a sandbox of the caller's; pickles with it."""

    def __init__(self, sandbox: AnySandbox) -> None:
        self._sandbox = sandbox

    def __call__(self, rng: np.random.Generator) -> PythonSession:
        return PythonSession(rng, self._get)

    def _get(self) -> AnySandbox:
        return self._sandbox
