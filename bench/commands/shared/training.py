"""What the commands share that train one recogniser from scratch."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from bench.commands.shared.output import print_facts, print_json, warn_of_data
from bench.commands.shared.processes import follow_leader, on_own_device, one_renders, processes
from bench.commands.shared.say import say
from bench.models.origin import MODELS, Origin, default_name
from bench.records.card import Card, ScoresOn
from trainers.launch import find_launch

if TYPE_CHECKING:
    from bench.models.retraining import RetrainingJob
    from trainers.distributed import ProcessGroup


def train_model(
    find: Callable[[], Origin], seed: int, out: Path | None, quiet: bool, as_json: bool
) -> int:
    """Train what ``find`` finds, or resume, with all processes of torchrun.

    Returns the exit code.
    """
    from bench.commands.shared.command_line import command_line
    from bench.running.interrupt import graceful_interrupt
    from bench.running.progress import training_progress

    launch = find_launch()
    if launch.rank > 0:
        return follow_leader(
            launch, lambda group: shared_job(find(), seed, True, group).follow(group)
        )
    origin = find()
    launch.check_batch(origin.preset.retraining.batch_images, "retraining.batch_images")
    with processes(launch) as group:
        job = shared_job(origin, seed, quiet, group)
        folder = out or default_folder(origin, seed, job.identity_hash)
        title = f"{origin.description.name}, seed {seed}"
        with (
            graceful_interrupt() as stop,
            training_progress(title, job.images, quiet) as report,
        ):
            card = job.train(
                folder, command_line(), lambda at: report(at.images, at.loss, at.score), stop
            )
    if as_json:
        print_json({"model": str(folder), **asdict(card)})
    else:
        print_card(folder, card)
    return 0


def shared_job(origin: Origin, seed: int, quiet: bool, group: ProcessGroup | None) -> RetrainingJob:
    """What is to be trained by all processes of ``group``, each on its own device."""
    from bench.models.retraining import RetrainingJob
    from bench.running.progress import counting

    own = replace(origin, preset=on_own_device(origin.preset, group))

    def build() -> RetrainingJob:
        with counting("rendering words", quiet) as rendering:
            return RetrainingJob(own, seed, lambda _, done, total: rendering(done, total))

    job = one_renders(group, build)
    if group is None or group.rank == 0:
        warn_of_data({name: split.describe() for name, split in job.splits.items()})
    if group is not None:
        job.share(group)
    return job


def default_folder(origin: Origin, seed: int, identity: str) -> Path:
    """The same command finds the same folder again, and so resumes."""
    return MODELS / default_name(origin, seed, identity)


def print_card(folder: Path, card: Card) -> None:
    """What was trained and how well it reads, for people."""
    description, cost = card.description, card.cost
    say(f"\nTrained from scratch, seed {card.seed}")
    print_facts(
        {
            "model": description.get("text") or description.get("name"),
            "parameters": card.params,
            "of its backbone": card.backbone.params,
            "MACs of its backbone": card.backbone.macs,
            **_scores(card.scores.test, "test"),
            **_left_out(card.data.test.labels),
            **_scores(card.scores.search_val, "search_val"),
            "images trained on": cost.images_forward_backward,
            "failed steps": cost.failed_steps,
            "seconds": round(cost.seconds, 1),
            "folder": str(folder),
        }
    )
    for warning in card.warnings:
        say(f"Warning: {warning}")
    say(f"\nTry it: {shlex.join(['bench', 'read', str(folder)])} IMAGE...")


def _left_out(labels: dict[str, int]) -> dict[str, object]:
    """Words of test that the model could not have been asked for."""
    known = {"too_long": "too long", "empty": "without a character of its charset"}
    counts = [f"{labels[key]:,} {text}" for key, text in known.items() if labels.get(key)]
    return {"left out of test": ", ".join(counts)} if counts else {}


def _scores(found: ScoresOn | None, split: str) -> dict[str, object]:
    if found is None:
        return {f"word accuracy, {split}": None}
    accuracy = found.word_accuracy_case_insensitive
    return {
        f"word accuracy, {split}": f"{accuracy:.4f} of {found.words:,} words, case ignored",
        f"1-NED, {split}": found.one_ned_case_insensitive,
    }
