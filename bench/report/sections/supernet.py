"""Health of the supernet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.look import Look
from bench.report.figures.supernet import updates_figure
from bench.report.formatting import estimate_text, label_of, value_text
from bench.report.model import Block, Column, Facts, Figure, Refused, Section, Table
from bench.report.plain import entries, number_of, part, reason_of

UPDATES = (
    Column("name", "name", "code"),
    Column("updates", "updates", "count"),
    Column("expected", "expected", "count"),
)


def supernet_health(analysis: Mapping[str, Any], look: Look) -> Section:
    """Updates per operation and path against expectation."""
    title = "Supernet health"
    updates = analysis.get("supernet_health")
    if reason_of(updates) is None:
        updates = part(updates, "updates")
    reason = reason_of(updates)
    if reason:
        return Section("supernet", title, [Refused("Supernet health", reason)])
    blocks: list[Block] = []
    health = analysis.get("supernet_health")
    counted = [
        (label_of(key), _fact(value))
        for key, value in (health.items() if isinstance(health, Mapping) else ())
        if key != "updates"
    ]
    if counted:
        blocks.append(Facts(counted))
    coverage = part(updates, "coverage")
    if isinstance(coverage, Mapping) and (reason := reason_of(coverage)):
        blocks.append(Refused("Coverage", reason))
    elif isinstance(coverage, Mapping):
        blocks.append(Facts([(label_of(k), _fact(value)) for k, value in coverage.items()]))
    for what in ("operations", "paths"):
        found = part(updates, what)
        rows = entries(found)
        drawn = updates_figure(what, rows, look)
        if drawn is None:
            why = reason_of(found) if isinstance(found, Mapping) else None
            blocks.append(Refused(f"Updates of {what}", why or "none were counted"))
            continue
        caption = f"Weight updates of {what} against what uniform drawing would give."
        table = Table(f"updates-{what}", f"Updates of {what}", UPDATES, rows)
        blocks.append(Figure(f"updates-{what}", caption, drawn, (table,)))
    return Section("supernet", title, blocks)


def _fact(value: object) -> str:
    if isinstance(value, Mapping) or number_of(value) is not None:
        return estimate_text(value, "number")
    return value_text(value)
