"""All pairs of searchers: omnibus, tests, verdicts, and the diagram of average ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.effects import effects_figure
from bench.report.figures.improvement import improvement_figure
from bench.report.figures.look import Look
from bench.report.figures.ranks import ranks_figure
from bench.report.formatting import estimate_text, formatted, label_of, shown, value_text
from bench.report.main_table import is_reference
from bench.report.model import (
    Block,
    Bullets,
    Column,
    Facts,
    Figure,
    Fold,
    Refused,
    Section,
    Table,
    Text,
)
from bench.report.plain import entries, number_of, part, reason_of

PAIRS = (
    Column("a", "first"),
    Column("b", "second"),
    Column("verdict", "verdict", "verdict"),
    Column("shift", "shift, first against second", "signed"),
    Column("p", "p", "p"),
    Column("p_adjusted", "p, Holm", "p"),
    Column("p_flipped", "p, sign flip", "p"),
    Column("better", "P(better)", "percent"),
    Column("equivalent", "P(equivalent)", "percent"),
    Column("worse", "P(worse)", "percent"),
    Column("a12", "A12", "number"),
    Column("minimum_detectable_effect", "detectable effect", "number"),
    Column("icc", "correlation of seeds", "number"),
    Column("rho", "rho", "number"),
    Column("n", "n", "count"),
    Column("sentence", "in words", paged=False),
)
AGAINST = (
    Column("searcher", "searcher"),
    Column("verdict", "verdict", "verdict"),
    Column("shift", "shift of the score", "signed"),
    Column("p_adjusted", "p, Holm", "p"),
    Column("minimum_detectable_effect", "detectable effect", "number"),
)
CHANCES = (Column("searcher", "searcher"), Column("a12", "A12", "number"))
RANKS = (
    Column("searcher", "searcher"),
    Column("rank", "average rank", "number"),
    Column("groups", "groups without a difference"),
)


def all_pairs(analysis: Mapping[str, Any], look: Look) -> Section:
    """The omnibus test and every pair of the family, each with its one verdict."""
    tests = analysis.get("tests")
    title = "Pairs"
    reason = reason_of(tests)
    if reason or not isinstance(tests, Mapping):
        return Section("pairs", title, [Refused("Tests", reason or "there are none")])
    blocks: list[Block] = [Facts(_protocol(tests))]
    omnibus = tests.get("omnibus")
    if (reason := reason_of(omnibus)) is not None:
        blocks.append(Refused("Omnibus test", reason))
    elif isinstance(omnibus, Mapping):
        blocks.append(Facts([("omnibus test", _omnibus(omnibus))]))
    dropped = [value_text(reason) for reason in tests.get("dropped") or ()]
    if dropped:
        blocks += [Text("Blocks left out of the paired tests:"), Bullets(dropped)]
    pairs = [_pair(pair) for pair in entries(tests.get("pairs"))]
    if (reason := reason_of(tests.get("pairs") or None)) is not None and not pairs:
        blocks.append(
            Refused("Pairs", reason if tests.get("pairs") else "there is no pair to test")
        )
    else:
        blocks.append(
            Text(
                "One family, one verdict a pair: everything here and above draws on the same "
                "corrected p values. A positive shift and an A12 above 0.5 speak for the first of "
                "a pair. P(better), P(equivalent) and P(worse) are a second look, by a t model "
                "with the margin as the region of equivalence, never the verdict. The detectable "
                "effect is what so many units would have found with the usual power; rho is how "
                "much the two move together from unit to unit, the correlation of seeds how much "
                "those of one supernet say the same."
            )
        )
        blocks += _against(analysis, look)
        blocks.append(Table("pairs", "Every pair", PAIRS, pairs))
        sentences = [str(pair["sentence"]) for pair in pairs if pair.get("sentence")]
        if sentences:
            blocks.append(Fold("Every pair in words", (Bullets(sentences),)))
    return Section("pairs", title, blocks)


def ranks(analysis: Mapping[str, Any], look: Look) -> Section:
    """The diagram of average ranks."""
    found = analysis.get("ranks")
    title = "Ranks"
    reason = reason_of(found)
    drawn = None if reason or not isinstance(found, Mapping) else ranks_figure(found, look)
    if drawn is None or not isinstance(found, Mapping):
        what = Refused("Average ranks", reason or "there are no ranks")
        return Section("ranks", title, [what])
    caption = (
        f"Average ranks over {value_text(found.get('unit') or 'blocks')}, 1 is the best. A bar "
        "joins searchers of which no two were found to differ."
    )
    rows = _ranks(found)
    table = Table("ranks", "Average ranks", RANKS, rows)
    return Section("ranks", title, [Figure("ranks", caption, drawn, (table,))])


def _against(analysis: Mapping[str, Any], look: Look) -> list[Block]:
    """Shift and probability of improvement against the baseline, in pictures."""
    others = [entry for entry in entries(analysis.get("searchers")) if not is_reference(entry)]
    baseline = look.label(look.baseline)
    blocks: list[Block] = []
    shifts = effects_figure(others, look)
    if shifts is None:
        blocks.append(Refused(f"Shifts against {baseline}", "no searcher has one"))
    else:
        caption = (
            f"Shift of the score against {baseline} with its interval, which is that of one pair "
            "and not widened for their number. Hollow marks have no interval."
        )
        rows = [_against_row(entry) for entry in others]
        table = Table("against-baseline", f"Against {baseline}", AGAINST, rows)
        blocks.append(Figure("effects", caption, shifts, (table,)))
    chances = improvement_figure(others, look)
    if chances is not None:
        caption = f"How probably a run scores higher than one of {baseline}; ties count half."
        rows = [_against_row(entry) for entry in others]
        table = Table("improvement", "Probability of improvement", CHANCES, rows)
        blocks.append(Figure("improvement", caption, chances, (table,)))
    return blocks


def _against_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    against = entry.get("against_baseline")
    found = against if isinstance(against, Mapping) else {}
    keys = {column.key for column in (*AGAINST[1:], *CHANCES[1:])}
    return {"searcher": entry.get("name"), **{key: found.get(key) for key in keys}}


def _pair(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Where no test was made, the reason in place of its p values; the posterior spread out."""
    posterior = pair.get("posterior")
    spread = posterior if isinstance(posterior, Mapping) else {}
    row = {**pair, **{key: spread.get(key) for key in ("better", "equivalent", "worse")}}
    untested = pair.get("untested")
    if untested is None:
        return row
    return {**row, "p": {"refused": untested}, "p_adjusted": {"refused": untested}}


