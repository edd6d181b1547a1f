"""The chat protocol in play: against transformers, prefix and isolation, ends of turns, oracle turns, few-shot."""

import pickle
import warnings
from datetime import date

import cloudpickle
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env, data_equivalence
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.chat import FAMILIES, QWEN_THINKING, chatml, llama, qwen, smollm
from support.toys import HOSTILE, TOKENIZERS, TOOLS, ToyTasks, control_ids, flat, random_tokens, toy_protocol

from textgym import ByteTokenizer, HFTokenizer, Plan, Segment, Task, TextEnv, TextVectorEnv, Tool, ToolCall
from textgym.protocols import CallResult, ChatProtocol
from textgym.tokenizers import encode_runs
from textgym.tools import CallStatus

LLAMA_BYTES = ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|python_tag|>")
EXACT = {
    **FAMILIES,
    "thinking": qwen,
    "code": smollm,
    "byte": ByteTokenizer,
    "bytes-llama": lambda: ByteTokenizer(LLAMA_BYTES),
}
CHATS = {**EXACT, "bpe": TOKENIZERS["bpe"], "unigram": TOKENIZERS["unigram"], "wordpiece": TOKENIZERS["wordpiece"]}
PROTOCOLS = {
    "thinking": ChatProtocol(QWEN_THINKING),
    "code": ChatProtocol(syntax="code", variables={"python_tools": True}),
    "bytes-llama": ChatProtocol("llama"),
}
every_family = pytest.mark.parametrize("family", FAMILIES)
every_exact_chat = pytest.mark.parametrize("name", EXACT)
every_chat = pytest.mark.parametrize("name", CHATS)


def chat_env(name: str, **kwargs) -> TextEnv:
    budgets = {"max_tokens": 6000, "max_new_tokens": 300, "max_turns": 4, "max_calls": 5, "max_tool_tokens": 1000}
    options = {"tools": TOOLS, "protocol": PROTOCOLS.get(name, "chat"), **budgets, **kwargs}
    return TextEnv(options.pop("source", None) or ToyTasks(), tokenizer=CHATS[name](), **options)


ENVS = {name: chat_env(name) for name in CHATS}


def ids_of(obs) -> list[int]:
    return obs["input_ids"][: obs["length"][0]].tolist()


def feed(env, ids):
    for i in ids:
        result = env.step(i)
        if result[2] or result[3]:
            break
    return result


def replies(env) -> list[tuple[str | None, str]]:
    return [(s.tool_call_id, env.rules.tokenizer.decode(s.ids)) for s in env.transcript() if s.role == "tool"]


# Against transformers: what it renders and tokenises as a whole, token for token


class Messages:
    """The conversation as transformers takes it, built from what was asked and said."""

    def __init__(self, env: TextEnv, native: bool) -> None:
        self.env, self.native, self.list = env, native, []
        self.template = env.rules.protocol.template.source

    def say(self, role: str, content: str) -> None:
        self.list.append({"role": role, "content": content})

    def call(self, *calls: ToolCall) -> None:
        if self.native:
            functions = [{"name": call.name, "arguments": dict(call.arguments)} for call in calls]
            tool_calls = [{"type": "function", "function": function} for function in functions]
            self.list.append({"role": "assistant", "content": "", "tool_calls": tool_calls})
        else:
            self.say("assistant", "\n".join(map(self.env.rules.protocol.write_call, calls)))

    def ids(self, generate: bool = True) -> list[int]:
        tools = [tool.schema() for tool in self.env.rules.tools.values()]
        ids = self.env.rules.tokenizer.hf.apply_chat_template(
            self.list, tools=tools, add_generation_prompt=generate, chat_template=self.template
        )
        return list(ids["input_ids"])


# No `<`, so that nothing spells a tag, and no letters that NFKC and friends would change: GPT-2's bytes keep them.
plain_text = st.text(st.sampled_from("abc XYZ 019 .,:;!?'\"(){}[]\\/|>_-+*=&%$#@~^`\n\t\r é漢🦉"), max_size=25)
SAME_DATE = "strftime_now('%d %B %Y')"


