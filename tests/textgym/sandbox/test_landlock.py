"""What each version of Landlock is asked to deny."""

import struct

import pytest

from textgym.sandbox import landlock

# From Documentation/userspace-api/landlock.rst of the kernel: rights on files, network and scopes by ABI.
KNOWN = {
    1: (0x1FFF, 0, 0),
    2: (0x3FFF, 0, 0),
    3: (0x7FFF, 0, 0),
    4: (0x7FFF, 3, 0),
    5: (0xFFFF, 3, 0),
    6: (0xFFFF, 3, 3),
    7: (0xFFFF, 3, 3),
    99: (0xFFFF, 3, 3),
}


@pytest.mark.parametrize("abi", KNOWN)
def test_all_that_the_kernel_can_deny_is_denied(abi):
    assert landlock.ruleset(abi) == KNOWN[abi]


@pytest.mark.parametrize(("abi", "size"), [(1, 8), (3, 8), (4, 16), (5, 16), (6, 24), (7, 24)])
def test_an_old_kernel_is_sent_no_field_that_it_does_not_know(abi, size):
    packed = landlock.ruleset(abi).pack(abi)
    assert len(packed) == size
    assert struct.unpack(f"={size // 8}Q", packed) == KNOWN[abi][: size // 8]
