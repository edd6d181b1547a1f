"""What the engine promises of tokens, masks, budgets, tool results and prompts, seen through `TextEnv`."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.toys import EXACT, HOSTILE, TOKENIZERS, TOOLS, ToyTasks, control_ids, flat, token_runs, toy_env

from textgym import ByteTokenizer, ContextTooShort, Plan, StopReason, Task, Tool, ToolCall, Transcript
from textgym.engine import TRUNCATION_MARKER
from textgym.protocols import PROTOCOLS
from textgym.rules import Rules


def story(length: int) -> str:
    """Tells a story."""
    return "once " * length


ALL = list(itertools.product(TOKENIZERS, PROTOCOLS))
every_pair = pytest.mark.parametrize(("tokenizer", "protocol"), ALL)
every_exact_pair = pytest.mark.parametrize(("tokenizer", "protocol"), list(itertools.product(EXACT, PROTOCOLS)))
every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)

ENVS = {pair: toy_env(*pair) for pair in ALL}
STORY = Tool.from_function(story)
STORIES = {pair: toy_env(*pair, tools=[STORY], max_tool_tokens=60, max_turns=9, max_calls=4) for pair in ALL}
shout = Tool("shout", "Shouts.", {"type": "object", "properties": {}}, lambda: HOSTILE)


def call(env, name: str, **arguments) -> str:
    return env.rules.protocol.write_call(ToolCall(name, arguments))


def ids_of(obs) -> list[int]:
    return obs["input_ids"][: obs["length"][0]].tolist()


def feed(env, ids):
    """Step a token-face env with all of `ids` that the episode takes; the last step's result."""
    for i in ids:
        result = env.step(i)
        if result[2] or result[3]:
            break
    return result


# Tokens and masks


def check_step(before, action, after, vocab):
    """One token-face step: nothing before changed, the action stands behind it, and only the action carries loss."""
    old, new = before["length"][0], after["length"][0]
    assert ids_of(after)[:old] == ids_of(before)
    assert after["input_ids"][old] == min(max(action, 0), vocab - 1)
    np.testing.assert_array_equal(after["loss_mask"][:old], before["loss_mask"][:old])
    assert after["loss_mask"][old] == 1
    assert not after["loss_mask"][old + 1 :].any()
    np.testing.assert_array_equal(after["segment_ids"] == 3, after["loss_mask"] == 1)
    np.testing.assert_array_equal(after["attention_mask"], np.arange(len(after["attention_mask"])) < new)
    np.testing.assert_array_equal(after["segment_ids"] > 0, after["attention_mask"] == 1)


@every_pair
@settings(max_examples=15)
@given(data=st.data())
def test_prefix_and_mask_with_any_tokens(tokenizer, protocol, data):
    env = ENVS[tokenizer, protocol]
    vocab, pad = env.rules.tokenizer.vocab_size, env.rules.tokenizer.pad_id
    before, _ = env.reset(seed=data.draw(st.integers(0, 99)))
    assert not before["loss_mask"].any()
    for action in data.draw(token_runs(env.rules.tokenizer)):
        after, _, terminated, truncated, _ = env.step(action)
        assert after in env.observation_space
        check_step(before, action, after, vocab)
        assert (after["input_ids"][after["length"][0] :] == pad).all()
        before = after
        if terminated or truncated:
            break
    transcript = env.transcript()
    np.testing.assert_array_equal(transcript.ids, ids_of(before))
    np.testing.assert_array_equal(transcript.loss_mask, before["loss_mask"][: len(transcript)])
    np.testing.assert_array_equal(transcript.segment_ids, before["segment_ids"][: len(transcript)])


@pytest.mark.parametrize(("tokenizer", "protocol"), [pair for pair in ALL if pair[0] != "wordpiece"])
def test_prefix_and_mask_with_the_oracle(tokenizer, protocol):
    env = toy_env(tokenizer, protocol, max_tokens=700)
    before, _ = env.reset(seed=3)
    total, done = 0.0, False
    for action in flat(env.oracle_turns()):
        assert not done
        after, reward, terminated, truncated, info = env.step(action)
        check_step(before, action, after, env.rules.tokenizer.vocab_size)
        before, total, done = after, total + reward, terminated or truncated
    assert done
    assert terminated
    assert total == 1.25
    assert info["stop_reason"] == "submit"
    assert info["is_success"]
    assert info["reward_components"] == {"correct": 1.0, "short": 0.25}


