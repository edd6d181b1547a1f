"""Words: letters, codes and counts."""

from __future__ import annotations

from textgym_tasks.python.draws import Draws
from textgym_tasks.python.families import Family, Params

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def sorted_letters(word: str) -> str:
    """A counting sort."""
    return "".join(letter * word.count(letter) for letter in LETTERS)


def caesar(word: str, k: int) -> str:
    """Each letter moved on by `k`, from z to a."""
    moved = LETTERS[k:] + LETTERS[:k]
    return word.translate(str.maketrans(LETTERS, moved))


def run_lengths(word: str) -> str:
    """`aaab` as `3a1b`."""
    runs: list[tuple[int, str]] = []
    for letter in word:
        if runs and runs[-1][1] == letter:
            runs[-1] = (runs[-1][0] + 1, letter)
        else:
            runs.append((1, letter))
    return "".join(f"{count}{letter}" for count, letter in runs)


def rotation_endings(word: str) -> str:
    """The last letters of the sorted rotations (the Burrows-Wheeler transform), by the places where they start."""
    starts = sorted(range(len(word)), key=lambda i: word[i:] + word[:i])
    return "".join(word[i - 1] for i in starts)


def frequent_words(text: str, k: int) -> list[str]:
    """The words that occur at least `k` times, the most frequent first, equals by the alphabet."""
    words = sorted(text.split())
    counts = {word: words.count(word) for word in words}
    return [w for n in range(len(words), k - 1, -1) for w in sorted(counts) if counts[w] == n]


def letter_score(words: list[str]) -> int:
    """The sum over words of the place on the list times the sum of the letters' places in the alphabet."""
    return sum(place * (ord(c) - 96) for place, word in enumerate(words, 1) for c in word)


def keyword_cipher(word: str, key: str) -> str:
    """Each letter moved on by the letter of the key at its place (Vigenere)."""
    return "".join(caesar(letter, LETTERS.index(key[i % len(key)])) for i, letter in enumerate(word))


def draw_text(d: Draws) -> Params:
    words = [d.word(5, 6) for _ in range(5)]
    counts = [d.small(4, 5), d.small(3, 4), d.small(3, 4), d.small(1, 2), d.small(1, 2)]
    text = [word for word, count in zip(words, counts, strict=True) for _ in range(count)]
    return {"text": " ".join(d.sample(text, len(text))), "k": 3}


EASY_WORDS = (
    Family(
        "sorted_letters",
        1,
        lambda d: {"word": d.word(7, 12)},
        (
            'Sort the letters of "$word".',
            'Put the letters of "$word" in order.',
            'What is "$word" with its letters sorted?',
            'Write "$word" with letters from a to z.',
        ),
        sorted_letters,
        '"".join(sorted($word))',
    ),
)

WORDS = (
    Family(
        "caesar",
        2,
        lambda d: {"word": d.word(12, 20), "k": d.small(3, 23)},
        (
            'Replace each letter of "$word" by the one $k places later in the alphabet, going on with a after z.',
            'What is "$word" in a Caesar cipher that shifts by $k?',
            'Shift every letter of "$word" forward by $k, wrapping around from z to a. What do you get?',
            'Encode "$word": each letter moves $k steps on in the alphabet, and a follows z.',
        ),
        caesar,
        '"".join(chr((ord(c) - 97 + $k) % 26 + 97) for c in $word)',
    ),
    Family(
        "run_lengths",
        2,
        lambda d: {"word": d.word(24, 36, "abc")},
        (
            'Write "$word" with run lengths, as "aaab" is "3a1b".',
            'Encode the runs of "$word": count, then letter, so that "bbca" gives "2b1c1a".',
            'What is the run-length encoding of "$word"? ("aab" gives "2a1b".)',
            'Compress "$word" by replacing each run of a letter by its length and the letter, such as "2c1a" for '
            '"cca".',
        ),
        run_lengths,
        'from itertools import groupby\n"".join(str(len(list(g))) + c for c, g in groupby($word))',
    ),
    Family(
        "letter_score",
        2,
        lambda d: {"words": [d.word(5, 7) for _ in range(d.small(4, 6))]},
        (
            "With a = 1, ..., z = 26, a word is worth the sum of its letters times its place in the list, from 1. What "
            "is $words worth in all?",
            "For $words, add up the letters of each word (a is 1, z is 26), multiply by the word's place (first is 1) "
            "and sum. What is the result?",
            "Score $words: (sum of alphabet positions of the letters) * (1 for the first word, 2 for the second, ...). "
            "What is the total?",
            "What is the sum, over the words of $words, of place (from 1) times letter values (a=1, b=2, ..., z=26)?",
        ),
        letter_score,
        "sum(i * sum(ord(c) - 96 for c in w) for i, w in enumerate($words, 1))",
    ),
    Family(
        "rotation_endings",
        3,
        lambda d: {"word": d.word(11, 16)},
        (
            'Write all rotations of "$word" (the first letter goes to the end, again and again), sort them, and read '
            "the last letter of each. What word is it?",
            'Sort the cyclic shifts of "$word" alphabetically and join their final letters. What do you get?',
            'What is the Burrows-Wheeler transform of "$word", without an end marker: the last column of its sorted '
            "rotations?",
        ),
        rotation_endings,
        'w = $word\n"".join(r[-1] for r in sorted(w[i:] + w[:i] for i in range(len(w))))',
    ),
    Family(
        "frequent_words",
        3,
        draw_text,
        (
            'Which words occur at least $k times in "$text"? Give a list, the most frequent first, equally frequent '
            "ones in alphabetical order.",
            'List the words of "$text" that appear $k times or more, by falling count, then by the alphabet.',
            'Count the words of "$text". List those with a count of $k and up, highest count first; ties are sorted '
            "from a to z.",
        ),
        frequent_words,
        """\
from collections import Counter
counts = Counter($text.split())
sorted((w for w in counts if counts[w] >= $k), key=lambda w: (-counts[w], w))""",
    ),
    Family(
        "keyword_cipher",
        3,
        lambda d: {"word": d.word(14, 22), "key": d.word(5, 6)},
        (
            'Encrypt "$word" with the Vigenere cipher and the key "$key" (a shifts by 0, b by 1, and so on).',
            'Write the key "$key" over and over below "$word" and shift each letter by the key\'s letter (a = 0, z '
            "= 25), wrapping from z to a. What is the result?",
            'Letter i of "$word" moves on by letter i of "$key", the key being repeated; a moves 0, b 1, ..., z 25. '
            "What do you get?",
        ),
        keyword_cipher,
        """\
w, k = $word, $key
"".join(chr((ord(w[i]) + ord(k[i % len(k)]) - 194) % 26 + 97) for i in range(len(w)))""",
    ),
)
