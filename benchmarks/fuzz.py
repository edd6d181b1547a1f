"""Ten million hostile tokens: `step` never raises, and memory stays flat.

    python benchmarks/fuzz.py                                  about five minutes on two cores, writes the results file
    python benchmarks/fuzz.py --tokens 200_000 --out ""        a try

Every protocol with several settings, token by token and turn by turn, alone and in a vector environment, each in a
process of its own that is fed random ids, hostile fragments and oracles with mistakes in them
(`tests/support/streams.py`). A failure names the shard; `--only NAME` plays that shard again.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import tyro
from gymnasium.vector import AutoresetMode
from machine import command, describe

import textgym
from textgym.protocols import PROTOCOLS, ChatProtocol
from textgym.protocols.chat import preset
from textgym.transcript import StopReason

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.streams import TokenStream

RESULTS = Path(__file__).parent / "results" / "fuzz.json"
ENV_ID = "TextCalc-v0"
SLOTS = 16
MARKUP = ("<request>", "<calculator>", "<call>", "<response>", "<submit>", "<tool_call>", "</tool_call>")
SETTINGS: dict[str, dict[str, Any]] = {
    "bytes": {"markup": ()},
    "markup": {"markup": MARKUP},
    "encdec and threads": {
        "markup": MARKUP,
        "layout": "encdec",
        "max_prompt_tokens": 384,
        "blocking": True,
        "on_call_error": {"timeout": "terminate", "unknown_tool": "penalize"},
    },
}
"""Tokenizer, layout, whether the hostile tools run in threads, and what failed calls cost."""
BUDGETS = {"max_tokens": 512, "max_new_tokens": 96, "max_turns": 3, "max_calls": 3, "max_tool_tokens": 24}
"""Small, so that every one of them is met."""
CHAT_PROMPT = 1024
"""More room for the chat protocol, whose template shows the tools' schemas in every prompt."""
SAMPLES, WARM_UP = 50, 0.2
"""Looks at the memory of a shard, and the part of it that may still grow."""
MAX_GROWTH = 2 * 2**20
"""Bytes by which the memory in use may rise from the end of the warm-up to the end of a shard."""


def echo(text: str) -> str:
    """Gives back what it is told, markup and all."""
    return text


def late(text: str = "") -> str:
    """Never makes it."""
    raise TimeoutError(text)


def crash(text: str = "") -> str:
    """Breaks."""
    raise OSError(text)


@dataclass
class Arguments:
    """Feed hostile tokens to the environments."""

    tokens: int = 10_000_000
    """tokens in all"""
    seed: int = 0
    """seed of the streams and of the environments"""
    workers: int = 2
    """processes at a time"""
    only: str | None = None
    """the name of a single shard, which gets the tokens that it has in the whole run"""
    out: str = str(RESULTS)
    """results file; "" writes none"""


@dataclass(frozen=True)
class Shard:
    """One way of stepping one environment."""

    protocol: str
    setting: str
    face: str
    kind: str

    @property
    def name(self) -> str:
        return f"{self.protocol}, {self.setting}, {self.face} face, {self.kind}"


SHARDS = [
    Shard(protocol, setting, face, kind)
    for protocol in PROTOCOLS
    for setting in SETTINGS
    for face in ("token", "turn")
    for kind in ("single", *(f"vector {mode.value}" for mode in AutoresetMode))
]


@dataclass
class Tally:
    """What a shard saw."""

    tokens: int = 0
    episodes: int = 0
    stop_reasons: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)

    def step(self, reward: float, info: dict[str, Any], ended: bool) -> None:
        """Take in one step of one episode and check what must hold whatever the tokens.

        Raises:
            AssertionError: it does not hold.
        """
        assert math.isfinite(reward), f"the reward is {reward}"
        self.calls.update(info.get("calls", ()))
        if ended:
            reason = info["stop_reason"]
            assert reason in list(StopReason), f"unknown stop reason {reason!r}"
            self.episodes += 1
            self.stop_reasons[reason] += 1


