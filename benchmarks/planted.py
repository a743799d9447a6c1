"""Which searchers beat random search on a planted optimum; prints a table and can write JSON.

    python -m benchmarks.planted [--seeds 20] [--evaluations 300] [--noise 0.02] [--json FILE]

Each seed plants another landscape; all searchers see the same ones. No budget goes into weights, so
the evaluations are what it says. Quality is the landscape's, without noise, of what is recommended;
p is of a one-sided Wilcoxon signed-rank test against random search, paired by landscape.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import wilcoxon

from bench.running.evaluators.landscape import Landscape
from searchers import SEARCHERS, load_searcher
from searchers.base import Evaluate, Evaluated, Problem, Searcher
from searchers.black_box import BlackBox
from spaces import Space, load_space

Qualities = npt.NDArray[np.float64]
#: Images of one evaluation; any number does.
EVALUATION = 32


@dataclass(frozen=True)
class Row:
    """One line of the table: ``gain`` is the mean over random search, ``seconds`` all seeds'."""

    searcher: str
    mean: float
    sd: float
    gain: float
    p: float
    seconds: float


def black_box_searchers() -> list[str]:
    """Names of the registered searchers that only see scores."""
    return [name for name in sorted(SEARCHERS) if issubclass(load_searcher(name), BlackBox)]


def searcher_for(
    name: str, space: Space, evaluations: int, seed: int, settings: Mapping[str, Any] | None = None
) -> Searcher:
    """A searcher whose budget is so many evaluations and no training."""
    kind = load_searcher(name)
    problem = Problem(space, evaluations * EVALUATION, 1, EVALUATION)
    made: Searcher = kind(
        problem,
        kind.Settings(**{"training_share": 0.0, **(settings or {})}),
        np.random.default_rng(seed),
    )
    return made


def climb(searcher: Searcher, landscape: Landscape, evaluations: int) -> float:
    """Quality of what is recommended after so many evaluations, or when nothing is left to do."""
    for _ in range(evaluations):
        work = searcher.ask(1)
        if not work:
            break
        results = []
        for item in work:
            if not isinstance(item, Evaluate):
                raise TypeError(f"{type(item).__name__}: expected evaluations only")
            row = searcher.problem.space.encode([item.architecture])
            results.append(Evaluated(item, float(landscape.scores(row)[0])))
        searcher.tell(results)
    found = searcher.problem.space.encode([searcher.recommend()])
    return float(landscape.quality(found)[0])


def qualities(
    name: str,
    seeds: Sequence[int],
    evaluations: int,
    noise: float = 0.02,
    settings: Mapping[str, Any] | None = None,
) -> Qualities:
    """One quality for each seed, which plants the landscape and leads the searcher."""
    space = load_space("autostr")
    return np.array(
        [
            climb(
                searcher_for(name, space, evaluations, seed, settings),
                Landscape(space, seed, noise),
                evaluations,
            )
            for seed in seeds
        ]
    )


def p_value(found: Qualities, random: Qualities) -> float:
    """That ``found`` is no better than ``random``; 1 when they are the same."""
    if np.array_equal(found, random):
        return 1.0
    return float(wilcoxon(found, random, alternative="greater").pvalue)


def measure(
    names: Sequence[str], seeds: Sequence[int], evaluations: int, noise: float
) -> list[Row]:
    """The table, the best first."""
    random = qualities("random", seeds, evaluations, noise)
    rows = []
    for name in names:
        start = time.perf_counter()
        found = qualities(name, seeds, evaluations, noise)
        seconds = time.perf_counter() - start
        gain, p = float((found - random).mean()), p_value(found, random)
        rows.append(Row(name, float(found.mean()), float(found.std(ddof=1)), gain, p, seconds))
    return sorted(rows, key=lambda row: -row.mean)


def main() -> None:
    """Measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=20, metavar="N")
    parser.add_argument("--evaluations", type=int, default=300, metavar="N")
    parser.add_argument("--noise", type=float, default=0.02, metavar="SD")
    parser.add_argument("--searchers", nargs="+", default=None, metavar="NAME")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.seeds < 2 or given.evaluations < 1:
        parser.error(
            f"{given.seeds} seeds, {given.evaluations} evaluations: expected at least 2 and 1"
        )
    names = given.searchers or black_box_searchers()
    rows = measure(names, range(given.seeds), given.evaluations, given.noise)
    print(
        f"{given.evaluations} evaluations, {given.seeds} seeds, noise {given.noise}; "
        "quality: 0.9 is the optimum"
    )
    print(f"{'searcher':16s} {'mean':>7s} {'sd':>7s} {'gain':>8s} {'p':>9s} {'seconds':>8s}")
    for row in rows:
        print(
            f"{row.searcher:16s} {row.mean:7.4f} {row.sd:7.4f} {row.gain:+8.4f} {row.p:9.2g} "
            f"{row.seconds:8.1f}"
        )
    if given.json:
        report = {
            "evaluations": given.evaluations,
            "seeds": given.seeds,
            "noise": given.noise,
            "rows": [asdict(row) for row in rows],
        }
        given.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
