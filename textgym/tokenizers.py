"""Tokenizers: two that need no file, bytes and a few characters, and Hugging Face ones, behind the same four methods.

`encode` is for data (questions, tool output): no text, whatever it spells, becomes a control token.
`encode_control` is for the protocol's own markup, where control tokens are meant.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Tokenizer(Protocol):
    """What an environment needs of a tokenizer."""

    @property
    def vocab_size(self) -> int:
        """Number of actions: the size of the model's output layer, which can exceed the number of tokens."""

    @property
    def eos_id(self) -> int:
        """The id that ends a turn under every protocol."""

    @property
    def pad_id(self) -> int:
        """The id that fills the observation behind its length. It may equal `eos_id`: lengths tell padding, not ids."""

    def encode(self, text: str) -> list[int]:
        """Encode data. The result holds no control token."""

    def encode_control(self, text: str) -> list[int]:
        """Encode markup: control tokens spelled in `text` become single ids."""

    def decode(self, ids: Iterable[int]) -> str:
        """Text of `ids`, control tokens spelled out; ids outside the vocabulary are the empty string."""


def encode_runs(tokenizer: Tokenizer, runs: Sequence[tuple[str, bool]]) -> list[list[int]]:
    """Ids of a text that is made of runs, each with whether it is data: a list of ids for each run.

    Control tokens are meant in markup, and in data there are none, but for the rest it is one text: with a Hugging
    Face tokenizer a token may reach over the end of a run, as in the texts that a model has seen, and goes to the run
    of its last character. Other tokenizers encode run by run.
    """
    joint = getattr(tokenizer, "encode_runs", None)
    if joint is not None:
        return list(joint(runs))
    return [tokenizer.encode(text) if data else tokenizer.encode_control(text) for text, data in runs]


def with_eos(tokenizer: Tokenizer, eos_id: int | None) -> Tokenizer:
    """The same tokenizer with another id that ends turns; None leaves it alone.

    Raises:
        ValueError: a tokenizer of another kind than this module's, whose EOS it is not.
    """
    if eos_id is None or eos_id == tokenizer.eos_id:
        return tokenizer
    if isinstance(tokenizer, (ByteTokenizer, HFTokenizer)):
        return tokenizer.with_eos(eos_id)
    raise ValueError(
        f"turns end with {tokenizer.decode([eos_id])!r} here, which is not the tokenizer's EOS; give it eos_id={eos_id}"
    )


def token_texts(tokenizer: Tokenizer) -> list[str]:
    """Text of each single id, `vocab_size` of them."""
    return [tokenizer.decode([i]) for i in range(tokenizer.vocab_size)]


def _any_of(strings: Sequence[str]) -> re.Pattern[str]:
    """Splits a text at any of `strings`, the longest where several match, and keeps what it splits at."""
    return re.compile("(" + "|".join(map(re.escape, sorted(strings, key=len, reverse=True))) + ")")


