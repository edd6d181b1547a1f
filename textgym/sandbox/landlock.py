"""Landlock: no file by any path, no TCP, no signal or abstract socket out of the worker."""

from __future__ import annotations

import os
import struct
from typing import NamedTuple

from textgym.sandbox import kernel

_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}
"""How many rights on files there are from an ABI on: execute ... make_sym, refer, truncate, ioctl_dev."""

_NET_ABI, _SCOPE_ABI, _LOG_ABI = 4, 6, 7
_BIND_TCP, _CONNECT_TCP = 1, 2
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2
_CREATE_VERSION = 1
_LOG_SAME_EXEC_OFF = 1


class Ruleset(NamedTuple):
    """`struct landlock_ruleset_attr`: what is denied, no rule allowing any of it."""

    files: int
    network: int
    scopes: int

    def pack(self, abi: int) -> bytes:
        """The fields that a kernel of this ABI knows."""
        fields = 1 + (abi >= _NET_ABI) + (abi >= _SCOPE_ABI)
        return struct.pack(f"={fields}Q", *self[:fields])


def ruleset(abi: int) -> Ruleset:
    """All that a kernel of this ABI can deny.

    >>> ruleset(1), ruleset(6)
    (Ruleset(files=8191, network=0, scopes=0), Ruleset(files=65535, network=3, scopes=3))
    """
    rights = max(count for since, count in _FILE_RIGHTS.items() if since <= abi)
    return Ruleset(
        (1 << rights) - 1,
        _BIND_TCP | _CONNECT_TCP if abi >= _NET_ABI else 0,
        _ABSTRACT_SOCKETS | _SIGNALS if abi >= _SCOPE_ABI else 0,
    )


def abi() -> int:
    """The kernel's Landlock ABI, from 1 up.

    Raises:
        OSError: no Landlock.
    """
    return kernel.syscall("landlock_create_ruleset", None, 0, _CREATE_VERSION)


def restrict(abi: int) -> None:
    """Deny this process all that `ruleset(abi)` names, for good; needs no_new_privs.

    Denials are not written to the host's audit log, which hostile code could flood.

    Raises:
        OSError: the kernel refused.
    """
    attributes = ruleset(abi).pack(abi)
    descriptor = kernel.syscall("landlock_create_ruleset", attributes, len(attributes), 0)
    try:
        kernel.syscall("landlock_restrict_self", descriptor, _LOG_SAME_EXEC_OFF if abi >= _LOG_ABI else 0)
    finally:
        os.close(descriptor)
