"""The token record: masks, rewards, actions and round trips."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgym import Segment, StopReason, Transcript, read_jsonl, write_jsonl
from textgym.transcript import ROLE_CODE, ROLES

PROMPT = Segment((1, 2, 3), "user")
CALL = Segment((10, 11), "model", sampled=True, turn=0, logprobs=(-0.5, -1.5))
RESULT = Segment((20, 21, 22), "tool", turn=1, tool_call_id="call0")
ANSWER = Segment((12,), "model", sampled=True, turn=1, logprobs=(-0.25,))
EPISODE = Transcript((PROMPT, CALL, RESULT, ANSWER), (0.5, 1.0), StopReason.SUBMIT, {"env_id": "Toy-v0"})

ids = st.lists(st.integers(0, 99), max_size=5).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@st.composite
def segments(draw):
    some = draw(ids)
    return Segment(
        some,
        draw(st.sampled_from(ROLES)),
        draw(st.booleans()),
        draw(st.integers(0, 3)),
        draw(st.none() | st.text()),
        draw(st.none() | st.lists(st.floats(-9, 0), min_size=len(some), max_size=len(some)).map(tuple)),
    )


transcripts = st.builds(
    Transcript,
    st.lists(segments(), max_size=6).map(tuple),
    st.lists(st.floats(-2, 2), max_size=5).map(tuple),
    st.none() | st.sampled_from(StopReason),
    st.dictionaries(st.text(), json_values, max_size=3),
)


def test_arrays_have_a_value_for_each_token():
    assert len(EPISODE) == 9
    np.testing.assert_array_equal(EPISODE.ids, [1, 2, 3, 10, 11, 20, 21, 22, 12])
    np.testing.assert_array_equal(EPISODE.loss_mask, [0, 0, 0, 1, 1, 0, 0, 0, 1])
    np.testing.assert_array_equal(EPISODE.segment_ids, [2, 2, 2, 3, 3, 4, 4, 4, 3])
    np.testing.assert_array_equal(EPISODE.actions, [10, 11, 12])
    np.testing.assert_array_equal(EPISODE.rewards, np.float32([0, 0, 0, 0, 0.5, 0, 0, 0, 1]))
    np.testing.assert_array_equal(EPISODE.logprobs, np.float32([0, 0, 0, -0.5, -1.5, 0, 0, 0, -0.25]))
    assert list(EPISODE) == list(EPISODE.segments)


@pytest.mark.parametrize("transcript", [EPISODE, Transcript(())], ids=["episode", "empty"])
def test_dtypes(transcript):
    dtypes = {
        "ids": np.int64,
        "loss_mask": np.int8,
        "segment_ids": np.int8,
        "actions": np.int64,
        "rewards": np.float32,
        "logprobs": np.float32,
    }
    for name, dtype in dtypes.items():
        array = getattr(transcript, name)
        assert array.dtype == dtype, name
        assert array.ndim == 1


def test_logprobs_are_unknown_if_one_sampled_segment_has_none():
    assert Transcript((PROMPT, CALL, Segment((5,), "model", True, 1))).logprobs is None


def test_logprobs_of_tokens_that_were_not_sampled_are_zero():
    scored = Segment((1, 2), "user", logprobs=(-3.0, -4.0))
    np.testing.assert_array_equal(Transcript((scored, CALL)).logprobs, np.float32([0, 0, -0.5, -1.5]))


def test_the_reward_of_an_unfinished_turn_is_not_there_yet():
    assert not Transcript((PROMPT, CALL), ()).rewards.any()


def test_a_turn_in_two_segments_has_its_reward_once_on_the_last_token():
    halves = (PROMPT, Segment((1, 2), "model", True), Segment((3, 4), "model", True), Segment((), "model", True))
    np.testing.assert_array_equal(Transcript(halves, (1.0,)).rewards, np.float32([0, 0, 0, 0, 0, 0, 1]))


def test_an_empty_turn_adds_its_reward_to_the_turn_before():
    empty = Segment((), "model", True, turn=1)
    rewards = Transcript((PROMPT, CALL, empty), (0.5, -1.0)).rewards
    assert rewards[np.flatnonzero(rewards)].tolist() == [-0.5]
    assert rewards[len(PROMPT.ids) + len(CALL.ids) - 1] == -0.5


def test_an_empty_turn_at_first_puts_its_reward_on_no_other_token():
    assert not Transcript((PROMPT, Segment((), "model", True)), (1.0,)).rewards.any()
    assert Transcript((Segment((), "model", True),), (1.0,)).rewards.shape == (0,)


@given(transcripts)
def test_rewards_sum_to_those_of_turns_from_the_first_sampled_token_on(transcript):
    first = min((s.turn for s in transcript if s.sampled and s.ids), default=len(transcript.turn_rewards))
    expected = sum(np.float32(reward) for reward in transcript.turn_rewards[first:])
    assert transcript.rewards.sum() == pytest.approx(expected, abs=1e-5)
    assert not transcript.rewards[transcript.loss_mask == 0].any()


@given(transcripts)
def test_json_round_trip(transcript):
    assert Transcript.from_dict(json.loads(json.dumps(transcript.to_dict()))) == transcript
    assert Transcript.from_dict(transcript.to_dict()) == transcript


@given(transcripts)
def test_pickle_round_trip(transcript):
    assert pickle.loads(pickle.dumps(transcript)) == transcript


@settings(max_examples=30)
@given(st.lists(transcripts, max_size=3))
def test_jsonl_round_trip(tmp_path_factory, many):
    path = tmp_path_factory.mktemp("jsonl") / "transcripts.jsonl"
    write_jsonl(path, many)
    assert read_jsonl(path) == many
    assert len(path.read_text().splitlines()) == len(many)


def test_stop_reason_survives_as_an_enum():
    again = Transcript.from_dict(json.loads(json.dumps(EPISODE.to_dict())))
    assert again.stop_reason is StopReason.SUBMIT
    assert isinstance(again.segments[0].ids, tuple)


def test_changed_transcripts_differ():
    assert Transcript.from_dict({**EPISODE.to_dict(), "stop_reason": "no_call"}) != EPISODE
    assert Transcript(EPISODE.segments[:-1]) != EPISODE


def test_bad_segments():
    with pytest.raises(ValueError, match="unknown role 'robot'; the roles are system, user, model, tool, scaffold"):
        Segment((1,), "robot")
    with pytest.raises(ValueError, match="1 logprobs for 2 ids; give one for each id"):
        Segment((1, 2), "model", logprobs=(-1.0,))


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write_jsonl(tmp_path / "bad.jsonl", [Transcript((PROMPT,), (float("nan"),))])


def test_role_codes_leave_zero_to_padding():
    assert ROLE_CODE == {"system": 1, "user": 2, "model": 3, "tool": 4, "scaffold": 5}


def test_terminations_and_truncations():
    terminations = {StopReason.SUBMIT, StopReason.NO_CALL, StopReason.CALL_ERROR}
    assert {reason for reason in StopReason if reason.terminated} == terminations
