"""TRL's GRPOTrainer on a text environment: its tool loop runs our tools, its rewards are ours."""

from dataclasses import dataclass, field

import gymnasium as gym
import pytest
import torch
import trl_grpo
from datasets import Dataset
from support.toys import TOOLS, ToyTasks
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, set_seed
from transformers.utils import get_json_schema
from trl import GRPOConfig, GRPOTrainer
from trl.chat_template_utils import qwen2_5_chat_template

from textgym import Plan, Task, TaskSource, TextEnv, ToolCall
from textgym.adapters.trl import EnvironmentFactory, seed_columns

pytestmark = pytest.mark.slow

QUESTION = "6*7?"
CALL = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "6*7"}}\n</tool_call>'
SUBMIT = '<tool_call>\n{"name": "submit", "arguments": {"answer": "%s"}}\n</tool_call>'
REPLY = "\n<|im_start|>user\n<tool_response>\n%s\n</tool_response><|im_end|>\n<|im_start|>assistant\n"
STEPS, GROUP = 2, 8
BRIEF = {
    "per_device_train_batch_size": GROUP,
    "num_generations": GROUP,
    "max_steps": STEPS,
    "logging_steps": 1,
    "report_to": "none",
    "use_cpu": True,
    "save_strategy": "no",
    "disable_tqdm": True,
}


class OneQuestion(TaskSource):
    """Always the same question; `draw` tells the tasks apart."""

    splits = ("train",)
    tools = ("calculator",)

    def draw(self, rng, split):
        return Task(QUESTION, "42", {"draw": int(rng.integers(1_000_000))})

    def grade(self, task, submission):
        return {"correct": float(submission == task.answer)}

    def plan(self, task):
        return Plan((ToolCall("calculator", {"expression": "6*7"}),), task.answer)


@dataclass
class Played:
    """An episode, as a wrapper around the environment saw it."""

    draw: int
    rewards: list[float] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


class Ledger(gym.Wrapper):
    """Writes every episode into `book`, and pays half."""

    def __init__(self, env, book):
        super().__init__(env)
        self.book = book

    def reset(self, **kwargs):
        result = self.env.reset(**kwargs)
        self.played = Played(self.unwrapped.task.metadata["draw"])
        self.book.append(self.played)
        return result

    def step(self, action):
        obs, reward, terminated, truncated, info = self.env.step(action)
        self.played.rewards.append(reward / 2)
        self.played.calls += info["calls"]
        return obs, reward / 2, terminated, truncated, info


def tiny_tokenizer(tools):
    """Bytes, and one token for the prompt and for each turn that the model is to know: quick to learn.

    Returns it with the prompt as Qwen's chat template renders it, the tools' schemas included.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({character: i for i, character in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    hf = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    hf.chat_template = qwen2_5_chat_template
    messages = [{"role": "user", "content": QUESTION}]
    prompt = hf.apply_chat_template(messages, tools=tools, add_generation_prompt=True, tokenize=False)
    turns = [prompt, CALL, SUBMIT % 42, SUBMIT % 41]
    hf.add_tokens([AddedToken(text, special=False, normalized=False) for text in turns])
    return hf, prompt


def episode(tokenizer, prompt, answer):
    """Ids and labels of an episode that calls the calculator and submits `answer`."""
    pieces = [
        (prompt, False),
        (CALL + "<|im_end|>", True),
        (REPLY % 42, False),
        (SUBMIT % answer + "<|im_end|>", True),
        (REPLY % "the task has ended (submit)", False),
        ("ok<|im_end|>", True),
    ]
    encoded = [(tokenizer.encode(text), sampled) for text, sampled in pieces]
    ids = [i for piece, _ in encoded for i in piece]
    return ids, [i if sampled else -100 for piece, sampled in encoded for i in piece]


def tiny_model(tokenizer, prompt):
    """A model that calls the calculator and then submits 42 or 41, as likely."""
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    tokens = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None}
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=512, **sizes, **tokens))
    ids, labels = zip(*(episode(tokenizer, prompt, answer) for answer in (42, 41)), strict=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(50):
        loss = model(input_ids=torch.tensor(ids), labels=torch.tensor(labels)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return model


def probability_of_right(model, tokenizer, prompt):
    """That of submitting 42 and not 41, behind the calculator's reply."""
    ids, _ = episode(tokenizer, prompt, 42)
    right, wrong = (tokenizer.convert_tokens_to_ids(SUBMIT % answer) for answer in (42, 41))
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([ids[: ids.index(right)]])).logits[0, -1]
    return float(logits[[right, wrong]].softmax(-1)[0])


