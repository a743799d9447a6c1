"""How fast words are rendered and loaded: ``python -m benchmarks.data [--json]``.

Rendering is measured in one process on one thread. Loading is measured over a data set of
JPEG words of natural size, with the cache of decoded images off (large data sets) and on
(the second pass over a small one); a thread count of 0 decodes in the caller.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2

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


def measure_rendering(images: int, difficulty: float) -> Measurement:
    """Render in this process; the first images, which load fonts and words, are not counted."""
    settings = RenderSettings(difficulty=difficulty)
    render_records("search_train", 0, 100, 0, settings)
    start = time.perf_counter()
    render_records("search_train", 100, 100 + images, 0, settings)
    return _measured(f"render, 1 core, difficulty {difficulty:g}", images, start)


def measure_loading(path: Path, steps: int, threads: int, cached: bool) -> Measurement:
    """Load ``steps`` batches back to back, as a trainer that takes no time would."""
    split = WordSplit(path, "36", cache_bytes=1 << 30 if cached else 0)
    if cached:
        split.words()
    with BatchLoader(split, BATCH_IMAGES, seed=0, workers=threads) as loader:
        loader.batch(0)
        start = time.perf_counter()
        for step in range(1, steps + 1):
            loader.batch(step)
        name = f"load, {threads} threads, {'cached' if cached else 'decoding'}"
        return _measured(name, steps * BATCH_IMAGES, start)


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
                results.append(measure_loading(path, steps, threads, cached))
    if options.json:
        print(json.dumps([asdict(result) for result in results], indent=2))
        return
    for result in results:
        print(f"{result.what:<36}{result.images_per_second:>12,.0f} images/s")


def _measured(what: str, images: int, start: float) -> Measurement:
    seconds = time.perf_counter() - start
    return Measurement(what, images, seconds, images / seconds)


if __name__ == "__main__":
    main()
