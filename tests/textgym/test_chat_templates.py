"""Chat templates: what they are found to do, which are refused, the sandbox, and texts that upset them."""

import sys
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.chat import FAMILIES, QWEN_THINKING, chatml, llama, qwen, smollm
from support.toys import HOSTILE, TOKENIZERS, TOOLS, ToyTasks, byte_level_bpe

from textgym import ByteTokenizer, Task, TextEnv, ToolCall
from textgym.protocols import CallResult, ChatProtocol, Protocol, TemplateNotPrefixPreserving, template
from textgym.protocols.chat import PRESETS, preset
from textgym.protocols.template import ChatTemplate, Run, Slot, TemplateFailed, Written, cut, text_of
from textgym.tools import CallStatus


def bound(source: str | None = None, tokenizer=None, **kwargs) -> Protocol:
    return ChatProtocol(source, **kwargs).bind(tokenizer or qwen(), TOOLS)


def result(text: str, i: int = 0) -> CallResult:
    return CallResult(f"call{i}", CallStatus.OK, text, "echo")


def reply(protocol: Protocol, *texts: str) -> str:
    return "".join(piece.text for piece in protocol.results([result(text, i) for i, text in enumerate(texts)]))


# Where the template comes from


def test_by_name_the_tokenizers_own_template():
    for tokenizer in (ByteTokenizer(), qwen(), llama()):
        env = TextEnv(ToyTasks(), tokenizer=tokenizer, protocol="chat", tools=TOOLS, max_tokens=4000)
        source = env.rules.protocol.template.source
        assert source == (tokenizer.hf.chat_template if hasattr(tokenizer, "hf") else preset("qwen"))


def test_a_tokenizer_without_a_template_is_told_what_to_do():
    hf = byte_level_bpe_without_template()
    with pytest.raises(ValueError, match=r'"chat" needs a chat template, and the tokenizer has none.*ChatProtocol\('):
        TextEnv(ToyTasks(), tokenizer=hf, protocol="chat", tools=TOOLS)
    env = TextEnv(ToyTasks(), tokenizer=hf, protocol=ChatProtocol("qwen"), tools=TOOLS)
    assert env.rules.protocol.template.source == preset("qwen")


