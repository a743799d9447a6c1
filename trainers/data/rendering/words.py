"""What is written on the images: words, numbers, prices, abbreviations, codes.

Every text of three or more letters and digits belongs to exactly one split, by a stable hash
of its letters and digits in lower case; so no charset makes two splits meet. One- and
two-character texts are shared by all splits: there are too few of them to divide.
"""

from __future__ import annotations

import hashlib
import string
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

import numpy as np

from trainers.data.errors import DataError
from trainers.data.rendering.vocabulary import WeightedWords, weighted, word_counts

SplitName = Literal["search_train", "search_val", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = get_args(SplitName)

# Share of each word length, 1 to 16: mostly short words, as on signs.
_LENGTH_SHARES = (1.5, 4, 14, 17, 15, 13, 10.5, 7.5, 5.5, 3.8, 2.5, 1.6, 1, 0.7, 0.5, 0.3)
_SHARED_LENGTH = 2
_LONGEST_STRING = 8  # of random digits or letters, where the length range allows
_MAX_TRIES, _TRIES_OF_A_KIND = 3_000, 60
_TRAILING = ".,:!?;"
# What stands before or after a number on signs, labels and plates.
_UNITS = ("km", "m", "kg", "g", "ml", "h", "th", "am", "pm", "x", "cm", "min", "W", "V")
_MARKS = ("A", "B", "M", "No", "US", "Rt", "Apt", "Bus", "P", "Gate", "Room", "Exit")
# Share of what is not a word: numbers, numbers with a unit or mark, abbreviations, codes, prices.
_OTHERS = (0.085, 0.03, 0.04, 0.025, 0.04)


def split_of(text: str) -> SplitName | None:
    """Return the one split that ``text`` belongs to, ``None`` where all share it.

    80 % of all texts go to search_train, 10 % each to search_val and test.
    """
    key = "".join(c for c in text.lower() if c.isalnum()) or text
    if len(key) <= _SHARED_LENGTH:
        return None
    digest = hashlib.blake2b(key.encode("utf-8"), digest_size=8).digest()
    tenth = int.from_bytes(digest, "big") % 10
    if tenth < 8:
        return "search_train"
    return "search_val" if tenth == 8 else "test"


def check_split(split: str) -> SplitName:
    """Return ``split`` if it is a split's name.

    Raises:
        DataError: it is not.
    """
    for name in SPLIT_NAMES:
        if split == name:
            return name
    raise DataError(f"unknown split {split!r}; expected one of {', '.join(SPLIT_NAMES)}")


@lru_cache(maxsize=4)
def _words_by_length(split: SplitName) -> dict[int, WeightedWords]:
    grouped: dict[int, list[str]] = {}
    for word in word_counts():
        if split_of(word) in (None, split):
            grouped.setdefault(len(word), []).append(word)
    return {length: weighted(words) for length, words in grouped.items()}


@dataclass(frozen=True)
class WordSampler:
    """Draws the texts of one split.

    Args:
        split: search_train, search_val or test.
        min_length: shortest text, in characters that are read: see ``punctuation``.
        max_length: longest text, in characters that are read.
        punctuation: whether it is read. It is shown in any case, as it is on signs; where it is
            not read, lengths are those of the letters and digits.
    """

    split: SplitName
    min_length: int = 1
    max_length: int = 16
    punctuation: bool = False

    def __post_init__(self) -> None:
        """Refuse an unknown split and an empty length range."""
        check_split(self.split)
        if not 1 <= self.min_length <= self.max_length:
            raise DataError(
                f"text length {self.min_length} to {self.max_length} given; expected "
                "1 <= min_length <= max_length"
            )

    def draw(self, rng: np.random.Generator) -> str:
        """Return one text in the split of min_length to max_length characters."""
        for _ in range(_MAX_TRIES // _TRIES_OF_A_KIND):
            kind = int(np.searchsorted(np.cumsum(_OTHERS), rng.random(), side="right"))
            length = self._length(rng)
            # Most strings belong to other splits: of a kind, or the shares would not be kept.
            for _ in range(_TRIES_OF_A_KIND):
                text = self._propose(rng, kind, length)
                if self._fits(text):
                    return text
        raise DataError(
            f"no {self.split} text of {self.min_length} to {self.max_length} characters found; "
            "widen the range"
        )

    def _fits(self, text: str) -> bool:
        length = len(text) if self.punctuation else sum(map(str.isalnum, text))
        in_range = self.min_length <= length <= self.max_length
        return in_range and split_of(text) in (None, self.split)

    def _propose(self, rng: np.random.Generator, kind: int, length: int) -> str:
        short = max(self.min_length, min(length, _LONGEST_STRING))
        if kind == 0:
            return _number(rng, short)
        if kind == 1:
            return _measure(rng, length)
        if kind == 2:
            return _abbreviation(rng, length)
        if kind == 3:
            return _code(rng, short)
        if kind == 4:
            return _price(rng)
        return self._word(rng, length)

    def _word(self, rng: np.random.Generator, length: int) -> str:
        words = _words_by_length(self.split).get(length)
        if words is None:
            return _code(rng, length)
        word = _cased(words.draw(rng), rng)
        return _punctuated(word, rng) if rng.random() < 0.08 else word

    def _length(self, rng: np.random.Generator) -> int:
        low, high = self.min_length, self.max_length
        shares = np.array(
            [_LENGTH_SHARES[min(n, len(_LENGTH_SHARES)) - 1] for n in range(low, high + 1)]
        )
        edges = np.cumsum(shares)
        return low + int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))


