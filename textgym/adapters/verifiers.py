"""verifiers: text environments as a taskset that its evaluations and prime-rl can run.

verifiers owns the model, the environment plays the user: it asks, every reply of the model is a turn, and what the
tools say comes back as the next user message. verifiers finds a taskset by the name of a module at the top level, so an
environment of one's own is a file such as `text_calc.py`:

    from textgym.adapters.verifiers import TextGymEnv, TextGymTaskset

    __all__ = ["TextGymEnv", "TextGymTaskset"]

    eval text_calc --env.taskset.env-id TextCalc-v0 --env.taskset.env-kwargs '{"protocol": "hermes"}'

Written for verifiers 0.4 and its `verifiers.v1`, which it imports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from typing import Any

import gymnasium
import verifiers.v1 as vf

from textgym.adapters.dialogue import Dialogue


class TextGymConfig(vf.TasksetConfig):
    """Which environment, and which of its tasks."""

    env_id: str = "TextCalc-v0"
    """id of a text environment, with "module:" where an import registers it"""
    env_kwargs: dict[str, Any] = {}
    """arguments of `gymnasium.make`"""
    first_seed: int = 0
    """seed of the first task; task i has the seed first_seed + i"""


class TextGymData(vf.TaskData):
    """A task on its way to the model. It holds no answer: the seed stands for all."""

    seed: int


class TextGymTask(vf.Task[TextGymData]):
    """A task of a text environment."""


class TextGymTaskset(vf.Taskset[TextGymTask, TextGymConfig]):
    """The tasks of a text environment, one a seed, without end: bound it with `take` or `--select.limit`."""

    INFINITE = True

    def dialogue(self) -> Dialogue:
        """A new environment to play in."""
        return Dialogue(gymnasium.make(self.config.env_id, **{**self.config.env_kwargs, "action_mode": "turn"}))

    def load(self) -> Iterator[TextGymTask]:
        """One task after the other."""
        dialogue = self.dialogue()
        for seed in count(self.config.first_seed):
            prompt = dialogue.reset(seed=seed)
            name = f"{self.config.env_id}#{seed}"
            data = TextGymData(name=name, prompt=prompt, system_prompt=dialogue.rules.system or None, seed=seed)
            yield TextGymTask(data, self.config.task)


class TextGymEnvConfig(vf.EnvConfig):
    """The agents of a `TextGymEnv`: the one that plays."""

    # A plain chat: the model writes turns and runs nothing itself.
    player: vf.AgentConfig = vf.AgentConfig(harness={"id": "null"}, runtime={"type": "subprocess"})


class TextGymEnv(vf.Env[TextGymEnvConfig]):
    """Plays an episode with the model.

    The trace gets the episode's rewards as the reward `episode`, the reward components and `is_success` as metrics,
    and `stop_reason` in its info: None where a limit of verifiers stopped the model in the middle of the episode.
    """

    async def run(self, task: TextGymTask, agents: vf.Agents) -> None:
        """One episode: the model's replies are its turns."""
        dialogue: Dialogue = self.taskset.dialogue()
        with closing(dialogue.env):
            dialogue.reset(seed=task.data.seed)
            async with agents.player.interaction(task) as interaction:
                segment = await interaction.turn()
                while not segment.terminated:
                    # In a thread: a tool may take its time, and other episodes share this loop.
                    replies = await asyncio.to_thread(dialogue.say, segment.last_reply)
                    if dialogue.done:
                        break
                    segment = await interaction.turn("\n".join(replies))
        trace = interaction.trace
        trace.record_reward("episode", dialogue.reward)
        components = dialogue.info.get("reward_components", {})
        trace.record_metrics({**components, "is_success": float(dialogue.info.get("is_success", False))})
        trace.info["stop_reason"] = dialogue.info.get("stop_reason")
