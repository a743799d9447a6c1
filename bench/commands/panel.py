"""``bench panel``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click
import msgspec

from bench.commands.campaign import FAILED
from bench.commands.output import print_facts, print_json
from bench.commands.say import warn
from bench.commands.supernet_job import command_line
from bench.commands.workers import chosen_workers, workers_options
from bench.models.campaign import make_place
from bench.models.origin import MODELS
from bench.panel.file import read_panel
from bench.panel.rows import read_rows
from bench.panel.training import plan_panel, train_panel
from bench.records.errors import Interrupted
from bench.running.interrupt import graceful_interrupt
from bench.running.progress import counting, trainings_progress
from trainers.opened_words import OpenedWords


@click.command()
@click.argument("file", metavar="FILE.toml", type=click.Path(path_type=Path))
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=MODELS,
    show_default=True,
    help="Folder that model folders go in.",
)
@workers_options("Trainings at a time.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def panel(
    file: Path,
    models: Path,
    workers: int | None,
    backend: str,
    scheduler: str,
    quiet: bool,
    as_json: bool,
) -> int:
    """Train a stated sample of architectures from scratch, to hold proxies against.

    What became of each stands in a table beside FILE, `panel.csv` for `panel.toml`, after each
    training; what stands there is not trained again, so the command can be stopped at any moment
    and goes on. See docs/panel.md.
    """
    stated = read_panel(file)
    chosen = chosen_workers(workers, backend, scheduler)
    opened = OpenedWords()
    with counting("rendering words", quiet) as rendering:
        plan = plan_panel(stated, models, opened, lambda _, done, total: rendering(done, total))
    make_place(models)
    try:
        with (
            graceful_interrupt() as stop,
            trainings_progress("trainings", len(plan.recipes), quiet) as report,
        ):
            troubles = train_panel(
                stated, plan, chosen, models, command_line(), opened, report, stop
            )
    except (KeyboardInterrupt, Interrupted) as stopped:
        raise Interrupted(f"in {stated.table}") from stopped
    rows = [row for row in read_rows(stated.table) if row.recipe in plan.recipes]
    words = Counter(row.words or "not recorded" for row in rows)
    if as_json:
        failed = [{"training": title, "reason": reason} for title, reason in troubles]
        print_json({"rows": [msgspec.to_builtins(row) for row in rows], "failed": failed})
    else:
        accuracies = sorted(row.test_accuracy for row in rows)
        print_facts(
            {
                "table": str(stated.table),
                "trainings": f"{len(rows):,} of {len(plan.recipes):,}",
                "architectures": f"{len({row.architecture for row in rows}):,}",
                "test word accuracy": f"{accuracies[0]:.3f} to {accuracies[-1]:.3f}"
                if accuracies
                else "none yet",
                "words": ", ".join(f"{key[:8]} {count}" for key, count in words.most_common()),
            }
        )
    for title, reason in troubles:
        warn(f"bench: {title}: {' '.join(reason.split())}")
    return FAILED if troubles else 0
