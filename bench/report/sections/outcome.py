"""The question, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bench.report.figures.effects import effects_figure
from bench.report.figures.endpoint import endpoint_figure
from bench.report.figures.look import Look
from bench.report.main_table import cost_of, is_reference, main_table
from bench.report.model import (
    Block,
    Bullets,
    Column,
    Facts,
    Figure,
    Heading,
    Refused,
    Section,
    Table,
    Text,
)
from bench.report.plain import entries, number_of, part, reason_of
from bench.report.words import BLANK, value_text

#: Runs that are named where there are many.
FEW = 12
#: Statistics of a searcher against random, as columns.
AGAINST = (
    Column("searcher", "searcher"),
    Column("verdict", "verdict", "verdict"),
    Column("shift", "shift of the score", "signed"),
    Column("a12", "A12", "number"),
    Column("p_adjusted", "p, Holm", "p"),
    Column("minimum_detectable_effect", "detectable effect", "number"),
    Column("rho", "rho of blocks", "number"),
    Column("relative_improvement", "relative improvement", "percent"),
)
CENTRES = (
    Column("searcher", "searcher"),
    Column("median", "median", "score"),
    Column("iqm", "interquartile mean", "score"),
    Column("auc", "area under the curve", "score"),
    Column("evaluations", "evaluations", "compact"),
    Column("macs_processed", "MACs processed", "compact"),
    Column("seconds", "seconds", "number"),
    Column("break_even_runs", "break-even runs", "number"),
)


def question(analysis: Mapping[str, Any]) -> Section:
    """What was asked, under which protocol, and what is not in the answer."""
    blocks: list[Block] = [Facts(_protocol(analysis))]
    for key, title in (("unfinished", "Unfinished runs"), ("excluded", "Runs left out")):
        found = analysis.get(key) or []
        if found:
            blocks += [Heading(title), Bullets([_with_reason(entry) for entry in found])]
    return Section("question", "Question and protocol", blocks)


def outcome(analysis: Mapping[str, Any], look: Look) -> Section:
    """The main table, the endpoint, and each searcher against random."""
    searchers = entries(analysis.get("searchers"))
    if not searchers:
        return Section("result", "Result", [Refused("Result", "there is no searcher with a run")])
    sentences = [
        value_text(sentence)
        for entry in searchers
        if not is_reference(entry) and (sentence := _sentence(entry))
    ]
    table = main_table(analysis)
    centres = Table("centres", "Other views of score and cost", CENTRES, _centres(searchers))
    blocks: list[Block] = [Bullets(sentences)] if sentences else []
    blocks.append(table)
    blocks.append(
        Text(
            "The cost of the shared supernet is told three ways: sunk leaves it out, amortised "
            "divides it among the runs that started from it, private bills all of it to each run. "
            f"{BLANK} stands for what was not recorded or does not apply."
        )
    )
    runs = entries(analysis.get("runs"))
    drawn = endpoint_figure(searchers, [run for run in runs if "searcher" in run], look)
    if drawn is None:
        blocks.append(Refused("Endpoint", "no run has a score"))
    else:
        caption = (
            "The endpoint of every run (small marks) and the mean of each searcher with its "
            "interval (bar)."
        )
        blocks.append(Figure("endpoint", caption, drawn, (centres,)))
    blocks += _against_random(searchers, look)
    return Section("result", "Result", blocks)


def _against_random(searchers: list[Mapping[str, Any]], look: Look) -> list[Block]:
    """Effect sizes; random itself has no row."""
    others = [entry for entry in searchers if not is_reference(entry)]
    if not others:
        reason = "only random was run: there is nothing to hold against it"
        return [Heading("Against random"), Refused("Against random", reason)]
    rows = [_against_row(entry) for entry in others]
    table = Table("against-random", "Effect sizes against random", AGAINST, rows)
    drawn = effects_figure(others, look)
    if drawn is None:
        refused = Refused("Shifts against random", "no searcher has a shift against random")
        return [Heading("Against random"), refused, table]
    caption = (
        "Hodges-Lehmann shift of the score against random with its interval, paired by block. "
        "Hollow marks have no interval."
    )
    return [Heading("Against random"), Figure("effects", caption, drawn, (table,))]


def _against_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    against = entry.get("against_random")
    if isinstance(against, Mapping) and reason_of(against):
        refused = {"refused": reason_of(against)}
        verdict = part(against, "verdict") or "not comparable"
        return {"searcher": entry.get("name"), "verdict": verdict, "shift": refused}
    found = against if isinstance(against, Mapping) else {}
    return {"searcher": entry.get("name"), **{c.key: found.get(c.key) for c in AGAINST[1:]}}


def _centres(searchers: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "searcher": entry.get("name"),
            **{key: entry.get(key) for key in ("median", "iqm", "auc")},
            "macs_processed": cost_of(entry, "macs"),
            **{key: cost_of(entry, key) for key in ("evaluations", "seconds", "break_even_runs")},
        }
        for entry in searchers
    ]


def _sentence(entry: Mapping[str, Any]) -> str | None:
    against = entry.get("against_random")
    if isinstance(against, Mapping) and reason_of(against):
        return f"{entry.get('name')} and random: {reason_of(against)}"
    found = part(against, "sentence")
    return None if found is None else str(found)


def _protocol(analysis: Mapping[str, Any]) -> list[tuple[str, str]]:
    space, caps = analysis.get("space"), analysis.get("caps")
    limits = [
        f"at most {value_text(part(caps, key))} {word}"
        for key, word in (("max_macs", "MACs"), ("max_params", "parameters"))
        if part(caps, key) is not None
    ]
    settings = part(space, "settings")
    listed = ", ".join(f"{k} = {value_text(v)}" for k, v in (settings or {}).items())
    budget = number_of(analysis.get("budget_images"))
    searchers = entries(analysis.get("searchers"))
    done, all_runs = (
        sum(number_of(entry.get(key)) or 0.0 for entry in searchers) for key in ("complete", "runs")
    )
    return [
        ("endpoint", value_text(analysis.get("endpoint"))),
        ("evaluator", value_text(analysis.get("evaluator"))),
        ("space", value_text(part(space, "name")) + (f" ({listed})" if listed else "")),
        ("caps", ", ".join(limits) or "no cap"),
        ("preset", value_text(analysis.get("preset"))),
        ("budget of a run", BLANK if budget is None else f"{budget:,.0f} images"),
        ("runs", _runs(analysis.get("plan"), done, all_runs)),
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
