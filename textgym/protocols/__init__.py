"""Protocols by name."""

from __future__ import annotations

from textgym.protocols.base import CallResult, ParsedCall, ParsedTurn, Piece, Protocol
from textgym.protocols.hermes import HermesProtocol
from textgym.protocols.tags import TagsProtocol

__all__ = [
    "PROTOCOLS",
    "CallResult",
    "HermesProtocol",
    "ParsedCall",
    "ParsedTurn",
    "Piece",
    "Protocol",
    "TagsProtocol",
    "resolve_protocol",
]

PROTOCOLS: dict[str, type[Protocol]] = {cls.name: cls for cls in (TagsProtocol, HermesProtocol)}


def resolve_protocol(protocol: str | Protocol) -> Protocol:
    """A protocol by name or itself.

    Raises:
        ValueError: an unknown name.
    """
    if isinstance(protocol, Protocol):
        return protocol
    if protocol not in PROTOCOLS:
        raise ValueError(f"unknown protocol {protocol!r}; the protocols are {', '.join(PROTOCOLS)}")
    return PROTOCOLS[protocol]()
