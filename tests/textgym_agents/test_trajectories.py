"""What a learner consumes: checked where it is made, padded and cut without loss."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
import torch
from support.policies import random_trajectories

from textgym import Segment, StopReason, Transcript
from textgym_agents import Batch, Trajectory

IDS, MASK, REWARDS = np.arange(4), np.array([False, True, False, True]), np.array([0, 0, 0, 1], np.float32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": MASK[:3]}, "mask has shape"),
        ({"rewards": REWARDS[:2]}, "rewards has shape"),
        ({"sampler_logp": np.zeros(5, np.float32)}, "sampler_logp has shape"),
        ({"ids": IDS[None], "mask": MASK[None], "rewards": REWARDS[None]}, "one episode"),
        ({"mask": MASK.astype(np.int8)}, r"astype\(bool\)"),
        ({"mask": np.zeros(4, bool), "rewards": np.zeros(4, np.float32)}, "without sampled tokens"),
        ({"mask": np.array([True, True, False, True])}, "put a prompt before it"),
        ({"rewards": np.array([0, 0, 1, 0], np.float32)}, "put it on the last sampled one"),
        ({"rewards": np.array([0, 0, 0, math.nan], np.float32)}, "NaN or infinite"),
        ({"rewards": np.array([0, 0, math.inf, 0], np.float32)}, "NaN or infinite"),
    ],
)
def test_trajectory_checks_what_it_is_given(change: dict[str, Any], message: str) -> None:
    Trajectory(IDS, MASK, REWARDS)
    with pytest.raises(ValueError, match=message):
        Trajectory(**{"ids": IDS, "mask": MASK, "rewards": REWARDS, **change})


def test_trajectory_of_a_transcript() -> None:
    segments = (
        Segment((1, 2), "user"),
        Segment((3, 4), "model", sampled=True, logprobs=(-0.5, -0.25)),
        Segment((5,), "tool", turn=1),
        Segment((6,), "model", sampled=True, turn=1, logprobs=(-1.0,)),
    )
    transcript = Transcript(segments, (0.0, 0.5), StopReason.SUBMIT)
    t = Trajectory.from_transcript(transcript, group=3)
    assert t.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert t.mask.tolist() == [False, False, True, True, False, True]
    assert t.rewards.tolist() == [0, 0, 0, 0, 0, 0.5]
    assert t.sampler_logp is not None
    assert t.sampler_logp.tolist() == [0, 0, -0.5, -0.25, 0, -1]
    assert (t.terminated, t.group) == (True, 3)
    assert not Trajectory.from_transcript(replace(transcript, stop_reason=StopReason.MAX_TURNS)).terminated
    unknown = replace(transcript, segments=(*segments[:3], replace(segments[3], logprobs=None)))
    assert Trajectory.from_transcript(unknown).sampler_logp is None
    with pytest.raises(ValueError, match="no stop_reason"):
        Trajectory.from_transcript(replace(transcript, stop_reason=None))


def test_batch_pads_to_the_right_and_cuts_back() -> None:
    trajectories = random_trajectories(7)
    batch = Batch.collate(trajectories)
    assert batch.ids.shape == (7, max(len(t.ids) for t in trajectories))
    for i, t in enumerate(trajectories):
        n = len(t.ids)
        assert batch.ids[i, :n].tolist() == t.ids.tolist()
        assert not batch.mask[i, n:].any()
        assert not batch.rewards[i, n:].any()
        assert (int(batch.lengths[i]), bool(batch.terminated[i])) == (n, t.terminated)
    batch.values = torch.rand(batch.ids.shape)
    index = torch.tensor([5, 0, 3, 6])
    for shuffled in (index, index.flip(0)):
        parts = list(batch.split(shuffled, 3))
        assert [len(rows) for rows, _ in parts] == [3, 1]
        assert sorted(torch.cat([rows for rows, _ in parts]).tolist()) == [0, 3, 5, 6]
    for rows, part in parts:
        width = int(batch.lengths[rows].max())
        for f in fields(part):
            whole, cut = getattr(batch, f.name), getattr(part, f.name)
            assert torch.equal(cut, whole[rows][:, :width] if whole.ndim == 2 else whole[rows] if len(whole) else whole)
