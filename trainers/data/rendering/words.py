"""What is written on the images: dictionary words, numbers, prices, random strings.

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
from english_words import get_english_words_set

from trainers.data.errors import DataError
from trainers.data.rendering.unfit import is_unfit

SplitName = Literal["search_train", "search_val", "test"]
SPLIT_NAMES: tuple[SplitName, ...] = get_args(SplitName)

# Share of each word length, 1 to 16: mostly short words, as on signs.
_LENGTH_SHARES = (1.5, 4, 13, 16, 16, 14, 11, 8, 6, 4, 2.5, 1.5, 1, 0.7, 0.5, 0.3)
_SHARED_LENGTH = 2
_LONGEST_STRING = 8  # of random digits or letters, where the length range allows
_MAX_TRIES = 200
_TRAILING = ".,:!?;"


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


@lru_cache(maxsize=1)
def dictionary() -> tuple[str, ...]:
    """Return all dictionary words of ASCII letters, lower case, sorted."""
    listed = get_english_words_set(["web2", "gcide"], alpha=True, lower=True)
    return tuple(sorted(w for w in listed if w.isascii() and w.isalpha() and not is_unfit(w)))


@lru_cache(maxsize=1)
def dictionary_hash() -> str:
    """Return a hash of the word list: another list, other images."""
    return hashlib.blake2b("\n".join(dictionary()).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=4)
def _words_by_length(split: SplitName) -> dict[int, tuple[str, ...]]:
    grouped: dict[int, list[str]] = {}
    for word in dictionary():
        if split_of(word) in (None, split):
            grouped.setdefault(len(word), []).append(word)
    return {length: tuple(words) for length, words in grouped.items()}


@dataclass(frozen=True)
class WordSampler:
    """Draws the texts of one split.

    Args:
        split: search_train, search_val or test.
        min_length: shortest text, in characters.
        max_length: longest text, in characters.
        punctuation: whether prices, hyphens and trailing punctuation may occur.
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
        """Return one text of min_length to max_length characters in the split."""
        for _ in range(_MAX_TRIES):
            text = self._propose(rng)
            fits = self.min_length <= len(text) <= self.max_length
            if fits and split_of(text) in (None, self.split):
                return text
        raise DataError(
            f"no {self.split} text of {self.min_length} to {self.max_length} characters found; "
            "widen the range"
        )

    def _propose(self, rng: np.random.Generator) -> str:
        length = self._length(rng)
        kind = rng.random()
        short = max(self.min_length, min(length, _LONGEST_STRING))
        if kind < 0.80:
            return self._word(rng, length)
        if kind < 0.91:
            return "".join(_pick(rng, string.digits) for _ in range(short))
        if kind < 0.96 or not self.punctuation:
            return _random_string(rng, short)
        return _price(rng)

    def _word(self, rng: np.random.Generator, length: int) -> str:
        words = _words_by_length(self.split).get(length)
        if not words:
            return _random_string(rng, length)
        word = _cased(words[int(rng.integers(len(words)))], rng)
        if self.punctuation and rng.random() < 0.12:
            return _punctuated(word, rng)
        return word

    def _length(self, rng: np.random.Generator) -> int:
        low, high = self.min_length, self.max_length
        shares = np.array(
            [_LENGTH_SHARES[min(n, len(_LENGTH_SHARES)) - 1] for n in range(low, high + 1)]
        )
        edges = np.cumsum(shares)
        return low + int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))


def _pick(rng: np.random.Generator, characters: str) -> str:
    return characters[int(rng.integers(len(characters)))]


def _cased(word: str, rng: np.random.Generator) -> str:
    style = rng.random()
    if style < 0.42:
        return word.upper()
    return word.capitalize() if style < 0.72 else word


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


def _random_string(rng: np.random.Generator, length: int) -> str:
    letters = string.ascii_uppercase if rng.random() < 0.7 else string.ascii_lowercase
    return "".join(_pick(rng, letters + string.digits) for _ in range(length))


def _price(rng: np.random.Generator) -> str:
    style = rng.random()
    amount = int(10 ** rng.uniform(0, 3))
    cents = f"{int(rng.integers(100)):02d}"
    if style < 0.5:
        return f"${amount}.{cents}"
    if style < 0.75:
        return f"{amount % 100}%"
    return f"{amount % 24}:{int(rng.integers(60)):02d}"
