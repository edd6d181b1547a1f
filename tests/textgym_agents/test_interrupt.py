"""Ctrl-C, by real signals to this process."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from textgym_agents.interrupt import Interrupt


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_waits_for_a_check(number: int) -> None:
    with Interrupt() as interrupt:
        interrupt.check()
        send(number)
        assert interrupt.requested
        assert not interrupt.at_once
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()
        with pytest.raises(KeyboardInterrupt):
            interrupt.check()


def test_the_second_interrupts_at_once_and_says_so() -> None:
    with Interrupt() as interrupt:
        send()
        with pytest.raises(KeyboardInterrupt):
            send(signal.SIGTERM)
        assert interrupt.at_once


@pytest.mark.parametrize("fails", [False, True])
def test_handlers_are_put_back(fails: bool) -> None:
    def mine(*_: object) -> None:
        heard.append(1)

    heard: list[int] = []
    before = signal.signal(signal.SIGTERM, mine)
    default = signal.getsignal(signal.SIGINT)
    try:
        try:
            with Interrupt():
                assert signal.getsignal(signal.SIGINT) != default
                if fails:
                    raise ValueError
        except ValueError:
            assert fails
        assert signal.getsignal(signal.SIGINT) is default
        send(signal.SIGTERM)
        assert heard == [1]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_outside_it_is_a_plain_flag() -> None:
    interrupt = Interrupt()
    with pytest.raises(KeyboardInterrupt):
        send()
    assert not interrupt.requested
    interrupt.check()
    interrupt.requested = True
    with pytest.raises(KeyboardInterrupt):
        interrupt.check()


def test_other_threads_leave_signals_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with Interrupt() as interrupt:
            seen.append(signal.getsignal(signal.SIGINT))
            interrupt.check()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
    assert signal.getsignal(signal.SIGINT) is before
