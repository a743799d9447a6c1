"""English words and how often they are used: ``lists/english.tsv``, a line ``word TAB count``.

Drawn as often as they are used, "the" and "you" would fill the images; all alike, words that nobody
has seen would. So they are drawn by the square root of their counts. Source and licence:
``lists/README.md``.

Shape legend: N words.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

LIST = Path(__file__).parent / "lists" / "english.tsv"


@dataclass(frozen=True)
class WeightedWords:
    """Words and the running sums (N,) of their weights."""

    words: tuple[str, ...]
    edges: NDArray[np.float64]

    def draw(self, rng: np.random.Generator) -> str:
        """Draw one of them by its weight."""
        place = np.searchsorted(self.edges, rng.random() * self.edges[-1], side="right")
        return self.words[min(int(place), len(self.words) - 1)]


@lru_cache(maxsize=1)
def word_counts() -> dict[str, int]:
    """Return the count of each word, in the order of the list; lower case, ASCII letters."""
    lines = LIST.read_text(encoding="ascii").splitlines()
    pairs = (line.split("\t") for line in lines)
    return {word: int(count) for word, count in pairs}


@lru_cache(maxsize=1)
def list_hash() -> str:
    """Return a hash of the word list: another list, other images."""
    return hashlib.blake2b(LIST.read_bytes(), digest_size=16).hexdigest()


def weighted(words: list[str]) -> WeightedWords:
    """``words`` of the list, with their weights."""
    counts = word_counts()
    return WeightedWords(tuple(words), np.cumsum(np.sqrt([counts[word] for word in words])))
