"""The main table: what a study found, a searcher a row. The terminal prints it too."""

from __future__ import annotations

from bench.comparison.answers import Interval, Missing
from bench.comparison.document import Analysis
from bench.comparison.pairs import Against, Reference, Unpaired
from bench.comparison.searchers import SearcherRow
from bench.report.formatting import BLANK, compact
from bench.report.model import Column, Row, Table
from bench.statistics.answers import Answer


def main_table(analysis: Analysis) -> Table:
    """The main table of an analysis whose texts are ``safe``."""
    columns = (
        Column("searcher", "searcher"),
        Column("score", "score", "score"),
        Column("verdict", f"against {analysis.setting.baseline}", "verdict"),
        Column("shift", "shift", "signed"),
        Column("runs", "runs"),
        Column("macs", "MACs", "compact"),
        Column("params", "parameters", "compact"),
    )
    rows = [_row(entry) for entry in analysis.searchers]
    return Table("searchers", "Searchers, by score", columns, rows)


def main_table_rows(analysis: Analysis) -> tuple[list[str], list[list[str]]]:
    """Headings, and a row of texts for each searcher: what the terminal prints.

    Narrower than the page's, to fit 80 columns: scores to three digits, sizes without intervals, no
    costs.
    """
    rows = [
        [
            entry.name,
            _narrow_runs(entry),
            *_narrow_score(entry.score),
            verdict_of(entry.against_baseline),
            _narrow_size(entry.macs),
            _narrow_size(entry.params),
        ]
        for entry in analysis.searchers
    ]
    against = f"vs {analysis.setting.baseline}"
    return ["searcher", "runs", "score", "interval", against, "MACs", "params"], rows


def verdict_of(against: Against) -> str:
    """The verdict word against the baseline; ``reference`` for the baseline itself."""
    if isinstance(against, Reference):
        return "reference"
    return "not comparable" if isinstance(against, Unpaired) else against.verdict.word


def _row(entry: SearcherRow) -> Row:
    return {
        "searcher": entry.name,
        "runs": _runs_text(entry),
        "score": entry.score,
        "macs": entry.macs,
        "params": entry.params,
        "verdict": verdict_of(entry.against_baseline),
        "shift": _shift(entry.against_baseline),
    }


def _shift(against: Against) -> Answer | None:
    """Against the baseline, or why there is none; nothing for the baseline itself."""
    if isinstance(against, Reference):
        return None
    return Missing(against.reason) if isinstance(against, Unpaired) else against.evidence.shift


def _narrow_score(score: Answer) -> tuple[str, str]:
    ends = f"{score.low:.3f}-{score.high:.3f}" if isinstance(score, Interval) else "none"
    return BLANK if score.value is None else f"{score.value:.3f}", ends


def _narrow_runs(entry: SearcherRow) -> str:
    """``20``, or ``18/20`` where some are unfinished."""
    every = entry.complete == entry.runs
    return f"{entry.runs}" if every else f"{entry.complete}/{entry.runs}"


def _narrow_size(size: Interval | Missing) -> str:
    return BLANK if size.value is None else compact(size.value, 3)


def _runs_text(entry: SearcherRow) -> str:
    """``20``, or what became of them: ``18 of 20; 1 failed, 1 unfinished``."""
    counts = {"failed": entry.failed, "unfinished": entry.unfinished}
    lost = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    if not lost:
        return f"{entry.runs}"
    return f"{entry.complete} of {entry.runs}; {lost}"
