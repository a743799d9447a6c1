"""A row for each searcher: its score, its sizes and costs, its verdict against the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from bench.comparison import anytime, costs, endpoint, pairs
from bench.comparison.answers import Missing, Range, value_or_least
from bench.comparison.costs import Costs, ProposalCounts
from bench.comparison.groups import Groups
from bench.comparison.protocol import Protocol
from bench.records.record import RunRecord
from bench.statistics.answers import Answer


@dataclass(frozen=True)
class SearcherRow:
    """What is known of one arm; ``failed`` of its ``complete`` runs have no score.

    ``auc`` is the mean height of its curves, ``failures`` are pieces of work that failed, and
    ``overhead_seconds`` those of ask and tell in a run.
    """

    name: str
    runs: int
    complete: int
    failed: int
    unfinished: int
    score: Answer
    median: Answer
    iqm: Answer
    auc: Answer
    macs: Range | Missing
    params: Range | Missing
    cost: Costs | Missing
    against_baseline: pairs.Against
    relative_improvement: Answer
    proposals: ProposalCounts
    failures: int
    overhead_seconds: float | None


def searcher_rows(
    records: Sequence[RunRecord], groups: Groups, compared: pairs.ComparedFamily, protocol: Protocol
) -> tuple[SearcherRow, ...]:
    """Best first; those without a score last."""
    sharing = Counter(record.supernet for record in records)
    found = []
    for group in groups.groups:
        score, median, iqm = endpoint.centres(group, groups, protocol)
        found.append(
            SearcherRow(
                name=group.label,
                runs=len(group.runs),
                complete=len(group.complete),
                failed=len(group.complete) - len(group.scored),
                unfinished=len(group.runs) - len(group.complete),
                score=score,
                median=median,
                iqm=iqm,
                auc=anytime.area(group, groups, protocol),
                macs=costs.size(group, "macs"),
                params=costs.size(group, "params"),
                cost=costs.costs(group, sharing),
                against_baseline=pairs.against_baseline(compared, group.label, protocol),
                relative_improvement=endpoint.gain_over_random(group, groups, protocol),
                proposals=costs.proposals(group),
                failures=costs.failures(group),
                overhead_seconds=costs.overhead_seconds(group),
            )
        )
    return tuple(sorted(found, key=lambda row: (-value_or_least(row.score), row.name)))