@every_family
@settings(max_examples=25)
@given(data=st.data(), few_shot=st.integers(0, 1), system=plain_text)
@example(data=None, few_shot=1, system="")
def test_episodes_are_what_transformers_renders(family, data, few_shot, system):
    """Prompts, calls, replies and answers of any text; tool schemas, few-shot examples and several calls included."""

    def text(fallback: str) -> str:
        return fallback if data is None else data.draw(plain_text)

    hf = FAMILIES[family]().hf
    template = hf.chat_template.replace(SAME_DATE, "'today'")  # transformers reads the clock
    said = Tool("say", text("Says it.\n"), {"type": "object", "properties": {}}, lambda: said_text[0])
    said_text = [text("so.")]

    class Once(ToyTasks):
        def draw(self, rng, split):
            return Task(question, "42", {})

        def plan(self, task):
            return Plan((ToolCall("say", {}),), answer)

    question, answer = text("Why?\n"), text(" 42").replace("{", "(") + "."  # which is no JSON
    env = chat_env(family, source=Once(), tools=[said], protocol=ChatProtocol(template), few_shot=few_shot,
                   system_prompt=system)  # fmt: skip
    env.reset(seed=0)
    messages = Messages(env, native=env.rules.protocol.habits.writes_calls)
    if system:
        messages.say("system", system)
    for shot in env.rules.examples:
        messages.say("user", shot.question)
        for call, result in shot.calls:
            messages.call(call)
            messages.say("tool", result.text)
        messages.say("assistant", shot.answer)
    messages.say("user", question)
    assert env.transcript().ids.tolist() == messages.ids()

    several = 1 if family == "llama" else 2
    for calls in (1, several):
        said_text[0] = text("\nIt is.\n")
        turn = flat(env.oracle_turns()[:1])
        if calls == 2:
            body = env.rules.protocol.write_call(ToolCall("say", {}))
            turn = [*env.rules.tokenizer.encode_control(f"{body}\n{body}"), env.rules.tokenizer.eos_id]
        *_, info = feed(env, turn)
        assert info["calls"] == ["ok"] * calls
        messages.call(*[ToolCall("say", {})] * calls)
        for _ in range(calls):
            messages.say("tool", said_text[0])
        assert env.transcript().ids.tolist() == messages.ids()

    *_, info = feed(env, env.oracle_turns()[-1])
    assert info["stop_reason"] == "submit"
    messages.say("assistant", answer)
    ids, whole = env.transcript().ids.tolist(), messages.ids(generate=False)
    assert whole[: len(ids)] == ids
    assert env.rules.tokenizer.decode(whole[len(ids) :]).strip() == ""


def test_thinking_templates_are_as_transformers_renders_them():
    env = chat_env("thinking", system_prompt="Be brief.", few_shot=1)
    env.reset(seed=4)
    first, second = (env.rules.source.plan(env.task).calls[i] for i in (0, 1))
    shot = env.rules.examples[0]
    messages = Messages(env, native=True)
    messages.say("system", "Be brief.")
    messages.say("user", shot.question)
    for call, result in shot.calls:
        messages.call(call)
        messages.say("tool", result.text)
    messages.say("assistant", shot.answer)
    messages.say("user", env.task.prompt)
    assert env.transcript().ids.tolist() == messages.ids()
    for call, thought in ((first, ""), (second, "<think>\nNow add.\n</think>\n\n")):
        turn = thought + env.rules.protocol.write_call(call)
        *_, info = feed(env, [*env.rules.tokenizer.encode_control(turn), env.rules.tokenizer.eos_id])
        assert info["calls"] == ["ok"]
        messages.call(call)
        messages.list[-1]["content"] = thought
        messages.say("tool", replies(env)[-1][1])
        assert env.transcript().ids.tolist() == messages.ids()


# Prefix


@every_chat
@settings(max_examples=25)
@given(data=st.data())
def test_prefix_and_mask_with_any_tokens(name, data):
    env = ENVS[name]
    before, _ = env.reset(seed=data.draw(st.integers(0, 99)))
    assert not before["loss_mask"].any()
    protocol = env.rules.protocol
    fragments = [protocol.write_call(ToolCall("echo", {"text": HOSTILE})), protocol.write_call(ToolCall("crash", {}))]
    fragments += ["<tool_call>{", "<think>", "</think>", '{"name": 1}', "<code>", protocol.habits.end, HOSTILE, "é🦉"]
    end = st.just([env.rules.tokenizer.eos_id])
    noise = st.lists(st.integers(0, env.rules.tokenizer.vocab_size - 1), min_size=1, max_size=6)
    written = st.sampled_from(fragments)
    run = written.map(env.rules.tokenizer.encode) | written.map(env.rules.tokenizer.encode_control) | noise | end
    for action in flat(data.draw(st.lists(run, max_size=12))):
        after, _, terminated, truncated, _ = env.step(action)
        old = before["length"][0]
        assert ids_of(after)[:old] == ids_of(before)
        assert after["input_ids"][old] == action
        np.testing.assert_array_equal(after["loss_mask"][:old], before["loss_mask"][:old])
        assert after["loss_mask"][old] == 1
        assert not after["loss_mask"][old + 1 :].any()
        before = after
        if terminated or truncated:
            break


