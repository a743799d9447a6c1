"""Proxy scores against final ones: what inherited weights promise, and what training delivers.

The final score of an architecture is the mean over seeds of its score on ``test`` after training
from scratch (`bench retrain`). Its proxy score is the one with inherited weights, averaged over the
runs that know one: the referee's on ``test``, or the searchers' own evaluations on search_val. The
two are never mixed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bench.comparison.agreement import agreement
from bench.comparison.answers import Missing, value_or_least
from bench.comparison.final_scores import (
    FinalRow,
    FinalScores,
    Kind,
    NoFinalScores,
    Point,
    TrainingRow,
)
from bench.comparison.groups import Groups
from bench.comparison.protocol import Protocol
from bench.comparison.retraining import SEEDS, commands, recommended
from bench.comparison.trainings import Models, Training
from bench.records.errors import RecordError
from bench.records.record import FRESH_WEIGHTS, RunRecord
from bench.statistics.answers import Floats, NotComputable
from bench.statistics.clusters import units_of
from bench.statistics.intervals import mean_interval, standard_deviation
from spaces import Space

NO_MODELS = (
    "no trained models were given, so nothing is known of final scores: train what the runs "
    f"recommend with {SEEDS} seeds, then give the folder of the models as --models"
)
NO_TRAINING = "the scores of these runs are made up or replayed: no trained model belongs to them"

Trained = Mapping[str, Sequence[Training]]
PROXIES: dict[Kind, str] = {
    "test": (
        "Proxy scores are the referee's: with inherited weights, on test, when a run last "
        "recommended the architecture."
    ),
    "search_val": (
        "Proxy scores are those of the searchers' last evaluations: with inherited weights, on "
        "search_val. Recommendations were selected on them, so theirs are too high."
    ),
}


def proxy_final(
    records: Sequence[RunRecord],
    groups: Groups,
    space: Space,
    models: Models,
    protocol: Protocol,
) -> FinalScores | NoFinalScores:
    """The final scores, a row for each architecture trained, or the reason why there is none."""
    if records[0].evaluator != "supernet":
        return NoFinalScores(NO_TRAINING)
    if not models.given:
        return NoFinalScores(NO_MODELS, commands=commands(groups, {}, {}))
    trained = models.trained
    conditions = next((each.conditions for found in trained.values() for each in found), {})
    seeds = {text: {each.seed for each in found} for text, found in trained.items()}
    left_out, lacking = tuple(models.left_out), commands(groups, seeds, conditions)
    if not trained:
        reason = f"none of the {models.given} models given belongs to these runs"
        return NoFinalScores(reason, left_out, lacking)
    kind, proxies = _proxies(records, set(trained))
    points = [_point(found, proxies.get(text), groups, protocol) for text, found in trained.items()]
    points.sort(key=lambda point: (-point.mean, point.architecture))
    return FinalScores(
        proxy=kind,
        notes=_notes(points, kind, records),
        agreement=agreement(points, space, protocol),
        points=tuple(points),
        searchers=_by_searcher(groups, trained, protocol),
        trainings=tuple(_row(training) for found in trained.values() for training in found),
        left_out=left_out,
        commands=lacking,
    )


def run_scores(
    records: Sequence[RunRecord], models: Models, protocol: Protocol
) -> dict[str, float]:
    """Run id -> mean final score of what it recommends, over ``final_seeds`` trainings or more.

    A run whose recommendation lacks trainings has no score, and is counted as one that failed.
    ``RecordError`` for runs that nothing can be trained from.
    """
    if records[0].evaluator != "supernet":
        raise RecordError(f"endpoint final: {NO_TRAINING}; choose --endpoint shared")
    enough = {
        text: float(_scores(found).mean())
        for text, found in models.trained.items()
        if len(found) >= protocol.final_seeds
    }
    ends = {record.run_id: recommended(record) for record in records}
    return {run: enough[text] for run, text in ends.items() if text in enough}


def _proxies(
    records: Sequence[RunRecord], trained: set[str]
) -> tuple[Kind, dict[str, list[float]]]:
    """The kind of proxy score that covers more of ``trained``, and each run's last of each."""
    found: dict[Kind, dict[str, list[float]]] = {"test": {}, "search_val": {}}
    for record in records:
        last: dict[tuple[Kind, str], float | None] = {}
        for event in record.events:
            if event.look is not None:
                last["test", event.look.architecture] = event.look.score
            elif event.kind == "evaluate" and event.work.architecture is not None:
                last["search_val", event.work.architecture] = event.result.score
        for (kind, text), score in last.items():
            if text in trained and score is not None:
                found[kind].setdefault(text, []).append(score)
    best: Kind = "search_val" if len(found["search_val"]) > len(found["test"]) else "test"
    return best, found[best]


