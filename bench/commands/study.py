"""``bench study``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.commands.shared.exits import FAILED
from bench.commands.shared.output import print_json, print_table
from bench.commands.shared.processes import refuse_several
from bench.commands.shared.say import say, warn
from bench.commands.shared.workers import chosen_workers, workers_options
from bench.records.errors import Interrupted, RecordError
from spaces.atomic import write_atomically
from spaces.errors import InputError

if TYPE_CHECKING:
    from bench.study.execute import RunEnd
    from bench.study.plan import Plan
    from bench.workers.rounds import Workers


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Study folder; results/NAME by default."
)
@workers_options("Runs at a time.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--quiet", is_flag=True, help="No plan, no progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def study(
    file: Path,
    out: Path | None,
    workers: int | None,
    backend: str,
    scheduler: str,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Do all runs of a study that are not done yet; then `bench compare` makes the report.

    FILE is TOML: name, preset, searchers, seeds, and what decides the verdict; see docs/studies.md.
    With endpoint = "final", what the runs recommend is then trained from scratch. Interrupted in
    any way, the same command goes on.
    """
    refuse_several("study")
    from bench.records.study_file import read_study
    from bench.study.plan import DONE, make_plan

    given = chosen_workers(workers, backend, scheduler)
    described = read_study(file)
    plan = make_plan(described, out or Path("results") / described.name)
    if not (quiet or as_json):
        show_plan(plan)
    if dry_run:
        if as_json:
            print_json(summary(plan, []))
        return 0
    from bench.running.progress import counting
    from bench.study.execute import prepare_data

    _settle(plan.folder, file, described.name)
    with counting("rendering words", quiet) as rendering:
        prepare_data(plan, rendering)
    troubled = _runs(plan, given, quiet)
    troubles = [(end.item.title, end.trouble or "") for end in troubled]
    if described.endpoint == "final":
        troubles += _finals(plan, given, quiet)
    _pack(plan)
    if as_json:
        print_json(summary(plan, troubles))
    elif not quiet:
        done = f"{plan.count(DONE)} of {len(plan.runs)} runs done"
        say(f"\n{done}: {shlex.join(['bench', 'compare', str(plan.folder)])}")
    for title, trouble in troubles:
        warn(f"bench: {title}: {trouble}")
    return FAILED if troubles else 0


def _settle(folder: Path, file: Path, name: str) -> None:
    """Make the folder say what it is; ``RecordError`` if files of others would be lost by it.

    `bench compare` takes the question from there. A folder with runs, or with a study of this name,
    is this one's: its file may have been mended since.
    """
    from bench.comparison.archive import NAME, STUDY
    from bench.records.study_roll import RUNS

    copy, archive = folder / STUDY, folder / NAME
    if not (folder / RUNS).exists():
        other = copy if copy.exists() else archive
        if other.exists() and not _is_study(copy, name):
            raise RecordError(f"{other} is there and not of this study: give another --out")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(copy, file.read_bytes())


def _is_study(file: Path, name: str) -> bool:
    """Whether a file describes a study of that name."""
    from bench.records.study_file import read_study

    try:
        return read_study(file).name == name
    except (InputError, OSError):
        return False


def _runs(plan: Plan, workers: Workers, quiet: bool) -> list[RunEnd]:
    """Do all runs that are not done; returns those that could not be completed."""
    from bench.running.interrupt import graceful_interrupt
    from bench.running.progress import counting
    from bench.study.execute import execute_plan

    try:
        with (
            graceful_interrupt() as stop,
            counting(f"runs of {plan.study.name}", quiet) as report,
        ):
            return execute_plan(plan, workers, report, stop)
    except (KeyboardInterrupt, Interrupted) as stopped:
        raise Interrupted(str(plan.folder)) from stopped


