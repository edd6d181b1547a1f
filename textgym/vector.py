"""`TextVectorEnv`: N episodes in shared arrays; Python is entered only where a turn may end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import replace
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from textgym.engine import Episode, Outcome
from textgym.rendering import render_transcript
from textgym.rows import MARK
from textgym.rows import Arrays as Observation
from textgym.rules import Rules
from textgym.seeding import Generators, slot_seeds
from textgym.spaces import ActionMode, batch_turn_ids, make_spaces, turn_ids
from textgym.task import Task, TaskSource
from textgym.transcript import Transcript
from textgym.vector_infos import batch_infos

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
        pending_after: seconds that a step waits for the tools that it called. None waits for all of them.

    `reset(options={"task": task})` plays one task in every slot, as a group of episodes to compare needs it.
    `reset(options={"tasks": [...]})` queues tasks: slots take them in order, at reset and autoreset, and draw their
    own once the queue is empty. That is how an evaluation plays a fixed list of tasks. What their tools draw at random
    depends on the seed of slot 0 and on the place in the queue, so the number of slots changes no episode. A reset
    without "tasks" empties the queue, unless it has a "reset_mask": that one continues the run that it is part of.

    Tools that block (`Tool.blocking`) run in threads, one a slot: those of one step run side by side. With
    `pending_after`, a slot whose tools take longer becomes *pending*, so that it holds nobody up: `info["pending"]`,
    bool (N,), then tells which slots ignore the next action. The step that finds the results there returns them, with
    the turn's reward and info. Which step that is depends on the clock, so the default is reproducible and this is
    not. Where all slots are pending a step waits for the first to come back, for none of them could act.

    `step` never raises, whatever the tokens, but an autoreset raises `ContextTooShort` for a task that cannot fit.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "autoreset_mode": AutoresetMode.NEXT_STEP}

    def __init__(
        self,
        source: TaskSource | type[TaskSource] | str,
        *,
        num_envs: int = 1,
        action_mode: ActionMode = "token",
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        pending_after: float | None = None,
        render_mode: str | None = None,
        **rules: Any,
    ) -> None:
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, not {num_envs}")
        if render_mode not in (None, "ansi"):
            raise ValueError(f"unknown render_mode {render_mode!r}; a vector environment has only 'ansi'")
        if pending_after is not None and not 0 <= pending_after < float("inf"):
            raise ValueError(f"pending_after must be a number of seconds from 0 up, or None, not {pending_after!r}")
        self.rules = Rules.of(self, source, rules)
        self.num_envs, self.action_mode, self.copy, self.render_mode = num_envs, action_mode, copy, render_mode
        self.pending_after = pending_after
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.single_observation_space, self.single_action_space = make_spaces(self.rules, action_mode)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.rows = self.rules.rows(num_envs)
        self.episodes = [Episode(self.rules, self.rows, i, threads=True) for i in range(num_envs)]
        self._turn_end = np.zeros(num_envs, np.int64)  # length at which the turn's budget is spent
        self._first = np.arange(num_envs) * self.rows.ids.shape[1] + self.rows.start  # where slots grow, in flat arrays
        self._all = np.ones(num_envs, bool)
        self._done = np.zeros(num_envs, bool)
        self._pending = np.zeros(num_envs, bool)
        self._generators: list[Generators] = []
        self._queue: deque[Task] = deque()
        self._queue_generators = Generators()

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Start an episode in every slot, or in those of `options["reset_mask"]` (bool (N,)).

        Raises:
            ValueError: seeds or mask of another length than N, a mask that is not of bools, or a first reset that
                leaves slots out.
            gymnasium.error.Error: a seed that is no whole number from 0 up.
            ContextTooShort: a prompt does not fit.
        """
        options = options or {}
        mask = np.asarray(options.get("reset_mask", self._all))
        if mask.shape != (self.num_envs,) or mask.dtype != bool:
            raise ValueError(
                f"reset_mask has shape {mask.shape} and dtype {mask.dtype}; give one bool for each of the "
                f"{self.num_envs} slots"
            )
        if "task" in options and "tasks" in options:
            raise ValueError("give either one task for all slots, or tasks to queue")
        if not (self._generators or mask.all()):
            raise ValueError("the first reset must start every slot; leave reset_mask out")
        self._seed(seed, mask)
        if "tasks" in options or "reset_mask" not in options:
            self._queue = deque(options.get("tasks", ()))
        for i in np.flatnonzero(mask).tolist():
            self._reset_slot(i, options.get("task"), options.get("episode"))
        return self._observation(), self._with_arrays({}, mask)

    def _seed(self, seed: int | Sequence[int | None] | None, mask: npt.NDArray[np.bool_]) -> None:
        """Seed the slots of `mask` as `TextEnv` does; a slot without a seed keeps the generators that it has."""
        seeds = slot_seeds(seed, self.num_envs)
        super().reset(seed=seeds[0])
        if seeds[0] is not None:
            self._queue_generators = Generators(seeds[0])
        self._generators = self._generators or [Generators() for _ in range(self.num_envs)]
        for i in np.flatnonzero(mask).tolist():
            if seeds[i] is not None:
                self._generators[i] = Generators(seeds[i])

    def _reset_slot(self, i: int, task: Task | None = None, number: int | None = None) -> None:
        """Start an episode in slot `i`; `task` and `number` are `TextEnv.reset`'s options "task" and "episode"."""
        episode, generators = self.episodes[i], self._generators[i]
        if task is None and self._queue:
            task, generators, number = self._queue.popleft(), self._queue_generators, None
        elif task is None:
            task = self.rules.source.draw(generators.tasks, self.rules.split)
        seeds = generators.next_episode(number)
        facts = generators.facts()
        episode.reset(task, facts if self.spec is None else {"env_id": self.spec.id, **facts}, seeds)
        self._turn_end[i] = episode.turn_start + self.rules.max_new_tokens
        self._done[i] = self._pending[i] = False

    def step(self, actions: Any) -> _Step:
        """Advance every slot by its action; see `TextEnv.step`.

        Raises:
            ValueError: not one action a slot.
        """
        if not self._generators:
            raise gymnasium.error.ResetNeeded("no episodes yet: call reset() before step()")
        actions = self._check(actions)
        idle = self._done | self._pending
        was_done = self._done.nonzero()[0].tolist()
        if self.autoreset_mode == AutoresetMode.NEXT_STEP:
            for i in was_done:
                self._reset_slot(i)
        push = self._push_tokens if self.action_mode == "token" else self._push_turns
        outcomes = push(actions, idle)
        if np.count_nonzero(self._pending):  # a tenth of the time of `any`
            outcomes |= self._collect(idle)
        if self.autoreset_mode != AutoresetMode.NEXT_STEP:  # a slot that had ended repeats its end until it is reset
            outcomes |= {i: self.episodes[i].ended() for i in was_done}
        return self._results(outcomes)

    def _check(self, actions: Any) -> Any:
        """The actions, before anything has moved; tokens as int64 (N,)."""
        if self.action_mode == "turn":
            if len(actions) != self.num_envs:
                raise ValueError(f"{len(actions)} actions for {self.num_envs} slots; give each a run of token ids")
            return actions
        try:
            tokens = np.asarray(actions, np.int64)
        except OverflowError:  # an integer of Python, beyond any id
            tokens = np.clip(np.asarray(actions, object), -1, self.rules.tokenizer.vocab_size).astype(np.int64)
        if tokens.shape != (self.num_envs,):
            raise ValueError(f"actions of shape {tokens.shape} for {self.num_envs} slots; give each one token id")
        return tokens

    def _push_tokens(self, actions: npt.NDArray[np.int64], idle: npt.NDArray[np.bool_]) -> dict[int, Outcome]:
        """Append one token a slot; only slots whose token may end the turn leave numpy."""
        rules, rows = self.rules, self.rows
        tokens = np.minimum(np.maximum(actions, 0), rules.tokenizer.vocab_size - 1)
        length = rows.length[:, 0]
        at = self._first + length
        if np.count_nonzero(idle):
            live = ~idle
            length += live
            ends = ((rules.may_stop.take(tokens) | (length >= self._turn_end)) & live).nonzero()[0]
            tokens, at = tokens[live], at[live]
        else:
            length += 1
            ends = (rules.may_stop.take(tokens) | (length >= self._turn_end)).nonzero()[0]
        rows.ids.reshape(-1)[at] = tokens  # one flat index costs half of a pair
        rows.marks.reshape(-1)[at] = MARK["model"]
        outcomes = {}
        for i, end in zip(ends.tolist(), length[ends].tolist(), strict=True):
            outcome = self.episodes[i].maybe_end_turn(end)
            if outcome is not None:
                outcomes[i] = outcome
            else:
                self._pending[i] = self.episodes[i].running
        return outcomes

    def _push_turns(self, actions: Any, idle: npt.NDArray[np.bool_]) -> dict[int, Outcome]:
        outcomes = {}
        may_stop = self.rules.may_stop
        whole = isinstance(actions, np.ndarray) and actions.ndim == 2 and actions.size  # as the action space has it
        turns = batch_turn_ids(actions.astype(np.int64, copy=False), may_stop) if whole else None
        for i in np.flatnonzero(~idle).tolist():
            ids, stops = (turn_ids(actions[i], len(may_stop)), None) if turns is None else turns[i]
            outcome = self.episodes[i].begin(ids, stops)
            if outcome is not None:
                outcomes[i] = outcome
            else:
                self._pending[i] = True
        return outcomes

    def _collect(self, idle: npt.NDArray[np.bool_]) -> dict[int, Outcome]:
        """Outcomes of the pending slots whose calls are done; those that are not `idle` became pending in this step."""
        pending = np.flatnonzero(self._pending).tolist()
        if self.pending_after is None:
            back = pending
        else:
            deadline = time.monotonic() + self.pending_after
            back = [i for i in pending if self._wait(i, 0.0 if idle[i] else deadline - time.monotonic())]
            while not back and self._pending.all():
                self._wait_for_one()
                back = [i for i in pending if self._wait(i, 0.0)]
        outcomes = {i: self.episodes[i].collect() for i in back if self.episodes[i].running}
        self._pending[back] = False
        return outcomes

    def _wait(self, i: int, timeout: float) -> bool:
        running = self.episodes[i].toolbox.running
        return running is None or running.wait(timeout)

    def _wait_for_one(self) -> None:
        """Wait until some slot's call has a result or is over its limit. All slots are pending."""
        jobs = [episode.toolbox.running.current for episode in self.episodes if episode.toolbox.running is not None]
        pause = min(job.patience() for job in jobs)
        wait([job.future for job in jobs], None if pause == float("inf") else max(0.0, pause), FIRST_COMPLETED)

    def _results(self, outcomes: dict[int, Outcome]) -> _Step:
        """What the step returns; slots that end are reset if they are to be in the same step."""
        rewards = np.zeros(self.num_envs, np.float64)
        terminated, truncated = np.zeros(self.num_envs, bool), np.zeros(self.num_envs, bool)
        infos = []
        for i, outcome in outcomes.items():  # before any reset, which raises where the next task does not fit
            self._done[i] = outcome.terminated or outcome.truncated
        for i, outcome in sorted(outcomes.items()):
            self._turn_end[i] = self.episodes[i].turn_start + self.rules.max_new_tokens
            rewards[i], terminated[i], truncated[i] = outcome.reward, outcome.terminated, outcome.truncated
            info = outcome.info
            if self._done[i] and self.autoreset_mode == AutoresetMode.SAME_STEP:
                info = {
                    "final_obs": self.rows.observation(i) | self.rules.mask_info("obs"),
                    "final_info": info | self.rules.mask_info(),
                }
                self._reset_slot(i)
            infos.append((i, info))
        batched = self._with_arrays(batch_infos(infos, self.num_envs), self._all)
        return self._observation(), rewards, terminated, truncated, batched

    def _observation(self) -> Observation:
        observation = self.rows.observation(copy=self.copy)
        for key, mask in self.rules.mask_info("obs").items():
            batch = np.broadcast_to(mask, (self.num_envs, *mask.shape))
            observation[key] = batch.copy() if self.copy else batch
        return observation

    def _with_arrays(self, infos: dict[str, Any], slots: npt.NDArray[np.bool_]) -> dict[str, Any]:
        """`infos` with what is an array anyway: the action mask of `slots`, and which slots are pending."""
        for key, mask in self.rules.mask_info().items():
            infos[key], infos[f"_{key}"] = slots[:, None] * mask, slots.copy()
        if self.pending_after is not None:
            infos["pending"], infos["_pending"] = self._pending.copy(), self._all.copy()
        return infos

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """`TextEnv.action_masks` of every slot, bool (N, ...)."""
        return np.tile(self.rules.action_masks(self.action_mode), (self.num_envs, 1))

    def close_extras(self, **kwargs: Any) -> None:
        """Close the sessions of tools and end their threads. Calls that still run end by themselves."""
        for episode in self.episodes:
            episode.close()

    def use_source(self, source: TaskSource) -> None:
        """Draw and grade tasks by `source` from the next resets on."""
        self.rules = replace(self.rules, source=source)
        for episode in self.episodes:
            episode.rules = self.rules

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
