"""Protocols by name."""

from __future__ import annotations

from collections.abc import Sequence

from textgym.protocols.base import CallResult, Example, ParsedCall, ParsedTurn, Piece, Prompt, Protocol
from textgym.protocols.chat import ChatProtocol
from textgym.protocols.hermes import HermesProtocol
from textgym.protocols.probe import TemplateNotPrefixPreserving
from textgym.protocols.tags import TagsProtocol
from textgym.tokenizers import Tokenizer
from textgym.tools import Tool

__all__ = [
    "PROTOCOLS",
    "CallResult",
    "ChatProtocol",
    "Example",
    "HermesProtocol",
    "ParsedCall",
    "ParsedTurn",
    "Piece",
    "Prompt",
    "Protocol",
    "TagsProtocol",
    "TemplateNotPrefixPreserving",
    "resolve_protocol",
]

PROTOCOLS: dict[str, type[Protocol | ChatProtocol]] = {
    cls.name: cls for cls in (TagsProtocol, HermesProtocol, ChatProtocol)
}


def resolve_protocol(protocol: str | Protocol | ChatProtocol, tokenizer: Tokenizer, tools: Sequence[Tool]) -> Protocol:
    """A protocol by name or itself; a chat template is tried with the tokenizer and the tools that it is to go with.

    Raises:
        ValueError: an unknown name, or a chat template that is missing or cannot be played with.
        TemplateNotPrefixPreserving: a chat template that rewrites history.
    """
    if isinstance(protocol, str):
        if protocol not in PROTOCOLS:
            raise ValueError(f"unknown protocol {protocol!r}; the protocols are {', '.join(PROTOCOLS)}")
        protocol = PROTOCOLS[protocol]()
    return protocol.bind(tokenizer, tools) if isinstance(protocol, ChatProtocol) else protocol
