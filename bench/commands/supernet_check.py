"""``bench supernet check``."""

from __future__ import annotations

from pathlib import Path

import click

from bench.commands.options import preset_options
from bench.commands.output import print_json, print_lines
from bench.presets import load_preset, quoted

FAILED = 1


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--preset", default="cpu", show_default=True, help="Preset or TOML file.")
@click.option(
    "-n",
    "architectures",
    type=click.IntRange(6, 10_000),
    default=200,
    show_default=True,
    help="Random architectures to score.",
)
@preset_options
def check(
    file: Path | None,
    preset: str,
    architectures: int,
    seed: int,
    overrides: tuple[str, ...],
    quiet: bool,
    as_json: bool,
) -> int:
    """Does a supernet prefer architectures for how it was trained? Five measures with bounds.

    FILE is a supernet of `bench supernet train`; the preset's own by default. The exit code is 1 if
    a measure is out of its bound; what cannot be measured is said, and is none. See
    docs/supernet.md.
    """
    given = [] if file is None else [f"supernet.start={quoted(str(file))}"]
    settings = load_preset(preset, [*overrides, *given])
    from bench.health.check import check_supernet
    from bench.progress import counting

    with counting("checking", quiet) as progress:
        measures = check_supernet(preset, settings, seed, architectures, progress)
    failed = [measure.key for measure in measures if measure.passed is False]
    if as_json:
        document: dict[str, object] = {
            measure.key: {
                "value": measure.value,
                "bound": measure.bound,
                "passed": measure.passed,
                "sentence": measure.told,
                **measure.details,
            }
            for measure in measures
        }
        print_json({**document, "supernet": settings.supernet.start, "failed": failed})
        return FAILED if failed else 0
    words = {True: "within", False: "OUT", None: "unknown"}
    rows = [
        (
            measure.what,
            "-" if measure.value is None else f"{measure.value:.3g}",
            f"{measure.bound:.3g}",
            words[measure.passed],
            measure.told,
        )
        for measure in measures
    ]
    print_lines(["measure", "value", "bound", "", "in words"], rows)
    return FAILED if failed else 0
