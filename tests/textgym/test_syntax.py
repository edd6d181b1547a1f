"""Call syntaxes: what is written is read back, whatever is read is answered."""

import ast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.toys import HOSTILE, TOOLS

from textgym.protocols.python_call import PythonCall, read_python_call
from textgym.protocols.syntax import SYNTAXES, resolve_syntax, without_reasoning
from textgym.tools import CallStatus

every_syntax = pytest.mark.parametrize("syntax", SYNTAXES.values(), ids=list(SYNTAXES))

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("True", "False", "None", "true", "false", "null")
)
any_text = st.text(st.characters(exclude_categories=()), max_size=20)  # surrogates included
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)
fragments = st.sampled_from(
    [
        *(
            "<tool_call>",
            "</tool_call>",
            "<code>",
            "</code>",
            "<|python_tag|>",
            "<think>",
            "</think>",
            "{",
            "}",
            "[",
            "]",
        ),
        *(
            '{"name": "a", "parameters": {"x": 1}}',
            '{"name": "a"',
            "; ",
            "f(x=1)",
            "f('",
            "\\",
            '"',
            "'",
            "a.call(",
            HOSTILE,
        ),
    ]
)
turns = st.lists(fragments | st.text(max_size=5), max_size=10).map("".join)


def statuses(name: str, text: str) -> list[CallStatus]:
    return [call.status for call in SYNTAXES[name].parse(text)]


@every_syntax
@given(name=names, arguments=st.dictionaries(names, json_values, max_size=4))
def test_a_call_is_read_back(syntax, name, arguments):
    text = syntax.write(name, arguments)
    if sum(text.count(d) for d in syntax.delimiters) == syntax.write("f", {}).count("<"):  # it spells none but its own
        (call,) = syntax.parse(text)
        assert (call.name, call.arguments, call.status) == (name, arguments, CallStatus.OK)


@every_syntax
@given(text=turns)
@example(text="<tool_call>" + "[" * 100_000)
@example(text="{" * 100_000)
@example(text='{"name":' * 50_000)
@example(text='{"name": "a"}' * 2_000)
@example(text='{"name": "a", "parameters": {"n": ' + "9" * 5000 + "}}")
@example(text="<code>f(" + "[" * 100_000 + "</code>")
@example(text="<code>f(" + "9" * 5000 + ")</code>")
@example(text="<code>f('" + "\\" * 50_001 + ")</code>")
@example(text="<code>" * 5_000)
@example(text="<|python_tag|>" * 5_000)
def test_any_text_is_read(syntax, text):
    for call in syntax.parse(text):
        assert (call.status is CallStatus.OK) == (call.error == "")
        assert call.name or call.status is not CallStatus.OK


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<tool_call>\n{"name": "a", "arguments": {"x": 1}}\n</tool_call>', ["ok"]),
        ('I think.\n<tool_call>{"name": "a"}</tool_call><tool_call>{"name": "b"}</tool_call>', ["ok", "ok"]),
        ('<tool_call>[{"name": "a"}, {"name": "b"}, {}]</tool_call>', ["ok", "ok", "missing_name"]),
        ("<tool_call>[]</tool_call>", ["missing_name"]),
        ("<tool_call>[1, 2]</tool_call>", ["missing_name"]),
        ('<tool_call>{"name": "a"', ["unclosed"]),
        ('<tool_call>{"name": "a"<tool_call>{"name": "b"}</tool_call>', ["unclosed", "ok"]),
        ("<tool_call>{name}</tool_call>", ["invalid_json"]),
        ('<tool_call>{"name": "a", "arguments": "x"}</tool_call>', ["bad_args"]),
        ("84", []),
    ],
)
def test_tool_call_statuses(text, expected):
    assert statuses("tool_call", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"name": "a", "parameters": {"x": 1}}', ["ok"]),
        (' \n{"name": "a", "parameters": {}} ', ["ok"]),
        ('{"type": "function", "name": "a", "arguments": {"x": 1}}', ["ok"]),
        ('<|python_tag|>{"name": "a", "parameters": {}}', ["ok"]),
        ('So I ask: <|python_tag|>{"name": "a", "parameters": {}}', ["ok"]),
        ('{"name": "a"}; {"name": "b"}\n{"name": "c"}', ["ok", "ok", "ok"]),
        ('{"name": "a"} and that is it', ["ok"]),
        ('{"name": "a"}; {"name": ', ["ok", "unclosed"]),
        ('{"name": "a", "parameters": {"x": 1}', ["unclosed"]),
        ('{"name": "a', ["unclosed"]),
        ("{", ["unclosed"]),
        ('{"name": a}', ["invalid_json"]),
        ("{name}", ["invalid_json"]),
        ('{"name": "a", "parameters": {"x": NaN}}', ["invalid_json"]),
        ('{"parameters": {}}', ["missing_name"]),
        ('{"name": 3}', ["missing_name"]),
        ('{"name": "a", "parameters": [1]}', ["bad_args"]),
        ("<|python_tag|>", ["missing_name"]),
        ('<|python_tag|>search.call(query="owls")', ["ok"]),
        ('I would call {"name": "a"}', []),
        ("84", []),
    ],
)
def test_json_statuses(text, expected):
    assert statuses("json", text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<code>\na(x=1)\n</code>", ["ok"]),
        ("Let me see.\n<code>a(1)</code> and <code>b()</code>", ["ok", "ok"]),
        ("<code>a(x=1)", ["unclosed"]),
        ("<code>a(x=1)<code>b()</code>", ["unclosed", "ok"]),
        ("<code> </code>", ["missing_name"]),
        ("<code>a(1, 2)</code>", ["bad_args"]),
        ("<code>a(1, x=2)</code>", ["bad_args"]),
        ("84", []),
    ],
)
def test_code_statuses(text, expected):
    assert statuses("code", text) == expected


