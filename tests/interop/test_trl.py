"""TRL's GRPOTrainer on a text environment: its tool loop runs our tools, its rewards are ours."""

import copy
import pickle
import time

import gymnasium as gym
import pytest
import torch
from datasets import Dataset
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from support.toys import TOOLS, ToyTasks, byte_level_bpe
from transformers import PreTrainedTokenizerFast, LlamaConfig, LlamaForCausalLM, TrainerCallback, set_seed
from transformers.utils import get_json_schema
from trl import GRPOConfig, GRPOTrainer
from trl.chat_template_utils import qwen2_5_chat_template

import textgym
from textgym import Plan, Task, TaskSource, Tool, ToolCall
from textgym.adapters.trl import EnvironmentFactory, seed_columns


class OneQuestion(TaskSource):
    """Always `6*7`."""

    splits = ("train",)
    tools = ("calculator",)

    def draw(self, rng, split):
        return Task("6*7?", "42", {"draw": int(rng.integers(1_000_000))})

    def grade(self, task, submission):
        return {"correct": float(submission == task.answer)}

    def plan(self, task):
        return Plan((ToolCall("calculator", {"expression": "6*7"}),), task.answer)


def make_env():
    return textgym.TextEnv(OneQuestion(), action_mode="turn", protocol="hermes")


CALL = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "6*7"}}\n</tool_call>'
SUBMIT = '<tool_call>\n{"name": "submit", "arguments": {"answer": "%s"}}\n</tool_call>'
REPLY = "\n<|im_start|>user\n<tool_response>\n%s\n</tool_response><|im_end|>\n<|im_start|>assistant\n"


def qwen_tokenizer(tools):
    """Bytes, and one token for the whole prompt and for each turn that the model is to know: quick to learn."""
    tokenizer = Tokenizer(models.BPE({c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    hf = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|im_end|>", pad_token="<|endoftext|>")
    hf.chat_template = qwen2_5_chat_template
    question = [{"role": "user", "content": "6*7?"}]
    prompt = hf.apply_chat_template(question, tools=tools, add_generation_prompt=True, tokenize=False)
    turns = [prompt, CALL, SUBMIT % 42, SUBMIT % 41]
    hf.add_tokens([AddedToken(text, special=False, normalized=False) for text in turns])
    return hf, prompt


def memorise(model, tokenizer, prompt, steps):
    """Teach the model the episode that calls the calculator and submits either answer."""
    rows, labels = [], []
    for answer in (42, 41):
        ended = REPLY % "the task has ended (submit)"
        pieces = [
            (prompt, False), (CALL + "<|im_end|>", True), (REPLY % 42, False),
            (SUBMIT % answer + "<|im_end|>", True), (ended, False), ("ok<|im_end|>", True)
        ]
        encoded = [(tokenizer.encode(text), sampled) for text, sampled in pieces]
        rows.append([i for ids, _ in encoded for i in ids])
        labels.append([i if sampled else -100 for ids, sampled in encoded for i in ids])
    rows, labels = torch.tensor(rows), torch.tensor(labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    t = time.time()
    for i in range(steps):
        loss = model(input_ids=rows, labels=labels).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if i % 20 == 0 or i == steps-1: print(i, rows.shape, loss.item(), time.time() - t)

if __name__ == "__main__":
    from transformers import GenerationConfig
    set_seed(0)
    torch.set_num_threads(1)
    factory = EnvironmentFactory(make_env)
    env = factory()
    tokenizer, prompt = qwen_tokenizer([env.calculator, env.submit])
    columns = seed_columns(8, system="")
    model = LlamaForCausalLM(LlamaConfig(vocab_size=len(tokenizer), hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=1024, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, bos_token_id=None))
    memorise(model, tokenizer, prompt, 40)
    import tempfile
    args = GRPOConfig(output_dir=tempfile.mkdtemp(), per_device_train_batch_size=8, num_generations=8, max_steps=2, max_completion_length=300, learning_rate=1e-3, logging_steps=1, report_to="none", use_cpu=True, save_strategy="no", seed=0, disable_tqdm=True, beta=0.0, activation_checkpointing=False)
    trainer = GRPOTrainer(model=model, args=args, train_dataset=Dataset.from_dict(columns), processing_class=tokenizer, environment_factory=factory)
    t=time.time(); trainer.train(); print(time.time()-t)
    for row in trainer.state.log_history: print(row)
    for e in trainer.environments: print(e.dialogue.info, e.get_reward(), e.dialogue.text_env.task)