class ByteTokenizer:
    """UTF-8 bytes and control tokens: no file, exact for every text.

    Ids below 256 are bytes; then come the control tokens, three of its own and those of `markup`.

    Args:
        markup: strings that the protocol's markup writes as one token, such as `("<call>", "<submit>")`. They shorten
            episodes; data that spells them stays bytes.
        eos: the control token that ends a turn.

    Raises:
        ValueError: an empty or repeated markup string, or an EOS that is no control token.

    Example:
        >>> tokenizer = ByteTokenizer()
        >>> tokenizer.encode("2+2")
        [50, 43, 50]
        >>> tokenizer.decode(tokenizer.encode_control("4<|im_end|>"))
        '4<|im_end|>'
    """

    CONTROL = ("<|pad|>", "<|im_start|>", "<|im_end|>")

    pad_id = 256
    chat_template = "qwen"
    """Of `protocol="chat"`: the preset that is written in this tokenizer's control tokens."""

    def __init__(self, markup: Sequence[str] = (), eos: str = "<|im_end|>") -> None:
        self.control = (*self.CONTROL, *markup)
        if "" in self.control or len(set(self.control)) < len(self.control):
            raise ValueError(f"markup strings must be distinct and not empty, not {list(markup)}")
        if eos not in self.control:
            raise ValueError(f"eos must be one of the control tokens {', '.join(self.control)}, not {eos!r}")
        self.eos_id = 256 + self.control.index(eos)
        self.vocab_size = 256 + len(self.control)
        self._pattern = _any_of(self.control)
        self._bytes = [bytes((i,)) for i in range(256)] + [text.encode() for text in self.control]

    def encode(self, text: str) -> list[int]:
        # A lone surrogate (half a pair, as broken JSON carries it) has no UTF-8 form; it becomes "?".
        return list(text.encode("utf-8", "replace"))

    def encode_control(self, text: str) -> list[int]:
        ids: list[int] = []
        for piece in self._pattern.split(text):
            ids += [256 + self.control.index(piece)] if piece in self.control else self.encode(piece)
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        ids = ids if isinstance(ids, list) else [int(i) for i in ids]
        try:
            data = bytes(ids)  # twenty times as fast, and most turns and all data have no control token
        except ValueError:
            if min(ids) < 0 or max(ids) >= self.vocab_size:
                ids = [i for i in ids if 0 <= i < self.vocab_size]
            data = b"".join([self._bytes[i] for i in ids])
        return data.decode("utf-8", "replace")

    def with_eos(self, eos_id: int) -> ByteTokenizer:
        """The same with another control token as EOS."""
        return ByteTokenizer(self.control[len(self.CONTROL) :], self.control[eos_id - 256])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByteTokenizer) and (self.control, self.eos_id) == (other.control, other.eos_id)

    def __hash__(self) -> int:
        return hash((self.control, self.eos_id))

    def __repr__(self) -> str:
        eos = "" if self.eos_id == ByteTokenizer().eos_id else f", eos={self.control[self.eos_id - 256]!r}"
        return f"ByteTokenizer({list(self.control[len(self.CONTROL) :])}{eos})"


class CharTokenizer:
    """A few characters and control tokens: a small vocabulary, for learning from nothing with any RL library.

    Ids: 0 padding, 1 EOS, 2 any other character, then the characters of `alphabet`, then the strings of `markup`.

    Args:
        alphabet: the characters, in the order of their ids.
        markup: strings that the protocol's markup writes as one token, as for `ByteTokenizer`.

    Raises:
        ValueError: a repeated character, or an empty or repeated markup string.

    Example:
        >>> tokenizer = CharTokenizer("0123+", ["<submit>"])
        >>> tokenizer.vocab_size
        9
        >>> tokenizer.encode_control("1+1<submit>")
        [4, 7, 4, 8]
    """

    CONTROL = ("<|pad|>", "<|im_end|>")
    UNKNOWN = "\N{REPLACEMENT CHARACTER}"

    pad_id = 0
    eos_id = 1
    unknown_id = 2

    def __init__(self, alphabet: str, markup: Sequence[str] = ()) -> None:
        self.alphabet, self.markup = alphabet, tuple(markup)
        self.texts = (*self.CONTROL, self.UNKNOWN, *alphabet, *markup)
        if "" in self.texts or len(set(self.texts)) < len(self.texts):
            raise ValueError(
                f"characters and markup strings must be distinct and not empty, not {alphabet!r} and {list(markup)}"
            )
        self.vocab_size = len(self.texts)
        self._id = {text: i for i, text in enumerate(self.texts)}
        self._characters = {c: self._id[c] for c in alphabet}
        self._pattern = _any_of((*self.CONTROL, *markup))

    def encode(self, text: str) -> list[int]:
        return [self._characters.get(c, self.unknown_id) for c in text]

    def encode_control(self, text: str) -> list[int]:
        pieces = self._pattern.split(text)  # every other piece is a control token
        return [i for n, p in enumerate(pieces) for i in ([self._id[p]] if n % 2 else self.encode(p))]

    def decode(self, ids: Iterable[int]) -> str:
        return "".join(self.texts[i] for i in map(int, ids) if 0 <= i < self.vocab_size)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CharTokenizer) and self.texts == other.texts

    def __hash__(self) -> int:
        return hash(self.texts)

    def __repr__(self) -> str:
        return f"CharTokenizer({self.alphabet!r}, {list(self.markup)})"


