"""Score of the incumbent against each budget axis."""

from __future__ import annotations

from bench.comparison.answers import Missing
from bench.comparison.anytime import AxisCurves
from bench.comparison.document import Analysis
from bench.comparison.rank_curve import RankCurve
from bench.report.figures.curves import centres_figure, needs_panels, panels_figure
from bench.report.figures.legend import Legend
from bench.report.figures.rank_curve import rank_curve_figure
from bench.report.formatting import label_of, value_text
from bench.report.model import Block, Column, Figure, Heading, Refused, Row, Section, Table, Text

#: Of the points of a curve, pages show about this many rows a searcher.
SHOWN_POINTS = 5
STATISTICS = ("median", "median_low", "median_high", "iqm", "iqm_low", "iqm_high")


def anytime(analysis: Analysis, legend: Legend) -> Section:
    """Centres on every axis, every run on the first that has curves, ranks at last.

    Where there are too many searchers for bands in one picture, each has a panel, on every axis.
    """
    blocks: list[Block] = [
        Text(
            "The referee's score of the recommendation so far, with the weights that runs have in "
            "common, against what the run had spent. Curves are steps: a value holds until the "
            "next look, and the last one to the end. A curve begins where all runs of its searcher "
            "have recommended something."
        )
    ]
    runs_wanted = True
    for axis, curves in analysis.curves.items():
        if isinstance(curves, Missing):
            what = label_of(axis)
            blocks += [Heading(f"Against {what}"), Refused(f"Curves against {what}", curves.reason)]
            continue
        found = _axis(axis, curves, legend, runs_wanted)
        blocks += [Heading(f"Against {curves.unit}"), *found]
        runs_wanted = runs_wanted and isinstance(found[0], Refused)
    blocks += _ranks(analysis.rank_curve, legend)
    return Section("curves", "Anytime curves", blocks)


def _ranks(found: RankCurve | Missing, legend: Legend) -> list[Block]:
    """Who leads when, on the axis that all runs were given alike."""
    title = "Average rank against the budget"
    if isinstance(found, Missing):
        return [Heading(title), Refused(title, found.reason)]
    caption = (
        f"Average rank of the score so far over {value_text(found.units)} {found.units_are}, 1 is "
        f"the best, against {found.unit}. With the weights that runs have in common. A "
        "description: no test is made along the curve."
    )
    rows = [
        {"searcher": name, "cost": cost, "rank": rank}
        for name, ranks in found.searchers.items()
        for cost, rank in zip(found.grid, ranks, strict=True)
    ]
    every = max(1, len(found.grid) // SHOWN_POINTS)
    columns = (
        Column("searcher", "searcher"),
        Column("cost", found.unit, "number"),
        Column("rank", "average rank", "coefficient"),
    )
    table = Table("rank-curve", f"Average rank against {found.unit}", columns, rows, every)
    drawn = rank_curve_figure(found, legend)
    return [Heading(title), Figure("rank-curve", caption, drawn, (table,))]


def _axis(axis: str, curves: AxisCurves, legend: Legend, runs_wanted: bool) -> list[Block]:
    unit = curves.unit
    drawn = centres_figure(axis, curves, legend)
    if drawn is None:
        return [Refused(f"Curves against {label_of(axis)}", "no searcher has a curve")]
    bands = [band for arm in curves.searchers.values() for band in arm.bands.values()]
    caption = f"Median and interquartile mean of the score against {unit}"
    caption += ", with bands." if any(band.low for band in bands) else "."
    notes = dict.fromkeys(band.note for band in bands if band.note)
    caption = " ".join([caption, *(f"{note.capitalize()}." for note in notes)])
    blocks: list[Block] = [Figure(f"curves-{axis}", caption, drawn, (_table(axis, curves),))]
    if curves.without:
        said = "; ".join(f"{name}: {reason}" for name, reason in curves.without.items())
        blocks.append(Text(f"Without a curve here: {said}."))
    if runs_wanted:
        caption = (
            f"Every run against {unit}: thin lines are runs, the thick one is their median with "
            f"its band, the grey one the median of {legend.baseline}."
        )
        runs = panels_figure(axis, curves, legend, with_runs=True)
        blocks.append(Figure(f"runs-{axis}", caption, runs, (_runs_table(axis, curves),)))
    elif needs_panels(curves):
        caption = (
            f"The median of each searcher against {unit} with its band; the grey line is the "
            f"median of {legend.baseline}."
        )
        bands_drawn = panels_figure(axis, curves, legend, with_runs=False)
        blocks.append(Figure(f"bands-{axis}", caption, bands_drawn, (_bands_table(axis, curves),)))
    return blocks


def _table(axis: str, curves: AxisCurves) -> Table:
    rows: list[Row] = []
    points = 0
    for name, arm in curves.searchers.items():
        bands = arm.bands
        if not bands:
            continue
        grid = next(iter(bands.values())).grid
        points = max(points, len(grid))
        lines = {
            statistic: line
            for key, band in bands.items()
            for statistic, line in (
                (key, band.centre), (f"{key}_low", band.low), (f"{key}_high", band.high)
            )
            if line is not None
        }  # fmt: skip
        for index, cost in enumerate(grid):
            scores = {statistic: line[index] for statistic, line in lines.items()}
            rows.append({"searcher": name, "cost": cost, "n": arm.n, **scores})
    columns = (
        Column("searcher", "searcher"),
        Column("n", "runs", "count"),
        Column("cost", curves.unit, "number"),
        *(
            Column(name, name.replace("_", ", ").replace("iqm", "IQM"), "score")
            for name in STATISTICS
        ),
    )
    every = max(1, points // SHOWN_POINTS)
    return Table(f"curves-{axis}", f"Score against {curves.unit}", columns, rows, every)


def _bands_table(axis: str, curves: AxisCurves) -> Table:
    """Where the medians end, and their bands there."""
    rows: list[Row] = [
        {
            "searcher": name,
            "n": arm.n,
            "median": arm.median.centre[-1],
            "median_low": arm.median.low[-1] if arm.median.low else None,
            "median_high": arm.median.high[-1] if arm.median.high else None,
        }
        for name, arm in curves.searchers.items()
        if arm.median
    ]
    columns = (
        Column("searcher", "searcher"),
        Column("n", "runs", "count"),
        Column("median", "median at the end", "score"),
        Column("median_low", "from", "score"),
        Column("median_high", "to", "score"),
    )
    return Table(f"bands-{axis}", f"Median score at the end, against {curves.unit}", columns, rows)


def _runs_table(axis: str, curves: AxisCurves) -> Table:
    """The ends of the runs' curves; the runs in full stand in report.json."""
    unit = curves.unit
    rows = [
        {
            "searcher": name,
            "run_id": run.run_id,
            "looks": len(run.x),
            "first_cost": run.x[0],
            "first_score": run.y[0],
            "last_cost": run.x[-1],
            "last_score": run.y[-1],
        }
        for name, arm in curves.searchers.items()
        for run in arm.runs
    ]
    columns = (
        Column("searcher", "searcher"),
        Column("run_id", "run", "code"),
        Column("looks", "looks of the referee", "count"),
        Column("first_cost", f"{unit} at first", "number"),
        Column("first_score", "score at first", "score"),
        Column("last_cost", f"{unit} at last", "number"),
        Column("last_score", "score at last", "score"),
    )
    return Table(f"runs-{axis}", f"First and last score against {unit}", columns, rows)
