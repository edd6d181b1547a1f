"""How fast the sandbox is, beside `python -c`, a fork a call, and the Python tools of other libraries.

    python benchmarks/sandbox.py --sessions 100000     all of it, writes the results file
    python benchmarks/sandbox.py --install             makes the peers' virtual environments and stops
    python benchmarks/sandbox.py --rounds 1 --kept 50 --calls 2 --new 5 --sessions 100 --out ""    a try

All contestants run the same short programs and must give the right answers. They take turns, round by round, so that
a ratio compares neighbours in time. Medians and the spread go to `benchmarks/results/sandbox.json`.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tyro
from machine import command, describe
from peers import PEERS, Peer, Worker

from textgym.sandbox import Sandbox, Session

RESULTS = Path(__file__).parent / "results" / "sandbox.json"
WORKER = "execution_worker.py"
PACE_S = 0.02
"""Between new sessions at an ordinary pace: a policy writes for longer."""
MAX_GROWTH_KB = 2_000
MAX_DESCRIPTORS = 8
"""How many more descriptors than in the first sample there may be: those of sessions on their way in or out."""

TOOLS = (
    Peer("smolagents", "smolagents==1.26.0", WORKER, ("smolagents",)),
    *(Peer(peer.name, peer.requirement, WORKER, (way,)) for peer, way in zip(PEERS, ("gem", "skyrl"), strict=True)),
)
BARE = Peer("bare", "", WORKER, ("python -c", "fork"))

SIDES = {
    "programs": "the same for all: two short lines whose number differs from program to program; all answers checked",
    "kept": "textgym: one session, one run after another, its state kept. All layers that hold here are on",
    "new": "textgym: a session is opened, runs one program and is closed",
    "python -c": "subprocess.run from a small process, this benchmark's interpreter; no isolation, no state",
    "fork": "a fork of a small process, exec() in it, output by a pipe; no isolation, no state",
    "smolagents": "LocalPythonExecutor: an interpreter in the caller's process; no security boundary, as it says",
    "GEM": "PythonCodeTool as it ships: a process a call, no isolation",
    "SkyRL-gym": "PythonCodeExecutorToolGroup as it ships: a process a call, no isolation",
}


@dataclass
class Arguments:
    """Measure the sandbox on two cores."""

    rounds: int = 5
    """timed rounds, after one that is not counted"""
    kept: int = 1000
    """executions of a kept session, a round"""
    calls: int = 20
    """executions of each other contestant, a round; those without a process a call get ten times as many"""
    new: int = 50
    """new sessions at an ordinary pace, and as many back to back, a round"""
    at_once: int = 32
    """sessions that run at the same time, each from a thread"""
    sessions: int = 2000
    """sessions of the long run, one execution each"""
    samples: int = 50
    """looks at memory, zombies and descriptors in the long run"""
    seed: int = 0
    """of the programs"""
    cache: Path = Path("runs/peers")
    """where the peers' virtual environments are kept"""
    install: bool = False
    """make the peers' virtual environments, and nothing else"""
    out: str = str(RESULTS)
    """results file; "" writes none"""


