"""What a chat template does, found by trying it on small conversations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from textgym.protocols.syntax import SYNTAXES, CallSyntax, ToolCallTags
from textgym.protocols.template import ChatTemplate, Messages, Run, Slot, TemplateFailed, Written, cut, text_of
from textgym.task import ToolCall
from textgym.tokenizers import Tokenizer

TRIAL_CALL = ToolCall("trial_tool", {"key": "value"})
_TRIAL_TOOL = {
    "type": "function",
    "function": {
        "name": TRIAL_CALL.name,
        "description": "text",
        "parameters": {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]},
    },
}
_SPACE = " \n\t\r"

Message = dict[str, Any]
Edges = tuple[str | None, str | None]
"""White space that goes from the left and from the right of a text, as `str.strip` takes it: None is all of it."""


class TemplateNotPrefixPreserving(ValueError):
    """The chat template rewrites history: a later prompt does not begin with what the policy has read and written."""


@dataclass(frozen=True)
class Habits:
    """What a chat template does.

    Attributes:
        end, end_id: the control token that ends the assistant's turns.
        syntax: how calls are written.
        writes_calls: whether the template writes calls itself, from `tool_calls`.
        calls_at_once: whether it takes several calls in one message.
        shows_tools: whether it tells the model of the tools.
        shows_system: whether it takes a system message.
        trims: what it takes off the texts of each role.
        markup: its own part of a conversation with everything in it.
        control: control tokens in that.
    """

    end: str
    end_id: int
    syntax: CallSyntax
    writes_calls: bool
    calls_at_once: bool
    shows_tools: bool
    shows_system: bool
    trims: Mapping[str, Edges]
    markup: str
    control: tuple[str, ...]


# Messages


def text_message(role: str, content: Slot | Written) -> Message:
    """A message that is one text."""
    return {"role": role, "content": content}


def call_message(calls: Sequence[tuple[Any, Mapping[Any, Any]]], syntax: CallSyntax, writes_calls: bool) -> Message:
    """The assistant's message with `calls`, each a name and arguments: as `tool_calls`, or written in `syntax`."""
    if not writes_calls:
        return {"role": "assistant", "content": Written(partial(_write_calls, syntax), list(calls))}
    tool_calls = [
        {"id": _call_id(i), "type": "function", "function": {"name": name, "arguments": arguments}}
        for i, (name, arguments) in enumerate(calls)
    ]
    return {"role": "assistant", "content": "", "tool_calls": tool_calls}


def reply_message(index: int, name: Any, content: Slot) -> Message:
    """The reply to the call of that index."""
    return {"role": "tool", "name": name, "tool_call_id": _call_id(index), "content": content}


def _call_id(index: int) -> str:
    return f"call{index:05d}"  # nine letters and digits: some templates want just that


