"""Made-up analyses of every shape that `bench compare` may hand to the report."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from fabricated_parts import (
    curves,
    macs,
    pair,
    pareto,
    provenance,
    proxy,
    rank_curve,
    ranks,
    run,
    tests,
    updates,
)

from bench.comparison.answers import Missing, Range
from bench.comparison.anytime import AxisCurves
from bench.comparison.costs import Costs, ProposalCounts
from bench.comparison.document import Analysis, BudgetUsed, Setting, SpaceUsed
from bench.comparison.final_scores import NoFinalScores
from bench.comparison.health import SupernetHealth, Updated
from bench.comparison.noise import WordNoise
from bench.comparison.pairs import Ranks, Reference, Unpaired
from bench.comparison.provenance import Machine
from bench.comparison.searchers import SearcherRow
from bench.records.trouble import RunLeftOut
from bench.running.problem import Caps
from bench.statistics.answers import Estimate, NotComputable

FIVE = ("autostr", "proxyless", "evolution", "tpe", "random")
TWO = ("evolution", "random")
TWELVE = (
    "autostr", "proxyless", "evolution", "tpe", "random", "spos", "local-search", "grid", "largest",
    "optuna:nsgaii", "nevergrad:DiscreteLenglerOnePlusOne", "my_package.module:Class",
)  # fmt: skip
LONG = (
    "my_package_with_a_name.of_many_parts.and_then_some:AClassWithAVeryLongNameIndeed",
    "my_package_with_a_name.of_many_parts.and_then_some:AClassWithAVeryLongNameIndeed2",
    "W" * 300,
    "random",
)
HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "$\\frac{1}{2}$ _hidden | `x`",
    "_leading", "line\nbreak\x00\x1b[31m\udc80\u202egnp.exe", "random",
)  # fmt: skip
HOSTILE_TEXT = '"><svg onload=alert(3)></svg></script><script>window.hit=1</script>'
PAYLOADS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(2)>')
LIMITS = {"images": 40_000, "evaluations": None, "macs": None, "seconds": 500.5}


def analysis(
    names: Sequence[str] = FIVE,
    runs: int = 20,
    seed: int = 0,
    evaluator: str = "supernet",
    text: str = "",
    looks: int = 21,
) -> Analysis:
    """A study of ``names`` with ``runs`` blocks; ``text`` goes wherever a study has free text."""
    rng = np.random.default_rng(seed)
    levels = {name: 0.86 + 0.008 * (len(names) - place) for place, name in enumerate(names)}
    rows = [run(name, block, levels[name], rng, text) for name in names for block in range(runs)]
    return Analysis(
        name=f"study {text}".strip(),
        question="Which searcher recommends the best architecture for 40,000 images?" + text,
        endpoint="shared",
        endpoint_text="word accuracy on test of what each run recommends at the end" + text,
        summary=f"{names[0]} scores higher than the others" + text,
        inference="Conclusions are about seeds of one supernet only." + text,
        supernets=1,
        created="2031-04-05T06:07:08+00:00",
        program="strnas-bench",
        setting=Setting(
            evaluator=evaluator,
            replay=None,
            space=SpaceUsed("autostr", {"layers": 15, "strict": False}),
            preset="cpu",
            budget=BudgetUsed(LIMITS, "images"),
            budget_images=40_000,
            caps=Caps(450_000_000),
            margin=0.02,
            baseline="random",
        ),
        word_noise=WordNoise(2000, 0.0135),
        searchers=tuple(
            _searcher(name, place, runs, levels[name], text) for place, name in enumerate(names)
        ),
        tests=tests(names, runs, text),
        ranks=ranks(names, rng),
        curves=curves(names, runs, levels, looks, rng),
        rank_curve=rank_curve(names, runs, looks),
        pareto={cost: pareto(cost, rows) for cost in ("macs", "params")},
        mac_distribution=macs(rows),
        supernet_health=SupernetHealth(4000, 100, 3900, updates(rng)),
        proxy_final=proxy(names, rng, text),
        excluded=(RunLeftOut(f"results/runs/old{text}", f"of another preset{text}"),),
        provenance=provenance(names, rows, text),
    )


def _searcher(name: str, place: int, runs: int, level: float, text: str) -> SearcherRow:
    def estimate(value: float, width: float, method: str = "mean, Student's t") -> Estimate:
        return Estimate(value, value - width, value + width, runs, 0.95, method)

    return SearcherRow(
        name=name,
        runs=runs + (place == 1),
        complete=runs,
        failed=0,
        unfinished=int(place == 1),
        score=estimate(level, 0.006),
        median=estimate(level + 0.001, 0.007, "median, order statistics"),
        iqm=estimate(level, 0.005, "interquartile mean, bootstrap"),
        auc=estimate(level - 0.03, 0.006),
        macs=Range(310e6, 290e6, 330e6, runs),
        params=Range(5.4e6, 5.0e6, 5.8e6, runs),
        cost=Costs(
            40_000, 80_000, 840_000, 38, 9.3e12, 171.4, (120.5, 301.0), 22 if place else None
        ),
        against_baseline=Reference()
        if name == "random"
        else pair(name, "random", place, runs, text, shift=0.03 - 0.012 * place),
        relative_improvement=estimate(0.034, 0.01, "relative improvement, bootstrap"),
        proposals=ProposalCounts(760, 741, 19, 0, 4),
        failures=1,
        overhead_seconds=1.7,
    )


def with_runs(found: Analysis, *folders: str) -> Analysis:
    """The same with the folders of the first runs replaced."""
    first = [
        replace(row, folder=folder)
        for row, folder in zip(found.provenance.runs, folders, strict=False)
    ]
    rows = (*first, *found.provenance.runs[len(folders) :])
    return replace(found, provenance=replace(found.provenance, runs=rows))


def refusals(names: Sequence[str] = FIVE, text: str = "") -> Analysis:
    """Everything that can be refused is."""
    found = analysis(names, 2, text=text)
    no = Missing(f"an interval needs at least 6 blocks, not 2{text}")
    alone = NotComputable(f"an interval needs at least 6 blocks, not 2{text}", n=2)
    lacking = {
        "score": alone, "median": alone, "iqm": alone, "auc": no, "macs": no, "params": no,
        "relative_improvement": no, "cost": no, "overhead_seconds": None,
    }  # fmt: skip
    against = Unpaired(f"a test needs at least 8 blocks, not 2{text}")
    runs = tuple(
        replace(row, score=None, one_ned=None, search_val_score=None, complete=False, ended=None)
        for row in found.provenance.runs
    )
    return replace(
        found,
        searchers=tuple(
            replace(row, against_baseline=against, **lacking) for row in found.searchers
        ),
        tests=replace(found.tests, omnibus=no, pairs=(), first_threshold=None, margin=None),
        ranks=no,
        curves=dict.fromkeys(found.curves, no),
        rank_curve=no,
        pareto=dict.fromkeys(found.pareto, no),
        mac_distribution=no,
        supernet_health=no,
        proxy_final=NoFinalScores(no.reason),
        provenance=replace(found.provenance, runs=runs, versions={}),
    )


def strange_settings() -> Analysis:
    """What a stranger's manifests may hold: numbers that are none, lists, objects."""
    found = analysis(TWO, 3)
    strange = {"share": float("nan"), "list": [1, float("inf")], "object": {"a": float("nan")}}
    return replace(
        found,
        provenance=replace(
            found.provenance,
            hyperparameters=dict.fromkeys(TWO, strange),
            hardware=(Machine(strange, 6),),
        ),
    )