def _pick(rng: np.random.Generator, choices: str | tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]


def _cased(word: str, rng: np.random.Generator) -> str:
    style = rng.random()
    if style < 0.44:
        return word.upper()
    if style < 0.74:
        return word.capitalize()
    if style < 0.76 and len(word) > 3:
        cut = int(rng.integers(1, len(word) - 1))
        return word[:cut] + word[cut:].capitalize()
    return word


def _punctuated(word: str, rng: np.random.Generator) -> str:
    style = rng.random()
    if style < 0.55:
        return word + _pick(rng, _TRAILING)
    if style < 0.75 and len(word) > 3:
        cut = int(rng.integers(1, len(word)))
        return word[:cut] + _pick(rng, "-'&/") + word[cut:]
    if style < 0.9:
        opening, closing = ('"', '"') if rng.random() < 0.5 else ("(", ")")
        return opening + word + closing
    return _pick(rng, string.punctuation) + word


def _number(rng: np.random.Generator, length: int) -> str:
    """Digits: a year, a round one, or any."""
    style = rng.random()
    if style < 0.15 and length == 4:
        return str(int(rng.integers(1850, 2031)))
    if style < 0.4 and length > 1:
        return _pick(rng, "123456789") + _digits(rng, length - 2) + _pick(rng, "05")
    return _digits(rng, length)


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(_pick(rng, string.digits) for _ in range(count))


def _measure(rng: np.random.Generator, length: int) -> str:
    """A number with what is counted or numbered."""
    word = _pick(rng, _UNITS if rng.random() < 0.5 else _MARKS)
    number = _digits(rng, max(1, min(length - len(word), 4)))
    text = number + word if word in _UNITS else word + number
    return text.upper() if rng.random() < 0.4 else text


def _abbreviation(rng: np.random.Generator, length: int) -> str:
    letters = "".join(_pick(rng, string.ascii_uppercase) for _ in range(min(length, 5)))
    return ".".join(letters) + "." if rng.random() < 0.15 and len(letters) < 4 else letters


def _code(rng: np.random.Generator, length: int) -> str:
    letters = string.ascii_uppercase if rng.random() < 0.8 else string.ascii_lowercase
    return "".join(_pick(rng, letters + string.digits) for _ in range(length))


def _price(rng: np.random.Generator) -> str:
    style = rng.random()
    amount = int(10 ** rng.uniform(0, 3))
    cents = f"{int(rng.integers(100)):02d}"
    if style < 0.4:
        return f"${amount}.{cents}"
    if style < 0.5:
        return f"{amount},{cents}"
    if style < 0.65:
        return f"{amount % 100}%"
    if style < 0.8:
        return f"{100 + amount % 900}-{int(rng.integers(10_000)):04d}"
    return f"{amount % 24}:{int(rng.integers(60)):02d}"