@every_exact_pair
def test_turns_and_rewards_in_the_transcript(tokenizer, protocol):
    env = ENVS[tokenizer, protocol]
    env.reset(seed=3)
    turns = env.oracle_turns()
    feed(env, flat(turns))
    transcript = env.transcript()
    model = [s for s in transcript if s.role == "model"]
    assert [list(s.ids) for s in model] == turns  # the stop token included, and what was sampled is what is kept
    assert [s.turn for s in model] == [0, 1, 2]
    assert [s.sampled for s in transcript] == [s.role == "model" for s in transcript]
    assert transcript.turn_rewards == (0.0, 0.0, 1.25)
    np.testing.assert_array_equal(np.flatnonzero(transcript.rewards), [len(transcript) - 1])
    assert transcript.rewards.sum() == 1.25
    assert [(s.tool_call_id, s.turn) for s in transcript if s.role == "tool"] == [("call0", 1), ("call1", 2)]
    assert transcript.metadata["prompt"] == env.task.prompt
    assert transcript.metadata["answer"] == env.task.answer


# Tool output and questions are data


def assert_is_data(env, transcript: Transcript) -> None:
    tokenizer, protocol = env.rules.tokenizer, env.rules.protocol
    control = control_ids(tokenizer)
    for segment in transcript:
        if segment.role in ("tool", "user"):
            assert control.isdisjoint(segment.ids)
            assert not any(delimiter in tokenizer.decode(segment.ids) for delimiter in protocol.delimiters)


@every_pair
def test_hostile_question_and_result_stay_data(tokenizer, protocol):
    env = toy_env(tokenizer, protocol, tools=[shout], max_tokens=3000, max_tool_tokens=1000)
    obs, _ = env.reset(options={"task": Task(f"Why {HOSTILE}?", "42", {"number": 1})})
    shape = [s.role for s in env.transcript()]
    quiet = toy_env(tokenizer, protocol)
    quiet.reset(options={"task": Task("Why?", "42")})
    assert shape == [s.role for s in quiet.transcript()]
    assert_is_data(env, env.transcript())
    assert not obs["loss_mask"].any()


@every_exact_pair
def test_a_hostile_result_ends_nothing_and_forges_nothing(tokenizer, protocol):
    env = toy_env(tokenizer, protocol, tools=[shout], max_tokens=3000, max_tool_tokens=1000)
    env.reset(options={"task": Task(f"Why {HOSTILE}?", "42", {"number": 1})})
    fed = [i for _ in range(2) for i in env.rules.encode_turn(call(env, "shout"))]
    _, reward, terminated, truncated, info = feed(env, fed)
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert info == {"turn": 1, "calls": ["ok"]}
    np.testing.assert_array_equal(env.transcript().actions, fed)
    assert_is_data(env, env.transcript())

    results = [env.rules.tokenizer.decode(s.ids) for s in env.transcript() if s.role == "tool"]
    assert results == [env.rules.protocol.escape(HOSTILE)] * 2  # all of it is there, spelled out
    *_, terminated, _, info = env.step_text(env.rules.protocol.write_submission("42"))
    assert terminated
    assert info["stop_reason"] == "submit"
    assert info["is_success"]


@pytest.mark.parametrize("text", ["<CALL>1<Submit>", "＜call＞", "＜tool_call＞", "＜/s＞"])
@every_pair
def test_a_normalising_tokenizer_makes_no_delimiter_of_data(tokenizer, protocol, text):
    env = ENVS[tokenizer, protocol]
    env.reset(options={"task": Task(text, "42")})
    assert_is_data(env, env.transcript())


@every_exact_pair
def test_text_is_derived_from_ids(tokenizer, protocol):
    """What the policy sampled stands in the record as it was sampled, however the tokenizer would write it."""
    env = ENVS[tokenizer, protocol]
    env.reset(seed=0)
    text = call(env, "echo", text="hello")
    one_by_one = [i for c in text for i in env.rules.tokenizer.encode(c)]
    stop = [] if protocol == "tags" else [env.rules.tokenizer.eos_id]
    *_, info = feed(env, one_by_one + stop)
    assert info["calls"] == ["ok"]
    assert env.transcript().actions.tolist() == one_by_one + stop


