"""Tools that fail now and then, so that a policy learns to notice and to try again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from textgym.tools import Tool, ToolError, resolve_tools

_READABLE = np.array([chr(code) for code in range(33, 127)])
_CHANCE, _NOISE = (2**31, 0), (2**31, 1)
"""Children of a session's generator that no tool spawns, so that whatever a tool draws or spawns stays as it was."""


@dataclass(frozen=True)
class Faults:
    """How often a tool fails, and how; see `with_faults`."""

    error: float
    garbage: float
    delay: float
    seconds: float

    def __post_init__(self) -> None:
        for name in ("error", "garbage", "delay"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(
                    f"{name} is the share of calls that it befalls, from 0 to 1, not {getattr(self, name)!r}"
                )
        if self.error + self.garbage > 1:
            raise ValueError(
                f"error and garbage befall different calls, but {self.error!r} and {self.garbage!r} exceed 1"
            )
        if not 0 <= self.seconds < float("inf"):
            raise ValueError(f"seconds is how long a delay is, from 0 up, not {self.seconds!r}")


def with_faults(
    tools: Sequence[str | Tool | Callable[..., Any]],
    *,
    error: float = 0.0,
    garbage: float = 0.0,
    delay: float = 0.0,
    seconds: float = 1.0,
) -> list[Tool]:
    """`tools` that fail at the given rates: `gym.make(..., tools=with_faults(["calculator"], error=0.1))`.

    Their chance comes from the environment's seed: the same seed gives the same faults, in one environment or in a
    vector, and at rates of 0 what the tools do is what they do without this. Few-shot examples show no faults.

    Args:
        tools: names of built-in tools, typed functions, or `Tool`s.
        error: share of calls that are answered with an error, and do not run.
        garbage: share of calls whose result is replaced by noise of the same length, under the status `ok`.
        delay: share of calls that take `seconds` longer. They may be of any other kind. A tool that is delayed counts
            as one that blocks, so that a vector environment runs it in a thread.
        seconds: how much longer.

    Raises:
        ValueError: a rate outside of [0, 1], or `error` and `garbage` above 1 together.

    Example:
        >>> import gymnasium as gym
        >>> from textgym.wrappers import with_faults
        >>> tools = with_faults(["calculator"], error=0.5)
        >>> env = gym.make("textgym:TextCalc-v0", tools=tools).unwrapped
        >>> obs, info = env.reset(seed=2)
        >>> [env.step_text("<request><calculator>6*7<call>")[4]["calls"] for _ in range(4)]
        [['ok'], ['ok'], ['tool_error'], ['ok']]
    """
    faults = Faults(error, garbage, delay, seconds)
    return [
        replace(tool, function=None, session=_FaultySessions(tool, faults), blocking=tool.blocking or delay > 0)
        for tool in resolve_tools(tools).values()
    ]


@dataclass(frozen=True)
class _FaultySessions:
    """Opens the sessions of a tool that fails. `faultless` is the tool as it was."""

    faultless: Tool
    faults: Faults

    def __call__(self, generator: np.random.Generator) -> Callable[..., str]:
        return _FaultySession(self.faultless, self.faults, generator)


class _FaultySession:
    def __init__(self, tool: Tool, faults: Faults, generator: np.random.Generator) -> None:
        self.name, self.faults = tool.name, faults
        self.chance, self.noise = _child(generator, _CHANCE), _child(generator, _NOISE)
        if tool.function is not None:
            self.call: Callable[..., str] = tool.function
        else:
            assert tool.session is not None
            self.call = tool.session(generator)

    def __call__(self, /, **arguments: Any) -> str:
        faults = self.faults
        late, kind = self.chance.random(2)  # two numbers a call, so that a rate changes nothing but its own faults
        if late < faults.delay:
            time.sleep(faults.seconds)
        if kind < faults.error:
            raise ToolError(f"{self.name} is out of order; call it again")
        result = str(self.call(**arguments))
        if kind < faults.error + faults.garbage:
            return "".join(self.noise.choice(_READABLE, max(1, len(result))))
        return result

    def close(self) -> None:
        close = getattr(self.call, "close", None)
        if close is not None:
            close()


def _child(generator: np.random.Generator, key: tuple[int, ...]) -> np.random.Generator:
    seeds = generator.bit_generator.seed_seq
    assert isinstance(seeds, np.random.SeedSequence)
    return np.random.default_rng(np.random.SeedSequence(seeds.entropy, spawn_key=(*seeds.spawn_key, *key)))
