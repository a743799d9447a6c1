"""Speed of the AutoSTR space on one core; prints a table and can write JSON.

    python benchmarks/space.py [--architectures 1000000] [--repeats 3] [--json FILE]

Each row is the best of the repeats. Counting is measured from nothing, without the cache.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from spaces.autostr import AutoSTRSpace
from spaces.autostr.counting import MacCounts

LIMIT = 450_000_000


def best_seconds(repeats: int, work: Callable[[], object]) -> float:
    """Return the shortest of ``repeats`` timings of ``work``."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(n: int, repeats: int) -> dict[str, float]:
    """Return seconds by what was done, for ``n`` architectures."""
    space = AutoSTRSpace()
    rng = np.random.default_rng(0)
    encodings = space.sample(n, rng)
    space.sample(1, rng, LIMIT)
    one = encodings[:1]

    def sample_and_price() -> None:
        space.price(space.unrank(rng.integers(0, space.size, n)))

    work: dict[str, Callable[[], object]] = {
        "draw, unrank, MACs and parameters": sample_and_price,
        "rank": lambda: space.rank(encodings),
        "is_valid": lambda: space.is_valid(encodings),
        "texts": lambda: space.texts(encodings),
        "mutate": lambda: space.mutate(encodings, rng),
        "crossover": lambda: space.crossover(encodings, encodings[::-1], rng),
        "sample under 450 M": lambda: space.sample(n, rng, LIMIT),
        "one sample under 450 M": lambda: space.sample(1, rng, LIMIT),
        "one mutation": lambda: space.mutate(one, rng),
        "neighbours of one": lambda: space.neighbours(one[0]),
        "build the count tables": lambda: MacCounts(space.costs, 15, strict=False),
    }
    return {name: best_seconds(repeats, task) for name, task in work.items()}


def main() -> None:
    """Measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--architectures", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    seconds = measure(given.architectures, given.repeats)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{given.architectures} architectures, best of {given.repeats}")
    for name, value in seconds.items():
        print(f"{name:36s} {value:10.5f} s")
    print(f"{'peak memory of the process':36s} {peak_mb:10.0f} MB")
    if given.json:
        report = {
            "architectures": given.architectures,
            "repeats": given.repeats,
            "seconds": seconds,
            "peak_mb": peak_mb,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "machine": platform.machine(),
        }
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
