"""Models beside each other, word by word: which reads what the other does not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from bench.models.evaluation import Evaluation
from bench.statistics.holm import holm_adjusted
from bench.statistics.paired_proportions import PairedProportions, paired_proportions

#: Models, not architectures: another seed of either is another model.
CAVEAT = (
    "Two models beside each other: difference over all words, and the p value of McNemar's exact "
    "test, by Holm's procedure over all pairs. It says of these two models, on words such as "
    "these; what an architecture is worth takes several seeds (`bench compare`)."
)


@dataclass(frozen=True)
class Pair:
    """Places of two models in the evaluation, the better first; ``p`` is Holm's."""

    first: int
    second: int
    found: PairedProportions
    p: float


def pairs(evaluation: Evaluation) -> list[Pair]:
    """Each two models on all words, once each; the larger difference first."""
    counted = evaluation.sets.counted_once()
    hits = [
        np.concatenate([each.hits for each in row.scores if each.test_set in counted])
        for row in evaluation.rows
    ]
    found = []
    for first, second in combinations(range(len(hits)), 2):
        if hits[first].sum() < hits[second].sum():
            first, second = second, first
        one, other = hits[first], hits[second]
        only = int((one & ~other).sum()), int((other & ~one).sum())
        found.append((first, second, paired_proportions(*only, len(one))))
    corrected = holm_adjusted([each.p for *_, each in found])
    made = [Pair(*each, float(p)) for each, p in zip(found, corrected, strict=True)]
    return sorted(made, key=lambda pair: -pair.found.difference.value)
