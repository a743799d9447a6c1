"""The main table: what a study found, a searcher a row. The terminal prints it too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.formatting import BLANK, compact
from bench.report.model import Column, Table
from bench.report.plain import entries, interval_of, number_of, part, plain, reason_of


def main_table(analysis: Mapping[str, Any]) -> Table:
    """The main table of an analysis that ``plain`` has made safe."""
    rows = [main_row(entry) for entry in entries(analysis.get("searchers"))]
    columns = (
        Column("searcher", "searcher"),
        Column("score", "score", "score"),
        Column("verdict", f"against {baseline_of(analysis)}", "verdict"),
        Column("shift", "shift", "signed"),
        Column("runs", "runs"),
        Column("macs", "MACs", "compact"),
        Column("params", "parameters", "compact"),
    )
    return Table("searchers", "Searchers, by score", columns, rows)


def main_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Raw values of one searcher."""
    return {
        "searcher": entry.get("name"),
        "runs": runs_text(entry),
        "score": entry.get("score"),
        "macs": entry.get("macs"),
        "params": entry.get("params"),
        "verdict": verdict_of(entry),
        "shift": _shift(entry),
    }


def main_table_rows(analysis: Mapping[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Headings, and a row of texts for each searcher: what the terminal prints.

    Narrower than the page's, to fit 80 columns: scores to three digits, sizes without intervals, no
    costs.
    """
    rows = [
        [
            str(row["searcher"]),
            _narrow_runs(entry),
            *_narrow_score(row["score"]),
            str(row["verdict"] or BLANK),
            _narrow_size(row["macs"]),
            _narrow_size(row["params"]),
        ]
        for entry in entries(plain(analysis).get("searchers"))
        for row in [main_row(entry)]
    ]
    against = f"vs {baseline_of(analysis)}"
    return ["searcher", "runs", "score", "interval", against, "MACs", "params"], rows


def baseline_of(analysis: Mapping[str, Any]) -> str:
    """Name of the searcher that the others are held against."""
    return str(analysis.get("baseline") or "random")


def _shift(entry: Mapping[str, Any]) -> Any:
    """Against the baseline, or why there is none; nothing for the baseline itself."""
    against = entry.get("against_baseline")
    if is_reference(entry):
        return None
    return against if reason_of(against) else part(against, "shift")


def _narrow_score(value: object) -> tuple[str, str]:
    number, interval = number_of(value), interval_of(value)
    ends = "none" if interval is None else f"{interval[0]:.3f}-{interval[1]:.3f}"
    return BLANK if number is None else f"{number:.3f}", ends


def _narrow_runs(entry: Mapping[str, Any]) -> str:
    """``20``, or ``18/20`` where some are unfinished."""
    total, complete = number_of(entry.get("runs")) or 0.0, number_of(entry.get("complete"))
    return f"{total:.0f}" if complete in (None, total) else f"{complete:.0f}/{total:.0f}"


def _narrow_size(value: object) -> str:
    number = number_of(value)
    return BLANK if number is None else compact(number, 3)


def cost_of(entry: Mapping[str, Any], key: str) -> Any:
    """A cost of one searcher, or why there is none."""
    costs = entry.get("cost")
    refused = isinstance(costs, Mapping) and "refused" in costs
    return costs if refused else part(costs, key)


def runs_text(entry: Mapping[str, Any]) -> str:
    """``20``, or what became of them: ``18 of 20; 1 failed, 1 unfinished``."""
    total, complete = number_of(entry.get("runs")), number_of(entry.get("complete"))
    if total is None:
        return ""
    lost = [
        f"{count:.0f} {word}"
        for word in ("failed", "unfinished")
        if (count := number_of(entry.get(word)) or 0.0) > 0
    ]
    if not lost and complete in (None, total):
        return f"{total:.0f}"
    text = f"{complete:.0f} of {total:.0f}" if complete is not None else f"{total:.0f}"
    return "; ".join([text, *([", ".join(lost)] if lost else [])])


def is_reference(entry: Mapping[str, Any]) -> bool:
    """Whether it is the baseline, which the others are held against."""
    return bool(part(entry.get("against_baseline"), "verdict") == "reference")


def verdict_of(entry: Mapping[str, Any]) -> str | None:
    """The verdict word against the baseline; ``reference`` for the baseline itself."""
    against = entry.get("against_baseline")
    found = part(against, "verdict")
    if found is None and isinstance(against, Mapping) and "refused" in against:
        return "not comparable"
    return None if found is None else str(found)
