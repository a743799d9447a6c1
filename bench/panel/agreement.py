"""How two panels rank the architectures that both have trained: what a rank owes to the recipe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from bench.panel.rows import Row
from bench.statistics.answers import Answer, NotComputable
from bench.statistics.ranking import seed_ceiling, tau_between, tau_beyond_seeds

#: Seed of the resamples.
SEED = 0
#: A seed that fewer architectures have is left out, or these would be all that are compared.
FEWEST = 6


@dataclass(frozen=True)
class RecipeAgreement:
    """Kendall's tau between single trainings, of test word accuracy, over the same architectures.

    ``between`` the two panels, and ``within`` each, between its seeds; ``beyond_seeds`` is the
    first minus what the others would make it, below 0 where another recipe ranks differently than
    another seed does. ``seeds`` and ``means`` (of word accuracy) are those of this panel and of the
    other; ``left_out`` counts architectures in both that lack a training with one of the seeds.
    """

    other: str
    architectures: tuple[str, ...]
    left_out: int
    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    means: tuple[float, float]
    between: Answer
    within: tuple[Answer, Answer]
    beyond_seeds: Answer


def recipe_agreement(
    name: str, rows: Iterable[Row], other_rows: Iterable[Row]
) -> RecipeAgreement | NotComputable:
    """Of a panel's rows with those of another, called ``name``."""
    here, there = _by_architecture(rows), _by_architecture(other_rows)
    common = sorted(here.keys() & there.keys())
    if not common:
        return NotComputable(f"no architecture is trained in both this panel and {name}")
    seeds = [_seeds([found[text] for text in common]) for found in (here, there)]
    whole = [
        text
        for text in common
        if all(own <= found[text].keys() for own, found in zip(seeds, (here, there), strict=True))
    ]
    if not whole:
        reason = f"no architecture has all seeds that others have, here and in {name}"
        return NotComputable(reason, n=len(common))
    own, other = (
        {seed: [found[text][seed] for text in whole] for seed in sorted(wanted)}
        for wanted, found in zip(seeds, (here, there), strict=True)
    )
    return RecipeAgreement(
        other=name,
        architectures=tuple(whole),
        left_out=len(common) - len(whole),
        seeds=(tuple(own), tuple(other)),
        means=(_mean(own), _mean(other)),
        between=tau_between(own, other, np.random.default_rng(SEED)),
        within=(_within(own), _within(other)),
        beyond_seeds=tau_beyond_seeds(own, other, np.random.default_rng(SEED)),
    )


def _by_architecture(rows: Iterable[Row]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        found.setdefault(row.architecture, {})[row.seed] = row.test_accuracy
    return found


def _seeds(trainings: Sequence[Mapping[int, float]]) -> set[int]:
    """Those that enough architectures have."""
    known = Counter(seed for each in trainings for seed in each)
    return {seed for seed, count in known.items() if count >= min(FEWEST, len(trainings))}


def _within(scores: Mapping[int, Sequence[float]]) -> Answer:
    return seed_ceiling(np.transpose(list(scores.values())), np.random.default_rng(SEED))


def _mean(scores: Mapping[int, Sequence[float]]) -> float:
    return fmean(score for column in scores.values() for score in column)