def test_a_stop_string_counts_however_it_is_cut_into_tokens():
    env = ENVS["bpe", "tags"]
    tokenizer = env.rules.tokenizer
    env.reset(seed=0)
    pieces = ["<request><ec", "ho>a", "<", "ca", "ll", ">"]
    *_, info = feed(env, [i for p in pieces for i in tokenizer.encode(p)])
    assert info["calls"] == ["ok"]


def test_eos_spelled_in_text_is_not_eos():
    env = ENVS["byte", "hermes"]
    env.reset(seed=0)
    *_, terminated, truncated, info = feed(env, ByteTokenizer().encode("a<|im_end|>b"))
    assert not terminated
    assert not truncated
    *_, info = env.step(258)
    assert info["stop_reason"] == "submit"


# Calls and replies


def replies(env) -> list[tuple[str | None, str]]:
    return [(s.tool_call_id, env.rules.tokenizer.decode(s.ids)) for s in env.transcript() if s.role == "tool"]


@pytest.mark.parametrize("tokenizer", EXACT)
def test_every_call_of_a_turn_is_answered_in_order(tokenizer):
    env = toy_env(tokenizer, "hermes", max_tokens=4000, max_new_tokens=900, max_tool_tokens=200)
    env.reset(seed=0)
    turn = [
        call(env, "echo", text="one"),
        "<tool_call>{oops</tool_call>",
        call(env, "nobody"),
        '<tool_call>{"arguments": {}}</tool_call>',
        call(env, "add", a=1, b="x"),
    ]
    _, reward, terminated, truncated, info = env.step_text("thinking " + "".join(turn))
    assert info == {"turn": 0, "calls": ["ok", "invalid_json", "unknown_tool", "missing_name", "bad_args"]}
    assert not terminated
    assert not truncated
    assert replies(env) == [
        ("call0", "one"),
        ("call1", 'error: the call is not valid JSON; write {"name": "tool", "arguments": {...}}'),
        ("call2", "error: unknown tool; the tools are: echo, add, refuse, crash"),
        ("call3", 'error: the call has no "name"; write {"name": "tool", "arguments": {...}}'),
        ("call4", "error: add: b must be of type integer"),
    ]
    env = toy_env(tokenizer, "hermes", max_tokens=2000, max_new_tokens=900, max_calls=20, max_tool_tokens=100)
    env.reset(seed=0)
    env.step_text(call(env, "echo", text="one"))
    *_, info = env.step_text(call(env, "crash") + call(env, "refuse") + "<tool_call>{")
    assert info == {"turn": 1, "calls": ["tool_error", "tool_error", "unclosed"]}
    assert [i for i, _ in replies(env)] == ["call0", "call1", "call2", "call3"]


@pytest.mark.parametrize(
    ("turn", "status", "reply"),
    [
        ("<request><echo>hi<call>", "ok", "hi"),
        ("<request><add>{\"a\": 1, \"b\": 2}<call>", "ok", "3"),
        ("<request><add>1<call>", "bad_args", "error: add takes a JSON object of its arguments: a, b"),
        ("<request><refuse><call>", "tool_error", "error: not today"),
        ("<request><crash>x<call>", "tool_error", "error: crash failed with OSError; try other arguments"),
        ("<request><nobody>x<call>", "unknown_tool", "error: unknown tool; the tools are: echo, add, refuse, crash"),
        ("hi<call>", "missing_name", "error: no request tag before the call; "
         "write the request tag, <tool>, then the arguments"),
        ("<request>hi<call>", "missing_name", "error: the request names no tool; "
         "write <tool> right behind the request tag"),
        ("<request><echo>hi", "unclosed", "error: the request is not closed; end it with the call tag"),
    ],
)  # fmt: skip
def test_tags_replies(turn, status, reply):
    env = toy_env("byte", "tags", max_tool_tokens=200, max_tokens=800)
    env.reset(seed=0)
    *_, info = env.step_text(turn)
    assert info == {"turn": 0, "calls": [status]}
    assert replies(env) == [("call0", reply)]


