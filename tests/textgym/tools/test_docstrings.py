"""Descriptions out of docstrings, in the three styles that people write."""

import inspect

import docstring_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgym.tools.docstrings import parse_docstring

GOOGLE = """Looks a word up.

    Words are looked up as written.

    Args:
        word: the word: as written,
            in full.
        limit (int): most entries.

    Returns:
        The entries.
    """
NUMPY = """Looks a word up.

    Words are looked up as written.

    Parameters
    ----------
    word : str
        the word: as written,
        in full.
    limit : int, optional
        most entries.

    Returns
    -------
    str
        The entries.
    """
SPHINX = """Looks a word up.

    Words are looked up as written.

    :param word: the word: as written,
        in full.
    :param int limit: most entries.
    :returns: The entries.
    """


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_styles(text):
    description, parameters = parse_docstring(text)
    assert description == "Looks a word up.\n\nWords are looked up as written."
    assert parameters == {"word": "the word: as written, in full.", "limit": "most entries."}


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, SPHINX], ids=["google", "numpy", "sphinx"])
def test_against_another_parser(text):
    """docstring_parser comes with the development tools (tyro needs it); the environments must do without."""
    theirs = docstring_parser.parse(inspect.cleandoc(text))
    expected = {p.arg_name: " ".join((p.description or "").split()) for p in theirs.params}
    assert parse_docstring(text)[1] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ("", {})),
        ("", ("", {})),
        ("Says what it is told.", ("Says what it is told.", {})),
        ("Says.\n\nNote: it goes on.", ("Says.\n\nNote: it goes on.", {})),
        ("Says.\n\nReturns:\n    text: not a parameter.", ("Says.", {})),
        ("Args:\n    word: alone.", ("", {"word": "alone."})),
        ("Says.\n\nArgs:\n    word:\n        on the next line.", ("Says.", {"word": "on the next line."})),
        ("Says.\n\nArgs:\n    *words: any.\n    **named: these.", ("Says.", {"words": "any.", "named": "these."})),
        ("Says.\n\nArgs:\n\n    word: after a blank line.", ("Says.", {"word": "after a blank line."})),
        ("Says.\n\nArguments:\n  word: 2 spaces.\n  other: too.", ("Says.", {"word": "2 spaces.", "other": "too."})),
        ("Parameters of the heart.\n\nMore.", ("Parameters of the heart.\n\nMore.", {})),
    ],
)  # fmt: skip
def test_corners(text, expected):
    assert parse_docstring(text) == expected


@given(
    st.lists(st.sampled_from([*"Args:\n \t-:param x*()", "Args:\n", "Parameters\n---\n", ":param x: "])).map("".join)
)
def test_any_text_is_taken(text):
    description, parameters = parse_docstring(text)
    assert description in inspect.cleandoc(text)
    assert all("\n" not in words for words in parameters.values())
