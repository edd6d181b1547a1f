"""A key-value cache with one row a slot and a length a slot, for continuous batching in plain transformers.

Hugging Face's caches append the same columns to every row. Here a forward pass says for each of its tokens which
column of which slot it fills (`SlotCache.place`), so rows of one batch can stand at different positions, be restarted,
or be left out. The model is given explicit position ids and a 4-D mask, which transformers passes through untouched.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin


@dataclass
class Placement:
    """Where the tokens of the forward pass under way go, and what they see.

    Attributes:
        index: (R * Q,) int64, `slot * columns + column` for each of the R x Q tokens, row by row.
        rows: (R,) int64, the slots of the batch's rows; None when the batch is all slots in order.
        width: how many columns the rows attend to; 0 when they see only the tokens of this very pass.
    """

    index: Tensor
    rows: Tensor | None
    width: int


class SlotLayer(CacheLayerMixin):
    """The keys and values of one layer: (slots, columns, heads, head_dim), allocated on first use.

    Columns come before heads, unlike in transformers, so that a token's entry is one contiguous block: writing is one
    `index_copy_`, and attention reads a strided view without a copy.
    """

    is_sliding = False

    def __init__(self, num_slots: int, columns: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.num_slots = num_slots
        self.columns = columns
        self.placement: Placement | None = None

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Allocate; zeros, as a masked column must still be finite (0 * nan is nan)."""
        for name, states in (("keys", key_states), ("values", value_states)):
            shape = (self.num_slots, self.columns, states.shape[1], states.shape[3])
            setattr(self, name, torch.zeros(shape, dtype=states.dtype, device=states.device))
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any) -> tuple[Tensor, Tensor]:
        """Write (R, heads, Q, head_dim) states where `placement` says; return what the queries attend to."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        place = self.placement
        if place is None:
            raise RuntimeError("SlotCache.place() must say where the tokens go before each forward pass")
        seen = []
        for store, states in ((self.keys, key_states), (self.values, value_states)):
            assert store is not None  # allocated above
            entries = states.transpose(1, 2).flatten(0, 1)
            store.flatten(0, 1).index_copy_(0, place.index, entries)
            if place.width == 0:
                seen.append(states)
            elif place.rows is None:
                seen.append(store[:, : place.width].transpose(1, 2))
            else:
                seen.append(store[:, : place.width].index_select(0, place.rows).transpose(1, 2))
        return seen[0], seen[1]

    def copy(self, source: int, slots: Tensor, length: int) -> None:
        """Give `slots` (R,) int64 the first `length` columns of the slot `source`, which was fed before."""
        for store in (self.keys, self.values):
            assert store is not None
            store[slots, :length] = store[source, :length]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Asked only when no mask is given: the queries then see the keys of their own pass, from column 0."""
        return query_length, 0

    def get_seq_length(self) -> int:
        """0: there is no one length; positions and masks are always explicit."""
        return 0

    def get_max_length(self) -> int:
        return self.columns


class SlotCache(Cache):
    """`num_slots` rows of `max_length` columns, and one scratch column a slot that padding is written to.

    Args:
        num_layers: layers of the model.
        num_slots: rows.
        max_length: the longest sequence a slot can hold.
    """

    def __init__(self, num_layers: int, num_slots: int, max_length: int) -> None:
        self.scratch = max_length
        super().__init__(layers=[SlotLayer(num_slots, max_length + 1) for _ in range(num_layers)])

    def place(self, columns: Tensor, rows: Tensor | None, width: int) -> None:
        """Say where the next forward pass writes.

        Args:
            columns: (R, Q) int64, the column of each token; `scratch` for padding.
            rows: (R,) int64 slots, or None for all slots in order.
            width: columns to attend to, 0 for none but the pass's own tokens.
        """
        slots = torch.arange(columns.shape[0], device=columns.device) if rows is None else rows
        index = (slots.unsqueeze(1) * (self.scratch + 1) + columns).flatten()
        placement = Placement(index, rows, width)
        for layer in self.layers:
            layer.placement = placement  # type: ignore[union-attr]

    def copy(self, source: int, slots: Tensor, length: int) -> None:
        """Give `slots` (R,) int64 the first `length` columns of the slot `source`, in every layer."""
        for layer in self.layers:
            layer.copy(source, slots, length)  # type: ignore[union-attr]
