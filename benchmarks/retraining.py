"""Wall time of many trainings at once beside the seconds of their steps.

    python -m benchmarks.retraining [N] [--workers 2] [--images 3200] [--preset cpu] [--json FILE]

N random architectures are trained from scratch by one ``bench retrain --from FILE --workers W``,
on ``--images`` images each, with one look at search_val. Printed are the wall time of that command,
the sum of the seconds that its steps took, by the models' cards, and the ratio of the wall time to
that sum over W: 1 would be a command whose workers do nothing but steps. Words are rendered before
the clock starts; everything else counts, from the start of Python to the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bench.models.origin import for_retraining
from bench.presets import load_preset
from bench.records.settings import Preset
from benchmarks.common.table import write_json
from spaces.errors import InputError
from trainers.data_splits import open_splits


def main() -> None:
    """Measure, print, and write JSON when asked."""
    given = arguments()
    try:
        preset = for_retraining(load_preset(given.preset, given.set), given.set)
        train = open_splits(preset.data, preset.recogniser.input_size)["search_train"]
    except InputError as error:
        print(f"benchmarks.retraining: {error}", file=sys.stderr)
        sys.exit(2)
    epochs = given.images / len(train.words)
    settings = [*given.set, f"retraining.epochs={epochs!r}", "retraining.validations=1"]
    with TemporaryDirectory() as folder:
        found = measure(given, settings, texts(preset, given.count, given.seed), Path(folder))
    print(
        f"{found['trainings']} trainings on {found['images']:,} images each, {given.workers} "
        f"workers, {os.cpu_count()} cores, preset {given.preset}"
    )
    for name in ("wall_seconds", "step_seconds", "training_seconds", "ratio"):
        print(f"{name:18s} {found[name]:10.3f}")
    if given.json:
        write_json(given.json, "cpu", {"settings": settings, "seed": given.seed, **found})


def arguments() -> argparse.Namespace:
    """Options of the command line."""
    text, _, more = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=text, epilog=more, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("count", type=int, nargs="?", default=6, metavar="N", help="architectures")
    parser.add_argument("--workers", type=int, default=2, metavar="W")
    parser.add_argument("--images", type=int, default=3200, help="of each training")
    parser.add_argument("--preset", default="cpu", metavar="NAME")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of architectures")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    if min(given.count, given.workers, given.images) < 1 or given.seed < 0:
        parser.error("N, --workers and --images are 1 or more, --seed 0 or more")
    return given


def texts(preset: Preset, count: int, seed: int) -> list[str]:
    """Random architectures of the preset's space."""
    space = preset.space.load()
    return space.texts(space.sample(count, np.random.default_rng(seed)))


def measure(
    given: argparse.Namespace, settings: list[str], wanted: list[str], folder: Path
) -> dict[str, Any]:
    """Seconds of one command that trains ``wanted``, from start to end, and of its parts."""
    listed = folder / "architectures.txt"
    listed.write_text("\n".join(wanted) + "\n")
    command = [
        sys.executable, "-m", "bench", "retrain", "--from", str(listed), "--out",
        str(folder / "models"), "--workers", str(given.workers), "--preset", given.preset,
        "--json", *(f"--set={each}" for each in settings),
    ]  # fmt: skip
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    wall = time.monotonic() - begun
    if done.returncode:
        sys.exit(done.returncode)
    costs = [model["cost"] for model in json.loads(done.stdout)["models"]]
    steps = sum(cost["step_seconds"] for cost in costs)
    return {
        "trainings": len(costs),
        "workers": given.workers,
        "images": costs[0]["images_forward_backward"],
        "wall_seconds": wall,
        "step_seconds": steps,
        "training_seconds": sum(cost["seconds"] for cost in costs),
        "ratio": wall / (steps / given.workers),
        "peak_memory_bytes": [cost["peak_memory_bytes"] for cost in costs],
        "architectures": wanted,
    }


if __name__ == "__main__":
    main()
