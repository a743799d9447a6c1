"""Seconds that searchers take to think: per ask and tell, and to restore a state.

    python -m benchmarks.searchers [NAME ...] [--evaluations 1000] [--rounds 3] [--json FILE]

Scores come from the planted landscape and no budget goes into weights. Printed are the medians over
the rounds of milliseconds per piece of work (evaluations; for gradient searchers also weight steps
and gate gradients), the median of the last tenth of a run and the mean of all of it, and of seconds
to load its state.

Beside tpe, optuna:* and nevergrad:* stands the ratio to the same library driven bare: the same
algorithm, options, encoding and landscape, in the same process, the two taking turns after every
evaluation. It is of the medians of the last tenth; what the bare loop needs to decode and score its
points is not counted.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import numpy as np

from bench.doctor.rehearsal import rehearse
from bench.records.manifest import hardware, versions
from bench.running.evaluators.landscape import Landscape
from searchers import SEARCHERS
from searchers.base import Evaluate, Problem, Searcher
from searchers.black_box import BlackBox
from searchers.finding import find_searcher
from searchers.libraries.encoded import EncodedBlackBox
from searchers.nevergrad_search import NevergradSettings
from spaces import load_space

#: Images of an evaluation and of a weight step; any numbers do.
EVALUATION, STEP = 32, 8
SPACE = load_space("autostr")
#: Seconds of one ask and tell, one evaluation after the other.
Seconds = Iterator[float]


def main() -> None:
    """Measure, print, and write JSON when asked."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="default: all that are registered")
    parser.add_argument("--evaluations", type=int, default=1000, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args()
    if given.evaluations < 10 or given.rounds < 1:
        parser.error(f"{given.evaluations} evaluations, {given.rounds} rounds: at least 10 and 1")
    print(f"{given.evaluations} evaluations, n = {given.rounds} rounds; milliseconds per ask+tell")
    print(f"{'':34s} {'at end':>8s} {'mean':>8s} {'pieces':>7s} {'restore s':>9s} {'to bare':>8s}")
    results = {}
    for name in given.names or sorted(SEARCHERS):
        rounds = [measure(name, seed, given.evaluations) for seed in range(given.rounds)]
        found = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        results[name] = {"median": found, "rounds": rounds}
        ratio = f"{found['to_bare']:8.2f}" if "to_bare" in found else f"{'-':>8s}"
        print(
            f"{name:34s} {found['end_ms']:8.3f} {found['mean_ms']:8.3f} {found['pieces']:7.0f} "
            f"{found['restore_seconds']:9.3f} {ratio}",
            flush=True,
        )
    if given.json:
        document = {
            "evaluations": given.evaluations,
            "searchers": results,
            "hardware": hardware("cpu"),
            "versions": versions(),
        }
        given.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def measure(name: str, seed: int, evaluations: int) -> dict[str, float]:
    """One round of one searcher."""
    searcher = make(name, seed, evaluations)
    ours, bare = [], []
    other = bare_library(searcher, seed, evaluations)
    for seconds in islice(thinking(searcher, evaluations), evaluations):
        ours.append(seconds)
        if other is not None:
            bare.append(next(other))
    tail = max(1, len(ours) // 10)
    found = {
        "end_ms": 1e3 * statistics.median(ours[-tail:]),
        "mean_ms": 1e3 * statistics.fmean(ours),
        "pieces": float(len(ours)),
        "restore_seconds": restoring(name, searcher, evaluations),
    }
    if bare:
        found["to_bare"] = statistics.median(ours[-tail:]) / statistics.median(bare[-tail:])
        found["bare_ms"] = 1e3 * statistics.median(bare[-tail:])
    return found


def make(name: str, seed: int, evaluations: int) -> Searcher:
    """A searcher whose budget is so many evaluations, with no share for weights if it may."""
    found = find_searcher(name)
    settings: dict[str, Any] = dict(found.given)
    if "training_share" in {field.name for field in fields(found.kind.Settings)}:
        settings["training_share"] = 0.0
    of = Problem(SPACE, evaluations * EVALUATION, STEP, EVALUATION)
    return found.kind(of, found.kind.Settings(**settings), np.random.default_rng(seed))


def thinking(searcher: Searcher, evaluations: int) -> Seconds:
    """What each piece of work takes; only evaluations of a searcher that only sees scores."""
    for step in rehearse(searcher, evaluations * EVALUATION):
        if isinstance(step.work, Evaluate) or not isinstance(searcher, BlackBox):
            yield step.seconds


def restoring(name: str, searcher: Searcher, evaluations: int) -> float:
    """Seconds to load the state of ``searcher`` into a new one."""
    state = json.loads(json.dumps(searcher.state_dict()))
    fresh = make(name, 0, evaluations)
    start = time.perf_counter()
    fresh.load_state_dict(state)
    return time.perf_counter() - start


def bare_library(searcher: Searcher, seed: int, evaluations: int) -> Seconds | None:
    """The library that ``searcher`` wraps, without us; None for a searcher of our own."""
    from searchers.optuna_search import OptunaAdapter

    if not isinstance(searcher, EncodedBlackBox):
        return None
    encoding = SPACE.named_encoding(searcher.settings.encoding)
    landscape = Landscape(SPACE, seed)

    def score(point: list[int]) -> float:
        return float(landscape.scores(encoding.decode([point])[0])[0])

    if isinstance(searcher, OptunaAdapter):
        return bare_optuna(*searcher._sampler(), encoding.cardinalities, score, seed)
    if isinstance(searcher.settings, NevergradSettings):
        optimiser = searcher.settings.optimiser
        return bare_nevergrad(optimiser, encoding.cardinalities, score, seed, evaluations)
    return None


def bare_optuna(
    sampler: str,
    options: dict[str, Any],
    cardinalities: tuple[int, ...],
    score: Callable[[list[int]], float],
    seed: int,
) -> Seconds:
    """Optuna as its manual says: one sampler, plain categorical distributions."""
    import optuna

    kinds = {
        "tpe": optuna.samplers.TPESampler,
        "gp": optuna.samplers.GPSampler,
        "nsgaii": optuna.samplers.NSGAIISampler,
    }
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=kinds[sampler](seed=seed, **options))
    choices: dict[str, optuna.distributions.BaseDistribution] = {
        f"choice_{place:04d}": optuna.distributions.CategoricalDistribution(range(n))
        for place, n in enumerate(cardinalities)
    }
    while True:
        start = time.perf_counter()
        trial = study.ask(choices)
        point = list(trial.params.values())
        asked = time.perf_counter() - start
        value = score(point)
        start = time.perf_counter()
        study.tell(trial, value)
        yield asked + time.perf_counter() - start


def bare_nevergrad(
    optimiser: str,
    cardinalities: tuple[int, ...],
    score: Callable[[list[int]], float],
    seed: int,
    evaluations: int,
) -> Seconds:
    """nevergrad with one TransitionChoice for choices of one size."""
    import nevergrad as ng

    groups = [
        ng.p.TransitionChoice(range(options), repetitions=len(list(members)))
        for options, members in groupby(cardinalities)
    ]
    parameters = ng.p.Tuple(*groups)
    parameters.random_state = np.random.RandomState(seed)
    made = ng.optimizers.registry[optimiser](parameters, budget=evaluations, num_workers=1)
    while True:
        start = time.perf_counter()
        candidate = made.ask()
        point = [int(option) for group in candidate.value for option in group]
        asked = time.perf_counter() - start
        value = score(point)
        start = time.perf_counter()
        made.tell(candidate, 1e6 * (1.0 - value))
        yield asked + time.perf_counter() - start


if __name__ == "__main__":
    main()
