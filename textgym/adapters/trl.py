"""TRL: text environments for `GRPOTrainer(environment_factory=...)`.

TRL owns the conversation: it renders messages and tool schemas with the model's chat template, samples, parses tool
calls and runs them as methods of an environment object, one object a completion. `EnvironmentFactory` makes such
objects of a text environment. Its tools are their methods, and so is `submit`; questions, budgets, replies and rewards
are the environment's own.

    factory = EnvironmentFactory("TextCalc-v0", source_kwargs={"difficulty": 1})
    trainer = GRPOTrainer(
        model="Qwen/Qwen3-0.6B",
        args=GRPOConfig(...),
        train_dataset=Dataset.from_dict(seed_columns(1000)),
        environment_factory=factory,
    )

Written for TRL 1.16, without importing it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import gymnasium

from textgym.adapters.dialogue import Dialogue
from textgym.task import ToolCall
from textgym.tools import Tool

SYSTEM = "Answer the question. Use the tools where they help, then submit the answer alone."

_TYPES: Mapping[str, type] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "array": list,
    "object": dict,
}


def seed_columns(n: int, *, first_seed: int = 0, system: str = SYSTEM) -> dict[str, list[Any]]:
    """Columns of a training set for `datasets.Dataset.from_dict`: `n` seeds, each one task of the environment.

    GRPO compares the completions of a group, which TRL makes of one row. Its seed gives all of them the same task;
    the question itself comes from the environment's reset.
    """
    messages = [{"role": "system", "content": system}] if system else []
    prompt = [*messages, {"role": "user", "content": ""}]
    return {"prompt": [prompt] * n, "seed": list(range(first_seed, first_seed + n))}


class TRLEnvironment:
    """What TRL runs a completion in: `EnvironmentFactory` adds a method for each tool.

    Its public methods are the model's tools, except `reset` and `get_reward`, which TRL calls itself.

    Attributes:
        dialogue: the episode. `dialogue.text_env.transcript()` is its record and `dialogue.info` says how it ended.
    """

    def __init__(self, dialogue: Dialogue) -> None:
        self.dialogue = dialogue

    def reset(self, seed: int | None = None, **row: Any) -> str:
        """Start the episode of a row's `seed`. Returns the question, which TRL appends to the last user message.

        Raises:
            ValueError: no seed.
        """
        if seed is None:
            raise ValueError(
                "the dataset has no column 'seed', so every completion of a group would have a task of its own; "
                "make the columns with textgym.adapters.trl.seed_columns"
            )
        return self.dialogue.reset(seed=seed)

    def submit(self, answer: str) -> str:
        """Submits the answer to the question, which ends the task.

        Args:
            answer: the answer alone
        """
        return self._say(self.dialogue.rules.protocol.write_submission(str(answer)))

    def get_reward(self) -> float:
        """The sum of the episode's rewards: what was not submitted has earned nothing."""
        return self.dialogue.reward

    def _say(self, turn: str) -> str:
        """Play a turn. Returns the reply to its call, and how the episode ended if it has."""
        replies = self.dialogue.say(turn)
        if not self.dialogue.done:
            return "\n".join(replies)
        reason = self.dialogue.info.get("stop_reason", "truncated")  # a wrapper such as TimeLimit gives none
        return "\n".join([*replies, f"the task has ended ({reason})"])


class EnvironmentFactory:
    """Makes the environment objects of `GRPOTrainer(environment_factory=...)`; see the module.

    TRL names the reward after the environment: `rewards/TextCalc-v0/mean`.

    Args:
        env: an environment id, or a function that makes the environment, with `action_mode="turn"` and with any
            wrappers.
        **kwargs: arguments of `gymnasium.make` for an id.

    Raises:
        ValueError: a tool has a name that is taken (`submit`, `reset`, `get_reward`) or starts with an underscore, or
            `env` is no text environment.
    """

    def __init__(self, env: str | Callable[[], gymnasium.Env[Any, Any]], **kwargs: Any) -> None:
        if kwargs and not isinstance(env, str):
            raise ValueError("keyword arguments go with an environment id; configure the function itself instead")
        self.env, self.kwargs = env, kwargs
        first = self._dialogue()
        methods = {tool.name: _method(tool) for tool in first.rules.tools.values()}
        for name in methods:
            if name.startswith("_") or name in (*dir(TRLEnvironment), "dialogue"):
                raise ValueError(f"TRL could not offer a tool of the name {name!r}; give it another")
        # One class for all objects: TRL knows by the class whose reward is whose.
        name = "TextEnv" if first.env.spec is None else first.env.spec.id
        self._class: type[TRLEnvironment] = type(name, (TRLEnvironment,), methods)

    def _dialogue(self) -> Dialogue:
        if not isinstance(self.env, str):
            return Dialogue(self.env())
        # The protocol only carries the calls from here into the engine. This one takes JSON as it is.
        return Dialogue(gymnasium.make(self.env, **{"protocol": "hermes", **self.kwargs, "action_mode": "turn"}))

    def __call__(self) -> TRLEnvironment:
        return self._class(self._dialogue())

    def __reduce__(self) -> tuple[Any, ...]:
        # A class made at run time does not pickle; the factory is made again.
        return partial(EnvironmentFactory, **self.kwargs), (self.env,)


def _method(tool: Tool) -> Callable[..., str]:
    """A method that calls `tool`, with the signature and docstring that chat templates make a JSON schema of.

    It takes any arguments: wrong ones get the environment's reply, as every call does.
    """

    def call(self: TRLEnvironment, /, **arguments: Any) -> str:
        return self._say(self.dialogue.rules.protocol.write_call(ToolCall(tool.name, arguments)))

    receiver = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    parameters = [_parameter(name, schema, name in tool.required) for name, schema in tool.properties.items()]
    described = [f"    {name}: {_line(schema.get('description', name))}" for name, schema in tool.properties.items()]
    call.__name__ = tool.name
    call.__doc__ = "\n".join([_line(tool.description) or tool.name, *(["", "Args:", *described] if described else [])])
    call.__annotations__ = {**{p.name: p.annotation for p in parameters}, "return": str}
    call.__signature__ = inspect.Signature([receiver, *parameters], return_annotation=str)  # type: ignore[attr-defined]
    return call


def _parameter(name: str, schema: Mapping[str, Any], required: bool) -> inspect.Parameter:
    kind = schema.get("type")
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if required else None,
        annotation=_TYPES.get(kind, Any) if isinstance(kind, str) else Any,
    )


def _line(text: str) -> str:
    """`text` on one line, as a docstring's sections need it."""
    return " ".join(text.split())
