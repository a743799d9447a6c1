"""What a study decides beforehand, and what is decided later and said."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cli import run as bench
from bench.comparison import pairs
from bench.comparison.protocol import Protocol, protocol_of
from bench.records.errors import PresetError
from bench.records.study_file import StudyFile, read_study
from bench.statistics.answers import NotComputable
from bench.statistics.blocks import PairedScores, RunScore, paired_matrix
from bench.statistics.pairwise import Comparison

pytestmark = pytest.mark.usefixtures("undrawn")

STUDY = """
name = "arms"
preset = "tiny"
searchers = ["random"]
seeds = 2
supernet_seeds = [1, 2, 3]
budget = { evaluations = 20 }
baseline = "evolution-30"
family = "against-baseline"
alpha = 0.1
margin = 0.05
set = ["run.evaluator=synthetic", "run.training_share=0", "run.budget_images=5000"]

[[arms]]
name = "evolution-30"
searcher = "evolution"
set = ["searcher.evolution.population=30"]

[[arms]]
name = "evolution-40"
searcher = "evolution"
set = ["searcher.evolution.population=40"]
"""


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("arms")
    (folder / "file.toml").write_text(STUDY)
    out = folder / "arms"
    assert bench(["study", str(folder / "file.toml"), "--out", str(out), "--quiet"]) == 0
    return out


def report(place: Path, out: Path, *options: str) -> dict[str, Any]:
    assert bench(["compare", str(place), "--out", str(out), *options]) == 0
    found: dict[str, Any] = json.loads((out / "report.json").read_text())
    return found


def test_arms_are_compared_under_their_names(arms: Path, tmp_path: Path) -> None:
    found = report(arms, tmp_path)
    assert {row["name"] for row in found["searchers"]} == {
        "random",
        "evolution-30",
        "evolution-40",
    }
    assert (found["baseline"], found["tests"]["alpha"], found["margin"]) == (
        "evolution-30",
        0.1,
        0.05,
    )
    assert {(v["a"], v["b"]) for v in found["verdicts"]} == {
        ("random", "evolution-30"),
        ("evolution-40", "evolution-30"),
    }
    assert found["plan"] == {
        "planned": 18, "complete": 18, "failed": [], "unfinished": [], "missing": [], "extra": [],
    }  # fmt: skip
    assert {run["evaluations"] for run in found["runs"]} == {20}
    assert {run["ended"] for run in found["runs"]} == {"budget of evaluations spent"}
    assert found["budget"]["equalised"] == "evaluations"
    assert found["curves"]["evaluations"]["end"] == 20
    answers = {row["item"]: row["answer"] for row in found["checklist"]}
    assert answers["What decides the verdicts was fixed before the runs"] == "yes"
    assert answers["Compared with random search"] == "yes"


def test_what_is_given_later_is_told(
    arms: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--margin", "0.2", "--baseline", "random", "--family", "all-pairs", "--alpha", "0.1"]
    capsys.readouterr()
    found = report(arms, tmp_path, *given)
    told = [
        "margin is 0.2, in the study file 0.05",
        "baseline is random, in the study file evolution-30",
        "family is all-pairs, in the study file against-baseline",
    ]
    assert found["decided_later"] == told
    assert all(sentence in capsys.readouterr().out for sentence in told[:1])
    answers = {row["item"]: row["answer"] for row in found["checklist"]}
    assert answers["What decides the verdicts was fixed before the runs"] == "no"


def test_without_a_study_file_everything_given_is_later() -> None:
    assert protocol_of(None, {"margin": None}) == Protocol()
    found = protocol_of(None, {"margin": 0.1, "alpha": None})
    assert found.margin == 0.1
    assert found.deviations == ("margin = 0.1 was given with the runs at hand",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.replace('"evolution-40"', '"evolution-30"'), "names one twice"),
        (lambda t: t.replace('"evolution-40"', '"a/b"'), "name of an arm 'a/b'"),
        (lambda t: t.replace('baseline = "evolution-30"', 'baseline = "tpe"'), "unknown baseline"),
        (lambda t: t.replace("{ evaluations = 20 }", "{ }"), "budget names 0 limits"),
        (lambda t: t.replace("= 20 }", "= 20, images = 5 }"), "budget names 2 limits"),
        (lambda t: t.replace("= 20 }", "= 0 }"), "budget.evaluations"),
        (lambda t: t.replace("{ evaluations = 20 }", "{ hours = 5 }"), "hours"),
        (lambda t: t.replace("alpha = 0.1", "alpha = 1.0"), "alpha"),
        (lambda t: t.replace("margin = 0.05", "margin = 0"), "margin"),
        (lambda t: t.replace('family = "against', 'family = "for'), "family"),
        (lambda t: t.split("[[arms]]")[0].replace('searchers = ["random"]', ""), "no searchers"),
        (lambda t: t.replace('searcher = "evolution"\nset', 'set'), "searcher"),
    ],
)  # fmt: skip
def test_a_bad_study_is_refused(tmp_path: Path, change: Callable[[str], str], words: str) -> None:
    path = tmp_path / "study.toml"
    path.write_text(change(STUDY))
    with pytest.raises(PresetError, match=words):
        read_study(path)


def test_an_arm_that_sets_nonsense_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "study.toml"
    path.write_text(STUDY.replace("population=40", "popluation=40"))
    assert bench(["study", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "did you mean 'searcher.evolution.population'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_defaults_of_a_study_are_those_of_a_comparison() -> None:
    assert protocol_of(StudyFile(name="x", seeds=1, searchers=("random",)), {}) == Protocol()


def simulated(rng: np.random.Generator) -> PairedScores | NotComputable:
    """A study of 2 to 6 searchers on 1 to 9 supernets, some of which differ by .8 sd."""
    k, supernets, seeds = rng.integers(2, 7), rng.integers(1, 10), rng.integers(1, 6)
    shifts = 0.8 * rng.integers(0, 3, k)
    return paired_matrix(
        RunScore(f"s{j}", f"{i}-{seed}", float(rng.normal(shifts[j])), f"supernet {i}")
        for i in range(supernets)
        for seed in range(seeds)
        for j in range(k)
    )


@pytest.mark.parametrize("family", ["all-pairs", "against-baseline"])
@pytest.mark.parametrize("studies", [30, pytest.param(200, marks=pytest.mark.slow)])
def test_no_pair_has_two_verdicts_in_many_studies(family: Any, studies: int) -> None:
    rng = np.random.default_rng(200)
    protocol = Protocol(baseline="s0", family=family, margin=0.5)
    words: set[str] = set()
    for _ in range(studies):
        paired = simulated(rng)
        assert not isinstance(paired, NotComputable)
        compared = pairs.compare_family(paired, protocol, len(paired.searchers))
        said: dict[frozenset[str], set[str]] = {}
        for pair in pairs.tests(compared, paired, protocol).pairs:
            names = frozenset((pair.evidence.first, pair.evidence.second))
            said.setdefault(names, set()).add(pair.verdict.word)
        for name in paired.searchers[1:]:
            against = pairs.against_baseline(compared, name, protocol)
            assert isinstance(against, Comparison)
            said.setdefault(frozenset((name, "s0")), set()).add(against.verdict.word)
        assert all(len(found) == 1 for found in said.values())
        words |= set.union(*said.values())
        ranks = pairs.ranks(compared, protocol)
        for bar in ranks.cliques if isinstance(ranks, pairs.Ranks) else ():
            for two in combinations(bar, 2):
                assert said[frozenset(two)] != {"different"}
    assert words >= {"different", "inconclusive", "too few"}
    # Few of them are large enough for that.
    assert "equivalent" in words or studies < 200
