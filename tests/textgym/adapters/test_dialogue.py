"""An environment as a conversation."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import TimeLimit
from support.toys import ToyTasks, toy_env

from textgym import ToolCall
from textgym.adapters.dialogue import Dialogue
from textgym.protocols import PROTOCOLS

BUDGETS = {"max_tokens": 1500, "max_new_tokens": 300}

every_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def toy_dialogue(tokenizer="byte", protocol="tags", **kwargs):
    return Dialogue(toy_env(tokenizer, protocol, action_mode="turn", **BUDGETS | kwargs))


@every_protocol
@pytest.mark.parametrize("tokenizer", ["byte", "markup", "char", "bpe"])
def test_plays_what_step_text_plays(tokenizer, protocol):
    dialogue, env = toy_dialogue(tokenizer, protocol), toy_env(tokenizer, protocol, **BUDGETS)
    question = dialogue.reset(seed=3)
    env.reset(seed=3)
    assert question == env.task.prompt
    number = env.task.metadata["number"]
    write = env.rules.protocol.write_call
    turns = [
        (write(ToolCall("echo", {"text": "hi"})), ("hi",)),
        (write(ToolCall("add", {"a": number, "b": 1})), (str(number + 1),)),
        (env.rules.protocol.write_submission(str(number + 1)), ()),
    ]
    rewards = 0.0
    for text, replies in turns:
        assert not dialogue.done
        assert dialogue.say(text) == replies
        _, reward, _, _, info = env.step_text(text)
        rewards += reward
        assert dialogue.info == info
    assert dialogue.done
    assert dialogue.reward == rewards == 1.25
    assert dialogue.text_env.transcript() == env.transcript()


def test_several_calls_in_a_turn_are_answered_in_order():
    dialogue = toy_dialogue(protocol="hermes")
    dialogue.reset(seed=0)
    calls = [ToolCall("echo", {"text": "one"}), ToolCall("refuse", {}), ToolCall("echo", {"text": "two"})]
    turn = "".join(map(dialogue.rules.protocol.write_call, calls))
    assert dialogue.say(turn) == ("one", "error: not today", "two")


def test_an_ended_episode_takes_nothing_more():
    dialogue = toy_dialogue()
    assert dialogue.done  # none has begun
    assert dialogue.say("1<submit>") == ()
    dialogue.reset(seed=0)
    dialogue.say("1<submit>")
    ended = dialogue.text_env.transcript()
    assert dialogue.say("<request><echo>hi<call>") == ()
    assert dialogue.text_env.transcript() == ended
    dialogue.reset(seed=0)
    assert (dialogue.done, dialogue.reward) == (False, 0.0)


def test_a_turn_beyond_the_budget_is_cut_and_ends_the_episode():
    dialogue = toy_dialogue(max_new_tokens=10)
    dialogue.reset(seed=0)
    assert dialogue.say("x" * 11 + "<submit>") == ()
    assert dialogue.done
    assert dialogue.info["stop_reason"] == "max_new_tokens"
    assert len(dialogue.text_env.transcript().actions) == 10


def test_wrappers_have_their_say():
    class Doubles(gym.RewardWrapper):
        def reward(self, reward):
            return 2 * reward

    dialogue = Dialogue(Doubles(TimeLimit(toy_env(action_mode="turn"), max_episode_steps=2)))
    answer = str(int(dialogue.reset(seed=0).split()[1]) + 1)
    dialogue.say(answer + "<submit>")
    assert dialogue.reward == 2.5
    dialogue.reset(seed=0)
    dialogue.say("<request><echo>hi<call>")
    assert not dialogue.done
    dialogue.say("<request><echo>hi<call>")
    assert dialogue.done


def test_a_task_can_be_set():
    dialogue = toy_dialogue()
    task = ToyTasks().draw(np.random.default_rng(0), "train")
    assert dialogue.reset(options={"task": task}) == task.prompt


@pytest.mark.parametrize("make", [lambda: toy_env(), lambda: gym.make("CartPole-v1")])
def test_needs_whole_turns_of_text(make):
    with pytest.raises(ValueError, match="action_mode='turn'"):
        Dialogue(make())