def test_two_steps_of_grpo(tmp_path):
    set_seed(0)
    book: list[Played] = []
    factory = EnvironmentFactory(lambda: Ledger(TextEnv(OneQuestion(), action_mode="turn", protocol="hermes"), book))
    environment = factory()
    tokenizer, prompt = tiny_tokenizer([environment.calculator, environment.submit])
    model = tiny_model(tokenizer, prompt)
    before = probability_of_right(model, tokenizer, prompt)
    assert 0.3 < before < 0.7

    args = {"max_completion_length": 300, "learning_rate": 2e-3, "lr_scheduler_type": "constant"}
    trainer = GRPOTrainer(
        model=model,
        args=GRPOConfig(output_dir=str(tmp_path), activation_checkpointing=False, **BRIEF, **args),
        train_dataset=Dataset.from_dict(seed_columns(16, system="")),
        processing_class=tokenizer,
        environment_factory=factory,
    )
    trainer.train()

    assert trainer.state.global_step == STEPS
    steps = [row for row in trainer.state.log_history if "reward" in row]
    groups = [book[:GROUP], book[GROUP:]]
    assert [len(group) for group in groups] == [GROUP, GROUP]  # one episode a completion, each reset once
    for row, group in zip(steps, groups, strict=True):
        assert len({played.draw for played in group}) == 1  # one task a group
        rewards = [sum(played.rewards) for played in group]
        assert set(rewards) == {0.0, 0.5}  # wrappers had their say, and there was something to learn
        assert row["reward"] == row["rewards/TextEnv/mean"] == pytest.approx(sum(rewards) / GROUP)
        assert sum("ok" in played.calls for played in group) >= GROUP // 2  # the calculator ran
        assert row["tools/call_frequency"] * GROUP >= sum(len(played.rewards) for played in group)
        assert row["tools/failure_frequency"] == 0
        assert row["grad_norm"] > 0
    assert groups[0][0].draw != groups[1][0].draw
    assert probability_of_right(model, tokenizer, prompt) > before + 0.02


def test_example_runs(tmp_path):
    """With a model that knows nothing."""
    set_seed(0)
    environment = EnvironmentFactory(lambda: TextEnv(OneQuestion(), action_mode="turn"))()
    tokenizer, _ = tiny_tokenizer([environment.calculator, environment.submit])
    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), max_position_embeddings=4096, **sizes)
    LlamaForCausalLM(config).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    trainer = trl_grpo.main(
        str(tmp_path / "model"), tasks=8, output_dir=str(tmp_path / "run"), max_completion_length=8, **BRIEF
    )
    assert trainer.state.global_step == STEPS
    assert all(row["rewards/TextCalc-v0/mean"] == 0 for row in trainer.state.log_history if "reward" in row)


@pytest.mark.parametrize("name", ["echo", "add", "refuse", "crash"])
def test_the_schema_that_transformers_reads_is_the_tools_own(name):
    environment = EnvironmentFactory(lambda: TextEnv(ToyTasks(), tools=TOOLS, action_mode="turn"))()
    schema = get_json_schema(getattr(environment, name))["function"]
    own = environment.dialogue.rules.tools[name].schema()["function"]
    assert (schema["name"], schema["description"]) == (own["name"], own["description"])
    parameters = schema["parameters"]
    assert parameters.get("required", []) == list(own["parameters"]["required"])
    types = {argument: entry["type"] for argument, entry in parameters["properties"].items()}
    assert types == {argument: entry["type"] for argument, entry in own["parameters"]["properties"].items()}