# Isolation: whatever a text spells, the tokens that steer are those of a harmless conversation


def steering_ids(name: str) -> set[int]:
    """Every added token; "unknown" too, where all text is known."""
    tokenizer = ENVS[name].rules.tokenizer
    known = set(tokenizer.hf.added_tokens_decoder) if name in EXACT and hasattr(tokenizer, "hf") else set()
    return control_ids(tokenizer) | known


STEERING = {name: steering_ids(name) for name in CHATS}
SPELLED = {name: [ENVS[name].rules.tokenizer.decode([i]) for i in sorted(STEERING[name])] for name in CHATS}
LOOK_ALIKES = ("＜|im_end|＞", "<｜im_end｜>", "<|ⅰm_end|>", "‹tool_call›", "&lt;tool_call>", "<TOOL_CALL>", "＜/s＞")
ODDITIES = (
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "\x1b[31m",
    "\u202e",
    "\ufeff",
    "Qz0x0b",
    "Qz0x",
    "Qz0x0e",
    "{{ 1 }}",
    "\\",
    '"',
)


def hostile_texts(name: str) -> st.SearchStrategy[str]:
    delimiters = ENVS[name].rules.protocol.delimiters
    known = (*SPELLED[name], *delimiters, *LOOK_ALIKES, *ODDITIES, HOSTILE, "<|im_<|im_end|>end|>", " ", "\n", "\n\n")
    odd = st.text(st.characters(exclude_categories=()), max_size=4)
    return st.lists(st.sampled_from(known) | odd, max_size=10).map("".join)


def saying_env(name: str, **kwargs) -> tuple[TextEnv, list[str]]:
    """An environment with a tool that says what stands in the list."""
    said = ["x"]
    description = kwargs.pop("description", "x")
    saying = Tool("say", description, {"type": "object", "properties": {}}, lambda: said[0])
    budgets = {"max_tokens": 8000, "max_tool_tokens": 3000}
    return chat_env(name, tools=[saying], **{**budgets, "system_prompt": "x", **kwargs}), said


SAYING = {name: saying_env(name) for name in CHATS}


def converse(name: str, question: str = "x", result: str = "x") -> TextEnv:
    """A question and a tool's result, with a policy that writes nothing unusual."""
    env, said = SAYING[name]
    said[0] = result
    env.reset(options={"task": Task(question, "42", {"number": 1})})
    env.step_text(env.rules.protocol.write_call(ToolCall("say", {})))
    return env


def steering(name: str, env: TextEnv) -> list[int]:
    return [i for i in env.transcript().ids.tolist() if i in STEERING[name]]


def roles(env: TextEnv) -> list[str]:
    return [s.role for s in env.transcript() if s.role != "scaffold"]


def check_isolated(name: str, env: TextEnv) -> None:
    for segment in env.transcript():
        if segment.role in ("user", "system", "tool"):
            assert STEERING[name].isdisjoint(segment.ids)
        if segment.role in ("user", "tool"):
            text = env.rules.tokenizer.decode(segment.ids)
            assert not any(delimiter in text for delimiter in env.rules.protocol.delimiters)


@every_chat
@settings(max_examples=60)
@given(data=st.data())
def test_no_question_or_result_is_more_than_text(name, data):
    texts = hostile_texts(name)
    quiet = converse(name)
    expected = steering(name, quiet), roles(quiet)
    env = converse(name, data.draw(texts, "question"), data.draw(texts, "result"))
    check_isolated(name, env)
    assert (steering(name, env), roles(env)) == expected