def _write_calls(syntax: CallSyntax, calls: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    return "\n".join(syntax.write(name, arguments) for name, arguments in calls)


def argument_slots(value: Any, role: Any) -> Any:
    """`value` with a slot for every text in it, keys of mappings included."""
    if isinstance(value, str):
        return Slot(value, role, argument=True)
    if isinstance(value, Mapping):
        return {argument_slots(key, role): argument_slots(item, role) for key, item in value.items()}
    return [argument_slots(item, role) for item in value] if isinstance(value, (list, tuple)) else value


# Differences


def behind(template: ChatTemplate, history: Messages, rest: Messages, generate: bool, blind: bool) -> list[Run]:
    """What `rest` adds to the prompt that `history` is: the difference of two renderings.

    Raises:
        TemplateFailed: the template fails.
        TemplateNotPrefixPreserving: the second rendering does not begin with the first.
    """
    start = text_of(template.render(history, generate=True, blind=blind))
    whole = template.render([*history, *rest], generate, blind)
    check_prefix(start, text_of(whole))
    return cut(whole, len(start))[1]


def check_prefix(start: str, whole: str) -> None:
    """Raise TemplateNotPrefixPreserving unless `whole` begins with `start`."""
    if whole.startswith(start):
        return
    same = next((i for i, (a, b) in enumerate(zip(start, whole, strict=False)) if a != b), min(len(start), len(whole)))
    raise TemplateNotPrefixPreserving(
        f"the chat template rewrites history: behind {start[max(0, same - 60) : same]!r} the policy sees "
        f"{start[same : same + 60]!r}, but a later prompt has {whole[same : same + 60]!r}; give one that keeps what "
        "was there: protocol=ChatProtocol(template)"
    )


def split_turn(runs: Sequence[Run], end: str) -> tuple[list[Run], list[Run]]:
    """The assistant's turn at the beginning of `runs`, without its `end`, and what follows that.

    Raises:
        TemplateFailed: no `end`.
    """
    at = 0
    for run in runs:
        if run.slot is None and end in run.text:
            turn, rest = cut(runs, at + run.text.index(end))
            return turn, cut(rest, len(end))[1]
        at += len(run.text)
    raise TemplateFailed(f"the chat template does not end the assistant's turn with {end!r}")


# Learning


def learn(template: ChatTemplate, tokenizer: Tokenizer, syntax: CallSyntax | None) -> Habits:
    """Try a template.

    Args:
        syntax: how calls are written; None finds out.

    Raises:
        ValueError: the template cannot be played with: it does not show a tool's result, ends turns in no control
            token of `tokenizer`, or writes calls in a syntax that is not known.
    """
    trial = replace(template, tools=(_TRIAL_TOOL,))
    question, text = text_message("user", Slot("text", "user")), Slot("text", "model")
    shows_tools = TRIAL_CALL.name in text_of(trial.render([question], generate=True))
    system = text_message("system", Slot("text", "system"))
    shows_system = _takes(trial, [system, question])
    end_id, end = _find_end(trial, [question, text_message("assistant", text)], tokenizer)
    writes_calls, syntax = _find_syntax(trial, question, end, syntax)
    call = partial(call_message, syntax=syntax, writes_calls=writes_calls)
    pair = (TRIAL_CALL.name, argument_slots(TRIAL_CALL.arguments, "model"))
    reply = reply_message(0, TRIAL_CALL.name, Slot("text", "tool"))
    again = reply_message(1, TRIAL_CALL.name, Slot("text", "tool"))
    calls_at_once = _takes(trial, [question, call([pair, pair]), reply, again])
    if not calls_at_once:
        trial.render([question, call([pair]), reply, again], generate=True)  # or raise
    trims = {
        "system": _edges(trial, lambda slot: [text_message("system", slot), question]) if shows_system else ("", ""),
        "user": _edges(trial, lambda slot: [text_message("user", slot)]),
        "assistant": _edges(trial, lambda slot: [question, text_message("assistant", slot)], generate=False),
        "tool": _edges(trial, lambda slot: [question, call([pair]), {**reply, "content": slot}]),
    }
    whole = [*([system] if shows_system else []), question, call([pair]), reply, text_message("assistant", text)]
    markup = "".join(run.text for run in trial.render(whole, generate=True) if run.slot is None)
    control = tuple({spelled: None for _, spelled in control_tokens(tokenizer, markup)})
    return Habits(end, end_id, syntax, writes_calls, calls_at_once, shows_tools, shows_system, trims, markup, control)


def control_tokens(tokenizer: Tokenizer, text: str) -> list[tuple[int, str]]:
    """The control tokens that markup spells, in order: ids and texts."""
    spelled = [(i, tokenizer.decode([i])) for i in tokenizer.encode_control(text)]
    return [(i, s) for i, s in spelled if tokenizer.encode_control(s) == [i] and i not in tokenizer.encode(s)]


def _takes(template: ChatTemplate, messages: Messages) -> bool:
    try:
        template.render(messages, generate=True)
    except TemplateFailed:
        return False
    return True


def _find_end(template: ChatTemplate, messages: Messages, tokenizer: Tokenizer) -> tuple[int, str]:
    """The control token behind the text of the assistant's message, which is the last one: id and text."""
    tail = template.render(messages, generate=False)[-1]
    tokens = control_tokens(tokenizer, tail.text) if tail.slot is None else []
    if not tokens:
        raise ValueError(
            f"the chat template ends the assistant's turn with {tail.text if tail.slot is None else ''!r}, in which "
            "the tokenizer has no control token, so no turn could end; use the template with its own tokenizer, or add "
            'the token to this one: ByteTokenizer(["<|eot_id|>", ...])'
        )
    return tokens[0]


def _find_syntax(
    template: ChatTemplate, question: Message, end: str, given: CallSyntax | None
) -> tuple[bool, CallSyntax]:
    """Whether the template writes calls itself, and how they are written."""
    reply = reply_message(0, TRIAL_CALL.name, Slot("text", "tool"))
    unknown = given or ToolCallTags()
    pair = (TRIAL_CALL.name, argument_slots(TRIAL_CALL.arguments, "model"))
    wrote = ""
    try:
        called = [question, call_message([pair], unknown, writes_calls=True), reply]
        wrote = text_of(template.render(called, generate=True))
    except TemplateFailed:  # some take no `tool_calls`, others leave them out
        pass
    prompt = text_of(template.render([question], generate=True))
    writes_calls = wrote.count(TRIAL_CALL.name) > prompt.count(TRIAL_CALL.name)
    try:
        message = call_message([pair], unknown, writes_calls)
        runs = behind(template, [question], [message, reply], generate=True, blind=False)
        turn, rest = split_turn(runs, end)
    except TemplateFailed as error:
        if error.lost == "model":
            raise TemplateNotPrefixPreserving(
                "the chat template leaves out what the policy wrote once a tool's result follows it; give one that "
                "keeps it: protocol=ChatProtocol(template)"
            ) from error
        raise ValueError(f"the chat template cannot show a tool's result: {error}; give another") from error
    if not any(run.slot is not None and run.slot.role == "tool" for run in rest):
        raise ValueError(f"the chat template ends an answer with {end!r}, but a call in another way; give another")
    if not writes_calls:
        return False, unknown
    for syntax in [given] if given else SYNTAXES.values():
        calls = [(call.name, call.arguments, call.error) for call in syntax.parse(text_of(turn))]
        if calls == [(TRIAL_CALL.name, TRIAL_CALL.arguments, "")]:
            return True, syntax
    names = given.name if given else ", ".join(SYNTAXES)
    raise ValueError(f"the chat template writes a call as {text_of(turn)!r}, which is not the syntax {names}")


def _edges(template: ChatTemplate, messages: Callable[[Slot], Messages], generate: bool = True) -> Edges:
    """The white space that the template takes off a text."""

    def around(before: str = "", after: str = "") -> tuple[str, str]:
        slot = Slot("text", "user", before=before, after=after)
        runs = template.render(messages(slot), generate)
        at = next(i for i, run in enumerate(runs) if run.slot is slot)
        return text_of(runs[:at]), text_of(runs[at + 1 :])

    left, right = around()
    lost_left = "".join(c for c in _SPACE if around(before=c)[0] == left)
    lost_right = "".join(c for c in _SPACE if around(after=c)[1] == right)
    return (None if lost_left == _SPACE else lost_left), (None if lost_right == _SPACE else lost_right)