def calls_of(name: str, text: str) -> list[tuple[str, object]]:
    return [(call.name, call.arguments) for call in SYNTAXES[name].parse(text)]


def test_what_code_calls():
    assert calls_of("code", "<code>add(a=1, b=-2.5)</code>") == [("add", {"a": 1, "b": -2.5})]
    assert calls_of("code", "<code>echo('hi')</code><code>half(7)</code>") == [("echo", "hi"), ("half", "7")]
    assert calls_of("code", "<code>x = 1\nprint(x)</code>") == [("python", {"code": "x = 1\nprint(x)"})]
    assert calls_of("json", '<|python_tag|>search.call(query="owls")') == [("search", {"query": "owls"})]
    assert calls_of("json", "<|python_tag|>print(2 ** 10)") == [("python", {"code": "print(2 ** 10)"})]


@every_syntax
def test_instructions_name_every_tool(syntax):
    text = syntax.instructions(TOOLS)
    for tool in TOOLS:
        assert tool.name in text
        assert tool.description in text


def test_an_unknown_syntax_names_the_known_ones():
    assert resolve_syntax("json").name == "json"
    with pytest.raises(ValueError, match="unknown call syntax 'xml'; the syntaxes are tool_call, json, code"):
        resolve_syntax("xml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("84", "84"),
        ("<think>hm</think>84", "84"),
        ("hm</think>84", "84"),
        ("<think>a</think>b<think>c</think>d", "d"),
        ("84<think>hm", "84"),
        ("<think>is it 84?", ""),
    ],
)
def test_reasoning_is_not_said(text, said):
    assert without_reasoning(text) == said


# Python calls, against Python's own parser


@given(name=names, arguments=st.dictionaries(names, json_values, max_size=4), spaces=st.sampled_from(["", " ", "\n  "]))
def test_what_repr_writes_is_read(name, arguments, spaces):
    body = ",".join(f"{spaces}{key}{spaces}={spaces}{value!r}" for key, value in arguments.items())
    assert read_python_call(f"{name}({body}{spaces})") == PythonCall(name, [], arguments)


@given(st.text(st.sampled_from("fab(x='\"\\nu0é,{}[]:) rR-.1e\n"), max_size=30))
@example("f('a\\N{DASH}')")
@example("f('\\777')")
@example("f('''it's''')")
@example('f("""a"b""")')
@example("f(r'\\d', R\"\\\")")
@example("f('a' \"b\" '''c''')")
@example("f('')")
@example("f((1, [2, {'a': None}]), x=True)")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::SyntaxWarning")
def test_what_is_read_is_what_python_reads(text):
    call = read_python_call(text)
    if call is None or "\\N" in text or "(" in text.partition("(")[2]:  # named characters; tuples become lists
        return
    node = ast.parse(text.strip(), mode="eval").body
    assert isinstance(node, ast.Call)
    assert [ast.literal_eval(value) for value in node.args] == call.positional
    assert {word.arg: ast.literal_eval(word.value) for word in node.keywords} == call.named


@pytest.mark.parametrize(
    "text",
    [
        *("", "f", "f(", "f)", "f(x)", "f(g(1))", "f(1)(2)", "f(1)\ng(2)", "f(x=1, 2)", "f(x=1, x=2)", "f(1 + 1)"),
        *(
            "f(1e999)",
            "f({1: 2})",
            "f(*a)",
            "f(1 2)",
            "f([1)",
            "True()",
            "f(x=)",
            "f('a)",
            "f(None=1)",
            "f(, )",
            "a b(1)",
        ),
    ],
)
def test_what_is_no_call_with_literals(text):
    assert read_python_call(text) is None
