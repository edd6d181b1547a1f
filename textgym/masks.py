"""Which tokens can stand in a turn: action masks."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from textgym.tokenizers import Tokenizer

ActionMask = Literal["info", "obs", "both"]


def check_action_mask(where: ActionMask | None) -> ActionMask | None:
    """`where` itself.

    Raises:
        ValueError: something else than the three places, or None.
    """
    if where is not None and where not in get_args(ActionMask):
        raise ValueError(f"unknown action_mask {where!r}; it can be {', '.join(get_args(ActionMask))}, or None")
    return where


def turn_ids_mask(
    tokenizer: Tokenizer, shown: Set[int], written: Set[int], allowed: Sequence[int] | None = None
) -> npt.NDArray[np.bool_]:
    """Ids that can stand in a turn, bool (V,): what a sampler that follows the mask chooses from.

    Left out are ids that no turn is made of:

    - those without text: holes in the vocabulary, and what an output layer has beyond the tokenizer;
    - the padding id, unless it is also EOS;
    - control tokens that only the environment writes, such as `<|im_start|>` or a tag around tool results; those that
      occur in a call or a submission stay, as does EOS.

    The mask is the same at every step: which texts are calls is for the policy to learn. It is advice: `step` takes
    any token.

    Args:
        tokenizer: gives each id its text.
        shown: ids that the environment writes, in prompts and around tool results.
        written: ids of the markup in calls and submissions.
        allowed: ids to restrict the mask to.

    Raises:
        ValueError: an allowed id outside the vocabulary, or a restriction that leaves no id.
    """
    mask = np.array([_has_text(tokenizer, i) for i in range(tokenizer.vocab_size)], bool)
    mask[tokenizer.pad_id] = False
    mask[[i for i in shown - written if _is_control(tokenizer, i)]] = False
    mask[tokenizer.eos_id] = True
    if allowed is not None:
        mask &= _chosen(allowed, tokenizer.vocab_size)
        if not mask.any():
            raise ValueError("allowed_tokens leaves no token that can stand in a turn; allow at least one")
    return mask


def _has_text(tokenizer: Tokenizer, i: int) -> bool:
    # Some decoders drop a leading space, and with it all of a token that is one.
    return bool(tokenizer.decode([i]) or tokenizer.decode([i, i]))


def _is_control(tokenizer: Tokenizer, i: int) -> bool:
    """Whether the same text is this id as markup, and is not as data."""
    text = tokenizer.decode([i])
    return i in tokenizer.encode_control(text) and i not in tokenizer.encode(text)


def _chosen(ids: Sequence[int], vocab_size: int) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(vocab_size, bool)
    for i in ids:
        if not 0 <= i < vocab_size:
            raise ValueError(f"allowed_tokens has the id {i}, but the vocabulary ends at {vocab_size - 1}")
        chosen[i] = True
    return chosen
