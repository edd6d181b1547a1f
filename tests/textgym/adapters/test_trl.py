"""What the adapter gives TRL, without TRL: tests/interop has the real trainer."""

import inspect
import pickle

import pytest
from gymnasium.wrappers import TimeLimit
from support.toys import TOOLS, ToyTasks

from textgym import TextEnv, Tool
from textgym.adapters.trl import SYSTEM, EnvironmentFactory, TRLEnvironment, seed_columns

CALC = {"env": "textgym:TextCalc-v0", "source_kwargs": {"difficulty": 1}}


def make_toy(**kwargs):
    return TextEnv(ToyTasks(), **{"tools": TOOLS, "protocol": "hermes", "action_mode": "turn", **kwargs})


def tools_as_trl_finds_them(environment):
    names = [name for name, _ in inspect.getmembers(type(environment), inspect.isfunction)]
    return {name for name in names if name not in ("reset", "get_reward") and not name.startswith("_")}


def test_an_episode():
    environment = EnvironmentFactory(**CALC)()
    question = environment.reset(seed=4, prompt=[{"role": "user", "content": ""}])
    task = environment.dialogue.text_env.task
    assert question == task.prompt
    assert environment.get_reward() == 0.0
    assert environment.calculator(expression="12*7") == "84"
    assert environment.submit(answer=task.answer) == "the task has ended (submit)"
    assert environment.get_reward() == 1.0
    assert environment.calculator(expression="1+1") == "the task has ended (submit)"
    assert environment.get_reward() == 1.0
    assert environment.dialogue.info["is_success"]
    environment.reset(seed=4)
    assert environment.get_reward() == 0.0
    assert environment.submit(answer="1e9") == "the task has ended (submit)"
    assert environment.get_reward() == 0.0


def test_equal_seeds_are_equal_tasks():
    factory = EnvironmentFactory(**CALC)
    questions = [[factory().reset(seed=seed) for _ in range(2)] for seed in range(6)]
    assert all(one == two for one, two in questions)
    assert len({one for one, _ in questions}) == 6


def test_tools_and_nothing_else_are_methods():
    environment = EnvironmentFactory(make_toy)()
    assert tools_as_trl_finds_them(environment) == {"echo", "add", "refuse", "crash", "submit"}
    assert str(inspect.signature(environment.add)) == "(*, a: int, b: int) -> str"
    assert inspect.getdoc(environment.add) == "Adds two integers.\n\nArgs:\n    a: a\n    b: b"
    assert inspect.getdoc(environment.refuse) == "Refuses."


@pytest.mark.parametrize(
    ("name", "arguments", "reply", "status"),
    [
        ("add", {"a": 1, "b": 2}, "3", "ok"),
        ("add", {"a": 1}, "error: add needs the argument 'b'", "bad_args"),
        ("add", {"a": 1, "b": 2, "c": 3}, "error: add has no argument 'c'; it has a, b", "bad_args"),
        ("add", {"a": "x", "b": 2}, "error: add: a must be of type integer", "bad_args"),
        ("echo", {"text": "<tool_call>|é\ud800"}, "&lt;tool_call>|é?", "ok"),
        ("refuse", {}, "error: not today", "tool_error"),
        ("crash", {}, "error: crash failed with OSError; try other arguments", "tool_error"),
        ("echo", {"text": ""}, "", "ok"),
    ],
)
def test_every_call_gets_the_environments_reply(name, arguments, reply, status):
    environment = EnvironmentFactory(make_toy)()
    environment.reset(seed=0)
    assert getattr(environment, name)(**arguments) == reply
    assert environment.dialogue.info["calls"] == [status]


def test_budgets_hold():
    environment = EnvironmentFactory(lambda: make_toy(max_turns=2))()
    environment.reset(seed=0)
    assert environment.echo(text="a") == "a"
    assert environment.echo(text="b") == "b\nthe task has ended (max_turns)"
    assert environment.echo(text="c") == "the task has ended (max_turns)"
    assert environment.submit(answer="1") == "the task has ended (max_turns)"


def test_wrappers_that_end_an_episode():
    environment = EnvironmentFactory(lambda: TimeLimit(make_toy(), max_episode_steps=1))()
    environment.reset(seed=0)
    assert environment.echo(text="a") == "a\nthe task has ended (truncated)"


def test_objects_of_a_factory_are_of_one_class_named_after_the_environment():
    factory = EnvironmentFactory(**CALC)
    one, two = factory(), factory()
    assert type(one) is type(two)
    assert type(one).__name__ == "TextCalc-v0"
    assert one.dialogue.text_env is not two.dialogue.text_env
    again = pickle.loads(pickle.dumps(factory))
    assert again().reset(seed=1) == one.reset(seed=1)


def test_seed_columns():
    columns = seed_columns(3, first_seed=5)
    assert columns["seed"] == [5, 6, 7]
    system, user = columns["prompt"][0]
    assert system == {"role": "system", "content": SYSTEM}
    assert user == {"role": "user", "content": ""}
    assert seed_columns(1, system="")["prompt"] == [[user]]


def test_a_row_without_a_seed_is_refused():
    with pytest.raises(ValueError, match="seed_columns"):
        EnvironmentFactory(**CALC)().reset(prompt=[])


@pytest.mark.parametrize("name", ["submit", "reset", "get_reward", "_hidden", "dialogue"])
def test_names_that_trl_or_the_adapter_needs(name):
    tool = Tool(name, "", {"type": "object", "properties": {}}, lambda: "")
    with pytest.raises(ValueError, match=name):
        EnvironmentFactory(lambda: make_toy(tools=[tool]))


def test_arguments_of_a_function_are_its_own():
    with pytest.raises(ValueError, match="configure the function"):
        EnvironmentFactory(make_toy, max_turns=3)


def test_a_schema_beyond_python_types():
    properties = {"a": {"type": ["string", "null"], "description": "two\n\n  lines"}, "b": {}, "c": {"type": "object"}}
    tool = Tool("odd", "Says:\nnothing.", {"type": "object", "properties": properties}, lambda **_: "said")
    environment = EnvironmentFactory(lambda: make_toy(tools=[tool]))()
    signature = inspect.signature(environment.odd)
    assert str(signature) == "(*, a: Any = None, b: Any = None, c: dict = None) -> str"
    assert inspect.getdoc(environment.odd) == "Says: nothing.\n\nArgs:\n    a: two lines\n    b: b\n    c: c"
    environment.reset(seed=0)
    assert environment.odd(c={"x": 1}) == "said"
    assert isinstance(environment, TRLEnvironment)
