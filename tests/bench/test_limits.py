"""Budgets of images, evaluations, MACs or seconds: the first that is spent ends a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.presets import load_preset
from bench.records.event_log import read_events, without_time
from bench.records.limits import Budget
from bench.run import Run
from bench.running.batching import Pace
from bench.running.evaluators.base import Outcome
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers.base import Work
from trainers.cost import Cost

TINY = ("--preset", "tiny", "--evaluator", "synthetic", "--quiet")


@dataclass
class Ran:
    """A finished run's result and log."""

    result: dict[str, Any]
    events: list[dict[str, Any]]


@pytest.fixture
def ran(bench: Callable[..., Any], tmp_path: Path) -> Callable[..., Ran]:
    def run(*options: str) -> Ran:
        out = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
        answer = bench("run", "--searcher", "random", *TINY, "--out", out, *options)
        assert answer.code == 0, answer.err
        result = json.loads((out / "result.json").read_text())
        return Ran(result, read_events(out / "events.jsonl"))

    return run


def test_what_is_payable() -> None:
    one = Cost(images_forward=10, macs=100, evaluations=1)
    total = Cost()
    assert Budget(35).payable(total, [one] * 5) == (3, "images")
    assert Budget(35, evaluations=2).payable(total, [one] * 5) == (2, "evaluations")
    assert Budget(35, macs=150).payable(total, [one] * 5) == (1, "macs")
    assert Budget(50, seconds=1.0).payable(total, [one] * 5) == (5, None)
    assert Budget(35, seconds=1.0).out_of_time(1.0)
    assert not Budget(35, seconds=1.0).out_of_time(0.9)
    assert not Budget(35).out_of_time(9e9)


def test_the_share_is_that_of_the_limit_that_is_nearest_to_its_end() -> None:
    total = Cost(images_forward=10, macs=300, evaluations=1)
    assert Budget(100).share(total, 0.0) == 0.1
    assert Budget(100, macs=400).share(total, 0.0) == 0.75
    assert Budget(100, seconds=10.0).share(total, 5.0) == 0.5


@pytest.mark.parametrize(
    ("axis", "limit", "ended"),
    [
        ("images", 500, "budget spent"),
        ("evaluations", 7, "budget of evaluations spent"),
        ("macs", 16 * 10**10, "budget of MACs spent"),
    ],
)
def test_a_limit_is_never_exceeded_and_the_next_piece_would(
    ran: Callable[..., Ran], axis: str, limit: int, ended: str
) -> None:
    wide = ("--set", "run.training_share=0", "--set", "run.referee_points=5")
    images = () if axis == "images" else ("--budget-images", "100000")
    found = ran(*wide, *images, f"--budget-{axis}", str(limit))
    assert found.result["ended"] == ended
    total = found.result["cost"]["total"][axis]
    largest = max(event["cost"][axis] for event in found.events if "cost" in event)
    assert limit - largest < total <= limit
    # The referee looks at equal parts of the limit that ends the run.
    assert [row["point"] for row in found.result["trajectory"]][-1] == 5
    assert len(found.result["trajectory"]) >= 4


def test_seconds_end_a_run_too(ran: Callable[..., Ran]) -> None:
    found = ran("--budget-images", "100000000", "--budget-seconds", "0.3")
    assert found.result["ended"] == "budget of seconds spent"
    assert found.result["cost"]["seconds"]["total"] >= 0.3


@pytest.mark.parametrize("killed", ["before the end", "behind the end", "within a batch"])
@pytest.mark.parametrize(("first", "then"), [(7, 1), (1, 7), (7, 64)])
def test_out_of_time_it_ends_where_it_ended_whatever_the_batches(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, first: int, then: int, killed: str
) -> None:
    given = ["run.evaluator=synthetic", "run.training_share=0", "run.budget_images=100_000_000"]
    # Seconds in plenty for what the clock itself shows: asking and telling.
    preset = load_preset("tiny", [*given, "run.budget_seconds=100"])

    def slow(self: SyntheticEvaluator, works: Sequence[Work]) -> list[Outcome]:
        return [Outcome(self.perform(work), 3.0) for work in works]

    monkeypatch.setattr(SyntheticEvaluator, "execute_many", slow)

    def ran(limit: int) -> str:
        monkeypatch.setattr(Pace, "limit", limit)
        return Run("random", "tiny", preset, 0).execute(tmp_path).ended

    assert ran(first) == "budget of seconds spent"
    log = tmp_path / "events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    kept = {"behind the end": len(lines), "before the end": len(lines) - 1, "within a batch": 5}
    (tmp_path / "result.json").unlink()
    (tmp_path / "checkpoint" / "state.safetensors").unlink()
    log.write_bytes(b"".join(lines[: kept[killed]]))
    assert ran(then) == "budget of seconds spent"
    again = [without_time(event) for event in read_events(log)]
    if killed != "within a batch":
        assert again == [without_time(json.loads(line)) for line in lines]


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--budget-macs", "5"), "5 MACs pays for nothing"),
        (("--budget-macs", "0"), "budget-macs"),
        (("--budget-seconds", "0"), "budget-seconds"),
        (("--budget-seconds", "inf"), "budget-seconds"),
        (("--set", "run.budget_seconds=inf"), "budget_seconds"),
        (("--set", "run.budget_evaluations=-1"), "budget_evaluations"),
    ],
)
def test_a_budget_for_nothing_is_refused(
    bench: Callable[..., Any], tmp_path: Path, option: tuple[str, ...], words: str
) -> None:
    answer = bench("run", "--searcher", "random", *TINY, "--out", tmp_path / "run", *option)
    assert answer.code == 2
    assert words in answer.err


def test_runs_from_before_these_limits_are_the_same_runs() -> None:
    from bench.run import _without_bookkeeping

    known = _without_bookkeeping(load_preset("tiny"))["run"]
    assert not any(key.startswith("budget_") for key in known if key != "budget_images")
    limited = _without_bookkeeping(load_preset("tiny", ["run.budget_macs=7"]))["run"]
    assert limited["budget_macs"] == 7
