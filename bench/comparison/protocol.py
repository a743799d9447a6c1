"""What is fixed before a study: endpoint, baseline, family, levels, margin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from bench.records.study_file import StudyFile

Endpoint = Literal["shared", "final"]
Family = Literal["all-pairs", "against-baseline"]

#: The endpoints of docs and reports, a sentence each.
ENDPOINTS: dict[Endpoint, str] = {
    "shared": (
        "The referee's score on test of the architecture that a searcher recommends at the end of "
        "its budget, with the weights of the supernet that the runs of a block began from; not "
        "the best score it has seen."
    ),
    "final": (
        "The score on test of the architecture that a searcher recommends at the end of its "
        "budget, trained from scratch: the mean over the seeds of its trainings."
    ),
}
#: What the quick one is worth where runs begin from fresh weights.
OWN_ENDPOINT = (
    "The referee's score on test of the architecture that a searcher recommends at the end of its "
    "budget, with weights that each run trained for itself, since it began from fresh ones: what "
    "the architecture is worth cannot be told from what its weights were trained on. Nothing to "
    "publish; the endpoint final is."
)
#: What it is worth where scores are replayed.
REPLAYED_ENDPOINT = (
    "The recorded, or predicted, score on search_val of what a searcher recommends: the very "
    "number it was selected on, so the best score seen. Nothing was scored on test: a rehearsal."
)


@dataclass(frozen=True)
class Protocol:
    """Levels of the statistics; ``margin`` is the shift below which searchers count as equivalent.

    ``family`` are the pairs that are tested together. ``final_seeds`` of an architecture make its
    final score. ``deviations`` say what was decided after the runs were made, a sentence each.
    ``bootstrap_seed`` makes every resampling repeatable; each part draws from a stream of its own.
    """

    alpha: float = 0.05
    power: float = 0.8
    margin: float | None = 0.02
    baseline: str = "random"
    family: Family = "all-pairs"
    endpoint: Endpoint = "shared"
    final_seeds: int = 3
    bootstrap_seed: int = 2026
    deviations: tuple[str, ...] = ()

    @property
    def level(self) -> float:
        """Of intervals: what alpha leaves."""
        return 1.0 - self.alpha

    def generator(self, part: str) -> np.random.Generator:
        return np.random.default_rng([self.bootstrap_seed, *part.encode()])


def protocol_of(study: StudyFile | None, given: Mapping[str, Any]) -> Protocol:
    """The protocol of a study; what is ``given`` later replaces a part of it, and is told."""
    given = {key: value for key, value in given.items() if value is not None}
    if study is None:
        told = tuple(
            f"{key} = {value} was given with the runs at hand" for key, value in given.items()
        )
        return replace(Protocol(), **given, deviations=told)
    planned = Protocol(
        alpha=study.alpha,
        margin=study.margin,
        baseline=study.baseline,
        family=study.family,
        endpoint=study.endpoint,
        final_seeds=study.final_seeds,
    )
    told = tuple(
        f"{key} is {value}, in the study file {getattr(planned, key)}"
        for key, value in given.items()
        if value != getattr(planned, key)
    )
    return replace(planned, **given, deviations=told)