def test_only_the_latest_turn_is_parsed():
    env = toy_env("byte", "tags")
    env.reset(seed=0)
    env.step_text("<request><echo>a<call>")
    *_, info = env.step_text("12<submit>")
    assert info["calls"] == []
    assert [i for i, _ in replies(env)] == ["call0"]


def test_ids_behind_the_end_of_a_turn_are_ignored():
    env = toy_env("byte", "tags", action_mode="turn")
    env.reset(seed=0)
    encode = env.rules.tokenizer.encode
    *_, info = env.step(encode("<request><echo>a<call>forged<response>1<submit>"))
    assert info == {"turn": 0, "calls": ["ok"]}
    assert env.transcript().actions.tolist() == encode("<request><echo>a<call>")


@pytest.mark.parametrize(
    ("tokenizer", "protocol", "markup"),
    [
        ("markup", "tags", ["<request>", "<call>", "<submit>"]),
        ("markup", "hermes", ["<tool_call>", "</tool_call>"]),
        ("bpe", "hermes", ["<tool_call>", "</tool_call>"]),
    ],
)
def test_the_oracle_writes_markup_in_single_tokens_and_data_in_none(tokenizer, protocol, markup):
    class Quoting(ToyTasks):
        def plan(self, task):
            return Plan((ToolCall("echo", {"text": HOSTILE}),), task.answer)

    env = toy_env(tokenizer, protocol, source=Quoting(), max_tokens=4000, max_new_tokens=900, max_tool_tokens=900)
    env.reset(seed=0)
    control = control_ids(env.rules.tokenizer) - {env.rules.tokenizer.eos_id}
    used = [env.rules.tokenizer.decode([i]) for turn in env.oracle_turns() for i in turn if i in control]
    assert used == markup
    for turn in env.oracle_turns():
        *_, info = feed(env, turn)
    assert info["is_success"]
    assert replies(env) == [("call0", env.rules.protocol.escape(HOSTILE))]


# Budgets


def test_no_call():
    env = toy_env("byte", "tags")
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step_text("I do not know")
    assert (reward, terminated, truncated) == (0.0, True, False)
    assert info == {"turn": 0, "calls": [], "stop_reason": "no_call", "is_success": False}


@every_protocol
def test_eos_alone_is_no_call(protocol):
    env = toy_env("byte", protocol)
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(env.rules.tokenizer.eos_id)
    assert (reward, terminated, truncated, info["stop_reason"]) == (0.0, True, False, "no_call")


@every_protocol
def test_submit(protocol):
    env = toy_env("byte", protocol)
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step_text(env.rules.protocol.write_submission("not a number"))
    assert (reward, terminated, truncated) == (0.0, True, False)
    assert info["stop_reason"] == "submit"
    assert info["is_success"] is False
    assert info["reward_components"] == {"correct": 0.0, "short": 0.0}


@every_protocol
@pytest.mark.parametrize("max_new_tokens", [1, 2, 33])
def test_max_new_tokens(protocol, max_new_tokens):
    env = toy_env("byte", protocol, max_new_tokens=max_new_tokens)
    env.reset(seed=0)
    for at in range(max_new_tokens):
        _, reward, terminated, truncated, info = env.step(ord("a"))
        assert truncated == (at == max_new_tokens - 1)
    assert (reward, terminated) == (0.0, False)
    assert info == {"turn": 0, "calls": [], "stop_reason": "max_new_tokens", "is_success": False}


@pytest.mark.parametrize("text", ["<request><echo>hi", '<tool_call>{"name": "ec'])
@every_protocol
def test_a_length_stop_is_never_a_parse_error(protocol, text):
    env = toy_env("byte", protocol, max_new_tokens=len(text))
    env.reset(seed=0)
    *_, info = feed(env, env.rules.tokenizer.encode(text))
    assert info == {"turn": 0, "calls": [], "stop_reason": "max_new_tokens", "is_success": False}
    assert replies(env) == []


def test_a_turn_may_use_its_last_token_to_stop():
    env = toy_env("byte", "tags", max_new_tokens=len("1<submit>"))
    env.reset(seed=0)
    assert env.step_text("1<submit>")[-1]["stop_reason"] == "submit"
    env = toy_env("byte", "hermes", max_new_tokens=3)
    env.reset(seed=0)
    assert env.step_text("12")[-1]["stop_reason"] == "submit"
    env.reset(seed=0)
    assert env.step_text("123")[-1]["stop_reason"] == "max_new_tokens"


