"""Text made safe, and cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgym.sandbox.text import cut, safe

every_character = st.text(st.characters(codec=None, exclude_categories=()))


@given(every_character)
def test_safe_text_has_no_control_code_and_can_be_encoded(text):
    made = safe(text)
    made.encode("utf-8")
    assert not [c for c in made if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") and c not in "\t\n"]
    assert safe(made) == made


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_ordinary_text_is_left_alone(text):
    if " at 0x" not in text:
        assert safe(text) == text


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\x00b\r\n\tc\rd", "a\\x00b\n\tc\\x0dd"),
        ("\x9b2J", "\\x9b2J"),
        ("\ud83d", "\\ud83d"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("<object object at 0x7f12ab34cd50>", "<object object at 0x...>"),
        ("at 0x7f12ab34cd50", "at 0x7f12ab34cd50"),
    ],
)
def test_examples(text, made):
    assert safe(text) == made


@given(st.text(), st.integers(0, 50))
def test_cut(text, limit):
    made = cut(text, limit)
    assert len(made) <= limit or made == text
    assert made == text if len(text) <= limit else len(made) == limit
    if len(text) > limit >= 20:
        assert text.startswith(made[:5])
        assert text.endswith(made[-5:])