def _protocol(tests: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What all tests share."""
    threshold = estimate_text(tests.get("first_threshold"), "number")
    smallest = estimate_text(tests.get("smallest_n"), "count")
    texts = {
        "units": (
            f"units: {value_text(tests.get('unit') or 'blocks')}",
            shown(tests.get("units"), "count").text,
        ),
        "comparisons": ("comparisons in the family", shown(tests.get("comparisons"), "count").text),
        "blocks": ("paired blocks", shown(tests.get("blocks"), "count").text),
        "alpha": ("alpha", shown(tests.get("alpha"), "number").text),
        "margin": ("margin of equivalence", shown(tests.get("margin"), "number").text),
        "first_threshold": ("first threshold after Holm", threshold),
        "smallest_n": ("units without which nothing can be rejected", smallest),
    }
    return [texts[key] for key in texts if tests.get(key) is not None]


def _omnibus(found: Mapping[str, Any]) -> str:
    """A sentence if there is one, else every number by name."""
    if found.get("sentence"):
        return str(found["sentence"])
    parts = []
    for key, value in found.items():
        number = number_of(value)
        if number is not None:
            p_value = key in ("p", "p_value", "p_adjusted")
            text = formatted(number, "p" if p_value else "number")
            equals = text if text.startswith("<") else f"= {text}"
            parts.append(f"{'p' if p_value else label_of(key)} {equals}")
        elif isinstance(value, str):
            parts.append(value)
    return ", ".join(parts)


def _ranks(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    ranked = {k: number_of(v) for k, v in (part(found, "ranks") or {}).items()}
    groups = [clique for clique in part(found, "cliques") or () if isinstance(clique, list)]
    rows = []
    for name, rank in sorted(ranked.items(), key=lambda pair: (pair[1] or 0.0, pair[0])):
        inside = [str(place + 1) for place, group in enumerate(groups) if name in group]
        rows.append({"searcher": name, "rank": rank, "groups": ", ".join(inside)})
    return rows
