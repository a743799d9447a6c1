"""What the second of two architectures has before the first, over the pairs of a part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from bench.panel.rows import Row
from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.intervals import mean_interval
from bench.statistics.paired import PairedTest, signed_rank_test


@dataclass(frozen=True)
class Pair:
    """Two architectures, the mean test word accuracy of their trainings, and its ``gain``."""

    first: str
    second: str
    first_accuracy: float
    second_accuracy: float
    gain: float


@dataclass(frozen=True)
class Gain:
    """The second against the first over all ``pairs`` that are trained, of ``stated`` ones."""

    pairs: tuple[Pair, ...]
    stated: int
    mean: Estimate | NotComputable
    test: PairedTest | NotComputable


def gain_of_pairs(recipes: Mapping[str, Sequence[str]], rows: Iterable[Row]) -> Gain:
    """``recipes`` are a part's: text of an architecture -> recipes of its trainings, in its order.

    A pair of which a training is missing is left out.
    """
    known = {row.recipe: row for row in rows}
    texts = list(recipes)
    pairs = []
    for first, second in zip(texts[::2], texts[1::2], strict=False):
        if all(recipe in known for text in (first, second) for recipe in recipes[text]):
            before, after = (
                fmean(known[recipe].test_accuracy for recipe in recipes[text])
                for text in (first, second)
            )
            pairs.append(Pair(first, second, before, after, after - before))
    gains = [pair.gain for pair in pairs]
    columns = [p.second_accuracy for p in pairs], [p.first_accuracy for p in pairs]
    return Gain(tuple(pairs), len(texts) // 2, mean_interval(gains), signed_rank_test(*columns))
