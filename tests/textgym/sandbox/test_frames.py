"""Frames: what is read, and what is an error, byte by byte."""

import json
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgym.sandbox.frames import Channel, FrameError, decode, encode


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    channel = Channel(ours, 1000)
    yield channel, theirs
    channel.close()
    theirs.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
    max_leaves=5,
)


@settings(max_examples=25)
@given(st.dictionaries(st.text(), json_values, max_size=3))
def test_what_is_encoded_is_decoded(message):
    data = encode(message)
    assert int.from_bytes(data[:4], "big") == len(data) - 4
    assert decode(data[4:]) == message


def test_lone_surrogates_survive():
    assert decode(encode({"text": "\ud800"})[4:]) == {"text": "\ud800"}


def test_a_frame_in_pieces(pair):
    channel, theirs = pair
    data = encode({"a": 1})
    for at in range(len(data) - 1):
        theirs.sendall(data[at : at + 1])
        assert channel.receive(0.0) is None
    theirs.sendall(data[-1:])
    assert channel.receive(1.0) == {"a": 1}


def test_what_comes_behind_a_frame_is_kept_for_later(pair):
    channel, theirs = pair
    theirs.sendall(encode({"a": 1}) + encode({"a": 2}))
    assert channel.receive(1.0) == {"a": 1}
    assert not channel.idle()
    assert channel.receive(1.0) == {"a": 2}
    assert channel.idle()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ((1001).to_bytes(4, "big"), "too great a length"),
        (b"\xff\xff\xff\xff", "too great a length"),
        (b"\x00\x00\x00\x02[]", "no JSON object"),
        (b"\x00\x00\x00\x02{]", "no JSON"),
        (b"\x00\x00\x00\x00", "no JSON"),
        (b"\x00\x00\x00\x02\xff\xfe", "no JSON"),
        ((900).to_bytes(4, "big") + b"[" * 900, "nested too deeply"),
        ((899).to_bytes(4, "big") + b'{"a":"\\""' + b',"":[' * 178, "nested too deeply"),
        ((907).to_bytes(4, "big") + b'{"a":"' + b"[" * 899 + b'"}', None),
        ((907).to_bytes(4, "big") + b'{"a":' + b"9" * 901 + b"}", None),
    ],
)
def test_hostile_frames(pair, sent, message):
    channel, theirs = pair
    theirs.sendall(sent)
    if message is None:
        assert isinstance(channel.receive(1.0), dict)
    else:
        with pytest.raises(FrameError, match=message):
            channel.receive(1.0)


def test_deep_nesting_is_no_recursion_error():
    with pytest.raises(FrameError):
        decode(b"[" * 200_000)


def test_numbers_too_long_to_read():
    with pytest.raises(FrameError):
        decode(b'{"a":' + b"9" * 100_000 + b"}")


def test_the_end_of_the_other_side(pair):
    channel, theirs = pair
    theirs.sendall(encode({"a": 1})[:5])
    theirs.close()
    assert not channel.idle()
    with pytest.raises(FrameError, match="died"):
        channel.receive(1.0)


def test_who_does_not_read_blocks_nobody(pair):
    channel, theirs = pair
    channel.put({"text": "x" * 10_000_000})
    assert channel.send(0.05) is None
    theirs.close()
    with pytest.raises(FrameError, match="died"):
        channel.send(1.0)


def test_sending(pair):
    channel, theirs = pair
    channel.put({"text": "x" * 500_000})
    assert channel.send(0.01) is None  # no more than the socket holds; the thread goes on with it
    thread = threading.Thread(target=channel.send, args=(10.0,))
    thread.start()
    size = int.from_bytes(theirs.recv(4, socket.MSG_WAITALL), "big")
    body = theirs.recv(size, socket.MSG_WAITALL)
    thread.join()
    assert json.loads(body) == {"text": "x" * 500_000}
