"""Score of the incumbent against each budget axis."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bench.report.figures.curves import centres_figure, runs_figure, unit_of
from bench.report.figures.look import Look
from bench.report.figures.rank_curve import rank_curve_figure
from bench.report.formatting import label_of, value_text
from bench.report.model import Block, Column, Figure, Heading, Refused, Section, Table, Text
from bench.report.plain import entries, part, reason_of

#: Of the points of a curve, pages show about this many rows a searcher.
SHOWN_POINTS = 5
STATISTICS = ("median", "median_low", "median_high", "iqm", "iqm_low", "iqm_high")


def anytime(analysis: Mapping[str, Any], look: Look) -> Section:
    """Centres with bands on every axis, every run on the first that has curves, ranks at last."""
    curves = analysis.get("curves")
    title = "Anytime curves"
    if not isinstance(curves, Mapping) or reason_of(curves) or not curves:
        reason = reason_of(curves or None) or "there is no axis"
        return Section("curves", title, [Refused("Anytime curves", reason)])
    blocks: list[Block] = [
        Text(
            "The referee's score of the recommendation so far, with the weights that runs have in "
            "common, against what the run had spent. Curves are steps: a value holds until the "
            "next look, and the last one to the end. A curve begins where all runs of its searcher "
            "have recommended something."
        )
    ]
    runs_wanted = True
    for axis, curve in curves.items():
        blocks.append(
            Heading(
                f"Against {unit_of(axis, curve) if reason_of(curve) is None else label_of(axis)}"
            )
        )
        found = _axis(axis, curve, look, runs_wanted)
        runs_wanted = runs_wanted and not any(
            isinstance(block, Figure) and block.name.startswith("runs-") for block in found
        )
        blocks += found
    return Section("curves", title, [*blocks, *_ranks(analysis.get("rank_curve"), look)])


def _ranks(found: object, look: Look) -> list[Block]:
    """Who leads when, on the axis that all runs were given alike."""
    title = "Average rank against the budget"
    reason = reason_of(found)
    drawn = rank_curve_figure(found, look) if isinstance(found, Mapping) and not reason else None
    if drawn is None or not isinstance(found, Mapping):
        return [Heading(title), Refused(title, reason or "no searcher has a curve")]
    unit = unit_of("", found)
    caption = (
        f"Average rank of the score so far over {value_text(part(found, 'units'))} "
        f"{value_text(part(found, 'units_are'))}, 1 is the best, against {unit}. With the weights "
        "that runs have in common. A description: no test is made along the curve."
    )
    grid = part(found, "grid") or []
    rows = [
        {"searcher": name, "cost": cost, "rank": rank}
        for name, ranks in (part(found, "searchers") or {}).items()
        for cost, rank in zip(grid, ranks or (), strict=False)
    ]
    every = max(1, len(grid) // SHOWN_POINTS)
    columns = (
        Column("searcher", "searcher"),
        Column("cost", unit, "number"),
        Column("rank", "average rank", "coefficient"),
    )
    table = Table("rank-curve", f"Average rank against {unit}", columns, rows, every)
    return [Heading(title), Figure("rank-curve", caption, drawn, (table,))]


def _axis(axis: str, curve: object, look: Look, runs_wanted: bool) -> list[Block]:
    reason = reason_of(curve)
    if reason or not isinstance(curve, Mapping):
        return [
            Refused(
                f"Curves against {label_of(axis)}", reason or "this analysis does not hold them"
            )
        ]
    key, unit = slug(axis), unit_of(axis, curve)
    drawn = centres_figure(key, curve, look)
    if drawn is None:
        return [Refused(f"Curves against {label_of(axis)}", "no searcher has a curve")]
    shown = list((part(curve, "searchers") or {}).values())
    bands = any(part(entry, f"{key}_low") for entry in shown for key in ("median", "iqm"))
    caption = f"Median and interquartile mean of the score against {unit}"
    caption += ", with bands." if bands else "."
    lacking = dict.fromkeys(note for entry in shown if (note := part(entry, "note")))
    caption = " ".join([caption, *(f"{note.capitalize()}." for note in map(str, lacking))])
    blocks: list[Block] = [Figure(f"curves-{key}", caption, drawn, (_table(key, unit, curve),))]
    without = part(curve, "without") or {}
    if without:
        said = "; ".join(f"{name}: {reason}" for name, reason in without.items())
        blocks.append(Text(f"Without a curve here: {said}."))
    runs = runs_figure(key, curve, look) if runs_wanted else None
    if runs is not None:
        caption = (
            f"Every run against {unit}: thin lines are runs, the thick one is their median with "
            f"its band, the grey one the median of {look.baseline}."
        )
        figure = Figure(f"runs-{key}", caption, runs, (_runs_table(key, unit, curve),))
        blocks.append(figure)
    return blocks


def slug(axis: str) -> str:
    """A file name for an axis."""
    return re.sub(r"[^a-z0-9]+", "-", axis.lower()).strip("-")[:24] or "axis"


def _table(key: str, unit: str, curve: Mapping[str, Any]) -> Table:
    rows, points = [], 0
    for name, entry in (part(curve, "searchers") or {}).items():
        grid = part(entry, "grid") or []
        points = max(points, len(grid))
        for index, cost in enumerate(grid):
            row = {"searcher": name, "cost": cost, "n": part(entry, "n")}
            for statistic in STATISTICS:
                values = part(entry, statistic)
                row[statistic] = values[index] if isinstance(values, list) else None
            rows.append(row)
    columns = (
        Column("searcher", "searcher"),
        Column("n", "runs", "count"),
        Column("cost", unit, "number"),
        *(
            Column(name, name.replace("_", ", ").replace("iqm", "IQM"), "score")
            for name in STATISTICS
        ),
    )
    every = max(1, points // SHOWN_POINTS)
    return Table(f"curves-{key}", f"Score against {unit}", columns, rows, every)


def _runs_table(key: str, unit: str, curve: Mapping[str, Any]) -> Table:
    """The ends of the runs' curves; the runs in full stand in report.json."""
    rows = []
    for name, entry in (part(curve, "searchers") or {}).items():
        for run in entries(part(entry, "runs")):
            x, y = run.get("x") or [], run.get("y") or []
            if x and y:
                rows.append(
                    {
                        "searcher": name,
                        "run_id": run.get("run_id"),
                        "looks": len(x),
                        "first_cost": x[0],
                        "first_score": y[0],
                        "last_cost": x[-1],
                        "last_score": y[-1],
                    }
                )
    columns = (
        Column("searcher", "searcher"),
        Column("run_id", "run", "code"),
        Column("looks", "looks of the referee", "count"),
        Column("first_cost", f"{unit} at first", "number"),
        Column("first_score", "score at first", "score"),
        Column("last_cost", f"{unit} at last", "number"),
        Column("last_score", "score at last", "score"),
    )
    return Table(f"runs-{key}", f"First and last score against {unit}", columns, rows)