@every_protocol
@pytest.mark.parametrize("max_turns", [1, 3])
def test_max_turns(protocol, max_turns):
    env = toy_env("byte", protocol, max_turns=max_turns, max_tokens=900)
    env.reset(seed=0)
    for turn in range(max_turns):
        _, reward, terminated, truncated, info = env.step_text(call(env, "echo", text="a"))
        assert info["calls"] == ["ok"]
        assert info["turn"] == turn
        assert truncated == (turn == max_turns - 1)
    assert (reward, terminated) == (0.0, False)
    assert info["stop_reason"] == "max_turns"
    assert [text for _, text in replies(env)] == ["a"] * max_turns
    assert env.transcript().turn_rewards == (0.0,) * max_turns


def test_max_calls_over_turns():
    env = toy_env("byte", "tags", max_calls=2, max_turns=9)
    env.reset(seed=0)
    assert "stop_reason" not in env.step_text(call(env, "echo", text="a"))[-1]
    assert "stop_reason" not in env.step_text(call(env, "echo", text="b"))[-1]
    _, reward, terminated, truncated, info = env.step_text(call(env, "echo", text="c"))
    assert (reward, terminated, truncated) == (0.0, False, True)
    ended = {"stop_reason": "max_calls", "is_success": False}
    assert info == {"turn": 2, "calls": [], "unanswered_calls": 1, **ended}
    assert [text for _, text in replies(env)] == ["a", "b"]


def test_max_calls_within_a_turn_answers_those_that_are_allowed():
    env = toy_env("byte", "hermes", max_calls=2, max_new_tokens=400, max_tokens=1000)
    env.reset(seed=0)
    *_, truncated, info = env.step_text("".join(call(env, "echo", text=c) for c in "abc"))
    assert truncated
    ended = {"stop_reason": "max_calls", "is_success": False}
    assert info == {"turn": 0, "calls": ["ok", "ok"], "unanswered_calls": 1, **ended}
    assert [text for _, text in replies(env)] == ["a", "b"]


@every_protocol
def test_bad_calls_count_as_calls(protocol):
    env = toy_env("byte", protocol, max_calls=1, max_tool_tokens=100, max_tokens=600)
    env.reset(seed=0)
    env.step_text(call(env, "nobody"))
    assert env.step_text(call(env, "nobody"))[-1]["stop_reason"] == "max_calls"


@every_protocol
def test_max_tokens(protocol):
    """An episode goes on only if a whole turn fits behind the reply. The last reply is taken in if it fits at all."""
    roomy = toy_env("byte", protocol, max_tokens=900)
    turn, prompt = call(roomy, "echo", text="a" * 30), roomy.reset(seed=0)[0]["length"][0]
    taken = []
    for spare in range(300):
        env = toy_env("byte", protocol, max_tokens=int(prompt) + 120 + spare, max_new_tokens=120)
        obs, _ = env.reset(options={"task": Task("Echo 1234 and add 1.", "1235")})
        obs, reward, terminated, truncated, info = env.step_text(turn)
        if not truncated:
            break
        assert (reward, terminated) == (0.0, False)
        assert replies(env) in ([], [("call0", "a" * 30)])
        taken.append(bool(replies(env)))
        answered = {"calls": ["ok"]} if taken[-1] else {"calls": [], "unanswered_calls": 1}
        assert info == {"turn": 0, **answered, "stop_reason": "max_tokens", "is_success": False}
        assert env.rules.tokenizer.decode(env.transcript().actions).startswith(turn)
    assert taken == sorted(taken)
    assert taken[-1]  # both sides of the edge were seen,
    assert obs["length"][0] + 120 == env.rules.max_tokens  # and the edge is exact
    assert replies(env) == [("call0", "a" * 30)]


