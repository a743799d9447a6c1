"""From recorded runs to a complete paired matrix.

A block is what all searchers of a study share: supernet seed and data-split seed. Paired tests need
a score of every searcher in every block, so a block in which one is missing is left out for all,
and named. A run that failed is such a hole too. Leaving it out flatters the searcher that failed,
therefore failures are counted next to every result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

import numpy as np

from bench.statistics.answers import Floats, NotComputable


@dataclass(frozen=True)
class RunScore:
    """The endpoint of one run; ``score`` is None (or NaN) if the run failed.

    ``cluster`` names what some blocks have in common: their supernet.
    """

    searcher: str
    block: str
    score: float | None
    cluster: str = ""

    @property
    def failed(self) -> bool:
        """Whether there is no usable score; NaN and infinity never count as one."""
        return self.score is None or not isfinite(self.score)


@dataclass(frozen=True)
class DroppedBlock:
    """A block that is left out, with the searchers that failed in it or were not run.

    ``without`` says what it is to have no score.
    """

    block: str
    failed: tuple[str, ...]
    missing: tuple[str, ...]
    without: str = "failed"

    @property
    def reason(self) -> str:
        parts = [f"{' and '.join(self.failed)} {self.without}"] * bool(self.failed)
        parts += [f"{' and '.join(self.missing)} not run"] * bool(self.missing)
        return f"block {self.block}: {', '.join(parts)}"


@dataclass(frozen=True)
class PairedScores:
    """``scores[i][j]`` of searcher j in block i; ``clusters`` names that of each block."""

    searchers: tuple[str, ...]
    blocks: tuple[str, ...]
    clusters: tuple[str, ...]
    scores: tuple[tuple[float, ...], ...]
    dropped: tuple[DroppedBlock, ...]

    @property
    def matrix(self) -> Floats:
        """(blocks, searchers)."""
        return np.array(self.scores, dtype=np.float64)


def paired_matrix(
    runs: Iterable[RunScore], without: str = "failed"
) -> PairedScores | NotComputable:
    """The blocks that all searchers completed, in the order in which blocks first appear.

    ``without`` tells of a run that has no score. Refused if a searcher has two runs in one block,
    since which of them counts is not a question for statistics, and if no block is complete. One
    searcher is no reason to refuse: it has intervals, if no comparisons.
    """
    found = list(runs)
    names = tuple(dict.fromkeys(run.searcher for run in found))
    if not found:
        return NotComputable("there are no runs")
    counted = Counter((run.searcher, run.block) for run in found)
    twice = [f"{searcher} in {block}" for (searcher, block), n in counted.items() if n > 1]
    if twice:
        return NotComputable(f"more than one run of a searcher in a block: {', '.join(twice)}")
    by_place = {(run.block, run.searcher): run for run in found}
    complete: list[str] = []
    dropped: list[DroppedBlock] = []
    for block in dict.fromkeys(run.block for run in found):
        missing = tuple(name for name in names if (block, name) not in by_place)
        here = [by_place[block, name] for name in names if (block, name) in by_place]
        failed = tuple(run.searcher for run in here if run.failed)
        if failed or missing:
            dropped.append(DroppedBlock(block, failed, missing, without))
        else:
            complete.append(block)
    if not complete:
        reasons = "; ".join(block.reason for block in dropped)
        return NotComputable(f"no block was completed by all searchers ({reasons})")
    scores = tuple(
        tuple(float(by_place[block, name].score or 0.0) for name in names) for block in complete
    )
    return PairedScores(
        searchers=names,
        blocks=tuple(complete),
        clusters=tuple(by_place[block, names[0]].cluster for block in complete),
        scores=scores,
        dropped=tuple(dropped),
    )
