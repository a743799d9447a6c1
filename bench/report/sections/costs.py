"""Score against cost, and where recommendations lie in the space."""

from __future__ import annotations

from bench.comparison.answers import Missing
from bench.comparison.placement import Front, Fronts, MacDistribution
from bench.report.figures.legend import Legend
from bench.report.figures.macs import macs_figure
from bench.report.figures.pareto import pareto_figure
from bench.report.formatting import compact
from bench.report.model import Block, Column, Figure, Heading, Refused, Section, Table
from bench.running.problem import Caps

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


def pareto(fronts: Fronts, legend: Legend) -> Section:
    """A front for each cost, with hypervolumes against the reference that is stated."""
    blocks: list[Block] = []
    for cost, front in fronts.items():
        word = WORDS[cost]
        blocks.append(Heading(f"Against {word}"))
        if isinstance(front, Missing):
            blocks.append(Refused(f"Front against {word}", front.reason))
        else:
            blocks.append(_front(cost, front, legend))
    return Section("pareto", "Score against cost", blocks)


def mac_distribution(found: MacDistribution | Missing, caps: Caps, legend: Legend) -> Section:
    title = "Recommendations in the space"
    if isinstance(found, Missing):
        return Section("macs", title, [Refused("Distribution over MACs", found.reason)])
    histogram = [
        {"above": low, "up_to": high, "architectures": count}
        for low, high, count in zip(found.edges, found.edges[1:], found.counts, strict=False)
    ]
    marks = [vars(mark) for mark in found.recommendations]
    tables = (
        Table("recommendations", "Recommendations", RECOMMENDATIONS, marks),
        Table("mac-distribution", "The space, exactly", HISTOGRAM, histogram),
    )
    caption = (
        "The exact number of architectures of the space by MACs (grey), and what every run "
        "recommended."
    )
    drawn = macs_figure(found, caps.max_macs, legend)
    return Section("macs", title, [Figure("mac-distribution", caption, drawn, tables)])


def _front(cost: str, found: Front, legend: Legend) -> Figure:
    word, corner = WORDS[cost], found.reference
    volumes = [
        {"searcher": name, "hypervolume": value} for name, value in found.hypervolume.items()
    ]
    hypervolume = Table(f"hypervolume-{cost}", "Hypervolume", VOLUMES, volumes)
    points = [{**vars(point), "front": "yes" if point.on_front else "no"} for point in found.points]
    caption = (
        f"What every run recommended, score against {word}. Hypervolumes refer to score "
        f"{corner.score:.4g} and {compact(corner.cost)} {word}."
    )
    table = Table(f"pareto-{cost}", f"Score against {word}", POINTS, points)
    drawn = pareto_figure(cost, found, legend)
    return Figure(f"pareto-{cost}", caption, drawn, (hypervolume, table))