def byte_level_bpe_without_template():
    from transformers import PreTrainedTokenizerFast

    from textgym import HFTokenizer

    backend = byte_level_bpe().hf.backend_tokenizer
    return HFTokenizer(PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>"))


def test_of_several_templates_the_one_for_tools():
    tokenizer = byte_level_bpe_without_template()
    assert tokenizer.chat_template is None
    tokenizer.hf.chat_template = {"default": "a", "rag": "b"}
    assert tokenizer.chat_template == "a"
    tokenizer.hf.chat_template = {"default": "a", "tool_use": "c"}
    assert tokenizer.chat_template == "c"
    tokenizer.hf.chat_template = {"rag": "b"}
    assert tokenizer.chat_template is None


def test_presets_by_name():
    assert all(preset(name) for name in PRESETS)
    with pytest.raises(ValueError, match="unknown chat template 'gwen'; the presets are qwen, llama, smollm"):
        bound("gwen")


def test_templates_read_special_tokens_and_variables():
    source = chatml("(bos_token if loop.first else '') + message.content + note | default('')")
    assert "<|begin_of_text|>" in text_of_prompt(bound(source.replace("<|im_end|>", "<|eot_id|>"), llama()))
    assert "Why?!!" in text_of_prompt(bound(chatml("message.content + note"), variables={"note": "!!"}))


def text_of_prompt(protocol: Protocol, question: str = "Why?") -> str:
    prompt = protocol.prompt("", (), question)
    return "".join(piece.text for piece in (*prompt.opening, *prompt.question))


# What is found out


def test_habits_of_the_families():
    habits = {name: bound(tokenizer=family()).habits for name, family in FAMILIES.items()}
    assert [h.end for h in habits.values()] == ["<|im_end|>", "<|eot_id|>", "<|im_end|>"]
    assert [h.syntax.name for h in habits.values()] == ["tool_call", "json", "tool_call"]
    assert [h.writes_calls for h in habits.values()] == [True, True, False]
    assert [h.calls_at_once for h in habits.values()] == [True, False, True]
    assert all(h.shows_tools and h.shows_system for h in habits.values())
    assert habits["llama"].trims["user"] == (None, None)
    assert habits["llama"].trims["tool"] == habits["qwen"].trims["user"] == ("", "")
    assert habits["smollm"].trims["system"] == ("", None)
    assert habits["smollm"].trims["assistant"] == ("\n", "")


def test_delimiters_are_the_tags_of_the_markup_and_not_those_of_the_tools():
    protocol = bound()
    assert {"<|im_start|>", "<|im_end|>", "<tool_call>", "<tool_response>", "</tool_response>"} <= set(
        protocol.delimiters
    )
    assert "<b>" not in protocol.delimiters
    assert protocol.escape("a <b>bold</b> </tool_response>") == "a <b>bold</b> &lt;/tool_response>"
    assert "<|eot_id|>" in bound(tokenizer=llama()).delimiters


def test_the_syntax_is_the_one_that_the_template_writes():
    function = "message.tool_calls[0].function"
    argument = f"{function}.arguments | items | first"
    code = f"'<code>' + {function}.name + '(' + ({argument} | first) + '=' + ({argument} | last | tojson) + ')</code>'"
    python = chatml(f"{code} if message.tool_calls else message.content")
    assert bound(python).syntax.name == "code"
    assert bound(python, syntax="code").write_call(ToolCall("echo", {"text": "x"})) == '<code>echo(text="x")</code>'
    with pytest.raises(
        ValueError, match=r"the chat template writes a call as '<code>.*', which is not the syntax json"
    ):
        bound(python, syntax="json")
    unknown = chatml(f"'CALL ' + {function} | tojson if message.tool_calls else message.content")
    with pytest.raises(ValueError, match="which is not the syntax tool_call, json, code"):
        bound(unknown)


def test_without_calls_of_its_own_the_syntax_can_be_chosen():
    for syntax, written in (("tool_call", "<tool_call>\n"), ("json", '{"name"'), ("code", "<code>\necho(")):
        protocol = bound(tokenizer=smollm(), syntax=syntax)
        assert protocol.write_call(ToolCall("echo", {"text": "x"})).startswith(written)


def test_instructions_are_for_templates_that_show_no_tools():
    assert all(tool.name in bound(chatml()).instructions(TOOLS) for tool in TOOLS)
    assert bound().instructions(TOOLS) == "When you know the answer, reply with the answer alone."


# Which are refused


@pytest.mark.parametrize(
    "source",
    [
        # reasoning goes, always (as in DeepSeek R1), or once something follows it
        chatml("message.content.split('</think>')[-1]"),
        chatml("message.content if loop.last else message.content.split('</think>')[-1]"),
        # turns go, or are told otherwise, once they are history
        chatml("'' if message.role == 'assistant' and not loop.last else message.content"),
        chatml("message.content if loop.revindex < 4 else message.content + ' (old)'"),
        # the opening of the assistant's turn has what its message has not
        chatml().replace("'<|im_start|>assistant\\n' -", "'<|im_start|>assistant\\n<think>\\n' -"),
        # a count of all that was said, at the top
        "{{- messages | length -}}" + chatml(),
        # the tools move on to the last message
        chatml("message.content + (tools | tojson if loop.last else '')"),
        # replies that depend on how many there were
        chatml("('Round ' + loop.index | string + ': ' if message.role == 'tool' else '') + message.content"),
    ],
)  # fmt: skip
def test_a_template_that_rewrites_history_is_refused_when_the_environment_is_made(source):
    with pytest.raises(TemplateNotPrefixPreserving, match="the chat template"):
        TextEnv(ToyTasks(), tokenizer=qwen(), protocol=ChatProtocol(source), tools=TOOLS, max_tokens=4000)


def test_the_named_error_is_a_value_error_that_shows_where():
    with pytest.raises(
        ValueError, match=r"rewrites history: behind '' the policy sees '1<\|im_start\|>.*'3<\|im_start"
    ):
        bound("{{- messages | length -}}" + chatml())
    with pytest.raises(TemplateNotPrefixPreserving, match=r"takes the reasoning out of earlier turns.*keeps it"):
        bound(chatml("message.content.split('</think>')[-1]"))


def test_a_thinking_template_is_taken_as_far_as_it_keeps_history():
    assert bound(QWEN_THINKING).habits.end == "<|im_end|>"
    with pytest.raises(TemplateNotPrefixPreserving, match="rewrites history"):
        bound(QWEN_THINKING, variables={"enable_thinking": False})


def test_rewriting_that_shows_only_behind_examples_is_told_when_the_environment_is_made():
    source = chatml("message.content + (' (of many)' if message.role == 'tool' and messages | length > 6 else '')")
    options = {"tokenizer": qwen(), "tools": TOOLS, "max_tokens": 4000, "system_prompt": ""}
    TextEnv(ToyTasks(), protocol=ChatProtocol(source), **options)
    with pytest.raises(TemplateNotPrefixPreserving):
        TextEnv(ToyTasks(), protocol=ChatProtocol(source), few_shot=2, **options)


ONE_REPLY = "raise_exception('one') if message.role == 'tool' and loop.previtem.role == 'tool' else message.content"
OTHER_END = chatml().replace(
    "'<|im_end|>", "('<|endoftext|>' if message.role == 'assistant' and loop.nextitem else '<|im_end|>') + '"
)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{% if %}", "the chat template is not valid Jinja"),
        ("{{ nothing.at.all }}", "the chat template fails: 'nothing' is undefined"),
        ("hello!", r"does not show the text of each message once \(user\)"),
        (chatml("message.content + message.content"), r"does not show the text of each message once \(user\)"),
        (chatml("message.content | upper"), "does not show the text of each message once"),
        (chatml().replace("<|im_end|>", "\\n"), r"ends the assistant's turn with '\\n\\n', in which the tokenizer"),
        (chatml("raise_exception('no') if message.role == 'tool' else message.content"), r"cannot show a tool's.*no"),
        (chatml("'' if message.role == 'tool' else message.content"), "cannot show a tool's result"),
        (chatml(ONE_REPLY), "the chat template fails: one"),
        (OTHER_END, "but a call in another way"),
    ],
)
def test_a_template_that_cannot_be_played_with_is_refused(source, message):
    with pytest.raises(ValueError, match=message):
        bound(source)