@every_chat
@settings(max_examples=5)
@given(data=st.data())
def test_no_system_prompt_or_description_is_more_than_text(name, data):
    texts = hostile_texts(name)
    quiet = converse(name)
    expected = steering(name, quiet)
    system, description = data.draw(texts, "system") or HOSTILE, data.draw(texts, "description") or HOSTILE
    env, _ = saying_env(name, system_prompt=system, description=description)
    env.reset(options={"task": Task("x", "42", {"number": 1})})
    env.step_text(env.rules.protocol.write_call(ToolCall("say", {})))
    check_isolated(name, env)
    assert steering(name, env) == expected


@every_chat
def test_a_very_long_text_is_only_text(name):
    quiet = converse(name)
    expected = steering(name, quiet), roles(quiet)
    env = converse(name, result="".join(SPELLED[name]) * 3000)
    check_isolated(name, env)
    assert (steering(name, env), roles(env)) == expected
    if name in EXACT:
        (result,) = [s for s in env.transcript() if s.role == "tool"]
        assert len(result.ids) == 3000
        assert env.rules.tokenizer.decode(result.ids).endswith(" [output truncated]")


NAMING = chatml("(message.name + ': ' if message.role == 'tool' else '') + message.content")


@settings(max_examples=60)
@given(text=hostile_texts("qwen"))
def test_what_a_policy_names_as_its_tool_is_only_text(text):
    """Some templates show it, as here."""
    tokenizer = qwen()
    protocol = ChatProtocol(NAMING).bind(tokenizer, TOOLS)
    pieces, quiet = (
        protocol.results([CallResult("call0", CallStatus.UNKNOWN_TOOL, "x", name)]) for name in (text or "y", "y")
    )
    assert [p.text for p in pieces if not p.data] == [p.text for p in quiet if not p.data]
    assert [(p.text, p.role) for p in pieces if p.data] == [(text or "y", "scaffold"), ("x", "tool")]
    ids = [i for run in encode_runs(tokenizer, [(p.text, p.data) for p in pieces]) for i in run]
    written = tokenizer.encode_control("\n<|im_start|>tool\ny: x<|im_end|>\n<|im_start|>assistant\n")
    assert [i for i in ids if i in STEERING["qwen"]] == [i for i in written if i in STEERING["qwen"]]


# Ends of turns


def test_a_turn_ends_with_the_templates_token_and_with_the_tokenizers_eos():
    env = chat_env("llama", max_turns=9)
    hf = env.rules.tokenizer.hf
    assert hf.eos_token == "<|end_of_text|>"
    assert env.rules.tokenizer.eos_id == hf.convert_tokens_to_ids("<|eot_id|>") != hf.eos_token_id
    call = env.rules.tokenizer.encode(env.rules.protocol.write_call(ToolCall("echo", {"text": "hi"})))
    for end in (env.rules.tokenizer.eos_id, hf.eos_token_id):
        obs, _ = env.reset(seed=0)
        prompt = obs["length"][0]
        *_, info = feed(env, [*call, end])
        assert info["calls"] == ["ok"]
        turn = env.transcript().segments[-4:]
        (sampled,) = [s for s in turn if s.role == "model"]
        assert sampled == Segment((*call, end), "model", sampled=True)  # the end is the policy's, and carries loss
        assert env.transcript().loss_mask[prompt : prompt + len(call) + 1].all()
        *_, terminated, _, info = feed(env, [*env.rules.tokenizer.encode("42"), end])
        assert terminated
        assert info["stop_reason"] == "submit"


def test_another_control_token_ends_no_turn():
    env = chat_env("llama")
    env.reset(seed=0)
    (header,) = env.rules.tokenizer.encode_control("<|start_header_id|>")
    *_, terminated, truncated, info = feed(env, [*env.rules.tokenizer.encode("42"), header])
    assert (terminated, truncated, info) == (False, False, {})


@every_exact_chat
def test_demonstrations_learn_their_turns_with_the_end(name):
    from textgym_agents import demonstrations
    from textgym_agents.sft import IGNORE, labels_of

    rules = ENVS[name].rules
    for demo in demonstrations(rules, 5, seed=0):
        assert sum(demo.turn_rewards) == 1.25
        labels = labels_of(demo)[1].tolist()
        learned = [i for i in labels if i != IGNORE]
        assert learned == [i for s in demo if s.role == "model" for i in s.ids]
        assert learned.count(rules.tokenizer.eos_id) == 3
        assert labels[-1] == rules.tokenizer.eos_id


# What the oracle writes

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("True", "False", "None", "true", "false", "null")
)


