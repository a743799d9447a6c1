"""Models on test sets: word accuracy, 1-NED, and the time of one image.

The protocol: labels and predictions are reduced to letters and digits, lower-cased unless case
counts. What has no label, or none left, is left out. All other words count: those whose image
cannot be decoded are read as nothing, and a model of words of at most N characters gives no more
than N, so it is wrong about longer ones.

Shape legend: H rows and W columns of the model's input size, 3 RGB.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from bench.models.stored import TrainedModel
from bench.models.test_sets import TestSet, TestSets, WordProtocol
from bench.records.errors import RecordError
from bench.records.manifest import hardware
from bench.statistics.answers import Estimate
from bench.statistics.proportions import wilson_interval
from spaces.errors import InputError
from trainers.allocator import keep_large_buffers
from trainers.data.image import resize_image, try_decode
from trainers.data.store import WordLMDB
from trainers.metrics import score_words

BATCH_IMAGES = 64
WARM_UP = 5
RGB = NDArray[np.uint8]
Report = Callable[[int, int], None]


@dataclass(frozen=True)
class SetScores:
    """How a model reads a set; ``accuracy`` is a fraction with Wilson's interval.

    ``hits`` says of each word whether it was read (words,). ``unreadable`` images and labels that
    are ``too_long`` for the model are among the errors.
    """

    test_set: TestSet
    hits: NDArray[np.bool_]
    accuracy: Estimate
    one_ned: float
    unreadable: int
    too_long: int

    @property
    def correct(self) -> int:
        """Words that were read."""
        return int(self.hits.sum())


@dataclass(frozen=True)
class Latency:
    """Milliseconds from a decoded image of input size to its word, one image at a time."""

    ms: float
    spread_ms: float
    crops: int
    device: str
    threads: int


@dataclass(frozen=True)
class ModelScores:
    """A model and what it scored; ``latency`` is None where it was not measured.

    ``known`` maps a set's title to the split that the model knows its words from.
    """

    trained: TrainedModel
    scores: tuple[SetScores, ...]
    latency: Latency | None
    known: dict[str, str] = field(default_factory=dict)

    def average(self, sets: Sequence[TestSet]) -> Estimate:
        """Word accuracy over all words of ``sets``."""
        chosen = [each for each in self.scores if each.test_set in sets]
        return wilson_interval(
            sum(each.correct for each in chosen), sum(each.accuracy.n for each in chosen)
        )


@dataclass(frozen=True)
class Evaluation:
    """All rows, under one protocol."""

    protocol: WordProtocol
    sets: TestSets
    rows: tuple[ModelScores, ...]


def check_charset(trained: TrainedModel, protocol: WordProtocol) -> None:
    """``InputError`` for a model that cannot tell what the protocol compares."""
    charset = trained.model.charset
    if protocol.case_sensitive and charset.folds_case:
        raise InputError(
            f"{trained.folder} reads the {len(charset)} characters of charset {charset.title}, no "
            "upper case among them: leave out --case-sensitive, or choose another --charset"
        )
    unread = protocol.charset.members - charset.members
    if protocol.characters != "36" and unread and not protocol.case_sensitive:
        raise InputError(
            f"{trained.folder} reads charset {charset.title}, which lacks {len(unread):,} of the "
            f"characters of charset {protocol.charset.title}: choose another --charset"
        )


def evaluate(
    models: Sequence[TrainedModel],
    sets: TestSets,
    protocol: WordProtocol,
    latency_images: int,
    report: Report = lambda done, total: None,
) -> Evaluation:
    """Read all sets with all models, in batches from disk; a byte of each word is kept.

    ``report(done, total)`` counts words. Raises ``InputError`` as ``check_charset`` does, and
    ``RecordError`` for a model whose output is not finite.
    """
    for trained in models:
        check_charset(trained, protocol)
    keep_large_buffers()
    done, total = 0, len(models) * sum(each.words for each in sets.found)

    def count(words: int) -> None:
        nonlocal done
        done += words
        report(done, total)

    rows = []
    for trained in models:
        scores = tuple(_score(trained, each, protocol, count) for each in sets.found)
        known = {each.title: split for each in sets.found if (split := _split_of(trained, each))}
        rows.append(ModelScores(trained, scores, _latency(trained, sets, latency_images), known))
    return Evaluation(protocol, sets, tuple(rows))


def _score(
    trained: TrainedModel, test_set: TestSet, protocol: WordProtocol, count: Callable[[int], None]
) -> SetScores:
    longest = trained.model.description.max_length
    similarity, unreadable, too_long = 0.0, 0, 0
    hits = np.zeros(test_set.words, dtype=np.bool_)
    done = 0
    words = _words(test_set, protocol, trained.model.input_size)
    while batch := list(islice(words, BATCH_IMAGES)):
        labels = [label for label, _ in batch]
        read = iter(_read(trained, [image for _, image in batch if image is not None]))
        predictions = [
            "" if image is None else protocol.reduce(next(read)[:longest]) for _, image in batch
        ]
        found = score_words(predictions, labels)
        hits[done : done + len(batch)] = [a == b for a, b in zip(predictions, labels, strict=True)]
        done += len(batch)
        similarity += found.one_ned * found.words
        unreadable += sum(image is None for _, image in batch)
        too_long += sum(len(label) > longest for label in labels)
        count(len(batch))
    accuracy = wilson_interval(int(hits.sum()), test_set.words)
    one_ned = similarity / test_set.words
    return SetScores(test_set, hits, accuracy, one_ned, unreadable, too_long)


def _words(
    test_set: TestSet, protocol: WordProtocol, size: tuple[int, int]
) -> Iterator[tuple[str, RGB | None]]:
    """Reduced label and (H, W, 3) image of each word, None for one that cannot be decoded."""
    store = WordLMDB(test_set.path)
    for index in range(len(store)):
        # By itself: a record of which only the image is damaged has no label either.
        label = store.label(index)
        reduced = "" if label is None else protocol.reduce(label)
        if reduced:
            image = try_decode(store.record(index)[0])
            yield reduced, None if image is None else resize_image(image, *size)


def _read(trained: TrainedModel, images: list[RGB]) -> list[str]:
    words = trained.model.read(np.stack(images)) if images else []
    if words is None:
        raise RecordError(
            f"the output of {trained.folder} is not finite: its training diverged, train it again"
        )
    return words


def _latency(trained: TrainedModel, sets: TestSets, limit: int) -> Latency | None:
    """Of the first ``limit`` crops that can be read, each alone; None where there are none."""
    size, protocol = trained.model.input_size, WordProtocol()
    images = (image for each in sets.found for _, image in _words(each, protocol, size))
    crops = list(islice((image for image in images if image is not None), limit))
    if not crops:
        return None
    for crop in crops[:WARM_UP]:
        _read(trained, [crop])
    ms = []
    for crop in crops:
        start = time.perf_counter_ns()
        _read(trained, [crop])
        ms.append((time.perf_counter_ns() - start) / 1e6)
    low, middle, high = np.quantile(ms, [0.25, 0.5, 0.75]).tolist()
    machine = hardware(str(trained.model.device))
    named = machine["accelerator"] or machine["processor"] or machine["machine"]
    device = f"{machine['device']}: {named}"
    return Latency(middle, high - low, len(crops), device, machine["torch_threads"])


def _split_of(trained: TrainedModel, test_set: TestSet) -> str:
    """The split that the model was made with and that holds these very words; '' if none does."""
    for split in ("search_train", "search_val"):
        if test_set.content_hash in getattr(trained.card.data, split).hashes:
            return split
    return ""
