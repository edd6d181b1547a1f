"""Chat models in miniature: tokenizers with the added tokens of a family, and chat templates good and bad."""

from __future__ import annotations

from functools import cache

from support.toys import SENTENCES
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from textgym import HFTokenizer
from textgym.protocols.chat import preset

LINES = [
    *SENTENCES,
    "The result is 84.\nThat is all.\n\nIs it?\nYes.\n\n\nuser\nassistant\nsystem\n",
    '{"type": "function", "function": {"name": "echo", "description": "Says what it is told.", "parameters": {}}}',
]
QWEN_WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
"""As Qwen and Llama 3 cut text: punctuation takes the line break behind it, so that tokens reach out of a text."""


@cache
def qwen() -> HFTokenizer:
    """`<tool_call>` and `<think>` are added tokens but not special ones."""
    plain = ("<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>")
    return _chat_bpe(("<|endoftext|>", "<|im_start|>", "<|im_end|>"), plain, preset("qwen"), eos_token="<|im_end|>")


@cache
def llama() -> HFTokenizer:
    """The tokenizer's EOS is not what ends a turn."""
    headers = ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|eom_id|>", "<|python_tag|>")
    ends = {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>"}
    return _chat_bpe((*ends.values(), *headers), (), preset("llama"), **ends)


@cache
def smollm() -> HFTokenizer:
    """Cuts text as GPT-2 does, and calls a control token "unknown"."""
    special = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
    ends = {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>", "unk_token": "<|endoftext|>"}
    return _chat_bpe(special, (), preset("smollm"), words=None, **ends)


def _chat_bpe(special, plain, template: str, words: str | None = QWEN_WORDS, **ends: str) -> HFTokenizer:
    tokenizer = Tokenizer(models.BPE())
    whole = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=words is None)
    cut = [] if words is None else [pre_tokenizers.Split(Regex(words), "isolated")]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*cut, whole])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        special_tokens=list(special),
        show_progress=False,
    )
    tokenizer.train_from_iterator(LINES, trainer)
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in plain])
    return HFTokenizer(PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=template, **ends))


FAMILIES = {"qwen": qwen, "llama": llama, "smollm": smollm}


QWEN_THINKING = """\
{#- As Qwen 3: reasoning stays in the turns behind the last question, and the last turn has some, if only empty. -#}
{%- set ns = namespace(asked=0) -%}
{%- for message in messages -%}
    {%- if message.role == 'user' -%}{%- set ns.asked = loop.index0 -%}{%- endif -%}
{%- endfor -%}
{%- for message in messages -%}
    {{- '<|im_start|>' + ('user' if message.role == 'tool' else message.role) + '\\n' -}}
    {%- if message.role == 'assistant' -%}
        {%- set said = message.content.split('</think>') -%}
        {%- set thought = said[0].split('<think>')[-1].strip('\\n') if said | length > 1 else '' -%}
        {%- if loop.index0 > ns.asked and (loop.last or thought) -%}
            {{- '<think>\\n' + thought + '\\n</think>\\n\\n' -}}
        {%- endif -%}
        {{- said[-1].lstrip('\\n') -}}
        {%- for call in message.tool_calls or [] -%}
            {{- '<tool_call>\\n' + call.function | tojson + '\\n</tool_call>' -}}
        {%- endfor -%}
    {%- else -%}
        {{- message.content -}}
    {%- endif -%}
    {{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{- '<|im_start|>assistant\\n' -}}
    {%- if enable_thinking is defined and not enable_thinking -%}
        {{- '<think>\\n\\n</think>\\n\\n' -}}
    {%- endif -%}
{%- endif -%}
"""

CHATML = """\
{%- for message in messages -%}
    {{- '<|im_start|>' + message.role + '\\n' + CONTENT + '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""
"""A template of text alone; `chatml` says what becomes of a message's content."""


def chatml(content: str = "message.content") -> str:
    return CHATML.replace("CONTENT", f"({content})")
