"""The BPE tokenizer of models from scratch: lossless, digit by digit, and the same every time."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgym import HFTokenizer
from textgym_agents.tiny_tokenizer import EOS, train_bpe, train_bpe_on
from textgym_tasks.calc import CalcTasks

TEXTS = ["How many apples are left?", "What is 12+34 as one number?", "How many pears are left?", "12+34"]
TOKENIZER = train_bpe(TEXTS, 300, ("<call>", "<submit>"))


@given(st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_every_text_comes_back(text: str) -> None:
    ours = HFTokenizer(TOKENIZER)
    text = text.encode("utf-8", "replace").decode()
    assert ours.decode(ours.encode(text)) == text


def test_a_digit_is_a_token_and_so_is_markup() -> None:
    assert len(TOKENIZER.tokenize("98765")) == 5
    assert TOKENIZER.tokenize("1<call>2<submit>") == ["1", "<call>", "2", "<submit>"]
    assert TOKENIZER.eos_token == EOS


def test_words_of_the_texts_are_few_tokens() -> None:
    assert len(TOKENIZER.tokenize("How many")) == 2
    assert len(TOKENIZER.tokenize("zebra")) == 5


def test_no_token_spans_digits_or_two_words() -> None:
    for text in TOKENIZER.get_vocab():
        if not text.startswith("<"):
            assert sum(c.isdigit() for c in text) == 0 or len(text) == 1, text
            assert "Ġ" not in text[1:], text


def test_another_process_and_another_order_make_the_same() -> None:
    code = (
        "from textgym_agents.tiny_tokenizer import train_bpe\n"
        f"print(train_bpe({TEXTS[::-1]!r}, 300, ('<call>', '<submit>')).backend_tokenizer.to_str(), end='')"
    )
    other = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert other == TOKENIZER.backend_tokenizer.to_str()


def test_a_vocabulary_needs_room_for_bytes() -> None:
    with pytest.raises(ValueError, match="needs 260 tokens for bytes and markup, not 259"):
        train_bpe(TEXTS, 259, ("<call>", "<submit>"))


def test_it_is_trained_on_what_the_oracle_reads_and_writes() -> None:
    source = CalcTasks(difficulty=1, families=("sold",))
    tokenizer = train_bpe_on(source, 320, ("<call>",), seed=0, tasks=300)
    rng = np.random.default_rng(1)
    task = source.draw(rng, "train")
    assert len(tokenizer.tokenize(task.prompt)) < len(task.prompt) / 2
    again = train_bpe_on(source, 320, ("<call>",), seed=0, tasks=300)
    assert again.backend_tokenizer.to_str() == tokenizer.backend_tokenizer.to_str()
