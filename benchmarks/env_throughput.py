"""How fast the environments are: tokens and turns a second, beside Gymnasium's vector environment and two libraries.

    python benchmarks/env_throughput.py                     about five minutes on two cores, writes the results file
    python benchmarks/env_throughput.py --install           makes the peers' virtual environments and stops
    python benchmarks/env_throughput.py --repeats 1 --steps 200 --rounds 5 --profile-seconds 1 --out ""    a try

Oracle tokens are replayed: the actions of an episode are made beforehand, so what is timed is the environments alone.
Contestants take turns, repeat by repeat, so that a ratio compares neighbours in time; medians and the spread go to
`benchmarks/results/env_throughput.json`, with what each side does, and shares of the time by groups of functions.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
import tyro
from machine import command, describe
from peers import PEERS, Worker
from stacks import shares

import textgym
from textgym.engine import Episode
from textgym.protocols import TagsProtocol
from textgym.rules import Rules
from textgym.tools import calculate
from textgym.vector_infos import batch_infos
from textgym_tasks.calc import CalcTasks

RESULTS = Path(__file__).parent / "results" / "env_throughput.json"
SLOTS = 64
ENV_ID = "TextCalc-v0"
MARKUP = ("<request>", "<calculator>", "<call>", "<response>", "<submit>")
SETTINGS: dict[str, Callable[[], dict[str, Any]]] = {
    "default": dict,
    "demo": lambda: {
        "tokenizer": textgym.ByteTokenizer(MARKUP),
        "system_prompt": "",
        "source_kwargs": {"difficulty": 1},
        "max_tokens": 256,
        "max_new_tokens": 48,
    },
}
"""Keyword arguments of the environments: as they come, and as `textgym train` uses them by default."""

SIDES = {
    "questions": "the same for all: TextCalc tasks of the train split in the same order, each with one call of the "
    "calculator and one submission. The calculator and the grading are textgym's own functions on all sides.",
    "shared work": "what every contestant has to do in any case, in a bare loop: the calculator and the grading of "
    "every question, and drawing the task where environments do. No framework can be faster, so this limits every "
    "rate and every ratio.",
    "timed": "stepping, and starting every episode; not: making vector environments and actions, drawing questions.",
    "textgym": "64 slots, actions are token ids and -1 behind them. Encodes prompts and results as tokens, decodes and "
    "parses turns, keeps loss masks, segments and budgets, writes observation arrays.",
    "GEM": "64 environments, actions and observations are strings. Parses turns by regular expressions, counts tool "
    "uses. No tokens, masks or token budgets.",
    "SkyRL-gym": "64 environments at a time, made an episode, actions and observations are strings and messages. "
    "Parses turns by regular expressions. No tokens, masks or token budgets: SkyRL's generator adds them elsewhere.",
    "python tool": "the same with the only tool of each peer that can do arithmetic, as it ships: it starts a Python "
    "process a call. Says what their users pay, not what the frameworks cost: it is no equal work.",
}


@dataclass
class Arguments:
    """Measure environments on two cores."""

    repeats: int = 7
    """timed runs of each contestant"""
    steps: int = 640
    """vector steps of a run of whole episodes, token by token"""
    still: int = 20
    """runs of almost a turn, in which no turn ends"""
    rounds: int = 30
    """episodes a slot of a run of whole episodes, turn by turn"""
    python_repeats: int = 3
    """timed runs with the peers' python tools, of one episode a slot"""
    profile_seconds: float = 8.0
    """how long each profile looks"""
    seed: int = 0
    """seed of slot 0; slot i takes seed + i"""
    cache: Path = Path("runs/peers")
    """where the peers' virtual environments are kept"""
    install: bool = False
    """make the peers' virtual environments, and nothing else"""
    out: str = str(RESULTS)
    """results file; "" writes none"""


Vector = gymnasium.vector.VectorEnv[Any, Any, Any]


def native(settings: str, **kwargs: Any) -> textgym.TextVectorEnv:
    """Our vector environment; observations by reference."""
    made: Any = gymnasium.make_vec(ENV_ID, num_envs=SLOTS, copy=False, **SETTINGS[settings](), **kwargs)
    assert isinstance(made, textgym.TextVectorEnv)
    return made


