"""Text of a worker, made safe to print, to encode and to compare."""

from __future__ import annotations

import re

# C0 without tab and newline, DEL and C1 (ANSI sequences begin with one of these), separators that some terminals break
# lines at, marks that reorder text, and lone surrogates, which UTF-8 cannot carry.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_ADDRESS = re.compile(r"(?<= at )0x[0-9a-f]{6,16}(?=>)")


def safe(text: str) -> str:
    r"""`text` with what could harm a terminal or an encoder written as an escape, and without addresses.

    An address in a default repr differs from run to run, and tells hostile code where things lie.

    >>> print(safe("\x1b[31mred\x00 <object object at 0x7f3aabcdef10>"))
    \x1b[31mred\x00 <object object at 0x...>
    """
    text = text.replace("\r\n", "\n")  # as `csv` ends its lines
    return _ADDRESS.sub("0x...", _UNSAFE.sub(_escape, text))


def _escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def cut(text: str, limit: int) -> str:
    """At most `limit` characters: a longer text loses its middle, for what failed is at a traceback's end.

    >>> cut("abcdefghij", 7)
    'a ... j'
    """
    if len(text) <= limit:
        return text
    gap = " ... "
    head = max(0, limit - len(gap)) // 2
    tail = max(0, limit - len(gap) - head)
    return (text[:head] + gap + text[len(text) - tail :])[:limit]
