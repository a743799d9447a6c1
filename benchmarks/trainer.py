"""Images per second of the trainer's verbs and of the loader that feeds them, on one preset.

``python -m benchmarks.trainer [--preset cpu] [--rounds 5] [--json FILE]``. After a warm-up, each
round does the same work on the same seeded random architectures; printed are median and range.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.ledger import peak_memory_bytes
from bench.manifest import hardware, versions
from bench.presets import load_preset
from bench.run import Run

STEPS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="cpu")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    run = Run("random", options.preset, load_preset(options.preset, options.set), seed=0)
    results = {
        name: measure(images, work, options.rounds, run.trainer.device.type)
        for name, (images, work) in verbs(run).items()
    }
    print(f"{'':28s} {'images/s':>10s} {'min':>10s} {'max':>10s}   (n = {options.rounds} rounds)")
    for name, found in results.items():
        print(f"{name:28s} " + " ".join(f"{found[key]:10.0f}" for key in ("median", "min", "max")))
    print(f"peak memory {peak_memory_bytes() / 2**20:.0f} MiB")
    if options.json:
        document = {
            "preset": options.preset,
            "images_per_second": results,
            "peak_memory_bytes": peak_memory_bytes(),
            "hardware": hardware(str(run.trainer.device)),
            "versions": versions(),
        }
        options.json.write_text(json.dumps(document, indent=1) + "\n")


def verbs(run: Run) -> dict[str, tuple[int, Callable[[], object]]]:
    """Name -> (images that one call consumes, the call)."""
    trainer, space = run.trainer, run.space
    encodings = space.sample(STEPS, np.random.default_rng(0))
    everything = np.ones((space.layers, len(space.operations)), dtype=bool)
    pair = np.zeros_like(everything)
    pair[np.arange(space.layers), encodings[0, space.path_length :]] = True
    pair[:, 0] = True
    batch = trainer.settings.batch_images
    words = trainer.data.evaluation
    step = iter(range(10**9))

    def load() -> None:
        for _ in range(10 * STEPS):
            trainer.data.search_train.batch(next(step))

    def gates(wanted: np.ndarray) -> Callable[[], object]:
        return lambda: [trainer.gate_gradient(e, wanted) for e in encodings]

    return {
        "loader alone": (10 * STEPS * batch, load),
        "weight steps": (STEPS * batch, lambda: trainer.train_weights(encodings)),
        "gate gradients, all": (STEPS * batch, gates(everything)),
        "gate gradients, two": (STEPS * batch, gates(pair)),
        "evaluation": (
            len(words) + len(trainer.data.calibration),
            lambda: trainer.score(encodings[0], words),
        ),
    }


def measure(images: int, work: Callable[[], object], rounds: int, device: str) -> dict[str, float]:
    """Images per second over ``rounds`` after one round of warm-up."""
    import torch

    rates = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        rates.append(images / (time.perf_counter() - start))
    rates = rates[1:]
    return {"median": statistics.median(rates), "min": min(rates), "max": max(rates)}


if __name__ == "__main__":
    main()
