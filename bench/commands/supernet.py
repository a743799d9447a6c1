"""``bench supernet train`` and ``bench supernet score``."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import click

from bench.commands.output import print_facts, print_json
from bench.errors import RecordError
from bench.presets import load_preset


@click.group()
def supernet() -> None:
    """Train the shared supernet, score architectures with it."""


@supernet.command()
@click.option("--preset", default="cpu", show_default=True, help="Preset or TOML file.")
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Supernet file to write (.safetensors).",
)
@click.option("--images", type=click.IntRange(1), required=True, help="Images to train on.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option(
    "--base",
    default="",
    help="Architecture to start from, widening to all of them; empty: uniform from the start.",
)
@click.option(
    "--base-share",
    type=click.FloatRange(0, 1),
    default=0.02,
    show_default=True,
    help="Share of the steps on the base alone.",
)
@click.option(
    "--widening-share",
    type=click.FloatRange(0, 1),
    default=0.2,
    show_default=True,
    help="Share of the steps in which paths widen.",
)
@click.option(
    "--favourite-share",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Share of the later steps on the base's downsampling path.",
)
@click.option("--start", default="", help="Supernet file to continue from.")
@click.option("--half", is_flag=True, help="Store weights in 16 bits.")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Run folder; OUT without its suffix by default.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the preset. Repeatable.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def train(
    preset: str,
    out: Path,
    images: int,
    seed: int,
    start: str,
    half: bool,
    folder: Path | None,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
    **choice: Any,
) -> None:
    """Train a supernet on uniformly drawn paths and store it. Resumes where it was interrupted."""
    if out.exists():
        raise RecordError(f"{out} exists: choose another --out or delete it")
    fixed = [f"run.budget_images={images}", f'supernet.start="{start}"']
    settings = load_preset(preset, [*overrides, *fixed])
    from bench.interrupt import graceful_interrupt
    from bench.progress import counting, run_progress
    from bench.run import Run
    from bench.supernet_file import export_supernet
    from searchers.supernet_training import SupernetTraining, SupernetTrainingSettings

    training = ("supernet-training", SupernetTraining, SupernetTrainingSettings(**choice))
    with counting("rendering words", quiet) as rendering:
        run = Run(training, preset, settings, seed, None, lambda _, d, t: rendering(d, t))
    folder = folder or out.with_suffix("")
    with (
        graceful_interrupt() as stop,
        run_progress("supernet", images, lambda: f"seed {seed}", quiet) as report,
    ):
        result = run.execute(folder, report, stop, referee=False)
    written = export_supernet(folder, out, run, result, half, _command())
    if as_json:
        print_json(written)
    else:
        print_facts(written)


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
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True)
@click.option("--path", default=None, help="Only architectures on this downsampling path.")
@click.option(
    "--images", type=click.IntRange(1), default=None, help="Words of search_val; all by default."
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the preset. Repeatable.",
)
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
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
    given = [] if start is None else [f'supernet.start="{start}"']
    settings = load_preset(preset, [*overrides, *given])
    from bench.progress import counting
    from bench.supernet_scores import histogram, score_architectures, spread

    with counting("scoring", quiet) as progress:
        scored = score_architectures(preset, settings, count, seed, path, images, progress)
    facts = spread(scored)
    if as_json:
        print_json({**facts, "scores": [{"text": s.text, "score": s.score} for s in scored]})
        return
    print_facts(facts)
    click.echo(histogram([s.score for s in scored if s.score is not None]))


def _command() -> str:
    """The command line as a person would type it again."""
    return shlex.join(["bench", *sys.argv[1:]])
