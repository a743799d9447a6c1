"""``bench retrain``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bench.commands.shared.default_preset import default_preset
from bench.commands.shared.options import (
    data_options,
    data_overrides,
    device_option,
    device_override,
    preset_options,
    space_options,
    space_overrides,
    with_options,
)
from bench.commands.shared.processes import refuse_several
from bench.commands.shared.training import train_model
from bench.commands.shared.workers import (
    chosen_seeds,
    chosen_workers,
    seeds_option,
    workers_options,
)
from bench.models.listing import Listed, read_list
from bench.models.origin import Architectures, Origin, from_run
from bench.records.errors import RecordError
from spaces.errors import InputError


@click.command()
@click.argument("what", metavar="ARCH|RUN...", nargs=-1)
@click.option(
    "--from", "source", metavar="FILE", help="ARCHs and RUNs, one a line; - for standard input."
)
@click.option(
    "--preset",
    default=None,
    help="Preset or TOML file; a run's own, else cpu, or gpu where there is one.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Model folder, or the folder of several; in results/models by default.",
)
@workers_options("Trainings at a time.")
@space_options
@device_option
@data_options
@seeds_option
@preset_options
def retrain(
    what: tuple[str, ...],
    source: str | None,
    preset: str | None,
    out: Path | None,
    workers: int | None,
    backend: str,
    scheduler: str,
    space: str | None,
    part: str | None,
    device: str | None,
    seed: int,
    seeds: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    **words: Any,
) -> int:
    """Train architectures from scratch, or what runs recommend, or resume.

    ARCH is the text or index of an architecture, RUN the folder of a run. How long and with what
    learning rates is said by the preset's section [retraining].

    Several, by more than one ARCH or RUN, --from, --seeds or --workers, are trained in --workers
    processes that share the cores; what is trained already is skipped. See docs/campaigns.md.

    One may be trained by all processes of torchrun: `torchrun --nproc-per-node 2 -m bench retrain
    ARCH`.
    """
    short = [*space_overrides(space, part), *data_overrides(words), *device_override(device)]
    changes = with_options(short, overrides)
    find = Finder(preset, device, changes)
    chosen = chosen_workers(workers, backend, scheduler)
    several = source or seeds or workers or backend == "dask"
    if len(what) == 1 and not several:
        return train_model(lambda: find(what[0]), seed, out, quiet, as_json)
    refuse_several(
        "retrain", "give it one architecture and no --from, --seeds or --workers, or no torchrun"
    )
    each = chosen_seeds(seed, seeds)
    from bench.commands.shared.campaign import refuse_place, train_many

    refuse_place(out)
    return train_many(find.all(listed(what, source)), each, chosen, out, quiet, as_json)


def listed(what: Sequence[str], source: str | None) -> list[Listed]:
    """What is wanted: of the command line, then of the file."""
    found = [Listed(each) for each in what]
    if source is not None:
        found += read_list(source)
    if not found:
        raise click.UsageError("give an architecture, the folder of a run, or --from FILE")
    return found


class Finder:
    """From what people give to what is trained; the preset of architectures is read once."""

    def __init__(self, preset: str | None, device: str | None, changes: Sequence[str]) -> None:
        self.preset = preset
        self.device = device
        self.changes = changes
        self._architectures: Architectures | None = None

    def __call__(self, what: str) -> Origin:
        """The architecture, or what the run recommends; an ``InputError`` where there is none."""
        folder = Path(what)
        try:
            is_folder, is_file = folder.is_dir(), folder.is_file()
        except OSError:  # Too long for a name.
            is_folder = is_file = False
        if is_folder:
            return from_run(folder, self.preset, self.changes)
        if is_file:
            raise RecordError(f"{what} is a file: give an architecture, or the folder of a run")
        if self._architectures is None:
            preset = self.preset or default_preset(self.device, self.changes)
            self._architectures = Architectures(preset, self.changes)
        return self._architectures.find(what)

    def all(self, wanted: Sequence[Listed]) -> list[Origin]:
        """Each of them; of what is bad, the message says where it was given."""
        found = []
        for each in wanted:
            try:
                found.append(self(each.what))
            except InputError as error:
                if not each.place:
                    raise
                raise RecordError(f"{each.place}: {error}") from error
        return found
