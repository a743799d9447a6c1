"""The referee: looks at a searcher from outside, at fixed points of the budget, off the ledger.

It scores the recommendation on ``test`` and on search_val. Of a searcher that learns a distribution
it also draws a few architectures and scores them on search_val: how far the most probable one is
from what the distribution as a whole promises is the discretisation gap.
"""

from __future__ import annotations

from dataclasses import asdict
from statistics import fmean

import numpy as np

from bench.records.events import Sample
from bench.records.result import RefereeRow
from bench.running.evaluators.base import Evaluator
from bench.running.said import drawn, recommended
from searchers.base import Searcher
from trainers.cost import Cost
from trainers.streams import Stream


class Referee:
    """Looks with ``samples`` draws a time; ``seed`` is the run's."""

    def __init__(self, evaluator: Evaluator, samples: int, seed: int) -> None:
        self.evaluator = evaluator
        self.samples = samples
        self.seed = seed

    def look(
        self, searcher: Searcher, point: int, total: Cost, final: bool
    ) -> tuple[RefereeRow, list[Sample]]:
        """What is to be said after ``total``, and the sampled architectures with their scores."""
        found = recommended(searcher)
        scores = self.evaluator.scores_for_referee(found, final)
        # A generator of its own for each point: looking must not change what is looked at.
        rng = np.random.default_rng(
            np.random.SeedSequence(self.seed, spawn_key=(Stream.REFEREE, point))
        )
        others = drawn(searcher, self.samples, rng) if self.samples else []
        glances = [self.evaluator.glance(other) for other in others]
        samples = [Sample(other.text, score) for other, score in zip(others, glances, strict=True)]
        finite = [score for score in glances if score is not None]
        mean = fmean(finite) if finite else None
        own = scores.search_val_score
        row = RefereeRow(
            point=point,
            images=total.images,
            evaluations=total.evaluations,
            architecture=found.text,
            index=found.index,
            **asdict(scores),
            samples_mean=mean,
            discretisation_gap=None if mean is None or own is None else own - mean,
        )
        return row, samples
