"""Tools: schemas, argument checks, statuses, and what of a failure the policy gets to see."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.toys import HOSTILE, TOOLS, add, crash, echo

from textgym import Tool, ToolError
from textgym.tools import CallStatus, resolve_tools
from textgym.tools.base import load_json

ECHO, ADD, REFUSE, CRASH = TOOLS


def raising(error: BaseException) -> Tool:
    def boom() -> str:
        """Booms."""
        raise error

    return Tool.from_function(boom)


def typed(kind) -> Tool:
    return Tool("typed", "", {"type": "object", "properties": {"x": {"type": kind}}, "required": ["x"]}, lambda x: "")


# Schema


def test_schema_from_a_function():
    def search(query: str, limit: int = 3, exact: bool = False, weights: list = [], scale: float = 1.0) -> str:  # noqa: B006
        """Searches.

        More words.
        """
        return query

    tool = Tool.from_function(search)
    assert (tool.name, tool.description) == ("search", "Searches.\n\nMore words.")
    assert tool.schema() == {
        "type": "function",
        "function": {
            "name": "search",
            "description": "Searches.\n\nMore words.",
            "parameters": {
                "type": "object",
                "properties": {
                    "query": {"type": "string"},
                    "limit": {"type": "integer", "default": 3},
                    "exact": {"type": "boolean", "default": False},
                    "weights": {"type": "array", "default": []},
                    "scale": {"type": "number", "default": 1.0},
                },
                "required": ["query"],
            },
        },
    }
    assert tool.run({"query": "a"}) == (CallStatus.OK, "a")


@pytest.mark.parametrize("name", ["", "two words", "<lambda>", "a>b", "tool\n", "</tool_call>"])
def test_names_can_be_written_in_any_protocol(name):
    with pytest.raises(ValueError, match="a tool's name holds only letters"):
        Tool(name, "", {}, lambda: "")


# Arguments


@pytest.mark.parametrize(
    ("tool", "arguments", "bound"),
    [
        (ECHO, {"text": "hi"}, {"text": "hi"}),
        (ECHO, "hi", {"text": "hi"}),
        (ECHO, "", {"text": ""}),
        (ECHO, "5", {"text": "5"}),
        (ECHO, '{"a": 1}', {"text": '{"a": 1}'}),
        (ECHO, "{}", {"text": "{}"}),
        (ECHO, '{"text": "hi"}', {"text": "hi"}),
        (ADD, {"a": 1, "b": 2}, {"a": 1, "b": 2}),
        (ADD, '{"a": 1, "b": 2}', {"a": 1, "b": 2}),
        (REFUSE, "", {}),
        (REFUSE, "{}", {}),
        (REFUSE, {}, {}),
        (CRASH, "", {}),
        (CRASH, "why", {"text": "why"}),
        (typed("integer"), "5", {"x": 5}),
        (typed("array"), "[1, 2]", {"x": [1, 2]}),
        (typed("object"), '{"a": 1}', {"x": {"a": 1}}),
        (typed("object"), '{"x": {}}', {"x": {}}),
        (typed("number"), {"x": 5}, {"x": 5}),
        (typed("number"), {"x": 5.5}, {"x": 5.5}),
        (typed("boolean"), {"x": True}, {"x": True}),
        (typed("null"), {"x": None}, {"x": None}),
        (typed(["string", "null"]), {"x": None}, {"x": None}),
        (typed(["string", "null"]), "null", {"x": "null"}),
    ],
)
def test_bind(tool, arguments, bound):
    assert tool.bind(arguments) == bound


@pytest.mark.parametrize(
    ("tool", "arguments", "message"),
    [
        (ECHO, {}, "echo needs the argument 'text'"),
        (ECHO, {"text": 1}, "echo: text must be of type string"),
        (ECHO, {"text": "a", "loud": True}, "echo has no argument 'loud'; it has text"),
        (ADD, {"a": 1}, "add needs the argument 'b'"),
        (ADD, '{"a": 1}', "add needs the argument 'b'"),
        (ADD, {"a": 1, "b": True}, "add: b must be of type integer"),
        (ADD, {"a": 1, "b": 2.0}, "add: b must be of type integer"),
        (ADD, "1, 2", "add takes a JSON object of its arguments: a, b"),
        (ADD, "", "add takes a JSON object of its arguments: a, b"),
        (REFUSE, "now", "refuse takes a JSON object of its arguments: none"),
        (typed("boolean"), {"x": 1}, "typed: x must be of type boolean"),
        (typed("integer"), "five", "typed: x must be of type integer"),
        (typed("number"), "NaN", "typed: x must be of type number"),
        (typed(["integer", "null"]), {"x": "a"}, "typed: x must be of type"),
    ],
)
def test_bind_errors_say_what_is_wrong(tool, arguments, message):
    with pytest.raises(ValueError, match=message):
        tool.bind(arguments)
    status, text = tool.run(arguments)
    assert status is CallStatus.BAD_ARGS
    assert text.startswith(f"error: {message}")


def test_schemas_need_not_be_complete():
    anything = Tool("anything", "", {"properties": {"x": {"description": "no type"}}}, lambda x=None: str(x))
    assert anything.run({"x": [1]}) == (CallStatus.OK, "[1]")
    assert anything.run({}) == (CallStatus.OK, "None")
    assert Tool("bare", "", {}, lambda: "ok").run({}) == (CallStatus.OK, "ok")
    assert Tool("bare", "", {}, lambda: "ok").run("") == (CallStatus.OK, "ok")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)


@pytest.mark.parametrize("tool", [*TOOLS, typed("integer"), typed(["array", "null"]), typed("unheard of")])
@given(arguments=st.text() | st.dictionaries(st.text() | st.sampled_from(["text", "a", "b", "x"]), json_values))
def test_run_never_raises(tool, arguments):
    status, text = tool.run(arguments)
    assert isinstance(status, CallStatus)
    assert isinstance(text, str)


# Failures


def test_statuses():
    assert ECHO.run({"text": HOSTILE}) == (CallStatus.OK, HOSTILE)
    assert ADD.run({"a": 2, "b": 3}) == (CallStatus.OK, "5")
    assert REFUSE.run({}) == (CallStatus.TOOL_ERROR, "error: not today")
    timed_out = CallStatus.TIMEOUT, "error: boom timed out; ask it for less at a time"
    assert raising(TimeoutError("/secret")).run({}) == timed_out


@pytest.mark.parametrize(
    "error",
    [
        OSError("/secret/path"),
        KeyError("secret"),
        RecursionError("secret"),
        MemoryError("secret"),
        SystemExit("secret"),
    ],
)
def test_messages_of_other_exceptions_do_not_leak(error):
    assert raising(error).run({}) == (
        CallStatus.TOOL_ERROR,
        f"error: boom failed with {type(error).__name__}; try other arguments",
    )


def test_ctrl_c_is_not_swallowed():
    with pytest.raises(KeyboardInterrupt):
        raising(KeyboardInterrupt()).run({})


def test_arguments_do_not_leak_through_a_crash():
    assert CRASH.run({"text": "secret"}) == (
        CallStatus.TOOL_ERROR,
        "error: crash failed with OSError; try other arguments",
    )


def test_results_that_are_not_text_become_text():
    assert Tool("n", "", {}, lambda: 84).run({}) == (CallStatus.OK, "84")


def test_tool_error_is_shown():
    assert raising(ToolError("division by zero")).run({}) == (CallStatus.TOOL_ERROR, "error: division by zero")


# By name


def test_tools_by_name():
    tools = resolve_tools(["calculator", ECHO, add])
    assert list(tools) == ["calculator", "echo", "add"]
    assert tools["add"].run({"a": 1, "b": 2}) == (CallStatus.OK, "3")
    assert tools["calculator"].run("12*7") == (CallStatus.OK, "84")
    assert tools["calculator"].run({"expression": "1/0"})[0] is CallStatus.TOOL_ERROR
    assert tools["echo"] is ECHO


def test_unknown_and_double_tools():
    with pytest.raises(
        ValueError, match="unknown tool 'abacus'; the built-in tools are calculator, python, or pass a function"
    ):
        resolve_tools(["abacus"])
    with pytest.raises(ValueError, match="two tools are named 'echo'; give each its own name"):
        resolve_tools([ECHO, Tool.from_function(echo)])


def test_json_is_strict():
    assert load_json("[1, null]") == [1, None]
    for text in ("NaN", "[Infinity]", "-Infinity", "1e999", '{"x": -1e999}', "[" * 200_000, "9" * 5000, ""):
        with pytest.raises(ValueError):  # noqa: PT011
            load_json(text)


def test_toy_functions_are_what_they_say():
    assert (echo("a"), add(1, 2)) == ("a", "3")
    with pytest.raises(OSError, match="/secret/path"):
        crash()
