"""Words rendered and decoded a second on this machine's CPUs: can they keep up with the GPU?

What they have to keep up with is read from the file that preset_gpu has left, if it is there.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cv2

from bench.presets import load_preset
from benchmarks.gpu.record import Record, part_options, read_json
from trainers.data.loader import BatchLoader
from trainers.data.rendering.dataset import render_lmdb, render_records
from trainers.data.rendering.settings import RenderSettings
from trainers.data.splits import WordSplit


def main() -> int:
    """Exit code 1 when something could not be measured."""
    options = part_options(__doc__)
    cores = len(os.sched_getaffinity(0))
    record = Record(options.out, usable_cores=cores)
    cv2.setNumThreads(1)
    preset = load_preset("gpu", [])
    rendering = preset.data.rendering
    settings = RenderSettings(
        charset=preset.data.charset,
        min_length=rendering.min_length,
        max_length=rendering.max_length,
        difficulty=rendering.difficulty,
    )
    words, batch = (64, 16) if options.tiny else (4096, preset.trainer.batch_images)
    record.attempt("rendering", "1 process", work=lambda: rendered_here(words // 8, settings))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words"

        def rendered() -> dict[str, Any]:
            began = time.perf_counter()
            render_lmdb(path, "search_train", words, settings=settings, processes=cores)
            return rate(words, began)

        if record.attempt("rendering", f"{cores} processes, start included", work=rendered):
            for cached in (False, True):
                for threads in sorted({1, 4, 8, cores}):
                    name = f"{threads} threads, {'cached' if cached else 'decoding'}"
                    record.attempt(
                        "loading, 64x256",
                        name,
                        work=lambda c=cached, t=threads: loaded(path, batch, t, c, options.tiny),
                    )
    compare(record, options.out.parent / "preset_gpu.json")
    return 1 if record.failures else 0


def rendered_here(words: int, settings: RenderSettings) -> dict[str, Any]:
    """Rendering in this process; the first words, which load fonts, are not counted."""
    render_records("search_train", 0, 32, 0, settings)
    began = time.perf_counter()
    render_records("search_train", 32, 32 + words, 0, settings)
    return rate(words, began)


def loaded(path: Path, batch: int, threads: int, cached: bool, tiny: bool) -> dict[str, Any]:
    """Batches back to back, for about a second, as a trainer that takes no time would."""
    split = WordSplit(path, "94", image_size=(64, 256), cache_bytes=1 << 30 if cached else 0)
    if cached:
        split.words()
    with BatchLoader(split, batch, seed=0, workers=threads) as loader:
        loader.batch(0)
        began = time.perf_counter()
        step = 0
        while step < 2 or (not tiny and time.perf_counter() - began < 1.0):
            step += 1
            loader.batch(step)
        return rate(step * batch, began)


def rate(images: int, began: float) -> dict[str, Any]:
    """Of what was done since ``began``."""
    seconds = time.perf_counter() - began
    return {"images": images, "seconds": seconds, "images_per_second": images / seconds}


def compare(record: Record, file: Path) -> None:
    """The best of the loader over what weight steps consume."""
    found = record.document.get("loading, 64x256", {})
    rates = {name: one["images_per_second"] for name, one in found.items() if "seconds" in one}
    if not rates:
        return
    name = max(rates, key=rates.__getitem__)
    text = f"loader {rates[name]:,.0f} images/s ({name})"
    steps = (read_json(file) or {}).get("ours", {}).get("weight steps", {})
    if "images_per_second" in steps:
        ratio = rates[name] / steps["images_per_second"]
        record.put("loader / weight steps", value=ratio)
        text += f", {ratio:.1f} times what weight steps consume"
    record.headline(text)


if __name__ == "__main__":
    sys.exit(main())