@dataclass(frozen=True)
class Program:
    """A short program, and what it prints."""

    code: str
    answer: str

    @classmethod
    def draw(cls, rng: random.Random) -> Program:
        n, k = rng.randrange(5, 30), rng.randrange(1000)
        return cls(f"x = sum(i * i for i in range({n}))\nprint(x + {k})", str((n - 1) * n * (2 * n - 1) // 6 + k))

    def run(self, session: Session) -> float:
        """Seconds that the session took.

        Raises:
            RuntimeError: it did not give the right answer.
        """
        start = time.perf_counter()
        result = session.run(self.code)
        seconds = time.perf_counter() - start
        if result.stdout.strip() != self.answer:
            raise RuntimeError(f"the sandbox answered {result} to {self}")
        return seconds


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that so large a share of the values does not exceed.

    >>> percentile([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


def summary(rounds: Sequence[Sequence[float]]) -> dict[str, float]:
    """Of seconds by round: medians over the rounds of the rate and of the times in milliseconds."""

    def over(f: Callable[[Sequence[float]], float]) -> list[float]:
        return [f(seconds) for seconds in rounds]

    rates = over(lambda seconds: len(seconds) / sum(seconds))
    return {
        "per_second": round(statistics.median(rates), 1),
        "per_second_min": round(min(rates), 1),
        "per_second_max": round(max(rates), 1),
        "p50_ms": round(1e3 * statistics.median(over(lambda seconds: percentile(seconds, 0.5))), 3),
        "p99_ms": round(1e3 * statistics.median(over(lambda seconds: percentile(seconds, 0.99))), 3),
    }


def new_sessions(sandbox: Sandbox, programs: Sequence[Program], pause: float) -> tuple[list[float], list[float]]:
    """Seconds until a new session is there, and until it has given its first answer; so long a pause behind each."""
    opened, answered = [], []
    for program in programs:
        start = time.perf_counter()
        with sandbox.session() as session:
            opened.append(time.perf_counter() - start)
            program.run(session)
            answered.append(time.perf_counter() - start)
        time.sleep(pause)
    return opened, answered


def at_once(sessions: Sequence[Session], programs: Sequence[Program]) -> float:
    """Executions a second of all sessions together, each in a thread of its own."""

    def play(session: Session) -> None:
        for program in programs:
            program.run(session)

    with ThreadPoolExecutor(len(sessions)) as threads:
        start = time.perf_counter()
        list(threads.map(play, sessions))
        seconds = time.perf_counter() - start
    return len(sessions) * len(programs) / seconds


def fields(path: str) -> dict[str, str]:
    """The lines `name: value` of a file in /proc; none if the process has ended or may not be looked at."""
    try:
        return dict(line.split(":", 1) for line in Path(path).read_text().splitlines() if ":" in line)
    except OSError:
        return {}


def kilobytes(path: str, name: str) -> int | None:
    """A size in a file of /proc, in kB; None if it is not there."""
    value = fields(path).get(name)
    return None if value is None else int(value.split()[0])


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`, zombies among them."""
    found = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [child for child in found if fields(f"/proc/{child}/status").get("PPid", "").strip() == str(pid)]


def zombies(pid: int) -> int:
    """How many children of a process are dead and not buried."""
    return sum(fields(f"/proc/{child}/status").get("State", "").strip().startswith("Z") for child in children(pid))


def pss(sandbox: Sandbox) -> list[int]:
    """Proportional set size of every child of the zygote, in kB. The kernel tells root, and nobody else."""
    sizes = [kilobytes(f"/proc/{pid}/smaps_rollup", "Pss") for pid in children(sandbox.pid)]
    return [size for size in sizes if size is not None]


def look(sandbox: Sandbox) -> dict[str, int]:
    """Memory, descriptors and zombies of this process and of the zygote."""
    return {
        "trainer_kb": kilobytes("/proc/self/status", "VmRSS") or 0,
        "zygote_kb": kilobytes(f"/proc/{sandbox.pid}/status", "VmRSS") or 0,
        "trainer_descriptors": len(os.listdir("/proc/self/fd")),
        "zygote_descriptors": len(os.listdir(f"/proc/{sandbox.pid}/fd")),
        "zombies": zombies(sandbox.pid),
    }


def verdict(samples: Sequence[Mapping[str, int]]) -> dict[str, bool]:
    """Whether nothing grew from the first quarter of the samples to the last, and no zombie is left at the end."""
    quarter = max(1, len(samples) // 4)

    def growth(name: str) -> float:
        first, last = ([one[name] for one in part] for part in (samples[:quarter], samples[-quarter:]))
        return statistics.median(last) - statistics.median(first)

    return {
        "flat_memory": all(growth(name) <= MAX_GROWTH_KB for name in ("trainer_kb", "zygote_kb")),
        "flat_descriptors": all(
            one[name] - samples[0][name] <= MAX_DESCRIPTORS
            for one in samples
            for name in ("trainer_descriptors", "zygote_descriptors")
        ),
        "no_zombie_left": samples[-1]["zombies"] == 0,
    }


def long_run(arguments: Arguments, rng: random.Random) -> dict[str, Any]:
    """Sessions opened and closed with one execution each, with looks at what might grow."""
    every = max(1, arguments.sessions // arguments.samples)
    samples = []
    with Sandbox() as sandbox:
        start = time.perf_counter()
        for number in range(1, arguments.sessions + 1):
            with sandbox.session(number) as session:
                Program.draw(rng).run(session)
            if number % every == 0:
                samples.append({"sessions": number, **look(sandbox)})
                print(f"{samples[-1]}, {number / (time.perf_counter() - start):.0f} sessions/s", flush=True)
        seconds = time.perf_counter() - start
        time.sleep(1.0)  # the last are buried
        samples.append({"sessions": arguments.sessions, **look(sandbox)})
    found = {"sessions": arguments.sessions, "per_second": round(arguments.sessions / seconds, 1), **verdict(samples)}
    return {**found, "samples": samples}


def play(worker: Worker, way: str, calls: int) -> list[float]:
    """Seconds of each call.

    Raises:
        RuntimeError: not all answers were right.
    """
    played = worker.play(way, "python", calls)
    if played["right"] != calls:
        raise RuntimeError(f"{worker.peer.name} ({way}) gave {played['right']} right answers of {calls}")
    seconds: list[float] = played["seconds"]
    return seconds


Rounds = dict[str, list[list[float]]]


def measure(arguments: Arguments, rng: random.Random) -> dict[str, Any]:
    """All contestants in turns: rates, times, ratios; sessions at once and their memory."""
    programs = [Program.draw(rng) for _ in range(max(arguments.kept, 10 * arguments.calls, arguments.new))]
    rounds: Rounds = {}
    together: list[float] = []
    with ExitStack() as stack:
        questions = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "programs.json"
        questions.write_text(json.dumps([asdict(program) for program in programs]))
        workers = [stack.enter_context(Worker(Path(sys.executable), BARE, questions))]
        workers += [stack.enter_context(Worker(tool.install(arguments.cache), tool, questions)) for tool in TOOLS]
        sandbox = stack.enter_context(Sandbox())
        kept = stack.enter_context(sandbox.session())
        many = [stack.enter_context(sandbox.session()) for _ in range(arguments.at_once)]
        for number in range(arguments.rounds + 1):
            times = {"kept": [program.run(kept) for program in programs[: arguments.kept]]}
            for worker in workers:
                for way in worker.peer.ways:
                    calls = arguments.calls * (10 if way in ("fork", "smolagents") else 1)
                    times[way if worker.peer is BARE else worker.peer.name] = play(worker, way, calls)
            some = programs[: arguments.new]
            times["new, opened"], times["new, first answer"] = new_sessions(sandbox, some, PACE_S)
            times["back to back, opened"], times["back to back, first answer"] = new_sessions(sandbox, some, 0.0)
            rate = at_once(many, programs[: max(1, arguments.kept // arguments.at_once)])
            if number:
                together.append(rate)
                for name, seconds in times.items():
                    rounds.setdefault(name, []).append(seconds)
        sizes = pss(sandbox)
        packages = {worker.peer.name: worker.packages() for worker in workers[1:]}
        layers = {"active": sandbox.layers.active, "missing": dict(sandbox.layers.missing)}
    return {
        "contestants": {name: summary(seconds) for name, seconds in rounds.items()},
        "times_as_fast_as": ratios(rounds),
        "at_once_per_second": round(statistics.median(together), 1),
        "pss_kb": {"median": statistics.median(sizes), "most": max(sizes)} if sizes else None,
        "layers": layers,
        "packages": packages,
    }


def ratios(rounds: Rounds) -> dict[str, float]:
    """How many times as many executions a second a kept session makes, round by round; the median."""

    def rate(seconds: Sequence[float]) -> float:
        return len(seconds) / sum(seconds)

    others = [*BARE.ways, *(tool.name for tool in TOOLS)]
    return {
        name: round(
            statistics.median([rate(a) / rate(b) for a, b in zip(rounds["kept"], rounds[name], strict=True)]), 2
        )
        for name in others
    }


def targets(found: Mapping[str, Any], run: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What was aimed at, what was found, and whether that is enough."""
    kept, contestants = found["contestants"]["kept"], found["contestants"]
    least = {
        "kept session, times python -c": (25, found["times_as_fast_as"]["python -c"]),
        "sessions at once, executions/s": (1000, found["at_once_per_second"]),
    }
    most = {
        "kept session, p99 in ms": (2, kept["p99_ms"]),
        "new session, to its first answer, p50 in ms": (2, contestants["new, first answer"]["p50_ms"]),
        "new sessions back to back, to the first answer, p50 in ms": (
            2,
            contestants["back to back, first answer"]["p50_ms"],
        ),
    }
    if found["pss_kb"] is not None:
        most["PSS of a session in kB"] = (4096, found["pss_kb"]["median"])
    rows = {name: {"aim": f">= {aim}", "found": value, "met": value >= aim} for name, (aim, value) in least.items()}
    rows |= {name: {"aim": f"<= {aim}", "found": value, "met": value <= aim} for name, (aim, value) in most.items()}
    for name in ("flat_memory", "flat_descriptors", "no_zombie_left"):
        rows[f"{run['sessions']} sessions: {name.replace('_', ' ')}"] = {
            "aim": True,
            "found": run[name],
            "met": run[name],
        }
    return rows


def main() -> None:
    arguments = tyro.cli(Arguments)
    for tool in TOOLS:
        tool.install(arguments.cache)
    if arguments.install:
        return
    rng = random.Random(arguments.seed)
    start = time.perf_counter()
    found = measure(arguments, rng)
    print(json.dumps(found["contestants"], indent=2), flush=True)
    run = long_run(arguments, rng)
    packages = found.pop("packages")
    results = {
        "command": command(),
        "targets": targets(found, run),
        **found,
        "long_run": run,
        "sides": SIDES,
        "settings": {
            name: value for name, value in asdict(arguments).items() if name not in ("cache", "install", "out")
        },
        "seconds": round(time.perf_counter() - start),
        "machine": describe(),
        "peers": {tool.requirement: packages[tool.name] for tool in TOOLS},
    }
    if arguments.out:
        Path(arguments.out).write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results["targets"], indent=2))


if __name__ == "__main__":
    main()
