"""All pairs of searchers: omnibus, tests, verdicts, and the diagram of average ranks."""

from __future__ import annotations

from collections.abc import Sequence

from bench.comparison.answers import Missing
from bench.comparison.document import Analysis
from bench.comparison.pairs import Ranks, Reference, Tests
from bench.comparison.searchers import SearcherRow
from bench.comparison.serialised import pair_data
from bench.report.figures.effects import effects_figure
from bench.report.figures.improvement import improvement_figure
from bench.report.figures.legend import Legend
from bench.report.figures.ranks import ranks_figure
from bench.report.formatting import Kind, formatted, shown
from bench.report.main_table import verdict_of
from bench.report.model import (
    Block,
    Bullets,
    Column,
    Facts,
    Figure,
    Fold,
    Refused,
    Row,
    Section,
    Table,
    Text,
)
from bench.statistics.answers import NotComputable
from bench.statistics.omnibus import Friedman
from bench.statistics.pairwise import Comparison

PAIRS = (
    Column("a", "first"),
    Column("b", "second"),
    Column("verdict", "verdict", "verdict"),
    Column("shift", "shift, first against second", "signed"),
    Column("p", "p", "p"),
    Column("p_adjusted", "p, Holm", "p"),
    Column("p_flipped", "p, sign flip, Holm", "p"),
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


def all_pairs(analysis: Analysis, legend: Legend) -> Section:
    """The omnibus test and every pair of the family, each with its one verdict."""
    tests = analysis.tests
    blocks: list[Block] = [Facts(_protocol(tests))]
    if isinstance(tests.omnibus, Missing):
        blocks.append(Refused("Omnibus test", tests.omnibus.reason))
    else:
        blocks.append(Facts([("omnibus test", _omnibus(tests.omnibus))]))
    if tests.dropped:
        blocks += [Text("Blocks left out of the paired tests:"), Bullets(tests.dropped)]
    if not tests.pairs:
        blocks.append(Refused("Pairs", "there is no pair to test"))
        return Section("pairs", "Pairs", blocks)
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
    blocks += _against(analysis.searchers, legend)
    blocks.append(Table("pairs", "Every pair", PAIRS, [_pair(pair) for pair in tests.pairs]))
    sentences = [pair.verdict.sentence for pair in tests.pairs]
    blocks.append(Fold("Every pair in words", (Bullets(sentences),)))
    return Section("pairs", "Pairs", blocks)


def ranks(found: Ranks | Missing, legend: Legend) -> Section:
    if isinstance(found, Missing):
        return Section("ranks", "Ranks", [Refused("Average ranks", found.reason)])
    caption = (
        f"Average ranks over {found.unit}, 1 is the best. A bar joins searchers of which no two "
        "were found to differ."
    )
    table = Table("ranks", "Average ranks", RANKS, _ranks(found))
    drawn = ranks_figure(found, legend)
    return Section("ranks", "Ranks", [Figure("ranks", caption, drawn, (table,))])


def _against(searchers: Sequence[SearcherRow], legend: Legend) -> list[Block]:
    """Shift and probability of improvement against the baseline, in pictures."""
    others = [row for row in searchers if not isinstance(row.against_baseline, Reference)]
    compared = {
        row.name: row.against_baseline
        for row in others
        if isinstance(row.against_baseline, Comparison)
    }
    rows = [_against_row(row) for row in others]
    baseline = legend.label(legend.baseline)
    blocks: list[Block] = []
    shifts = effects_figure(compared, legend)
    if shifts is None:
        blocks.append(Refused(f"Shifts against {baseline}", "no searcher has one"))
    else:
        caption = (
            f"Shift of the score against {baseline} with its interval, which is that of one pair "
            "and not widened for their number. Hollow marks have no interval."
        )
        table = Table("against-baseline", f"Against {baseline}", AGAINST, rows)
        blocks.append(Figure("effects", caption, shifts, (table,)))
    chances = improvement_figure(compared, legend)
    if chances is not None:
        caption = f"How probably a run scores higher than one of {baseline}; ties count half."
        table = Table("improvement", "Probability of improvement", CHANCES, rows)
        blocks.append(Figure("improvement", caption, chances, (table,)))
    return blocks


def _against_row(row: SearcherRow) -> Row:
    against = row.against_baseline
    named = {"searcher": row.name, "verdict": verdict_of(against)}
    if not isinstance(against, Comparison):
        return named
    return {**_pair(against), **named, "p_adjusted": against.evidence.adjusted_p}


def _pair(pair: Comparison) -> Row:
    """Where no test was made, the reason in place of its p values; the posterior spread out."""
    evidence, posterior, detectable = pair.evidence, pair.posterior, pair.evidence.detectable
    chances = {} if isinstance(posterior, NotComputable) else vars(posterior)
    untested = Missing(evidence.untested) if evidence.untested is not None else None
    return {
        **pair_data(pair),
        **{key: chances.get(key) for key in ("better", "equivalent", "worse")},
        "p": untested or evidence.p_value,
        "p_adjusted": untested or evidence.adjusted_p,
        "minimum_detectable_effect": Missing(detectable.reason)
        if isinstance(detectable, NotComputable)
        else detectable.effect,
    }


def _protocol(tests: Tests) -> list[tuple[str, str]]:
    found: list[tuple[str, float | None, Kind]] = [
        (f"units: {tests.unit}", tests.units, "count"),
        ("comparisons in the family", tests.comparisons, "count"),
        ("paired blocks", tests.blocks, "count"),
        ("alpha", tests.alpha, "number"),
        ("margin of equivalence", tests.margin, "number"),
        ("first threshold after Holm", tests.first_threshold, "number"),
        ("units without which nothing can be rejected", tests.smallest_n, "count"),
    ]
    return [(name, shown(value, kind).text) for name, value, kind in found if value is not None]


def _omnibus(found: Friedman) -> str:
    p = formatted(found.p_value, "p")
    numbers = {
        "chi squared": found.chi_squared,
        "degrees": found.degrees,
        "agreement": found.agreement,
        "n": found.n,
    }
    parts = [f"{name} = {formatted(number, 'number')}" for name, number in numbers.items()]
    return ", ".join([found.name, f"p {p}" if p.startswith("<") else f"p = {p}", *parts])


def _ranks(found: Ranks) -> list[Row]:
    rows: list[Row] = []
    for name, rank in sorted(found.ranks.items(), key=lambda pair: (pair[1], pair[0])):
        inside = [str(place) for place, bar in enumerate(found.cliques, 1) if name in bar]
        rows.append({"searcher": name, "rank": rank, "groups": ", ".join(inside)})
    return rows
