"""What all episodes of an environment share: tasks, tools, tokenizer, protocol and budgets, checked once and frozen."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, chain
from typing import Any

import numpy as np
import numpy.typing as npt

from textgym.call_errors import ErrorPolicy, resolve_call_errors
from textgym.masks import ActionMask, check_action_mask, turn_ids_mask
from textgym.protocols import CallResult, ChatProtocol, Example, ParsedCall, Piece, Protocol, resolve_protocol
from textgym.registration import load_source
from textgym.rows import LAYOUTS, MARK, Layout, Rows, Span
from textgym.seeding import ToolSeeds
from textgym.task import Task, TaskSource, ToolCall
from textgym.tokenizers import Tokenizer, encode_runs, resolve_tokenizer, stop_candidates, with_eos
from textgym.toolbox import Toolbox
from textgym.tools import CallStatus, Tool, resolve_tools
from textgym.transcript import Segment

_EXAMPLE_SEED = 20_250_801
"""Few-shot examples are the same in every episode, so that their keys and values can be cached."""

_TRIED_TASKS = 64
"""Tasks whose prompts are checked against the context when an environment is made."""

_KEPT_MARKUP = 1000
"""Pieces of markup whose ids are kept. A protocol has a few, but one may write numbers or names into them."""


class ContextTooShort(ValueError):
    """The prompt and one turn do not fit the context."""


Ids = Sequence[int]
"""Token ids of one piece."""


def _check_whole(name: str, value: object, least: int) -> None:
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")


def _check_numbers(budgets: Mapping[str, int], call_error_penalty: float, call_timeout: float | None) -> None:
    """Raise ValueError for a number out of range."""
    for name, value in budgets.items():
        _check_whole(name, value, 1)
    if not 0 <= call_error_penalty < float("inf"):
        raise ValueError(f"call_error_penalty is taken off: give a number from 0 up, not {call_error_penalty!r}")
    if call_timeout is not None and not call_timeout > 0:
        raise ValueError(f"call_timeout must be a number of seconds above 0, or None, not {call_timeout!r}")


def _check_examples(few_shot: int | Sequence[Task]) -> int | tuple[Task, ...]:
    """Raise TypeError unless `few_shot` holds only tasks, if it holds anything, and ValueError unless it is a count."""
    if isinstance(few_shot, str) or not isinstance(few_shot, Sequence):
        _check_whole("few_shot", few_shot, 0)
        return few_shot
    if others := [task for task in few_shot if not isinstance(task, Task)]:
        raise TypeError(f"few_shot is a number or a sequence of textgym.Task, which {others[0]!r} is not")
    return tuple(few_shot)


@dataclass(frozen=True)
class Rules:
    """Everything that the episodes of an environment share. Immutable.

    Attributes:
        source: where tasks come from.
        split: the split they are drawn from.
        tools: the tools on offer, by name.
        tokenizer, protocol: how text becomes tokens and how calls are written.
        system: the system prompt; "" for none.
        few_shot: oracle transcripts shown before the question: how many of the train split, or of which tasks.
        layout: "causal", or "encdec": the prompt in arrays of its own.
        max_prompt_tokens: tokens of the prompt, for "encdec"; 0 for "causal".
        max_tokens: tokens of the context: length L of the observation (of its decoder's side, for "encdec").
        max_new_tokens: tokens of one turn.
        max_turns, max_calls: turns and tool calls of an episode.
        max_tool_tokens: tokens of one tool result; a longer one is cut with a visible marker.
        call_timeout: seconds for a call of a blocking tool; None for no limit.
        call_errors: what each failure of a call does to the episode.
        call_error_penalty: what "penalize" takes off for each call.
        action_mask: where observations or infos hold the action mask, if anywhere.
        allowed_tokens: ids to which the action mask is restricted; None for no restriction.
        record: whether the last step's info holds the transcript.
    """

    source: TaskSource
    split: str
    tools: Mapping[str, Tool]
    tokenizer: Tokenizer
    protocol: Protocol
    system: str
    few_shot: int | tuple[Task, ...]
    layout: Layout
    max_prompt_tokens: int
    max_tokens: int
    max_new_tokens: int
    max_turns: int
    max_calls: int
    max_tool_tokens: int
    call_timeout: float | None
    call_errors: Mapping[CallStatus, ErrorPolicy]
    call_error_penalty: float
    action_mask: ActionMask | None
    allowed_tokens: tuple[int, ...] | None
    record: bool

    @classmethod
    def of(cls, owner: object, source: TaskSource | type[TaskSource] | str, arguments: Mapping[str, Any]) -> Rules:
        """`make`, for an environment that takes these arguments beside its own; errors name the environment.

        Raises:
            TypeError: an argument that `make` does not have; in the words of Python, by which TorchRL knows the error.
        """
        name = type(owner).__name__
        if unknown := sorted(arguments.keys() - inspect.signature(cls.make).parameters.keys()):
            hint = f"help({name}) lists those that it takes"
            if unknown[0] == "max_episode_steps":
                hint = "limit episodes with max_turns or max_tokens, or one environment alone with TimeLimit"
            raise TypeError(f"{name} got an unexpected keyword argument {unknown[0]!r}; {hint}")
        return cls.make(source, **arguments)

    @classmethod
    def make(
        cls,
        source: TaskSource | type[TaskSource] | str,
        *,
        source_kwargs: Mapping[str, Any] | None = None,
        split: str = "train",
        tools: Sequence[str | Tool | Callable[..., Any]] | None = None,
        tokenizer: Tokenizer | str | None = None,
        protocol: str | Protocol | ChatProtocol = "tags",
        system_prompt: str | None = None,
        few_shot: int | Sequence[Task] = 0,
        layout: Layout = "causal",
        max_prompt_tokens: int | None = None,
        max_tokens: int = 2048,
        max_new_tokens: int = 128,
        max_turns: int = 8,
        max_calls: int = 16,
        max_tool_tokens: int = 256,
        call_timeout: float | None = None,
        on_call_error: str | Mapping[str, str] = "feedback",
        call_error_penalty: float = 0.1,
        action_mask: ActionMask | None = None,
        allowed_tokens: Iterable[int] | None = None,
        record: bool = False,
    ) -> Rules:
        """Resolve names into objects and check every argument; `TextEnv` documents them.

        Raises:
            ValueError: an unknown split, tool, protocol, layout, policy or status, a number out of range, a task in
                `few_shot` that the source cannot plan, or a chat template that is missing or cannot be played with.
            TypeError: something in `few_shot` that is no task.
            ContextTooShort: the prompt of one of the tasks that are tried cannot fit.
        """
        task_source = load_source(source, source_kwargs or {})
        task_source.check_split(split)
        if layout not in LAYOUTS:
            raise ValueError(f"unknown layout {layout!r}; the layouts are {', '.join(LAYOUTS)}")
        if layout == "causal" and max_prompt_tokens is not None:
            raise ValueError("max_prompt_tokens goes with layout='encdec'; else max_tokens holds the prompt too")
        budgets = {
            "max_tokens": max_tokens,  # first, as the next may be taken from it
            "max_prompt_tokens": max_tokens if max_prompt_tokens is None else max_prompt_tokens,
            "max_new_tokens": max_new_tokens,
            "max_turns": max_turns,
            "max_calls": max_calls,
            "max_tool_tokens": max_tool_tokens,
        }
        examples = _check_examples(few_shot)
        _check_numbers(budgets, call_error_penalty, call_timeout)
        tool_by_name = resolve_tools(task_source.tools if tools is None else tools)
        own_tokenizer = resolve_tokenizer(tokenizer)
        resolved = resolve_protocol(protocol, own_tokenizer, list(tool_by_name.values()))
        if system_prompt is None:
            system_prompt = resolved.instructions(list(tool_by_name.values()))
        rules = cls(
            source=task_source,
            split=split,
            tools=tool_by_name,
            tokenizer=with_eos(own_tokenizer, resolved.eos_id),
            protocol=resolved,
            system=system_prompt,
            few_shot=examples,
            layout=layout,
            call_timeout=call_timeout,
            call_errors=resolve_call_errors(on_call_error),
            call_error_penalty=float(call_error_penalty),
            action_mask=check_action_mask(action_mask),
            allowed_tokens=None if allowed_tokens is None else tuple(int(i) for i in allowed_tokens),
            record=record,
            **{**budgets, "max_prompt_tokens": budgets["max_prompt_tokens"] if layout == "encdec" else 0},
        )
        if rules.allowed_tokens is not None:
            _ = rules.allowed_ids  # a restriction that leaves nothing is told now
        rules.check_some_tasks()
        return rules

    def check_some_tasks(self) -> None:
        """Raise ContextTooShort, for the longest prompt, unless a sample of the split's tasks fits."""
        rng = np.random.default_rng(0)
        prompts = [self.prompt(self.source.draw(rng, self.split)) for _ in range(_TRIED_TASKS)]
        self.check_fits(max(sum(len(segment.ids) for segment in prompt) for prompt in prompts))

    def rows(self, n: int) -> Rows:
        """Empty arrays for `n` episodes."""
        return Rows(n, self.max_tokens, self.tokenizer.pad_id, self.max_prompt_tokens)

    @cached_property
    def may_stop(self) -> npt.NDArray[np.bool_]:
        """Ids that can end a turn, bool (V,)."""
        return stop_candidates(self.tokenizer, self.protocol.stop_strings)

    @cached_property
    def examples(self) -> tuple[Example, ...]:
        """The oracle's episodes that every prompt shows."""
        split = "train" if "train" in self.source.splits else self.source.splits[0]
        rng = np.random.default_rng(_EXAMPLE_SEED)
        # Examples show what a tool does, not how it fails now and then (`textgym.wrappers.with_faults`).
        tools = {name: getattr(tool.session, "faultless", tool) for name, tool in self.tools.items()}
        toolbox = Toolbox({name: replace(tool, timeout=None) for name, tool in tools.items()})
        few, examples = self.few_shot, []
        for i, task in enumerate(few if isinstance(few, tuple) else [self.source.draw(rng, split) for _ in range(few)]):
            toolbox.reset(ToolSeeds(_EXAMPLE_SEED, i))
            examples.append(self._example(task, toolbox))
        toolbox.close()
        return tuple(examples)

    def _example(self, task: Task, toolbox: Toolbox) -> Example:
        try:
            plan = self.source.plan(task)
        except Exception as error:
            raise ValueError(
                f"{type(self.source).__name__} cannot plan the few_shot task {task.prompt!r} ({error!r}); give tasks "
                "that it has drawn, or with the metadata that its plans need"
            ) from error
        calls = []
        for i, call in enumerate(plan.calls):
            results = toolbox.start([ParsedCall(call.name, call.arguments)], i)
            assert results is not None  # neither threads nor a limit
            calls.append((call, results[0]))
        return Example(task.prompt, tuple(calls), plan.answer)

    @cached_property
    def prefix(self) -> tuple[Segment, ...]:
        """What every prompt starts with: the system prompt and the few-shot examples."""
        whole = self.protocol.prompt(self.system, self.examples, "")
        if whole is not None:
            return tuple(self._segments(whole.opening))
        segments = self._segments(self.protocol.system(self.system)) if self.system else []
        for example in self.examples:
            segments += self._example_segments(example)
        return tuple(segments)

    def _example_segments(self, example: Example) -> list[Segment]:
        """An example as part of the prompt: its turns are token for token what the oracle would play."""
        protocol = self.protocol
        segments = self._segments(protocol.question(example.question))
        for call, result in example.calls:
            segments.append(Segment(tuple(self._encode_pieces(protocol.call_pieces(call))), "scaffold"))
            segments += self._segments(protocol.results([result]))
        segments.append(Segment(tuple(self._encode_pieces(protocol.submission_pieces(example.answer))), "scaffold"))
        return [*segments, *self._segments([protocol.end_of_example()])]

    @cached_property
    def prefix_arrays(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
        """Ids, int64 (P,), and marks (`textgym.rows`), int32 (P,), of `prefix`: a reset writes them at once."""
        lengths = [len(segment.ids) for segment in self.prefix]
        marks = np.repeat(np.array([MARK[segment.role] for segment in self.prefix], np.int32), lengths)
        return np.array([i for segment in self.prefix for i in segment.ids], np.int64), marks

    @cached_property
    def prefix_spans(self) -> list[Span]:
        """Where the segments of `prefix` lie."""
        ends = list(accumulate(len(segment.ids) for segment in self.prefix))
        segments = zip([0, *ends], ends, self.prefix, strict=False)
        return [Span(start, end, s.role, 0, s.tool_call_id) for start, end, s in segments]

    @cached_property
    def allowed_ids(self) -> npt.NDArray[np.bool_]:
        """The action mask, bool (V,); see `textgym.masks`."""
        prompt = self.prompt(self.source.draw(np.random.default_rng(0), self.split))
        results = [CallResult(f"call{i}", CallStatus.OK, "") for i in range(2)]
        shown = [segment.ids for segment in prompt] + self.encode(self.protocol.results(results))
        calls = [self.protocol.call_pieces(ToolCall(name, {})) for name in self.tools]
        written = [self._encode_pieces(pieces) for pieces in (*calls, self.protocol.submission_pieces(""))]
        return turn_ids_mask(self.tokenizer, set(chain(*shown)), set(chain(*written)), self.allowed_tokens)

    def mask_info(self, place: ActionMask = "info") -> dict[str, npt.NDArray[np.int8]]:
        """The action mask as an entry of the info, or of the observation, if it belongs there."""
        return {"action_mask": self.allowed_ids.astype(np.int8)} if self.action_mask in (place, "both") else {}

    def action_masks(self, action_mode: str) -> npt.NDArray[np.bool_]:
        """`allowed_ids` in the shape of an action: bool (V,), or (max_new_tokens * (V + 1),) for a whole turn."""
        if action_mode == "token":
            return self.allowed_ids.copy()
        return np.tile(np.concatenate([[True], self.allowed_ids]), self.max_new_tokens)

    def encode(self, pieces: Sequence[Piece]) -> list[Ids]:
        """The ids of each piece: data is escaped and isolated, markup keeps its control tokens."""
        if self.protocol.joint:
            escaped = (self._isolate(p.text)[0] if p.data and not p.verbatim else p.text for p in pieces)
            return [*encode_runs(self.tokenizer, [(text, p.data) for text, p in zip(escaped, pieces, strict=True)])]
        return [self._isolate(piece.text)[1] if piece.data else self._encode_markup(piece.text) for piece in pieces]

    def _segments(self, pieces: Sequence[Piece]) -> list[Segment]:
        """Pieces of the prompt."""
        encoded = zip(pieces, self.encode(pieces), strict=True)
        return [Segment(tuple(ids), piece.role, tool_call_id=piece.tool_call_id) for piece, ids in encoded]

    def _isolate(self, text: str) -> tuple[str, list[int]]:
        """Data as text that spells no delimiter, and the ids of that."""
        escape, tokenizer = self.protocol.escape, self.tokenizer
        text = escape(text)
        ids = tokenizer.encode(text)
        read = tokenizer.decode(ids)
        if read == text:  # as nearly always
            return text, ids
        # A tokenizer that normalises can make a delimiter of other characters: `<CALL>`, `＜call＞`.
        escaped = escape(read)
        return (text, ids) if escaped == read else (escaped, tokenizer.encode(escaped))

    def _encode_markup(self, text: str) -> Ids:
        """Ids of markup, kept: a protocol writes the same few pieces again and again."""
        known = self._markup
        if text not in known:
            if len(known) >= _KEPT_MARKUP:
                known.clear()
            known[text] = tuple(self.tokenizer.encode_control(text))
        return known[text]

    @cached_property
    def _markup(self) -> dict[str, tuple[int, ...]]:
        return {}

    def prompt(self, task: Task) -> tuple[Segment, ...]:
        """The prompt of `task`, up to the point where the policy writes."""
        return (*self.prefix, *self._segments(self.question(task)))

    def question(self, task: Task) -> list[Piece]:
        """What follows `prefix` in the prompt of `task`."""
        whole = self.protocol.prompt(self.system, self.examples, task.prompt)
        return self.protocol.question(task.prompt) if whole is None else whole.question

    def check_fits(self, length: int) -> None:
        """Raise ContextTooShort unless a prompt of `length` tokens leaves room for one whole turn."""
        if self.layout == "encdec":
            if length > self.max_prompt_tokens:
                raise ContextTooShort(
                    f"the prompt has {length} tokens, but max_prompt_tokens is {self.max_prompt_tokens}; raise it to "
                    f"at least {length}, or lower few_shot, or pass a shorter system_prompt"
                )
            if self.max_new_tokens > self.max_tokens:
                raise ContextTooShort(
                    f"a turn has up to {self.max_new_tokens} tokens, but max_tokens is {self.max_tokens}; "
                    "raise max_tokens, or lower max_new_tokens"
                )
        elif length + self.max_new_tokens > self.max_tokens:
            raise ContextTooShort(
                f"the prompt has {length} tokens and a turn up to {self.max_new_tokens}, but max_tokens is "
                f"{self.max_tokens}; raise max_tokens to at least {length + self.max_new_tokens}, or lower "
                "max_new_tokens or few_shot, or pass a shorter system_prompt"
            )

    def stopped_text(self, ids: list[int]) -> str | None:
        """The text of a turn that ends with its last token, EOS left out; None if that token does not end it."""
        if ids and ids[-1] == self.tokenizer.eos_id:
            return self.tokenizer.decode(ids[:-1])
        text = self.tokenizer.decode(ids)
        for stop in self.protocol.stop_strings:
            if stop in text:
                return text
        return None

    def oracle_turns(self, task: Task) -> list[list[int]]:
        """The oracle's actions on `task`, a list of token ids for each turn."""
        plan = self.source.plan(task)
        turns = [*map(self.protocol.call_pieces, plan.calls), self.protocol.submission_pieces(plan.answer)]
        return [self._encode_pieces(turn) for turn in turns]

    def _encode_pieces(self, turn: Sequence[Piece]) -> list[int]:
        """Token ids of a turn. Markup may be single tokens here, as a policy that knows them would sample it."""
        tokenizer, runs = self.tokenizer, [(piece.text, piece.data) for piece in turn]
        if self.protocol.joint:
            ids = list(chain(*encode_runs(tokenizer, runs)))
        else:
            ids = [
                i for text, data in runs for i in (tokenizer.encode(text) if data else tokenizer.encode_control(text))
            ]
        return [*ids, tokenizer.eos_id] if self.protocol.ends_with_eos else ids

    def encode_turn(self, text: str) -> list[int]:
        """Token ids of a turn written as text: EOS follows where no stop string ends it. Control tokens are split."""
        ids = list(self.tokenizer.encode(text))
        stopped = any(stop in text for stop in self.protocol.stop_strings)
        return ids if stopped else [*ids, self.tokenizer.eos_id]
