"""GEM (`gem-llm`) on the calculator task, with its own tool wrapper and vector environments."""

from __future__ import annotations

import time
from typing import Any

import gem
from equal_task import ANSWER, CALL, INSTRUCTIONS, Question, calculate, serve
from gem.tools.base_tool import BaseTool
from gem.tools.python_code_tool import PythonCodeTool
from gem.tools.tool_env_wrapper import ToolEnvWrapper
from gem.utils.constants import TERMINAL_STATE

SLOTS = 64


class CalculatorTool(BaseTool):
    """textgym's calculator as a tool of GEM's."""

    tool_type = "calculator"

    def instruction_string(self) -> str:
        return INSTRUCTIONS

    def execute_action(self, action: str) -> tuple[bool, bool, str, str]:
        """Whether there was a call, whether it failed, what the policy sees, and the action up to the call's end."""
        call = CALL.search(action)
        if call is None:
            return False, True, "", action
        result = calculate(call[1])
        return True, result.startswith("error: "), result, action[: call.end()]


class CalculatorEnv(gem.Env):
    """Asks its questions in order; what is not a tool call is a submission."""

    def __init__(self, questions: list[list[Question]], seed: int) -> None:
        super().__init__()
        self.questions = questions[seed]  # `make_vec` hands each environment its place as the seed
        self.next = 0

    def reset(self, seed: int | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed)
        self.question = self.questions[self.next % len(self.questions)]
        self.next += 1
        return self.question.prompt, {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        answer = ANSWER.search(action)
        reward = 0.0 if answer is None else self.question.grade(answer[1])
        return TERMINAL_STATE, reward, True, False, {"correct": reward == 1.0}


gem.register("CalculatorTask", CalculatorEnv)


def play(questions: list[Question], way: str, tool: str) -> tuple[float, int]:
    """Every question once in 64 environments: `way` "sync" steps them in a loop, "async" in GEM's threads."""
    tools = [CalculatorTool() if tool == "calculator" else PythonCodeTool()]
    envs = gem.make_vec(
        ["CalculatorTask"] * SLOTS,
        wrappers=[lambda env: ToolEnvWrapper(env, tools=tools)],
        async_mode=way == "async",
        questions=[questions[slot::SLOTS] for slot in range(SLOTS)],
    )
    batches = [questions[first : first + SLOTS] for first in range(0, len(questions), SLOTS)]
    calls = "<calculator>{}</calculator>" if tool == "calculator" else "<python>print({})</python>"
    actions = [
        turn
        for batch in batches
        for turn in ([calls.format(q.expression) for q in batch], [q.submission for q in batch])
    ]
    envs.reset()
    right, start = 0, time.perf_counter()
    for action in actions:
        _, rewards, *_ = envs.step(action)
        right += int(rewards.sum())
    seconds = time.perf_counter() - start
    if way == "async":
        envs.thread_pool_executer.shutdown()
    return seconds, right


serve(play)
