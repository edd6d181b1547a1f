"""SkyRL-gym (`skyrl-gym`) on the calculator task, stepped as its generator steps environments.

SkyRL-gym has no vector environment. `SkyRLGymGenerator` of SkyRL makes an environment an episode and plays each
episode in a coroutine, whose calls run in a pool of `max_env_workers` threads (32 unless told), or directly with 0.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

import skyrl_gym
from equal_task import ANSWER, CALL, INSTRUCTIONS, Question, calculate, serve
from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput
from skyrl_gym.tools import PythonCodeExecutorToolGroup
from skyrl_gym.tools.core import ToolGroup, tool

SLOTS, WORKERS = 64, 32


class CalculatorToolGroup(ToolGroup):
    """textgym's calculator as a tool of SkyRL-gym's."""

    def __init__(self) -> None:
        super().__init__(name="CalculatorToolGroup")

    @tool
    def calculator(self, expression: str) -> str:
        return calculate(expression)


class CalculatorEnv(BaseTextEnv):
    """One question; a turn is a tool call or the submission."""

    def __init__(self, env_config: Any = None, extras: dict[str, Any] | None = None) -> None:
        super().__init__()
        extras = extras or {}
        self.question: Question = extras["question"]
        self.max_turns = extras["max_turns"]
        group = CalculatorToolGroup() if extras["tool"] == "calculator" else PythonCodeExecutorToolGroup()
        self.init_tool_groups([group])
        (self.tool_name,) = group.get_tool_names()

    def step(self, action: str) -> BaseTextEnvStepOutput:
        self.turns += 1
        answer = ANSWER.search(action)
        if answer is not None:
            reward = self.question.grade(answer[1])
            return BaseTextEnvStepOutput(observations=[], reward=reward, done=True, metadata={})
        call = CALL.search(action)
        if call is None:
            result = "error: neither a call nor a submission"
        else:
            result = self._execute_tool(self.tool_to_toolgroup[self.tool_name], self.tool_name, [call[1]])
        observation = {"role": "user", "content": result}
        done = self.turns >= self.max_turns
        return BaseTextEnvStepOutput(observations=[observation], reward=0.0, done=done, metadata={})


skyrl_gym.register(id="calculator_task", entry_point=CalculatorEnv)


async def call_in(executor: Executor | None, function: Callable[..., Any], *arguments: Any) -> Any:
    """The function's result, in a thread of the executor if there is one."""
    if executor is None:
        return function(*arguments)
    return await asyncio.get_running_loop().run_in_executor(executor, function, *arguments)


async def episode(executor: Executor | None, question: Question, tool_name: str, turns: tuple[str, str]) -> float:
    """The reward of one episode in which the policy writes `turns`."""
    extras = {"question": question, "tool": tool_name, "max_turns": 4}
    env = skyrl_gym.make("calculator_task", env_config=None, extras=extras)
    messages = [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": question.prompt}]
    await call_in(executor, env.init, messages)
    reward = 0.0
    for turn in turns:
        output = await call_in(executor, env.step, turn)
        reward += output["reward"]
    await call_in(executor, env.close)
    return reward


async def play_all(batches: list[list[tuple[Question, str, tuple[str, str]]]], executor: Executor | None) -> int:
    """Play the episodes, those of a batch at once; the number of right answers."""
    right = 0.0
    for batch in batches:
        right += sum(await asyncio.gather(*(episode(executor, *one) for one in batch)))
    return int(right)


def play(questions: list[Question], way: str, tool_name: str) -> tuple[float, int]:
    """Every question once, 64 at a time: `way` "threads" in SkyRL's pool of threads, "direct" without one."""
    calls = "<calculator>{}</calculator>" if tool_name == "calculator" else "<calculator>print({})</calculator>"
    played = [(q, tool_name, (calls.format(q.expression), q.submission)) for q in questions]
    batches = [played[first : first + SLOTS] for first in range(0, len(played), SLOTS)]
    executor = ThreadPoolExecutor(WORKERS) if way == "threads" else None
    start = time.perf_counter()
    right = asyncio.run(play_all(batches, executor))
    seconds = time.perf_counter() - start
    if executor is not None:
        executor.shutdown()
    return seconds, right


serve(play)
