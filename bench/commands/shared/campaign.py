"""Trains many models at a time for ``bench retrain``, and says what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.commands.shared.command_line import command_line
from bench.commands.shared.exits import FAILED
from bench.commands.shared.output import print_json, print_lines
from bench.commands.shared.say import say, warn
from bench.models.campaign import (
    TrainingPlan,
    TrainingSpec,
    make_place,
    plan_trainings,
    sort_trainings,
    train_all,
)
from bench.models.origin import MODELS, Origin
from bench.records.card import Card
from bench.records.errors import Interrupted, RecordError
from bench.records.manifest import FILE_NAME as RUN
from bench.records.model_folder import CARD, TRAINING
from bench.running.interrupt import graceful_interrupt
from bench.running.progress import counting, trainings_progress
from bench.workers.rounds import Workers
from trainers.opened_words import OpenedWords

COLUMNS = ("architecture", "seed", "accuracy", "1-NED", "images", "seconds", "folder")
#: Of a card, what an entry of the JSON document holds beside the model's folder and text.
SHORT = ("params", "seed", "scores", "cost")


def refuse_place(out: Path | None) -> None:
    """``RecordError`` where ``out`` cannot be a folder of model folders."""
    if out is None or not out.exists():
        return
    if not out.is_dir():
        raise RecordError(f"--out {out} is a file: give the folder that model folders go in")
    for name, what in ((TRAINING, "a model"), (CARD, "a model"), (RUN, "a run")):
        if (out / name).exists():
            raise RecordError(
                f"--out {out} is the folder of {what} ({name}): with several trainings, give the "
                "folder that their model folders go in"
            )


def train_many(
    origins: Sequence[Origin],
    seeds: Sequence[int],
    workers: Workers,
    out: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Train each of ``origins`` with each of ``seeds``; returns the exit code."""
    place = out or MODELS
    opened = OpenedWords()
    with counting("rendering words", quiet) as rendering:
        plan = plan_trainings(
            origins, seeds, place, opened, lambda _, done, total: rendering(done, total)
        )
    _tell_twice(plan)
    make_place(place)
    try:
        with (
            graceful_interrupt() as stop,
            trainings_progress("trainings", len(plan.specs), quiet) as report,
        ):
            troubles = train_all(plan, workers, place, command_line(), opened, report, stop)
    except (KeyboardInterrupt, Interrupted) as stopped:
        raise Interrupted(f"in {place}") from stopped
    trained, failed = sort_trainings(plan, troubles)
    if as_json:
        print_json(_document(trained, failed))
    elif trained:
        _print_table(trained, place)
    for spec, reason in failed:
        warn(f"bench: {spec.title}: {' '.join(reason.split())}")
    return FAILED if failed else 0


def _tell_twice(plan: TrainingPlan) -> None:
    if not plan.twice:
        return
    others = f" and {len(plan.twice) - 1:,} more" if len(plan.twice) > 1 else ""
    warn(f"bench: given twice, trained once: {plan.twice[0].title}{others}")


def _document(
    trained: Sequence[tuple[TrainingSpec, Card]],
    failed: Sequence[tuple[TrainingSpec, str]],
) -> dict[str, Any]:
    return {
        "models": [
            {**_named(spec), **{key: getattr(card, key) for key in SHORT}} for spec, card in trained
        ],
        "failed": [
            {**_named(spec), "seed": spec.seed, "reason": reason} for spec, reason in failed
        ],
    }


def _named(spec: TrainingSpec) -> dict[str, Any]:
    return {"model": str(spec.folder), "text": spec.origin.description.name}


def _print_table(trained: Sequence[tuple[TrainingSpec, Card]], place: Path) -> None:
    """A line for each model, in the order in which they were given."""
    rows: list[Sequence[str]] = []
    counted: set[int] = set()
    for spec, card in trained:
        test, cost = card.scores.test, card.cost
        if test is None:  # Told among those that failed.
            continue
        counted.add(test.words)
        rows.append(
            (
                spec.origin.description.name,
                str(spec.seed),
                f"{test.word_accuracy_case_insensitive:.4f}",
                f"{test.one_ned_case_insensitive:.4f}",
                f"{cost.images_forward_backward:,}",
                f"{cost.seconds:.1f}",
                spec.folder.name,
            )
        )
    counts = " or ".join(f"{count:,}" for count in sorted(counted))
    say(f"\nTrained from scratch, in {place}; scores on {counts} words of test, case ignored\n")
    print_lines(COLUMNS, rows)
