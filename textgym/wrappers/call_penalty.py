"""A price on tool calls."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium
from gymnasium.utils import RecordConstructorArgs

from textgym.tools import CallStatus
from textgym.wrappers.base import TextWrapper, TurnEnd, Watcher, add_rewards

Penalty = float | Mapping[str, float]


UNANSWERED = "unanswered"
"""Stands for a status where a call got no reply: beyond `max_calls`, or without room for it."""


class PenaltyWatcher(Watcher):
    """Takes the penalty of each call off the reward of its turn, and off the transcript's when the episode ends."""

    def __init__(self, penalty: Penalty) -> None:
        statuses = [*map(str, CallStatus), UNANSWERED]
        by_status = dict(penalty) if isinstance(penalty, Mapping) else dict.fromkeys(statuses, penalty)
        if unknown := [status for status in by_status if status not in statuses]:
            raise ValueError(f"unknown call status {unknown[0]!r}; the statuses are {', '.join(statuses)}")
        if bad := [value for value in by_status.values() if not (math.isfinite(value) and value >= 0)]:
            raise ValueError(f"a penalty is a finite number of at least 0, taken off the reward, not {bad[0]!r}")
        self.by_status = {str(status): float(value) for status, value in by_status.items()}
        self._taken: defaultdict[int, dict[int, float]] = defaultdict(dict)

    def start(self, slot: int) -> dict[str, Any]:
        self._taken[slot] = {}
        return {}

    def turns_end(self, ends: Sequence[TurnEnd]) -> None:
        for end in ends:
            info, taken = end.info, self._taken[end.slot]
            calls = [*info.get("calls", ()), *[UNANSWERED] * info.get("unanswered_calls", 0)]
            penalty = sum(self.by_status.get(status, 0.0) for status in calls)
            if penalty:
                taken[info["turn"]] = -penalty
                end.reward -= penalty
                info["reward_components"] = {**info.get("reward_components", {}), "call_penalty": -penalty}
            if end.over and taken and "transcript" in info:
                info["transcript"] = add_rewards(end.transcript, taken)


class CallPenalty(TextWrapper):
    """A penalty for each tool call, so that a policy learns not to call in vain.

    It is taken off in the step that ends the calls' turn, where `info["reward_components"]` names it `call_penalty`,
    and off the rewards of the transcript in the last step's info. (To punish failed calls alone, the environment's own
    `on_call_error="penalize"` will do.)

    Args:
        env: the environment.
        penalty: what a call costs; or what it costs by its status, where what is left out is free: `{"ok": 0.01,
            "bad_args": 0.1}`. Calls that got no reply (`info["unanswered_calls"]`) go by "unanswered".

    Raises:
        ValueError: an unknown status, or a penalty that is negative or not finite.

    Example:
        >>> import gymnasium as gym
        >>> from textgym.wrappers import CallPenalty
        >>> env = CallPenalty(gym.make("textgym:TextCalc-v0", action_mode="turn"), penalty=0.05)
        >>> obs, info = env.reset(seed=0)
        >>> obs, reward, terminated, truncated, info = env.step_text("<request><calculator>6*7<call>")
        >>> info["calls"], reward
        (['ok'], -0.05)
    """

    def __init__(self, env: gymnasium.Env[Any, Any], penalty: Penalty = 0.01) -> None:
        RecordConstructorArgs.__init__(self, penalty=penalty)
        super().__init__(env, PenaltyWatcher(penalty))
