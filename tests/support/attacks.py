"""The corpus of attacks, as data: `# %% name -> outcome` and a program, in files that are families."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Case(NamedTuple):
    """An attack. `text` holds its runs, parted by `# ---`; `# ===` begins another session of the same sandbox."""

    name: str
    outcome: str
    text: str


def read_cases(folder: Path) -> Iterator[Case]:
    """The cases of all files of a folder, named `family-name`."""
    for path in sorted(folder.glob("*.py")):
        parts = re.split(r"^# %% (\w+) -> (.*)\n", path.read_text(), flags=re.M)
        for name, outcome, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            yield Case(f"{path.stem}-{name}", outcome, text)


def sessions(text: str) -> list[list[str]]:
    """The programs of a case: for each session, its runs."""
    return [[written(run) for run in session.split("# ---\n")] for session in text.split("# ===\n")]


def written(text: str) -> str:
    """The program of a case; a few are too long or too odd to be written down, and are made from a directive."""
    match text.strip().removeprefix("# @").split(" ", 1):
        case ["repeat", arguments]:
            parts = [eval(part) for part in re.findall(r'"[^"]*"|\d+', arguments)]
            before, times, middle, after = parts[:4]
            return str(before * times + middle + after * (parts[4] if len(parts) > 4 else times))
        case ["blocks", depth]:
            return "".join(" " * i + "if 1:\n" for i in range(int(depth))) + " " * int(depth) + "x = 1"
        case ["text", literal]:
            return str(eval(literal))
    return text