def resident() -> int:
    """Bytes of memory in use by this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


class Queues:
    """Ids that wait for each slot; an empty queue draws the next run."""

    def __init__(self, stream: TokenStream, slots: int) -> None:
        self.stream, self.waiting = stream, [list[int]() for _ in range(slots)]

    def take(self, slot: int, oracle: Any) -> int:
        """The next id of a slot. `oracle()` gives the perfect player's turns."""
        if not self.waiting[slot]:
            self.waiting[slot] = self.stream.draw(oracle())[::-1]
        return self.waiting[slot].pop()

    def take_turn(self, slot: int, oracle: Any, length: int) -> list[int]:
        """The next run of a slot, cut at `length`."""
        ids = self.waiting[slot][::-1] or self.stream.draw(oracle())
        self.waiting[slot] = ids[length:][::-1]
        return ids[:length]


def single(env: textgym.TextEnv, stream: TokenStream, tally: Tally, seed: int) -> Iterator[None]:
    """Step one environment, a step an iteration."""
    queues, turns = Queues(stream, 1), env.action_mode == "turn"
    env.reset(seed=seed)
    while True:
        if turns:
            ids = queues.take_turn(0, env.oracle_turns, env.rules.max_new_tokens)
            action: Any = np.array(ids + [-1] * (env.rules.max_new_tokens - len(ids)))
            tally.tokens += len(ids)
        else:
            action = queues.take(0, env.oracle_turns)
            tally.tokens += 1
        observation, reward, terminated, truncated, info = env.step(action)
        ended = terminated or truncated
        tally.step(reward, info, ended)
        if ended:
            assert env.observation_space.contains(observation), "an observation is outside the space"
            env.reset()
        yield


def vector(envs: textgym.TextVectorEnv, stream: TokenStream, tally: Tally, seed: int) -> Iterator[None]:
    """Step a vector environment, a step of all slots an iteration."""
    queues, turns, length = Queues(stream, SLOTS), envs.action_mode == "turn", envs.rules.max_new_tokens
    done = np.zeros(SLOTS, bool)
    envs.reset(seed=seed)
    actions = np.full((SLOTS, length), -1) if turns else np.zeros(SLOTS, np.int64)
    while True:
        for slot in np.flatnonzero(~done).tolist():
            if turns:
                ids = queues.take_turn(slot, lambda slot=slot: envs.oracle_turns(slot), length)
                actions[slot] = -1
                actions[slot, : len(ids)] = ids
                tally.tokens += len(ids)
            else:
                actions[slot] = queues.take(slot, lambda slot=slot: envs.oracle_turns(slot))
                tally.tokens += 1
        observation, rewards, terminated, truncated, infos = envs.step(actions)
        ended = terminated | truncated
        for slot in np.flatnonzero(ended | (rewards != 0) | ("calls" in infos)).tolist():
            tally.step(float(rewards[slot]), info_of(infos, slot), bool(ended[slot]))
        if ended.any():
            assert envs.observation_space.contains(observation), "an observation is outside the space"
        done = ended if envs.autoreset_mode == AutoresetMode.NEXT_STEP else np.zeros(SLOTS, bool)
        if envs.autoreset_mode == AutoresetMode.DISABLED and ended.any():
            envs.reset(options={"reset_mask": ended})
        yield


def info_of(infos: dict[str, Any], slot: int) -> dict[str, Any]:
    """Calls and stop reason of one slot, of the episode that ended if one did."""
    if infos.get("_final_info", np.zeros(SLOTS, bool))[slot]:
        infos = infos["final_info"]
    return {key: infos[key][slot] for key in ("calls", "stop_reason") if key in infos and infos[f"_{key}"][slot]}


