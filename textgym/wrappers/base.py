"""What the wrappers share: each is one `Watcher`, told when turns end, over one environment or over N slots.

Gymnasium's wrappers see every token. These look only where a turn ends, so that the steps between cost nothing, and
they may change what such a step returns: its reward and its info, the transcript in it included. So a learner sees
the same rewards in `step` and in the transcripts, and a wrapper sees what those inside it made of a step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from textgym.env import TextEnv
from textgym.transcript import Transcript
from textgym.vector import TextVectorEnv


@dataclass
class TurnEnd:
    """A step that ended a turn, or the episode.

    Watchers set `reward` and the values of `info`; they replace a value, such as a dict, and do not change it.

    Attributes:
        slot: of the vector environment; 0 in a single one.
        reward: of the step.
        info: of the step; where the episode is over it holds its "transcript".
        over: whether the episode is over.
    """

    slot: int
    reward: float
    info: dict[str, Any]
    over: bool

    @property
    def transcript(self) -> Transcript:
        """The whole episode; only where it is over.

        Raises:
            ValueError: the environment does not record.
        """
        transcript = self.info.get("transcript")
        if not isinstance(transcript, Transcript):
            raise ValueError(
                f"the episode of slot {self.slot} ended without a transcript: make the environments with record=True, "
                "and where a wrapper such as TimeLimit ends episodes, wrap each environment, not their vector"
            )
        return transcript


class Watcher(ABC):
    """What a wrapper does. It keeps its state by slot, so that one class serves single and vector environments."""

    def start(self, slot: int) -> dict[str, Any]:
        """An episode starts in `slot`; returns what to add to the info of its reset."""
        return {}

    @abstractmethod
    def turns_end(self, ends: Sequence[TurnEnd]) -> None:
        """Turns ended in one step, in the order of the slots."""

    def close(self) -> None:  # noqa: B027 - most hold nothing that is to be closed
        """The environment is closed; it may be reset again."""


def add_rewards(transcript: Transcript, by_turn: dict[int, float]) -> Transcript:
    """`transcript` with `by_turn` added to the rewards of its turns."""
    turns = max([len(transcript.turn_rewards), *(turn + 1 for turn in by_turn)])
    rewards = [*transcript.turn_rewards, *[0.0] * (turns - len(transcript.turn_rewards))]
    return replace(transcript, turn_rewards=tuple(r + by_turn.get(turn, 0.0) for turn, r in enumerate(rewards)))


class TextWrapper(gymnasium.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """A wrapper of one text environment, whose work `watcher` does.

    Subclasses call `RecordConstructorArgs.__init__` first, so that `env.spec.make()` makes the wrapped environment.

    Raises:
        TypeError: the environment is not a text environment.
    """

    def __init__(self, env: gymnasium.Env[Any, Any], watcher: Watcher) -> None:
        super().__init__(env)
        if not isinstance(env.unwrapped, TextEnv):
            raise TypeError(f"{type(self).__name__} wraps textgym environments, not {env.unwrapped!r}")
        self.watcher = watcher
        self._over = True

    @property
    def text_env(self) -> TextEnv:
        """The environment inside all wrappers."""
        unwrapped = self.unwrapped
        assert isinstance(unwrapped, TextEnv)
        return unwrapped

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._over = False
        return observation, info | self.watcher.start(0)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Take a token or a run of tokens."""
        return self._watched(self.env.step(action))

    def step_text(self, text: str) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """`TextEnv.step_text` under this wrapper."""
        return self._watched(self.env.get_wrapper_attr("step_text")(text))

    def step_turn(self, action: npt.ArrayLike) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """`TextEnv.step_turn` under this wrapper."""
        return self._watched(self.env.get_wrapper_attr("step_turn")(action))

    def close(self) -> None:
        """Close the wrapper and the environment."""
        self.watcher.close()
        super().close()

    def _watched(
        self, step: tuple[Any, Any, bool, bool, dict[str, Any]]
    ) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = step
        over = terminated or truncated
        end = TurnEnd(0, float(reward), info, over)
        if not self._over and (over or "turn" in info):
            self._over = over
            if over:
                info.setdefault("transcript", self.text_env.transcript())
            self.watcher.turns_end([end])
        return observation, end.reward, terminated, truncated, end.info


