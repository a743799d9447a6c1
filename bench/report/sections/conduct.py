"""How the searchers behaved, and every run."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from bench.comparison.costs import ProposalCounts
from bench.comparison.provenance import RunRow
from bench.comparison.searchers import SearcherRow
from bench.report.model import Bullets, Column, Section, Table, Text

PROPOSALS = (
    Column("searcher", "searcher"),
    *(Column(field.name, field.name, "count") for field in fields(ProposalCounts)),
    Column("failures", "failed work", "count"),
    Column("overhead_seconds", "seconds of ask and tell, a run", "number"),
)
RUNS = (
    Column("run_id", "run", "code"),
    Column("searcher", "searcher"),
    Column("block", "block"),
    Column("seed", "seed", "text"),
    Column("ended", "ended"),
    Column("score", "score", "score"),
    Column("one_ned", "1-NED", "score"),
    Column("own_score", "with own weights", "score"),
    Column("search_val_score", "search_val", "score"),
    Column("macs", "MACs", "compact"),
    Column("params", "parameters", "compact"),
    Column("images", "images", "compact"),
    Column("evaluations", "evaluations", "compact"),
    Column("seconds", "seconds", "number"),
    Column("failures", "failures", "count"),
    Column("architecture", "architecture", "code"),
    Column("manifest", "manifest", "link"),
)


def conduct(searchers: Sequence[SearcherRow]) -> Section:
    rows = [
        {
            "searcher": row.name,
            **vars(row.proposals),
            "failures": row.failures,
            "overhead_seconds": row.overhead_seconds,
        }
        for row in searchers
    ]
    words = Text(
        "Asked: architectures the searcher had evaluated or measured, over all its runs. Repaired "
        "and redrawn are its own counts: what its encoding mended, and what it drew again to keep "
        "the caps. Failed work: evaluations, weight steps and gate steps that gave nothing usable, "
        "in runs that have not ended, too."
    )
    table = Table("proposals", "Proposals, failures, overhead", PROPOSALS, rows)
    return Section("conduct", "Proposals and overhead", [words, table])


def runs(found: Sequence[RunRow], out: Path) -> Section:
    """Every run with its manifest, as seen from ``out``, and what runs warned of."""
    rows = [
        {
            **vars(run),
            "ended": run.ended or ("complete" if run.complete else "unfinished"),
            "manifest": Path(os.path.relpath(Path(run.folder) / "run.json", out)).as_posix(),
        }
        for run in found
    ]
    # Each sentence once, with the runs that said it.
    warned: dict[str, list[str]] = {}
    for run in found:
        for sentence in run.warnings:
            warned.setdefault(sentence, []).append(run.run_id)
    table = Table("runs", "Every run", RUNS, rows)
    if not warned:
        return Section("runs", "Runs", [table])
    listed = [f"{sentence} ({_whom(ids)})" for sentence, ids in warned.items()]
    return Section("runs", "Runs", [table, Text("The runs warned:"), Bullets(listed)])


def _whom(ids: list[str]) -> str:
    if len(ids) <= 3:
        return ", ".join(ids)
    return f"{ids[0]}, {ids[1]} and {len(ids) - 2} more runs"
