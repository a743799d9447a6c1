"""Folding labels to charsets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainers.data.charset import CHARSETS, Charset, get_charset
from trainers.data.errors import DataError


@pytest.mark.parametrize(("name", "size"), [("36", 36), ("62", 62), ("94", 94)])
def test_sizes(name: str, size: int) -> None:
    assert len(CHARSETS[name]) == size


@pytest.mark.parametrize(
    ("charset", "label", "text", "status"),
    [
        ("36", "Hotel", "hotel", "kept"),
        ("62", "Hotel", "Hotel", "kept"),
        ("36", "it's", "its", "stripped"),
        ("94", "it's", "it's", "kept"),
        ("94", "two words", "twowords", "stripped"),
        ("36", "CAF\u00c9", "caf", "stripped"),
        ("36", "CAFE\u0301", "caf", "stripped"),
        ("36", "!?", "", "empty"),
        ("36", "", "", "empty"),
        ("36", "x" * 26, "x" * 26, "too_long"),
    ],
)
def test_the_stated_rule(charset: str, label: str, text: str, status: str) -> None:
    folded = CHARSETS[charset].fold(label)
    assert (folded.text, folded.status) == (text, status)
    assert folded.usable == (status in ("kept", "stripped"))


@given(st.text(max_size=40), st.sampled_from(sorted(CHARSETS)), st.integers(1, 30))
def test_folding_is_idempotent_and_within_the_charset(text: str, name: str, longest: int) -> None:
    charset = CHARSETS[name]
    folded = charset.fold(text, longest)
    assert set(folded.text) <= charset.members
    if folded.usable:
        assert 1 <= len(folded.text) <= longest
        again = charset.fold(folded.text, longest)
        assert (again.text, again.status) == (folded.text, "kept")


def test_bad_charsets() -> None:
    with pytest.raises(DataError, match="expected one of 36, 62, 94"):
        get_charset("37")
    with pytest.raises(DataError, match="repeats"):
        Charset("twice", "aa")
    with pytest.raises(DataError, match="no characters"):
        Charset("none", "")