def sync(settings: str) -> Vector:
    """Gymnasium's vector of the same environments, at its fastest: no checker, observations by reference."""
    kwargs = SETTINGS[settings]()
    return gymnasium.vector.SyncVectorEnv(
        [lambda: gymnasium.make(ENV_ID, disable_env_checker=True, **kwargs)] * SLOTS, copy=False
    )


def oracle_tokens(envs: textgym.TextVectorEnv, steps: int, seed: int) -> npt.NDArray[np.int64]:
    """The oracle's tokens in every slot, (steps, SLOTS); in the step that resets a slot its token is ignored."""
    envs.reset(seed=seed)
    tokens = np.zeros((steps, SLOTS), np.int64)
    queues: list[list[int]] = [[] for _ in range(SLOTS)]
    done = np.zeros(SLOTS, bool)
    for row in tokens:
        for slot in np.flatnonzero(~done):
            if not queues[slot]:
                queues[slot] = [i for turn in envs.oracle_turns(int(slot)) for i in turn]
            row[slot] = queues[slot].pop(0)
        _, _, terminated, truncated, _ = envs.step(row)
        done = terminated | truncated
    return tokens


def play_tokens(envs: Vector, tokens: npt.NDArray[np.int64], seed: int) -> dict[str, float]:
    """Replay whole episodes: tokens a second and how many submissions were right. Steps that reset a slot count 0."""
    envs.reset(seed=seed)
    appended, right = 0, 0.0
    resetting = np.zeros(SLOTS, bool)
    start = time.perf_counter()
    for row in tokens:
        _, rewards, terminated, truncated, _ = envs.step(row)
        appended += SLOTS - int(resetting.sum())
        resetting = terminated | truncated
        right += rewards.sum()
    seconds = time.perf_counter() - start
    return {"per_second": appended / seconds, "right": float(right)}


def play_still(envs: Vector, length: int, runs: int, seed: int) -> dict[str, float]:
    """Tokens a second while no turn ends: runs of `length` letters, each from a reset that is not timed."""
    letters = np.full(SLOTS, ord("a"))
    seconds = 0.0
    for _ in range(runs):
        envs.reset(seed=seed)
        start = time.perf_counter()
        for _ in range(length):
            envs.step(letters)
        seconds += time.perf_counter() - start
    return {"per_second": SLOTS * length * runs / seconds}


def oracle_actions(envs: textgym.TextVectorEnv, tasks: Sequence[textgym.Task]) -> list[npt.NDArray[np.int64]]:
    """Turn actions that play the tasks in order, SLOTS at a time; each batch is three steps, of which one resets."""
    actions = []
    for first in range(0, len(tasks), SLOTS):
        turns = [envs.rules.oracle_turns(task) for task in tasks[first : first + SLOTS]]
        for step in range(2):
            action = np.full((SLOTS, envs.rules.max_new_tokens), -1)
            for row, slot_turns in zip(action, turns, strict=True):
                row[: len(slot_turns[step])] = slot_turns[step]
            actions.append(action)
        actions.append(np.full_like(action, -1))
    return actions


def play_turns(
    envs: textgym.TextVectorEnv, tasks: Sequence[textgym.Task], actions: Sequence[npt.NDArray[np.int64]]
) -> dict[str, float]:
    """Replay whole episodes turn by turn: turns a second, and how many submissions were right."""
    envs.reset(options={"tasks": [*tasks, *tasks[:SLOTS]]})  # the last step starts one more episode
    right, start = 0.0, time.perf_counter()
    for action in actions:
        _, rewards, *_ = envs.step(action)
        right += rewards.sum()
    seconds = time.perf_counter() - start
    return {"per_second": 2 * len(tasks) / seconds, "right": float(right)}


def play_shared_work(source: textgym.TaskSource, tasks: Iterable[textgym.Task], steps: float) -> dict[str, float]:
    """Only what all contestants do alike, the calculator and the grading of so many tasks, as a rate of `steps`."""
    right, start = 0.0, time.perf_counter()
    for task in tasks:
        calculate(task.metadata["expression"])
        right += source.grade(task, task.answer)["correct"]
    return {"per_second": steps / (time.perf_counter() - start), "right": right}


