"""Controls of the comparison, from study file to verdict.

Where there is nothing to find it must find nothing but for chance, and where an optimum is planted
it must name those who come near it, in the right order.
"""

from __future__ import annotations

import json
import logging
import shutil
from itertools import combinations
from pathlib import Path
from statistics import fmean, median
from typing import Any

import pytest
from scipy import stats

from bench.cli import run as bench
from bench.comparison.analysis import analyse
from bench.comparison.serialised import serialised
from bench.records.runs import find_runs, read_runs
from bench.running.evaluators.landscape import FLOOR, SPAN, Landscape
from bench.statistics.signed_rank import attainable_level
from spaces import load_space

#: ``--log-cli-level=info`` shows the numbers.
LOG = logging.getLogger(__name__)
ALPHA = 0.05
#: Quality of the planted architecture, and of no other.
OPTIMUM = FLOOR + SPAN
STUDIES, BLOCKS = 200, 10
#: Twenty evaluations a run, on a landscape and with seeds of this study alone.
SAME = """
name = "same"
preset = "tiny"
searchers = ["random", "random_twin:RandomTwin"]
seeds = {seeds}
supernet_seeds = [{landscape}]
set = ["run.evaluator=synthetic", "run.training_share=0", "run.referee_points=1"]
"""

#: On these landscapes, the worst first: no search, a coarse grid, draws, scores, gradients.
ORDER = ["largest", "grid", "random", "evolution", "proxyless"]
#: Three hundred evaluations, or 1,200 gradient steps.
NOISY = """
name = "noisy"
preset = "tiny"
searchers = ["largest", "grid", "random", "evolution", "proxyless"]
seeds = 2
supernet_seeds = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
set = [
    "run.evaluator=synthetic",
    "run.budget_images=9600",
    "run.training_share=0",
    "run.referee_points=1",
    "searcher.proxyless.path=joint",
]
"""
#: A thousand evaluations without noise: enough to climb to the top.
PLAIN = """
name = "plain"
preset = "tiny"
searchers = ["random", "local-search"]
seeds = 2
supernet_seeds = [10, 11, 12, 13, 14]
set = [
    "run.evaluator=synthetic",
    "run.budget_images=32000",
    "run.training_share=0",
    "run.referee_points=1",
    "landscape.noise=0",
]
"""


def conducted(folder: Path, text: str) -> Path:
    """The folder of a finished study."""
    file, out = folder / "file.toml", folder / "study"
    file.write_text(text)
    assert bench(["study", str(file), "--out", str(out), "--quiet"]) == 0
    return out


def analysed_same(folder: Path, number: int) -> dict[str, Any]:
    """The analysis of one A/A study, which is then deleted."""
    seeds = list(range(number * BLOCKS, (number + 1) * BLOCKS))
    out = conducted(folder, SAME.format(seeds=seeds, landscape=number))
    analysis: dict[str, Any] = serialised(analyse(read_runs(find_runs([out])), "same"))
    shutil.rmtree(out)
    return analysis


def reported(out: Path) -> dict[str, Any]:
    """What `bench compare` writes about a study."""
    assert bench(["compare", str(out)]) == 0
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report


def true_qualities(report: dict[str, Any]) -> dict[str, list[float]]:
    """What the landscapes themselves say, without noise, of all that a searcher recommended."""
    space = load_space("autostr")
    found: dict[str, list[float]] = {}
    for row in report["runs"]:
        landscape = Landscape(space, int(row["supernet"].removeprefix("landscape ")))
        encoding = space.encode([space.parse(row["architecture"])])
        found.setdefault(row["searcher"], []).append(float(landscape.quality(encoding)[0]))
    return found


def recommended(analysis: dict[str, Any], searcher: str) -> dict[str, str]:
    """Architecture by block."""
    return {
        row["block"]: row["architecture"] for row in analysis["runs"] if row["searcher"] == searcher
    }


def assert_by_chance(count: int, chance: float) -> None:
    """So many of the studies are within the central 99 % of what this chance gives."""
    low, high = stats.binom.interval(0.99, STUDIES, chance)
    assert low <= count <= high, f"{count} of {STUDIES} studies, expected {low:.0f} to {high:.0f}"


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_random_against_random_differs_at_the_nominal_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)
    analyses = [analysed_same(tmp_path, number) for number in range(STUDIES)]
    for analysis in analyses:
        one = recommended(analysis, "random")
        other = recommended(analysis, "random_twin:RandomTwin")
        assert one.keys() == other.keys()
        # Arms that share their draws would agree in every block, and never be told apart.
        assert not one.items() & other.items()
    pairs = [pair for analysis in analyses for pair in analysis["tests"]["pairs"]]
    assert [pair["n"] for pair in pairs] == [BLOCKS] * STUDIES
    for pair in pairs:
        assert (pair["verdict"] == "different") == (pair["p"] <= ALPHA)
    different = sum(pair["verdict"] == "different" for pair in pairs)
    LOG.info("%d of %d studies are called different", different, STUDIES)
    assert_by_chance(different, attainable_level(BLOCKS, ALPHA))
    # The whole distribution of p, not only its tail, and neither name is favoured.
    assert_by_chance(sum(pair["p"] <= 0.5 for pair in pairs), attainable_level(BLOCKS, 0.5))
    assert_by_chance(sum(pair["shift"]["estimate"] > 0 for pair in pairs), 0.5)
    # The word of the main table is that of the pair: one comparison in both.
    words = [
        row["against_baseline"]["verdict"]
        for analysis in analyses
        for row in analysis["searchers"]
        if row["name"] != "random"
    ]
    assert words == [pair["verdict"] for pair in pairs]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_order_of_the_report_is_the_true_one(tmp_path: Path) -> None:
    report = reported(conducted(tmp_path, NOISY))
    truth = {name: median(found) for name, found in true_qualities(report).items()}
    LOG.info("median true quality: %s", truth)
    assert sorted(truth, key=lambda name: truth[name]) == ORDER
    assert [row["name"] for row in reversed(report["searchers"])] == ORDER
    for row in report["searchers"]:
        # Two seeds on each landscape, which counts once.
        found = true_qualities(report)[row["name"]]
        means = [fmean(found[at : at + 2]) for at in range(0, len(found), 2)]
        assert row["median"]["estimate"] == pytest.approx(median(means), abs=1e-12)
    verdicts = {frozenset((pair["a"], pair["b"])): pair for pair in report["tests"]["pairs"]}
    for worse, better in combinations(ORDER, 2):
        pair = verdicts[frozenset((worse, better))]
        assert (pair["verdict"], pair["better"], pair["n"]) == ("different", better, 10)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_planted_optimum_is_found(tmp_path: Path) -> None:
    report = reported(conducted(tmp_path, PLAIN))
    truth = true_qualities(report)
    assert truth["local-search"] == [pytest.approx(OPTIMUM)] * 10
    assert max(truth["random"]) < OPTIMUM - 0.1
    best, _ = report["searchers"]
    assert best["name"] == best["against_baseline"]["better"] == "local-search"
    assert best["against_baseline"]["verdict"] == "different"
    assert best["score"]["estimate"] == pytest.approx(OPTIMUM)
