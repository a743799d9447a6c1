"""``bench export``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.shared.output import print_facts, print_json
from bench.commands.shared.say import say
from bench.models.export import FORMATS

if TYPE_CHECKING:
    from bench.models.export.checking import ReadingTime


@click.command()
@click.argument("folder", metavar="MODEL", type=click.Path(path_type=Path))
@click.option(
    "--format", "name", type=click.Choice(list(FORMATS)), default="onnx", show_default=True
)
@click.option("--out", type=click.Path(path_type=Path), help="File.  [default: MODEL/model.*]")
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.option(
    "--images",
    "given",
    type=click.Path(path_type=Path),
    multiple=True,
    help="Image, or folder of images, to check with. Repeatable.  [default: rendered words]",
)
@click.option("--repetitions", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def export(
    folder: Path,
    name: str,
    out: Path | None,
    force: bool,
    given: tuple[Path, ...],
    repetitions: int,
    threads: int,
    as_json: bool,
) -> None:
    """Write the recogniser of a model folder as one file that needs nothing of this package.

    The file is read with before it is written: words that it reads otherwise than torch does,
    beyond rounding, are an error. See docs/export.md for how to read words with it.
    """
    out = folder / f"model{FORMATS[name].suffix}" if out is None else out
    from bench.models.stored import load_model
    from bench.records.model_folder import read_card

    read_card(folder)
    from bench.models.export.writing import check_place, format_module, words_to_check
    from bench.models.export.writing import export as write
    from bench.models.reading import image_files

    check_place(folder, out, force)
    format_module(name)
    files = image_files(given)
    model = load_model(folder, "cpu").model
    images = words_to_check(model, files)
    done = write(model, name, out, images, repetitions, threads)
    from bench.records.manifest import processor

    facts: dict[str, Any] = {
        "files": [str(path) for path in done.files],
        "format": name,
        "bytes": done.files[0].stat().st_size,
        "parameters": model.params,
        "beam_width": model.network.beam_width,
        "checked_on": "given images" if files else "rendered words",
        **asdict(done.comparison),
    }
    measured = {reader: asdict(latency) for reader, latency in done.latency.items()}
    conditions = {"repetitions": repetitions, "threads": threads, "device": processor()}
    if as_json:
        print_json({**facts, "latency": {**measured, **conditions}})
        return
    if model.network.beam_width == 1:
        del facts["beams_differ"]
    shown = {key.replace("_", " "): value for key, value in facts.items()}
    times = {f"{reader}, one image": _times(each) for reader, each in done.latency.items()}
    print_facts({**shown, "files": ", ".join(facts["files"]), **times, **conditions})
    if model.network.beam_width > 1:
        say("The file reads greedily, with one beam.")


def _times(latency: ReadingTime) -> str:
    quartiles = f"{latency.lower_quartile_ms:.2f} to {latency.upper_quartile_ms:.2f}"
    return f"{latency.median_ms:.2f} ms (quartiles {quartiles})"
