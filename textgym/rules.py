"""What all episodes of an environment share: tasks, tools, tokenizer, protocol and budgets, checked once and frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from textgym.protocols import CallResult, ParsedCall, Piece, Protocol, resolve_protocol
from textgym.registration import load_source
from textgym.task import Task, TaskSource
from textgym.tokenizers import Tokenizer, resolve_tokenizer, stop_candidates
from textgym.tools import CallStatus, Tool, resolve_tools
from textgym.transcript import Segment

_EXAMPLE_SEED = 20_250_801
"""Few-shot examples are the same in every episode, so that their keys and values can be cached."""

_TRIED_TASKS = 64
"""Tasks whose prompts are checked against the context when an environment is made."""


class ContextTooShort(ValueError):
    """The prompt and one turn do not fit `max_tokens`."""


@dataclass(frozen=True)
class Rules:
    """Everything that the episodes of an environment share. Immutable.

    Attributes:
        source: where tasks come from.
        split: the split they are drawn from.
        tools: the tools on offer, by name.
        tokenizer, protocol: how text becomes tokens and how calls are written.
        system: the system prompt; "" for none.
        few_shot: number of oracle transcripts of the train split shown before the question.
        max_tokens: length L of the observation, in tokens.
        max_new_tokens: tokens of one turn.
        max_turns, max_calls: turns and tool calls of an episode.
        max_tool_tokens: tokens of one tool result; a longer one is cut with a visible marker.
    """

    source: TaskSource
    split: str
    tools: Mapping[str, Tool]
    tokenizer: Tokenizer
    protocol: Protocol
    system: str
    few_shot: int
    max_tokens: int
    max_new_tokens: int
    max_turns: int
    max_calls: int
    max_tool_tokens: int
    record: bool

    @classmethod
    def make(
        cls,
        source: TaskSource | str,
        *,
        source_kwargs: Mapping[str, Any] | None = None,
        split: str = "train",
        tools: Sequence[str | Tool] | None = None,
        tokenizer: Tokenizer | str | None = None,
        protocol: str | Protocol = "tags",
        system_prompt: str | None = None,
        few_shot: int = 0,
        max_tokens: int = 2048,
        max_new_tokens: int = 128,
        max_turns: int = 8,
        max_calls: int = 16,
        max_tool_tokens: int = 256,
        record: bool = False,
    ) -> Rules:
        """Resolve names into objects and check every argument; `TextEnv` documents them.

        Raises:
            ValueError: an unknown split, tool or protocol, or a budget below 1.
            ContextTooShort: the prompt of one of the tasks that are tried cannot fit.
        """
        task_source = load_source(source, source_kwargs or {})
        task_source.check_split(split)
        budgets = {
            "max_tokens": max_tokens,
            "max_new_tokens": max_new_tokens,
            "max_turns": max_turns,
            "max_calls": max_calls,
            "max_tool_tokens": max_tool_tokens,
        }
        for name, value in {**budgets, "few_shot": few_shot}.items():
            least = int(name in budgets)
            if not isinstance(value, (int, np.integer)) or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least}, not {value!r}")
        tool_by_name = resolve_tools(task_source.tools if tools is None else tools)
        resolved = resolve_protocol(protocol)
        if system_prompt is None:
            system_prompt = resolved.instructions(list(tool_by_name.values()))
        rules = cls(
            source=task_source,
            split=split,
            tools=tool_by_name,
            tokenizer=resolve_tokenizer(tokenizer),
            protocol=resolved,
            system=system_prompt,
            few_shot=few_shot,
            record=record,
            **budgets,
        )
        rules._check_some_tasks()
        return rules

    def _check_some_tasks(self) -> None:
        """Raise ContextTooShort, for the longest prompt, unless a sample of the split's tasks fits."""
        rng = np.random.default_rng(0)
        prompts = [self.prompt(self.source.draw(rng, self.split)) for _ in range(_TRIED_TASKS)]
        self.check_fits(max(prompts, key=lambda prompt: sum(len(s.ids) for s in prompt)))

    @cached_property
    def may_stop(self) -> npt.NDArray[np.bool_]:
        """Ids that can end a turn, bool (V,)."""
        return stop_candidates(self.tokenizer, self.protocol.stop_strings)

    @cached_property
    def prefix(self) -> tuple[Segment, ...]:
        """What every prompt starts with: the system prompt and the few-shot examples."""
        segments = [self.encode(piece) for piece in (self.protocol.system(self.system) if self.system else [])]
        split = "train" if "train" in self.source.splits else self.source.splits[0]
        rng = np.random.default_rng(_EXAMPLE_SEED)
        for _ in range(self.few_shot):
            segments += self._example(self.source.draw(rng, split))
        return tuple(segments)

    def _example(self, task: Task) -> list[Segment]:
        """The oracle's episode on `task` as part of the prompt: its turns are token for token what it would play."""
        plan = self.source.plan(task)
        *turns, last = (Segment(tuple(ids), "scaffold") for ids in self.oracle_turns(task))
        segments = [self.encode(piece) for piece in self.protocol.question(task.prompt)]
        for i, (turn, call) in enumerate(zip(turns, plan.calls, strict=True)):
            result = self.run(ParsedCall(call.name, call.arguments), f"example{i}")
            segments += [turn, *map(self.encode, self.protocol.results([result]))]
        return [*segments, last, self.encode(self.protocol.end_of_example())]

    def encode(self, piece: Piece, turn: int = 0) -> Segment:
        """A piece of text as a segment: data is escaped and isolated, markup keeps its control tokens."""
        ids = self._encode_data(piece.text) if piece.data else self.tokenizer.encode_control(piece.text)
        return Segment(tuple(ids), piece.role, turn=turn, tool_call_id=piece.tool_call_id)

    def _encode_data(self, text: str) -> list[int]:
        escape, tokenizer = self.protocol.escape, self.tokenizer
        ids = tokenizer.encode(escape(text))
        read = tokenizer.decode(ids)
        # A tokenizer that normalises can make a delimiter of other characters: `<CALL>`, `＜call＞`.
        return list(ids if escape(read) == read else tokenizer.encode(escape(read)))

    def prompt(self, task: Task) -> tuple[Segment, ...]:
        """The prompt of `task`, up to the point where the policy writes."""
        return self.prefix + tuple(map(self.encode, self.protocol.question(task.prompt)))

    def check_fits(self, prompt: Iterable[Segment]) -> None:
        """Raise ContextTooShort unless the prompt leaves room for one whole turn."""
        length = sum(len(s.ids) for s in prompt)
        if length + self.max_new_tokens > self.max_tokens:
            raise ContextTooShort(
                f"the prompt has {length} tokens and a turn up to {self.max_new_tokens}, but max_tokens is "
                f"{self.max_tokens}; raise max_tokens to at least {length + self.max_new_tokens}, or lower "
                "max_new_tokens or few_shot, or pass a shorter system_prompt"
            )

    def run(self, call: ParsedCall, call_id: str) -> CallResult:
        """Run one call. Never raises: a call that cannot run is answered with its error."""
        if call.status is not CallStatus.OK:
            return CallResult(call_id, call.status, f"error: {call.error}")
        if call.name not in self.tools:
            known = ", ".join(self.tools) or "none"
            return CallResult(call_id, CallStatus.UNKNOWN_TOOL, f"error: unknown tool; the tools are: {known}")
        status, text = self.tools[call.name].run(call.arguments)
        return CallResult(call_id, status, text)

    def oracle_turns(self, task: Task) -> list[list[int]]:
        """The oracle's actions on `task`, a list of token ids for each turn."""
        plan = self.source.plan(task)
        turns = [*map(self.protocol.call_pieces, plan.calls), self.protocol.submission_pieces(plan.answer)]
        return [self._encode_pieces(turn) for turn in turns]

    def _encode_pieces(self, turn: Sequence[Piece]) -> list[int]:
        """Token ids of a turn. Markup may be single tokens here, as a policy that knows them would sample it."""
        tokenizer = self.tokenizer
        ids = [i for p in turn for i in (tokenizer.encode(p.text) if p.data else tokenizer.encode_control(p.text))]
        return [*ids, tokenizer.eos_id] if self.protocol.ends_with_eos else ids

    def encode_turn(self, text: str) -> list[int]:
        """Token ids of a turn written as text: EOS follows where no stop string ends it. Control tokens are split."""
        ids = list(self.tokenizer.encode(text))
        stopped = any(stop in text for stop in self.protocol.stop_strings)
        return ids if stopped else [*ids, self.tokenizer.eos_id]
