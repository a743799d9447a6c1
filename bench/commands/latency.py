"""``bench latency measure|check``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from bench.commands.shared.output import print_facts, print_json, print_table
from bench.records.settings import SpaceSettings
from spaces.errors import InputError


@click.group()
def latency() -> None:
    """Measure how long candidates take, and check the sums."""


@latency.command()
@click.argument("out", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--space", "name", default="autostr", show_default=True, help="Space.")
@click.option("--part", default="", help="Of strnas: extractor, rectifier or both.")
@click.option("--repetitions", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--threads", type=click.IntRange(1, 1024), default=1, show_default=True)
@click.option("--device", default="cpu", show_default=True, help="auto, cpu, cuda, cuda:1, ...")
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def measure(
    out: Path,
    name: str,
    part: str,
    repetitions: int,
    threads: int,
    device: str,
    quiet: bool,
    as_json: bool,
) -> None:
    """Time every candidate at every shape, one image at a time, and write the table to OUT.

    Searchers with a latency term read it (bench run --latency-table OUT).
    """
    space = SpaceSettings(name, part=part).load()
    # Found out now, and not after the measurement.
    if out.is_dir() or not out.absolute().parent.is_dir():
        raise InputError(f"{out} cannot be written: expected a file in an existing folder")
    from bench.records.manifest import hardware, versions
    from bench.running.latency import LatencyEntry, LatencyTable, write_latency
    from bench.running.progress import counting
    from trainers.compute import resolve_device
    from trainers.latency import STEM, measure_latency

    device = str(resolve_device(device))
    with counting("measuring latency", quiet) as report:
        timings = measure_latency(space, device, threads, repetitions, report)
    stem = next(one for one in timings if one.operation == STEM)
    entries = [
        LatencyEntry(one.shape, one.operation, one.ms, one.spread_ms)
        for one in timings
        if one is not stem
    ]
    # torch's threads are those of the measurement, not those of this process.
    machine = {**hardware(device), "torch_threads": threads}
    table = LatencyTable(
        space.name, device, threads, repetitions, machine, versions(), stem.ms, entries
    )
    write_latency(table, out)
    facts = _facts(out, table)
    if as_json:
        print_json(facts)
    else:
        print_facts(facts)


@latency.command()
@click.argument("table", type=click.Path(path_type=Path, dir_okay=False))
@click.option("-n", "number", type=click.IntRange(3, 1000), default=10, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--repetitions", type=click.IntRange(1, 100_000), default=20, show_default=True)
@click.option("--quiet", is_flag=True, help="No progress bar.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(
    table: Path, number: int, seed: int, repetitions: int, quiet: bool, as_json: bool
) -> None:
    """Compare sums of TABLE with times of whole backbones of architectures drawn at random.

    They are timed on the device and with the threads that the table was measured with.
    """
    from bench.running.latency import compare_sums, latency_array, read_latency
    from bench.running.progress import counting
    from trainers.latency import measure_backbones

    found = read_latency(table)
    space = SpaceSettings(found.space).load()
    array = latency_array(found, space)
    rows = space.sample(number, np.random.default_rng(seed))
    with counting("measuring latency", quiet) as report:
        timings = measure_backbones(space, rows, found.device, found.threads, repetitions, report)
    edges = space.path_graph().edges_of(rows[:, : space.path_length])
    sums = found.stem_ms + array[edges, rows[:, space.path_length :]].sum(axis=1)
    checked = compare_sums(sums, np.array([one.ms for one in timings]))
    facts = {"table": str(table), "architectures": number, "repetitions": repetitions, **checked}
    if as_json:
        listed = [
            {"text": one.operation, "sum_ms": float(ms), "ms": one.ms, "spread_ms": one.spread_ms}
            for one, ms in zip(timings, sums, strict=True)
        ]
        print_json({**facts, "measured": listed})
        return
    print_table(
        ["architecture", "sum, ms", "measured, ms", "spread, ms"],
        [
            (one.operation, f"{ms:.2f}", f"{one.ms:.2f}", f"{one.spread_ms:.2f}")
            for one, ms in zip(timings, sums, strict=True)
        ],
    )
    print_facts(facts)


def _facts(out: Path, table: Any) -> dict[str, Any]:
    slowest = max(table.entries, key=lambda entry: entry.ms)
    spreads = sorted(entry.spread_ms / entry.ms for entry in table.entries if entry.ms > 0)
    return {
        "file": str(out),
        "device": table.device,
        "threads": table.threads,
        "repetitions": table.repetitions,
        "entries": len(table.entries),
        "stem_ms": table.stem_ms,
        "slowest": f"{slowest.operation} {slowest.shape}",
        "slowest_ms": slowest.ms,
        "median_relative_spread": spreads[len(spreads) // 2] if spreads else 0.0,
    }
