"""`Dialogue`: an environment as a conversation, turns as text and replies as text."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

from textgym.env import TextEnv


class Dialogue:
    """A text environment for clients that send whole turns as text and want the tools' replies as text.

    Every turn is an action of the turn face and goes through `env.step`, so wrappers around the environment work as
    they do for any other client, and the budgets hold. They count tokens of the environment's tokenizer; give it the
    model's for budgets that mean the same to both.

    Args:
        env: a `TextEnv` with `action_mode="turn"`, or wrappers around one.

    Attributes:
        reward: sum of the episode's rewards so far.
        done: whether the episode has ended.
        info: the last step's info; when done, `info["stop_reason"]` says why.

    Raises:
        ValueError: another environment, or one with `action_mode="token"`.

    Example:
        >>> import gymnasium as gym, textgym
        >>> dialogue = Dialogue(gym.make("TextCalc-v0", action_mode="turn"))
        >>> question = dialogue.reset(seed=0)
        >>> dialogue.say("<request><calculator>6*7<call>")
        ('42',)
    """

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        text_env = env.unwrapped
        if not isinstance(text_env, TextEnv) or text_env.action_mode != "turn":
            raise ValueError(f"a dialogue needs a TextEnv with whole turns: make {env} with action_mode='turn'")
        self.env, self.text_env, self.rules = env, text_env, text_env.rules
        self.reward, self.done, self.info = 0.0, True, dict[str, Any]()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> str:
        """Start an episode as `TextEnv.reset` does. Returns the question."""
        _, self.info = self.env.reset(seed=seed, options=options)
        self.reward, self.done = 0.0, False
        task = self.text_env.task
        assert task is not None
        return task.prompt

    def say(self, text: str) -> tuple[str, ...]:
        """Play a turn. Returns the replies to its tool calls, in order; none where it submits or a budget is spent.

        In an episode that has ended nothing happens.
        """
        if self.done:
            return ()
        length = self.rules.max_new_tokens
        ids = self.rules.encode_turn(text)[:length]
        before = len(self.text_env.transcript().segments)
        _, reward, terminated, truncated, self.info = self.env.step(np.array(ids + [-1] * (length - len(ids))))
        self.reward += float(reward)
        self.done = terminated or truncated
        added = self.text_env.transcript().segments[before:]
        return tuple(self.rules.tokenizer.decode(s.ids) for s in added if s.role == "tool")
