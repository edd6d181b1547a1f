"""Infos of N slots as Gymnasium's vector environments return them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np


def batch_infos(infos: Iterable[tuple[int, Mapping[str, Any]]], num_envs: int) -> dict[str, Any]:
    """The infos of some slots, by slot, as one info of arrays.

    Each key has an array of `num_envs` values and, under `_key`, a bool array of the slots that have one. What
    `gymnasium.vector.VectorEnv._add_info` makes of them slot by slot, in a third of the time
    (`test_vector.py::test_infos_are_gymnasiums`).
    """
    batched: dict[str, Any] = {}
    nested: dict[str, list[tuple[int, Mapping[str, Any]]]] = {}
    for i, info in infos:
        for key, value in info.items():
            if (mask := batched.get(f"_{key}")) is None:
                mask = batched[f"_{key}"] = np.zeros(num_envs, bool)
                if isinstance(value, dict) and key != "final_obs":
                    nested[key] = []
                else:
                    batched[key] = _empty(value, num_envs)
            mask[i] = True
            if key in nested:
                nested[key].append((i, value))
            else:
                batched[key][i] = value
    return batched | {key: batch_infos(parts, num_envs) for key, parts in nested.items()}


def _empty(value: Any, num_envs: int) -> Any:
    """An array for values like this one."""
    if isinstance(value, np.ndarray):
        return np.zeros((num_envs, *value.shape), value.dtype)
    if type(value) in (int, float, bool) or isinstance(value, np.number):
        return np.zeros(num_envs, type(value))
    return np.empty(num_envs, object)