def test_a_template_without_a_system_message_wants_none():
    source = chatml("raise_exception('no system') if message.role == 'system' else message.content")
    for no_system in (source, chatml("'' if message.role == 'system' else message.content")):
        protocol = bound(no_system)
        assert not protocol.habits.shows_system
        assert protocol.instructions(TOOLS) == ""
        with pytest.raises(ValueError, match="shows no system message; pass system_prompt=''"):
            TextEnv(ToyTasks(), tokenizer=qwen(), protocol=ChatProtocol(no_system), tools=TOOLS, system_prompt="Hi.")
        TextEnv(ToyTasks(), tokenizer=qwen(), protocol=ChatProtocol(no_system), tools=TOOLS)


def test_the_end_of_a_turn_must_be_in_the_tokenizer():
    with pytest.raises(
        ValueError, match=r"'<\|eot_id\|>', in which the tokenizer has no control token.*ByteTokenizer\("
    ):
        bound("llama", ByteTokenizer())
    protocol = bound("llama", ByteTokenizer(["<|eot_id|>"]))
    assert protocol.eos_id == 259
    assert protocol.stop_strings == ("<|im_end|>",)


def test_without_jinja2_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    template._environment.cache_clear()
    with pytest.raises(ValueError, match=r'protocol="chat" needs jinja2: pip install "textgym\[chat\]"'):
        bound(chatml("message.content + '!'"))


# The sandbox


@pytest.mark.parametrize(
    "attack",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update(role='tool') }}",
        "{{ strftime_now.__self__.x.y }}",
        "{{ raise_exception.__globals__.keys() }}",
        "{{ dict.__globals__.keys() }}",
        "{{ namespace.__init__.__globals__.x }}",
        "{% set ns = namespace(__class__=1) %}",
        "{% set ns = namespace() %}{% set ns.__dict__ = 1 %}",
        "{{ range(10 ** 9) | list }}",
        "{{ cycler('a').next.__globals__ }}",
        "{{ lipsum.__globals__ }}",
        "{{ '%c' | format(1 / 0) }}",
        "{% include 'secrets' %}",
        "{% import 'os' as os %}{{ os }}",
    ],
)
def test_a_hostile_template_only_fails(attack):
    with pytest.raises(TemplateFailed):
        ChatTemplate(attack).render([{"role": "user", "content": Slot("x", "user", optional=True)}], generate=True)


def test_templates_have_what_transformers_gives_them():
    source = (
        "{%- set ns = namespace(n=0, self=1) -%}"
        "{%- for i in range(5) -%}{%- if i == 3 -%}{%- break -%}{%- endif -%}{%- set ns.n = ns.n + i -%}{%- endfor -%}"
        "{%- generation -%}{{- ns.n -}}{%- endgeneration -%}"
        "{{- ' ' + dict(a=1) | tojson + {'é<': [1]} | tojson(indent=1) + strftime_now(' %Y') -}}\n"
    )
    (run,) = ChatTemplate(source, today=date(2031, 1, 1)).render([], generate=False)
    assert run == Run('3 {"a": 1}{\n "é<": [\n  1\n ]\n} 2031')


