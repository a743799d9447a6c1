"""The first screen: question, verdict, plan, one picture, one table; then other views of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import quantiles

from bench.comparison.answers import Missing
from bench.comparison.checklist import absent
from bench.comparison.document import Analysis, BudgetUsed
from bench.comparison.provenance import RunRow
from bench.comparison.replaying import Shares
from bench.comparison.searchers import SearcherRow
from bench.records.limits import AXES
from bench.records.study_roll import Planned, Roll
from bench.report.figures.endpoint import endpoint_figure
from bench.report.figures.legend import Legend
from bench.report.figures.paired import Marks, paired_figure, unit_scores
from bench.report.figures.profile import profile_figure
from bench.report.formatting import BLANK, compact, value_text
from bench.report.main_table import main_table
from bench.report.model import (
    Block,
    Bullets,
    Column,
    Facts,
    Figure,
    Fold,
    Heading,
    Lead,
    Refused,
    Row,
    Section,
    Table,
    Text,
)

#: Runs that are named where there are many.
FEW = 12
CENTRES = (
    Column("searcher", "searcher"),
    Column("median", "median", "score"),
    Column("iqm", "interquartile mean", "score"),
    Column("auc", "area under the curve", "score"),
    Column("relative_improvement", "gain over the average random architecture", "percent"),
)
COSTS = (
    Column("searcher", "searcher"),
    Column("images_sunk", "images, sunk", "compact"),
    Column("images_amortised", "images, amortised", "compact"),
    Column("images_private", "images, private", "compact"),
    Column("evaluations", "evaluations", "compact"),
    Column("macs_processed", "MACs processed", "compact"),
    Column("seconds", "seconds", "number"),
    Column("seconds_range", "from, to", "text"),
    Column("break_even_runs", "break-even runs", "number"),
)
UNITS = (
    Column("searcher", "searcher"),
    Column("unit", "from"),
    Column("score", "mean score", "score"),
)
QUARTILES = (
    Column("searcher", "searcher"),
    Column("runs", "runs", "count"),
    Column("lowest", "lowest", "score"),
    Column("first", "first quartile", "score"),
    Column("median", "median", "score"),
    Column("third", "third quartile", "score"),
    Column("highest", "highest", "score"),
)


def verdict(analysis: Analysis, legend: Legend) -> Section:
    """What was found, for a reader in a hurry."""
    blocks: list[Block] = [
        Lead(analysis.summary),
        Text(analysis.inference),
        Facts(_plan(analysis)),
    ]
    marks = unit_scores(analysis.provenance.runs)
    drawn = paired_figure([row.name for row in analysis.searchers], marks, legend)
    if drawn is None:
        blocks.append(Refused("Scores by supernet", "no run has a score"))
    else:
        unit = analysis.tests.unit
        on = "in one block" if unit == "blocks" else f"on one of the {unit}, the mean over seeds"
        caption = (
            f"A mark is a searcher's endpoint {on}; a grey line joins what belongs together, a "
            "thick bar is the searcher's mean."
        )
        means = Table("scores-by-unit", "Scores by what they come from", UNITS, _units(marks))
        blocks.append(Figure("paired", caption, drawn, (means,), first=True))
    blocks.append(main_table(analysis))
    unfinished = analysis.provenance.unfinished
    for found, title in ((unfinished, "Unfinished runs"), (analysis.excluded, "Runs left out")):
        if found:
            blocks += [Heading(title), Bullets([f"{each.run}: {each.reason}" for each in found])]
    return Section("verdict", "Verdict", blocks)


def scores(analysis: Analysis, legend: Legend) -> Section:
    """Every run, other centres of the scores, and what they cost."""
    searchers, runs = analysis.searchers, analysis.provenance.runs
    rows = [{"searcher": row.name, **vars(row)} for row in searchers]
    centres = Table("centres", "Other views of score and cost", CENTRES, rows)
    blocks: list[Block] = []
    drawn = endpoint_figure(searchers, runs, legend)
    if drawn is None:
        blocks += [Refused("Endpoint", "no run has a score"), centres]
    else:
        caption = (
            "The endpoint of every run (small marks) and the mean of each searcher with its "
            "interval (bar)."
        )
        blocks += [Figure("endpoint", caption, drawn, (centres,))]
    profile = profile_figure(searchers, runs, legend)
    if profile is not None:
        caption = "The share of each searcher's runs that reach a score: further right is better."
        quartiles = Table("quartiles", "Quartiles of the runs", QUARTILES, _quartiles(runs))
        blocks.append(Figure("profile", caption, profile, (quartiles,)))
    blocks.append(Table("costs", "Cost of a run", COSTS, _costs(searchers)))
    blocks.append(
        Text(
            "The cost of the shared supernet is told three ways: sunk leaves it out, amortised "
            "divides it among the runs that started from it, private bills all of it to each run. "
            f"Seconds depend on what else a machine does. {BLANK} stands for what was not recorded "
            "or does not apply."
        )
    )
    if noise := analysis.word_noise:
        blocks.append(
            Text(
                f"Scores are of {noise.words:,} words: two networks of the same worth differ on so "
                f"many by about {noise.sd:.4f} (one standard deviation) by chance alone, which no "
                "interval over runs contains."
            )
        )
    blocks.append(Fold("The protocol in full", (Facts(_protocol(analysis)),)))
    return Section("scores", "Scores and cost", blocks)


def _units(marks: Marks) -> list[Row]:
    return [
        {"searcher": name, "unit": unit, "score": score}
        for name, row in marks.items()
        for unit, score in row
    ]


def _quartiles(runs: Sequence[RunRow]) -> list[Row]:
    scores: dict[str, list[float]] = {}
    for run in runs:
        if run.score is not None:
            scores.setdefault(run.searcher, []).append(run.score)
    rows: list[Row] = []
    for name, found in scores.items():
        ends = quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
        values = (min(found), *ends, max(found))
        keys = ("lowest", "first", "median", "third", "highest")
        rows.append({"searcher": name, "runs": len(found), **dict(zip(keys, values, strict=True))})
    return rows


def _costs(searchers: Sequence[SearcherRow]) -> list[Row]:
    """Where there is no cost, the reason in place of each number."""
    rows: list[Row] = []
    for row in searchers:
        cost = row.cost
        if isinstance(cost, Missing):
            lacking = dict.fromkeys((column.key for column in COSTS), cost)
            rows.append({**lacking, "searcher": row.name, "seconds_range": None})
            continue
        low, high = cost.seconds_range
        told = {"macs_processed": cost.macs, "seconds_range": f"{low:,.0f} - {high:,.0f}"}
        rows.append({**vars(cost), **told, "searcher": row.name})
    return rows


def _plan(analysis: Analysis) -> list[tuple[str, str]]:
    """What was planned and measured, in four lines."""
    done = sum(row.complete for row in analysis.searchers)
    every = sum(row.runs for row in analysis.searchers)
    found = [("runs", _runs(analysis.provenance.plan, done, every))]
    found.append(("endpoint", analysis.endpoint_text))
    found.append(("budget of a run", _budget(analysis.setting.budget)))
    if analysis.setting.replay:
        found.append(("predicted, not recorded", _predicted(analysis.setting.replay.predicted)))
    if deviations := analysis.provenance.decided_later:
        found.append(("decided after the runs", "; ".join(deviations)))
    return found


def _predicted(shares: Mapping[str, Shares]) -> str:
    parts = []
    for name, found in shares.items():
        counts = [
            f"{100 * share:.0f} % of {what}"
            for what in ("recommendations", "evaluations")
            if (share := getattr(found, what)) is not None
        ]
        if counts:
            parts.append(f"{name}: {', '.join(counts)}")
    return "; ".join(parts) or BLANK


def _budget(budget: BudgetUsed) -> str:
    """The limits of a run, the one that all runs are given alike first."""
    order = sorted(AXES, key=lambda axis: axis != budget.equalised)
    limits = [
        f"{_limit(limit)} {AXES[axis]}" for axis in order if (limit := budget.limits.get(axis))
    ]
    if not limits:
        return BLANK
    more = f"; at most {', '.join(limits[1:])}" if limits[1:] else ""
    return f"{limits[0]}, given to all alike{more}"


def _limit(limit: float) -> str:
    return compact(limit) if limit >= 1e6 else f"{limit:,.10g}"


def _protocol(analysis: Analysis) -> list[tuple[str, str]]:
    setting, tests = analysis.setting, analysis.tests
    caps = ((setting.caps.max_macs, "MACs"), (setting.caps.max_params, "parameters"))
    limits = [f"at most {most:,} {word}" for most, word in caps if most is not None]
    listed = ", ".join(f"{k} = {value_text(v)}" for k, v in setting.space.settings.items())
    return [
        ("evaluator", setting.evaluator),
        ("space", setting.space.name + (f" ({listed})" if listed else "")),
        ("caps", ", ".join(limits) or "no cap"),
        ("preset", setting.preset),
        ("baseline", setting.baseline),
        ("family of comparisons", f"{tests.family}, {tests.comparisons:,} pairs"),
        ("alpha", value_text(tests.alpha)),
        ("margin of equivalence", value_text(setting.margin)),
        ("made", analysis.created),
    ]


def _runs(plan: Roll | None, done: int, every: int) -> str:
    """How many are complete of those that were planned, or of those that there are."""
    if plan is None:
        return f"{done:,} complete of {every:,}; no study file says how many were planned"
    parts = [f"{len(plan.complete):,} complete of {len(plan.planned)} planned"]
    parts += [f"{len(runs):,} {why}{_named(runs)}" for why, runs in absent(plan).items() if runs]
    if plan.extra:
        parts.append(f"{len(plan.extra):,} extra")
    return "; ".join(parts)


def _named(runs: Sequence[Planned]) -> str:
    """The first few of them."""
    names = [
        f"{run.searcher} seed {value_text(run.seed)}"
        + ("" if run.supernet_seed is None else f" supernet {run.supernet_seed}")
        for run in runs
    ]
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f" ({', '.join(names[:FEW])}{more})"
