"""The first screen: question, verdict, plan, one picture, one table; then other views of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import quantiles
from typing import Any

from bench.records.limits import AXES
from bench.report.figures.endpoint import endpoint_figure
from bench.report.figures.look import Look
from bench.report.figures.paired import paired_figure, unit_scores
from bench.report.figures.profile import profile_figure
from bench.report.formatting import BLANK, compact, value_text
from bench.report.main_table import cost_of, main_table
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
    Section,
    Table,
    Text,
)
from bench.report.plain import entries, number_of, part

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
COSTED = ("images_sunk", "images_amortised", "images_private", "evaluations", "seconds")


def verdict(analysis: Mapping[str, Any], look: Look) -> Section:
    """What was found, for a reader in a hurry."""
    searchers = entries(analysis.get("searchers"))
    blocks: list[Block] = []
    if summary := analysis.get("summary"):
        blocks.append(Lead(value_text(summary)))
    if sentence := analysis.get("inference"):
        blocks.append(Text(value_text(sentence)))
    blocks.append(Facts(_plan(analysis)))
    if not searchers:
        blocks.append(Refused("Result", "there is no searcher with a run"))
        return Section("verdict", "Verdict", blocks)
    runs = [run for run in entries(analysis.get("runs")) if "searcher" in run]
    drawn = paired_figure(searchers, runs, look)
    table = main_table(analysis)
    if drawn is None:
        blocks.append(Refused("Scores by supernet", "no run has a score"))
    else:
        unit = value_text(part(analysis.get("tests"), "unit") or "blocks")
        on = "in one block" if unit == "blocks" else f"on one of the {unit}, the mean over seeds"
        caption = (
            f"A mark is a searcher's endpoint {on}; a grey line joins what belongs together, a "
            "thick bar is the searcher's mean."
        )
        means = Table(
            "scores-by-unit", "Scores by what they come from", UNITS, _units(searchers, runs)
        )
        blocks.append(Figure("paired", caption, drawn, (means,), first=True))
    blocks.append(table)
    for key, title in (("unfinished", "Unfinished runs"), ("excluded", "Runs left out")):
        found = analysis.get(key) or []
        if found:
            blocks += [Heading(title), Bullets([_with_reason(entry) for entry in found])]
    return Section("verdict", "Verdict", blocks)


def scores(analysis: Mapping[str, Any], look: Look) -> Section:
    """Every run, other centres of the scores, and what they cost."""
    title = "Scores and cost"
    searchers = entries(analysis.get("searchers"))
    if not searchers:
        return Section("scores", title, [Refused("Scores", "there is no searcher with a run")])
    runs = [run for run in entries(analysis.get("runs")) if "searcher" in run]
    drawn = endpoint_figure(searchers, runs, look)
    centres = Table("centres", "Other views of score and cost", CENTRES, _centres(searchers))
    blocks: list[Block] = []
    if drawn is None:
        blocks += [Refused("Endpoint", "no run has a score"), centres]
    else:
        caption = (
            "The endpoint of every run (small marks) and the mean of each searcher with its "
            "interval (bar)."
        )
        blocks += [Figure("endpoint", caption, drawn, (centres,))]
    profile = profile_figure(searchers, runs, look)
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
    noise = analysis.get("word_noise")
    if isinstance(noise, Mapping):
        words, spread = (number_of(noise.get(key)) or 0.0 for key in ("words", "sd"))
        blocks.append(
            Text(
                f"Scores are of {words:,.0f} words: two networks of the same worth differ on so "
                f"many by about {spread:.4f} (one standard deviation) by chance alone, which no "
                "interval over runs contains."
            )
        )
    blocks.append(Fold("The protocol in full", (Facts(_protocol(analysis)),)))
    return Section("scores", title, blocks)


def _centres(searchers: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "searcher": entry.get("name"),
            **{key: entry.get(key) for key in ("median", "iqm", "auc", "relative_improvement")},
        }
        for entry in searchers
    ]


def _units(
    searchers: list[Mapping[str, Any]], runs: list[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    found = unit_scores([str(entry.get("name")) for entry in searchers], runs)
    return [
        {"searcher": name, "unit": unit, "score": score}
        for name, row in found.items()
        for unit, score in row
    ]


def _quartiles(runs: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    scores: dict[str, list[float]] = {}
    for run in runs:
        if (score := number_of(run.get("score"))) is not None:
            scores.setdefault(str(run["searcher"]), []).append(score)
    rows = []
    for name, found in scores.items():
        ends = quantiles(found, n=4, method="inclusive") if len(found) > 1 else found * 3
        values = (min(found), *ends, max(found))
        keys = ("lowest", "first", "median", "third", "highest")
        rows.append({"searcher": name, "runs": len(found), **dict(zip(keys, values, strict=True))})
    return rows


def _costs(searchers: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "searcher": entry.get("name"),
            **{key: cost_of(entry, key) for key in (*COSTED, "break_even_runs")},
            "macs_processed": cost_of(entry, "macs"),
            "seconds_range": _range(cost_of(entry, "seconds_range")),
        }
        for entry in searchers
    ]


def _range(ends: object) -> str | None:
    if not isinstance(ends, list) or len(ends) != 2:
        return None
    low, high = (number_of(end) for end in ends)
    return None if low is None or high is None else f"{low:,.0f} - {high:,.0f}"


def _plan(analysis: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was planned and measured, in four lines."""
    searchers = entries(analysis.get("searchers"))
    done, all_runs = (
        sum(number_of(entry.get(key)) or 0.0 for entry in searchers) for key in ("complete", "runs")
    )
    found = [("runs", _runs(analysis.get("plan"), done, all_runs))]
    found.append(("endpoint", value_text(analysis.get("endpoint_text") or BLANK)))
    found.append(("budget of a run", _budget(analysis)))
    if shares := part(analysis.get("replay"), "predicted"):
        found.append(("predicted, not recorded", _predicted(shares)))
    deviations = analysis.get("decided_later") or []
    if deviations:
        found.append(("decided after the runs", "; ".join(map(value_text, deviations))))
    return found