# Renderings


@given(
    st.lists(st.text(st.sampled_from("Qqz0123x9be \n") | st.characters(exclude_categories=()), max_size=8), max_size=5)
)
@example(["Qz0x0b", "Qz0x", "Qz1x0e", "x0bQz", "qz2X"])
@example(["Q", "Qz", "Qz0", "Qz0x0"])
def test_data_is_found_again_whatever_it_holds(texts):
    source = "{%- for message in messages -%}Q{{ message.content }}x{%- endfor -%}"
    slots = [Slot(text, "user") for text in texts]
    runs = ChatTemplate(source).render([{"content": slot} for slot in slots], generate=False)
    assert [(run.text, run.slot) for run in runs if run.slot] == [(slot.text, slot) for slot in slots]
    assert text_of(runs) == "".join(f"Q{text}x" for text in texts)


def test_a_million_marks_in_a_text_take_no_time():
    text = "".join(f"Qz{i}x" for i in range(100_000))
    runs = ChatTemplate("{{ messages[0].content }}").render([{"content": Slot(text, "user")}], generate=False)
    assert [run.text for run in runs] == [text]


def test_written_texts_keep_their_slots():
    said = Written("".join, ["<", Slot("a", "model"), ">"])
    runs = ChatTemplate("[{{ messages[0].content }}]").render([{"content": said}], generate=False)
    assert [run.text for run in runs] == ["[<", "a", ">]"]


@given(st.lists(st.text(max_size=3), max_size=5), st.integers(0, 20))
def test_cutting_keeps_the_text(texts, at):
    runs = [Run(text) for text in texts]
    head, tail = cut(runs, at)
    assert text_of(head) == text_of(runs)[:at]
    assert text_of(tail) == text_of(runs)[at:]


# Texts that a template changes, or chokes on


def test_data_is_what_the_template_makes_of_it():
    protocol = bound(tokenizer=llama())
    assert 'ipython<|end_header_id|>\n\n" a \\"b\\"\\nc "<|eot_id|>' in reply(protocol, ' a "b"\nc ')
    (data,) = [piece for piece in protocol.results([result(' a "b"\nc ')]) if piece.data and piece.role == "tool"]
    assert data.text == ' a \\"b\\"\\nc '
    assert "\n\nWhy?<|eot_id|>" in text_of_prompt(protocol, " Why?\n ")


def test_replies_to_one_turn_are_one_message_where_the_template_has_it_so():
    assert reply(bound(), "1", "2") == (
        "\n<|im_start|>user\n<tool_response>\n1\n</tool_response>\n<tool_response>\n2\n</tool_response><|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert reply(bound(tokenizer=llama()), "1", "2").count("ipython") == 2


LONG = {"max_tokens": 6000, "max_new_tokens": 600}


@pytest.mark.parametrize(
    "content",
    [
        "message.content[:40]",
        "message.content.split('|')[0]",
        "raise_exception('rude') if 'rude' in message.content else message.content",
        "message.content + message.content if 'rude' in message.content else message.content",
    ],
)
@pytest.mark.parametrize("text", ["rude | " * 20, "rude", "x" * 100 + "|"])
def test_a_text_that_upsets_the_template_stays_whole(content, text):
    """Then the template does not see it, and it stands where other texts stand."""
    source = chatml(f"({content}) if message.role in ('tool', 'user') else message.content")
    env = TextEnv(ToyTasks(), tokenizer=qwen(), protocol=ChatProtocol(source), tools=TOOLS, **LONG)
    env.reset(options={"task": Task(text, "42", {"number": 1})})
    env.step_text(env.rules.protocol.write_call(ToolCall("echo", {"text": text})))
    data = {s.role: env.rules.tokenizer.decode(s.ids) for s in env.transcript() if s.role in ("user", "tool")}
    assert data == {"user": text, "tool": text}


def test_an_upset_template_shows_no_delimiter_either():
    source = chatml("raise_exception('rude') if '42' in message.content else message.content")
    env = TextEnv(
        ToyTasks(), tokenizer=TOKENIZERS["bpe"](), protocol=ChatProtocol(source), tools=TOOLS, max_tokens=4000
    )
    env.reset(options={"task": Task(HOSTILE, "42", {"number": 1})})
    (question,) = [s for s in env.transcript() if s.role == "user"]
    assert env.rules.tokenizer.decode(question.ids) == env.rules.protocol.escape(HOSTILE)