def take_turns(contestants: Mapping[str, Callable[[], dict[str, float]]], repeats: int) -> dict[str, list[float]]:
    """Rates of each contestant, one a repeat; they play one after another, after a round that is not counted.

    Raises:
        RuntimeError: contestants that should have given the same number of right answers did not.
    """
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for repeat in range(repeats + 1):
        played = {name: play() for name, play in contestants.items()}
        if len({one.get("right") for one in played.values()}) > 1:
            raise RuntimeError(f"contestants did not play the same episodes: {played}")
        if repeat:
            for name, one in played.items():
                rates[name].append(one["per_second"])
    print({name: round(statistics.median(values)) for name, values in rates.items()}, flush=True)
    return rates


def spread(values: Sequence[float], digits: int = 0) -> dict[str, float]:
    """Median, least and most."""
    return {
        name: round(float(f(values)), digits) for name, f in (("median", statistics.median), ("min", min), ("max", max))
    }


def ratios(rates: Mapping[str, Sequence[float]], ours: str, theirs: Sequence[str]) -> dict[str, Any]:
    """How many times as fast as the fastest of `theirs` we are, repeat by repeat."""
    fastest = max(theirs, key=lambda name: statistics.median(rates[name]))
    return {"against": fastest} | spread([a / b for a, b in zip(rates[ours], rates[fastest], strict=True)], 2)


def drawn(envs: textgym.TextVectorEnv, n: int, seed: int) -> Iterator[textgym.Task]:
    """Tasks of the environments' source and split, drawn as they are asked for."""
    rng = np.random.default_rng(seed)
    return (envs.rules.source.draw(rng, envs.rules.split) for _ in range(n))


