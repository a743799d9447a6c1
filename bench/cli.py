"""The command line: ``bench COMMAND``. Each command is a file in ``bench/commands``.

Commands are imported when they are called, so that ``bench --help`` and ``bench list`` do not wait
for torch. Whatever a user can mend ends here as one line on stderr and exit code 2: wrong input,
and what the operating system refuses, wherever that was.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NoReturn

import click

from bench import __version__
from bench.commands.shared.beside_others import spin_less_beside_others
from bench.commands.shared.exits import INTERRUPTED
from bench.commands.shared.refusals import refusal_in_words, refuse_what_is_no_text
from bench.commands.shared.say import OutputLost, say, warn, watched_output
from bench.records.errors import Interrupted
from spaces.errors import InputError
from spaces.names import unknown_name

#: Command -> (module:object, line shown in ``bench --help``).
COMMANDS: dict[str, tuple[str, str]] = {
    "baseline": ("bench.commands.baseline:baseline", "The recognisers of the papers' tables."),
    "compare": ("bench.commands.compare:compare", "From runs to tables, figures and a verdict."),
    "data": ("bench.commands.data:data", "Import, render and inspect word images."),
    "doctor": ("bench.commands.doctor:doctor", "Check that a searcher keeps the contract."),
    "eval": ("bench.commands.evaluate:evaluate", "Read test sets, beside the papers' tables."),
    "export": ("bench.commands.export:export", "Write a model as one file, checked."),
    "latency": ("bench.commands.latency:latency", "Measure how long candidates take."),
    "list": ("bench.commands.listing:listing", "Searchers, spaces and presets."),
    "panel": ("bench.commands.panel:panel", "Train a sample of architectures from scratch."),
    "plan": ("bench.commands.plan:plan", "How many paired blocks a study needs."),
    "read": ("bench.commands.read:read", "Read the words in images."),
    "reproduce": (
        "bench.commands.reproduce:reproduce",
        "Tables and figures of the papers, one command each.",
    ),
    "retrain": ("bench.commands.retrain:retrain", "Train an architecture from scratch."),
    "run": ("bench.commands.run:run", "Run one searcher on one seed."),
    "space": ("bench.commands.space:space", "Describe, sample and count architectures."),
    "study": ("bench.commands.study:study", "Do many runs under one protocol."),
    "supernet": ("bench.commands.supernet:supernet", "Train the shared supernet, score with it."),
}


class Commands(click.Group):
    """A group whose commands are imported on demand."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            raise click.UsageError(unknown_name("command", name, COMMANDS))
        module, _, attribute = COMMANDS[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in sorted(COMMANDS)])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="bench")
def bench() -> None:
    """STR-NAS Bench: architecture search for scene text recognition under one protocol."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and exit: 0 done, 2 bad input, 130 interrupted."""
    spin_less_beside_others()
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        with watched_output():
            return _run(sys.argv[1:] if arguments is None else list(arguments))
    except OutputLost as lost:
        told = f"standard output cannot be written ({lost}): what was to be printed is lost"
        return 0 if lost.unread else _told(told, 2)


def _run(arguments: list[str]) -> int:
    try:
        refuse_what_is_no_text(arguments)
        return _invoke(arguments)
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _told("interrupted", INTERRUPTED)
    except Interrupted as stopped:
        return _told(f"interrupted: run the same command again to resume {stopped}", INTERRUPTED)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message())
        return 2
    except click.ClickException as error:
        return _told(error.format_message(), 2)
    except InputError as error:
        return _told(str(error), 2)
    except OSError as error:
        return _told(refusal_in_words(error), 2)


def _invoke(arguments: list[str]) -> int:
    """The exit code of a command. ``bench.main`` would leave the program where a pipe breaks."""
    try:
        with bench.make_context("bench", arguments) as context:
            result = bench.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code
    return result if isinstance(result, int) else 0


def _told(message: str, code: int) -> int:
    warn(f"bench: {message}")
    return code
