"""Protocols are text to text: what is written is read back, whatever is read is answered."""

import ast
import html
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.toys import FRAGMENTS, HOSTILE, TOOLS

from textgym import ByteTokenizer, Tool, ToolCall
from textgym.protocols import PROTOCOLS, CallResult, Protocol, resolve_protocol
from textgym.tools import CallStatus

TAGS, HERMES = (PROTOCOLS[name]() for name in ("tags", "hermes"))
both = pytest.mark.parametrize("protocol", [TAGS, HERMES], ids=lambda p: p.name)

pieces = st.sampled_from((*FRAGMENTS, HOSTILE, "{", "}", '"', "\\", "&lt;", '{"x": 1}', "null", "12")) | st.text(
    max_size=6
)
nasty_text = st.lists(pieces, max_size=8).map("".join)
names = st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | nasty_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(nasty_text, inner, max_size=3),
    max_leaves=5,
)


def tool(name: str, *properties: str, required: list[str] | None = None) -> Tool:
    schema = {"type": "object", "properties": {key: {} for key in properties}}
    return Tool(name, "", {**schema, "required": list(properties) if required is None else required}, lambda **_: "")


# Parsing is the inverse of writing


@both
@given(name=names, text=nasty_text | st.text())
@example(name="python", text='{"x": 1}')
@example(name="python", text='{"text": "1"}')
@example(name="python", text="  padded ")
@example(name="python", text="1 < 2 <request> x <call>")
@example(name="python", text="")
def test_a_call_with_one_text_is_read_back(protocol, name, text):
    turn = protocol.write_call(ToolCall(name, {"text": text}))
    parsed = protocol.parse(turn)
    assert parsed.submission is None
    (call,) = parsed.calls
    assert (call.name, call.status) == (name, CallStatus.OK)
    assert tool(name, "text").bind(call.arguments) == {"text": text}


@both
@given(name=names, arguments=st.dictionaries(nasty_text, json_values, max_size=4))
def test_a_call_with_any_arguments_is_read_back(protocol, name, arguments):
    (call,) = protocol.parse(protocol.write_call(ToolCall(name, arguments))).calls
    assert (call.name, call.status) == (name, CallStatus.OK)
    assert tool(name, *arguments).bind(call.arguments) == arguments


@both
def test_a_call_without_arguments_is_read_back(protocol):
    (call,) = protocol.parse(protocol.write_call(ToolCall("roll", {}))).calls
    assert tool("roll", "sides", required=[]).bind(call.arguments) == {}
    assert tool("roll").bind(call.arguments) == {}


@given(text=st.lists(st.sampled_from(["[CALL]", "【", "<x>", "[", "<", "a"]), max_size=6).map("".join))
def test_no_delimiter_gets_through_whatever_it_begins_with(text):
    class Brackets(type(TAGS)):
        delimiters = ("[CALL]", "【", "<x>")

    protocol = Brackets()
    written = json.dumps(text)
    for style, said in (("html", text), ("json", written), ("python", repr(text))):
        escaped = protocol.escape(said, style)
        assert not any(delimiter in escaped for delimiter in protocol.delimiters)
        read = {"html": html.unescape, "json": json.loads, "python": ast.literal_eval}[style](escaped)
        assert read == text


@both
@given(arguments=st.dictionaries(names, json_values, max_size=4))
def test_a_call_spells_no_delimiter_but_its_own(protocol, arguments):
    turn, bare = (protocol.write_call(ToolCall("t", a)) for a in (arguments, {}))
    for delimiter in protocol.delimiters:
        assert turn.count(delimiter) == bare.count(delimiter)


@both
@given(answer=nasty_text | st.text())
def test_a_submission_is_read_back(protocol, answer):
    if protocol.escape(answer) == answer and (answer.strip() or protocol is TAGS):
        parsed = protocol.parse(protocol.write_submission(answer))
        assert (parsed.submission, parsed.calls) == (answer.strip(), ())


