"""The doctor finds what is broken, and only that. The patients are in ``misbehaving.py``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from bench.doctor import checks
from bench.doctor.checks import CHECKS, Broken
from bench.doctor.subject import Subject, default_subject
from searchers.errors import SearcherError

LEGAL, CAPS, BUDGET = "legal proposals", "hard caps hold", "budget obeyed"
SAME, OTHER = "same seed, same sequence", "other seed, other sequence"
TRIPS, ELSEWHERE = "state round trips", "fresh process, other hash seed"
FAILURES, RECOMMENDS, RECORDS = "failures survive", "recommendation", "plain records"
INDEPENDENT = "independent work"
ALONE, FOREIGN, LATENCY = "keeps to itself", "foreign state refused", "ask and tell latency"
#: These start a process each: they are run where they are to fail.
PROCESSES = (ELSEWHERE, ALONE)

#: Searcher, the checks that it fails, and what the first of them says.
BROKEN = [
    ("SkipsEverywhere", {LEGAL}, "illegal in the strict space"),
    ("RecommendsSkips", {LEGAL}, "illegal in the strict space"),
    ("GivesMoreThanAsked", {LEGAL}, "asked for 1 it gave 2 pieces of work"),
    ("ProposesText", {LEGAL, CAPS, FAILURES, RECOMMENDS}, "expected an Architecture"),
    ("IgnoresTheCaps", {CAPS}, "proposed .* beyond the cap {'max_macs'"),
    ("RecommendsBeyondTheCap", {CAPS}, "recommended .* beyond the cap {'max_macs'"),
    ("Idle", {BUDGET, OTHER}, "asked for no work at all"),
    ("WantsMuchAtOnce", {BUDGET}, "left 80 of 200 images unspent"),
    ("SeedsItself", {SAME, TRIPS, ELSEWHERE, RECOMMENDS}, "a second run with the same seed"),
    ("IgnoresTheSeed", {OTHER}, "draw from the generator that is given"),
    ("ForgetsItsParent", {TRIPS, ELSEWHERE}, "restored at step .* went on differently"),
    ("CountsInSecret", {TRIPS, ELSEWHERE}, "restored at step .* went on differently"),
    (
        "KeepsAnArray",
        {INDEPENDENT, TRIPS, ELSEWHERE, ALONE, RECOMMENDS, RECORDS},
        "not JSON serializable",
    ),
    ("IteratesOverASet", {ELSEWHERE}, "a fresh process that goes on from step 0 differs"),
    ("UsesHash", {ELSEWHERE}, "a fresh process that goes on from step 0 differs"),
    ("TakesAnyState", {FOREIGN}, "accepted a state with only"),
    ("LetsErrorsThrough", {FOREIGN}, "AttributeError: best"),
    ("CrashesOnFailures", {FAILURES, INDEPENDENT}, "TypeError"),
    ("RecommendsWhatFailed", {FAILURES}, "recommends .*, whose evaluation failed"),
    ("ClaimsIndependence", {INDEPENDENT}, "up to 5 pieces .* step .* has another work"),
    ("ChangesWhenAskedHowMuch", {INDEPENDENT}, "asked that changed the searcher before ask 1"),
    ("CountsAhead", {INDEPENDENT}, "up to 5 pieces .* step .* has another count"),
    ("RecommendsNothing", {RECOMMENDS, CAPS, FAILURES}, "named None, expected an Architecture"),
    ("DrawsItsRecommendation", {RECOMMENDS}, "recommend.. or samples.. changed the searcher"),
    ("RemembersBeingAsked", {RECOMMENDS}, "a run that was asked what it recommends differs"),
    ("SamplesFromItsGenerator", {RECOMMENDS}, "recommend.. or samples.. changed the searcher"),
    ("StatusNaN", {RECORDS}, "status loss is nan, expected a finite"),
    ("StatusText", {RECORDS}, "status phase is 'warm-up', expected a finite"),
    ("StatusCounts", {RECORDS}, "changed the searcher"),
    ("TablesOfArrays", {RECORDS}, "no JSON data"),
    ("ImportsTheTrainer", {ALONE}, "reached for trainers.data"),
    ("OpensTheWords", {ALONE}, "reached for .*data.mdb"),
]

#: Each check fails in one of these; the others are run with the slow tests.
QUICK = {
    "SkipsEverywhere", "IgnoresTheCaps", "Idle", "SeedsItself", "CountsInSecret", "KeepsAnArray",
    "TakesAnyState", "CrashesOnFailures", "ClaimsIndependence", "DrawsItsRecommendation",
    "StatusNaN", "ImportsTheTrainer",
}  # fmt: skip


@pytest.fixture(autouse=True)
def beside_the_searchers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parent)


def subject(name: str, budget_images: int = 200) -> Subject:
    found = default_subject(f"misbehaving:{name}")
    return Subject(found.name, found.kind, found.settings, budget_images=budget_images)


def failures(of: Subject, names: list[str]) -> dict[str, str]:
    """What each failed check says."""
    said = {}
    for name in names:
        try:
            CHECKS[name](of)
        except Broken as broken:
            said[name] = str(broken)
        except Exception as error:  # noqa: BLE001 - a searcher may raise anything.
            said[name] = f"{type(error).__name__}: {error}"
    return said


@pytest.mark.parametrize(
    ("name", "expected", "message"),
    [
        pytest.param(*row, id=row[0], marks=[] if row[0] in QUICK else pytest.mark.slow)
        for row in BROKEN
    ],
)
def test_it_finds_what_is_broken_and_nothing_else(
    name: str, expected: set[str], message: str
) -> None:
    names = [check for check in CHECKS if check not in PROCESSES or check in expected]
    said = failures(subject(name), names)
    assert set(said) == expected
    first = next(check for check in CHECKS if check in expected)
    assert re.search(message, said[first]), said[first]


def test_every_check_can_be_failed() -> None:
    quick = [row for row in BROKEN if row[0] in QUICK]
    assert len(quick) == len(QUICK)
    assert set().union(*(row[1] for row in quick)) | {LATENCY} == set(CHECKS)


def test_slowness_fails_only_when_it_is_out_of_all_proportion(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # How many milliseconds depends on what else the machine does.
    assert re.fullmatch(r"median [\d.]+ ms, most [\d.]+ ms.*", CHECKS[LATENCY](subject("Fine")))
    monkeypatch.setattr(checks, "SLOWEST_SECONDS", 0.0)
    with pytest.raises(Broken, match=r"median .* expected a median of at most 0 s"):
        CHECKS[LATENCY](subject("Fine"))


@pytest.mark.parametrize(
    ("line", "reached"),
    [
        ("import lmdb", "lmdb"),
        ("import trainers.cost", "trainers"),
        (
            "from bench.running.evaluators.landscape import Landscape",
            "bench.running.evaluators.landscape",
        ),
    ],
)
def test_it_sees_what_a_module_imports_at_the_top(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, reached: str
) -> None:
    (tmp_path / "meddling.py").write_text(
        f"from misbehaving import Fine\n{line}\n\n\nclass Meddling(Fine):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "meddling", raising=False)
    with pytest.raises(Broken, match=f"reached for .*{reached}"):
        CHECKS[ALONE](default_subject("meddling:Meddling"))


def test_a_good_one_passes_and_is_described(bench) -> None:
    answer = bench("doctor", "--searcher", "misbehaving:Fine", "--budget-images", 200, "--json")
    assert answer.code == 0
    document = answer.json
    assert document.keys() == {"searcher", "passed", "checks"}
    assert (document["searcher"], document["passed"]) == ("misbehaving:Fine", True)
    assert [found["check"] for found in document["checks"]] == list(CHECKS)
    for found in document["checks"]:
        assert found.keys() == {"check", "passed", "detail"}
        assert found["passed"] is True
        assert found["detail"]


def test_one_that_prints_disturbs_neither_the_document_nor_the_fresh_process(bench) -> None:
    answer = bench("doctor", "--searcher", "misbehaving:Talks", "--budget-images", 150, "--json")
    assert answer.code == 0
    assert answer.json["passed"]


def test_a_broken_one_exits_with_1_and_shows_where(bench) -> None:
    answer = bench("doctor", "--searcher", "misbehaving:StatusNaN", "--budget-images", 150)
    assert answer.code == 1
    assert answer.err == ""
    assert answer.out.count("FAIL") == 1
    assert f"1 of {len(CHECKS)} checks failed" in answer.out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RaisesInInit", "RuntimeError: two lines"),
        ("RaisesInAsk", "KeyError: 'temperature'"),
        ("RaisesInTell", "ZeroDivisionError: division by zero"),
        ("LeavesInAsk", "SystemExit: 3"),
    ],
)
def test_no_traceback_whatever_it_raises(bench, name: str, text: str) -> None:
    command = ["doctor", "--searcher", f"misbehaving:{name}", "--budget-images", 100]
    answer = bench(*command, "--json")
    assert answer.code == 1
    assert answer.err == ""
    first = answer.json["checks"][0]
    assert (first["passed"], first["detail"]) == (False, text)
    assert all("\n" not in found["detail"] for found in answer.json["checks"])


def test_verbose_shows_the_traceback(bench) -> None:
    command = ["doctor", "--searcher", "misbehaving:RaisesInInit", "--verbose"]
    answer = bench(*command)
    assert answer.code == 1
    assert "Traceback (most recent call last)" in answer.err
    assert 'raise RuntimeError("two\\nlines")' in answer.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["randm"], "unknown searcher 'randm', did you mean 'random'"),
        (["misbehaving:Fin"], "did you mean 'Fine'"),
        (["nowhere:Fine"], "there is no module 'nowhere'"),
        (["random", "--set", "training_shar=0.2"], "did you mean 'training_share'"),
        (["random", "--set", "training_share=2"], "searcher random: training_share 2.0"),
        (["random", "--set", "training_share=much"], "searcher random: Expected `float"),
        (["random", "--set", "training_share"], "expected key=value"),
        (["random", "--space", "autostar"], "did you mean 'autostr'"),
        (["random", "--budget-images", "5"], "--budget-images"),
    ],
)
def test_bad_input_is_one_line(refused, arguments: list[str], message: str) -> None:
    assert message in refused("doctor", "--searcher", *arguments)


def test_a_setting_that_is_given_reaches_the_searcher(bench) -> None:
    command = ["doctor", "--searcher", "random", "--set", "training_share=0.9", "--json"]
    (failed,) = [
        found
        for found in bench(*command, "--budget-images", 100).json["checks"]
        if found["check"] == FAILURES
    ]
    # 90 of 100 images are 4.5 pieces of weight training, then one evaluation.
    assert failed["detail"] == "2 failed, then 6 in a row"


def test_settings_that_raise_what_they_should_not_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd_settings.py").write_text(
        "from dataclasses import dataclass\n"
        "from misbehaving import Fine\n\n\n"
        "@dataclass(frozen=True)\n"
        "class Odd:\n"
        "    def __post_init__(self):\n"
        "        raise KeyError('temperature')\n\n\n"
        "class OddlySet(Fine):\n"
        "    Settings = Odd\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SearcherError, match="settings of searcher odd_settings:OddlySet break off"):
        default_subject("odd_settings:OddlySet")
