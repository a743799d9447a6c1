"""How the searchers behaved, and every run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.report.formatting import value_text
from bench.report.model import Bullets, Column, Refused, Section, Table, Text
from bench.report.plain import entries, part, reason_of

COUNTS = ("asked", "unique", "duplicate", "repaired", "redrawn")
PROPOSALS = (
    Column("searcher", "searcher"),
    *(Column(key, key, "count") for key in COUNTS),
    Column("failures", "failed evaluations", "count"),
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


def conduct(analysis: Mapping[str, Any]) -> Section:
    """Proposals, failures and overhead."""
    rows = [
        {
            "searcher": entry.get("name"),
            **{key: part(entry.get("proposals"), key) for key in COUNTS},
            "failures": entry.get("failures"),
            "overhead_seconds": entry.get("overhead_seconds"),
        }
        for entry in entries(analysis.get("searchers"))
    ]
    if not rows:
        reason = "there is no searcher with a run"
        return Section("conduct", "Proposals and overhead", [Refused("Proposals", reason)])
    words = Text(
        "Asked: architectures the searcher had evaluated or measured, over all its runs. Repaired "
        "and redrawn are its own counts: what its encoding mended, and what it drew again to keep "
        "the caps."
    )
    table = Table("proposals", "Proposals, failures, overhead", PROPOSALS, rows)
    return Section("conduct", "Proposals and overhead", [words, table])


def runs(analysis: Mapping[str, Any], out: Path) -> Section:
    """Every run with its manifest, as seen from ``out``, and what runs warned of."""
    found = entries(analysis.get("runs"))
    if not found:
        reason = reason_of(analysis.get("runs") or None) or "there is no run"
        return Section("runs", "Runs", [Refused("Runs", reason)])
    rows = [
        {
            **run,
            "ended": run.get("ended") or ("complete" if run.get("complete") else "unfinished"),
            "manifest": _manifest(run.get("folder"), out),
        }
        for run in found
    ]
    # Each sentence once, with the runs that said it.
    warned: dict[str, list[str]] = {}
    for run in found:
        for sentence in run.get("warnings") or ():
            warned.setdefault(value_text(sentence), []).append(str(run.get("run_id")))
    table = Table("runs", "Every run", RUNS, rows)
    if not warned:
        return Section("runs", "Runs", [table])
    listed = [f"{sentence} ({_whom(ids)})" for sentence, ids in warned.items()]
    return Section("runs", "Runs", [table, Text("The runs warned:"), Bullets(listed)])


def _manifest(folder: object, out: Path) -> str | None:
    """The way from the report to the manifest of a run."""
    if not isinstance(folder, str) or not folder:
        return None
    return Path(os.path.relpath(Path(folder) / "run.json", out)).as_posix()


def _whom(ids: list[str]) -> str:
    if len(ids) <= 3:
        return ", ".join(ids)
    return f"{ids[0]}, {ids[1]} and {len(ids) - 2} more runs"