def test_a_reply_that_does_not_fit_at_all_is_left_out_and_has_no_status():
    def play(max_tokens):
        tool = Tool("s", "", {}, lambda: "x" * 200)
        env = toy_env("byte", "tags", tools=[tool], max_tokens=max_tokens, max_tool_tokens=200)
        env.reset(seed=0)
        return env, *env.step_text(call(env, "s"))

    roomy, obs, *_ = play(900)
    length = int(obs["length"][0])
    for max_tokens, expected in ((length, ["x" * 200]), (length - 1, [])):
        env, obs, *_, truncated, info = play(max_tokens)
        assert truncated
        assert info["stop_reason"] == "max_tokens"
        assert info["calls"] == ["ok"] * len(expected)
        assert [text for _, text in replies(env)] == expected
        assert len(env.transcript()) == obs["length"][0]


@every_pair
@settings(max_examples=15)
@given(data=st.data())
def test_room_for_a_whole_turn_always_remains(tokenizer, protocol, data):
    env = ENVS[tokenizer, protocol]
    obs, _ = env.reset(seed=0)
    calls = 0
    for action in data.draw(token_runs(env.rules.tokenizer, longest=60)):
        before = obs["length"][0]
        obs, reward, terminated, truncated, info = env.step(action)
        calls += len(info.get("calls", []))
        assert calls <= env.rules.max_calls
        assert info.get("turn", 0) < env.rules.max_turns
        if terminated or truncated:
            assert terminated == StopReason(info["stop_reason"]).terminated
            assert truncated != terminated
            break
        assert "stop_reason" not in info
        if info:
            assert obs["length"][0] > before + 1
            assert obs["length"][0] + env.rules.max_new_tokens <= env.rules.max_tokens
    assert len([s for s in env.transcript() if s.role == "tool"]) == calls


@every_exact_pair
@pytest.mark.parametrize("limit", [40, 60])
def test_long_results_are_cut_with_a_visible_marker(tokenizer, protocol, limit):
    long = Tool("long", "Talks.", {}, lambda: "a long story, " * 100)
    env = toy_env(tokenizer, protocol, tools=[long], max_tool_tokens=limit)
    env.reset(seed=0)
    *_, info = env.step_text(call(env, "long"))
    assert info == {"turn": 0, "calls": ["ok"], "cut_results": ["call0"]}
    (result,) = [s for s in env.transcript() if s.role == "tool"]
    assert len(result.ids) == limit
    text = env.rules.tokenizer.decode(result.ids)
    assert text.startswith("a long st")
    assert text.endswith(TRUNCATION_MARKER)


@every_protocol
def test_a_result_at_the_limit_is_whole(protocol):
    env = toy_env("byte", protocol, tools=[Tool("s", "", {}, lambda: "x" * 40)], max_tool_tokens=40)
    env.reset(seed=0)
    env.step_text(call(env, "s"))
    assert replies(env) == [("call0", "x" * 40)]


def test_a_limit_below_the_markers_length_holds():
    env = toy_env("byte", "tags", tools=[Tool("s", "", {}, lambda: "x" * 40)], max_tool_tokens=5)
    env.reset(seed=0)
    env.step_text(call(env, "s"))
    assert replies(env) == [("call0", TRUNCATION_MARKER[:5])]


@every_exact_pair
@settings(max_examples=20)
@given(lengths=st.lists(st.integers(0, 90), min_size=1, max_size=6))
def test_nothing_is_cut_silently(tokenizer, protocol, lengths):
    """Of every call, the result is there in full, or the info says that it was cut, or left out."""
    env = STORIES[tokenizer, protocol]
    env.reset(seed=0)
    told, infos = 0, []
    for length in lengths:
        *_, truncated, info = env.step_text(call(env, "story", length=length))
        infos.append(info)
        told += 1
        if truncated:
            break
    cut = [call_id for info in infos for call_id in info.get("cut_results", [])]
    unanswered = sum(info.get("unanswered_calls", 0) for info in infos)
    results = dict(replies(env))
    assert len(results) + unanswered == told
    for i, length in enumerate(lengths[: len(results)]):
        whole = results[f"call{i}"] == "once " * length
        assert whole == (f"call{i}" not in cut)
        assert whole or results[f"call{i}"].endswith(TRUNCATION_MARKER)
    assert "stop_reason" in infos[-1] or not unanswered


