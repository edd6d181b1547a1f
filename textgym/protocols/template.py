"""Chat templates: Jinja in a sandbox, and what of a rendering is the template's own and what is data.

A message holds its data as `Slot`s. Before a template sees them, each gets a mark on either side, made of letters and
digits that no text here contains; so the data is found again however the template interleaves it with markup, and also
where it was escaped on the way (`content | tojson`). White space that a template would trim is for the caller to take
away first, because the marks hide it (`textgym.protocols.probe` finds out).
"""

from __future__ import annotations

import datetime
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from textgym.transcript import Role

if TYPE_CHECKING:
    import jinja2


class TemplateFailed(ValueError):
    """The template raised an error, or did not show each text of the messages once.

    Attributes:
        lost: who wrote the text that it left out or repeated, if that is what happened.
    """

    def __init__(self, message: str, lost: Role | None = None) -> None:
        super().__init__(message)
        self.lost = lost


@dataclass(frozen=True)
class Slot:
    """Data in a message.

    Attributes:
        text: the data.
        role: who wrote it.
        tool_call_id: for a tool's result, the call that it answers.
        verbatim: it may name the protocol's delimiters.
        argument: it is part of a call, and cannot have delimiters escaped as in other texts.
        optional: the template need not show it, and may show it twice.
        before, after: white space around it that is not the data's, to see whether a template trims.
    """

    text: str
    role: Role
    tool_call_id: str | None = None
    verbatim: bool = False
    argument: bool = False
    optional: bool = False
    before: str = ""
    after: str = ""


@dataclass(frozen=True)
class Written:
    """A text of a message that is made of several: `write` of `value`, once the slots in that are marked."""

    write: Callable[[Any], str]
    value: Any


class Run(NamedTuple):
    """A stretch of a rendering: markup, or the data of `slot` as the template wrote it."""

    text: str
    slot: Slot | None = None


Messages = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class ChatTemplate:
    """A chat template with all that it is rendered with, messages apart.

    Attributes:
        source: the template.
        tools: schemas of the tools, in which descriptions are `Slot`s.
        variables: what else the template can read: special tokens, switches such as `enable_thinking`.
        today: the date that the template is told, so that a prompt is the same tomorrow.
    """

    source: str
    tools: tuple[Any, ...] = ()
    variables: Mapping[str, Any] = field(default_factory=dict)
    today: datetime.date = datetime.date(2025, 1, 1)

    def render(self, messages: Messages, generate: bool, blind: bool = False) -> list[Run]:
        """Render `messages`, with the opening of the assistant's next turn behind them if `generate`.

        With `blind`, the template sees a harmless word in place of each text, and the texts stand as they are where it
        put those words.

        Raises:
            TemplateFailed: the template refuses the messages, or leaves out, repeats or tears a text.
            ValueError: jinja2 is missing, or the source is no template.
        """
        template = _compile(self.source)
        marker = _Marker(self.source, [messages, self.tools, self.variables], blind)
        try:
            text = template.render(
                messages=marker.mark(messages),
                tools=marker.mark(self.tools) or None,
                documents=None,
                add_generation_prompt=generate,
                **{"strftime_now": self.today.strftime, **self.variables},
            )
        except Exception as error:  # a template can raise whatever Python can
            raise TemplateFailed(f"the chat template fails: {str(error) or type(error).__name__}") from error
        return marker.split(text)


def text_of(runs: Iterable[Run]) -> str:
    """A rendering as text."""
    return "".join(run.text for run in runs)


def cut(runs: Iterable[Run], at: int) -> tuple[list[Run], list[Run]]:
    """A rendering in two: its first `at` characters, and the rest."""
    head: list[Run] = []
    tail: list[Run] = []
    for run in runs:
        size = len(run.text)
        if at >= size and not tail:
            head.append(run)
        elif at <= 0 or tail:
            tail.append(run)
        else:
            head.append(Run(run.text[:at], run.slot))
            tail.append(Run(run.text[at:], run.slot))
        at -= size
    return head, tail


# Marks


def _map_slots(value: Any, change: Any) -> Any:
    """`value` with every `Slot` in it, mapping keys included, put through `change`."""
    if isinstance(value, Slot):
        return change(value)
    if isinstance(value, Written):
        return value.write(_map_slots(value.value, change))
    if isinstance(value, Mapping):
        return {_map_slots(key, change): _map_slots(item, change) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_map_slots(item, change) for item in value]
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Slot):
        yield value.text
    elif isinstance(value, Written):
        yield from _texts(value.value)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _texts(item)


