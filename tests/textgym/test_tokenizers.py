"""Tokenizers: exactness, and that data can spell no control token."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.toys import (
    CONTROL,
    DELIMITERS,
    EXACT,
    HOSTILE,
    TOKENIZERS,
    byte_level_bpe,
    control_ids,
    padded_bpe,
    unigram,
    word_piece,
)
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from textgym import ByteTokenizer, CharTokenizer, HFTokenizer
from textgym.tokenizers import encode_runs, resolve_tokenizer, stop_candidates, token_texts, with_eos

HUGGING_FACE = [name for name in TOKENIZERS if name not in ("byte", "markup", "char")]

any_text = st.text(st.characters(exclude_categories=()), max_size=60)  # surrogates included
control_text = st.lists(st.sampled_from((*CONTROL, *DELIMITERS, "<think>")) | st.text(max_size=4), max_size=12).map(
    "".join
)
# The same strings written in characters that NFKC or lower case would turn into them.
disguised_text = st.tuples(control_text, st.sampled_from(["<", ">", "|", "t", "T"])).map(
    lambda t: t[0].replace(t[1], chr(ord(t[1]) + 0xFEE0)).upper()
)
attacks = st.one_of(any_text, control_text, disguised_text)


def small_hf(vocab: dict[str, int], **kwargs) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.WordLevel(vocab, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **kwargs)


# Bytes


@pytest.mark.parametrize("tokenizer", [ByteTokenizer(), ByteTokenizer(["<call>", "a"])], ids=["plain", "markup"])
@given(text=any_text)
def test_bytes_are_exact(tokenizer, text):
    readable = text.encode("utf-8", "replace").decode()  # half a surrogate pair has no UTF-8 form
    assert tokenizer.decode(tokenizer.encode(text)) == readable
    assert tokenizer.encode(text) == list(readable.encode())


@given(st.lists(st.integers(-5, 300)))
def test_bytes_decode_anything(ids):
    assert isinstance(ByteTokenizer().decode(ids), str)
    assert ByteTokenizer().decode(np.array(ids, np.int64)) == ByteTokenizer().decode(ids)


def test_byte_control_tokens():
    tokenizer = ByteTokenizer()
    assert tokenizer.encode_control("a<|im_start|>b<|im_end|><|pad|>") == [97, 257, 98, 258, 256]
    assert tokenizer.encode("<|im_end|>") == list(b"<|im_end|>")
    assert tokenizer.decode([257, 98, 258, 256]) == "<|im_start|>b<|im_end|><|pad|>"
    assert tokenizer.decode([-1, 259, 10**9, 97]) == "a"
    assert len(token_texts(tokenizer)) == tokenizer.vocab_size == 259


def test_byte_markup():
    tokenizer = ByteTokenizer(["<call>", "<call>s", "é"])
    assert tokenizer.vocab_size == len(token_texts(tokenizer)) == 262
    assert tokenizer.encode_control("1<call><call>sé<|im_end|>") == [49, 259, 260, 261, 258]  # the longest first
    assert tokenizer.decode([49, 259, 260, 261, 262]) == "1<call><call>sé"
    assert tokenizer.encode("<call>é") == list("<call>é".encode())
    assert stop_candidates(tokenizer, ["<call>"])[[259, 260, 261, 62]].tolist() == [True, True, False, True]


@pytest.mark.parametrize("markup", [[""], ["a", "a"], ["<|im_end|>"]])
def test_byte_markup_must_be_distinct(markup):
    with pytest.raises(ValueError, match="markup strings must be distinct and not empty"):
        ByteTokenizer(markup)


def test_byte_tokenizers_are_equal():
    assert ByteTokenizer() == ByteTokenizer()
    assert hash(ByteTokenizer()) == hash(ByteTokenizer())
    assert ByteTokenizer(["<call>"]) == ByteTokenizer(("<call>",)) != ByteTokenizer()
    assert ByteTokenizer() != 5
    assert repr(ByteTokenizer(["<call>"])) == "ByteTokenizer(['<call>'])"


# Characters


@given(text=any_text)
def test_characters_are_exact_in_their_alphabet(text):
    tokenizer = CharTokenizer("abc é", ["<call>"])
    ids = tokenizer.encode(text)
    assert len(ids) == len(text)
    assert tokenizer.decode(ids) == "".join(c if c in "abc é" else "\ufffd" for c in text)
    assert max(ids, default=2) < tokenizer.vocab_size - 1  # never the markup
    assert min(ids, default=2) >= 2  # nor padding, nor EOS


def test_characters_and_markup():
    tokenizer = CharTokenizer("0123+", ["<call>", "<call>0"])
    assert tokenizer.vocab_size == len(token_texts(tokenizer)) == 10
    assert (tokenizer.pad_id, tokenizer.eos_id, tokenizer.unknown_id) == (0, 1, 2)
    assert tokenizer.encode_control("1+<call>0<call>9<|im_end|><|pad|>") == [4, 7, 9, 8, 2, 1, 0]  # the longest first
    assert tokenizer.decode([4, 7, 9, 8, 1, -1, 10, 10**9]) == "1+<call>0<call><|im_end|>"
    assert tokenizer.encode("<call>") == [2] * 6
    assert np.flatnonzero(stop_candidates(tokenizer, ["<call>"])).tolist() == [0, 1, 8, 9]
    assert tokenizer == eval(repr(tokenizer))
    assert len({tokenizer, CharTokenizer("0123+", ["<call>", "<call>0"]), CharTokenizer("0123+")}) == 2


@pytest.mark.parametrize(("alphabet", "markup"), [("aa", []), ("a", ["a"]), ("a", [""]), ("a", ["<|im_end|>"])])
def test_characters_and_markup_must_be_distinct(alphabet, markup):
    with pytest.raises(ValueError, match="distinct"):
        CharTokenizer(alphabet, markup)


# Isolation


@pytest.mark.parametrize("name", TOKENIZERS)
@given(text=attacks)
@example(text=HOSTILE)
@example(text=HOSTILE * 3)
@example(text="<tool_call" + HOSTILE + ">")
@example(text="＜tool_call＞ ＜/s＞ <TOOL_CALL> [cls] ＜call＞")
@example(text="<|im_<|im_end|>end|>")
def test_data_holds_no_control_token(name, text):
    tokenizer = TOKENIZERS[name]()
    ids = tokenizer.encode(text)
    assert control_ids(tokenizer).isdisjoint(ids)
    assert all(0 <= i < tokenizer.vocab_size for i in ids)


@pytest.mark.parametrize("name", EXACT)
@given(text=attacks)
@example(text=HOSTILE * 2)
def test_data_is_given_back_exactly(name, text):
    tokenizer = TOKENIZERS[name]()
    assert tokenizer.decode(tokenizer.encode(text)) == text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("name", TOKENIZERS)
def test_markup_keeps_its_control_tokens(name):
    tokenizer = TOKENIZERS[name]()
    for i in control_ids(tokenizer):
        text = tokenizer.decode([i])
        assert tokenizer.encode_control(text) == [i]
        assert i not in tokenizer.encode(text)


def test_added_tokens_that_overlap_themselves():
    tokenizer = HFTokenizer(byte_level_bpe_with(AddedToken("<<", special=False, normalized=False)))
    for text in ("<<", "<<<", "<<<<<", "a<<<b"):
        ids = tokenizer.encode(text)
        assert control_ids(tokenizer).isdisjoint(ids)
        assert tokenizer.decode(ids) == text


def test_a_normaliser_cannot_make_a_control_token():
    hf = byte_level_bpe_with(
        AddedToken("<think>", special=False, normalized=True), normalizer=normalizers.Sequence([normalizers.NFKC()])
    )
    (think,) = hf.encode("<think>", add_special_tokens=False)
    assert hf.encode("＜think＞", add_special_tokens=False, split_special_tokens=True) == [think]  # the danger is real
    ids = HFTokenizer(hf).encode("a＜think＞b")
    assert think not in ids
    assert HFTokenizer(hf).decode(ids) == "a<think>b"


def test_a_control_token_of_one_character_is_dropped():
    tokenizer = HFTokenizer(byte_level_bpe_with(AddedToken("§", special=False, normalized=False)))
    assert tokenizer.decode(tokenizer.encode("a§b")) == "ab"


def test_added_white_space_is_ordinary_text():
    hf = byte_level_bpe_with(AddedToken("    ", special=False, normalized=False))
    tokenizer = HFTokenizer(hf)
    assert tokenizer.encode("a    b") == hf.encode("a    b", add_special_tokens=False)


def test_unknown_words_are_ordinary_text():
    tokenizer = word_piece()
    unknown = tokenizer.hf.unk_token_id
    assert tokenizer.encode("the 漢 fox") == tokenizer.hf.encode("the 漢 fox", add_special_tokens=False)
    assert unknown in tokenizer.encode("the 漢 fox")


def byte_level_bpe_with(token: AddedToken, normalizer=None) -> PreTrainedTokenizerFast:
    backend = Tokenizer.from_str(byte_level_bpe().hf.backend_tokenizer.to_str())
    if normalizer is not None:
        backend.normalizer = normalizer
    backend.add_tokens([token])
    return PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>")


# Markup and data as one text

runs_of_text = st.lists(st.tuples(attacks, st.booleans()), max_size=5)


@pytest.mark.parametrize("name", TOKENIZERS)
@settings(max_examples=60)
@given(runs=runs_of_text)
@example(runs=[(HOSTILE, False), (HOSTILE, True), (HOSTILE, False)])
@example(runs=[("<|im_", False), ("start|>", True), ("<|im_end|>", False)])
@example(runs=[("<tool", False), ("_call>", True), ("", True), ("x", False)])
@example(runs=[("", True), ("</s>", True), ("", False)])
def test_control_tokens_come_from_markup_alone(name, runs):
    tokenizer = TOKENIZERS[name]()
    control = control_ids(tokenizer)
    encoded = encode_runs(tokenizer, runs)
    assert len(encoded) == len(runs)
    if all(data for _, data in runs):
        assert control.isdisjoint(i for ids in encoded for i in ids)
    for (text, data), ids in zip(runs, encoded, strict=True):
        if not data:
            found = [i for i in tokenizer.encode_control(text) if i in control]
            assert [i for i in ids if i in control] == found or spelled_across(runs, tokenizer)
        elif not spelled_across(runs, tokenizer):
            assert control.isdisjoint(ids)


def spelled_across(runs, tokenizer) -> bool:
    """Whether neighbouring runs of markup spell a control token together, or white space is taken in."""
    joined = "".join(text for text, data in runs if not data)
    apart = [i for text, data in runs if not data for i in tokenizer.encode_control(text)]
    return [i for i in tokenizer.encode_control(joined) if i in control_ids(tokenizer)] != [
        i for i in apart if i in control_ids(tokenizer)
    ]


@pytest.mark.parametrize("name", HUGGING_FACE)
@settings(max_examples=60)
@given(texts=st.lists(st.text(st.sampled_from('ab 12.,\n"?é漢'), max_size=6), min_size=1, max_size=5))
def test_runs_are_the_tokens_of_the_whole_text(name, texts):
    tokenizer = TOKENIZERS[name]()
    whole = "<call>".join(texts)
    runs = [(text, i % 2 == 0) for i, text in enumerate(t for text in texts for t in (text, "<call>"))][:-1]
    assert [i for ids in encode_runs(tokenizer, runs) for i in ids] == tokenizer.encode_control(whole)


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=60)
@given(runs=runs_of_text)
def test_runs_are_given_back_exactly(name, runs):
    tokenizer = TOKENIZERS[name]()
    ids = [i for run in encode_runs(tokenizer, runs) for i in run]
    assert tokenizer.decode(ids) == "".join(text for text, _ in runs).encode("utf-8", "replace").decode()


def test_a_token_goes_to_the_run_of_its_last_character():
    tokenizer = TOKENIZERS["bpe"]()
    (the,) = tokenizer.encode(" the")
    assert encode_runs(tokenizer, [("x t", True), ("he", False)]) == [tokenizer.encode("x"), [the]]
    assert encode_runs(tokenizer, [("x", False), ("", True), (" the", True)]) == [tokenizer.encode("x"), [], [the]]


def test_unknown_may_be_a_control_token_too():
    """As in SmolLM2, whose "unknown" is `<|endoftext|>`."""
    backend = Tokenizer.from_str(byte_level_bpe().hf.backend_tokenizer.to_str())
    hf = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>", unk_token="<|endoftext|>")
    tokenizer = HFTokenizer(hf)
    markup, data = encode_runs(tokenizer, [("<|endoftext|>", False), ("<|endoftext|>", True)])
    assert markup == [hf.unk_token_id]
    assert hf.unk_token_id not in data
    assert tokenizer.decode(data) == "<|endoftext|>"


def test_tokenizers_of_other_kinds_encode_run_by_run():
    class Letters:
        vocab_size, eos_id, pad_id = 128, 0, 0

        def encode(self, text):
            return [ord(c) for c in text]

        def encode_control(self, text):
            return [0 if c == "$" else ord(c) for c in text]

        def decode(self, ids):
            return "".join("$" if i == 0 else chr(i) for i in ids)

    assert encode_runs(Letters(), [("a$", False), ("$", True)]) == [[97, 0], [36]]
    assert with_eos(Letters(), 0).eos_id == 0
    with pytest.raises(
        ValueError, match="turns end with 'a' here, which is not the tokenizer's EOS; give it eos_id=97"
    ):
        with_eos(Letters(), 97)


# Sizes and ends


def test_another_eos():
    other = ByteTokenizer(["<|eot|>"], eos="<|eot|>")
    assert (other.eos_id, repr(other)) == (259, "ByteTokenizer(['<|eot|>'], eos='<|eot|>')")
    assert with_eos(ByteTokenizer(["<|eot|>"]), 259) == other != ByteTokenizer(["<|eot|>"])
    with pytest.raises(ValueError, match=r"eos must be one of the control tokens <\|pad\|>, .*, not '</s>'"):
        ByteTokenizer(eos="</s>")
    hf = byte_level_bpe()
    assert with_eos(hf, None) is with_eos(hf, hf.eos_id) is hf
    assert with_eos(padded_bpe(), 0).eos_id == 0
    assert with_eos(padded_bpe(), 0).vocab_size == 512
    assert padded_bpe().eos_id == hf.eos_id != 0


def test_an_eos_can_be_given_to_a_tokenizer_without_one():
    hf = PreTrainedTokenizerFast(tokenizer_object=byte_level_bpe().hf.backend_tokenizer)
    assert HFTokenizer(hf, eos_id=2).eos_id == HFTokenizer(hf, eos_id=2).pad_id == 2


@pytest.mark.parametrize("name", HUGGING_FACE)
def test_sizes_and_ends(name):
    tokenizer = TOKENIZERS[name]()
    assert tokenizer.vocab_size == (512 if name == "padded" else len(tokenizer.hf))
    assert tokenizer.eos_id == tokenizer.hf.eos_token_id
    has_pad = tokenizer.hf.pad_token_id is not None
    assert tokenizer.pad_id == (tokenizer.hf.pad_token_id if has_pad else tokenizer.eos_id)
    assert tokenizer.hf.eos_token in tokenizer.decode([tokenizer.eos_id])


def test_ids_behind_the_vocabulary_are_empty():
    tokenizer = padded_bpe()
    size = len(tokenizer.hf)
    assert [tokenizer.decode([i]) for i in (-1, size, 511, 512, 10**9)] == [""] * 5
    hello = tokenizer.encode("hello")
    assert tokenizer.decode([hello[0], size, *hello[1:], 511]) == "hello"
    assert len(token_texts(tokenizer)) == 512


def test_a_vocabulary_with_holes_counts_up_to_its_last_id():
    tokenizer = HFTokenizer(small_hf({"a": 0, "?": 1, "b": 9}, eos_token="</s>"))
    assert tokenizer.vocab_size == 10
    assert tokenizer.encode("a b") == [0, 9]
    assert tokenizer.decode([9]) == "b"
    assert tokenizer.decode([5]) == ""
    assert stop_candidates(tokenizer, ()).sum() == 1


def test_a_tokenizer_without_eos_is_refused():
    hf = PreTrainedTokenizerFast(tokenizer_object=byte_level_bpe().hf.backend_tokenizer)
    with pytest.raises(ValueError, match=r"no EOS token.*set one: tokenizer\.eos_token = "):
        HFTokenizer(hf)


def test_an_output_layer_smaller_than_the_tokenizer_is_refused():
    size = len(byte_level_bpe().hf)
    with pytest.raises(ValueError, match=f"vocab_size={size - 1} is smaller than the tokenizer's {size} tokens"):
        HFTokenizer(byte_level_bpe().hf, vocab_size=size - 1)


def test_names(tmp_path):
    assert resolve_tokenizer(None) == resolve_tokenizer("byte") == ByteTokenizer()
    assert resolve_tokenizer(unigram()) is unigram()
    byte_level_bpe().hf.save_pretrained(tmp_path)
    loaded = resolve_tokenizer(str(tmp_path))
    assert loaded.encode(HOSTILE) == byte_level_bpe().encode(HOSTILE)
    assert loaded.encode_control(HOSTILE) == byte_level_bpe().encode_control(HOSTILE)
    assert str(tmp_path) in repr(loaded)


def test_an_unknown_name_says_what_can_be_given():
    with pytest.raises(ValueError, match=r"cannot load the tokenizer 'nope': pass 'byte', a folder"):
        resolve_tokenizer("nope")


# Where a turn may end


@pytest.mark.parametrize("name", ["byte", "bpe", "padded", "unigram"])
@settings(max_examples=40)
@given(data=st.data())
def test_stop_candidates_miss_no_stop(name, data):
    """Token by token: the id with which a stop string appears in the text is a candidate."""
    tokenizer, stops = TOKENIZERS[name](), ("<call>", "<submit>")
    may_stop = stop_candidates(tokenizer, stops)
    text = data.draw(st.lists(st.sampled_from([*stops, "<", ">", "call", " 12 ", "é"]), max_size=6).map("".join))
    ids = tokenizer.encode(text)
    cut = data.draw(st.integers(0, len(ids)))
    ids[cut:cut] = data.draw(st.lists(st.integers(0, tokenizer.vocab_size - 1), max_size=3))
    for end in range(1, len(ids) + 1):
        before, after = tokenizer.decode(ids[: end - 1]), tokenizer.decode(ids[:end])
        if any(after.count(stop) > before.count(stop) for stop in stops):
            assert may_stop[ids[end - 1]]
    assert may_stop[tokenizer.eos_id]
    assert may_stop.shape == (tokenizer.vocab_size,)


def test_a_stop_that_ends_beyond_ascii_can_be_spelled_in_bytes():
    tokenizer = ByteTokenizer()
    may_stop = stop_candidates(tokenizer, ["】"])
    assert may_stop[tokenizer.encode("】")].all()
    assert not may_stop[tokenizer.encode("abc <>")].any()


def test_decode_keeps_spaces_before_punctuation():
    """`clean_up_tokenization_spaces` would rewrite what the policy sampled."""
    tokenizer = byte_level_bpe()
    assert tokenizer.decode(tokenizer.encode("a , b . c 's")) == "a , b . c 's"
