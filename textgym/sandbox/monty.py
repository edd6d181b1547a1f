"""A second backend: sessions in Monty, an interpreter for a part of Python, written in Rust (the extra `monty`).

It needs no feature of the kernel. The boundary is the interpreter, which has no files, sockets or processes to give,
and a process of its own for each session, which is not confined any further. Less of Python runs in it than in
`Sandbox`; what it lacks is said in the result, see `explain`.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import weakref
from collections.abc import Callable
from typing import Any

from textgym.sandbox.layers import SandboxError
from textgym.sandbox.limits import Limits
from textgym.sandbox.result import Result, Status
from textgym.sandbox.session import BaseSession, lost_text
from textgym.sandbox.text import cut, safe
from textgym.sandbox.zygote import cpu_seconds

_GAP = "The monty syntax parser does not yet support "
_PROCESSES = 4096
"""Sessions at once; one more would wait until another is closed."""


class MontySandbox:
    """Runs Python in Monty, with the interface of `Sandbox`: sessions whose runs give a `Result`.

    Args:
        limits: of its sessions. Monty counts the time that it executes, not CPU time, so a busy machine can change a
            result: `cpu_s` is of that time. A run that reaches it is `Status.LOST`, for Monty vouches for no state
            after that. `memory_mb` is of Monty's heap, and `session_cpu_s` does not apply.
        spares: workers that are started beforehand.

    Raises:
        ImportError: the extra `monty` is not installed.
        SandboxError: Monty's program does not start.

    Sessions may be opened and used from any thread, not in a fork. A pickled sandbox is its arguments.

    Example:
        >>> with MontySandbox() as sandbox, sandbox.session() as session:  # doctest: +SKIP
        ...     session.run("x = 6").status.value, session.run("x * 7").value
        ('ok', '42')
    """

    def __init__(self, *, limits: Limits | None = None, spares: int = 1) -> None:
        if spares < 0:
            raise ValueError(f"spares must be at least 0, not {spares}")
        self.limits = Limits() if limits is None else limits
        self._spares, self._pid = spares, os.getpid()
        self._monty = load_monty()
        self._pool = self._monty.Monty(
            min_processes=spares,
            max_processes=_PROCESSES,
            request_timeout=self.limits.wall_s,
            feed_duration_limit_grace=self.limits.grace_s,
        )
        try:
            self._pool.__enter__()
        except Exception as error:
            raise SandboxError(f"Monty does not start: {error}") from error
        self._finalizer = weakref.finalize(self, _leave, self._pool, self._pid)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return not self._finalizer.alive

    def session(self, seed: int = 0) -> MontySession:
        """A new session; `seed` is that of its `random` module.

        Raises:
            ValueError: the sandbox is closed.
            SandboxError: this is a fork of the process that made the sandbox, or no worker starts.
        """
        return MontySession(self._checkout, self._monty, self.limits, seed)

    def _checkout(self, seed: int) -> Any:
        """A session of Monty's. Bound to this object, so that a session keeps its sandbox alive."""
        if os.getpid() != self._pid:
            raise SandboxError(f"this sandbox belongs to process {self._pid}; make one in this process")
        if self.closed:
            raise ValueError("this sandbox is closed; make another")
        limits = {
            "max_feed_duration_secs": self.limits.cpu_s,
            "max_memory": int(self.limits.memory_mb * 2**20),
        }
        policy = {"random_start": {"seed": seed}, "sleep": "zero"}
        checkout = self._pool.checkout(script_name="<code>", limits=limits, os_policy=policy)
        try:
            checkout.__enter__()
        except self._monty.MontyError as error:
            raise SandboxError(f"Monty starts no worker: {error}") from error
        return checkout

    def close(self) -> None:
        """End all processes. Again is no error."""
        self._finalizer()

    def __enter__(self) -> MontySandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return _make, (self.limits, self._spares)