class _Marker:
    """Marks the slots of one rendering.

    A mark begins with a letter that it holds only once, so that no end of a text runs into it and is taken for it.
    """

    def __init__(self, source: str, values: Sequence[Any], blind: bool) -> None:
        known = "\n".join([source, *_texts(values)]).casefold()
        self._blind = blind
        taken = {int(number) for number in re.findall(r"qz([0-9]{1,9})x", known)}
        self._name = f"Qz{next(n for n in itertools.count() if n not in taken)}x"
        self._slots: list[Slot] = []

    def mark(self, value: Any) -> Any:
        """`value` with marked text in place of its slots."""
        return _map_slots(value, self._mark)

    def _mark(self, slot: Slot) -> str:
        self._slots.append(slot)
        mark = f"{self._name}{len(self._slots) - 1}"
        return f"{slot.before}{mark}b{'text' if self._blind else slot.text}{mark}e{slot.after}"

    def split(self, text: str) -> list[Run]:
        """The runs of a rendering.

        Raises:
            TemplateFailed: a mark is torn, or a slot that must be there is not, or not once.
        """
        parts = re.split(f"{self._name}([0-9]+)([be])", text)
        runs = [Run(parts[0])]
        seen: list[int] = []
        opened: int | None = None
        for number, kind, following in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            if (kind == "b") != (opened is None) or opened not in (None, int(number)):
                raise TemplateFailed("the chat template tears a text of the messages apart")
            opened = int(number) if kind == "b" else None
            if opened is not None:
                seen.append(opened)
            slot = None if opened is None else self._slots[opened]
            runs.append(Run(slot.text if slot and self._blind else following, slot))
        for i, slot in enumerate(self._slots):
            if opened is not None or (seen.count(i) != 1 and not slot.optional):
                message = f"the chat template does not show the text of each message once ({slot.role})"
                raise TemplateFailed(message, slot.role)
        return [run for run in runs if run.text or run.slot]


# Jinja


@lru_cache(maxsize=64)
def _compile(source: str) -> jinja2.Template:
    try:
        return _environment().from_string(source)
    except _jinja2().TemplateError as error:
        raise ValueError(f"the chat template is not valid Jinja: {error}") from error


def _jinja2() -> Any:
    try:
        import jinja2  # not needed by any other protocol
        import jinja2.ext
        import jinja2.sandbox
    except ModuleNotFoundError as error:
        raise ValueError('protocol="chat" needs jinja2: pip install "textgym[chat]"') from error
    return jinja2


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    """The environment that chat templates are written for, as transformers sets it up.

    A template is code of unknown origin: it runs in Jinja's sandbox, in which nothing can be changed, and sees of the
    usual globals only `range`, `dict` and `namespace`.
    """
    jinja = _jinja2()

    class Generation(jinja.ext.Extension):  # type: ignore[misc,name-defined]
        """`{% generation %}` marks what an assistant wrote; here it only groups."""

        tags = {"generation"}

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            return jinja.nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)

    class Namespace(jinja.utils.Namespace):  # type: ignore[misc,name-defined]
        """Without names that begin with an underscore, through which Python's internals could be reached."""

        def __init__(*args: Any, **kwargs: Any) -> None:  # `namespace(self=...)` is allowed, as in Jinja's own
            self, *rest = args
            jinja.utils.Namespace.__init__(self)
            for name, value in dict(*rest, **kwargs).items():
                self[name] = value

        def __setitem__(self, name: str, value: Any) -> None:
            if name.startswith("_"):
                raise jinja.sandbox.SecurityError(f"a namespace of a chat template cannot hold {name!r}")
            super().__setitem__(name, value)

    def raise_exception(message: str) -> None:
        raise jinja.TemplateError(message)

    def tojson(value: Any, **options: Any) -> str:
        return json.dumps(value, **{"ensure_ascii": False, **options})  # Jinja's own escapes HTML

    environment: jinja2.Environment = jinja.sandbox.ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja.ext.loopcontrols]
    )
    safe_range = environment.globals["range"]
    environment.globals.clear()
    environment.globals.update(
        range=safe_range,
        dict=lambda *args, **kwargs: dict(*args, **kwargs),
        namespace=Namespace,
        raise_exception=raise_exception,
    )
    environment.filters["tojson"] = tojson
    return environment