@given(st.lists(st.tuples(names, st.dictionaries(names, json_values, max_size=2)), max_size=5))
def test_hermes_reads_several_calls_in_order(calls):
    text = "let me think\n".join(HERMES.write_call(ToolCall(*call)) for call in calls)
    assert [(c.name, c.arguments) for c in HERMES.parse(text).calls] == calls


# Parsing never raises


@both
@given(text=nasty_text | st.text(st.characters(exclude_categories=())))
@example(text="<tool_call>" + "[" * 100_000)
@example(text="<tool_call>" + '{"name":' * 50_000 + "</tool_call>")
@example(text='<tool_call>{"name": "a", "arguments": {"n": ' + "9" * 5000 + "}}</tool_call>")
@example(text="<tool_call>" * 5000)
@example(text="<request>" * 5000 + "<" * 5000 + "<call>")
@example(text="<request>" + " " * 20_000 + "<call>")
def test_any_text_is_read(protocol, text):
    parsed = protocol.parse(text)
    assert not (parsed.calls and parsed.submission is not None)
    for call in parsed.calls:
        assert (call.status is CallStatus.OK) == (call.error == "")
        assert call.name or call.status is not CallStatus.OK


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("<request><calculator>12*7<call>", CallStatus.OK),
        ("<request> <calculator> 12*7 <call>", CallStatus.OK),
        ("first <request>oops<request><calculator>1+1<call>", CallStatus.OK),
        ("<request><calculator>12*7", CallStatus.UNCLOSED),
        ("<request>", CallStatus.UNCLOSED),
        ("<call>", CallStatus.MISSING_NAME),
        ("12*7<call>", CallStatus.MISSING_NAME),
        ("<request>12*7<call>", CallStatus.MISSING_NAME),
        ("<request><>12*7<call>", CallStatus.MISSING_NAME),
        ("<request>< >12*7<call>", CallStatus.MISSING_NAME),
        ("<request><calculator<call>", CallStatus.MISSING_NAME),
    ],
)
def test_tags_statuses(text, status):
    (call,) = TAGS.parse(text).calls
    assert call.status is status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('<tool_call>{"name": "a", "arguments": {"x": 1}}</tool_call>', CallStatus.OK),
        ('<tool_call>\n{"name": "a"}\n</tool_call>', CallStatus.OK),
        ('<tool_call>{"name": "a"}', CallStatus.UNCLOSED),
        ('<tool_call>{"name": "a"}\n', CallStatus.UNCLOSED),
        ("<tool_call>", CallStatus.UNCLOSED),
        ("<tool_call></tool_call>", CallStatus.INVALID_JSON),
        ("<tool_call>{name: a}</tool_call>", CallStatus.INVALID_JSON),
        ('<tool_call>{"name": "a", "arguments": {"x": NaN}}</tool_call>', CallStatus.INVALID_JSON),
        ('<tool_call>{"name": "a", "arguments": {"x": -Infinity}}</tool_call>', CallStatus.INVALID_JSON),
        ('<tool_call>{"arguments": {}}</tool_call>', CallStatus.MISSING_NAME),
        ('<tool_call>{"name": 3}</tool_call>', CallStatus.MISSING_NAME),
        ('<tool_call>{"name": ""}</tool_call>', CallStatus.MISSING_NAME),
        ("<tool_call>[1, 2]</tool_call>", CallStatus.MISSING_NAME),
        ("<tool_call>null</tool_call>", CallStatus.MISSING_NAME),
        ('<tool_call>{"name": "a", "arguments": "x"}</tool_call>', CallStatus.BAD_ARGS),
        ('<tool_call>{"name": "a", "arguments": null}</tool_call>', CallStatus.BAD_ARGS),
    ],
)
def test_hermes_statuses(text, status):
    (call,) = HERMES.parse(text).calls
    assert call.status is status