class MontySession(BaseSession):
    """Python that keeps its state from one `run` to the next. Made by `MontySandbox.session`.

    Runs come one after another, whatever threads they come from.
    """

    def __init__(self, take: Callable[[int], Any], monty: Any, limits: Limits, seed: int) -> None:
        super().__init__(limits)
        self._take, self._monty, self._seed = take, monty, seed
        self._checkout: Any = take(seed)

    def _answer(self, source: str) -> Result:
        if self._checkout is None:
            self._checkout = self._take(self._seed)
        printed = _Printed(self._limits.stdout_chars)
        pid = self._checkout.worker_pid
        before = cpu_seconds(pid)
        status, value, error = self._feed(source, printed)
        used = max(cpu_seconds(pid) - before, 0.0) if 0.0 <= before < float("inf") else 0.0
        truncated = printed.truncated
        if value is not None:
            truncated |= len(value) > self._limits.value_chars
            value = safe(value[: self._limits.value_chars])
        if error is not None:
            truncated |= len(error) > self._limits.error_chars
            error = safe(cut(error, self._limits.error_chars))
        return Result(status, safe(printed.text), value, error, used, truncated)

    def _feed(self, source: str, printed: _Printed) -> tuple[Status, str | None, str | None]:
        """What became of `source`, its value, and what went wrong."""
        monty = self._monty
        try:
            value = self._checkout.feed_run(source, print_callback=printed)
        except monty.MontySyntaxError as error:
            return Status.REFUSED, None, error.display()
        except monty.MontyRuntimeError as error:
            raised = error.exception()
            if isinstance(raised, TimeoutError) and not error.traceback():  # the code's own has one
                return Status.LOST, None, lost_text(f"it ran for {self._limits.cpu_s:g} s")
            status = Status.REFUSED if str(raised).startswith(_GAP) else Status.ERROR
            return status, None, explain(raised, error.display())
        except monty.MontyCrashedError as error:
            late = f"it did not answer within {self._limits.wall_s:g} s"
            return Status.LOST, None, lost_text(late if error.timed_out else "its process died")
        except Exception as error:  # a value that has no counterpart in this process
            return Status.ERROR, None, f"the value cannot be shown: {type(error).__name__}: {error}"
        try:
            return Status.OK, None if value is None else repr(_readable(value, monty)), None
        except (RecursionError, ValueError) as error:  # nested too deeply, or a number of too many digits
            return Status.ERROR, None, f"the value cannot be shown: {type(error).__name__}: {error}"

    def _drop(self) -> None:
        checkout, self._checkout = self._checkout, None
        if checkout is not None:
            with contextlib.suppress(self._monty.MontyError, RuntimeError):  # it is over already
                checkout.__exit__(None, None, None)

    def close(self) -> None:
        """End the session, after the run that is under way if there is one. Again is no error."""
        self._closed = True
        if os.getpid() != self._pid:
            _inherited.append(self._checkout)  # a fork must not end what belongs to its parent
            return
        with self._lock:
            self._drop()


class _Printed:
    """Takes what is printed, up to a number of characters."""

    def __init__(self, most: int) -> None:
        self.text, self._most, self.truncated = "", most, False

    def __call__(self, stream: str, text: str) -> None:
        left = self._most - len(self.text)
        self.truncated = self.truncated or len(text) > left
        if left > 0:
            self.text += text[:left]


class _Shown:
    """Stands for an object of a class of the session's, in a value that is shown."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __repr__(self) -> str:
        return self._text


_inherited: list[Any] = []


def load_monty() -> Any:
    """The package `pydantic_monty`.

    Raises:
        ImportError: it is not installed; the message names the extra.
    """
    try:
        return importlib.import_module("pydantic_monty")
    except ImportError as error:
        raise ImportError('MontySandbox needs the extra "monty": pip install "textgym[monty]"') from error


def explain(raised: BaseException, text: str) -> str:
    """The traceback `text` of `raised`, with a line for what is a gap of Monty's and not a mistake of the code."""
    message = str(raised)
    if message.startswith(_GAP):
        what = message.removeprefix(_GAP).removeprefix("the ")
        return f"{text}\nThe Python of this sandbox has no {what}; write it in another way"
    if isinstance(raised, ModuleNotFoundError):
        return f"{text}\nThe Python of this sandbox has few modules, and not this one; write what you need of it"
    return text


def _readable(value: Any, monty: Any) -> Any:
    """`value` with the stand-ins for objects of the session's classes replaced by what can be said of them.

    Their own `__repr__` is out of reach: they stay in the session.
    """
    if isinstance(value, (list, tuple, set, frozenset)) and type(value).__module__ == "builtins":
        return type(value)(_readable(item, monty) for item in value)
    if type(value) is dict:
        return {_readable(key, monty): _readable(item, monty) for key, item in value.items()}
    if isinstance(value, monty.MontyClassProxy):
        fields = ", ".join(f"{name}={_readable(item, monty)!r}" for name, item in value.attributes.items())
        return _Shown(f"{value.name}({fields})" if value.is_dataclass else f"<{value.name} object>")
    if isinstance(value, monty.MontyClassTypeProxy):
        return _Shown(f"<class '{value.name}'>")
    if isinstance(value, monty.MontyStdTypeProxy):
        return _Shown(f"<{'class' if value.kind == 'type' else 'built-in function'} {value.name}>")
    return value


def _leave(pool: Any, pid: int) -> None:
    """End the workers of a pool; in a fork they are the parent's."""
    if os.getpid() == pid:
        pool.__exit__(None, None, None)
    else:
        _inherited.append(pool)


def _make(limits: Limits, spares: int) -> MontySandbox:
    return MontySandbox(limits=limits, spares=spares)
