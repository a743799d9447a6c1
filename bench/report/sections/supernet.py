"""Health of the supernet."""

from __future__ import annotations

from collections.abc import Mapping

from bench.comparison.answers import Missing
from bench.comparison.health import SupernetHealth
from bench.report.figures.legend import Legend
from bench.report.figures.supernet import updates_figure
from bench.report.formatting import estimate_text, label_of
from bench.report.model import Block, Column, Facts, Figure, Refused, Section, Table

UPDATES = (
    Column("name", "name", "code"),
    Column("updates", "updates", "count"),
    Column("expected", "expected", "count"),
)


def supernet_health(found: SupernetHealth | Missing, legend: Legend) -> Section:
    title = "Supernet health"
    if isinstance(found, Missing):
        return Section("supernet", title, [Refused(title, found.reason)])
    updates = found.updates
    counts = {key: value for key, value in vars(found).items() if value is not updates}
    blocks: list[Block] = [_counted(counts), _counted(vars(updates.coverage))]
    for what, updated in (("operations", updates.operations), ("paths", updates.paths)):
        caption = f"Weight updates of {what} against what uniform drawing would give."
        rows = [vars(row) for row in updated]
        table = Table(f"updates-{what}", f"Updates of {what}", UPDATES, rows)
        drawn = updates_figure(what, updated, legend)
        blocks.append(Figure(f"updates-{what}", caption, drawn, (table,)))
    return Section("supernet", title, blocks)


def _counted(counts: Mapping[str, int]) -> Facts:
    return Facts([(label_of(key), estimate_text(n, "number")) for key, n in counts.items()])