def test_hermes_answers_the_good_and_the_bad_call_of_a_turn():
    calls = HERMES.parse('<tool_call>{"name": "a"}<tool_call>{"name": "b"}</tool_call><tool_call>{').calls
    assert [c.status for c in calls] == [CallStatus.UNCLOSED, CallStatus.OK, CallStatus.UNCLOSED]


@pytest.mark.parametrize(
    ("text", "submission"),
    [("84<submit>", "84"), (" 84 \n<submit> tail", "84"), ("<submit>", ""), ("84", None), ("", None)],
)
def test_tags_submissions(text, submission):
    assert TAGS.parse(text).submission == submission
    assert TAGS.parse(text).calls == ()


@pytest.mark.parametrize(("text", "first"), [("a<submit>b<call>", "a"), ("<request><x>1<call>84<submit>", None)])
def test_tags_reads_up_to_the_first_stop(text, first):
    assert TAGS.parse(text).submission == first


@pytest.mark.parametrize(("text", "submission"), [("84", "84"), (" 84\n", "84"), ("", None), ("  ", None)])
def test_hermes_submissions(text, submission):
    assert HERMES.parse(text).submission == submission


# Data


@both
@given(text=nasty_text)
@example(text=HOSTILE)
@example(text="<<call><tool_call>")
def test_escaped_data_spells_no_delimiter(protocol, text):
    escaped = protocol.escape(text)
    assert not any(delimiter in escaped for delimiter in protocol.delimiters)
    assert protocol.escape(escaped) == escaped
    if not any(delimiter in text for delimiter in protocol.delimiters):
        assert escaped == text


@both
def test_markup_around_data_is_the_protocols_own(protocol):
    """Only pieces marked as data carry what others wrote, so only they have to be escaped."""
    result = CallResult("call0", CallStatus.OK, HOSTILE)
    for made in (protocol.question(HOSTILE), protocol.results([result])):
        (data,) = [piece for piece in made if piece.data]
        assert data.text == HOSTILE
        assert not any(HOSTILE in piece.text for piece in made if not piece.data)


@both
def test_results_keep_order_and_ids(protocol):
    results = [CallResult(f"call{i}", CallStatus.OK, str(i)) for i in range(3)]
    tools = [piece for piece in protocol.results(results) if piece.role == "tool"]
    assert [(piece.tool_call_id, piece.text) for piece in tools] == [("call0", "0"), ("call1", "1"), ("call2", "2")]


@both
def test_instructions_name_every_tool(protocol):
    bare = Tool("bare", "A tool without a schema to speak of.", {"type": "object"}, lambda: "")
    text = protocol.instructions([*TOOLS, bare])
    for each in (*TOOLS, bare):
        assert each.name in text
        assert each.description in text


def test_tags_instructions_show_how_arguments_are_written():
    text = TAGS.instructions(TOOLS)
    assert "<request><echo>text<call>" in text
    assert '<request><add>{"a": ..., "b": ...}<call>' in text


def test_hermes_instructions_hold_the_schemas():
    lines = HERMES.instructions(TOOLS).splitlines()
    schemas = [json.loads(line) for line in lines[lines.index("<tools>") + 1 : lines.index("</tools>")]]
    assert schemas == [t.schema() for t in TOOLS]


# Names


def test_protocols_by_name():
    assert resolve_protocol("tags", ByteTokenizer(), TOOLS).name == "tags"
    assert resolve_protocol(HERMES, ByteTokenizer(), TOOLS) is HERMES
    assert all(isinstance(resolve_protocol(name, ByteTokenizer(), TOOLS), Protocol) for name in PROTOCOLS)


def test_an_unknown_protocol_names_the_known_ones():
    with pytest.raises(ValueError, match="unknown protocol 'xml'; the protocols are tags, hermes, chat"):
        resolve_protocol("xml", ByteTokenizer(), TOOLS)
