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


@dataclass(frozen=True, eq=False)
class PairedScores:
    """``matrix`` (blocks, searchers) holds the scores; ``clusters`` names that of each block.

    ``dropped`` says of each block that is left out who failed in it or was not run.
    """

    searchers: tuple[str, ...]
    blocks: tuple[str, ...]
    clusters: tuple[str, ...]
    matrix: Floats
    dropped: tuple[str, ...]


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
    dropped: list[str] = []
    for block in dict.fromkeys(run.block for run in found):
        missing = [name for name in names if (block, name) not in by_place]
        here = [by_place[block, name] for name in names if (block, name) in by_place]
        failed = [run.searcher for run in here if run.failed]
        whys = ((failed, without), (missing, "not run"))
        told = [f"{' and '.join(who)} {why}" for who, why in whys if who]
        if told:
            dropped.append(f"block {block}: {', '.join(told)}")
        else:
            complete.append(block)
    if not complete:
        reasons = "; ".join(dropped)
        return NotComputable(f"no block was completed by all searchers ({reasons})")
    scores = [[by_place[block, name].score for name in names] for block in complete]
    return PairedScores(
        searchers=names,
        blocks=tuple(complete),
        clusters=tuple(by_place[block, names[0]].cluster for block in complete),
        matrix=np.array(scores, dtype=np.float64),
        dropped=tuple(dropped),
    )