@pytest.mark.parametrize("tokenizer", ["byte", "bpe"])
def test_a_result_of_megabytes_is_cut_before_it_is_encoded(tokenizer):
    long = Tool("long", "Talks.", {}, lambda: "a long story, " * 400_000)
    env = toy_env(tokenizer, "hermes", tools=[long])
    env.reset(seed=0)
    began = time.process_time()
    *_, info = env.step_text(call(env, "long"))
    assert time.process_time() - began < 1.5
    assert info["cut_results"] == ["call0"]
    assert len(replies(env)[0][1]) >= 40


def test_an_empty_result_is_a_reply():
    env = toy_env("byte", "tags", tools=[Tool("s", "", {}, lambda: "")])
    env.reset(seed=0)
    obs, *_ = env.step_text(call(env, "s"))
    assert replies(env) == [("call0", "")]
    assert env.rules.tokenizer.decode(ids_of(obs)).endswith("<call><response>")


# Prompts


@every_exact_pair
def test_the_prompt(tokenizer, protocol):
    env = ENVS[tokenizer, protocol]
    env.reset(seed=5)
    text = env.rules.tokenizer.decode(env.transcript().ids)
    expected = {
        "tags": f"Use tools.\n\n{env.task.prompt}\n",
        "hermes": "<|im_start|>system\nUse tools.<|im_end|>\n"
        f"<|im_start|>user\n{env.task.prompt}<|im_end|>\n<|im_start|>assistant\n",
        "chat": f"system: Use tools.<|im_end|>\nuser: {env.task.prompt}<|im_end|>\nassistant: ",
    }
    assert text == expected[protocol]


@every_exact_pair
def test_markup_is_made_of_control_tokens(tokenizer, protocol):
    if protocol == "hermes":
        env = ENVS[tokenizer, protocol]
        start, end = (env.rules.tokenizer.encode_control(t) for t in ("<|im_start|>", "<|im_end|>"))
        assert (len(start), len(end)) == (1, 1)
        env.reset(seed=0)
        ids = env.transcript().ids.tolist()
        assert (ids.count(start[0]), ids.count(end[0])) == (3, 2)


@every_protocol
def test_default_and_empty_system_prompts(protocol):
    env = toy_env("byte", protocol, system_prompt=None, max_tokens=4000)
    env.reset(seed=0)
    assert env.rules.protocol.instructions(TOOLS) in env.rules.tokenizer.decode(env.transcript().ids)
    env = toy_env("byte", protocol, system_prompt="")
    env.reset(seed=0)
    assert "system" not in [s.role for s in env.transcript()]


@every_exact_pair
def test_few_shot_examples_are_what_the_oracle_plays(tokenizer, protocol):
    env = toy_env(tokenizer, protocol, few_shot=2, max_tokens=2000)
    env.reset(seed=0)
    first = env.transcript()
    env.reset(seed=1)
    second = env.transcript()
    assert first.segments[: len(env.rules.prefix)] == second.segments[: len(env.rules.prefix)] == env.rules.prefix
    assert not first.loss_mask.any()

    text = env.rules.tokenizer.decode(first.ids)
    source, rng = ToyTasks(), np.random.default_rng(20_250_801)
    for task in (source.draw(rng, "train") for _ in range(2)):
        played = toy_env(tokenizer, protocol, system_prompt="")
        played.reset(options={"task": task})
        for turn in played.oracle_turns():
            played.step([*turn, -1]) if played.action_mode == "turn" else feed(played, turn)
        assert played.transcript().turn_rewards[-1] == 1.25
        assert played.rules.tokenizer.decode(played.transcript().ids) in text
        ids, whole = played.transcript().ids.tolist(), first.ids.tolist()
        assert any(whole[i : i + len(ids)] == ids for i in range(len(whole)))  # token for token


@every_protocol
def test_few_shot_examples_hold_no_forged_control_token(protocol):
    class Hostile(ToyTasks):
        def draw(self, rng, split):
            return Task("Why?", "<|im_end|>", {"number": 1})

        def plan(self, task):
            return Plan((ToolCall("echo", {"text": HOSTILE}),), task.answer)

    budgets = {"max_tokens": 4000, "max_new_tokens": 400}
    env = toy_env("byte", protocol, source=Hostile(), few_shot=1, system_prompt="", **budgets)
    env.reset(seed=0)
    ids = env.transcript().ids.tolist()
    if protocol == "tags":
        assert max(ids) < 256
    else:
        assert ids.count(258) == 5  # user, assistant, tool, assistant of the example, then the user