def run(shard: Shard, tokens: int, seed: int) -> dict[str, Any]:
    """Feed a shard; what it saw, the memory along the way, and the error that ended it if one did."""
    setting = dict(SETTINGS[shard.setting])
    tokenizer, blocking = textgym.ByteTokenizer(setting.pop("markup")), setting.pop("blocking", False)
    hostile = [textgym.Tool.from_function(function, blocking=blocking) for function in (echo, late, crash)]
    kwargs: dict[str, Any] = {
        "protocol": ChatProtocol(preset("qwen")) if shard.protocol == "chat" else shard.protocol,
        "tokenizer": tokenizer,
        "action_mode": shard.face,
        "tools": ["calculator", *hostile],
        "system_prompt": "",
        **BUDGETS,
        **setting,
    }
    if shard.protocol == "chat":
        kwargs["max_prompt_tokens" if "layout" in setting else "max_tokens"] += CHAT_PROMPT
    tally, start = Tally(), time.perf_counter()
    rng = np.random.default_rng([seed, SHARDS.index(shard)])
    if shard.kind == "single":
        env: Any = gymnasium.make(ENV_ID, disable_env_checker=True, **kwargs).unwrapped
        steps = single(env, TokenStream(env.rules, rng), tally, seed)
    else:
        mode = shard.kind.removeprefix("vector ")
        envs: Any = gymnasium.make_vec(ENV_ID, num_envs=SLOTS, autoreset_mode=mode, **kwargs)
        steps = vector(envs, TokenStream(envs.rules, rng), tally, seed)
    memory: list[int] = []
    error = None
    try:
        for sample in range(1, SAMPLES + 1):
            while tally.tokens < tokens * sample / SAMPLES:
                next(steps)
            memory.append(resident())
    except Exception:  # whatever it is, it is the finding
        error = traceback.format_exc()
    warm = memory[int(SAMPLES * WARM_UP) :]
    return {
        "shard": shard.name,
        "tokens": tally.tokens,
        "episodes": tally.episodes,
        "stop_reasons": dict(tally.stop_reasons.most_common()),
        "calls": dict(tally.calls.most_common()),
        "memory_mb": [round(bytes_ / 2**20, 1) for bytes_ in memory[:: SAMPLES // 10]],
        "growth_mb": round((warm[-1] - warm[0]) / 2**20, 2) if warm else None,
        "flat": bool(warm) and warm[-1] - warm[0] <= MAX_GROWTH,
        "seconds": round(time.perf_counter() - start, 1),
        "error": error,
    }


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Sums over the shards."""
    reasons, calls = Counter[str](), Counter[str]()
    for row in rows:
        reasons.update(row["stop_reasons"])
        calls.update(row["calls"])
    return {
        "tokens": sum(row["tokens"] for row in rows),
        "episodes": sum(row["episodes"] for row in rows),
        "errors": sum(row["error"] is not None for row in rows),
        "flat": all(row["flat"] for row in rows),
        "most_growth_mb": max(row["growth_mb"] or 0.0 for row in rows),
        "allowed_growth_mb": MAX_GROWTH / 2**20,
        "stop_reasons": dict(reasons.most_common()),
        "stop_reasons_not_met": sorted(set(StopReason) - set(reasons)),
        "calls": dict(calls.most_common()),
    }


def main() -> None:
    arguments = tyro.cli(Arguments)
    shards = [shard for shard in SHARDS if arguments.only in (None, shard.name)]
    if not shards:
        sys.exit(f"no shard is named {arguments.only!r}; there are: " + "; ".join(shard.name for shard in SHARDS))
    share = math.ceil(arguments.tokens / len(SHARDS))
    # A fresh process a shard, so that the memory of one says nothing of another.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.workers, context, max_tasks_per_child=1) as pool:
        rows = []
        for row in pool.map(run, shards, [share] * len(shards), [arguments.seed] * len(shards)):
            print(
                f"{row['shard']}: {row['tokens']} tokens, {row['seconds']} s, growth {row['growth_mb']} MB", flush=True
            )
            rows.append(row)
    found = {
        "command": command(),
        "summary": summary(rows),
        "settings": {"env_id": ENV_ID, "slots": SLOTS, "seed": arguments.seed, "system_prompt": "", **BUDGETS},
        "shards": rows,
        "machine": describe(),
    }
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(found, indent=2) + "\n")
    print(json.dumps(found["summary"], indent=2))
    for row in rows:
        if row["error"]:
            print(row["shard"], row["error"], sep="\n", file=sys.stderr)
    sys.exit(bool(found["summary"]["errors"]) or not found["summary"]["flat"])


if __name__ == "__main__":
    main()
