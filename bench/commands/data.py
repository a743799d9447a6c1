"""``bench data render|import|info|sheet``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.shared.output import print_facts, print_json
from bench.commands.shared.say import say, warn
from bench.running.progress import counting

if TYPE_CHECKING:
    from trainers.data.info import DataInfo

#: A further process takes about a second to start; it pays from so many images on.
IMAGES_PER_PROCESS = 2_000
#: Of `trainers.data.importing.LAYOUTS`, written out so that ``--help`` need not import it.
LAYOUT_NAMES = (
    "labels", "mjsynth", "synthtext", "iiit5k", "svt", "ic03", "icdar", "icdar-boxes", "spaced",
    "coco-text",
)  # fmt: skip

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
_quiet_option = click.option("--quiet", is_flag=True, help="No progress bar.")
_lmdb_argument = click.argument("lmdb", type=click.Path(path_type=Path))
_dest_argument = click.argument("dest", type=click.Path(path_type=Path))


@click.group()
def data() -> None:
    """Import, render and inspect word images."""


@data.command()
@_dest_argument
@click.option("--split", default="search_train", show_default=True, help="Whose words to write.")
@click.option("--count", type=click.IntRange(1), default=1_000, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--difficulty", type=float, help="0 plain print, 1 incidental scene text.")
@click.option("--charset", help="36, 62 or 94 characters.")
@click.option("--min-length", type=int, help="Shortest text, in characters.")
@click.option("--max-length", type=int, help="Longest text, in characters.")
@click.option("--processes", type=click.IntRange(1), help="By default as many as pay.")
@_quiet_option
@_json_option
def render(
    dest: Path,
    split: str,
    count: int,
    seed: int,
    processes: int | None,
    quiet: bool,
    as_json: bool,
    **look: Any,
) -> None:
    """Render word images into a new LMDB at DEST.

    The images depend on split, seed and settings, not on the number of processes. No word of
    three or more characters is in two splits.
    """
    from trainers.data.rendering.dataset import render_lmdb
    from trainers.data.rendering.settings import RenderSettings

    settings = RenderSettings(**{key: value for key, value in look.items() if value is not None})
    with counting("rendering words", quiet) as progress:
        workers = processes or min(_cores(), max(1, count // IMAGES_PER_PROCESS))
        render_lmdb(dest, split, count, seed, settings, workers, progress)
    facts = {"lmdb": str(dest), "samples": count, "split": split, "seed": seed, **asdict(settings)}
    _show(facts, as_json)


@data.command("import")
@click.argument("source", type=click.Path(path_type=Path))
@_dest_argument
@click.option("--layout", help=f"Do not recognise it: {', '.join(LAYOUT_NAMES)}.")
@click.option("--part", help="Of a set with several: train, val, test or all.")
@click.option("--filter", "label_filter", help="Words to keep: alphanumeric or alphanumeric3.")
@_quiet_option
@_json_option
def import_(
    source: Path,
    dest: Path,
    layout: str | None,
    part: str | None,
    label_filter: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Import the word images of SOURCE, a folder or zip, into a new LMDB at DEST.

    SOURCE holds labels.tsv or gt.txt with a line `path TAB label` for each image, or is laid out
    like MJSynth, SynthText, IIIT5K, SVT, IC03, IC13, IC15, SVTP, CUTE80 or COCO-Text. Words
    without a usable image or label are counted and left out.

    --filter alphanumeric keeps words of letters and digits only (IC13: 1,015 of 1,095);
    alphanumeric3 also drops those shorter than 3 (IC13: 857).
    """
    from trainers.data.importing import import_words

    with counting("importing words", quiet) as progress:
        report = import_words(source, dest, progress, layout, part, label_filter)
    read = {
        "layout": report.layout,
        "annotations": report.annotations,
        "part": report.part,
        "filter": label_filter,
    }
    if as_json:
        print_json(
            {
                "lmdb": str(report.dest),
                "samples": report.samples,
                "imported": report.samples,
                **read,
                "skipped": dict(report.skipped),
                "warnings": report.warnings,
                "examples": {reason: list(few) for reason, few in report.examples.items()},
            }
        )
        return
    skipped = {f"skipped, {reason}": number for reason, number in report.skipped.items()}
    shown = {
        name: _printable(value)
        for name, value in read.items()
        if value is not None and (name, value) != ("part", "all")
    }
    print_facts({"lmdb": report.dest, "samples": report.samples, **shown, **skipped})
    for reason, few in report.examples.items():
        say(f"{reason}, for example: {', '.join(map(_printable, few))}")
    for warning in report.warnings:
        warn(f"warning: {warning}")


