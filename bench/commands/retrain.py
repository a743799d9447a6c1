"""``bench retrain``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from bench.commands.options import (
    data_options,
    data_overrides,
    device_option,
    device_override,
    preset_options,
    space_options,
    space_overrides,
)
from bench.commands.run import default_preset
from bench.commands.training import train_model
from bench.errors import RecordError
from bench.models.origin import Origin, from_architecture, from_run


@click.command()
@click.argument("what", metavar="ARCH|RUN")
@click.option(
    "--preset",
    default=None,
    help="Preset or TOML file; a run's own, else cpu, or gpu where there is one.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Model folder; results/models/... by default."
)
@space_options
@device_option
@data_options
@preset_options
def retrain(
    what: str,
    preset: str | None,
    out: Path | None,
    space: str | None,
    part: str | None,
    device: str | None,
    seed: int,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    **words: Any,
) -> int:
    """Train an architecture from scratch, or what a run recommends, or resume.

    ARCH is the text or index of an architecture, RUN the folder of a run. How long and with what
    learning rates is said by the preset's section [retraining]. Under torchrun all its processes
    take part: `torchrun --nproc-per-node 2 -m bench retrain ...`.
    """
    changes = [
        *space_overrides(space, part),
        *data_overrides(words),
        *device_override(device),
        *overrides,
    ]

    def find() -> Origin:
        folder = Path(what)
        if folder.is_dir():
            return from_run(folder, preset, changes)
        if folder.is_file():
            raise RecordError(f"{what} is a file: give an architecture, or the folder of a run")
        return from_architecture(what, preset or default_preset(device), changes)

    return train_model(find, seed, out, quiet, as_json)