def _predicted(shares: Mapping[str, Any]) -> str:
    parts = []
    for name, found in shares.items():
        counts = [
            f"{100 * share:.0f} % of {what}"
            for what in ("recommendations", "evaluations")
            if (share := number_of(part(found, what))) is not None
        ]
        if counts:
            parts.append(f"{value_text(name)}: {', '.join(counts)}")
    return "; ".join(parts) or BLANK


def _budget(analysis: Mapping[str, Any]) -> str:
    """The limits of a run, the one that all runs are given alike first."""
    budget = analysis.get("budget")
    if not isinstance(budget, Mapping):
        return BLANK
    equal = budget.get("equalised")
    order = sorted(AXES, key=lambda axis: axis != equal)
    limits = [
        f"{_limit(limit)} {AXES[axis]}" for axis in order if (limit := number_of(budget.get(axis)))
    ]
    if not limits:
        return BLANK
    more = f"; at most {', '.join(limits[1:])}" if limits[1:] else ""
    return f"{limits[0]}, given to all alike{more}"


def _limit(limit: float) -> str:
    return compact(limit) if limit >= 1e6 else f"{limit:,.10g}"


def _protocol(analysis: Mapping[str, Any]) -> list[tuple[str, str]]:
    space, caps = analysis.get("space"), analysis.get("caps")
    limits = [
        f"at most {value_text(part(caps, key))} {word}"
        for key, word in (("max_macs", "MACs"), ("max_params", "parameters"))
        if part(caps, key) is not None
    ]
    settings = part(space, "settings")
    listed = ", ".join(f"{k} = {value_text(v)}" for k, v in (settings or {}).items())
    tests = analysis.get("tests")
    family = f"{value_text(part(tests, 'family'))}, {value_text(part(tests, 'comparisons'))} pairs"
    return [
        ("evaluator", value_text(analysis.get("evaluator"))),
        ("space", value_text(part(space, "name")) + (f" ({listed})" if listed else "")),
        ("caps", ", ".join(limits) or "no cap"),
        ("preset", value_text(analysis.get("preset"))),
        ("baseline", value_text(analysis.get("baseline"))),
        ("family of comparisons", family),
        ("alpha", value_text(part(tests, "alpha"))),
        ("margin of equivalence", value_text(analysis.get("margin"))),
        ("made", value_text(analysis.get("created"))),
    ]


def _runs(plan: object, done: float, all_runs: float) -> str:
    """How many are complete of those that were planned, or of those that there are."""
    if not isinstance(plan, Mapping):
        return f"{done:,.0f} complete of {all_runs:,.0f}; no study file says how many were planned"
    parts = [
        f"{number_of(plan.get('complete')) or 0:,.0f} complete of {plan.get('planned')} planned"
    ]
    for state in ("failed", "unfinished", "missing", "extra"):
        runs = entries(plan.get(state)) if state != "extra" else list(plan.get(state) or ())
        if runs:
            parts.append(f"{len(runs):,} {state}{_named(runs)}")
    return "; ".join(parts)


def _named(runs: Sequence[object]) -> str:
    """The first few of them."""
    names = [
        f"{value_text(run.get('searcher'))} seed {value_text(run.get('seed'))}"
        + ("" if run.get("supernet_seed") is None else f" supernet {run.get('supernet_seed')}")
        for run in runs
        if isinstance(run, Mapping)
    ]
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f" ({', '.join(names[:FEW])}{more})" if names else ""


def _with_reason(entry: object) -> str:
    if not isinstance(entry, Mapping):
        return value_text(entry)
    run = entry.get("run") or entry.get("run_id") or entry.get("folder")
    reason = entry.get("reason")
    return f"{value_text(run)}: {value_text(reason)}" if reason else value_text(run)
