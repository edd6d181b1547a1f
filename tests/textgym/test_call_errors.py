"""Every call is answered, in order and by id, whatever became of it; and what a failure does to the episode."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.chat import FAMILIES
from support.toys import TOOLS, ToyTasks, toy_env

from textgym import TextEnv, TextVectorEnv, Tool, ToolCall
from textgym.call_errors import POLICIES, resolve_call_errors
from textgym.protocols import PROTOCOLS, ChatProtocol
from textgym.tools import CallStatus

every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)
every_face = pytest.mark.parametrize("face", ["token", "turn"])
FAILURES = [status for status in CallStatus if status is not CallStatus.OK]
ROOM = {"max_tokens": 9000, "max_new_tokens": 1500, "max_tool_tokens": 200, "max_calls": 40, "max_turns": 20}


def late() -> str:
    """Never makes it."""
    raise TimeoutError


ALL_TOOLS = (*TOOLS, Tool.from_function(late))

CALLS = {
    "tags": {
        "ok": "<request><echo>hi<call>",
        "invalid_json": '<request><add>{"a": 1, "b"}<call>',
        "unclosed": "<request><echo>hi",
        "missing_name": "<request>hi<call>",
        "unknown_tool": "<request><nobody>hi<call>",
        "bad_args": "<request><add>1<call>",
        "timeout": "<request><late><call>",
        "tool_error": "<request><refuse><call>",
    },
    "hermes": {
        "ok": '<tool_call>{"name": "echo", "arguments": {"text": "hi"}}</tool_call>',
        "invalid_json": '<tool_call>{"name": "echo", </tool_call>',
        "unclosed": '<tool_call>{"name": "echo"}',
        "missing_name": '<tool_call>{"arguments": {"text": "hi"}}</tool_call>',
        "unknown_tool": '<tool_call>{"name": "nobody"}</tool_call>',
        "bad_args": '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>',
        "timeout": '<tool_call>{"name": "late"}</tool_call>',
        "tool_error": '<tool_call>{"name": "crash"}</tool_call>',
    },
}
CALLS |= {
    "chat-qwen": CALLS["hermes"],
    "chat-smollm": CALLS["hermes"],
    "chat-llama": {
        "ok": '{"name": "echo", "parameters": {"text": "hi"}}',
        "invalid_json": '{"name": "echo", }',
        "unclosed": '{"name": "echo"',
        "missing_name": '{"parameters": {"text": "hi"}}',
        "unknown_tool": '{"name": "nobody", "parameters": {}}',
        "bad_args": '{"name": "add", "parameters": {"a": 1}}',
        "timeout": '{"name": "late", "parameters": {}}',
        "tool_error": '{"name": "crash", "parameters": {}}',
    },
    "chat-code": {
        "ok": "<code>echo(text='hi')</code>",
        "invalid_json": "<code>add('{oops')</code>",
        "unclosed": "<code>echo(text='hi')",
        "missing_name": "<code></code>",
        "unknown_tool": "<code>nobody()</code>",
        "bad_args": "<code>add(a=1)</code>",
        "timeout": "<code>late()</code>",
        "tool_error": "<code>crash()</code>",
    },
}
CHATS = {
    "chat-qwen": ("qwen", "chat"),
    "chat-smollm": ("smollm", "chat"),
    "chat-llama": ("llama", "chat"),
    "chat-code": ("smollm", ChatProtocol(syntax="code", variables={"python_tools": True})),
}
"""Tokenizers with a chat template of their own, and the protocol that goes with it."""
EVERY_STATUS = [(protocol, status) for protocol in CALLS for status in CALLS[protocol]]


def env_of(protocol: str, face: str = "token", **kwargs):
    options = {"action_mode": face, "tools": ALL_TOOLS, **ROOM, **kwargs}
    if protocol not in CHATS:
        return toy_env("byte", protocol, **options)
    family, chat = CHATS[protocol]
    return TextEnv(ToyTasks(), tokenizer=FAMILIES[family](), protocol=chat, **options)


def replies(env) -> list[tuple[str | None, str]]:
    return [(s.tool_call_id, env.rules.tokenizer.decode(s.ids)) for s in env.transcript() if s.role == "tool"]


# Statuses


def test_all_statuses_are_here():
    for calls in CALLS.values():
        assert list(calls) == list(CallStatus)
    assert {name.partition("-")[0] for name in CALLS} == set(PROTOCOLS)
    assert {family for family, _ in CHATS.values()} == set(FAMILIES)


@pytest.mark.parametrize(("protocol", "status"), EVERY_STATUS)
@every_face
def test_every_status_is_reached_and_answered(protocol, status, face):
    env = env_of(protocol, face)
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step_text(CALLS[protocol][status])
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert info == {"turn": 0, "calls": [status]}
    ((call_id, text),) = replies(env)
    assert call_id == "call0"
    assert text.startswith("error: ") == (status != "ok")
    assert env.step_text(env.rules.protocol.write_submission("1"))[4]["stop_reason"] == "submit"  # it goes on


def test_errors_of_tools_name_the_fix():
    env = env_of("hermes")
    env.reset(seed=0)
    calls = [
        ToolCall("nobody", {}),
        ToolCall("add", {"a": 1}),
        ToolCall("add", {"a": 1, "b": "2"}),
        ToolCall("add", {"a": 1, "b": 2, "c": 3}),
        ToolCall("late", {}),
    ]
    env.step_text("".join(map(env.rules.protocol.write_call, calls)))
    assert [text for _, text in replies(env)] == [
        "error: unknown tool; the tools are: echo, add, refuse, crash, late",
        "error: add needs the argument 'b'",
        "error: add: b must be of type integer",
        "error: add has no argument 'c'; it has a, b",
        "error: late timed out; ask it for less at a time",
    ]
    env = env_of("tags")
    env.reset(seed=0)
    env.step_text(CALLS["tags"]["invalid_json"])
    expected = "error: the arguments of add are not valid JSON; add takes a JSON object of its arguments: a, b"
    assert [text for _, text in replies(env)] == [expected]


OBJECT = '{"name": "tool", "arguments": {...}}'
PARAMETERS = '{"name": "tool", "parameters": {...}}'
TAGS = {
    "hi<call>": "no request tag before the call; write the request tag, <tool>, then the arguments",
    "<request>hi<call>": "the request names no tool; write <tool> right behind the request tag",
    "<request><>hi<call>": "the request names no tool; write <tool> right behind the request tag",
    "<request><echo>hi": "the request is not closed; end it with the call tag",
}
OBJECTS = {
    '<tool_call>{"name": "echo"': "the call is not closed; end it with the closing tool_call tag",
    "<tool_call>{oops}</tool_call>": f"the call is not valid JSON; write {OBJECT}",
    "<tool_call>[]</tool_call>": f'the call has no "name"; write {OBJECT}',
    '<tool_call>{"name": "echo", "arguments": 1}</tool_call>': (
        '"arguments" must be an object: {"argument": value, ...}'
    ),
}
BARE = {
    '{"name": "echo"': "the call is not closed; close its strings and braces",
    '{"name": "ech': "the call is not closed; close its strings and braces",
    "{oops}": f"the call is not valid JSON; write {PARAMETERS}",
    '{"name": NaN}': f"the call is not valid JSON; write {PARAMETERS}",
    "{}": f'the call has no "name"; write {PARAMETERS}',
    '{"arguments": {}}': f'the call has no "name"; write {OBJECT}',
    '{"name": "echo", "parameters": 1}': '"parameters" must be an object: {"argument": value, ...}',
    "<|python_tag|>": "the code calls nothing; write tool(argument=value)",
}
CODE = {
    "<code>echo(": "the code is not closed; end it with the closing code tag",
    "<code> </code>": "the code calls nothing; write tool(argument=value)",
    "<code>add(1, 2)</code>": "give the arguments by name: tool(argument=value)",
}
SYNTAX_ERRORS = {"tags": TAGS, "hermes": OBJECTS, "chat-qwen": OBJECTS, "chat-llama": BARE, "chat-code": CODE}
EVERY_ERROR = [(protocol, *error) for protocol, errors in SYNTAX_ERRORS.items() for error in errors.items()]


@pytest.mark.parametrize(("protocol", "turn", "error"), EVERY_ERROR)
def test_errors_of_syntax_name_the_fix(protocol, turn, error):
    rules = env_of(protocol).rules
    (call,) = rules.protocol.parse(turn).calls
    assert call.error == error
    assert rules.protocol.escape(error) == error  # it reaches the policy as it is
    assert len(error) < 100  # for it takes context


def test_a_tool_without_arguments_says_so():
    env = env_of("hermes")
    env.reset(seed=0)
    env.step_text(env.rules.protocol.write_call(ToolCall("refuse", {"why": "so"})))
    assert [text for _, text in replies(env)] == ["error: refuse has no argument 'why'; it has none"]


@every_face
@settings(max_examples=40)
@given(data=st.data())
def test_calls_of_one_turn_are_answered_in_order_and_ids_count_on(face, data):
    """Every mixture of statuses; `unclosed` can only come last, for it swallows what follows up to the next call."""
    env = env_of("hermes", face)
    env.reset(seed=0)
    one_turn = st.lists(st.sampled_from([s for s in CallStatus if s != "unclosed"]), min_size=1, max_size=6)
    seen: list[str] = []
    for turn in data.draw(st.lists(one_turn, min_size=1, max_size=4)):
        statuses = turn + ["unclosed"] * data.draw(st.integers(0, 1))
        *_, info = env.step_text(" ".join(CALLS["hermes"][status] for status in statuses))
        assert info["calls"] == statuses
        seen += statuses
    assert [call_id for call_id, _ in replies(env)] == [f"call{i}" for i in range(len(seen))]
    for (_, text), status in zip(replies(env), seen, strict=True):
        assert (text == "hi") == (status == "ok")


# What a failure does


def test_feedback_is_the_default():
    assert set(env_of("tags").rules.call_errors.values()) == {"feedback"}
    assert env_of("tags").rules.call_errors.keys() == set(FAILURES)


@pytest.mark.parametrize("protocol", ["tags", "hermes", "chat-llama"])  # one of each kind
@pytest.mark.parametrize("status", FAILURES)
@pytest.mark.parametrize("policy", POLICIES)
@every_face
def test_every_policy_for_every_status(protocol, status, policy, face):
    """Given for this status alone; the others stay with feedback."""
    env = env_of(protocol, face, on_call_error={status: policy}, call_error_penalty=0.5)
    other = next(s for s in FAILURES if s not in (status, "unclosed"))
    env.reset(seed=0)
    assert env.step_text(CALLS[protocol][other])[1:] == (0.0, False, False, {"turn": 0, "calls": [other]})
    _, reward, terminated, truncated, info = env.step_text(CALLS[protocol][status])
    expected = {"turn": 1, "calls": [status]}
    if policy == "penalize":
        expected["reward_components"] = {"call_error": -0.5}
    if policy == "terminate":
        expected |= {"stop_reason": "call_error", "is_success": False}
    assert info == expected
    assert reward == (-0.5 if policy == "penalize" else 0.0)
    assert (terminated, truncated) == (policy == "terminate", False)
    assert len(replies(env)) == 2  # with feedback in any case
    assert env.transcript().turn_rewards == (0.0, reward)


@pytest.mark.parametrize("policy", POLICIES)
def test_one_policy_for_all_leaves_good_calls_alone(policy):
    env = env_of("hermes", on_call_error=policy)
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step_text(CALLS["hermes"]["ok"] * 2)
    assert (reward, terminated) == (0.0, False)
    assert info == {"turn": 0, "calls": ["ok", "ok"]}


def test_a_penalty_for_each_call_lands_on_the_turns_last_sampled_token():
    env = env_of("hermes", on_call_error={"bad_args": "penalize", "unknown_tool": "penalize"}, call_error_penalty=0.25)
    env.reset(seed=0)
    turn = [CALLS["hermes"][s] for s in ("bad_args", "ok", "unknown_tool", "tool_error", "bad_args")]
    obs, reward, *_, info = env.step_text("".join(turn))
    assert reward == -0.75
    assert info["reward_components"] == {"call_error": -0.75}
    env.step_text(env.rules.protocol.write_submission("nothing"))
    transcript = env.transcript()
    (at,) = np.flatnonzero(transcript.rewards)
    assert transcript.ids[at] == env.rules.tokenizer.eos_id
    assert transcript.segment_ids[at] == 3
    assert transcript.segment_ids[at + 1] != 3
    assert transcript.turn_rewards == (-0.75, 0.0)


def test_the_penalty_is_beside_the_grade_not_in_it():
    env = env_of("tags", on_call_error="penalize", call_error_penalty=1.0)
    env.reset(seed=0)
    env.step_text(CALLS["tags"]["unknown_tool"])
    _, reward, *_, info = env.step_text(env.rules.protocol.write_submission(env.task.answer))
    assert reward == 1.25
    assert info["is_success"]
    assert info["reward_components"] == {"correct": 1.0, "short": 0.25}
    assert sum(env.transcript().turn_rewards) == 0.25


def test_termination_answers_the_whole_turn_and_comes_before_the_budgets():
    """It says that the policy failed, so the last state is worth nothing; a budget would say that time was short."""
    policy = {"on_call_error": {"unknown_tool": "terminate"}, "max_calls": 3, "max_turns": 1}
    env = env_of("hermes", **policy)
    env.reset(seed=0)
    turn = [CALLS["hermes"][s] for s in ("ok", "unknown_tool", "tool_error", "ok")]
    *_, terminated, truncated, info = env.step_text("".join(turn))
    assert (terminated, truncated, info["stop_reason"]) == (True, False, "call_error")
    assert info["calls"] == ["ok", "unknown_tool", "tool_error"]
    assert info["unanswered_calls"] == 1
    assert len(replies(env)) == 3
    assert env.transcript().stop_reason == "call_error"


def test_a_penalty_comes_with_a_budgets_end_as_well():
    env = env_of("tags", on_call_error="penalize", max_turns=1)
    env.reset(seed=0)
    _, reward, _, truncated, info = env.step_text(CALLS["tags"]["tool_error"])
    assert (reward, truncated, info["stop_reason"]) == (-0.1, True, "max_turns")
    assert info["reward_components"] == {"call_error": -0.1}


def test_a_length_stop_is_no_failed_call():
    for protocol, text in (("tags", "<request><nobody"), ("hermes", "<tool_call>{")):
        env = env_of(protocol, on_call_error="terminate", max_new_tokens=len(text))
        env.reset(seed=0)
        *_, terminated, truncated, info = env.step_text(text)
        assert (terminated, truncated, info["stop_reason"]) == (False, True, "max_new_tokens")


def test_no_penalty_is_no_negative_zero():
    for kwargs in ({}, {"on_call_error": "penalize", "call_error_penalty": 0.0}):
        env = env_of("tags", **kwargs)
        env.reset(seed=0)
        _, reward, *_ = env.step_text(CALLS["tags"]["bad_args"])
        assert str(reward) == "0.0"


@pytest.mark.parametrize("policy", POLICIES)
def test_in_a_vector_environment(policy):
    envs = TextVectorEnv(
        env_of("tags").rules.source, num_envs=2, tools=ALL_TOOLS, action_mode="turn", on_call_error=policy, **ROOM
    )
    envs.reset(seed=0)
    actions = np.full((2, 1500), -1)
    for row, status in zip(actions, ("ok", "bad_args"), strict=True):
        text = CALLS["tags"][status].encode()
        row[: len(text)] = list(text)
    _, rewards, terminated, truncated, infos = envs.step(actions)
    assert rewards.tolist() == [0.0, -0.1 if policy == "penalize" else 0.0]
    assert terminated.tolist() == [False, policy == "terminate"]
    assert not truncated.any()
    assert infos["calls"].tolist() == [["ok"], ["bad_args"]]
    if policy == "penalize":
        assert infos["reward_components"]["call_error"].tolist() == [0.0, -0.1]
        assert infos["reward_components"]["_call_error"].tolist() == [False, True]


# Arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"on_call_error": "shout"}, "unknown on_call_error 'shout'; the policies are feedback, penalize, terminate"),
        ({"on_call_error": {"bad_args": "shout"}}, "unknown on_call_error 'shout'"),
        ({"on_call_error": {"ok": "penalize"}}, "has no status 'ok'; the statuses are invalid_json, unclosed, "),
        ({"on_call_error": {"oops": "penalize"}}, "on_call_error has no status 'oops'"),
        ({"call_error_penalty": -1}, "call_error_penalty is taken off: give a number from 0 up, not -1"),
        ({"call_error_penalty": float("nan")}, "call_error_penalty is taken off"),
        ({"call_timeout": 0}, "call_timeout must be a number of seconds above 0, or None, not 0"),
    ],
)
def test_bad_arguments_name_the_fix(arguments, message):
    with pytest.raises(ValueError, match=message):
        toy_env(**arguments)


def test_a_mapping_may_be_in_strings_or_statuses():
    pairs = itertools.product(("bad_args", CallStatus.BAD_ARGS), ("penalize",))
    for status, policy in pairs:
        resolved = resolve_call_errors({status: policy})
        assert resolved[CallStatus.BAD_ARGS] == "penalize"
        assert set(resolved) == set(FAILURES)
