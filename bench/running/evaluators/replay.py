"""Scores by the book: evaluations that earlier runs made, read from their logs.

What the record lacks a surrogate predicts (ridge regression on the operations of each layer and the
stage they lie in), with noise as large as its error, the same for an architecture whoever asks.
Its error on random records flatters it, so two others are stated: on the best tenth of records,
where searchers go, and on the records of a searcher that it did not learn from. Work is billed and
clocked as it was recorded, so that a study of thirty seeds takes seconds a run and still counts
images. Of runs that were replays themselves only what was measured is a record: a prediction does
not become one by being asked for.

A replayed score is a recorded or a predicted one, never measured in the run that shows it; the
evaluator is part of the run's identity and named in every report.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from statistics import fmean

import numpy as np
import numpy.typing as npt
from scipy.stats import kendalltau
from sklearn.linear_model import Ridge

from bench.records.errors import PresetError, RecordError
from bench.records.manifest import ReplayNamed
from bench.records.protocol_check import check_one_protocol
from bench.records.record import FRESH_WEIGHTS, PREDICTED, RECORDED, RunRecord
from bench.records.runs import find_runs, read_runs
from bench.running.evaluators.base import Evaluator, Outcome, RefereeScores
from searchers.base import Evaluate, Evaluated, Result, TrainWeights, WeightsTrained, Work
from spaces import Architecture, Space
from spaces.errors import SpaceError
from trainers.cost import Cost

#: Fewer evaluations than this fit no surrogate worth asking.
FEWEST = 30
FOLDS = 5
#: Quantile from which records are among the best.
BEST = 0.9
PENALTIES = (0.1, 1.0, 10.0, 100.0)

Rows = npt.NDArray[np.int8]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Record:
    """What earlier runs recorded of evaluations and weight training."""

    encodings: Rows
    scores: Scores
    evaluation_images: int
    evaluation_macs: float
    evaluation_seconds: float
    training_loss: float | None
    training_seconds: float
    #: For an image, since the replay's batches may be of another size.
    training_macs: float
    #: Who evaluated each architecture, the first of several; empty where that is not known.
    searchers: tuple[str, ...] = ()
    #: Evaluations of replays that were predicted there, and are no record.
    predicted: int = 0

    @property
    def digest(self) -> str:
        """Hash of architectures and scores: what makes it this record."""
        content = self.encodings.tobytes() + self.scores.tobytes()
        return blake2b(content, digest_size=12).hexdigest()


def read_record(place: Path, space: Space) -> Record:
    """The evaluations of all runs in and below a folder; repeated ones are averaged.

    ``RecordError`` where the runs come from different supernets or are too few to learn from.
    """
    runs = read_runs(find_runs([place]))
    check_one_protocol(runs)
    supernets = {run.supernet for run in runs}
    # Fresh weights depend on the seed: no two runs share them.
    if supernets == {FRESH_WEIGHTS} and len({run.seed for run in runs}) > 1:
        raise RecordError(
            f"{place} has runs of several seeds that began with fresh weights, no two of them the "
            "same: replay those of one seed, or of one trained supernet"
        )
    if len(supernets) > 1:
        raise RecordError(
            f"{place} has runs of {len(supernets)} supernets ({', '.join(sorted(supernets))}): "
            "replay those of one"
        )
    scores: dict[str, list[float]] = {}
    first: dict[str, str] = {}
    images, macs, seconds, predicted = [], [], [], 0
    for run in runs:
        for event in run.events:
            if (
                event.kind != "evaluate"
                or event.result.score is None
                or not event.work.architecture
            ):
                continue
            if event.result.predicted:
                predicted += 1
                continue
            scores.setdefault(event.work.architecture, []).append(event.result.score)
            first.setdefault(event.work.architecture, run.searcher)
            images.append(event.cost.images)
            macs.append(event.cost.macs)
            seconds.append(event.time.trainer or 0.0)
    members = {text: fmean(found) for text, found in scores.items() if _is_member(text, space)}
    if len(members) < FEWEST:
        besides = f" beside {predicted} that were predicted" if predicted else ""
        raise RecordError(
            f"{place} records {len(members)} different evaluations{besides}, expected {FEWEST} or "
            "more to fit a surrogate: make more runs first"
        )
    texts = sorted(members)
    return Record(
        space.encode([space.parse(text) for text in texts]),
        np.array([members[text] for text in texts]),
        round(fmean(images)),
        fmean(macs),
        fmean(seconds),
        *_training(runs),
        searchers=tuple(first[text] for text in texts),
        predicted=predicted,
    )


def _is_member(text: str, space: Space) -> bool:
    try:
        space.parse(text)
    except SpaceError:
        return False
    return True


def _training(runs: Sequence[RunRecord]) -> tuple[float | None, float, float]:
    """Mean loss and seconds of a weight step, and MACs of an image in one."""
    losses, seconds, steps, macs, images = [], 0.0, 0, 0, 0
    for run in runs:
        for event in run.events:
            if event.kind == "train_weights" and event.result.loss is not None:
                losses.append(event.result.loss)
                seconds += event.time.trainer or 0.0
                steps += len(event.work.architectures)
                macs += event.cost.macs
                images += event.cost.images
    loss = fmean(losses) if losses else None
    return loss, seconds / max(1, steps), macs / max(1, images)


class Surrogate:
    """Ridge regression; ``error`` and ``tau`` are those of predictions on held-out records.

    ``error_of_best`` is that on the best tenth of them, ``error_of_others`` that on the records of
    each searcher, learned from those of the others; None where one searcher made nearly all.
    """

    def __init__(self, space: Space, record: Record) -> None:
        self.space = space
        features = self._features(record.encodings)
        # Folds by position in a fixed shuffle: the same record gives the same surrogate.
        order = np.random.default_rng(0).permutation(len(features))
        best: tuple[float, float, float] | None = None
        top = record.scores >= np.quantile(record.scores, BEST)
        for penalty in PENALTIES:
            held_out = _cross_validated(features, record.scores, order, penalty)
            error = float(np.sqrt(np.mean((held_out - record.scores) ** 2)))
            if best is None or error < best[0]:
                tau = float(np.nan_to_num(kendalltau(held_out, record.scores).statistic))
                best = error, tau, penalty
                self.error_of_best = _root_mean_square(held_out[top] - record.scores[top])
        if best is None:
            raise RecordError("the record is empty: there is nothing to fit")
        self.error, self.tau, self.penalty = best
        self.error_of_others = _error_of_others(features, record, self.penalty)
        self._model = Ridge(alpha=self.penalty).fit(features, record.scores)

    def predict(self, encodings: Rows) -> Scores:
        """Predicted scores (N,), kept within [0, 1]."""
        return np.asarray(np.clip(self._model.predict(self._features(encodings)), 0.0, 1.0))

    def _features(self, encodings: Rows) -> npt.NDArray[np.float64]:
        """One-hot operations of each layer, one-hot stages of each layer, and log MACs."""
        length, kinds = self.space.path_length, len(self.space.operations)
        operations = np.eye(kinds)[encodings[:, length:]].reshape(len(encodings), -1)
        stages = np.cumsum(encodings[:, :length] != 0, axis=1)
        one_hot = np.eye(length + 1)[stages].reshape(len(encodings), -1)
        macs = np.log(self.space.macs(encodings))[:, None]
        return np.concatenate([operations, one_hot, macs - 18.0], axis=1)


class ReplayEvaluator(Evaluator):
    """Recorded scores where there are any, predicted ones elsewhere."""

    device = "none"

    def __init__(self, space: Space, record: Record, images_per_step: int) -> None:
        self.space = space
        self.record = record
        self.images_per_step = images_per_step
        self.surrogate = Surrogate(space, record)
        indices = space.rank(record.encodings).tolist()
        self._known = dict(zip(indices, record.scores.tolist(), strict=True))
        self._noise = int(record.digest[:12], 16)

    def describe(self) -> ReplayNamed:
        """What the manifest says of it."""
        return ReplayNamed(
            evaluations=len(self.record.scores),
            predicted_left_out=self.record.predicted,
            hash=self.record.digest,
            surrogate="ridge on operations, stages and log MACs",
            surrogate_penalty=self.surrogate.penalty,
            surrogate_error=self.surrogate.error,
            surrogate_error_of_best=self.surrogate.error_of_best,
            surrogate_error_of_others=self.surrogate.error_of_others,
            surrogate_kendall_tau=self.surrogate.tau,
        )

    def price(self, work: Work) -> Cost:
        if isinstance(work, TrainWeights):
            images = self.images_per_step * len(work.architectures)
            macs = round(self.record.training_macs * images)
            return Cost(images_forward_backward=images, macs=macs)
        if isinstance(work, Evaluate):
            macs = round(self.record.evaluation_macs)
            return Cost(images_forward=self.record.evaluation_images, macs=macs, evaluations=1)
        raise PresetError(
            "a replay has no gate gradients: run gradient searchers with evaluator = supernet"
        )

    def perform(self, work: Work) -> Result:
        if isinstance(work, TrainWeights):
            if self.record.training_loss is None:
                raise PresetError(
                    "the record has no weight training: set run.training_share = 0.0 to replay it"
                )
            return WeightsTrained(work, self.record.training_loss)
        if isinstance(work, Evaluate):
            return Evaluated(work, self._score(work.architecture))
        raise PresetError("a replay has no gate gradients")

    def execute_many(self, works: Sequence[Work]) -> list[Outcome]:
        """Clocked as recorded, not as looked up."""
        return [self._outcome(work) for work in works]

    def _outcome(self, work: Work) -> Outcome:
        result = self.perform(work)
        if isinstance(work, TrainWeights):
            return Outcome(result, self.record.training_seconds * len(work.architectures))
        predicted = isinstance(work, Evaluate) and work.architecture.index not in self._known
        return Outcome(result, self.record.evaluation_seconds, predicted=predicted)

    def scores_for_referee(self, architecture: Architecture, final: bool) -> RefereeScores:
        score = self._score(architecture)
        kind = RECORDED if architecture.index in self._known else PREDICTED
        return RefereeScores(score, score, None, None, None, None, 0, kind)

    def glance(self, architecture: Architecture) -> float | None:
        return self._score(architecture)

    def _score(self, architecture: Architecture) -> float:
        known = self._known.get(architecture.index)
        if known is not None:
            return float(known)
        mean = float(self.surrogate.predict(self.space.encode([architecture]))[0])
        # Of the architecture, not of the asking: to ask again must not help.
        digits = architecture.index.to_bytes(16, "little")
        words = [int.from_bytes(digits[at : at + 4], "little") for at in range(0, 16, 4)]
        noise = np.random.default_rng([self._noise, *words]).normal(0.0, self.surrogate.error)
        return min(1.0, max(0.0, mean + float(noise)))


def _root_mean_square(errors: Scores) -> float:
    return float(np.sqrt(np.mean(errors**2)))


def _error_of_others(
    features: npt.NDArray[np.float64], record: Record, penalty: float
) -> float | None:
    """On the records of each searcher, by a model of the others'."""
    names, errors = np.array(record.searchers), []
    for name in dict.fromkeys(record.searchers):
        own = names == name
        if len(names) - own.sum() < FEWEST:
            continue
        model = Ridge(alpha=penalty).fit(features[~own], record.scores[~own])
        errors.append(model.predict(features[own]) - record.scores[own])
    return _root_mean_square(np.concatenate(errors)) if errors else None


def _cross_validated(
    features: npt.NDArray[np.float64],
    scores: Scores,
    order: npt.NDArray[np.int64],
    penalty: float,
) -> Scores:
    """Predictions of each record by a model that did not see it."""
    predicted = np.zeros(len(scores))
    for fold in range(FOLDS):
        held = order[fold::FOLDS]
        rest = np.setdiff1d(order, held)
        predicted[held] = (
            Ridge(alpha=penalty).fit(features[rest], scores[rest]).predict(features[held])
        )
    return predicted
