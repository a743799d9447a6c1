"""All pairs of searchers: omnibus, tests, verdicts, and the diagram of average ranks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.figures.look import Look
from bench.report.figures.ranks import ranks_figure
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
from bench.report.words import estimate_text, formatted, label_of, shown, value_text

PAIRS = (
    Column("a", "first"),
    Column("b", "second"),
    Column("verdict", "verdict", "verdict"),
    Column("shift", "shift, first against second", "signed"),
    Column("a12", "A12", "number"),
    Column("p", "p", "p"),
    Column("p_adjusted", "p, Holm", "p"),
    Column("minimum_detectable_effect", "detectable effect", "number"),
    Column("rho", "rho of blocks", "number"),
    Column("n", "n", "count"),
    Column("sentence", "in words", paged=False),
)
RANKS = (
    Column("searcher", "searcher"),
    Column("rank", "average rank", "number"),
    Column("groups", "groups without a difference"),
)


def all_pairs(analysis: Mapping[str, Any]) -> Section:
    """The omnibus test and every pair."""
    tests = analysis.get("tests")
    title = "All pairs"
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
                "A positive shift and an A12 above 0.5 speak for the first of a pair. The "
                "detectable effect is what these blocks would have found with the usual power; rho "
                "is how much the two move together from block to block."
            )
        )
        blocks.append(Table("pairs", "Paired tests", PAIRS, pairs))
        sentences = [str(pair["sentence"]) for pair in pairs if pair.get("sentence")]
        if sentences:
            blocks.append(Fold("Every pair in words", (Bullets(sentences),)))
    return Section("pairs", title, blocks)


def ranks(analysis: Mapping[str, Any], look: Look) -> Section:
    """The critical-difference diagram."""
    found = analysis.get("critical_difference")
    title = "Critical difference"
    reason = reason_of(found)
    drawn = None if reason or not isinstance(found, Mapping) else ranks_figure(found, look)
    if drawn is None or not isinstance(found, Mapping):
        what = Refused("Critical-difference diagram", reason or "there are no ranks")
        return Section("ranks", title, [what])
    caption = (
        "Average ranks over blocks, 1 is the best. A bar joins searchers that were not shown to "
        "differ; the ruler on top is the critical difference."
    )
    rows = _ranks(found)
    table = Table("critical-difference", "Average ranks", RANKS, rows)
    return Section("ranks", title, [Figure("critical-difference", caption, drawn, (table,))])


def _pair(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Where no test was made, the reason in place of its p values."""
    untested = pair.get("untested")
    if untested is None:
        return dict(pair)
    return {**pair, "p": {"refused": untested}, "p_adjusted": {"refused": untested}}


def _protocol(tests: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What all tests share."""
    threshold = estimate_text(tests.get("first_threshold"), "number")
    smallest = estimate_text(tests.get("smallest_n"), "count")
    texts = {
        "blocks": ("paired blocks", shown(tests.get("blocks"), "count").text),
        "alpha": ("alpha", shown(tests.get("alpha"), "number").text),
        "margin": ("margin of equivalence", shown(tests.get("margin"), "number").text),
        "first_threshold": ("first threshold after Holm", threshold),
        "smallest_n": ("blocks without which nothing can be rejected", smallest),
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
