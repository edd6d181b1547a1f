"""`TextEnv`: a text episode with tools as a `gymnasium.Env`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from textgym.engine import Episode, Outcome
from textgym.rendering import render_transcript
from textgym.rows import Arrays as Observation
from textgym.rules import Rules
from textgym.seeding import Generators
from textgym.spaces import ActionMode, TurnSpace, make_spaces, turn_ids
from textgym.task import Task, TaskSource
from textgym.transcript import StopReason, Transcript

__all__ = ["ActionMode", "Observation", "TextEnv", "TurnSpace", "UnknownRenderMode", "make_spaces", "turn_ids"]

_Step = tuple[Observation, float, bool, bool, dict[str, Any]]


class UnknownRenderMode(ValueError, TypeError):
    """A render mode that text does not have.

    A TypeError too, for libraries that ask every environment for pictures: to them it says that there are none. So
    Stable-Baselines3's `make_vec_env(id)` makes the environment without a render mode.
    """


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

    With `layout="encdec"`, for encoder-decoder models, the prompt is in `encoder_*` arrays and all that follows in
    `decoder_*` arrays; `textgym.spaces` lists them.

    Action: with `action_mode="token"` the next token, `Discrete(V)`; with `"turn"` a run of tokens padded by -1,
    `MultiDiscrete` of `max_new_tokens` ids from -1 to V-1. The two are one engine: the same tokens give the same
    transcript and rewards. A turn's tokens may come in several actions; ids behind the end of the turn are ignored.
    For libraries that know no `MultiDiscrete` that starts below 0, such as Stable-Baselines3, Gymnasium's wrapper
    moves it: `TransformAction(env, lambda ids: ids - 1, MultiDiscrete(env.action_space.nvec))`.

    A turn ends with EOS or one of the protocol's stop strings. Its tool calls run inside the step that ends it, one
    after another, and the replies are in the observation of that step, each paired with its call by id. Every call
    within `max_calls` gets a reply, also a malformed one; calls beyond it do not run, get no reply, and end the
    episode. Replies that leave no room for another turn end it too; they are taken in if they fit `max_tokens`, all
    or none.

    The info of a turn's last step:

    | key | when | meaning |
    |---|---|---|
    | `turn` | always | number of the turn, from 0 |
    | `calls` | always | status of each reply taken in, in order (`textgym.tools.CallStatus`) |
    | `unanswered_calls` | some | number of calls without a reply: beyond `max_calls`, or without room |
    | `cut_results` | some | ids of the calls whose result was cut at `max_tool_tokens` |
    | `reward_components` | a reward | its parts, by name |
    | `stop_reason`, `is_success` | the end | why it ended (`textgym.StopReason`), and whether the answer was right |

    `terminated`: the policy submitted, stopped without a call, or failed in a call where `on_call_error` says so.
    `truncated`: a budget was spent; `info["stop_reason"]` says which. Rewards come with the turn's last token.

    `step` never raises, whatever the tokens. `reset` raises `ContextTooShort` for a task that cannot fit, and so does
    the autoreset of a wrapper or a vector environment inside its `step`; making the environment tries some tasks of
    the split, but cannot try all. After Ctrl-C inside a step, `reset` starts afresh.

    Args:
        source: where tasks come from: a `TaskSource`; or its class or "module:Class", with `source_kwargs`.
        split: which split of the source.
        tools: names, typed functions or `Tool` objects; None takes the source's own.
        tokenizer: None or "byte", a Hugging Face name or folder, or a `Tokenizer`.
        protocol: "tags", "hermes", or a `Protocol`; "chat" for the tokenizer's own chat template with native tool
            calls, or a `ChatProtocol` for another template.
        system_prompt: None writes the protocol's instructions; "" shows none.
        few_shot: number of oracle examples of the train split in the prompt; or the tasks to show, of your own or
            chosen among those that the source draws. They are the same in every episode.
        layout: "causal" or "encdec".
        max_tokens, max_new_tokens, max_turns, max_calls, max_tool_tokens: the budgets: of the context, of a turn, in
            turns, in tool calls, of one tool result (cut with a visible marker). A prompt is
            taken in only if a whole turn still fits behind it.
        max_prompt_tokens: with `layout="encdec"`, the budget of the encoder's side, by default as `max_tokens`, which
            then is that of the decoder's side alone.
        call_timeout: seconds for a call of a blocking tool (`Tool.blocking`) that has no limit of its own.
        on_call_error: what a failed call does beside its reply: "feedback" (nothing), "penalize" (the turn's reward
            has a component `call_error` of minus `call_error_penalty` for each), "terminate" (the episode ends, with
            the stop reason `call_error`); or a mapping from statuses to these.
        call_error_penalty: how much "penalize" takes off.
        action_mask: "info", "obs" or "both": where to put the mask of ids that can stand in a turn, int8 (V,). It is
            advice, and the same at every step; see `action_masks`.
        allowed_tokens: restricts the mask to these ids.
        record: put the `Transcript` into the last step's info.
        render_mode: "ansi" or "human".

    Raises:
        ValueError: an unknown split, tool, protocol, layout, policy or action mode, a number out of range, or a chat
            template that is missing or cannot be played with.
        UnknownRenderMode: a ValueError, and for the sake of other libraries a TypeError.
        TemplateNotPrefixPreserving: a chat template that rewrites history.
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
        source: TaskSource | type[TaskSource] | str,
        *,
        action_mode: ActionMode = "token",
        render_mode: str | None = None,
        **rules: Any,
    ) -> None:
        if render_mode is not None and render_mode not in self.metadata["render_modes"]:
            raise UnknownRenderMode(f"unknown render_mode {render_mode!r}; the modes are 'ansi' and 'human'")
        self.rules = Rules.of(self, source, rules)
        self.action_mode, self.render_mode = action_mode, render_mode
        self.observation_space, self.action_space = make_spaces(self.rules, action_mode)
        self.episode = Episode(self.rules, self.rules.rows(1), 0)
        self._generators: Generators | None = None
        self._shown: tuple[int, StopReason | None] = (0, None)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode.

        `options={"task": Task(...)}` sets the task instead of drawing it. `options={"episode": k}` gives the tools the
        randomness of the k-th episode since the seed, as a replay needs it.
        """
        super().reset(seed=seed)
        options = options or {}
        if seed is not None or self._generators is None:
            self._generators = Generators(seed)
        task: Task | None = options.get("task")
        if task is None:
            task = self.rules.source.draw(self._generators.tasks, self.rules.split)
        seeds = self._generators.next_episode(options.get("episode"))
        env_id = {} if self.spec is None else {"env_id": self.spec.id}
        self.episode.reset(task, {**env_id, **self._generators.facts()}, seeds)
        self._shown = (0, None)
        self._render_human()
        return self._observation(), self.rules.mask_info()

    def step(self, action: Any) -> _Step:
        """Take a token or a run of tokens; see the class."""
        if self.action_mode == "turn":
            return self.step_turn(action)
        self._check_reset()
        return self._result(self.episode.begin_token(min(max(int(action), 0), self.rules.tokenizer.vocab_size - 1)))

    def step_turn(self, action: npt.ArrayLike) -> _Step:
        """Take a run of ids as the turn face does, in either face: up to the first -1; an empty one ends the turn."""
        self._check_reset()
        return self._result(self.episode.begin(turn_ids(action, self.rules.tokenizer.vocab_size)))

    def step_text(self, text: str) -> _Step:
        """Take a whole turn as text, for agents that speak no tokens; EOS is added where nothing else ends it."""
        return self.step_turn(self.rules.encode_turn(text))

    def _check_reset(self) -> None:
        if self.task is None:
            raise gymnasium.error.ResetNeeded("no episode yet: call reset() before step()")

    def _result(self, outcome: Outcome | None) -> _Step:
        outcome = self.episode.collect() if outcome is None else outcome
        self._render_human()
        info = outcome.info | self.rules.mask_info()
        return self._observation(), outcome.reward, outcome.terminated, outcome.truncated, info

    def _observation(self) -> Observation:
        return self.episode.rows.observation(0) | self.rules.mask_info("obs")

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Which tokens can stand in a turn, as sb3-contrib asks for it.

        bool (V,) for tokens; for turns bool (max_new_tokens * (V + 1),): at each place padding and the same ids.
        `textgym.masks.turn_ids_mask` says which they are.
        """
        return self.rules.action_masks(self.action_mode)

    def close(self) -> None:
        """Close the sessions of tools and end their threads."""
        self.episode.close()
        super().close()

    @property
    def task(self) -> Task | None:
        """The current task, answer included."""
        return self.episode.task

    def use_source(self, source: TaskSource) -> None:
        """Draw and grade tasks by `source` from the next reset on."""
        self.rules = self.episode.rules = replace(self.rules, source=source)

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
