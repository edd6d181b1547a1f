"""The `chat` protocol: a model's own chat template, with native tool calls.

Everything is a difference of two renderings: a turn is what the assistant's message adds to the prompt, up to the
control token that ends it; the replies to its calls are what follows that token once the tool messages are there. So
the markup is the template's, while the data in it is told apart (`textgym.protocols.template`) and can hold no control
token. What the policy sampled stays as it was sampled: a rendering never sees it, because the replies must not depend
on it. That they do not, and that the template rewrites nothing, is tried when an environment is made.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, ClassVar, NamedTuple, TypeVar

from textgym.protocols.base import CallResult, Example, ParsedTurn, Piece, Prompt, Protocol
from textgym.protocols.probe import (
    TRIAL_CALL,
    Message,
    TemplateNotPrefixPreserving,
    argument_slots,
    behind,
    call_message,
    check_prefix,
    learn,
    reply_message,
    split_turn,
    text_message,
)
from textgym.protocols.syntax import ANSWER_ALONE, THINK, CallSyntax, resolve_syntax, without_reasoning
from textgym.protocols.template import ChatTemplate, Messages, Run, Slot, TemplateFailed, Written, cut, text_of
from textgym.task import ToolCall
from textgym.tokenizers import Tokenizer
from textgym.tools import CallStatus, Tool
from textgym.transcript import Role

PRESETS = ("qwen", "llama", "smollm")
"""Chat templates that come with textgym, in the manner of these families, for tokenizers that have none."""

_T = TypeVar("_T")


def preset(name: str) -> str:
    """The source of a template of ours.

    Raises:
        ValueError: an unknown name.
    """
    if name not in PRESETS:
        raise ValueError(f"unknown chat template {name!r}; the presets are {', '.join(PRESETS)}")
    return (resources.files("textgym.protocols") / "templates" / f"{name}.jinja").read_text("utf-8")


@dataclass(frozen=True)
class ChatProtocol:
    """A chat template to play with; `protocol="chat"` is `ChatProtocol()`.

    Attributes:
        template: its source, or the name of a preset; None takes the tokenizer's own.
        syntax: how calls are written: "tool_call" (Hermes, Qwen, SmolLM), "json" (Llama 3) or "code" (SmolLM3's Python
            tools); None finds out from the calls that the template writes, and is "tool_call" if it writes none.
        variables: what else the template can read, such as `{"enable_thinking": False}`.
        today: the date that the template is told: a fixed one, or a prompt would not be the same tomorrow.

    Example:
        >>> protocol = ChatProtocol("smollm", syntax="code")
    """

    name: ClassVar[str] = "chat"

    template: str | None = None
    syntax: str | None = None
    variables: Mapping[str, Any] = field(default_factory=dict)
    today: datetime.date = datetime.date(2025, 1, 1)

    def bind(self, tokenizer: Tokenizer, tools: Sequence[Tool]) -> BoundChat:
        """The protocol in the tokens of `tokenizer`, for `tools`.

        Raises:
            ValueError: no template, or one that cannot be played with.
            TemplateNotPrefixPreserving: it rewrites history.
        """
        source = self.template if self.template is not None else getattr(tokenizer, "chat_template", None)
        if source is None:
            raise ValueError(
                'protocol="chat" needs a chat template, and the tokenizer has none: take the tokenizer of an instruct '
                "model, or pass protocol=ChatProtocol(template), a Jinja source or one of the presets "
                f"{', '.join(PRESETS)}"
            )
        if re.fullmatch(r"\w*", source):
            source = preset(source)
        variables = {**getattr(tokenizer, "special_tokens", {}), **self.variables}
        template = ChatTemplate(source, tuple(map(_schema, tools)), variables, self.today)
        return BoundChat(template, tokenizer, None if self.syntax is None else resolve_syntax(self.syntax))


class _Opening(NamedTuple):
    """What a conversation starts with, before the question."""

    system: str
    examples: Sequence[Example]
    messages: list[Message]
    text: str
    pieces: list[Piece]


class BoundChat(Protocol):
    """`ChatProtocol` with a tokenizer and tools. A turn ends with the template's own end-of-turn token.

    Raises:
        ValueError, TemplateNotPrefixPreserving: as `ChatProtocol.bind`.
    """

    name = "chat"
    ends_with_eos = True
    joint = True

    def __init__(self, template: ChatTemplate, tokenizer: Tokenizer, syntax: CallSyntax | None = None) -> None:
        self.template = template
        self.habits = learn(template, tokenizer, syntax)
        self.syntax = self.habits.syntax
        self.eos_id = self.habits.end_id
        # The tokenizer's own EOS ends a turn too: a base model writes it, and any generation would stop there. As a
        # stop string it does so however it is written, so it is one that data can be kept from spelling.
        own_end = "" if tokenizer.eos_id == self.eos_id else tokenizer.decode([tokenizer.eos_id]).strip()
        self.stop_strings = (own_end,) if own_end.startswith("<") else ()
        tags = re.findall(r"<[^<>\s]{1,40}>", self.habits.markup)
        self.delimiters = tuple(dict.fromkeys((*self.syntax.delimiters, *self.stop_strings, *tags, *THINK)))
        self._question = text_message("user", Slot("text", "user"))
        self._last_opening: _Opening | None = None
        self._check([])

    # What the environment writes

    def instructions(self, tools: Sequence[Tool]) -> str:
        if not self.habits.shows_system:
            return ""
        return ANSWER_ALONE if self.habits.shows_tools else self.syntax.instructions(tools)

    def prompt(self, system: str, examples: Sequence[Example], question: str) -> Prompt:
        opening = self._open(system, examples)
        messages = [*opening.messages, text_message("user", self._slot("user", question, "user"))]

        def render(blind: bool) -> list[Run]:
            runs = self.template.render(messages, generate=True, blind=blind)
            check_prefix(opening.text, text_of(runs))
            return cut(runs, len(opening.text))[1]

        return Prompt(opening.pieces, self._pieces(_undaunted(render), "scaffold"))

    def _open(self, system: str, examples: Sequence[Example]) -> _Opening:
        """The opening, tried out; that of the last call is kept."""
        last = self._last_opening
        if last is not None and (last.system, last.examples) == (system, examples):
            return last
        if system and not self.habits.shows_system:
            raise ValueError("the chat template shows no system message; pass system_prompt=''")
        messages = [text_message("system", self._slot("system", system, "system", verbatim=True))] if system else []
        for example in examples:
            messages += self._example(example)
        self._check(messages)
        whole = [*messages, self._question]
        runs = _undaunted(lambda blind: self.template.render(whole, generate=True, blind=blind))
        head, _ = cut(runs, self._boundary(runs))
        self._last_opening = _Opening(system, examples, messages, text_of(head), self._pieces(head, "scaffold"))
        return self._last_opening

    def _boundary(self, runs: Sequence[Run]) -> int:
        """Where the last control token ahead of the question begins: no token of a text reaches over it."""
        at = boundary = 0
        for text, slot in runs:
            if slot is self._question["content"]:
                break
            if slot is None:
                boundary = max(boundary, *(at + text.rfind(token) for token in self.habits.control if token in text), 0)
            at += len(text)
        return boundary

    def _example(self, example: Example) -> list[Message]:
        messages = [text_message("user", self._slot("user", example.question, "user"))]
        for call, result in example.calls:
            messages += [self._calling([call], "scaffold"), *self._replies([result])]
        return [*messages, self._answer(example.answer, "scaffold")]

    def system(self, text: str) -> list[Piece]:
        return self.prompt(text, (), "").opening

    def question(self, text: str) -> list[Piece]:
        return self.prompt("", (), text).question

    def end_of_example(self) -> Piece:
        return Piece("", "scaffold", data=False)  # `prompt` writes examples

    def results(self, results: Sequence[CallResult]) -> list[Piece]:
        count = len(results) if self.habits.calls_at_once else 1
        calls = [(_name(result), TRIAL_CALL.arguments) for result in results[:count]]  # any calls: they are not shown
        turn = call_message(calls, self.syntax, self.habits.writes_calls)
        _, replies = self._turn(turn, self._replies(results), generate=True)
        return self._pieces(replies, "scaffold")

    # What the policy writes

    def parse(self, text: str) -> ParsedTurn:
        for stop in self.stop_strings:
            text = text.partition(stop)[0]
        said = without_reasoning(text)
        calls = tuple(self.syntax.parse(said))
        return ParsedTurn(calls) if calls else ParsedTurn(submission=said.strip() or None)

    def call_pieces(self, call: ToolCall) -> list[Piece]:
        reply = reply_message(0, call.name, Slot("text", "tool"))
        turn, _ = self._turn(self._calling([call], "model"), [reply], generate=True)
        return self._pieces(turn, "model")

    def submission_pieces(self, answer: str) -> list[Piece]:
        turn, _ = self._turn(self._answer(answer, "model"), [], generate=False)
        return self._pieces(turn, "model")

    # Messages and differences

    def _slot(self, kind: str, text: str, role: Role, **options: Any) -> Slot:
        """A text without the white space that the template takes off it."""
        left, right = self.habits.trims[kind]
        return Slot(text.lstrip(left).rstrip(right), role, **options)

    def _calling(self, calls: Sequence[ToolCall], role: Role) -> Message:
        pairs = [(call.name, argument_slots(call.arguments, role)) for call in calls]
        return call_message(pairs, self.syntax, self.habits.writes_calls)

    def _answer(self, text: str, role: Role) -> Message:
        return text_message("assistant", self._slot("assistant", text, role, verbatim=True))

    def _replies(self, results: Sequence[CallResult]) -> list[Message]:
        return [
            reply_message(i, _name(result), self._slot("tool", result.text, "tool", tool_call_id=result.id))
            for i, result in enumerate(results)
        ]

    def _turn(self, turn: Message, rest: Messages, generate: bool) -> tuple[list[Run], list[Run]]:
        """What the assistant's message `turn` is, and what follows the token that ends it."""
        return _undaunted(
            lambda blind: split_turn(
                behind(self.template, [self._question], [turn, *rest], generate, blind), self.habits.end
            )
        )

    def _pieces(self, runs: Iterable[Run], role: Role) -> list[Piece]:
        """Runs as pieces; markup is by `role`."""
        pieces = []
        for text, slot in runs:
            if slot is None:
                pieces.append(Piece(text, role, data=False))
            elif slot.argument:
                pieces.append(Piece(self.escape(text, self.syntax.style), slot.role, verbatim=True))
            else:
                pieces.append(Piece(text, slot.role, tool_call_id=slot.tool_call_id, verbatim=slot.verbatim))
        return pieces

    # Trying it out

    def _check(self, opening: Sequence[Message]) -> None:
        """Play a small conversation behind `opening`, and compare what is put together with what is rendered whole.

        Raises:
            TemplateNotPrefixPreserving: they differ.
        """
        result = CallResult("call0", CallStatus.OK, "text", TRIAL_CALL.name)
        turn = self.write_call(TRIAL_CALL) + self.habits.end
        replies = "".join(piece.text for piece in self.results([result]))
        history = [*opening, self._question]
        so_far = self._text(history)
        for _ in range(2):
            history += [self._calling([TRIAL_CALL], "model"), *self._replies([result])]
            so_far += turn + replies
            whole = self._text(history)
            check_prefix(so_far, whole)
            if whole != so_far:
                raise TemplateNotPrefixPreserving(
                    f"the chat template writes {whole[len(so_far) :][:60]!r} more when it comes to the same replies "
                    "again, so they cannot be written without the whole history; give another"
                )
        so_far += self.write_submission("text") + self.habits.end
        check_prefix(so_far, self._text([*history, self._answer("text", "model")], generate=False))
        self._check_reasoning(opening, self._replies([result]))

    def _check_reasoning(self, opening: Sequence[Message], replies: Sequence[Message]) -> None:
        """Raise TemplateNotPrefixPreserving if the template takes reasoning out of earlier turns."""
        said = [f"{THINK[0]}\n", Slot("text", "model"), f"\n{THINK[1]}\n\n"]
        alone = {**self._calling([TRIAL_CALL], "model"), "content": Written("".join, said)}
        in_text = text_message("assistant", Written("".join, [*said, self.write_call(TRIAL_CALL)]))
        for turn in (alone, in_text) if self.habits.writes_calls else (in_text,):
            try:
                history = [*opening, self._question]
                so_far = self._text(history)
                for _ in range(2):
                    history += [turn, *replies]
                    whole = self._text(history)
                    check_prefix(so_far, whole)
                    so_far = whole
                check_prefix(so_far, self._text([*history, self._answer("text", "model")], generate=False))
                return
            except (TemplateFailed, TemplateNotPrefixPreserving) as error:
                failure = error
        raise TemplateNotPrefixPreserving(
            "the chat template takes the reasoning out of earlier turns, so later prompts would not begin with what "
            "the policy wrote; give one that keeps it: protocol=ChatProtocol(template)"
        ) from failure

    def _text(self, messages: Messages, generate: bool = True) -> str:
        return text_of(self.template.render(messages, generate))


def _undaunted(render: Callable[[bool], _T]) -> _T:
    """`render(False)`; `render(True)`, in which the template sees none of the texts, if they upset it."""
    try:
        return render(False)
    except (TemplateFailed, TemplateNotPrefixPreserving):
        return render(True)


def _name(result: CallResult) -> Slot:
    """What a call named as its tool: anything that a policy can write."""
    return Slot(result.name or "tool", "scaffold", optional=True)


def _schema(tool: Tool) -> Any:
    """A tool's schema with its descriptions as slots."""
    return _describe(tool.schema())


def _describe(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _described(key, item) for key, item in value.items()}
    return [_describe(item) for item in value] if isinstance(value, (list, tuple)) else value


def _described(key: Any, value: Any) -> Any:
    if key == "description" and isinstance(value, str) and value:
        return Slot(value, "system", verbatim=True, optional=True)
    return _describe(value)
