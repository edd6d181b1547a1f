"""`TextEnv`: a text episode with tools as a `gymnasium.Env`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from textgym.engine import Episode, Rows
from textgym.rendering import render_transcript
from textgym.rules import Rules
from textgym.task import Task, TaskSource
from textgym.transcript import ROLE_CODE, StopReason, Transcript

ActionMode = Literal["token", "turn"]
Observation = dict[str, npt.NDArray[Any]]


class TurnSpace(spaces.MultiDiscrete):
    """Runs of up to `max_new_tokens` ids below `vocab_size`, padded by -1.

    MultiDiscrete and not Box: ids are categories, and `check_env` asks of a Box that it be normalised.
    """

    def __init__(self, max_new_tokens: int, vocab_size: int) -> None:
        super().__init__(np.full(max_new_tokens, vocab_size + 1), start=np.full(max_new_tokens, -1))

    def sample(self, mask: Any = None, probability: Any = None) -> npt.NDArray[np.int64]:
        """A run of random length: random ids alone would almost never stop, and every turn would be cut off."""
        ids: npt.NDArray[np.int64] = super().sample(mask, probability)
        ids[self.np_random.integers(1, max(2, len(ids))) :] = -1
        return ids


def make_spaces(rules: Rules, action_mode: str) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """Observation and action space of one episode.

    Raises:
        ValueError: an unknown action mode.
    """
    length, vocab = rules.max_tokens, rules.tokenizer.vocab_size
    observation = spaces.Dict(
        {
            "input_ids": spaces.Box(0, vocab - 1, (length,), np.int64),
            "attention_mask": spaces.Box(0, 1, (length,), np.int8),
            "loss_mask": spaces.Box(0, 1, (length,), np.int8),
            "segment_ids": spaces.Box(0, len(ROLE_CODE), (length,), np.int8),
            "length": spaces.Box(0, length, (1,), np.int64),
        }
    )
    if action_mode == "token":
        return observation, spaces.Discrete(vocab)
    if action_mode == "turn":
        return observation, TurnSpace(rules.max_new_tokens, vocab)
    raise ValueError(f"unknown action_mode {action_mode!r}; the modes are 'token' and 'turn'")


def turn_ids(action: npt.ArrayLike, vocab_size: int) -> npt.NDArray[np.int64]:
    """The ids of a turn action: what stands before the first -1, clipped to the vocabulary, int64 (A,)."""
    ids = np.asarray(action, np.int64).reshape(-1)
    padding = np.flatnonzero(ids < 0)
    return ids[: padding[0] if len(padding) else None].clip(max=vocab_size - 1)


def task_generator(seed: int | None) -> np.random.Generator:
    """The generator that draws tasks. It is a child of the seed, which leaves further children free for other uses."""
    (child,) = np.random.SeedSequence(seed).spawn(1)
    return np.random.default_rng(child)


class TextEnv(gymnasium.Env[Observation, Any]):
    """A text episode with tools.

    Observation: right-padded arrays of `max_tokens` = L tokens, fresh in every step.

    | key | space | meaning |
    |---|---|---|
    | `input_ids` | Box int64 (L,) | all tokens so far |
    | `attention_mask` | Box int8 (L,) | 1 on tokens, 0 on padding |
    | `loss_mask` | Box int8 (L,) | 1 exactly on tokens that the policy sampled, the stop token included |
    | `segment_ids` | Box int8 (L,) | who wrote the token: 1 system, 2 user, 3 model, 4 tool, 5 scaffold; 0 padding |
    | `length` | Box int64 (1,) | number of tokens |

    Action: with `action_mode="token"` the next token, `Discrete(V)`; with `"turn"` a run of tokens padded by -1,
    `MultiDiscrete` of `max_new_tokens` ids from -1 to V-1. The two are one engine: the same tokens give the same
    transcript and rewards. A turn's tokens may come in several actions; ids behind the end of the turn are ignored.

    A turn ends with EOS or one of the protocol's stop strings. Its tool calls run inside the step that ends it, and
    the replies are in the observation of that step. Every call within `max_calls` gets a reply, also a malformed one;
    calls beyond it do not run, get no reply, and end the episode. Replies that leave no room for another turn end it
    too; they are taken in if they fit `max_tokens`, all or none. `info["calls"]` holds the status of each reply taken
    in.

    `terminated`: the policy submitted, or stopped without a call. `truncated`: a budget was spent;
    `info["stop_reason"]` says which (`textgym.StopReason`). Rewards come with the turn's last token.

    `step` never raises, whatever the tokens. `reset` raises `ContextTooShort` for a task that cannot fit, and so does
    the autoreset of a wrapper or a vector environment inside its `step`; making the environment tries some tasks of
    the split, but cannot try all.

    Args:
        source: where tasks come from: a `TaskSource`, or "module:Class" with `source_kwargs`.
        split: which split of the source.
        tools: names or `Tool` objects; None takes the source's own.
        tokenizer: None or "byte", a Hugging Face name or folder, or a `Tokenizer`.
        protocol: "tags", "hermes", or a `Protocol`.
        system_prompt: None writes the protocol's instructions; "" shows none.
        few_shot: number of oracle examples of the train split in the prompt.
        max_tokens, max_new_tokens, max_turns, max_calls, max_tool_tokens: the budgets: of the context, of a turn, in
            turns, in tool calls, of one tool result (cut with a visible marker). A prompt is
            taken in only if a whole turn still fits behind it.
        record: put the `Transcript` into the last step's info.
        render_mode: "ansi" or "human".

    Raises:
        ValueError: an unknown split, tool, protocol or action mode, or a budget below 1.
        ContextTooShort: the prompt of one of the tasks that were tried does not fit.

    Example:
        >>> import gymnasium as gym, textgym
        >>> env = gym.make("TextCalc-v0")
        >>> obs, info = env.reset(seed=7)
        >>> obs, reward, terminated, truncated, info = env.step(env.action_space.sample())
    """

    metadata = {"render_modes": ["ansi", "human"], "render_fps": 4}

    def __init__(
        self,
        source: TaskSource | str,
        *,
        action_mode: ActionMode = "token",
        render_mode: str | None = None,
        **rules: Any,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise ValueError(f"unknown render_mode {render_mode!r}; the modes are 'ansi' and 'human'")
        self.rules = Rules.make(source, **rules)
        self.action_mode, self.render_mode = action_mode, render_mode
        self.observation_space, self.action_space = make_spaces(self.rules, action_mode)
        rows = Rows.empty(1, self.rules.max_tokens, self.rules.tokenizer.pad_id)
        self.episode = Episode(self.rules, rows, 0)
        self._task_rng: np.random.Generator | None = None
        self._shown: tuple[int, StopReason | None] = (0, None)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode. `options={"task": Task(...)}` sets the task instead of drawing it."""
        super().reset(seed=seed)
        if seed is not None or self._task_rng is None:
            self._task_rng = task_generator(seed)
        task: Task | None = (options or {}).get("task")
        if task is None:
            task = self.rules.source.draw(self._task_rng, self.rules.split)
        self.episode.reset(task, {} if self.spec is None else {"env_id": self.spec.id})
        self._shown = (0, None)
        self._render_human()
        return self.episode.rows.observation(0), {}

    def step(self, action: Any) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a token or a run of tokens; see the class."""
        if self.action_mode == "token":
            token = min(max(int(action), 0), self.rules.tokenizer.vocab_size - 1)
            return self._push(np.array([token], np.int64))
        return self._push(turn_ids(action, self.rules.tokenizer.vocab_size))

    def step_text(self, text: str) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        """Take a whole turn as text, for agents that speak no tokens; EOS is added where nothing else ends it."""
        return self._push(np.array(self.rules.encode_turn(text), np.int64))

    def _push(self, ids: npt.NDArray[np.int64]) -> tuple[Observation, float, bool, bool, dict[str, Any]]:
        if self.task is None:
            raise gymnasium.error.ResetNeeded("no episode yet: call reset() before step()")
        outcome = self.episode.push(ids) if len(ids) else self.episode.end_empty_turn()
        self._render_human()
        observation = self.episode.rows.observation(0)
        return observation, outcome.reward, outcome.terminated, outcome.truncated, outcome.info

    @property
    def task(self) -> Task | None:
        """The current task, answer included."""
        return self.episode.task

    def transcript(self) -> Transcript:
        """The episode so far."""
        return self.episode.transcript()

    def oracle_turns(self) -> list[list[int]]:
        """The oracle's actions on the current task, token ids turn by turn.

        Raises:
            ValueError: no task yet.
        """
        if self.episode.task is None:
            raise ValueError("no task yet: call reset() first")
        return self.rules.oracle_turns(self.episode.task)

    def render(self) -> str | None:
        """The transcript so far with a colour for each role: returned in mode "ansi", printed in mode "human".

        Mode "human" also prints, unasked, what each reset and each finished turn added.
        """
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: gym.make(..., render_mode='ansi' or 'human')")
            return None
        text = render_transcript(self.transcript(), self.rules.tokenizer)
        if self.render_mode == "ansi":
            return text
        print(text)
        return None

    def _render_human(self) -> None:
        """Print what a finished turn or a reset added."""
        if self.render_mode != "human" or self.episode.turn_start < self.episode.length:
            return
        transcript = self.transcript()
        state = len(transcript.segments), transcript.stop_reason
        if state != self._shown:
            added = replace(transcript, segments=transcript.segments[self._shown[0] :])
            print(render_transcript(added, self.rules.tokenizer), flush=True)
            self._shown = state