def _point(
    trained: Sequence[Training],
    proxies: Sequence[float] | None,
    groups: Groups,
    protocol: Protocol,
) -> Point:
    scores = _scores(trained)
    final = mean_interval(scores, protocol.level)
    if len(scores) == 1:
        final = NotComputable("an interval needs at least 2 seeds, not 1", float(scores[0]), 1)
    text = trained[0].text
    return Point(
        architecture=text,
        recommended_by=tuple(
            group.label for group in groups.groups if text in map(recommended, group.complete)
        ),
        proxy=None if proxies is None else float(np.mean(proxies)),
        proxy_runs=len(proxies or ()),
        final=final,
        sd=standard_deviation(scores) if len(scores) > 1 else None,
        seeds=tuple(training.seed for training in trained),
        scores=tuple(scores.tolist()),
        images=float(np.mean([training.images for training in trained])),
        gradient_norm=_untrained(trained, "gradient_norm"),
        snip=_untrained(trained, "snip"),
    )


def _untrained(trained: Sequence[Training], key: str) -> float | None:
    """Mean over seeds of a measure of the untrained network; None where one does not know it."""
    found = [getattr(training.untrained, key, None) for training in trained]
    return None if None in found else float(np.mean(np.array(found)))


def _notes(points: Sequence[Point], kind: Kind, records: Sequence[RunRecord]) -> tuple[str, ...]:
    """What one has to know to read the numbers."""
    found = [PROXIES[kind]]
    weights = {record.supernet for record in records}
    if FRESH_WEIGHTS in weights:
        found.append("Each run trained weights of its own: scores of two runs differ in them, too.")
    elif len(weights) > 1:
        found.append(f"The runs started from {len(weights)} supernets, and scores differ in them.")
    unscored = sum(point.proxy is None for point in points)
    if unscored:
        found.append(f"{unscored} of {len(points)} architectures have no such score in any run.")
    few = sum(len(point.scores) < SEEDS for point in points)
    if few:
        found.append(
            f"{few} of {len(points)} architectures were trained with fewer than {SEEDS} seeds: "
            "their means are rough."
        )
    both = [point for point in points if point.proxy is not None]
    blind = sum(point.snip is None for point in both)
    if 0 < blind < len(both):
        found.append(
            f"{blind} of {len(both)} architectures have trainings without measures of the "
            "untrained network, so that these are no rivals here."
        )
    chosen = sum(bool(point.recommended_by) for point in points)
    found.append(
        f"{chosen} of {len(points)} architectures are recommendations, which is no sample of the "
        "space: among good ones a proxy has a harder time than among all."
    )
    return tuple(found)


def _by_searcher(groups: Groups, trained: Trained, protocol: Protocol) -> tuple[FinalRow, ...]:
    """Final scores of what each searcher recommended: of supernets, or of runs of one."""
    rows = []
    for group in groups.groups:
        ends = [(recommended(run) or "", run.supernet) for run in group.complete]
        found = [(text, supernet) for text, supernet in ends if text in trained]
        means = np.array([float(_scores(trained[text]).mean()) for text, _ in found])
        units = units_of(means, [supernet for _, supernet in found])
        final = mean_interval(units.scores, protocol.level) if found else Missing("not retrained")
        if len(means) == 1:
            final = NotComputable("an interval needs at least 2 runs, not 1", float(means[0]), 1)
        different = len({text for text, _ in found})
        rows.append(FinalRow(group.label, len(ends), len(found), different, final))
    return tuple(sorted(rows, key=lambda row: (-value_or_least(row.final), row.searcher)))


def _row(training: Training) -> TrainingRow:
    return TrainingRow(
        training.text, training.seed, training.score, training.images, str(training.folder)
    )


def _scores(trained: Sequence[Training]) -> Floats:
    """Final scores (seeds,)."""
    return np.array([training.score for training in trained], dtype=np.float64)
