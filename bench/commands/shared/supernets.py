"""``bench supernet train --seeds``: several supernets by one recipe, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.commands.shared.exits import FAILED
from bench.commands.shared.output import print_json, print_lines
from bench.commands.shared.say import warn
from bench.commands.shared.supernet_job import build_job
from bench.presets import load_preset
from bench.records.errors import Interrupted, RecordError
from bench.running.interrupt import graceful_interrupt
from bench.running.progress import counting
from bench.supernets.many import SupernetSpec, train_supernet
from bench.workers.rounds import Workers, do_all, open_pool
from spaces.files import read_object


def train_supernets(
    specs: Sequence[SupernetSpec], workers: Workers, out: Path, quiet: bool, as_json: bool
) -> int:
    """Train those that are not trained yet into the folder ``out``; returns the exit code."""
    # Built here for what it refuses, and for the words that it renders for all.
    first = specs[0]
    build_job(first.preset, load_preset(first.preset, first.overrides), first.seed, quiet).close()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"--out {out}: expected a folder for the files of all seeds ({error.strerror})"
        ) from error
    files: dict[int, Path] = {}
    troubles: dict[int, str] = {}
    try:
        with (
            graceful_interrupt() as stop,
            counting("supernets", quiet) as report,
            open_pool(workers, out) as pool,
        ):
            report(0, len(specs))
            for end in do_all(pool, train_supernet, specs, stop):
                if end.trouble is None and end.result is not None:
                    files[end.item.seed] = out / Path(end.result).name
                else:
                    troubles[end.item.seed] = end.trouble or "no file"
                report(len(files) + len(troubles), len(specs))
    except (KeyboardInterrupt, Interrupted) as stopped:
        raise Interrupted(f"in {out}") from stopped
    _tell(
        [(spec.seed, files[spec.seed]) for spec in specs if spec.seed in files], troubles, as_json
    )
    return FAILED if troubles else 0


def _tell(trained: Sequence[tuple[int, Path]], troubles: dict[int, str], as_json: bool) -> None:
    found = [_described(seed, file) for seed, file in trained]
    if as_json:
        failed = [{"seed": seed, "reason": reason} for seed, reason in troubles.items()]
        print_json({"supernets": found, "failed": failed})
    elif found:
        rows = [(str(each["seed"]), f"{each['images']:,}", each["file"]) for each in found]
        print_lines(("seed", "images", "file"), rows)
    for seed, reason in troubles.items():
        warn(f"bench: supernet, seed {seed}: {' '.join(reason.split())}")


def _described(seed: int, file: Path) -> dict[str, Any]:
    """What stands beside a supernet file; it was written with it."""
    beside = file.with_suffix(".json")
    try:
        known = read_object(beside)
        found = {"hash": known["hash"], "images": known["provenance"]["images"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{beside} is damaged: delete it and {file} to train again") from error
    return {"seed": seed, "file": str(file), **found, "bytes": file.stat().st_size}
