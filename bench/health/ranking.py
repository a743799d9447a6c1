"""M4: whether scores follow the number of an operation, given multiply-adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.ranking import partial_tau
from spaces import Space
from trainers.cost import Encodings


def operation_taus(
    space: Space,
    encodings: Encodings,
    scores: Sequence[float],
    macs: Sequence[int],
    rng: np.random.Generator,
) -> dict[str, Estimate | NotComputable]:
    """Kendall's tau-b of ``scores`` (N,) with the number of each operation, given ``macs`` (N,)."""
    operations = np.asarray(encodings)[:, space.path_length :]
    found = {}
    for code, name in enumerate(space.operations):
        counts = (operations == code).sum(axis=1)
        found[name] = partial_tau(scores, counts, macs, rng)
    return found


def largest(taus: Mapping[str, Estimate | NotComputable]) -> tuple[str, Estimate] | None:
    """The operation whose tau is farthest from 0; None where none could be computed."""
    known = [(name, tau) for name, tau in taus.items() if isinstance(tau, Estimate)]
    return max(known, key=lambda pair: abs(pair[1].value), default=None)