@every_exact_chat
@settings(max_examples=50)
@given(data=st.data(), tool=names)
def test_calls_are_read_back(name, data, tool):
    protocol, texts = ENVS[name].rules.protocol, hostile_texts(name)
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=4,
    )
    keys = names if protocol.syntax.name == "code" else names | texts
    arguments = data.draw(st.dictionaries(keys, values, max_size=3))
    text = protocol.write_call(ToolCall(tool, arguments))
    (call,) = protocol.parse(text).calls
    assert (call.name, call.arguments, call.status) == (tool, arguments, CallStatus.OK)
    bare = protocol.write_call(ToolCall(tool, {}))
    assert all(text.count(delimiter) == bare.count(delimiter) for delimiter in protocol.delimiters)


@every_exact_chat
@settings(max_examples=50)
@given(data=st.data())
def test_answers_are_read_back(name, data):
    protocol = ENVS[name].rules.protocol
    answer = data.draw(hostile_texts(name))
    if protocol.escape(answer) != answer or answer.lstrip().startswith("{") or not answer.strip():
        return
    parsed = protocol.parse(protocol.write_submission(answer))
    assert (parsed.calls, parsed.submission) == ((), answer.strip())


@every_exact_chat
def test_the_oracle_writes_markup_in_control_tokens_and_data_in_none(name):
    class Quoting(ToyTasks):
        def plan(self, task):
            return Plan((ToolCall("echo", {"text": "".join(SPELLED[name])}),), task.answer)

    env = chat_env(name, source=Quoting(), max_new_tokens=900)
    env.reset(seed=0)
    written = [i for turn in env.oracle_turns() for i in turn if i in STEERING[name]]
    plain = ENVS[name]
    plain.reset(seed=0)
    first, _, last = plain.oracle_turns()
    assert written == [i for turn in (first, last) for i in turn if i in STEERING[name]]
    for turn in env.oracle_turns():
        *_, info = feed(env, turn)
    assert info["is_success"]
    assert replies(env)[0][1].count("&lt;") >= 1 or name == "markup"


@pytest.mark.parametrize("name", [name for name in EXACT if name != "llama"])
def test_calls_behind_reasoning_count_and_calls_in_it_do_not(name):
    env = ENVS[name]
    protocol = env.rules.protocol
    call, other = (protocol.write_call(ToolCall("echo", {"text": text})) for text in ("hi", "no"))
    parsed = protocol.parse(f"<think>\n{other}\n</think>\n\n{call}")
    assert [c.arguments for c in parsed.calls] == [{"text": "hi"}]
    assert protocol.parse(f"<think>{other}</think>\n\n 84 ").submission == "84"
    unfinished = protocol.parse(f"<think>{other}")
    assert (unfinished.calls, unfinished.submission) == ((), None)


# Prompts


@every_exact_chat
def test_few_shot_examples_are_what_the_oracle_plays(name):
    env = chat_env(name, few_shot=2)
    env.reset(seed=0)
    whole = env.transcript().ids.tolist()
    assert not env.transcript().loss_mask.any()
    source, rng = ToyTasks(), np.random.default_rng(20_250_801)
    for task in (source.draw(rng, "train") for _ in range(2)):
        played = ENVS[name]
        played.reset(options={"task": task})
        turns = played.oracle_turns()
        if name == "thinking":
            turns[-1] = played.rules.encode_turn(
                task.answer
            )  # reasoning of the last turn only, as this template has it
        for turn in turns:
            feed(played, turn)
        assert played.transcript().turn_rewards[-1] == 1.25
        question = next(i for i, s in enumerate(played.transcript()) if s.role == "user")
        ids = [i for s in played.transcript().segments[question:] for i in s.ids]
        assert any(whole[i : i + len(ids)] == ids for i in range(len(whole)))  # token for token


@every_exact_chat
def test_the_parts_of_a_prompt(name):
    env = chat_env(name, system_prompt="Be brief.", few_shot=1)
    env.reset(seed=0)
    segments = env.transcript().segments
    assert segments[: len(env.rules.prefix)] == env.rules.prefix
    questions = [env.rules.tokenizer.decode(s.ids) for s in segments if s.role == "user"]
    assert questions == [env.rules.examples[0].question, env.task.prompt]
    assert env.task.prompt not in env.rules.tokenizer.decode([i for s in env.rules.prefix for i in s.ids])
    assert "Be brief" in env.rules.tokenizer.decode([i for s in segments if s.role == "system" for i in s.ids])