class HFTokenizer:
    """A Hugging Face tokenizer.

    Args:
        tokenizer: a loaded tokenizer, or the name or folder of one (needs `textgym[agents]`).
        vocab_size: size of the model's output layer, if it exceeds the tokenizer's.
        eos_id: the id that ends a turn, if it is not the tokenizer's EOS.

    Raises:
        ValueError: the tokenizer cannot be loaded, has no EOS token, or `vocab_size` is smaller than the tokenizer's.
    """

    def __init__(
        self, tokenizer: str | PreTrainedTokenizerBase, vocab_size: int | None = None, eos_id: int | None = None
    ) -> None:
        self.hf: Any = _load(tokenizer) if isinstance(tokenizer, str) else tokenizer
        if self.hf.eos_token_id is None and eos_id is None:
            raise ValueError(
                "the tokenizer has no EOS token, so a turn could never end; set one: "
                'tokenizer.eos_token = "<|im_end|>" (or the token your model stops with)'
            )
        # Not len(hf): some vocabularies have holes, and ids behind them.
        self._size = 1 + max(self.hf.get_vocab().values())
        self.vocab_size = self._size if vocab_size is None else vocab_size
        if self.vocab_size < self._size:
            raise ValueError(f"vocab_size={vocab_size} is smaller than the tokenizer's {self._size} tokens")
        self.eos_id = int(self.hf.eos_token_id) if eos_id is None else eos_id
        self.pad_id = self.eos_id if self.hf.pad_token_id is None else int(self.hf.pad_token_id)

    @cached_property
    def _control(self) -> dict[int, str]:
        """Every added token that is markup, special or not: an id that data must not be able to spell.

        Runs of white space (GPT-NeoX adds some) and "unknown" are ordinary text.
        """
        added = self.hf.added_tokens_decoder.items()
        ends = {self.eos_id, self.pad_id, self.hf.bos_token_id}
        plain = {i for i, token in added if not token.special and token.content.isspace()} | {self.hf.unk_token_id}
        return {i: str(token.content) for i, token in added if i in ends or i not in plain}

    @cached_property
    def _control_pattern(self) -> re.Pattern[str]:
        """Matches the empty string wherever a control token is spelled, overlapping ones included."""
        return re.compile("(?=" + "|".join(map(re.escape, filter(None, self._control.values()))) + ")")

    @property
    def chat_template(self) -> str | None:
        """The chat template that came with the tokenizer, the one for tools if it has several; None without one."""
        template = self.hf.chat_template
        if isinstance(template, dict):
            template = template.get("tool_use", template.get("default"))
        return template if isinstance(template, str) else None

    @property
    def special_tokens(self) -> dict[str, str]:
        """What a chat template can read of the tokenizer, such as `bos_token`."""
        return {name: str(token) for name, token in self.hf.special_tokens_map.items()}

    def with_eos(self, eos_id: int) -> HFTokenizer:
        """The same with another id that ends a turn."""
        return HFTokenizer(self.hf, self.vocab_size, eos_id)

    def encode(self, text: str) -> list[int]:
        return [i for i, _ in self._encode_data(text)]

    def _encode_data(self, text: str) -> list[tuple[int, int]]:
        """Ids of data, each with where its characters end."""
        text = text.encode("utf-8", "replace").decode()  # lone surrogates
        tokens = self._encode_split(text, [])
        if self._control.keys().isdisjoint(i for i, _ in tokens):
            return tokens
        # `split_special_tokens` splits special tokens only; other added tokens (Qwen's `<tool_call>`) are cut
        # by hand behind their first character, piece by piece, so that no piece spells one.
        tokens = self._encode_split(text, [match.start() + 1 for match in self._control_pattern.finditer(text)])
        if self._control.keys().isdisjoint(i for i, _ in tokens):
            return tokens
        # A normaliser made one of other characters (`＜tool_call＞` under NFKC), or it is a single character.
        tokens = self._encode_split(text, range(1, len(text)))
        return [token for token in tokens if token[0] not in self._control]

    def _encode_split(self, text: str, cuts: Sequence[int]) -> list[tuple[int, int]]:
        """`_encode` of the pieces between `cuts`, special tokens split."""
        pieces = pairwise([0, *cuts, len(text)])
        return [(i, a + end) for a, b in pieces for i, _, end in self._encode(text[a:b], split_special_tokens=True)]

    def _encode(self, text: str, split_special_tokens: bool = False) -> Iterable[tuple[int, int, int]]:
        """Ids of a text, each with where its characters begin and end. Without a fast tokenizer, at the text's end."""
        options = {"add_special_tokens": False, "split_special_tokens": split_special_tokens}
        if not self.hf.is_fast:
            return [(i, 0, len(text)) for i in self.hf.encode(text, **options)]
        encoded = self.hf(text, return_offsets_mapping=True, return_attention_mask=False, **options)
        return [(i, a, b) for i, (a, b) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)]

    def encode_runs(self, runs: Sequence[tuple[str, bool]]) -> list[list[int]]:
        """See the function of that name."""
        if not self.hf.is_fast:  # it cannot say which characters a token stands for
            return [self.encode(text) if data else self.encode_control(text) for text, data in runs]
        runs = [(text.encode("utf-8", "replace").decode(), data) for text, data in runs]
        text = "".join(text for text, _ in runs)
        ends = list(accumulate(len(text) for text, _ in runs))
        tokens = self._encode(text)
        if any(self._is_control(i, text[a:b]) and _touches_data(runs, ends, a, b) for i, a, b in tokens):
            tokens = self._encode_around_control(text, runs, ends)
        ids: list[list[int]] = [[] for _ in runs]
        at = 0
        for i, _, end in tokens:
            at = max(at, min(bisect_left(ends, end), len(runs) - 1))
            ids[at].append(i)
        return ids

    def _is_control(self, i: int, text: str) -> bool:
        """Whether the id is a control token that `text` spells; "unknown" may be one, and may stand for anything."""
        return i in self._control or (i, text) == self._unknown

    @cached_property
    def _unknown(self) -> tuple[int | None, str | None]:
        return self.hf.unk_token_id, self.hf.unk_token

    def _encode_around_control(
        self, text: str, runs: Sequence[tuple[str, bool]], ends: Sequence[int]
    ) -> list[tuple[int, int, int]]:
        """Ids of runs whose data spells control tokens: those of the markup stand, all between them is as data."""
        control = []
        for (run, data), end in zip(runs, ends, strict=True):
            start = end - len(run)
            found = [] if data else self._encode(run)
            control += [(i, start + a, start + b) for i, a, b in found if self._is_control(i, run[a:b])]
        tokens = []
        last = 0
        for i, a, b in [*control, (None, len(text), len(text))]:
            tokens += [(between, last, last + end) for between, end in self._encode_data(text[last:a])]
            tokens += [] if i is None else [(i, a, b)]
            last = b
        return tokens

    def encode_control(self, text: str) -> list[int]:
        return list(self.hf.encode(text, add_special_tokens=False))

    def decode(self, ids: Iterable[int]) -> str:
        known = [i for i in map(int, ids) if 0 <= i < self._size]
        return str(self.hf.decode(known, skip_special_tokens=False, clean_up_tokenization_spaces=False))

    def __repr__(self) -> str:
        return f"HFTokenizer({getattr(self.hf, 'name_or_path', '')!r}, vocab_size={self.vocab_size})"


