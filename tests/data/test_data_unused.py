"""Words that cannot be used are counted, and said where they are many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from trainers.data.charset import ctc_steps, get_charset
from trainers.data.errors import DataError
from trainers.data.info import lmdb_info
from trainers.data.splits import WordSplit
from trainers.data.unused import noticeable
from trainers.data_splits import Split, open_splits
from trainers.settings import DataSettings, RecogniserSettings, RenderingSettings

Picture = Callable[..., bytes]
Make = Callable[[list[tuple[bytes, str]]], Path]

FEW = RenderingSettings(search_train=4, search_val=4, test=4)


@pytest.fixture
def lmdb(picture: Picture, make_lmdb: Make) -> Callable[[list[str]], Path]:
    return lambda labels: make_lmdb([(picture(9), label) for label in labels])


def split(path: Path | list[Path], **settings: object) -> Split:
    paths = [str(each) for each in ([path] if isinstance(path, Path) else path)]
    data = DataSettings(search_train=tuple(paths), rendering=FEW, **settings)  # type: ignore[arg-type]
    return open_splits(data, (32, 100), steps=RecogniserSettings().time_steps)["search_train"]


@pytest.mark.parametrize(
    ("text", "steps"), [("", 0), ("a", 1), ("ab", 2), ("aa", 3), ("aaa", 5), ("hello", 6)]
)
def test_steps_that_ctc_needs(text: str, steps: int) -> None:
    assert ctc_steps(text) == steps


def test_most_words_unused_is_said_with_the_reasons(lmdb: Callable[[list[str]], Path]) -> None:
    labels = (
        [f"averyveryverylongword{i}" for i in range(30)] + ["\u65e5\u672c"] * 30 + ["ok1", "ok2"]
    )
    found = split(lmdb(labels), max_length=16)
    assert found.warnings == [
        "search_train: 60 of 62 words are not used: 30 too long (more than 16 characters, or than "
        "25 columns hold), 30 without a character of charset 36"
    ]
    assert found.describe()["warnings"] == found.warnings


def test_few_words_unused_are_counted_without_a_word(lmdb: Callable[[list[str]], Path]) -> None:
    found = split(lmdb(["word"] * 99 + ["???"]))
    assert found.warnings == []
    assert found.words.status_counts["empty"] == 1


def test_labels_longer_than_the_columns_are_too_long(lmdb: Callable[[list[str]], Path]) -> None:
    labels = ["0123456789abcdefghijklmnop", "0123456789abcdefghijklmno", "aabbccddeeffggh", "hello"]
    path = lmdb(labels)
    ctc = WordSplit(path, max_length=36, steps=25)
    assert ctc.words().labels == ["0123456789abcdefghijklmno", "aabbccddeeffggh", "hello"]
    assert ctc.status_counts["too_long"] == 1
    assert len(WordSplit(path, max_length=36)) == 4
    doubled = WordSplit(lmdb(["aabbccddeeffgghhi" * 1, "llllllllllllll"]), max_length=36, steps=25)
    assert doubled.words().labels == ["aabbccddeeffgghhi"]


def test_info_judges_as_asked(lmdb: Callable[[list[str]], Path]) -> None:
    path = lmdb(["short", "0123456789abcdefghijklmnop", "x" * 14])
    assert lmdb_info(path, max_length=36).label_statuses["kept"] == 3
    assert lmdb_info(path, max_length=36, steps=25).label_statuses["too_long"] == 2
    assert lmdb_info(path, get_charset("36"), 8).label_statuses["too_long"] == 2


def test_a_set_given_twice_is_said(lmdb: Callable[[list[str]], Path]) -> None:
    one, other = lmdb(["one", "two"]), lmdb(["three"])
    found = split([one, other, one])
    assert found.warnings == [
        f"search_train: the words of {one} are given 2 times, so they count as often"
    ]


def test_copies_of_one_set_are_one_warning(lmdb: Callable[[list[str]], Path]) -> None:
    one, copy, other = lmdb(["one", "two"]), lmdb(["one", "two"]), lmdb(["three"])
    found = split([one, copy, other])
    assert found.warnings == [
        f"search_train: the words of {one} and {copy} are given 2 times, so they count as often"
    ]


@pytest.mark.parametrize(
    ("unused", "total", "said"), [(0, 0, False), (0, 9, False), (1, 50, True), (1, 51, False)]
)
def test_when_unused_words_are_many(unused: int, total: int, said: bool) -> None:
    assert noticeable(unused, total) == said


def test_an_alphabet_in_a_name_is_checked_as_one_in_a_file() -> None:
    with pytest.raises(DataError, match="visible"):
        get_charset("characters:ab\x1b[31m")