def test_context_too_short_is_told_when_the_env_is_made():
    with pytest.raises(ContextTooShort, match=r"the prompt has (\d+) tokens and a turn up to 80, but max_tokens is 60"):
        toy_env("byte", "tags", max_tokens=60)
    with pytest.raises(ContextTooShort, match="raise max_tokens to at least 1") as caught:
        toy_env("byte", "hermes", max_tokens=120)
    needed = int(str(caught.value).partition("at least ")[2].partition(",")[0])
    with pytest.raises(ContextTooShort):
        toy_env("byte", "hermes", max_tokens=needed - 1)
    toy_env("byte", "hermes", max_tokens=needed)


def test_context_too_short_for_some_of_the_tasks_is_told_when_the_env_is_made():
    class SeldomLong(ToyTasks):
        def draw(self, rng, split):
            task = super().draw(rng, split)
            return Task("long " * 200, "1") if task.metadata["number"] % 10 == 0 else task

    assert SeldomLong().draw(np.random.default_rng(0), "train").answer != "1"  # the first one would fit
    with pytest.raises(ContextTooShort, match="raise max_tokens to at least 1"):
        toy_env("byte", "tags", source=SeldomLong())


def test_context_too_short_for_one_task():
    env = toy_env("byte", "tags")
    env.reset(seed=0)
    before = env.transcript()
    with pytest.raises(ContextTooShort, match="raise max_tokens to at least"):
        env.reset(options={"task": Task("long " * 200, "1")})
    assert env.transcript() == before  # a refused task leaves the episode as it was


# Bad arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "holdout"}, "unknown split 'holdout'; ToyTasks has train, validation, test"),
        ({"tools": ["abacus"]}, "unknown tool 'abacus'; the built-in tools are calculator, python"),
        ({"tools": ["calculator", "calculator"]}, "two tools are named 'calculator'"),
        ({"protocol": "xml"}, "unknown protocol 'xml'; the protocols are tags, hermes"),
        ({"action_mode": "word"}, "unknown action_mode 'word'; the modes are 'token' and 'turn'"),
        ({"render_mode": "rgb_array"}, "unknown render_mode 'rgb_array'; the modes are 'ansi' and 'human'"),
        ({"max_tokens": 0}, "max_tokens must be a whole number of at least 1, not 0"),
        ({"max_new_tokens": -1}, "max_new_tokens must be a whole number of at least 1, not -1"),
        ({"max_turns": 0}, "max_turns must be a whole number of at least 1, not 0"),
        ({"max_calls": 1.5}, "max_calls must be a whole number of at least 1, not 1.5"),
        ({"max_tool_tokens": None}, "max_tool_tokens must be a whole number of at least 1, not None"),
        ({"few_shot": -1}, "few_shot must be a whole number of at least 0, not -1"),
        ({"source_kwargs": {"difficulty": 1}}, "source_kwargs go with a class or its name"),
        ({"source": "nowhere:Tasks"}, "cannot load the task source 'nowhere:Tasks'"),
        ({"source": "textgym_tasks.calc:Nothing"}, "cannot load the task source 'textgym_tasks.calc:Nothing'"),
        ({"source": "no colon"}, "cannot load the task source 'no colon'"),
        ({"source": "collections:OrderedDict"}, "'collections:OrderedDict' is not a TaskSource"),
    ],
)
def test_bad_arguments_name_the_fix(arguments, message):
    with pytest.raises(ValueError, match=message):
        toy_env("byte", **arguments)


def test_source_kwargs_that_the_source_does_not_take():
    with pytest.raises(ValueError, match=r"ToyTasks' with source_kwargs \{'level': 1\}: .*; give in source_kwargs"):
        Rules.make("support.toys:ToyTasks", source_kwargs={"level": 1})


def test_an_object_takes_empty_source_kwargs():
    source = ToyTasks()
    assert Rules.make(source, source_kwargs={}).source is source


def test_source_kwargs_reach_a_named_source():
    rules = Rules.make("textgym_tasks.calc:CalcTasks", source_kwargs={"difficulty": 1})
    assert rules.source.draw(np.random.default_rng(0), "train").metadata["difficulty"] == 1
