"""Parts of made-up analyses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import numpy as np

from bench.comparison.answers import Missing
from bench.comparison.anytime import ArmCurves, AxisCurves, Curves, RunCurve
from bench.comparison.checklist import Item
from bench.comparison.document import Provenance
from bench.comparison.final_scores import Agreement, FinalRow, FinalScores, Point, TrainingRow
from bench.comparison.health import Coverage, Updated, Updates
from bench.comparison.pairs import Ranks, Tests
from bench.comparison.placement import Corner, Front, FrontPoint, MacDistribution, Placed
from bench.comparison.provenance import Machine, RunRow
from bench.comparison.rank_curve import RankCurve
from bench.comparison.retraining import Commands
from bench.comparison.trainings import LeftOut
from bench.records.trouble import RunLeftOut
from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.clusters import ClusterTest, Posterior
from bench.statistics.curves import Band
from bench.statistics.omnibus import Friedman
from bench.statistics.pairwise import Comparison
from bench.statistics.power import DetectableEffect
from bench.statistics.verdicts import Evidence, Verdict, Word

WORDS: tuple[Word, ...] = get_args(Word)
AXES = {
    "images": ("images processed", 40_000),
    "evaluations": ("evaluations", 300),
    "seconds": ("seconds", 180.5),
    "macs": ("MACs spent", 9.3e12),
}


def estimate(value: float, width: float, n: int, method: str = "mean, Student's t") -> Estimate:
    return Estimate(value, value - width, value + width, n, 0.95, method)


def _number(name: str) -> int:
    return sum(name.encode("utf-8", "replace")) * 7919


def run(name: str, block: int, level: float, rng: np.random.Generator, text: str) -> RunRow:
    score = float(np.clip(level + rng.normal(0, 0.01), 0, 1))
    digits = "".join(map(str, rng.integers(0, 7, 15)))
    macs = int(rng.integers(220, 470)) * 1_000_000
    return RunRow(
        run_id=f"{_number(name) + block * 104729:08x}{block:04d}{text}",
        folder=f"../runs/{name}-{block}",
        searcher=name,
        block=f"supernet 1a2b3c4d, seed {block}{text}",
        seed=block,
        supernet="supernet 1a2b3c4d",
        complete=True,
        ended="budget spent",
        architecture=f"A..B..A..B..B..-{digits}",
        score=score,
        shared_score=score,
        one_ned=score + 0.05,
        search_val_score=score + 0.01,
        own_score=None,
        macs=macs,
        params=int(macs / 55),
        images=40_000,
        evaluations=38,
        seconds=float(rng.uniform(120, 190)),
        failures=int(block == 3),
        warnings=("the entropy of the gates did not fall" + text,) if block % 7 == 0 else (),
    )


def pair(
    a: str, b: str, place: int, runs: int, text: str, shift: float = 0.008, p: float = 0.0004
) -> Comparison:
    """``place`` turns through the verdicts."""
    word = WORDS[place % len(WORDS)]
    sentence = f"{a} scores higher than {b} (shift {shift:+.4f}, n = {runs}){text}"
    adjusted = p if word == "different" else 0.31
    effect = DetectableEffect(0.0071, 0.8, 0.05, runs, 0.01)
    return Comparison(
        evidence=Evidence(
            first=a,
            second=b,
            n=runs,
            unit="blocks",
            of_clusters=False,
            comparisons=10,
            alpha=0.05,
            margin=0.02,
            test=ClusterTest(0.003, 3.1, 0.03),
            adjusted_p=adjusted,
            adjusted_equivalence_p=None,
            shift=estimate(shift, 0.004, runs, "Hodges-Lehmann shift"),
            detectable=effect,
        ),
        verdict=Verdict(word, sentence, a if word == "different" else None),
        superiority=estimate(0.61, 0.1, runs, "A12, bootstrap"),
        correlation=estimate(0.5, 0.2, runs, "Pearson, Fisher's z"),
        intraclass=estimate(0.3, 0.2, runs, "ICC(1)"),
        posterior=Posterior(0.9, 0.08, 0.02),
    )


def tests(names: Sequence[str], runs: int, text: str) -> Tests:
    constant = NotComputable("all scores are equal", n=runs)
    pairs: list[Comparison] = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            found = pair(a, b, 7 * len(pairs) + i, runs, text)
            pairs.append(replace(found, correlation=constant) if i == 1 else found)
    omnibus = Friedman(0.00002, 31.4, len(names) - 1, 0.4, (), runs, exact=False)
    few = Missing(f"an omnibus test needs at least 3 searchers, not {len(names)}")
    return Tests(
        alpha=0.05,
        margin=0.02,
        family="all-pairs",
        comparisons=len(pairs),
        unit="blocks",
        units=runs,
        first_threshold=0.005,
        smallest_n=9,
        blocks=runs,
        dropped=(),
        omnibus=few if len(names) < 3 else omnibus,
        pairs=tuple(pairs),
    )


def ranks(names: Sequence[str], rng: np.random.Generator) -> Ranks | Missing:
    k = len(names)
    if k < 2:
        return Missing(f"average ranks need 2 searchers, not {k}")
    found = {
        name: float(np.clip(place + 1 + rng.normal(0, 0.35), 1, k))
        for place, name in enumerate(names)
    }
    ordered = sorted(names, key=lambda name: found[name])
    bars = tuple(tuple(ordered[i : i + 2]) for i in range(0, k - 1, 2))
    return Ranks(found, bars, 20, "blocks")


def _costs(end: float, looks: int) -> tuple[float, ...]:
    return tuple(np.linspace(end / 20, end, looks).tolist()) if looks > 1 else (float(end),)


def rank_curve(names: Sequence[str], runs: int, looks: int) -> RankCurve:
    unit, end = AXES["images"]
    middle = (len(names) + 1) / 2
    found = {
        name: tuple((middle + (place + 1 - middle) * np.arange(1, looks + 1) / looks).tolist())
        for place, name in enumerate(names)
    }
    return RankCurve("images", unit, _costs(end, looks), found, runs, "supernets")


def curves(
    names: Sequence[str],
    runs: int,
    levels: Mapping[str, float],
    looks: int,
    rng: np.random.Generator,
) -> Curves:
    def axis(unit: str, end: float) -> AxisCurves:
        x = _costs(end, looks)
        arms = {}
        for place, name in enumerate(names):
            rise = 1 - np.exp(-(1.5 + place % 3) * np.arange(1, looks + 1) / looks * 3)
            noise = rng.normal(0, 0.012, (runs, looks))
            heights = np.clip(levels[name] * (0.8 + 0.2 * rise) + noise, 0, 1)
            values = np.maximum.accumulate(heights, axis=1)
            middle = np.median(values, axis=0)
            median, iqm = (
                Band(x, *(tuple((middle + shift + at).tolist()) for at in (0.0, -0.006, 0.006)))
                for shift in (0.0, 0.001)
            )  # fmt: skip
            own = tuple(
                RunCurve(f"{name}-run-{block}", x, tuple(row.tolist()))
                for block, row in enumerate(values)
            )
            arms[name] = ArmCurves(runs, median, iqm, own)
        return AxisCurves(unit, end, arms, {})

    return {key: axis(unit, end) for key, (unit, end) in AXES.items()}


def pareto(cost: str, rows: Sequence[RunRow]) -> Front:
    found = sorted(
        ((getattr(row, cost), row.score or 0.0, row) for row in rows),
        key=lambda each: (each[0], -each[1]),
    )
    best, points = -1.0, []
    for size, score, row in found:
        text = row.architecture or ""
        points.append(FrontPoint(row.run_id, row.searcher, text, size, score, score > best))
        best = max(best, score)
    volumes = {row.searcher: estimate(0.6, 0.1, 20) for row in rows}
    return Front(Corner(0.7, 5e8), volumes, tuple(points))


def macs(rows: Sequence[RunRow]) -> MacDistribution:
    edges = np.linspace(120e6, 484e6, 51).astype(int).tolist()
    middle = (np.array(edges[1:]) + edges[:-1]) / 2
    counts = [int(share * 1.1e16) for share in np.exp(-(((middle - 300e6) / 55e6) ** 2))]
    placed = tuple(Placed(row.run_id, row.searcher, row.macs or 0, 0.42) for row in rows)
    return MacDistribution(tuple(edges), tuple(counts), sum(counts), placed)


def updates(rng: np.random.Generator) -> Updates:
    operations = ("k3e1", "k3e3", "k3e6", "k5e1", "k5e3", "k5e6", "skip")
    return Updates(
        tuple(Updated(name, int(rng.poisson(3600)), 3571.4) for name in operations),
        tuple(Updated(f"path {i}", int(rng.poisson(8)), 8.3) for i in range(3003)),
        Coverage(1998, 2000, 2950, 3003),
    )


def proxy(names: Sequence[str], rng: np.random.Generator, text: str) -> FinalScores:
    points = []
    for i, known in enumerate(rng.uniform(0.4, 0.9, 30).tolist()):
        scores = (0.5 + 0.4 * known + rng.normal(0, 0.02) + rng.normal(0, 0.01, 3)).tolist()
        by = [name for place, name in enumerate(names) if i % 11 == place or i % 13 == place]
        final = estimate(float(np.mean(scores)), 0.02, 3)
        one = NotComputable("an interval needs at least 2 seeds, not 1", 0.7, 1)
        alone = i == 4
        points.append(
            Point(
                architecture=f"A..B..A..B..B..-{i:015d}{text}",
                recommended_by=tuple(by),
                proxy=None if i == 3 else known,
                proxy_runs=0 if i == 3 else 1 + i % 3,
                final=one if alone else final,
                sd=None if alone else 0.01,
                seeds=(0,) if alone else (0, 1, 2),
                scores=(0.7,) if alone else tuple(scores),
                images=100_000,
                gradient_norm=None,
                snip=12.5,
            )
        )
    return FinalScores(
        proxy="test",
        notes=("Proxy scores are the referee's, on test." + text,),
        agreement=Agreement(
            tau=estimate(0.61, 0.1, 29, "Kendall's tau-b, bootstrap over architectures"),
            tau_error_of_chance=0.131,
            tau_corrected=estimate(0.66, 0.1, 29),
            ceiling=NotComputable("one seed only"),
            rivals={
                "multiply-adds": estimate(0.5, 0.1, 29),
                "parameters": NotComputable("all equal"),
            },
            lead=estimate(0.11, 0.2, 29),
            better_than_rival="Not shown." + text,
            top_k={
                1: estimate(0.6, 0.2, 29),
                5: NotComputable("the top 5 of 5 are all of them"),
            },
            regret={1: estimate(0.004, 0.003, 29)},
        ),
        points=tuple(points),
        searchers=tuple(
            FinalRow(name, 4, 0, 0, Missing("not retrained"))
            if place == 1
            else FinalRow(name, 4, 3, 2, estimate(0.8, 0.02, 3))
            for place, name in enumerate(names)
        ),
        trainings=tuple(
            TrainingRow(points[0].architecture, seed, 0.7, 9, f"results/models/{seed}{text}")
            for seed in range(3)
        ),
        left_out=(LeftOut(f"results/models/old{text}", f"other words{text}"),),
        commands=Commands((f"bench retrain runs/one --seed 0{text}",), 12),
    )


def provenance(names: Sequence[str], rows: Sequence[RunRow], text: str) -> Provenance:
    settings = {"population": 50, "rate": 0.1, "nested": {"a": None}, "label": text or "x"}
    return Provenance(
        runs=tuple(rows),
        plan=None,
        unfinished=(RunLeftOut("results/runs/tpe-3", "stopped at 60 % of its budget"),),
        checklist=(
            Item("Code for training is released" + text, "yes", ""),
            Item("Same hardware for all searchers", "partly", "two machines"),
            Item("Tuned hyperparameters are told", "no", "no" + text),
        ),
        decided_later=("margin is 0.02" + text,),
        deviations=("BatchNorm statistics are recomputed before every evaluation." + text,),
        versions={"python": "3.11.2", "torch": "2.13.0", "numpy": "2.4.6" + text},
        hardware=(
            Machine({"processor": "AMD EPYC" + text, "cores": 2, "accelerator": None}, len(rows)),
        ),
        hyperparameters=dict.fromkeys(names, settings),
    )
