"""``bench panel``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from bench.commands.shared.command_line import command_line
from bench.commands.shared.exits import FAILED
from bench.commands.shared.output import print_facts, print_json
from bench.commands.shared.say import say, warn
from bench.commands.shared.workers import chosen_workers, workers_options
from bench.models.origin import MODELS
from bench.panel.file import Panel, read_panel
from bench.panel.rows import Row, read_rows
from bench.records.errors import Interrupted

if TYPE_CHECKING:
    from bench.panel.agreement import RecipeAgreement
    from bench.panel.pairs import Gain
    from bench.statistics.answers import NotComputable
    from bench.workers.rounds import Workers


@click.command()
@click.argument("file", metavar="FILE.toml", type=click.Path(path_type=Path))
@click.option(
    "--models",
    type=click.Path(path_type=Path),
    default=MODELS,
    show_default=True,
    help="Folder that model folders go in.",
)
@click.option("--dry-run", is_flag=True, help="Train nothing: say what stands in the table.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="FILE.toml",
    help="Another panel: how does it rank the same architectures?",
)
@workers_options("Trainings at a time.")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def panel(
    file: Path,
    models: Path,
    dry_run: bool,
    against: Path | None,
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
    other = None if against is None else read_panel(against)
    # Only now what takes seconds to load: a bad file is refused at once.
    from bench.comparison.serialised import serialised
    from bench.panel.agreement import recipe_agreement
    from bench.panel.pairs import gain_of_pairs
    from bench.panel.training import recipes_of, stated_recipes

    chosen = chosen_workers(workers, backend, scheduler)
    gained = {part.name: recipes_of(stated, part) for part in stated.parts if part.pairs}
    # Before anything is trained, for what they refuse.
    known = stated_recipes(other) if other else frozenset()
    others = [row for row in read_rows(other.table) if row.recipe in known] if other else []
    recipes, troubles = stated_recipes(stated), []
    if not dry_run:
        troubles = _train(stated, models, chosen, quiet)
    rows = [row for row in read_rows(stated.table) if row.recipe in recipes]
    gains = {name: gain_of_pairs(found, rows) for name, found in gained.items()}
    agreement = recipe_agreement(str(other.path), rows, others) if other else None
    if as_json:
        document = {
            "rows": [msgspec.to_builtins(row) for row in rows],
            "pairs": serialised(gains),
            "against": serialised(agreement),
            "failed": [{"training": title, "reason": reason} for title, reason in troubles],
        }
        print_json(document)
    else:
        _print(stated, rows, len(recipes), gains)
        if agreement is not None:
            _print_agreement(agreement, others)
    for title, reason in troubles:
        warn(f"bench: {title}: {' '.join(reason.split())}")
    return FAILED if troubles else 0


def _train(stated: Panel, models: Path, chosen: Workers, quiet: bool) -> list[tuple[str, str]]:
    """Train what the table lacks; returns troubles by title."""
    from bench.models.campaign import make_place
    from bench.panel.training import plan_panel, train_panel
    from bench.running.interrupt import graceful_interrupt
    from bench.running.progress import counting, trainings_progress
    from trainers.opened_words import OpenedWords

    opened = OpenedWords()
    with counting("rendering words", quiet) as rendering:
        plan = plan_panel(stated, models, opened, lambda _, done, total: rendering(done, total))
    make_place(models)
    try:
        with (
            graceful_interrupt() as stop,
            trainings_progress("trainings", len(plan.recipes), quiet) as report,
        ):
            return train_panel(stated, plan, chosen, models, command_line(), opened, report, stop)
    except (KeyboardInterrupt, Interrupted) as stopped:
        raise Interrupted(f"in {stated.table}") from stopped


def _print(stated: Panel, rows: Sequence[Row], wanted: int, gains: Mapping[str, Gain]) -> None:
    accuracies = sorted(row.test_accuracy for row in rows)
    print_facts(
        {
            "table": str(stated.table),
            "trainings": f"{len(rows):,} of {wanted:,}",
            "architectures": f"{len({row.architecture for row in rows}):,}",
            "test word accuracy": f"{accuracies[0]:.3f} to {accuracies[-1]:.3f}"
            if accuracies
            else "none yet",
            "words": _words(rows),
            **{f"{name}, second minus first": _told(gain) for name, gain in gains.items()},
        }
    )


def _words(rows: Iterable[Row]) -> str:
    """Words that another version renders are other words: how many trainings had which."""
    words = Counter(row.words[:8] if row.words else "not recorded" for row in rows)
    return ", ".join(f"{key} {count}" for key, count in words.most_common()) or "none yet"


def _print_agreement(found: RecipeAgreement | NotComputable, others: Sequence[Row]) -> None:
    """How the other panel ranks the same architectures, beside what its seeds do."""
    from bench.health.words import interval
    from bench.statistics.answers import NotComputable

    if isinstance(found, NotComputable):
        say(f"\nNothing to compare: {found.reason}")
        return
    own, there = (", ".join(map(str, seeds)) for seeds in found.seeds)
    left_out = f" ({found.left_out:,} without all seeds left out)" if found.left_out else ""
    say(f"\nTest word accuracy against {found.other}, Kendall's tau of single trainings")
    print_facts(
        {
            "architectures in both": f"{len(found.architectures):,}{left_out}",
            "seeds": f"{own}; there {there}",
            "words there": _words(row for row in others if row.architecture in found.architectures),
            "mean word accuracy": f"{found.means[0]:.3f}; there {found.means[1]:.3f}",
            "between the two": interval(found.between),
            "between seeds, here": interval(found.within[0]),
            "between seeds, there": interval(found.within[1]),
            "beyond seeds": interval(found.beyond_seeds),
        }
    )


def _told(gain: Gain) -> str:
    """The mean gain with its interval, and in how many of the pairs the second is better."""
    from bench.health.words import interval
    from bench.statistics.answers import NotComputable

    p = "" if isinstance(gain.test, NotComputable) else f", p {gain.test.p_value:.2g}"
    better = sum(pair.gain > 0 for pair in gain.pairs)
    return (
        f"{interval(gain.mean, 3)}{p}; {len(gain.pairs)} of {gain.stated} pairs, the "
        f"second better in {better}"
    )
