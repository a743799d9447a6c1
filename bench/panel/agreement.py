"""How two panels rank the architectures that both have trained: what a rank owes to the recipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from bench.panel.rows import Row
from bench.statistics.answers import Answer, NotComputable
from bench.statistics.ranking import seed_ceiling, tau_between, tau_lost

#: Seed of the resamples.
SEED = 0


@dataclass(frozen=True)
class RecipeAgreement:
    """Kendall's tau between single trainings, of test word accuracy, over the same architectures.

    ``between`` the two panels; ``within`` the other one, between its seeds; ``lost`` is the first
    minus the second: what another recipe costs beyond another seed. ``seeds`` are those that every
    architecture has, ``means`` their word accuracy: of this panel, and of the other.
    """

    other: str
    architectures: tuple[str, ...]
    seeds: tuple[tuple[int, ...], tuple[int, ...]]
    means: tuple[float, float]
    between: Answer
    within: Answer
    lost: Answer


def recipe_agreement(
    name: str, rows: Iterable[Row], other_rows: Iterable[Row]
) -> RecipeAgreement | NotComputable:
    """Of a panel's rows with those of another, called ``name``."""
    here, there = _by_architecture(rows), _by_architecture(other_rows)
    common = tuple(sorted(here.keys() & there.keys()))
    if not common:
        return NotComputable(f"no architecture is trained in both this panel and {name}")
    own, other = (_scores([found[text] for text in common]) for found in (here, there))
    if not (own and other):
        reason = f"of {len(common)} architectures trained here and in {name} no seed is of all"
        return NotComputable(reason, n=len(common))
    return RecipeAgreement(
        other=name,
        architectures=common,
        seeds=(tuple(own), tuple(other)),
        means=(_mean(own), _mean(other)),
        between=tau_between(own, other, np.random.default_rng(SEED)),
        within=seed_ceiling(np.transpose(list(other.values())), np.random.default_rng(SEED)),
        lost=tau_lost(other, own, np.random.default_rng(SEED)),
    )


def _by_architecture(rows: Iterable[Row]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for row in rows:
        found.setdefault(row.architecture, {})[row.seed] = row.test_accuracy
    return found


def _scores(trainings: Sequence[Mapping[int, float]]) -> dict[int, list[float]]:
    """Seed -> test word accuracy (architectures,), of the seeds that each architecture has."""
    seeds = set.intersection(*(set(each) for each in trainings))
    return {seed: [each[seed] for each in trainings] for seed in sorted(seeds)}


def _mean(scores: Mapping[int, Sequence[float]]) -> float:
    return fmean(score for column in scores.values() for score in column)
