"""`TextVectorEnv`: N episodes in shared arrays; Python is entered only where a turn may end."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from textgym.engine import Episode, Outcome, Rows
from textgym.env import ActionMode, Observation, make_spaces, task_generator, turn_ids
from textgym.rendering import render_transcript
from textgym.rules import Rules
from textgym.task import Task, TaskSource
from textgym.transcript import ROLE_CODE, Transcript

_Step = tuple[Observation, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]]


class TextVectorEnv(VectorEnv[Observation, Any, Any]):
    """N text episodes side by side, step for step equal to N `TextEnv`s.

    Observations are batched: `input_ids` (N, L) and so on. With `gym.make_vec(id, num_envs=N)`, Gymnasium takes this
    class by itself. Slot i of `reset(seed=s)` plays what `TextEnv.reset(seed=s + i)` plays.

    Args:
        source, action_mode, **rules: as for `TextEnv`.
        num_envs: number of slots N.
        autoreset_mode: `NEXT_STEP` (Gymnasium's default), `SAME_STEP` (`final_obs` and `final_info` in the info) or
            `DISABLED` (reset by `options={"reset_mask": ...}`).
        copy: False returns the arrays that the next step overwrites: faster, for callers that keep nothing.

    `reset(options={"tasks": [...]})` queues tasks: slots take them in order, at reset and autoreset, and draw their
    own once the queue is empty. That is how an evaluation plays a fixed list of tasks. A reset without "tasks" empties
    the queue, unless it has a "reset_mask": that one continues the run that it is part of.

    `step` never raises, whatever the tokens, but an autoreset raises `ContextTooShort` for a task that cannot fit.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        source: TaskSource | str,
        *,
        num_envs: int = 1,
        action_mode: ActionMode = "token",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        render_mode: str | None = None,
        **rules: Any,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, not {num_envs}")
        if render_mode not in (None, "ansi"):
            raise ValueError(f"unknown render_mode {render_mode!r}; a vector environment has only 'ansi'")
        self.rules = Rules.make(source, **rules)
        self.num_envs, self.action_mode, self.copy, self.render_mode = num_envs, action_mode, copy, render_mode
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = make_spaces(self.rules, action_mode)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.rows = Rows.empty(num_envs, self.rules.max_tokens, self.rules.tokenizer.pad_id)
        self.episodes = [Episode(self.rules, self.rows, i) for i in range(num_envs)]
        self._turn_start = np.zeros(num_envs, np.int64)
        self._done = np.zeros(num_envs, bool)
        self._all = np.arange(num_envs)
        self._task_rngs: list[np.random.Generator] = []
        self._queue: deque[Task] = deque()

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode in every slot, or in those of `options["reset_mask"]` (bool (N,)).

        Raises:
            ValueError: seeds or mask of another length than N, or a first reset that leaves slots out.
            ContextTooShort: a prompt does not fit.
        """
        options = options or {}
        mask = np.asarray(options.get("reset_mask", np.ones(self.num_envs, bool)), bool)
        if mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask has shape {mask.shape}; give one bool for each of the {self.num_envs} slots")
        if not (self._task_rngs or mask.all()):
            raise ValueError("the first reset must start every slot; leave reset_mask out")
        self._seed(seed, mask)
        if "tasks" in options or "reset_mask" not in options:
            self._queue = deque(options.get("tasks", ()))
        for i in np.flatnonzero(mask):
            self._reset_slot(int(i))
        return self.rows.observation(copy=self.copy), {}

    def _seed(self, seed: int | Sequence[int | None] | None, mask: npt.NDArray[np.bool_]) -> None:
        """Seed the slots of `mask` as `TextEnv` does; a slot without a seed keeps the generator that it has."""
        if seed is None:
            seeds: list[int | None] = [None] * self.num_envs
        elif isinstance(seed, (int, np.integer)):
            seeds = [int(seed) + i for i in range(self.num_envs)]
        else:
            seeds = list(seed)
        if len(seeds) != self.num_envs:
            raise ValueError(f"{len(seeds)} seeds for {self.num_envs} slots; give one int, or one for each slot")
        super().reset(seed=seeds[0])
        self._task_rngs = self._task_rngs or [task_generator(None) for _ in range(self.num_envs)]
        for i in np.flatnonzero(mask).tolist():
            if seeds[i] is not None:
                self._task_rngs[i] = task_generator(seeds[i])

    def _reset_slot(self, i: int) -> None:
        task = self._queue.popleft() if self._queue else self.rules.source.draw(self._task_rngs[i], self.rules.split)
        self.episodes[i].reset(task, {} if self.spec is None else {"env_id": self.spec.id})
        self._turn_start[i] = self.episodes[i].turn_start
        self._done[i] = False

    def step(self, actions: Any) -> _Step:
        """Advance every slot by its action; see `TextEnv.step`."""
        if not self._task_rngs:
            raise gymnasium.error.ResetNeeded("no episodes yet: call reset() before step()")
        rewards = np.zeros(self.num_envs, np.float64)
        terminated, truncated = np.zeros(self.num_envs, bool), np.zeros(self.num_envs, bool)
        infos: dict[str, Any] = {}
        was_done = self._done.copy()
        if self.autoreset_mode == AutoresetMode.NEXT_STEP:
            for slot in np.flatnonzero(was_done).tolist():
                self._reset_slot(slot)
        outcomes = (
            self._push_tokens(actions, was_done) if self.action_mode == "token" else self._push_turns(actions, was_done)
        )
        for i, outcome in outcomes:
            self._turn_start[i] = self.episodes[i].turn_start
            rewards[i], terminated[i], truncated[i] = outcome.reward, outcome.terminated, outcome.truncated
            self._done[i] = outcome.terminated or outcome.truncated
            infos = self._finish_step(infos, i, outcome)
        return self.rows.observation(copy=self.copy), rewards, terminated, truncated, infos

    def _push_tokens(self, actions: Any, was_done: npt.NDArray[np.bool_]) -> list[tuple[int, Outcome]]:
        """Append one token a slot; only slots whose token may end the turn leave numpy."""
        rules, rows = self.rules, self.rows
        tokens = np.asarray(actions, np.int64).clip(0, rules.tokenizer.vocab_size - 1)
        live = np.flatnonzero(~was_done) if was_done.any() else self._all
        ids, at = tokens[live], rows.length[live, 0]
        rows.input_ids[live, at] = ids
        rows.attention_mask[live, at] = 1
        rows.loss_mask[live, at] = 1
        rows.segment_ids[live, at] = ROLE_CODE["model"]
        rows.length[live, 0] = at + 1
        full = at + 1 - self._turn_start[live] >= rules.max_new_tokens
        outcomes = []
        for i in live[rules.may_stop[ids] | full].tolist():
            outcome = self.episodes[i].maybe_end_turn()
            if outcome is not None:
                outcomes.append((i, outcome))
        return outcomes + self._stale(was_done)

    def _push_turns(self, actions: Any, was_done: npt.NDArray[np.bool_]) -> list[tuple[int, Outcome]]:
        outcomes = []
        for i in np.flatnonzero(~was_done).tolist():
            ids = turn_ids(actions[i], self.rules.tokenizer.vocab_size)
            outcomes.append((i, self.episodes[i].push(ids) if len(ids) else self.episodes[i].end_empty_turn()))
        return outcomes + self._stale(was_done)

    def _stale(self, was_done: npt.NDArray[np.bool_]) -> list[tuple[int, Outcome]]:
        """Slots that had ended before: without autoreset they repeat their end until they are reset."""
        if self.autoreset_mode == AutoresetMode.NEXT_STEP:
            return []
        return [(int(i), self.episodes[i].end_empty_turn()) for i in np.flatnonzero(was_done)]

    def _finish_step(self, infos: dict[str, Any], i: int, outcome: Outcome) -> dict[str, Any]:
        if self._done[i] and self.autoreset_mode == AutoresetMode.SAME_STEP:
            final = {"final_obs": self.rows.observation(i), "final_info": outcome.info}
            self._reset_slot(i)
            return self._add_info(infos, final, i)
        return self._add_info(infos, outcome.info, i)

    def transcript(self, i: int) -> Transcript:
        """The episode of slot `i` so far."""
        return self.episodes[i].transcript()

    def render(self) -> tuple[str, ...] | None:
        """In mode "ansi" the transcript of every slot, with a colour for each role."""
        if self.render_mode is None:
            gymnasium.logger.warn("render() needs a render_mode: gym.make_vec(..., render_mode='ansi')")
            return None
        return tuple(render_transcript(e.transcript(), self.rules.tokenizer) for e in self.episodes)

    def oracle_turns(self, i: int) -> list[list[int]]:
        """The oracle's actions on the current task of slot `i`, token ids turn by turn."""
        task = self.episodes[i].task
        if task is None:
            raise ValueError("no task yet: call reset() first")
        return self.rules.oracle_turns(task)
