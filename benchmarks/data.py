"""How fast words are rendered and loaded: ``python -m benchmarks.data [--json]``.

Rendering is measured in one process on one thread. Loading is measured over a data set of
JPEG words of natural size, with the cache of decoded images off (large data sets) and on
(the second pass over a small one); a thread count of 0 decodes in the caller. Rows with and without
augmentation follow each other; images per CPU second are of all threads together, and say what a
core does when others want it too. Changes of augmentation are also timed one by one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from trainers.data.augmentation import NAMES, changed
from trainers.data.loader import BatchLoader
from trainers.data.rendering.dataset import render_lmdb, render_records
from trainers.data.rendering.settings import RenderSettings
from trainers.data.splits import WordSplit

BATCH_IMAGES = 128


@dataclass(frozen=True)
class Measurement:
    """One line of the table."""

    what: str
    images: int
    seconds: float
    images_per_second: float
    cpu_seconds: float
    images_per_cpu_second: float


def measure_rendering(images: int, difficulty: float) -> Measurement:
    """Render in this process; the first images, which load fonts and words, are not counted."""
    settings = RenderSettings(difficulty=difficulty)
    render_records("search_train", 0, 100, 0, settings)
    start = _now()
    render_records("search_train", 100, 100 + images, 0, settings)
    return _measured(f"render, 1 core, difficulty {difficulty:g}", images, start)


def measure_loading(
    path: Path, steps: int, threads: int, cached: bool, augmentation: float = 0.0
) -> Measurement:
    """Load ``steps`` batches back to back, as a trainer that takes no time would."""
    split = WordSplit(path, "36", cache_bytes=1 << 30 if cached else 0)
    if cached:
        split.words()
    with BatchLoader(
        split, BATCH_IMAGES, seed=0, workers=threads, augmentation=augmentation
    ) as loader:
        loader.batch(0)
        start = _now()
        for step in range(1, steps + 1):
            loader.batch(step)
        name = f"load, {threads} threads, {'cached' if cached else 'decoding'}"
        name += ", augmented" if augmentation else ""
        return _measured(name, steps * BATCH_IMAGES, start)


def measure_changes(path: Path, images: int) -> list[Measurement]:
    """Each change of augmentation by itself, in this thread."""
    words = WordSplit(path, "36").words(images).images
    rng = np.random.default_rng(0)
    found = []
    for name in NAMES:
        start = _now()
        for word in words:
            changed(word, [name], 1.0, rng)
        found.append(_measured(f"augment: {name}", len(words), start))
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=2000, help="images to render and to load")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    images = max(BATCH_IMAGES, options.images)
    results = [measure_rendering(images, difficulty) for difficulty in (0.3, 0.6, 1.0)]
    with tempfile.TemporaryDirectory() as folder:
        path = render_lmdb(Path(folder) / "words", "search_train", images)
        steps = max(1, 4 * images // BATCH_IMAGES)
        for cached in (False, True):
            for threads in (0, 1, 2):
                for augmentation in (0.0, 1.0):
                    results.append(measure_loading(path, steps, threads, cached, augmentation))
        results += measure_changes(path, images)
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    print(f"{'':<36}{'images/s':>12}{'images/CPU s':>14}{'CPU us/image':>14}")
    for result in results:
        each = 1e6 / result.images_per_cpu_second
        print(
            f"{result.what:<36}{result.images_per_second:>12,.0f}"
            f"{result.images_per_cpu_second:>14,.0f}{each:>14,.1f}"
        )


def _now() -> tuple[float, float]:
    """Seconds of the clock, and of this process's threads together."""
    return time.perf_counter(), time.process_time()


def _measured(what: str, images: int, start: tuple[float, float]) -> Measurement:
    seconds, cpu = (now - then for now, then in zip(_now(), start, strict=True))
    return Measurement(what, images, seconds, images / seconds, cpu, images / cpu)


if __name__ == "__main__":
    main()
