"""Options of commands that do many things at once: how many workers, and which seeds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from bench.records.errors import PresetError, RecordError
from bench.workers.rounds import Workers

Command = TypeVar("Command", bound=Callable[..., Any])

MAX_SEED = 2**31 - 1
MAX_SEEDS = 10_000


def workers_options(help_text: str) -> Callable[[Command], Command]:
    """``--workers``, ``--backend`` and ``--scheduler``; see ``chosen_workers``."""

    def add(command: Command) -> Command:
        for option in reversed(
            (
                click.option(
                    "--workers", type=click.IntRange(1, 4096), help=f"{help_text}  [default: 1]"
                ),
                click.option(
                    "--backend",
                    type=click.Choice(["loky", "dask"]),
                    default="loky",
                    show_default=True,
                    help="Processes of this machine, or a dask cluster.",
                ),
                click.option("--scheduler", default="", help="Address of the dask scheduler."),
            )
        ):
            command = option(command)
        return command

    return add


def chosen_workers(workers: int | None, backend: str, scheduler: str) -> Workers:
    """What the options say; ``RecordError`` where they do not go together."""
    if backend == "dask" and not scheduler:
        raise RecordError("--backend dask needs the address of its --scheduler: tcp://HOST:8786")
    if backend == "dask" and not is_address(scheduler):
        raise RecordError(f"--scheduler {scheduler}: expected an address such as tcp://HOST:8786")
    if scheduler and backend != "dask":
        raise RecordError(f"--scheduler {scheduler} is for --backend dask: add it, or leave it out")
    return Workers(workers or 1, backend, scheduler)


def is_address(text: str) -> bool:
    """Whether it names a host and a port, with tcp:// or tls:// in front or without."""
    parts = urlsplit(text if "://" in text else f"tcp://{text}")
    try:
        return parts.scheme in ("tcp", "tls") and bool(parts.hostname and parts.port)
    except ValueError:
        return False


seeds_option = click.option(
    "--seeds",
    metavar="N|LIST",
    help="Several seeds, in place of --seed: 3 for 0, 1 and 2; or a list, 0,1,5.",
)


def chosen_seeds(seed: int, seeds: str | None) -> tuple[int, ...]:
    """The seeds of ``--seeds``, else that of ``--seed``; ``PresetError`` for both or nonsense."""
    if seeds is None:
        return (seed,)
    source = click.get_current_context().get_parameter_source("seed")
    if source is not ParameterSource.DEFAULT:
        raise PresetError(f"--seed {seed} and --seeds {seeds}: give one of them")
    return parse_seeds(seeds)


def parse_seeds(text: str) -> tuple[int, ...]:
    """As in study files: how many, from 0, or a list of them. A list of one ends in a comma."""
    parts = [part.strip() for part in text.split(",")]
    listed = len(parts) > 1
    if listed and not parts[-1]:
        parts.pop()
    if not parts or not all(re.fullmatch(r"[0-9]{1,10}", part) for part in parts):
        raise PresetError(f"--seeds {text}: expected how many, such as 3, or a list, such as 0,1,5")
    numbers = tuple(int(part) for part in parts)
    if not listed:
        numbers = tuple(range(min(numbers[0], MAX_SEEDS + 1)))
    if not 1 <= len(numbers) <= MAX_SEEDS:
        raise PresetError(f"--seeds {text}: expected 1 to {MAX_SEEDS:,} seeds")
    if max(numbers) > MAX_SEED:
        raise PresetError(f"--seeds {text}: {max(numbers)} is larger than {MAX_SEED}")
    if len(set(numbers)) < len(numbers):
        raise PresetError(f"--seeds {text} names one twice: each is trained once")
    return numbers
