"""Frames on a stream socket: four bytes of length, then a JSON object. Never pickle."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

_HEADER = 4


class FrameError(Exception):
    """The other side sent what is no frame, or closed."""


def encode(message: Mapping[str, Any]) -> bytes:
    """ASCII only, so that any text, a lone surrogate too, survives."""
    body = json.dumps(message, separators=(",", ":")).encode("ascii")
    return len(body).to_bytes(_HEADER, "big") + body


def decode(body: bytes) -> dict[str, Any]:
    """Raises FrameError."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FrameError("it sent what is no JSON") from error
    if not isinstance(message, dict):
        raise FrameError("it sent what is no JSON object")
    return message


class Channel:
    """One side of a connection whose other side is not trusted. It reads a frame to its last byte and never beyond.

    Args:
        sock: a stream socket; closed with the channel.
        longest: bytes of a frame; a longer one is an error before its body is read.
    """

    def __init__(self, sock: socket.socket, longest: int) -> None:
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
                self._wait_until(deadline)
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
            except TimeoutError:
                return None
            except OSError as error:
                raise FrameError("its process died") from error
        return True

    def _wait_until(self, deadline: float | None) -> None:
        """The next call of the socket raises TimeoutError at `deadline`."""
        self._sock.settimeout(None if deadline is None else max(deadline - time.monotonic(), 1e-6))

    def receive(self, timeout: float | None = None) -> dict[str, Any] | None:
        """The next frame; None if it is not all there within `timeout` seconds, and a later call goes on with it.

        Raises:
            FrameError: no frame, too long, or the other side is gone.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        if not self._fill(_HEADER, deadline):
            return None
        length = int.from_bytes(self._read[:_HEADER], "big")
        if length > self._longest:
            raise FrameError("it answered at too great a length")
        if not self._fill(_HEADER + length, deadline):
            return None
        body = bytes(self._read[_HEADER:])
        self._read.clear()
        return decode(body)

    def _fill(self, size: int, deadline: float | None) -> bool:
        """Read up to `size` bytes of the frame; False when time is up."""
        while len(self._read) < size:
            try:
                self._wait_until(deadline)
                chunk = self._sock.recv(size - len(self._read))
            except TimeoutError:
                return False
            except OSError as error:
                raise FrameError("its process died") from error
            if not chunk:
                raise FrameError("its process died")
            self._read += chunk
        return True

    def idle(self) -> bool:
        """Whether nothing has come unasked; False also if the other side is gone."""
        try:
            self._sock.settimeout(0.0)
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return not self._read
        except OSError:
            return False
        return False

    def close(self) -> None:
        self._sock.close()