def _pack(plan: Plan) -> None:
    """All that a report of the study is made of, beside it; nothing where there is no run."""
    from bench.comparison.archive import FINALS, pack
    from bench.records.model_folder import CARD
    from bench.study.plan import DONE

    done = [run.folder for run in plan.runs if run.state == DONE]
    if done:
        cards = (plan.folder / FINALS).glob(f"*/{CARD}")
        pack(done, plan.folder, plan.folder, [card.parent for card in cards])


def _finals(plan: Plan, workers: Workers, quiet: bool) -> list[tuple[str, str]]:
    """Train what the runs recommend; returns troubles by title."""
    from bench.commands.shared.command_line import command_line
    from bench.running.interrupt import graceful_interrupt
    from bench.running.progress import counting, trainings_progress
    from bench.study.finals import plan_finals, train_finals
    from trainers.opened_words import OpenedWords

    opened = OpenedWords()
    with counting("rendering words", quiet) as rendering:
        trainings = plan_finals(plan, opened, rendering)
    count = len(trainings.specs)
    try:
        with (
            graceful_interrupt() as stop,
            trainings_progress(f"finals of {plan.study.name}", count, quiet) as report,
        ):
            return train_finals(plan, trainings, workers, command_line(), opened, report, stop)
    except (KeyboardInterrupt, Interrupted) as stopped:
        raise Interrupted(str(plan.folder)) from stopped


def show_plan(plan: Plan) -> None:
    """Searchers by state of their runs, what they may cost, and how long they may take."""
    from bench.study.plan import BEGUN, DONE, MISSING

    states = (DONE, BEGUN, MISSING)
    rows = []
    for arm in plan.study.all_arms:
        own = [run.state for run in plan.runs if run.arm == arm.name]
        rows.append((arm.name, len(own), *(own.count(state) for state in states)))
    print_table(["searcher", "runs", *states], rows)
    left = len(plan.runs) - plan.count(DONE)
    budget, epochs = plan.preset.run.budget_images, plan.preset.run.budget_epochs
    say(
        f"to do: {left} runs, up to {epochs:g} epochs of search_train each"
        if epochs
        else f"to do: {left} runs, up to {budget:,} images each, {left * budget:,} in all"
    )
    if plan.trains_supernets:
        count, images = len(plan.study.supernet_seeds), plan.preset.supernet_recipe.images
        say(f"first: {count} supernets of {images:,} images each, unless trained before")
    if plan.study.endpoint == "final":
        say(
            f"then: each different recommendation from scratch, {plan.study.final_seeds} seeds of "
            f"{plan.preset.retraining.epochs:g} epochs, unless trained before"
        )
    _show_outlook(plan)


def _show_outlook(plan: Plan) -> None:
    """Seconds of work that is left, of searchers that were measured."""
    outlooks = [plan.outlook(arm.name) for arm in plan.study.all_arms]
    known = [found for found in outlooks if found.left and found.measured]
    if not known:
        return
    seconds = sum(found.seconds_left or 0.0 for found in known)
    runs, measured = sum(found.left for found in known), sum(len(found.measured) for found in known)
    say(
        f"work left: about {seconds:,.3g} seconds for {_counted(runs, 'run')}, measured on "
        f"{_counted(measured, 'run')} of the same searchers"
    )
    unknown = [found.searcher for found in outlooks if found.left and not found.measured]
    if unknown:
        say(f"not in it, since none is done: {', '.join(unknown)}")


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def summary(plan: Plan, troubles: list[tuple[str, str]]) -> dict[str, object]:
    """The study's state as JSON data."""
    return {
        "study": plan.study.name,
        "folder": str(plan.folder),
        "runs": [
            {
                "searcher": run.arm,
                "seed": run.seed,
                "supernet_seed": run.supernet_seed,
                "state": run.state,
                "folder": str(run.folder),
            }
            for run in plan.runs
        ],
        "outlook": [
            {
                "searcher": found.searcher,
                "left": found.left,
                "seconds_left": found.seconds_left,
                "measured_on": len(found.measured),
            }
            for found in (plan.outlook(arm.name) for arm in plan.study.all_arms)
        ],
        "troubles": [{"run": title, "reason": reason} for title, reason in troubles],
    }
