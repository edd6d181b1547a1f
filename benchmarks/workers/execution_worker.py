"""Ways to run a program other than the sandbox, timed call by call. See `peers.Worker` for the requests.

Each way is made once and then called with one program after another, which gives back what the program printed. What
a library needs is imported by its way alone: every worker runs in the environment of one library.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[[str], str]


def python_c() -> Run:
    """A Python process a call, nothing around it."""

    def run(code: str) -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    return run


def fork() -> Run:
    """A fork of this small process a call, nothing around it; its output comes through a pipe."""

    def run(code: str) -> str:
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                with contextlib.redirect_stdout(io.StringIO()) as printed:
                    exec(code, {})
                os.write(write, printed.getvalue().encode())
            finally:
                os._exit(0)
        os.close(write)
        with open(read, encoding="utf-8") as file:
            text = file.read()
        os.waitpid(pid, 0)
        return text

    return run


def smolagents() -> Run:
    """The interpreter of smolagents, in this process; one instance for all calls, whose state is kept."""
    from smolagents.local_python_executor import LocalPythonExecutor

    executor: Any = LocalPythonExecutor(additional_authorized_imports=[])
    executor.send_tools({})

    def run(code: str) -> str:
        return str(executor(code).logs)

    return run


def gem() -> Run:
    """The python tool of GEM as it ships."""
    from gem.tools.python_code_tool import PythonCodeTool

    tool = PythonCodeTool()

    def run(code: str) -> str:
        _, _, observation, _ = tool.execute_action(f"<python>{code}</python>")
        return str(observation).removeprefix("Code execution result: ")

    return run


def skyrl() -> Run:
    """The python tool of SkyRL-gym as it ships."""
    from skyrl_gym.tools import PythonCodeExecutorToolGroup

    tools = PythonCodeExecutorToolGroup()

    def run(code: str) -> str:
        return str(tools.python(code))

    return run


WAYS: dict[str, Callable[[], Run]] = {
    "python -c": python_c,
    "fork": fork,
    "smolagents": smolagents,
    "gem": gem,
    "skyrl": skyrl,
}


def main() -> None:
    """Answer requests from standard input with the seconds of each call and the number of right answers."""
    replies, sys.stdout = sys.stdout, sys.stderr
    programs = json.loads(Path(sys.argv[1]).read_text())
    made: dict[str, Run] = {}
    for line in sys.stdin:
        request = json.loads(line)
        way = request["way"]
        run = made[way] = made.get(way) or WAYS[way]()
        seconds, right = [], 0
        for program in programs[: request["episodes"]]:
            start = time.perf_counter()
            said = run(program["code"])
            seconds.append(time.perf_counter() - start)
            right += said.strip() == program["answer"]
        print(json.dumps({"seconds": seconds, "right": right}), file=replies, flush=True)


if __name__ == "__main__":
    main()