def measure_tokens(arguments: Arguments, settings: str) -> dict[str, Any]:
    """Token by token: ours beside Gymnasium's, on whole episodes and while no turn ends."""
    ours, theirs, seed = native(settings), sync(settings), arguments.seed
    tokens = oracle_tokens(ours, arguments.steps, seed)
    length = ours.rules.max_new_tokens - 1
    episodes = int(play_tokens(ours, tokens, seed)["right"])
    oracle = [ours.rules.oracle_turns(task) for task in drawn(ours, episodes, seed)]
    total = sum(len(turn) for turns in oracle for turn in turns)
    whole = take_turns(
        {
            "shared work": lambda: play_shared_work(ours.rules.source, drawn(ours, episodes, seed), total),
            "TextVectorEnv": lambda: play_tokens(ours, tokens, seed),
            "SyncVectorEnv": lambda: play_tokens(theirs, tokens, seed),
        },
        arguments.repeats,
    )
    still = take_turns(
        {
            "TextVectorEnv": lambda: play_still(ours, length, arguments.still, seed),
            "SyncVectorEnv": lambda: play_still(theirs, length, max(1, arguments.still // 10), seed),
        },
        arguments.repeats,
    )
    return {
        "whole_episodes": {name: spread(values) for name, values in whole.items()},
        "whole_episodes_ratio": ratios(whole, "TextVectorEnv", ["SyncVectorEnv"]),
        "no_turn_ends": {name: spread(values) for name, values in still.items()},
        "no_turn_ends_ratio": ratios(still, "TextVectorEnv", ["SyncVectorEnv"]),
    }


def measure_turns(arguments: Arguments) -> dict[str, Any]:
    """Turn by turn: ours beside the peers, with the same calculator, and with the tool that each peer ships."""
    envs = native("default", action_mode="turn")
    tasks = list(drawn(envs, SLOTS * arguments.rounds, arguments.seed))
    actions = oracle_actions(envs, tasks)
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        questions = Path(folder) / "questions.json"
        questions.write_text(json.dumps([question(task) for task in tasks]))
        workers = [stack.enter_context(Worker(peer.install(arguments.cache), peer, questions)) for peer in PEERS]

        def contestants(tool: str, episodes: int) -> dict[str, Callable[[], dict[str, float]]]:
            def play(worker: Worker, way: str) -> dict[str, float]:
                played = worker.play(way, tool, episodes)
                return {"per_second": played["turns"] / played["seconds"], "right": played["right"]}

            ours = {"textgym": lambda: play_turns(envs, tasks[:episodes], actions[: 3 * episodes // SLOTS])}
            return ours | {
                f"{worker.peer.name} {way}": lambda worker=worker, way=way: play(worker, way)
                for worker in workers
                for way in worker.peer.ways
            }

        alone = {"shared work": lambda: play_shared_work(envs.rules.source, tasks, 2 * len(tasks))}
        equal = take_turns(alone | contestants("calculator", len(tasks)), arguments.repeats)
        shipped = take_turns(contestants("python", SLOTS), arguments.python_repeats)
        packages = {worker.peer.name: worker.packages() for worker in workers}

    def report(rates: dict[str, list[float]]) -> dict[str, Any]:
        against = {p.name: ratios(rates, "textgym", [f"{p.name} {way}" for way in p.ways]) for p in PEERS}
        return {"turns_per_second": {name: spread(v) for name, v in rates.items()}, "ratios": against}

    return {"equal_calculator": report(equal), "python_tool_of_the_peer": report(shipped), "packages": packages}


def question(task: textgym.Task) -> dict[str, Any]:
    """A task as `workers/equal_task.py` reads it."""
    facts = task.metadata
    return {
        "prompt": task.prompt,
        "expression": facts["expression"],
        "answer": task.answer,
        "percent": facts["percent"],
        "money": facts["money"],
    }


def profiles(arguments: Arguments) -> dict[str, Any]:
    """Shares of the time by groups of functions, for whole episodes with default settings."""
    groups = {
        "drawing tasks": (CalcTasks.draw,),
        "calculating": (calculate,),
        "grading": (CalcTasks.grade,),
        "encoding prompts and results": (Rules.encode,),
        "parsing turns": (TagsProtocol.parse,),
        "decoding turns": (textgym.ByteTokenizer.decode,),
        "starting episodes": (Episode.reset,),
        "the rest of ending turns": (Episode._end_turn, Episode.maybe_end_turn),
        "infos": (batch_infos,),
        "the rest of stepping": (textgym.TextVectorEnv.step,),
    }
    by_token, by_turn = native("default"), native("default", action_mode="turn")
    tokens = oracle_tokens(by_token, arguments.steps, arguments.seed)
    tasks = list(drawn(by_turn, SLOTS * arguments.rounds, arguments.seed))
    actions = oracle_actions(by_turn, tasks)
    plays = {
        "token by token": lambda: play_tokens(by_token, tokens, arguments.seed),
        "turn by turn, tasks given": lambda: play_turns(by_turn, tasks, actions),
    }
    found = {}
    for name, play in plays.items():
        share, looks = shares(play, groups, arguments.profile_seconds, rest="the loop of the benchmark")
        found[name] = {"looks": looks, "shares": share}
        print(name, share, flush=True)
    return found


def targets(tokens: Mapping[str, Any], turns: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What was aimed at, what was found (medians), and whether that is enough."""
    peers = turns["equal_calculator"]["ratios"]
    aims = {
        "token-steps/s on whole episodes": (300_000, tokens["whole_episodes"]["TextVectorEnv"]["median"]),
        "token-steps/s while no turn ends": (1_000_000, tokens["no_turn_ends"]["TextVectorEnv"]["median"]),
        "times SyncVectorEnv on whole episodes": (3, tokens["whole_episodes_ratio"]["median"]),
        **{f"times {name} in turn-steps/s, equal calculator": (5, found["median"]) for name, found in peers.items()},
    }
    return {name: {"aim": aim, "found": found, "met": found >= aim} for name, (aim, found) in aims.items()}


def main() -> None:
    arguments = tyro.cli(Arguments)
    for peer in PEERS:
        peer.install(arguments.cache)
    if arguments.install:
        return
    start = time.perf_counter()
    tokens = {settings: measure_tokens(arguments, settings) for settings in SETTINGS}
    turns = measure_turns(arguments)
    profile = profiles(arguments)
    summary = {
        "command": command(),
        "targets": targets(tokens["default"], turns),
        "tokens": tokens,
        "turns": {name: turns[name] for name in ("equal_calculator", "python_tool_of_the_peer")},
        "sides": SIDES,
        "profile": profile,
        "settings": {"slots": SLOTS, "env_id": ENV_ID, "repeats": arguments.repeats, "seed": arguments.seed},
        "seconds": round(time.perf_counter() - start),
        "machine": describe(),
        "peers": {peer.requirement: turns["packages"][peer.name] for peer in PEERS},
    }
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary["targets"], indent=2))


if __name__ == "__main__":
    main()
