"""Rows of a batch that begin alike: what they share goes through the model once, not once a row.

A system prompt with few-shot examples can be most of an episode. The result is that of the plain forward pass: the
shared tokens see nothing but each other, so their keys and values are the same in every row, and in the backward pass
they collect the gradient of all rows (`test_shared_prefix.py`).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

LEAST_SAVED = 0.1
"""Fraction of a batch's tokens that sharing must save: it takes a pass through the model of its own."""


def shared_prefix(input_ids: Tensor, lengths: Tensor) -> int:
    """How many leading tokens to compute once; 0 where it is not worth it.

    Args:
        input_ids: (B, T) int64, right-padded with anything.
        lengths: (B,) int64, 1 <= lengths <= T.

    >>> ids = torch.tensor([[5, 6, 7, 1, 2], [5, 6, 7, 3, 0]])
    >>> shared_prefix(ids, torch.tensor([5, 4]))
    3
    """
    alike = (input_ids == input_ids[0]).all(dim=0)
    most = int(lengths.min()) - 1  # every row keeps a token of its own, and no padding counts
    shared = int(alike[:most].long().cumprod(dim=0).sum())
    saved = shared * (len(lengths) - 1)
    return shared if saved >= LEAST_SAVED * int(lengths.sum()) else 0


def forward_once(
    trunk: Callable[..., Tensor], input_ids: Tensor, attention_mask: Tensor, position_ids: Tensor, shared: int
) -> Tensor:
    """(B, T, H): what `trunk` gives for the whole rows, their first `shared` tokens computed in the first row alone."""
    rows, cache = len(input_ids), DynamicCache()
    prefix = trunk(
        input_ids[:1, :shared],
        attention_mask=attention_mask[:1, :shared],
        position_ids=position_ids[:1, :shared],
        past_key_values=cache,
        use_cache=True,
    )
    cache.batch_repeat_interleave(rows)
    rest = trunk(
        input_ids[:, shared:],
        attention_mask=attention_mask,
        position_ids=position_ids[:, shared:],
        past_key_values=cache,
        use_cache=True,
    )
    return torch.cat([prefix.expand(rows, -1, -1), rest], dim=1)


@torch.no_grad()
def shares_exactly(trunk: Callable[..., Tensor], vocab_size: int, device: torch.device) -> bool:
    """Whether `forward_once` gives what a plain pass gives, tried on two short rows.

    Only trying tells: some models keep what a plain cache has no place for (convolutions, linear attention), some want
    a cache of their own class, and some ignore the one that they are given.
    """
    shared, width = 4, 8
    ids = torch.arange(2 * width, device=device).reshape(2, width) % vocab_size
    ids[1, :shared] = ids[0, :shared]
    positions = torch.arange(width, device=device).expand(2, width)
    mask = torch.ones_like(ids)
    mask[1, -1] = 0
    try:
        plain = trunk(ids, attention_mask=mask, position_ids=positions, use_cache=False)
        parts = forward_once(trunk, ids, mask, positions, shared)
    except Exception:  # whatever it is, it is the model's way to say that it cannot
        return False
    off = (parts - plain)[mask.bool()].abs().max()
    return bool(off <= torch.finfo(plain.dtype).eps ** 0.5 * plain.abs().max())  # not for NaN either
