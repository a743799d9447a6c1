"""``bench read``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.commands.shared.output import print_json
from bench.commands.shared.say import say, warn
from bench.records.readable import readable

if TYPE_CHECKING:
    from bench.models.reading import ReadWord
    from trainers.models.model import Model

BATCH_IMAGES = 64


@click.command()
@click.argument("folder", metavar="MODEL", type=click.Path(path_type=Path))
@click.argument(
    "given", metavar="IMAGE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1, ...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def read(folder: Path, given: tuple[Path, ...], device: str, as_json: bool) -> int:
    """Read the words in images, each a crop with one word in it.

    MODEL is a folder of bench retrain or bench baseline train. Of a folder in place of an IMAGE,
    all images are read. Prints a line for each image, path TAB word; what cannot be read is named
    on stderr, and the exit code is then 2.
    """
    from bench.models.reading import image_files
    from bench.models.stored import load_model

    paths = image_files(given)
    model = load_model(folder, device).model
    words: list[dict[str, Any]] = []
    failed: list[dict[str, str]] = []
    for path, found in _read(model, paths):
        # File names are bytes, and not all bytes are text.
        name = os.fsencode(path).decode(errors="replace")
        if isinstance(found, str):
            failed.append({"path": name, "reason": readable(found)})
            warn(f"bench: {readable(found)}")
        elif as_json:
            words.append({"path": name, "word": found.word, "confidence": found.confidence})
        else:
            say(f"{readable(str(path))}\t{readable(found.word)}")
    if as_json:
        print_json({"words": words, "failed": failed})
    return 2 if failed else 0


def _read(model: Model, paths: list[Path]) -> Iterator[tuple[Path, ReadWord | str]]:
    """Each path with its word, or with why there is none."""
    import numpy as np

    from bench.models.reading import load_word, read_words
    from bench.records.errors import RecordError

    for start in range(0, len(paths), BATCH_IMAGES):
        found: dict[Path, ReadWord | str] = {}
        images = {}
        for path in paths[start : start + BATCH_IMAGES]:
            try:
                images[path] = load_word(path, model.input_size)
            except RecordError as error:
                found[path] = str(error)
        if images:
            words = read_words(model, np.stack(list(images.values())))
            found.update(zip(images, words, strict=True))
        yield from ((path, found[path]) for path in paths[start : start + BATCH_IMAGES])
