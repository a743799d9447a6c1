"""Lines of the trainer's tables."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from benchmarks.common.pair import NAMES
from benchmarks.common.rows import Row

HEADER = (
    "", "ours s", "min-max", "images/s", "plain s", "min-max", "plain/ours", "min-max",
    "ours MiB", "plain MiB", "steps",
)  # fmt: skip
SHARES_HEADER = ("", "ours s", "share", "plain s", "share")


def line(row: Row, found: Mapping[str, Any]) -> list[str]:
    """One line: seconds of a round's work, by architecture; ratios; peaks."""
    result = found[row.name]
    each = 1 if row.verb == "population" else len(row.encodings)
    cells = [row.name]
    for name in NAMES:
        seconds = [value / each for value in result[name]["seconds"]]
        cells += [f"{statistics.median(seconds):.3f}", spread(seconds)]
        if name == "ours":
            cells.append(f"{row.images_consumed / each / statistics.median(seconds):.1f}")
    cells += [f"{result['ratio']:.2f}", spread(result["ratios"])]
    cells += [f"{result[name]['peak_bytes'] / 2**20:.0f}" for name in NAMES]
    step = found.get(f"weights {row.batch}, random paths")
    if step is None or row.verb not in ("gates-all", "gates-two", "weights"):
        return [*cells, ""]
    # Both rows took turns at other times: the ratio is of medians.
    in_steps = statistics.median(result["ours"]["seconds"]) / len(row.encodings)
    in_steps /= statistics.median(step["ours"]["seconds"]) / step["architectures"]
    return [*cells, f"{in_steps:.2f}"]


def spread(values: list[float]) -> str:
    """Smallest and largest."""
    return f"{min(values):.2f}-{max(values):.2f}"


def shares_table(shares: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    """Parts of a step, and their sum."""
    whole = {name: sum(shares[name].values()) for name in NAMES}
    rows = []
    for part in [*shares["ours"], "sum"]:
        cells = [part]
        for name in NAMES:
            seconds = whole[name] if part == "sum" else shares[name].get(part, 0.0)
            cells += [f"{seconds:.3f}", f"{seconds / whole[name]:.0%}"]
        rows.append(cells)
    return rows
