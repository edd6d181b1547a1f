"""An environment of one's own: a tool, a source of tasks, a name."""

from itertools import chain
from zlib import crc32

import gymnasium as gym
import numpy as np

import textgym
from textgym import Plan, Task, TaskSource, ToolCall


def count_letter(word: str, letter: str) -> int:
    """Counts how often a letter stands in a word.

    Args:
        word: the word to look through.
        letter: the letter to count.
    """
    return word.count(letter)


class LetterTasks(TaskSource):
    """How often does a letter stand in a word?"""

    tools = (count_letter,)

    def draw(self, rng: np.random.Generator, split: str) -> Task:
        while True:
            word = "".join(rng.choice(list("aeinrst"), size=rng.integers(12, 20)))
            if self.splits[crc32(word.encode()) % len(self.splits)] == split:  # every word is of one split
                break
        letter = str(rng.choice(list(word)))
        question = f'How often does "{letter}" stand in "{word}"?'
        return Task(question, str(word.count(letter)), {"word": word, "letter": letter})

    def grade(self, task: Task, submission: str) -> dict[str, float]:
        return {"correct": float(submission.strip() == task.answer)}

    def plan(self, task: Task) -> Plan:
        return Plan((ToolCall("count_letter", task.metadata),), task.answer)


textgym.register("Letters-v0", LetterTasks, max_turns=4)


def main() -> None:
    env = gym.make("Letters-v0", render_mode="ansi")
    env.reset(seed=0)
    for token in chain(*env.unwrapped.oracle_turns()):  # what `plan` does, in tokens
        env.step(token)
    print(env.render())

    envs = gym.make_vec("Letters-v0", num_envs=64)  # and 64 of them, as the native vector environment
    envs.reset(seed=0)
    envs.step(envs.action_space.sample())


if __name__ == "__main__":
    main()
