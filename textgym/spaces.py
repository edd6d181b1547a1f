"""Observation and action spaces of an episode.

`TextEnv` lists the observation of the causal layout.

`layout="encdec"`, P = `max_prompt_tokens`: the prompt is on the encoder's side, all that follows, tool results
included, on the decoder's, without the start token that a decoder puts before it.

| key | space |
|---|---|
| `encoder_input_ids`, `encoder_attention_mask`, `encoder_segment_ids` | as in the causal layout, (P,) |
| `encoder_length` | Box int64 (1,) |
| `decoder_input_ids`, `decoder_attention_mask`, `decoder_loss_mask`, `decoder_segment_ids` | likewise, (L,) |
| `decoder_length` | Box int64 (1,) |

With `action_mask="obs"` or `"both"` there is also `action_mask`, Box int8 (V,) (`textgym.masks`).
"""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from textgym.rules import Rules
from textgym.transcript import ROLE_CODE

ActionMode = Literal["token", "turn"]


class TurnSpace(spaces.MultiDiscrete):
    """Runs of up to `max_new_tokens` ids below `vocab_size`, padded by -1.

    MultiDiscrete and not Box: ids are categories, and `check_env` asks of a Box that it be normalised.
    """

    def __init__(self, max_new_tokens: int, vocab_size: int) -> None:
        super().__init__(np.full(max_new_tokens, vocab_size + 1), start=np.full(max_new_tokens, -1))

    def sample(self, mask: Any = None, probability: Any = None) -> npt.NDArray[np.int64]:
        """A run of random length: random ids alone would almost never stop, and every turn would be cut off.

        `mask` may be an action mask, int8 (V,), of ids to choose from.
        """
        if isinstance(mask, np.ndarray):
            ids: npt.NDArray[np.int64] = self.np_random.choice(np.flatnonzero(mask), len(self.nvec))
        else:
            ids = super().sample(mask, probability)
        ids[self.np_random.integers(1, len(ids) + 1) :] = -1
        return ids


def make_spaces(rules: Rules, action_mode: str) -> tuple[spaces.Space[Any], spaces.Space[Any]]:
    """Observation and action space of one episode.

    Raises:
        ValueError: an unknown action mode.
    """
    vocab = rules.tokenizer.vocab_size
    if rules.layout == "causal":
        boxes = _tokens("", rules.max_tokens, vocab)
    else:
        boxes = _tokens("encoder_", rules.max_prompt_tokens, vocab) | _tokens("decoder_", rules.max_tokens, vocab)
        del boxes["encoder_loss_mask"]
    if rules.action_mask in ("obs", "both"):
        boxes["action_mask"] = spaces.Box(0, 1, (vocab,), np.int8)
    observation = spaces.Dict(boxes)
    if action_mode == "token":
        return observation, spaces.Discrete(vocab)
    if action_mode == "turn":
        return observation, TurnSpace(rules.max_new_tokens, vocab)
    known = " and ".join(repr(mode) for mode in get_args(ActionMode))
    raise ValueError(f"unknown action_mode {action_mode!r}; the modes are {known}")


def _tokens(prefix: str, length: int, vocab: int) -> dict[str, spaces.Space[Any]]:
    return {
        f"{prefix}input_ids": spaces.Box(0, vocab - 1, (length,), np.int64),
        f"{prefix}attention_mask": spaces.Box(0, 1, (length,), np.int8),
        f"{prefix}loss_mask": spaces.Box(0, 1, (length,), np.int8),
        f"{prefix}segment_ids": spaces.Box(0, len(ROLE_CODE), (length,), np.int8),
        f"{prefix}length": spaces.Box(0, length, (1,), np.int64),
    }


def turn_ids(action: npt.ArrayLike, vocab_size: int) -> npt.NDArray[np.int64]:
    """The ids of a turn action: what stands before the first -1, clipped to the vocabulary, int64 (A,)."""
    try:
        ids = np.asarray(action, np.int64).reshape(-1)
    except OverflowError:  # an integer of Python, beyond any id
        ids = np.clip(np.asarray(action, object).reshape(-1), -1, vocab_size).astype(np.int64)
    padding = np.flatnonzero(ids < 0)
    return ids[: padding[0] if len(padding) else None].clip(max=vocab_size - 1)


def batch_turn_ids(
    actions: npt.NDArray[np.int64], may_stop: npt.NDArray[np.bool_]
) -> list[tuple[npt.NDArray[np.int64], list[int]]]:
    """`turn_ids` of each row of (N, A) turn actions, and the positions in it of ids that `may_stop`, bool (V,)."""
    ids = np.minimum(actions, len(may_stop) - 1)
    padding = ids < 0
    counts = np.where(padding.any(axis=1), padding.argmax(axis=1), ids.shape[1])
    stops = may_stop[np.maximum(ids, 0)] & (np.arange(ids.shape[1]) < counts[:, None])
    rows, columns = (each.tolist() for each in stops.nonzero())
    bounds = np.searchsorted(rows, range(len(ids) + 1)).tolist()
    parts = zip(ids, counts.tolist(), bounds, bounds[1:], strict=False)
    return [(row[:count], columns[first:last]) for row, count, first, last in parts]
