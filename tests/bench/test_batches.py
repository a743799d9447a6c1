"""How many evaluations are made at once shows in no log, wherever a run breaks off."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from run_child import check_equal

from bench.presets import load_preset
from bench.run import Run
from bench.running.batching import MOST, Pace
from bench.running.problem import Caps
from bench.running.runner import WorkReport
from searchers import SEARCHERS
from searchers.base import Work
from searchers.finding import find_searcher

#: Searchers that know of work that does not depend on each other's results.
SEVERAL = {"autostr", "evolution", "grid", "local-search", "random", "spos"}
#: No time for a batch: one piece of work at a time. And time for large ones.
ALONE, TOGETHER = "run.checkpoint_seconds=0", "run.checkpoint_seconds=1000"
#: The referee looks after almost every evaluation, so also within batches.
SYNTHETIC = ("run.evaluator=synthetic", "run.budget_images=3000", "run.referee_points=60")


class Broken(Exception):
    """As abrupt as a kill: what is on disk is all that is left."""


def run(
    searcher: str,
    folder: Path,
    *overrides: str,
    break_after: int | None = None,
    caps: Caps | None = None,
) -> list[int]:
    """Run or resume; returns the sizes of the batches."""
    preset = load_preset("tiny", list(overrides), find_searcher(searcher))
    made = Run(searcher, "tiny", preset, 0, caps)
    sizes: list[int] = []
    execute_many = made.evaluator.execute_many

    def count(works: Sequence[Work]) -> Any:
        sizes.append(len(works))
        return execute_many(works)

    made.evaluator.execute_many = count  # type: ignore[method-assign]
    events = 0

    def report(_: WorkReport) -> None:
        nonlocal events
        events += 1
        if events == break_after:
            raise Broken

    made.execute(folder, report)
    return sizes


def final_state(folder: Path) -> dict[str, Any]:
    """What the last checkpoint holds, clocks aside."""
    from trainers.state import read_tensors

    state = read_tensors(folder / "checkpoint" / "state.safetensors")[1]
    del state["ledger"]["seconds"]
    return json.loads(json.dumps(state))  # type: ignore[no-any-return]


@pytest.mark.whole
@pytest.mark.parametrize(
    "searcher",
    [
        name
        if name in ("random", "evolution", "autostr", "proxyless")
        else pytest.param(name, marks=pytest.mark.slow)
        for name in sorted(SEARCHERS)
    ],
)
def test_batches_show_in_nothing(searcher: str, tmp_path: Path) -> None:
    assert set(run(searcher, tmp_path / "alone", *SYNTHETIC, ALONE)) == {1}
    sizes = run(searcher, tmp_path / "together", *SYNTHETIC, TOGETHER)
    assert (max(sizes) > 1) == (searcher in SEVERAL)
    check_equal(tmp_path / "together", tmp_path / "alone")
    assert final_state(tmp_path / "together") == final_state(tmp_path / "alone")


@pytest.mark.whole
@pytest.mark.parametrize(
    "caps",
    [Caps(), pytest.param(Caps(max_macs=250_000_000), marks=pytest.mark.slow)],
    ids=["free", "capped"],
)
def test_all_neighbours_of_an_architecture(caps: Caps, tmp_path: Path) -> None:
    settings = [*SYNTHETIC, "run.budget_images=12000", "searcher.local-search.improvement=best"]
    run("local-search", tmp_path / "alone", *settings, ALONE, caps=caps)
    sizes = run("local-search", tmp_path / "together", *settings, TOGETHER, caps=caps)
    # Beyond its ten starts only where nothing is counted as it is met.
    assert (max(sizes) > 10) == (caps == Caps())
    check_equal(tmp_path / "together", tmp_path / "alone")


@pytest.mark.whole
@pytest.mark.parametrize("searcher", ["random", pytest.param("spos", marks=pytest.mark.slow)])
def test_broken_off_within_a_batch_it_resumes(searcher: str, tmp_path: Path) -> None:
    run(searcher, tmp_path / "alone", *SYNTHETIC, ALONE)
    run(searcher, tmp_path / "whole", *SYNTHETIC, TOGETHER)
    for event in (21, 25, 30):
        folder = tmp_path / str(event)
        with pytest.raises(Broken):
            run(searcher, folder, *SYNTHETIC, TOGETHER, break_after=event)
        # Half a batch is in the log. It is repeated with batches, and without.
        run(searcher, folder, *SYNTHETIC, TOGETHER if event == 25 else ALONE)
        check_equal(folder, tmp_path / "alone")


@pytest.mark.whole
@pytest.mark.parametrize(
    ("searcher", "images"),
    [("random", 320), pytest.param("evolution", 640, marks=pytest.mark.slow)],
)
def test_the_trainer_scores_batches_as_it_scores_one(
    searcher: str, images: int, tmp_path: Path
) -> None:
    settings = ["run.evaluation_cache=false", "run.training_share=0.3"]
    settings.append(f"run.budget_images={images}")
    assert set(run(searcher, tmp_path / "alone", *settings, ALONE)) == {1}
    assert max(run(searcher, tmp_path / "together", *settings, TOGETHER)) > 1
    check_equal(tmp_path / "together", tmp_path / "alone")


def test_a_batch_takes_no_longer_than_may_be_lost() -> None:
    pace = Pace(checkpoint_seconds=4.0)
    assert pace.limit == 1
    pace.note(2, 1.0)
    assert pace.limit == 8
    pace.note(1, 60.0)
    assert pace.limit == 1
    pace.note(1, 0.0)
    assert pace.limit == MOST
    patient = Pace(checkpoint_seconds=3600.0)
    patient.note(1, 1.0)
    assert patient.limit == 10
