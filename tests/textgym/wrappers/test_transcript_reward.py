"""A reward from any function of the transcript."""

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode
from support.toys import toy_env

from textgym import Transcript
from textgym.wrappers import CallPenalty, TranscriptReward, vector

CALL = "<request><echo>hi<call>"


def play(env, *turns: str):
    env.reset(seed=0)
    return [env.step_text(turn) for turn in turns]


def test_the_score_sees_the_whole_episode():
    seen: list[Transcript] = []

    def score(transcript: Transcript) -> float:
        seen.append(transcript)
        return 2.0

    (_, first, *_), (_, last, terminated, _, info) = play(TranscriptReward(toy_env(), score), CALL, "0<submit>")
    assert (first, last, terminated) == (0.0, 2.0, True)
    assert len(seen) == 1
    assert seen[0].metadata["prompt"].startswith("Echo ")
    assert (seen[0].turn_rewards, seen[0].stop_reason) == ((0.0, 0.25), "submit")
    assert (info["score"], info["is_success"], info["reward_components"]) == (
        2.0,
        False,
        {"correct": 0.0, "short": 0.25},
    )
    assert info["transcript"].turn_rewards == (0.0, 2.0)


def test_modes():
    """Over a wrapper that already takes something off in the first turn."""

    def three(transcript: Transcript) -> float:
        return 3.0

    replaced = play(TranscriptReward(CallPenalty(toy_env(), 0.5), three, mode="replace"), CALL, "0<submit>")
    added = play(TranscriptReward(CallPenalty(toy_env(), 0.5), three, mode="add"), CALL, "0<submit>")
    assert [step[1] for step in replaced] == [0.0, 3.0]
    assert replaced[-1][4]["transcript"].turn_rewards == (0.0, 3.0)
    assert [step[1] for step in added] == [-0.5, 3.25]
    assert added[-1][4]["transcript"].turn_rewards == (-0.5, 3.25)


def test_an_episode_is_scored_once():
    scored = []
    env = TranscriptReward(toy_env(), lambda transcript: scored.append(transcript) or 1.0)
    play(env, "0<submit>", "0<submit>", "0<submit>")
    assert len(scored) == 1
    assert env.step_text("0<submit>")[1] == 0.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float32("nan")])
def test_scores_are_finite(value):
    env = TranscriptReward(toy_env(), lambda transcript: value)
    with pytest.raises(
        ValueError, match=r"the score of the episode on 'Echo \d+ and add 1.' is .*; a reward must be fin"
    ):
        play(env, "0<submit>")


def test_scores_of_a_batch_are_as_many_as_episodes():
    env = TranscriptReward(toy_env(), lambda transcripts: [1.0, 2.0], batched=True)
    with pytest.raises(ValueError, match="2 scores for 1 transcripts; a batched score gives one for each"):
        play(env, "0<submit>")


def test_unknown_mode():
    with pytest.raises(ValueError, match="unknown mode 'multiply'; the modes are 'replace' and 'add'"):
        TranscriptReward(toy_env(), len, mode="multiply")


def test_scores_may_be_numbers_of_any_kind():
    for value in (1, True, np.float32(1.0), np.array(1.0), np.array([1.0])[0]):
        step = play(TranscriptReward(toy_env(), lambda transcript, value=value: value), "0<submit>")[0]
        assert step[1] == 1.0
        assert type(step[1]) is float


@pytest.mark.parametrize("autoreset", list(AutoresetMode))
def test_episodes_of_one_step_are_scored_together(autoreset):
    """Four slots: two end in the first step, one in the second; each call gets what ended, in the order of slots."""
    calls: list[list[str]] = []

    def lengths(transcripts: list[Transcript]) -> np.ndarray:
        calls.append([transcript.metadata["prompt"] for transcript in transcripts])
        return np.arange(1.0, len(transcripts) + 1)

    envs = gymnasium.make_vec(
        "TextCalc-v0", num_envs=4, record=True, action_mode="turn", autoreset_mode=autoreset, max_new_tokens=32
    )
    wrapped = vector.TranscriptReward(envs, lengths, batched=True)
    wrapped.reset(seed=0)
    prompts = [episode.task.prompt for episode in envs.episodes]
    end, go_on = envs.rules.encode_turn("1<submit>"), envs.rules.encode_turn("1")[:-1]
    padded = lambda ids: [*ids, *[-1] * (32 - len(ids))]  # noqa: E731
    one, two = ([padded(end if i in slots else go_on) for i in range(4)] for slots in ((1, 3), (0,)))
    rewards = wrapped.step(np.array(one))[1]
    assert calls == [[prompts[1], prompts[3]]]
    assert rewards.tolist() == [0.0, 1.0, 0.0, 2.0]
    if autoreset == AutoresetMode.DISABLED:
        wrapped.reset(options={"reset_mask": np.array([False, True, False, True])})
    rewards = wrapped.step(np.array(two))[1]
    assert calls[1:] == [[prompts[0]]]
    assert rewards.tolist() == [1.0, 0.0, 0.0, 0.0]
