"""What the sources of all tasks share: their splits, and the same tasks for a seed in every process."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from textgym.task import Task
from textgym_tasks.calc import CalcTasks
from textgym_tasks.families import LEVELS, FamilyTasks
from textgym_tasks.python import PythonTasks

every_source = pytest.mark.parametrize("make", [CalcTasks, PythonTasks])


def draw_many(source: FamilyTasks, split: str, count: int, seed: int) -> list[Task]:
    rng = np.random.default_rng([seed, source.splits.index(split)])
    return [source.draw(rng, split) for _ in range(count)]


@every_source
def test_unseen_families_are_drawn_in_their_split_alone(make: type[FamilyTasks]) -> None:
    families = {
        split: {task.metadata["family"] for task in draw_many(make(), split, 1000, seed=0)} for split in make.splits
    }
    seen = {family.name for family in make.seen}
    unseen = {family.name for family in make.unseen}
    assert families == {"train": seen, "validation": seen, "test": seen, "test_unseen": unseen}
    assert not seen & unseen
    assert len(seen) >= 25
    assert len(unseen) >= 4
    assert {family.difficulty for family in make.unseen} == set(LEVELS)


@every_source
def test_a_seed_gives_the_same_tasks_in_another_process(make: type[FamilyTasks]) -> None:
    code = (
        f"import json, numpy as np; from {make.__module__} import {make.__name__}; source = {make.__name__}();"
        "rng = np.random.default_rng([7, 0]);"
        "print(json.dumps([[t.prompt, t.answer, t.metadata] for t in (source.draw(rng, 'train') for _ in range(300))]))"
    )
    other = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "99", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    here = [[task.prompt, task.answer, dict(task.metadata)] for task in draw_many(make(), "train", 300, seed=7)]
    assert json.loads(other.stdout) == here
