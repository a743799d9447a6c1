"""Whether a file reads what the model reads, and how fast.

Shape legend: B images, H x W input size, S characters, N images in all.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from bench.models.export.errors import ExportError
from spaces.networks.normalisation import RunningStatistics
from trainers.models.reader import WordReader

if TYPE_CHECKING:
    from trainers.models.model import Model

Images = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]
#: ``images_BHW3 -> ids_BS, scores_B``.
Reader = Callable[[Images], tuple[Ids, Scores]]

BATCH_IMAGES = 64
#: Log-probability by which the closest decision of a word is won where rounding may turn it.
TIE = 1e-3
#: Log-probability of a word up to which two sums of the same numbers may differ.
ROUNDING = 1e-2
#: Calls that are not counted.
WARM_UP = 3


@dataclass(frozen=True)
class ReaderComparison:
    """How N words were read by a file and by torch; differences are of those read alike.

    ``ties`` are those of ``words_read_differently`` that rounding explains. ``beams_differ`` are
    words that the model itself, with all its beams, reads differently from greedy reading.
    """

    words: int
    words_read_differently: int
    ties: int
    greatest_score_difference: float
    greatest_log_probability_difference: float
    beams_differ: int

    def check(self) -> None:
        """``ExportError`` where rounding does not explain what differs."""
        wrong = self.words_read_differently - self.ties
        if wrong:
            raise ExportError(
                f"the file reads {wrong} of {self.words} words otherwise than torch does: nothing "
                "was written; try another format, or the versions of constraints.txt"
            )
        if self.greatest_log_probability_difference > ROUNDING:
            raise ExportError(
                "log-probabilities of words differ from torch's by up to "
                f"{self.greatest_log_probability_difference:.3g}, expected at most {ROUNDING}: "
                "nothing was written; try another format, or the versions of constraints.txt"
            )


@dataclass(frozen=True)
class ReadingTime:
    """Milliseconds of one image: median and quartiles."""

    median_ms: float
    lower_quartile_ms: float
    upper_quartile_ms: float


def torch_reader(model: Model) -> tuple[WordReader, Reader]:
    """The model's greedy reading by torch, its weights folded once; also as a ``Reader``."""
    reader = WordReader(model.network, RunningStatistics())

    def read(images_BHW3: Images) -> tuple[Ids, Scores]:
        with torch.inference_mode():
            ids_BS, scores_B, _ = reader(model.compute.images(images_BHW3))
        return ids_BS.numpy(), scores_B.numpy()

    return reader, read


def compare(model: Model, read: Reader, images_NHW3: Images) -> ReaderComparison:
    """Read all images both ways; ``ExportError`` where the model's own output is not finite."""
    reader, _ = torch_reader(model)
    score_gap = log_gap = 0.0
    different = ties = beams_differ = 0
    for start in range(0, len(images_NHW3), BATCH_IMAGES):
        images = images_NHW3[start : start + BATCH_IMAGES]
        ids_BS, scores_B = read(images)
        with torch.inference_mode():
            own = reader(model.compute.images(images))
        own_BS, own_scores_B, margins_B = (part.numpy() for part in own)
        if not np.isfinite(own_scores_B).all():
            raise ExportError("the model's output is not finite: train again")
        alike_B = (ids_BS == own_BS).all(1)
        different += int((~alike_B).sum())
        ties += int((~alike_B & (margins_B < TIE)).sum())
        pairs = scores_B[alike_B].astype(float), own_scores_B[alike_B].astype(float)
        score_gap = max(score_gap, float(np.abs(pairs[0] - pairs[1]).max(initial=0.0)))
        log_gap = max(log_gap, _log_gap(*pairs))
        if model.network.beam_width > 1:
            words = [model.codec.decode([i for i in row if i >= 0]) for row in own_BS.tolist()]
            beams = model.read(images) or []
            beams_differ += sum(one != other for one, other in zip(words, beams, strict=True))
    return ReaderComparison(len(images_NHW3), different, ties, score_gap, log_gap, beams_differ)


def time_in_turn(
    readers: Mapping[str, Reader], image_1HW3: Images, repetitions: int
) -> dict[str, ReadingTime]:
    """One image, all readers in turn, so that a busy moment of the machine meets all alike."""
    ms = np.zeros((repetitions, len(readers)))
    for round_ in range(-WARM_UP, repetitions):
        for column, read in enumerate(readers.values()):
            start = time.perf_counter_ns()
            read(image_1HW3)
            if round_ >= 0:
                ms[round_, column] = (time.perf_counter_ns() - start) / 1e6
    low, middle, high = np.quantile(ms, [0.25, 0.5, 0.75], axis=0)
    return {
        name: ReadingTime(float(middle[i]), float(low[i]), float(high[i]))
        for i, name in enumerate(readers)
    }


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """Torch on so many threads, put back afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _log_gap(ones: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> float:
    """Greatest difference of logarithms, of scores that float32 holds with all its digits."""
    held = np.minimum(ones, others) >= np.finfo(np.float32).tiny
    if not np.isfinite(ones).all():
        return math.inf
    return float(np.abs(np.log(ones[held]) - np.log(others[held])).max(initial=0.0))
