"""Few-shot examples: a number of them, or tasks of one's own."""

import numpy as np
import pytest
from support.toys import ToyTasks, toy_env

from textgym import Task, TextEnv
from textgym.rules import _EXAMPLE_SEED


def own_tasks() -> list[Task]:
    return [Task(f"Echo {n} and add 1.", str(n + 1), {"number": n}) for n in (111, 222)]


@pytest.mark.parametrize("protocol", ["tags", "hermes"])
def test_few_shot_tasks_are_shown_in_their_order(protocol):
    """The examples of a number are those of the tasks that it stands for, and others can be given."""
    tasks = own_tasks()
    text = shown(toy_env("byte", protocol, few_shot=tasks, max_tokens=2000))
    places = [text.index(task.prompt) for task in tasks]
    assert places == sorted(places)
    assert all(text.count(task.answer) >= 2 for task in tasks)  # said by the tool, then submitted
    assert shown(toy_env("byte", protocol, few_shot=tuple(reversed(tasks)), max_tokens=2000)) != text
    assert shown(toy_env("byte", protocol, few_shot=[], max_tokens=2000)) == shown(
        toy_env("byte", protocol, few_shot=0, max_tokens=2000)
    )


def shown(env: TextEnv) -> str:
    return env.rules.tokenizer.decode([i for segment in env.rules.prefix for i in segment.ids])


def test_few_shot_tasks_chosen_from_those_that_are_drawn():
    """A number stands for the first that the source draws from a generator of its own."""
    source, rng = ToyTasks(), np.random.default_rng(_EXAMPLE_SEED)
    drawn = [source.draw(rng, "train") for _ in range(3)]
    assert shown(toy_env(few_shot=3, max_tokens=2000)) == shown(toy_env(few_shot=drawn, max_tokens=2000))


@pytest.mark.parametrize("few_shot", ["two", ["a question"], [*own_tasks(), None]])
def test_few_shot_takes_tasks_alone(few_shot):
    with pytest.raises(
        (TypeError, ValueError), match=r"few_shot (is a number or a sequence of textgym\.Task|must be a)"
    ):
        toy_env(few_shot=few_shot)


def test_few_shot_tasks_must_have_a_plan():
    message = (
        r"ToyTasks cannot plan the few_shot task 'What is 1\+1\?' \(KeyError\('number'\)\); give tasks that it has"
    )
    with pytest.raises(ValueError, match=message):
        toy_env(few_shot=[Task("What is 1+1?", "2")])