@data.command()
@_lmdb_argument
@click.option("--charset", help="Fold labels to 36, 62, 94 or a file's characters; 36 by default.")
@click.option("--preset", help="Judge labels as this preset would: its charset, length and head.")
@_quiet_option
@_json_option
def info(lmdb: Path, charset: str | None, preset: str | None, quiet: bool, as_json: bool) -> None:
    """Read every record of an LMDB and say what is in it."""
    from trainers.data.charset import DEFAULT_MAX_LENGTH, find_charset
    from trainers.data.info import lmdb_info

    length, steps = DEFAULT_MAX_LENGTH, None
    charset = None if charset is None else find_charset(charset)
    if preset is not None:
        from bench.presets import load_preset

        settings = load_preset(preset, [])
        charset = charset or settings.data.charset
        length, steps = settings.data.max_length, settings.recogniser.time_steps
    with counting("reading words", quiet) as progress:
        found = lmdb_info(lmdb, charset or "36", length, progress, steps)
    if as_json:
        print_json(info_document(found))
        return
    covered = "beyond the known charsets" if found.covered_by is None else found.covered_by
    statuses = {f"labels {status}": number for status, number in found.label_statuses.items()}
    print_facts(
        {
            "lmdb": found.path,
            "samples": found.samples,
            "readable": found.readable,
            "corrupted": found.corrupted,
            "characters": _printable(found.characters),
            "covered by charset": covered,
            "label length": _lengths(found),
            "image height": _quantiles(found.heights),
            "image width": _quantiles(found.widths),
            "folded to charset": found.charset,
            "longest label": _longest(length, steps),
            **statuses,
            "content": found.content_hash,
        }
    )


def _longest(characters: int, steps: int | None) -> str:
    columns = "" if steps is None else f", and what {steps} columns hold"
    return f"{characters} characters{columns}"


@data.command()
@_lmdb_argument
@click.argument("out", metavar="OUT.png", type=click.Path(path_type=Path))
@click.option("-n", "count", type=int, default=60, show_default=True, help="Words to show.")
@click.option("--columns", type=int, default=6, show_default=True)
@click.option("--seed", type=click.IntRange(0), help="Draw the words; the first ones by default.")
@click.option(
    "--augmentation",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Show words as training sees them with this strength (1: the published magnitudes).",
)
@_json_option
def sheet(
    lmdb: Path,
    out: Path,
    count: int,
    columns: int,
    seed: int | None,
    augmentation: float,
    as_json: bool,
) -> None:
    """Draw words of an LMDB and their labels into one picture, OUT.png."""
    import numpy as np

    from trainers.data.sheet import contact_sheet, write_png

    rng = None if seed is None else np.random.default_rng(seed)
    picture = contact_sheet(lmdb, count, columns, rng, augmentation)
    write_png(picture, out)
    height, width = picture.shape[:2]
    _show({"sheet": str(out), "width": width, "height": height}, as_json)


def info_document(found: DataInfo) -> dict[str, Any]:
    """What ``bench data info --json`` prints; ``charset`` are the characters of the labels."""
    shortest, median, longest = found.label_lengths
    return {
        "lmdb": str(found.path),
        "samples": found.samples,
        "readable": found.readable,
        "corrupted": found.corrupted,
        "charset": found.characters,
        "covered_by": found.covered_by,
        "label_length": {"min": shortest, "median": median, "max": longest},
        "image_height_quantiles": list(found.heights),
        "image_width_quantiles": list(found.widths),
        "folded_to": found.charset,
        "labels": dict(found.label_statuses),
        "content_hash": found.content_hash,
    }


def _show(facts: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        print_json(facts)
    else:
        print_facts({name.replace("_", " "): value for name, value in facts.items()})


def _lengths(found: DataInfo) -> str:
    shortest, median, longest = found.label_lengths
    return f"{shortest} to {longest}, median {median:g}"


def _quantiles(values: tuple[float, ...]) -> str:
    shown = [f"{value:g}" for value in values]
    return f"{shown[0]} to {shown[-1]} pixels, median {shown[len(shown) // 2]}"


def _printable(text: str) -> str:
    """Text from a file, safe for a terminal: no control characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
