"""What people see: roles in colour, and nothing that a terminal would obey."""

import re
import unicodedata

import gymnasium
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.toys import toy_env

from textgym import ByteTokenizer, Segment, StopReason, Task, Tool, Transcript
from textgym.rendering import ANSI, render_transcript, visible

ATTACK = "\x1b[2J\x1b]0;owned\x07\r\b\x9b31m\u202e\u200b\x00\ud800"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


def is_safe(text: str) -> bool:
    return all(c == "\n" or unicodedata.category(c)[0] != "C" for c in text)


@given(st.text(st.characters(exclude_categories=())))
@example(ATTACK)
def test_visible_text_steers_no_terminal(text):
    shown = visible(text)
    assert is_safe(shown)
    assert visible(shown) == shown
    if is_safe(text):
        assert shown == text


def test_control_characters_are_made_visible():
    assert visible("\x1b[31mred\x1b[0m") == "\\u001b[31mred\\u001b[0m"
    assert visible("a\tb\r\n\x00") == "a\\u0009b\\u000d\n\\u0000"
    assert visible("é 漢 🦉 → ½") == "é 漢 🦉 → ½"
    assert visible("\U000e0041") == "\\U000e0041"


@given(st.lists(st.tuples(st.sampled_from(sorted(ANSI)), st.text()), max_size=5), st.booleans())
@example([("tool", ATTACK), ("model", ATTACK)], True)
def test_a_rendered_transcript_has_our_colours_and_nothing_else(parts, color):
    tokenizer = ByteTokenizer()
    transcript = Transcript(
        tuple(Segment(tuple(tokenizer.encode(text)), role) for role, text in parts), (1.0,), StopReason.SUBMIT
    )
    rendered = render_transcript(transcript, tokenizer, color)
    plain = ESCAPE.sub("", rendered)
    assert is_safe(plain)
    assert plain == render_transcript(transcript, tokenizer, color=False)
    assert plain == "".join(visible(tokenizer.decode(tokenizer.encode(t))) for _, t in parts) + "\n[submit, reward 1]"
    codes = [code for role, _ in parts for code in (ANSI[role], "\x1b[0m")] + [ANSI["system"], "\x1b[0m"]
    assert ESCAPE.findall(rendered) == (codes if color else [])


def test_an_unfinished_transcript_has_no_last_line():
    assert render_transcript(Transcript((Segment((65,), "user"),)), ByteTokenizer(), color=False) == "A"


@pytest.mark.parametrize("protocol", ["tags", "hermes"])
def test_hostile_tools_models_and_questions_are_rendered_safely(protocol):
    evil = Tool("evil", "", {}, lambda: ATTACK)
    env = toy_env("byte", protocol, tools=[evil], render_mode="ansi", max_tool_tokens=100, max_tokens=900)
    env.reset(options={"task": Task(f"Why {ATTACK}?", "1")})
    call = "<request><evil><call>" if protocol == "tags" else '<tool_call>{"name": "evil"}</tool_call>'
    env.step_text(ATTACK + call)
    env.step_text(ATTACK + "1<submit>")
    rendered = env.render()
    assert is_safe(ESCAPE.sub("", rendered))
    assert rendered.count("\\u001b[2J") == 4
    assert "[submit, reward 0.0]" in rendered or "[submit, reward 0]" in rendered


def test_ansi():
    env = toy_env(render_mode="ansi")
    env.reset(seed=0)
    prompt = env.render()
    assert env.task.prompt in prompt
    assert prompt.startswith(ANSI["system"])
    env.step_text("<request><echo>hi<call>")
    assert f"{ANSI['model']}<request><echo>hi<call>" in env.render()
    assert f"{ANSI['tool']}hi\x1b[0m" in env.render()
    assert env.render() == env.render()


def test_human_prints_what_each_turn_added(capsys):
    env = toy_env(render_mode="human")

    def printed() -> str:
        return ESCAPE.sub("", capsys.readouterr().out)

    env.reset(seed=0)
    assert printed().count(env.task.prompt) == 1
    for i in env.rules.encode_turn("<request><echo>hi<call>"):
        assert printed() == ""
        env.step(i)
    assert printed() == "<request><echo>hi<call>hi<response>\n"
    env.step_text("1<submit>")
    assert printed() == "1<submit>\n[submit, reward 0.25]\n"
    env.step(65)
    assert printed() == ""  # nothing was added
    env.reset(seed=0)
    assert printed().count(env.task.prompt) == 1
    assert env.render() is None
    assert env.task.prompt in printed()


def test_render_needs_a_mode():
    env = toy_env()
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="render_mode='ansi' or 'human'"):
        assert env.render() is None


def test_render_through_make():
    env = gymnasium.make("TextCalc-v0", render_mode="ansi")
    env.reset(seed=0)
    assert env.unwrapped.task.prompt in env.render()


def test_a_vector_environment_renders_every_slot():
    envs = gymnasium.make_vec("TextCalc-v0", num_envs=2, render_mode="ansi")
    envs.reset(seed=0)
    singles = [gymnasium.make("TextCalc-v0", render_mode="ansi") for _ in range(2)]
    for i, single in enumerate(singles):
        single.reset(seed=i)
    assert envs.render() == tuple(single.render() for single in singles)
    with pytest.raises(ValueError, match="unknown render_mode 'human'; a vector environment has only 'ansi'"):
        gymnasium.make_vec("TextCalc-v0", num_envs=2, render_mode="human")
    silent = gymnasium.make_vec("TextCalc-v0", num_envs=2)
    silent.reset(seed=0)
    with pytest.warns(UserWarning, match="render_mode='ansi'"):
        assert silent.render() is None
