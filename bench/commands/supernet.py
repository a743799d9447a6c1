"""``bench supernet train`` and ``bench supernet score``; ``check`` stands beside them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.shared.command_line import command_line
from bench.commands.shared.options import preset_options
from bench.commands.shared.output import print_facts, print_json
from bench.commands.shared.processes import (
    follow_leader,
    on_own_device,
    one_renders,
    processes,
    refuse_several,
)
from bench.commands.shared.say import say
from bench.commands.shared.supernet_job import build_job
from bench.commands.shared.workers import (
    chosen_seeds,
    chosen_workers,
    seeds_option,
    workers_options,
)
from bench.commands.supernet_check import check
from bench.presets import load_preset, quoted
from bench.records.errors import RecordError
from bench.records.settings import Preset
from trainers.launch import find_launch

if TYPE_CHECKING:
    from bench.supernets.training import SupernetJob
    from bench.workers.rounds import Workers
    from trainers.distributed import ProcessGroup


@click.group()
def supernet() -> None:
    """Train the shared supernet, score architectures with it, check it for bias."""


supernet.add_command(check)


@supernet.command()
@click.option("--preset", default="cpu", show_default=True, help="Preset or TOML file.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Supernet file to write (.safetensors); with --seeds, a folder for files.",
)
@click.option(
    "--images", type=click.IntRange(1), help="Images to train on; the recipe's by default."
)
@click.option("--start", default="", help="Supernet file to continue from.")
@click.option("--half", is_flag=True, help="Store weights in 16 bits.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Run folder; OUT without its suffix by default.",
)
@workers_options("With --seeds, supernets at a time.")
@seeds_option
@preset_options
def train(
    preset: str,
    out: Path,
    images: int | None,
    seed: int,
    start: str,
    half: bool,
    folder: Path | None,
    workers: int | None,
    backend: str,
    scheduler: str,
    seeds: str | None,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> int:
    """Train a supernet by the preset's recipe and store it. Resumes where it was interrupted.

    With --seeds, one for each seed, --workers at a time.

    Under torchrun all its processes take part: `torchrun --nproc-per-node 2 -m bench supernet train
    --out FILE`. The result is that of one process, up to rounding.
    """
    given = [*overrides, f"supernet.start={quoted(start)}"]
    if images is not None:
        given.append(f"supernet_recipe.images={images}")
    chosen = chosen_workers(workers, backend, scheduler)
    if seeds is not None:
        several = chosen_seeds(seed, seeds)
        return _several(preset, tuple(given), several, chosen, out, folder, half, quiet, as_json)
    if workers or backend == "dask":
        raise RecordError("--workers and --backend are for several supernets: add --seeds")
    launch = find_launch()
    if launch.rank > 0:
        return follow_leader(
            launch,
            lambda group: build_shared_job(
                preset, load_preset(preset, given), seed, True, group
            ).follow(group),
        )
    if out.suffix != ".safetensors":
        raise RecordError(f"--out {out}: expected a name that ends in .safetensors")
    if out.exists():
        raise RecordError(f"{out} exists: choose another --out or delete it")
    settings = load_preset(preset, given)
    launch.check_batch(settings.trainer.batch_images)
    with processes(launch) as group:
        job = build_shared_job(preset, settings, seed, quiet, group)
        written = train_with_bar(job, out, folder or out.with_suffix(""), half, quiet)
    if as_json:
        print_json(written)
    else:
        print_facts(written)
    return 0


def _several(
    preset: str,
    given: tuple[str, ...],
    seeds: tuple[int, ...],
    workers: Workers,
    out: Path,
    folder: Path | None,
    half: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """A supernet for each seed; returns the exit code."""
    refuse_several("supernet train", "leave out --seeds, or torchrun")
    if folder is not None:
        raise RecordError(
            f"--folder {folder} with --seeds: each supernet has its own, leave it out"
        )
    if out.suffix == ".safetensors" or out.is_file():
        raise RecordError(f"--out {out} with --seeds: expected a folder for their files")
    from bench.commands.shared.supernets import train_supernets
    from bench.supernets.many import SupernetSpec

    specs = [SupernetSpec(preset, given, seed, out.resolve(), half) for seed in seeds]
    return train_supernets(specs, workers, out, quiet, as_json)


def build_shared_job(
    name: str, preset: Preset, seed: int, quiet: bool, group: ProcessGroup | None
) -> SupernetJob:
    """What is to be trained by all processes of ``group``, each on its own device."""
    settings = on_own_device(preset, group)
    job = one_renders(group, lambda: build_job(name, settings, seed, quiet))
    if group is not None:
        job.share(group)
    return job


def train_with_bar(
    job: SupernetJob, out: Path, folder: Path, half: bool, quiet: bool
) -> dict[str, Any]:
    """Train, resuming in ``folder``; returns what there is to say about the file."""
    from bench.running.interrupt import graceful_interrupt
    from bench.running.progress import run_progress

    title = f"supernet, seed {job.run.seed}"
    with (
        graceful_interrupt() as stop,
        run_progress(title, job.images, lambda: "", quiet) as report,
    ):
        return job.train(out, folder, half, command_line(), report, stop)


@supernet.command()
@click.option("--preset", default="cpu", show_default=True, help="Preset or TOML file.")
@click.option("--start", default=None, help="Supernet file; the preset's own by default.")
@click.option(
    "-n",
    "count",
    type=click.IntRange(2, 10_000),
    default=50,
    show_default=True,
    help="Random architectures to score.",
)
@click.option("--path", default=None, help="Only architectures on this downsampling path.")
@click.option(
    "--images", type=click.IntRange(1), default=None, help="Words of search_val; all by default."
)
@preset_options
def score(
    preset: str,
    start: str | None,
    count: int,
    seed: int,
    path: str | None,
    images: int | None,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> None:
    """Score random architectures with inherited weights: is the spread wide enough to search in?"""
    given = [] if start is None else [f"supernet.start={quoted(start)}"]
    settings = load_preset(preset, [*overrides, *given])
    from bench.running.progress import counting
    from bench.supernets.scores import histogram, score_architectures, spread

    with counting("scoring", quiet) as progress:
        scored = score_architectures(preset, settings, count, seed, path, images, progress)
    facts = spread(scored)
    if as_json:
        print_json({**facts, "scores": [{"text": s.text, "score": s.score} for s in scored]})
        return
    print_facts(facts)
    say(histogram([s.score for s in scored if s.score is not None]))
