"""What words alone do to a score: two of the same worth differ by chance on the words at hand."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from bench.comparison.groups import Groups


@dataclass(frozen=True)
class WordNoise:
    """``sd`` is the standard deviation of the difference of two scores on so many ``words``."""

    words: int
    sd: float


def word_noise(groups: Groups) -> WordNoise | None:
    """At the mean score p, sqrt(2 p (1 - p) / words), of two models that err independently.

    Those that err on the same words differ by less (McNemar). None where nothing was read.
    """
    ends = [end for group in groups.groups for end in group.ends]
    words = {best.test_words or 0 for _, best, _ in ends} - {0}
    scores = [score for _, _, score in ends]
    if len(words) != 1 or not scores:
        return None
    count, mean = words.pop(), float(np.mean(scores))
    return WordNoise(count, sqrt(2.0 * mean * (1.0 - mean) / count))