def with_bands(found: Analysis, note: str) -> Analysis:
    """Without intervals along the curves, for the reason in ``note``."""

    def bare(curve: AxisCurves | Missing) -> AxisCurves | Missing:
        if isinstance(curve, Missing):
            return curve
        arms = {}
        for name, arm in curve.searchers.items():
            median, iqm = (
                band and replace(band, low=None, high=None, note=note)
                for band in (arm.median, arm.iqm)
            )
            arms[name] = replace(arm, median=median, iqm=iqm)
        return replace(curve, searchers=arms)

    return replace(found, curves={axis: bare(curve) for axis, curve in found.curves.items()})


def small() -> Analysis:
    """Too few blocks for bands and verdicts."""
    found = with_bands(analysis(TWO, 3), "a band needs at least 6 blocks, not 3")
    median = NotComputable("an interval needs at least 6 blocks, not 3", 0.87, 3)
    rows = tuple(replace(row, median=median) for row in found.searchers)
    return replace(found, searchers=rows)


def as_analysed() -> Analysis:
    """A pair without a test, a searcher without a cost, ranks wider than their axis."""
    found = analysis(TWO, 4)
    first, second = found.searchers
    (only,) = found.tests.pairs
    few = NotComputable("4 blocks are too few", n=4)
    untested = replace(only, evidence=replace(only.evidence, test=few, adjusted_p=None))
    dropped = ("block supernet 1a2b3c4d, seed 5: tpe failed",)
    assert isinstance(found.supernet_health, SupernetHealth)
    assert isinstance(found.ranks, Ranks)
    paths = (
        Updated("AABBB", 120, 0.13),
        Updated("ABABB", 120, 0.13),
        Updated("BBBAA", 0, 0.13),
        Updated("all others", 3660, 3899.6),
    )
    health = found.supernet_health
    return replace(
        with_bands(found, "a band needs at least 6 blocks, not 4"),
        searchers=(replace(first, cost=Missing("no run is complete")), second),
        tests=replace(found.tests, dropped=dropped, pairs=(untested,)),
        ranks=replace(found.ranks, unit="supernets"),
        supernet_health=replace(health, updates=replace(health.updates, paths=paths)),
    )


FIXTURES: Mapping[str, Callable[[], Analysis]] = {
    "five": lambda: analysis(),
    "two": lambda: analysis(TWO, 8),
    "one": lambda: analysis(("random",), 3),
    "lone-run": lambda: analysis(("proxyless",), 1, looks=1),
    "twelve": lambda: analysis(TWELVE, 10, evaluator="synthetic"),
    "long": lambda: analysis(LONG, 6),
    "hostile": lambda: analysis(HOSTILE, 6, text=HOSTILE_TEXT),
    "refused": lambda: refusals(),
    "refused-hostile": lambda: refusals(HOSTILE, HOSTILE_TEXT),
    "strange-settings": strange_settings,
    "small": small,
    "as-analysed": as_analysed,
}
