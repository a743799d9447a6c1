"""Score against cost, and where recommendations lie in the space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.look import Look
from bench.report.figures.macs import macs_figure
from bench.report.figures.pareto import pareto_figure
from bench.report.formatting import compact
from bench.report.model import Block, Column, Figure, Heading, Refused, Section, Table
from bench.report.plain import entries, number_of, part, reason_of

WORDS = {"macs": "MACs", "params": "parameters"}
POINTS = (
    Column("searcher", "searcher"),
    Column("run_id", "run", "code"),
    Column("architecture", "architecture", "code"),
    Column("cost", "cost", "compact"),
    Column("score", "score", "score"),
    Column("front", "on the front"),
)
VOLUMES = (
    Column("searcher", "searcher"),
    Column("hypervolume", "hypervolume of a run, share of all", "percent"),
)
RECOMMENDATIONS = (
    Column("searcher", "searcher"),
    Column("run_id", "run", "code"),
    Column("macs", "MACs", "count"),
    Column("quantile", "share of the space with fewer", "percent"),
)
HISTOGRAM = (
    Column("above", "more than, MACs", "count"),
    Column("up_to", "up to, MACs", "count"),
    Column("architectures", "architectures", "count"),
)


def pareto(analysis: Mapping[str, Any], look: Look) -> Section:
    """A front for each cost, with hypervolumes against the reference that is stated."""
    title = "Score against cost"
    found = analysis.get("pareto")
    if not isinstance(found, Mapping) or reason_of(found) or not found:
        reason = reason_of(found or None) or "there is no cost"
        return Section("pareto", title, [Refused("Pareto front", reason)])
    blocks: list[Block] = []
    for cost, entry in found.items():
        blocks.append(Heading(f"Against {WORDS.get(cost, cost)}"))
        blocks += _front(str(cost), entry, look)
    return Section("pareto", title, blocks)


def mac_distribution(analysis: Mapping[str, Any], look: Look) -> Section:
    """Recommendations within the exact distribution of the space."""
    title = "Recommendations in the space"
    found = analysis.get("mac_distribution")
    reason = reason_of(found)
    if reason or not isinstance(found, Mapping):
        return Section(
            "macs", title, [Refused("Distribution over MACs", reason or "there is none")]
        )
    drawn = macs_figure(found, part(analysis.get("caps"), "max_macs"), look)
    edges, counts = found.get("edges") or [], found.get("counts") or []
    histogram = [
        {"above": low, "up_to": high, "architectures": count}
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    marks = entries(found.get("recommendations"))
    tables = (
        Table("recommendations", "Recommendations", RECOMMENDATIONS, marks),
        Table("mac-distribution", "The space, exactly", HISTOGRAM, histogram),
    )
    if drawn is None:
        refused = Refused("Distribution over MACs", "the space's distribution was not recorded")
        return Section("macs", title, [refused, tables[0]])
    caption = (
        "The exact number of architectures of the space by MACs (grey), and what every run "
        "recommended."
    )
    return Section("macs", title, [Figure("mac-distribution", caption, drawn, tables)])


def _front(cost: str, entry: object, look: Look) -> list[Block]:
    reason = reason_of(entry)
    word = WORDS.get(cost, cost)
    if reason or not isinstance(entry, Mapping):
        return [Refused(f"Front against {word}", reason or "this analysis does not hold it")]
    drawn = pareto_figure(cost, entry, look)
    volumes = [
        {"searcher": name, "hypervolume": value}
        for name, value in (part(entry, "hypervolume") or {}).items()
    ]
    hypervolume = Table(f"hypervolume-{cost}", "Hypervolume", VOLUMES, volumes)
    if drawn is None:
        return [Refused(f"Front against {word}", "no run has both score and cost")]
    points = [
        {**point, "front": "yes" if point.get("on_front") else "no"}
        for point in entries(entry.get("points"))
    ]
    caption = f"What every run recommended, score against {word}. " + _reference(entry, word)
    table = Table(f"pareto-{cost}", f"Score against {word}", POINTS, points)
    return [Figure(f"pareto-{cost}", caption, drawn, (hypervolume, table))]


def _reference(entry: Mapping[str, Any], word: str) -> str:
    score = number_of(part(entry.get("reference"), "score"))
    cost = number_of(part(entry.get("reference"), "cost"))
    if score is None or cost is None:
        return "No reference point was stated."
    return f"Hypervolumes refer to score {score:.4g} and {compact(cost)} {word}."