@every_chat
def test_default_and_empty_system_prompts(name):
    env = chat_env(name, system_prompt=None)
    env.reset(seed=0)
    said = env.rules.protocol.instructions(TOOLS)
    if name in EXACT:
        assert said in env.rules.tokenizer.decode(env.transcript().ids)
    env = chat_env(name, system_prompt="")
    env.reset(seed=0)
    assert said not in env.rules.tokenizer.decode(env.transcript().ids)


@every_family
def test_templates_show_the_tools(family):
    env = chat_env(family, system_prompt="")
    env.reset(seed=0)
    text = env.rules.tokenizer.decode(env.transcript().ids)
    assert all(tool.name in text and tool.description in text for tool in TOOLS)


def test_the_date_is_fixed():
    def prompt(**kwargs) -> str:
        env = chat_env("llama", protocol=ChatProtocol(**kwargs))
        env.reset(seed=0)
        return env.rules.tokenizer.decode(env.transcript().ids)

    assert "Today is 01 January 2025." in prompt()
    assert "Today is 24 December 2024." in prompt(today=date(2024, 12, 24))


# Gymnasium


@pytest.mark.parametrize("mode", ["token", "turn"])
@every_chat
def test_check_env(name, mode):
    tokenizer, protocol = CHATS[name](), PROTOCOLS.get(name, "chat")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        env = gymnasium.make("TextCalc-v0", tokenizer=tokenizer, protocol=protocol, action_mode=mode)
        check_env(env.unwrapped)


@every_exact_chat
def test_a_vector_is_its_environments(name):
    """Oracle turns in some slots, noise in the others."""
    n = 3
    protocol = PROTOCOLS.get(name, "chat")
    options = {"tokenizer": CHATS[name](), "protocol": protocol, "tools": TOOLS, "max_tokens": 4000, "max_turns": 3}
    envs = TextVectorEnv(ToyTasks(), num_envs=n, autoreset_mode="Disabled", **options)
    singles = [TextEnv(ToyTasks(), **options) for _ in range(n)]
    obs, _ = envs.reset(seed=5)
    for i, env in enumerate(singles):
        assert data_equivalence(env.reset(seed=5 + i)[0], {key: value[i] for key, value in obs.items()}, exact=True)
    queues = [flat(envs.oracle_turns(0)), random_tokens(singles[1].rules.tokenizer, 400, 0), flat(envs.oracle_turns(2))]
    for step in range(max(map(len, queues))):
        actions = np.array([queue[step] if step < len(queue) else 65 for queue in queues])
        obs, rewards, terminated, truncated, _ = envs.step(actions)
        for i, env in enumerate(singles):
            single = env.step(int(actions[i]))
            assert data_equivalence(single[0], {key: value[i] for key, value in obs.items()}, exact=True)
            assert single[1:4] == (rewards[i], terminated[i], truncated[i])
    assert envs.episodes[0].success
    assert envs.episodes[2].success


def test_environments_and_their_specs_pickle():
    protocol = ChatProtocol("smollm", syntax="code", variables={"python_tools": True})
    assert pickle.loads(pickle.dumps(protocol)) == protocol
    env = gymnasium.make("TextCalc-v0", protocol=protocol)
    again = gymnasium.make(pickle.loads(pickle.dumps(env.spec)))
    assert data_equivalence(env.reset(seed=1), again.reset(seed=1), exact=True)
    copy = pickle.loads(cloudpickle.dumps(env))
    assert data_equivalence(env.step(65), copy.step(65), exact=True)
    assert data_equivalence(env.reset(seed=2), copy.reset(seed=2), exact=True)
    spec = gymnasium.envs.registration.EnvSpec.from_json(gymnasium.make("TextCalc-v0", protocol="chat").spec.to_json())
    assert gymnasium.make(spec).unwrapped.rules.protocol.name == "chat"


def test_the_vocabulary_may_be_larger_than_the_tokenizers():
    tokenizer = HFTokenizer(llama().hf, vocab_size=2000)
    env = TextEnv(ToyTasks(), tokenizer=tokenizer, protocol=toy_protocol("chat"), tools=TOOLS, system_prompt="")
    assert env.rules.tokenizer.vocab_size == env.action_space.n == 2000