def _touches_data(runs: Sequence[tuple[str, bool]], ends: Sequence[int], start: int, end: int) -> bool:
    """Whether characters from `start` to `end` of the joined runs are in one of data."""
    return any(data for _, data in runs[bisect_right(ends, start) : bisect_left(ends, end) + 1])


def _load(name: str) -> PreTrainedTokenizerBase:
    try:
        from transformers import AutoTokenizer  # heavy, and not needed by the byte tokenizer
    except ModuleNotFoundError as error:
        raise ValueError(f'tokenizer {name!r} needs transformers: pip install "textgym[agents]"') from error
    try:
        return AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"cannot load the tokenizer {name!r}: pass 'byte', a folder with tokenizer.json, or the name of a "
            f"Hugging Face repository that can be reached from here ({str(error).splitlines()[0]})"
        ) from error


def stop_candidates(tokenizer: Tokenizer, stop_strings: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which ids can end a turn: EOS, and every token with the last character of a stop string in it, bool (V,).

    A necessary condition that one array look-up decides, so that a step decodes text only where it may matter.
    """
    last = {stop[-1] for stop in stop_strings}
    if not all(map(str.isascii, last)):
        last.add("\ufffd")  # a token of some of its bytes
    candidates = np.array([not last.isdisjoint(text) for text in token_texts(tokenizer)], bool)
    candidates[tokenizer.eos_id] = True
    return candidates


def resolve_tokenizer(tokenizer: Tokenizer | str | None) -> Tokenizer:
    """None or "byte" is the byte tokenizer, another string a Hugging Face name or folder, a tokenizer itself."""
    if tokenizer is None or tokenizer == "byte":
        return ByteTokenizer()
    return HFTokenizer(tokenizer) if isinstance(tokenizer, str) else tokenizer
