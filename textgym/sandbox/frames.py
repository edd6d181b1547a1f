"""Frames on a stream socket: four bytes of length, then a JSON object. Never pickle."""

from __future__ import annotations

import json
import re
import select
import socket
import time
from collections.abc import Mapping
from typing import Any

HEADER = 4
"""Bytes of the length."""
_CHUNK = 1 << 16
_LONGEST_MS = 1e9
_ENCODER = json.JSONEncoder(separators=(",", ":"))
_DECODER = json.JSONDecoder()
_MAX_BRACKETS = 50
_STRING = re.compile(rb'"(?>(?:[^"\\]+|\\.)*)"?', re.DOTALL)  # to the end, where nothing ends it: linear in time
NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
"""A connection whose other side is gone is an error, and no SIGPIPE, whatever the trainer does with that."""


class FrameError(Exception):
    """The other side sent what is no frame, or closed."""


def encode(message: Mapping[str, Any]) -> bytes:
    """ASCII only, so that any text, a lone surrogate too, survives."""
    body = _ENCODER.encode(message).encode("ascii")
    return len(body).to_bytes(HEADER, "big") + body


def decode(body: bytes) -> dict[str, Any]:
    """Raises FrameError."""
    try:
        if _brackets(body) > _MAX_BRACKETS and _brackets(_STRING.sub(b"", body)) > _MAX_BRACKETS:
            raise FrameError("it sent JSON that is nested too deeply")  # which the library reads by recursion in C
        message = _DECODER.decode(body.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise FrameError("it sent what is no JSON") from error
    if not isinstance(message, dict):
        raise FrameError("it sent what is no JSON object")
    return message


def _brackets(body: bytes) -> int:
    return body.count(b"[") + body.count(b"{")


class Channel:
    """One side of a connection whose other side is not trusted.

    Args:
        sock: a stream socket, which is made non-blocking; closed with the channel.
        longest: bytes of a frame; a longer one is an error before its body is read.
    """

    def __init__(self, sock: socket.socket, longest: int) -> None:
        sock.setblocking(False)
        self._sock, self._longest = sock, longest
        self._read, self._unsent = bytearray(), b""

    def put(self, message: Mapping[str, Any]) -> None:
        """Make a frame the next to be sent."""
        self._unsent = encode(message)

    def send(self, timeout: float | None = None) -> bool | None:
        """Send what was put; None if not all is taken within `timeout` seconds, and a later call goes on with it.

        Raises:
            FrameError: the other side is gone.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._unsent:
            try:
                self._unsent = self._unsent[self._sock.send(self._unsent, NO_SIGNAL) :]
            except BlockingIOError:
                if not self._wait(select.POLLOUT, deadline):
                    return None
            except OSError as error:
                raise FrameError("its process died") from error
        return True

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next frame; None if it is not all there within `timeout` seconds, and a later call goes on with it.

        Raises:
            FrameError: no frame, too long, or the other side is gone.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (frame := self._frame()) is None:
            try:
                chunk = self._sock.recv(_CHUNK)
            except BlockingIOError:
                if not self._wait(select.POLLIN, deadline):
                    return None
                continue
            except OSError as error:
                raise FrameError("its process died") from error
            if not chunk:
                raise FrameError("its process died")
            self._read += chunk
        return frame

    def _frame(self) -> dict[str, Any] | None:
        """Take a frame out of what was read; None if it is not all there."""
        if len(self._read) < HEADER:
            return None
        end = HEADER + int.from_bytes(self._read[:HEADER], "big")
        if end > HEADER + self._longest:
            raise FrameError("it answered at too great a length")
        if len(self._read) < end:
            return None
        body = bytes(self._read[HEADER:end])
        del self._read[:end]
        return decode(body)

    def _wait(self, event: int, deadline: float | None) -> bool:
        """Until the socket is ready for `event`; False when time is up."""
        poller = select.poll()
        try:
            poller.register(self._sock, event)
        except ValueError as error:
            raise FrameError("the session was closed") from error
        left = None if deadline is None else min(max(deadline - time.monotonic(), 0.0) * 1e3, _LONGEST_MS)
        return bool(poller.poll(left)) or left == _LONGEST_MS

    def idle(self) -> bool:
        """Whether nothing has come unasked; False also if the other side is gone."""
        try:
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._read
        except OSError:
            return False
        return False

    def close(self) -> None:
        self._sock.close()
