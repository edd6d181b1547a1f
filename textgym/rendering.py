"""Transcripts for people: a colour for each role, nothing in the text that a terminal would obey."""

from __future__ import annotations

import unicodedata

from textgym.tokenizers import Tokenizer
from textgym.transcript import Role, Transcript

ANSI: dict[Role, str] = {
    "system": "\x1b[2m",
    "user": "\x1b[37m",
    "model": "\x1b[1;32m",
    "tool": "\x1b[36m",
    "scaffold": "\x1b[2;33m",
}
_RESET = "\x1b[0m"


def visible(text: str) -> str:
    """`text` with control and format characters made visible, so that no output can steer a terminal."""
    return "".join(c if c == "\n" or unicodedata.category(c)[0] != "C" else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def render_transcript(transcript: Transcript, tokenizer: Tokenizer, color: bool = True) -> str:
    """The transcript as text, with an ANSI colour for each role, and a last line with the outcome."""
    parts = []
    for segment in transcript:
        text = visible(tokenizer.decode(segment.ids))
        parts.append(f"{ANSI[segment.role]}{text}{_RESET}" if color else text)
    if transcript.stop_reason is not None:
        outcome = f"\n[{transcript.stop_reason}, reward {sum(transcript.turn_rewards):g}]"
        parts.append(f"{ANSI['system']}{outcome}{_RESET}" if color else outcome)
    return "".join(parts)
