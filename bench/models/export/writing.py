"""From a model folder to a checked file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from bench.models.export import FORMATS
from bench.models.export.checking import (
    ReaderComparison,
    ReadingTime,
    compare,
    time_in_turn,
    torch_reader,
    torch_threads,
)
from bench.models.export.errors import ExportError
from bench.models.reading import load_word
from bench.records.documents import json_bytes
from bench.records.model_folder import CARD, CURVE, TRAINING, WEIGHTS
from bench.records.work_folder import CHECKPOINT
from spaces.atomic import write_atomically
from trainers.data.charset import CHARSETS
from trainers.data.image import decode_image, resize_image
from trainers.data.rendering.dataset import render_records
from trainers.data.rendering.settings import RenderSettings
from trainers.models.model import Model

#: Words that are rendered where no images are given.
RENDERED_WORDS = 64
#: What a model folder is made of: never overwritten.
OWN_FILES = (CARD, WEIGHTS, CURVE, TRAINING, CHECKPOINT)


@dataclass(frozen=True)
class Export:
    """The files that were written and what was found out about them; milliseconds a reader."""

    files: tuple[Path, ...]
    comparison: ReaderComparison
    latency: dict[str, ReadingTime]


def format_module(name: str) -> ModuleType:
    """The module of a format; ``ExportError`` where packages that it needs are not installed."""
    missing = [package for package in FORMATS[name].packages if find_spec(package) is None]
    if missing:
        raise ExportError(
            f"--format {name} needs {', '.join(missing)}: pip install 'strnas-bench[export]'"
        )
    return import_module(FORMATS[name].module)


def check_place(folder: Path, out: Path, force: bool) -> None:
    """``ExportError`` where ``out`` cannot be written, or must not be."""
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise ExportError(f"{out} cannot be written: expected a file in an existing folder")
    for file in (out, _beside(out)):
        if file.resolve() in {(folder / name).resolve() for name in OWN_FILES}:
            raise ExportError(f"{file} is the model's own: choose another file with --out")
    if out.exists() and not force:
        raise ExportError(f"{out} exists: choose another file with --out, or --force")


def words_to_check(model: Model, files: Sequence[Path]) -> npt.NDArray[np.uint8]:
    """Images (N, H, W, 3) of the model's input size from ``files``; without any, rendered ones."""
    if files:
        return np.stack([load_word(path, model.input_size) for path in files])
    # Pictures to compare two readers by: what stands on them does not matter.
    name = model.charset.name
    settings = RenderSettings(charset=name if name in CHARSETS else "62")
    records = render_records("test", 0, RENDERED_WORDS, 0, settings)
    return np.stack([resize_image(decode_image(data), *model.input_size) for data, _ in records])


def export(
    model: Model,
    name: str,
    out: Path,
    images_NHW3: npt.NDArray[np.uint8],
    repetitions: int,
    threads: int,
) -> Export:
    """Make the file in memory, read with it, and write it where it reads what ``model`` reads."""
    module = format_module(name)
    with torch_threads(threads):
        content: bytes = module.encode(model)
        read = module.open_reader(content, threads)
        comparison = compare(model, read, images_NHW3)
        comparison.check()
        readers = {name: read, "torch": torch_reader(model)[1]}
        latency = time_in_turn(readers, images_NHW3[:1], repetitions)
    written = {out: content}
    if hasattr(module, "beside"):
        written[_beside(out)] = json_bytes(module.beside(content))
    try:
        for path, data in written.items():
            write_atomically(path, data)
    except OSError as error:
        raise ExportError(f"{out} cannot be written ({error.strerror or error})") from error
    return Export(tuple(written), comparison, latency)


def _beside(out: Path) -> Path:
    """Where the header of ``out`` is also written, for people."""
    return out.with_name(f"{out.name}.json")
