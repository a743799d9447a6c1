"""``bench reproduce``: tables and figures of the two papers, one command each."""

from __future__ import annotations

import contextlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.shared.exits import FAILED
from bench.commands.shared.output import print_json, print_table
from bench.commands.shared.processes import refuse_several
from bench.commands.shared.say import say, warn
from spaces.errors import InputError
from spaces.names import unknown_name

if TYPE_CHECKING:
    from bench.reproduce.entry import Reproduction

PLACE = Path("results") / "papers"


@click.command()
@click.argument("name", required=False)
@click.option(
    "--scale",
    type=click.Choice(["tiny", "cpu", "paper"]),
    default="tiny",
    show_default=True,
    help="tiny: seconds, says nothing; cpu: hours of two cores; paper: the paper's settings.",
)
@click.option("--list", "listed", is_flag=True, help="What there is, what it takes, what is done.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Folder of LMDBs: scale paper needs it, autostr-figure5 takes it.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="results/papers/NAME-SCALE by default."
)
@click.option("--workers", type=click.IntRange(1, 1000), help="Runs or trainings at a time.")
@click.option("--dry-run", is_flag=True, help="Show the commands and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def reproduce(
    name: str | None,
    scale: Any,
    listed: bool,
    data: Path | None,
    out: Path | None,
    workers: int | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Do NAME, a table or figure of a paper, and lay what comes out beside what was printed.

    It calls other commands of bench, which --dry-run shows. Interrupted in any way, the same
    command goes on. The page says whether the paper's claim held at this scale.
    """
    refuse_several("reproduce")
    from bench.reproduce.registry import ENTRIES

    if listed or name is None:
        _list(as_json)
        return 0
    if name not in ENTRIES:
        raise InputError(unknown_name("table or figure", name, ENTRIES))
    from bench.reproduce.running import PAGE, check_data, commands_of, told
    from bench.reproduce.running import reproduce as do

    entry = ENTRIES[name]
    recipe = entry.recipe(scale, data)
    folder = out or PLACE / f"{name}-{scale}"
    if dry_run:
        commands = commands_of(recipe, folder, data, workers)
        if as_json:
            print_json({"name": name, "scale": scale, "commands": commands})
        else:
            for words in commands:
                say(told(words))
        return 0
    check_data(recipe, data)
    # Results are shown to others: where data lie on this machine is nobody's business.
    options = ["reproduce", name, "--scale", scale, *(["--data", "DATA"] if data else [])]
    outcome = do(entry, scale, folder, data, workers, _call, shlex.join(["bench", *options]))
    if outcome is None:
        warn("bench: a command above did not end well: the same command goes on")
        return FAILED
    if as_json:
        from bench.reproduce.page import document

        print_json(document(entry, scale, outcome, shlex.join(["bench", *options])))
    else:
        _print(outcome, folder / PAGE)
    return 0


def _call(words: Sequence[str]) -> int:
    """One command of bench; what it prints goes to standard error."""
    from bench.reproduce.running import told

    warn(told(words))
    root = click.get_current_context().find_root().command
    with (
        contextlib.redirect_stdout(sys.stderr),
        root.make_context("bench", list(words)) as context,
    ):
        result = root.invoke(context)
    return result if isinstance(result, int) else 0


def _print(outcome: Reproduction, page: Path) -> None:
    from bench.reproduce.entry import sentence

    if outcome.rows:
        print_table(outcome.columns, outcome.rows)
    for note in outcome.notes:
        say(note)
    say(sentence(outcome))
    say(f"page: {page}")


def _list(as_json: bool) -> None:
    from bench.reproduce.cost import cost_of
    from bench.reproduce.registry import ENTRIES
    from bench.reproduce.running import RESULT

    if as_json:
        print_json(
            {
                "entries": [
                    {
                        "name": entry.name,
                        "source": entry.source,
                        "place": entry.place,
                        "claim": entry.claim,
                        "scales": {
                            scale: {
                                "takes": cost_of(recipe).text,
                                "needs": dict(recipe.needs),
                                "takes_data": dict(recipe.with_data.needs)
                                if recipe.with_data
                                else {},
                                "done": (PLACE / f"{entry.name}-{scale}" / RESULT).is_file(),
                            }
                            for scale, recipe in entry.recipes.items()
                        },
                    }
                    for entry in ENTRIES.values()
                ]
            }
        )
        return
    rows = []
    for entry in ENTRIES.values():
        done = [
            scale for scale in entry.recipes if (PLACE / f"{entry.name}-{scale}" / RESULT).is_file()
        ]
        takes = cost_of(entry.recipes["cpu"]).text
        rows.append((entry.name, entry.place, takes, ", ".join(done) or "-"))
    print_table(("name", "what", "takes at scale cpu", "done"), rows)
    say("Scale tiny takes seconds, scale paper a GPU and the papers' data: --list --json.")
