"""The analysis of runs: what it counts, what it refuses, what it leaves out by name."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from scipy import stats

from bench.comparison.analysis import analyse
from bench.comparison.answers import Missing
from bench.comparison.anytime import AxisCurves
from bench.comparison.document import Analysis
from bench.comparison.groups import group_runs
from bench.comparison.health import SupernetHealth
from bench.comparison.pairs import Ranks, Reference, Unpaired, compare_family
from bench.comparison.placement import MacDistribution
from bench.comparison.protocol import Protocol
from bench.comparison.rank_curve import RankCurve
from bench.comparison.searchers import SearcherRow
from bench.comparison.serialised import serialised
from bench.records.errors import RecordError
from bench.records.events import EventTime
from bench.records.record import RunRecord
from bench.records.runs import find_runs, read_run, read_runs
from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.clusters import ClusterTest
from bench.statistics.pairwise import Comparison


@pytest.fixture(scope="module")
def records(study: Path) -> list[RunRecord]:
    return read_runs(find_runs([study]))


@pytest.fixture(scope="module")
def analysis(records: list[RunRecord]) -> Analysis:
    return analyse(records, "landscapes")


def edited(folder: Path, target: Path, file: str, change: Any) -> Path:
    """A copy of a run folder with one of its JSON files changed."""
    shutil.copytree(folder, target)
    path = target / file
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    return target


def rescore(folder: Path, score: float | None) -> None:
    """Change the final score of a run, in its result and in its log."""
    path = folder / "result.json"
    result = json.loads(path.read_text())
    result["recommendation"]["score"] = score
    del result["log_hash"], result["document_hash"]
    path.write_text(json.dumps(result))
    lines = (folder / "events.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    last["verdict"]["score"] = score
    (folder / "events.jsonl").write_text("\n".join([*lines[:-1], json.dumps(last)]) + "\n")


def searcher(analysis: Analysis, name: str) -> SearcherRow:
    return next(row for row in analysis.searchers if row.name == name)


def pair_of(analysis: Analysis, name: str) -> Comparison:
    """The pair of a searcher with the baseline."""
    found = searcher(analysis, name).against_baseline
    assert isinstance(found, Comparison)
    return found


def names_of(pair: Comparison) -> frozenset[str]:
    return frozenset((pair.evidence.first, pair.evidence.second))


def curves_of(analysis: Analysis, axis: str) -> AxisCurves:
    found = analysis.curves[axis]
    assert isinstance(found, AxisCurves)
    return found


def test_it_becomes_plain_data_without_nan(analysis: Analysis) -> None:
    data = serialised(analysis)
    assert json.loads(json.dumps(data, allow_nan=False)) == data


def test_endpoints_are_the_means_of_the_final_scores(
    records: list[RunRecord], analysis: Analysis
) -> None:
    estimates = []
    for row in analysis.searchers:
        scores = [r.score for r in records if r.searcher == row.name]
        assert row.complete == len(scores) == 8
        assert isinstance(row.score, Estimate)
        assert row.score.n == 4
        assert math.isclose(row.score.value, float(np.mean(np.array(scores, float))))
        estimates.append(row.score.value)
    assert estimates == sorted(estimates, reverse=True)


def means_of(records: list[RunRecord], name: str) -> np.ndarray[Any, Any]:
    """Mean score on each landscape (4,)."""
    own = [r for r in records if r.searcher == name]
    places = sorted({r.supernet for r in own})
    return np.array(
        [np.mean([r.score for r in own if r.supernet == place], dtype=float) for place in places]
    )


def test_pairs_are_paired_by_landscape(records: list[RunRecord], analysis: Analysis) -> None:
    expected = stats.ttest_rel(means_of(records, "evolution"), means_of(records, "random"))
    pair = pair_of(analysis, "evolution")
    evidence, sentence = pair.evidence, pair.verdict.sentence
    assert isinstance(evidence.test, ClusterTest)
    assert isinstance(evidence.shift, Estimate)
    assert math.isclose(evidence.test.p_value, float(expected.pvalue), abs_tol=1e-9)
    low, high = expected.confidence_interval(0.95)
    assert math.isclose(evidence.shift.low, low, abs_tol=1e-9)
    assert math.isclose(evidence.shift.high, high, abs_tol=1e-9)
    assert (evidence.n, evidence.unit) == (4, "landscapes")
    assert "n = 4 landscapes" in sentence or "4 landscapes do not" in sentence
    assert (analysis.tests.blocks, analysis.tests.units) == (8, 4)
    assert len(analysis.tests.pairs) == 3
    assert analysis.supernets == 4
    assert "landscapes like these 4" in analysis.inference


def test_on_one_landscape_conclusions_are_about_its_seeds(records: list[RunRecord]) -> None:
    one = [r for r in records if r.supernet == "landscape 1"]
    found = analyse(one, "x")
    assert found.supernets == 1
    assert "seeds of one landscape only" in found.inference
    assert {pair.verdict.word for pair in found.tests.pairs} == {"too few"}
    assert "3 too few" in found.summary
    assert "at least 7 are needed" in found.tests.pairs[0].verdict.sentence


def test_a_pair_has_one_verdict_wherever_it_stands(analysis: Analysis) -> None:
    listed = serialised(analysis)["verdicts"]
    verdicts = {frozenset((v["a"], v["b"])): v["verdict"] for v in listed}
    assert len(verdicts) == len(listed) == 3
    for pair in analysis.tests.pairs:
        assert verdicts[names_of(pair)] == pair.verdict.word
    for row in analysis.searchers:
        if row.name != "random":
            pair = pair_of(analysis, row.name)
            assert verdicts[frozenset((row.name, "random"))] == pair.verdict.word
    assert isinstance(analysis.ranks, Ranks)
    for bar in analysis.ranks.cliques:
        apart = [verdicts[frozenset(two)] for two in combinations(bar, 2)]
        assert "different" not in apart


@pytest.mark.parametrize("baseline", ["evolution", "local-search"])
@pytest.mark.parametrize("family", ["all-pairs", "against-baseline"])
def test_any_searcher_can_be_the_baseline(
    records: list[RunRecord], baseline: str, family: Any
) -> None:
    found = analyse(records, "x", protocol=Protocol(baseline=baseline, family=family))
    assert searcher(found, baseline).against_baseline == Reference()
    others = [row.name for row in found.searchers if row.name != baseline]
    for name in others:
        assert names_of(pair_of(found, name)) == {name, baseline}
    count = 3 if family == "all-pairs" else 2
    assert len(found.tests.pairs) == found.tests.comparisons == count
    assert isinstance(found.ranks, Missing) == (family == "against-baseline")


def test_a_baseline_that_was_not_run_is_said(records: list[RunRecord]) -> None:
    found = analyse(records, "x", protocol=Protocol(baseline="tpe"))
    against = searcher(found, "random").against_baseline
    assert isinstance(against, Unpaired)
    assert "tpe was not run" in against.reason
    # The pairs of the family are there all the same.
    assert len(found.tests.pairs) == 3
    alone = analyse(records, "x", protocol=Protocol(baseline="tpe", family="against-baseline"))
    assert alone.tests.pairs == ()
    assert "tpe was not run" in alone.summary


def test_the_gain_over_random_is_of_the_units_of_the_verdicts(
    records: list[RunRecord], analysis: Analysis
) -> None:
    gain = searcher(analysis, "evolution").relative_improvement
    assert isinstance(gain, Estimate)
    assert gain.n == analysis.tests.units == 4
    assert gain.method.startswith("mean over supernets of ratio - 1, Student's t interval")
    # One landscape has no units but its blocks, too few of them here.
    one = analyse([r for r in records if r.supernet == records[0].supernet], "x")
    alone = searcher(one, "evolution").relative_improvement
    assert isinstance(alone, NotComputable)
    assert alone.n == 2


def test_arms_that_never_ran_stay_in_the_count(records: list[RunRecord]) -> None:
    groups = group_runs(records)
    four, three = (compare_family(groups.paired, Protocol(), planned) for planned in (4, 3))
    assert (four.comparisons, three.comparisons) == (6, 3)
    assert not isinstance(four.pairs, NotComputable)
    assert not isinstance(three.pairs, NotComputable)
    first, second = (min(p.evidence.adjusted_p or 1.0 for p in j.pairs) for j in (four, three))
    assert first == pytest.approx(min(1.0, 2.0 * second))


def test_the_same_runs_give_the_same_analysis(records: list[RunRecord]) -> None:
    first, second = (analyse(list(order), "x") for order in (records, records[::-1]))
    # Rows may come in the order of folders; every number has to be the same.
    assert first.searchers == second.searchers
    assert first.ranks == second.ranks


def test_nobody_leaves_a_curve_because_a_machine_is_slow(records: list[RunRecord]) -> None:
    def slower(record: RunRecord) -> RunRecord:
        """As on a machine that takes a million times as long."""
        events = [
            msgspec.structs.replace(
                event, time=EventTime(trainer=1e6 * ((event.time.trainer or 0.0) + 1))
            )
            for event in record.events
        ]
        return replace(record, events=events)

    odd = next(record for record in records if record.searcher == "random")
    mixed = [slower(record) if record is odd else record for record in records]
    found = analyse(mixed, "landscapes")
    for axis in ("images", "evaluations", "macs", "seconds"):
        curves = curves_of(found, axis)
        assert curves.searchers.keys() == {"random", "evolution", "local-search"}
        assert curves.without == {}
        ends = {arm.median.grid[-1] for arm in curves.searchers.values() if arm.median}
        assert ends == {curves.end}
    # On the axis of the budget, to the end of the budget.
    assert curves_of(found, "images").end == 3000


def test_a_curve_begins_where_all_runs_have_recommended(analysis: Analysis) -> None:
    for arm in curves_of(analysis, "images").searchers.values():
        assert arm.median is not None
        assert arm.median.grid[0] == max(run.x[0] for run in arm.runs)
        assert arm.n == 8


def test_curves_end_at_the_endpoint(records: list[RunRecord], analysis: Analysis) -> None:
    by_id = {record.run_id: record for record in records}
    for axis in ("images", "evaluations", "macs", "seconds"):
        for drawn in curves_of(analysis, axis).searchers.values():
            for run in drawn.runs:
                assert run.y[-1] == by_id[run.run_id].score
                assert len(run.x) == 5


def test_ranks_along_the_budget(records: list[RunRecord], analysis: Analysis) -> None:
    found = analysis.rank_curve
    assert isinstance(found, RankCurve)
    names = sorted(found.searchers)
    table = np.array([found.searchers[name] for name in names])
    assert found.grid[-1] == 3000
    assert (found.units, found.units_are) == (4, "landscapes")
    assert table.sum(axis=0) == pytest.approx(6.0)

    def at(record: RunRecord, cost: float) -> float:
        looks = zip(record.trajectory.images, record.trajectory.score, strict=True)
        return [score for images, score in looks if images <= cost][-1]

    # At the start and at the end, by hand: means of landscapes are ranked.
    landscapes = sorted({record.supernet for record in records})
    for place in (0, -1):
        cost = found.grid[place]
        means = [
            [
                np.mean(
                    [
                        at(record, cost)
                        for record in records
                        if (record.supernet, record.searcher) == (landscape, name)
                    ]
                )
                for name in names
            ]
            for landscape in landscapes
        ]
        expected = np.mean([stats.rankdata([-mean for mean in row]) for row in means], axis=0)
        assert table[:, place] == pytest.approx(expected)


def test_a_rank_needs_two(records: list[RunRecord]) -> None:
    alone = [record for record in records if record.searcher == "random"]
    found = analyse(alone, "alone").rank_curve
    assert isinstance(found, Missing)
    assert "two searchers" in found.reason


def test_every_number_of_a_run_is_traceable(records: list[RunRecord], analysis: Analysis) -> None:
    rows = analysis.provenance.runs
    assert {row.run_id for row in rows} == {r.run_id for r in records}
    for row in rows:
        assert read_run(Path(row.folder)).score == row.score


def test_recommendations_are_placed_in_the_exact_distribution(analysis: Analysis) -> None:
    found = analysis.mac_distribution
    assert isinstance(found, MacDistribution)
    assert sum(found.counts) == found.architectures == 142_569_272_143_588_290
    assert all(0.0 < row.quantile <= 1.0 for row in found.recommendations)


def test_weights_are_counted(analysis: Analysis) -> None:
    health = analysis.supernet_health
    assert isinstance(health, SupernetHealth)
    # 4 % of 3,000 images in steps of 8, 24 runs.
    assert health.steps == 24 * 15
    updates = health.updates.operations
    assert sum(row.updates for row in updates) == 15 * health.steps
    assert math.isclose(sum(row.expected for row in updates), 15 * health.steps)


def test_unfinished_runs_are_named_and_enter_nothing(study: Path, tmp_path: Path) -> None:
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    lost = copied / "runs" / "evolution" / "supernet1-seed0"
    (lost / "result.json").unlink()
    found = analyse(read_runs(find_runs([copied])), "x")
    assert [row.run for row in found.provenance.unfinished] == [str(lost)]
    assert searcher(found, "evolution").complete == 7
    assert found.tests.blocks == 7
    assert any("evolution not run" in reason for reason in found.tests.dropped)


def test_ranks_are_refused_where_no_pair_could_be_told_apart(records: list[RunRecord]) -> None:
    few = [record for record in records if record.supernet == "landscape 1"]
    found = analyse(few, "x")
    assert "seeds of one landscape only" in found.inference
    assert isinstance(found.ranks, Missing)
    assert "2 blocks" in found.ranks.reason
    assert found.tests.smallest_n == 7
    assert isinstance(analyse(records, "x").ranks, Ranks)


def test_a_searcher_without_a_complete_run_is_named(study: Path, tmp_path: Path) -> None:
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    for path in (copied / "runs" / "evolution").rglob("result.json"):
        path.unlink()
    found = analyse(read_runs(find_runs([copied])), "x")
    json.dumps(serialised(found), allow_nan=False)
    row = searcher(found, "evolution")
    assert (row.complete, row.unfinished) == (0, 8)
    assert isinstance(row.against_baseline, Unpaired)
    assert found.tests.blocks == 8
    assert pair_of(found, "local-search").evidence.n == 4


def test_a_failed_run_is_counted_and_never_wins(study: Path, tmp_path: Path) -> None:
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    rescore(copied / "runs" / "evolution" / "supernet1-seed0", None)
    found = analyse(read_runs(find_runs([copied])), "x")
    row = searcher(found, "evolution")
    assert (row.failed, row.score.n) == (1, 4)
    assert any("evolution failed" in reason for reason in found.tests.dropped)


def test_a_searcher_without_any_score_takes_no_verdict_from_the_others(
    study: Path, tmp_path: Path
) -> None:
    """As one of which no run is complete."""
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    for folder in (copied / "runs" / "evolution").iterdir():
        rescore(folder, None)
    found = analyse(read_runs(find_runs([copied])), "x")
    row = searcher(found, "evolution")
    assert (row.complete, row.failed, row.score.value) == (8, 8, None)
    assert row.against_baseline == Unpaired("no run of it is complete and has a score")
    assert (found.tests.blocks, found.tests.comparisons) == (8, 3)
    for path in (copied / "runs" / "evolution").rglob("result.json"):
        path.unlink()
    never = analyse(read_runs(find_runs([copied])), "x")
    assert pair_of(found, "local-search").verdict == pair_of(never, "local-search").verdict


def test_the_table_speaks_of_the_blocks_that_verdicts_are_about(
    study: Path, tmp_path: Path
) -> None:
    """Whoever fails where it is hard must not come out first."""
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    for seed in (0, 1):
        rescore(copied / "runs" / "evolution" / f"supernet1-seed{seed}", None)
    records = read_runs(find_runs([copied]))
    found = analyse(records, "x")
    for row in found.searchers:
        own = [r for r in records if r.searcher == row.name and "landscape 1" not in r.supernet]
        assert row.score.value == pytest.approx(np.mean([r.score for r in own]))
        assert row.score.n == found.tests.units == 3


def test_a_run_without_a_score_at_the_end_has_no_curve_and_is_told(
    study: Path, tmp_path: Path
) -> None:
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    rescore(copied / "runs" / "evolution" / "supernet1-seed0", None)
    found = analyse(read_runs(find_runs([copied])), "x")
    curves = curves_of(found, "images")
    assert curves.searchers["evolution"].n == 7
    assert curves.without == {"evolution": "1 of 8 runs, without a score at the end"}


@pytest.mark.parametrize("names", [["random"], ["evolution"], ["random", "evolution"]])
def test_one_or_two_searchers_are_no_reason_to_crash(
    records: list[RunRecord], names: list[str]
) -> None:
    found = analyse([r for r in records if r.searcher in names], "x")
    json.dumps(serialised(found), allow_nan=False)
    assert isinstance(found.ranks, Missing)
    if names == ["evolution"]:
        against = searcher(found, "evolution").against_baseline
        assert isinstance(against, Unpaired)
        assert "only evolution was run" in against.reason


def test_constant_scores_are_refused_with_the_reason(study: Path, tmp_path: Path) -> None:
    copied = tmp_path / "study"
    shutil.copytree(study, copied)
    for path in copied.rglob("result.json"):
        rescore(path.parent, 0.5)
    found = analyse(read_runs(find_runs([copied])), "x")
    json.dumps(serialised(found), allow_nan=False)
    assert searcher(found, "evolution").score.value == 0.5
    assert pair_of(found, "evolution").verdict.word in ("equivalent", "inconclusive")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda m: m["identity"]["preset"]["run"].update(budget_images=1), "budget_images"),
        (lambda m: m["identity"].update(max_macs=10**9), "max_macs"),
        (lambda m: m["identity"]["preset"]["trainer"].update(batch_images=3), "batch_images"),
    ],
)
def test_runs_of_two_protocols_are_refused(
    study: Path, tmp_path: Path, change: Any, named: str
) -> None:
    def apply(manifest: dict[str, Any]) -> None:
        change(manifest)
        manifest["identity_hash"] = "another"

    folder = study / "runs" / "random" / "supernet1-seed0"
    other = edited(folder, tmp_path / "other", "run.json", apply)
    with pytest.raises(RecordError, match=named):
        analyse(read_runs([*find_runs([study]), other]), "x")


def test_two_settings_of_a_searcher_are_two_searchers(study: Path, tmp_path: Path) -> None:
    def apply(manifest: dict[str, Any]) -> None:
        manifest["identity"]["hyperparameters"]["population"] = 7
        manifest["identity_hash"] = "another"

    folder = study / "runs" / "evolution" / "supernet1-seed0"
    other = edited(folder, tmp_path / "other", "run.json", apply)
    groups = group_runs(read_runs([*find_runs([study]), other]))
    assert groups.labels == ["evolution (population=100)", "evolution (population=7)",
                             "local-search", "random"]  # fmt: skip


def test_a_margin_makes_equivalence_possible(records: list[RunRecord]) -> None:
    found = analyse(records, "x", protocol=Protocol(margin=0.9))
    words = {pair.verdict.word for pair in found.tests.pairs}
    assert words <= {"different", "equivalent"}
    assert "equivalent" in words
