"""Seconds and memory of ``bench compare`` on many recorded runs.

``python -m benchmarks.report [--runs 1000] [--evaluations 300] [--json FILE]``. One run of each
searcher is made on the made-up landscape and copied under other seeds with shifted scores: what is
measured is reading, statistics and rendering, not science. Expected: under 20 s and 1 GiB for 1,000
runs of 300 evaluations.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.comparison.analysis import analyse
from bench.comparison.archive import pack
from bench.presets import load_preset
from bench.records.manifest import identity_hash, versions
from bench.records.run_folder import log_hash
from bench.records.runs import find_runs, read_runs
from bench.records.sealed import read_sealed, write_sealed
from bench.report import write_report
from bench.run import Run
from bench.running.problem import Caps

SEARCHERS = ("random", "evolution", "local-search", "spos", "grid")
IMAGES_PER_EVALUATION = 48


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1_000)
    parser.add_argument("--evaluations", type=int, default=300)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "runs"
        record(folder, options.runs, options.evaluations)
        found = measure(folder, Path(temporary) / "report")
    found = {"runs": options.runs, "evaluations": options.evaluations, **found}
    for name, value in found.items():
        print(f"{name:24} {value:,.2f}" if isinstance(value, float) else f"{name:24} {value:,}")
    if options.json:
        options.json.write_text(json.dumps({**found, "versions": versions()}, indent=1))


def record(folder: Path, runs: int, evaluations: int) -> None:
    """Run folders of all searchers, as many as wanted."""
    budget = evaluations * IMAGES_PER_EVALUATION
    overrides = [
        "run.evaluator=synthetic",
        "run.training_share=0.0",
        f"run.budget_images={budget}",
        "run.referee_points=10",
    ]
    preset = load_preset("tiny", overrides)
    for searcher in SEARCHERS:
        first = folder / searcher / "seed0"
        Run(searcher, "tiny", preset, 0, Caps()).execute(first)
        for seed in range(1, runs // len(SEARCHERS)):
            copy(first, folder / searcher / f"seed{seed}", seed)


def copy(source: Path, target: Path, seed: int) -> None:
    """The same run under another seed, its final score shifted a little."""
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("checkpoint"))
    manifest = json.loads((target / "run.json").read_text())
    manifest["identity"]["seed"] = seed
    manifest["identity_hash"] = identity_hash(manifest["identity"])
    (target / "run.json").write_text(json.dumps(manifest))
    result = read_sealed(target / "result.json", dict[str, Any], "make the runs again")
    result["recommendation"]["score"] *= 1.0 - (seed * 7919 % 100) / 1000.0
    # The log ends with the referee's look, which has to agree.
    *before, last = (target / "events.jsonl").read_text().splitlines()
    look = json.loads(last)
    look["verdict"]["score"] = result["recommendation"]["score"]
    (target / "events.jsonl").write_text("\n".join([*before, json.dumps(look)]) + "\n")
    write_sealed(target / "result.json", {**result, "log_hash": log_hash(target)})


def measure(folder: Path, out: Path) -> dict[str, float]:
    """Seconds of each part, and the largest memory of this process."""
    start = time.perf_counter()
    records = read_runs(find_runs([folder]))
    read = time.perf_counter()
    analysis = analyse(records, "benchmark")
    analysed = time.perf_counter()
    write_report(analysis, out)
    written = time.perf_counter()
    archive = pack([record.folder for record in records], folder, out)
    packed = time.perf_counter()
    return {
        "reading, s": read - start,
        "analysis, s": analysed - read,
        "rendering, s": written - analysed,
        "packing, s": packed - written,
        "in all, s": packed - start,
        "peak memory, MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "records.zip, kB": archive.stat().st_size / 1e3,
        "report.html, kB": (out / "report.html").stat().st_size / 1e3,
    }


if __name__ == "__main__":
    main()
