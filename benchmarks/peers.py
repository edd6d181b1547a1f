"""Other libraries in virtual environments of their own, played by workers that answer in JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

WORKERS = Path(__file__).parent / "workers"


@dataclass(frozen=True)
class Peer:
    """A library that `env_throughput.py` and `sandbox.py` compare with.

    Attributes:
        name: how results call it.
        requirement: the package and version that pip installs, with all its dependencies.
        worker: the script under `workers/` that plays it.
        ways: how its environments can be stepped; the fastest counts.
    """

    name: str
    requirement: str
    worker: str
    ways: tuple[str, ...]

    def install(self, cache: Path) -> Path:
        """The interpreter of the peer's environment, which is made first if it is not there yet."""
        folder = cache.resolve() / self.requirement.replace("==", "-")
        python, done = folder / "bin" / "python", folder / "installed"
        if not done.exists():
            print(f"installing {self.requirement} into {folder}", flush=True)
            subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", self.requirement], check=True)
            done.touch()
        return python


PEERS = (
    Peer("GEM", "gem-llm==0.1.0", "gem_worker.py", ("sync", "async")),
    Peer("SkyRL-gym", "skyrl-gym==0.4.0", "skyrl_worker.py", ("direct", "threads")),
)


class Worker:
    """A peer's process. Use it as a context manager.

    Args:
        python: the interpreter of the peer's environment.
        peer: which peer.
        questions: a file for `workers/equal_task.py`.
    """

    def __init__(self, python: Path, peer: Peer, questions: Path) -> None:
        self.python, self.peer = python, peer
        # Its own `python` first on the path, for tools that start one; some write temporary files where they run.
        path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PATH": path}
        self.scratch = tempfile.TemporaryDirectory()
        self.errors = Path(self.scratch.name) / "errors.txt"
        with self.errors.open("w") as errors:
            self.process = subprocess.Popen(
                [python, WORKERS / peer.worker, questions.resolve()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment,
                cwd=self.scratch.name,
            )

    def play(self, way: str, tool: str, episodes: int) -> dict[str, Any]:
        """`seconds`, `turns` and `right` answers of so many episodes.

        Raises:
            RuntimeError: the worker ended; its error output is in the message.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps({"way": way, "tool": tool, "episodes": episodes}) + "\n")
            self.process.stdin.flush()
            reply = self.process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        if not reply:
            raise RuntimeError(f"the worker of {self.peer.name} ended:\n{self.errors.read_text()}")
        played: dict[str, Any] = json.loads(reply)
        return played

    def packages(self) -> dict[str, str]:
        """Installed packages and their versions."""
        command = [self.python, "-m", "pip", "list", "--format", "json"]
        listed = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
        return {entry["name"]: entry["version"] for entry in listed}

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        with self.process:  # closes its pipes and waits
            pass
        self.scratch.cleanup()
