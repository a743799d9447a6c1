"""How many paired blocks a study needs, from the spread that a pilot shows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from bench.comparison.answers import plain, refused
from bench.comparison.groups import group_runs
from bench.errors import RecordError
from bench.protocol_check import check_one_protocol
from bench.records import find_runs, read_runs
from bench.statistics.answers import Floats, NotComputable
from bench.statistics.holm import first_threshold
from bench.statistics.intervals import deviation_interval
from bench.statistics.paired import correlation
from bench.statistics.power import required_blocks


def needed_blocks(
    pilot: Sequence[Path], effect: float, power: float, alpha: float, baseline: str | None
) -> dict[str, Any]:
    """For each pair, the blocks needed at the first threshold of Holm's procedure.

    ``baseline`` None compares all pairs. ``RecordError`` where the pilot has no complete block, or
    no run of the baseline.
    """
    records = read_runs(find_runs(pilot))
    check_one_protocol(records)
    groups = group_runs(records)
    if baseline is not None and baseline not in groups.labels:
        raise RecordError(
            f"the pilot has no run of {baseline}, only of {', '.join(groups.labels)}: choose "
            "another --baseline or --all-pairs"
        )
    paired = groups.paired
    if isinstance(paired, NotComputable):
        raise RecordError(f"the pilot cannot be used: {paired.reason}")
    pairs = [
        (a, b)
        for a, b in combinations(paired.searchers, 2)
        if baseline is None or baseline in (a, b)
    ]
    if not pairs:
        raise RecordError("the pilot has one searcher: there is nothing to compare")
    threshold = first_threshold(len(pairs), alpha)
    return {
        "effect": effect,
        "power": power,
        "alpha": alpha,
        "comparisons": len(pairs),
        "threshold": threshold,
        "pairs": [
            _row(a, b, paired.column(a), paired.column(b), effect, power, threshold)
            for a, b in pairs
        ],
    }


def _row(
    a: str, b: str, first: Floats, second: Floats, effect: float, power: float, threshold: float
) -> dict[str, Any]:
    deviation = deviation_interval(first - second)
    row = {
        "pair": f"{a} - {b}",
        "pilot_blocks": len(first),
        "sd_difference": plain(deviation),
        "correlation": plain(correlation(first, second)),
    }
    if isinstance(deviation, NotComputable):
        nothing = refused(deviation.reason)
        return {**row, "blocks": nothing, "blocks_cautious": nothing}
    return {
        **row,
        "blocks": plain(required_blocks(effect, deviation.value, threshold, power)),
        "blocks_cautious": plain(required_blocks(effect, deviation.high, threshold, power)),
    }
