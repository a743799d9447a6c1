"""Lines of the trainer's tables."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.common.rows import Row


def header(names: Sequence[str]) -> list[str]:
    """Of the lines below."""
    cells = [""]
    for name in names:
        cells += [f"{name} s", "min-max", *(["images/s"] if name == "ours" else [])]
    for name in names[1:]:
        cells += [f"{name}/ours", "min-max"]
    return [*cells, *(f"{name} MiB" for name in names), "steps"]


def line(row: Row, found: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """One line: seconds of a round's work, by architecture; ratios; peaks. Ours is first."""
    result = found[row.name]
    each = 1 if row.verb == "population" else len(row.encodings)
    cells = [row.name]
    for name in names:
        seconds = [value / each for value in result[name]["seconds"]]
        cells += [f"{statistics.median(seconds):.3f}", spread(seconds)]
        if name == "ours":
            cells.append(f"{row.images_consumed / each / statistics.median(seconds):.1f}")
    for name in names[1:]:
        tail = "" if name == "plain" else f"_{name}"
        cells += [f"{result[f'ratio{tail}']:.2f}", spread(result[f"ratios{tail}"])]
    cells += [f"{result[name]['peak_bytes'] / 2**20:.0f}" for name in names]
    step = found.get(f"weights {row.batch}, random paths")
    if step is None or row.verb not in ("gates-all", "gates-two", "weights"):
        return [*cells, ""]
    # Both rows took turns at other times: the ratio is of medians.
    in_steps = statistics.median(result["ours"]["seconds"]) / len(row.encodings)
    in_steps /= statistics.median(step["ours"]["seconds"]) / step["architectures"]
    return [*cells, f"{in_steps:.2f}"]


def count(value: float) -> str:
    """Images per second, in thousands where there are many."""
    return f"{value / 1000:.1f}k" if value >= 1e4 else f"{value:.0f}"


def spread(values: list[float]) -> str:
    """Smallest and largest."""
    return f"{min(values):.2f}-{max(values):.2f}"


def shares_header(names: Sequence[str]) -> list[str]:
    """Of the table below."""
    return ["", *(cell for name in names for cell in (f"{name} s", "share"))]


def shares_table(shares: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """Parts of a step, and their sum."""
    whole = {name: sum(shares[name].values()) for name in shares}
    rows = []
    for part in [*shares["ours"], "sum"]:
        cells = [part]
        for name, of_name in shares.items():
            seconds = whole[name] if part == "sum" else of_name.get(part, 0.0)
            cells += [f"{seconds:.3f}", f"{seconds / whole[name]:.0%}"]
        rows.append(cells)
    return rows