class TextVectorWrapper(VectorWrapper[Any, Any, Any, Any, Any]):
    """A wrapper of N text environments, whose work `watcher` does; for every autoreset mode.

    It wraps `TextVectorEnv`, and also Gymnasium's `SyncVectorEnv` and `AsyncVectorEnv` of text environments.

    Raises:
        ValueError: the wrapper reads transcripts (`reads_transcripts`), and the environments do not record them.
    """

    reads_transcripts = False
    active: npt.NDArray[np.bool_] | None = None
    """Slots that it looks at, bool (N,); None for all. See `attending`."""

    def __init__(self, env: VectorEnv[Any, Any, Any], watcher: Watcher) -> None:
        super().__init__(env)
        unwrapped = env.unwrapped
        if self.reads_transcripts and isinstance(unwrapped, TextVectorEnv) and not unwrapped.rules.record:
            raise ValueError(f"{type(self).__name__} reads transcripts: gym.make_vec(..., record=True)")
        self.watcher = watcher
        self._mode = AutoresetMode(env.metadata["autoreset_mode"])
        self._over = np.ones(self.num_envs, bool)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start episodes, in every slot or in those of `options["reset_mask"]`."""
        mask = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs, bool)), bool)
        observations, infos = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type]  # seeds may be many
        return observations, self._start(np.flatnonzero(mask), infos)

    def step(
        self, actions: Any
    ) -> tuple[Any, npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.bool_], dict[str, Any]]:
        """Take a token or a run of tokens in every slot."""
        observations, rewards, terminated, truncated, infos = self.env.step(actions)
        was_over, over = self._over, terminated | truncated
        if not (was_over.any() or over.any() or "turn" in infos):
            return observations, rewards, terminated, truncated, infos
        self._over = over if self._mode != AutoresetMode.SAME_STEP else np.zeros_like(over)
        ended = over & ~was_over
        rewards = self._watch(ended, rewards, infos)
        if self._mode == AutoresetMode.NEXT_STEP:
            infos = self._start(np.flatnonzero(was_over & ~over), infos)
        elif self._mode == AutoresetMode.SAME_STEP:
            infos = self._start(np.flatnonzero(ended), infos)
        return observations, rewards, terminated, truncated, infos

    def close(self, **kwargs: Any) -> None:
        """Close the wrapper and the environments."""
        self.watcher.close()
        super().close(**kwargs)

    def _start(self, slots: npt.NDArray[np.intp], infos: dict[str, Any]) -> dict[str, Any]:
        self._over[slots] = False
        for i in slots.tolist():
            infos = self._add_info(infos, self.watcher.start(i), i)
        return infos

    def _watch(
        self, ended: npt.NDArray[np.bool_], rewards: npt.NDArray[np.float64], infos: dict[str, Any]
    ) -> npt.NDArray[np.float64]:
        """Tell the watcher of the turns that ended; write what it changes into `infos`, and return the rewards."""
        final = infos.get("final_info", {}) if self._mode == AutoresetMode.SAME_STEP else infos
        turns = infos.get("_turn", np.zeros(self.num_envs, bool))
        ends, before = [], []
        seen = ended | turns if self.active is None else (ended | turns) & self.active
        for i in np.flatnonzero(seen).tolist():
            info = slot_info(final if ended[i] else infos, i)
            before.append(dict(info))
            ends.append(TurnEnd(i, float(rewards[i]), info, bool(ended[i])))
        if not ends:
            return rewards
        self.watcher.turns_end(ends)
        rewards = rewards.copy()
        for end, old in zip(ends, before, strict=True):
            rewards[end.slot] = end.reward
            changed = {key: value for key, value in end.info.items() if key not in old or old[key] is not value}
            self._add_info(final if end.over else infos, changed, end.slot)
        return rewards


@contextmanager
def attending(envs: VectorEnv[Any, Any, Any], active: npt.NDArray[np.bool_]) -> Iterator[None]:
    """Inside, the wrappers of `envs` look only at the slots where `active`, bool (N,), which may change in place.

    For a learner that waits for its last episodes: what the slots beside them play meanwhile is not to be recorded,
    scored, or counted as a failure of the policy.
    """
    wrappers = []
    while isinstance(envs, VectorWrapper):
        if isinstance(envs, TextVectorWrapper):
            wrappers.append(envs)
        envs = envs.env
    for wrapper in wrappers:
        wrapper.active = active
    try:
        yield
    finally:
        for wrapper in wrappers:
            wrapper.active = None


def slot_info(infos: dict[str, Any], i: int) -> dict[str, Any]:
    """The info of slot `i` out of those of a vector environment: Python values where `infos` holds arrays of them."""
    info = {}
    for key, values in infos.items():
        mask = infos.get(f"_{key}")
        if mask is not None and mask[i]:
            value = slot_info(values, i) if isinstance(values, dict) else values[i]
            info[key] = value.item() if isinstance(value, np.generic) else value
    return info
