"""One implementation at work on a preset: its network, settings and words, on the CPU.

Of a trainer only what older checkouts have as well is used.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from bench.presets import load_preset
from bench.run import Run
from benchmarks.common.floors import macs_of_verbs
from benchmarks.common.preset import STEPS, plain_trainer
from benchmarks.common.subject import wanted_gates
from benchmarks.plain.trainer import PlainTrainer
from spaces.networks.mesh import Mesh
from trainers.trainer import Trainer

LOADER, WEIGHTS, ALL, TWO, EVALUATION = VERBS = (
    "loader alone",
    "weight steps",
    "gate gradients, all",
    "gate gradients, two",
    "evaluation",
)
#: Batches that one piece of ``LOADER`` takes.
BATCHES = 10


@dataclass(frozen=True)
class Verb:
    """What is done for one architecture: how many images it takes, and the loss or score of it."""

    images: int
    piece: Callable[[npt.NDArray[np.int8]], float]


class PresetSubject:
    """Opens a preset, then does one verb on the same random architectures as often as asked."""

    def __init__(self, implementation: str) -> None:
        self.implementation = implementation
        self._encodings: npt.NDArray[np.int8]
        self._verbs: dict[str, Verb]
        self._macs: dict[str, int] = {}

    def open(self, name: str, overrides: list[str]) -> None:
        """Read, or render, the words and build the trainer."""
        preset = load_preset(name, overrides)
        if self.implementation == "plain":
            # The plain one has glibc's allocator as it comes.
            with mock.patch("trainers.weight_steps.keep_large_buffers"):
                run = Run("random", name, preset, seed=0)
            trainer: Trainer | PlainTrainer = plain_trainer(run, preset.trainer.precision)
        else:
            run = Run("random", name, preset, seed=0)
            trainer = run.trainer
        self._encodings = run.space.sample(STEPS, np.random.default_rng(0))
        self._verbs = verbs(trainer, preset.run.evaluation_images)
        network = run.trainer.supernet.network
        if self.implementation == "ours" and isinstance(network, Mesh):
            self._macs = macs_of_verbs(
                network,
                self._encodings,
                trainer.settings.batch_images,
                self._verbs[EVALUATION].images,
                preset.recogniser.rectifier != "none",
            )

    def warm_up(self) -> dict[str, float]:
        """Do everything once; mean loss or score of each verb, all from the weights as loaded.

        Of weight steps the first loss: the plain one has no entangled candidates, so that steps
        take it elsewhere.
        """
        found = {}
        # Weight steps after what leaves the weights as they are.
        for name in (EVALUATION, TWO, ALL, WEIGHTS, LOADER):
            values = [self._verbs[name].piece(encoding) for encoding in self._encodings]
            found[name] = values[0] if name == WEIGHTS else sum(values) / len(values)
        del found[LOADER]
        return found

    def measured(self, verb: str) -> dict[str, float]:
        """Seconds and CPU seconds of one verb on all architectures, and its images."""
        work = self._verbs[verb]
        start, cpu_start = time.perf_counter(), time.process_time()
        for encoding in self._encodings:
            work.piece(encoding)
        return {
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - cpu_start,
            "images": work.images * len(self._encodings),
        }

    def rate(self, verb: str, interval_seconds: float) -> dict[str, float]:
        """Images per second of one verb in an interval, counted in rounds of all architectures.

        A round that the end of the interval falls in is not counted, if it is not the first: who
        works beside has this process beside it until the end.
        """
        work, architectures = self._verbs[verb], len(self._encodings)
        start = time.perf_counter()
        done = counted = 0
        elapsed = counted_seconds = 0.0
        while elapsed < interval_seconds or not counted:
            work.piece(self._encodings[done % architectures])
            elapsed = time.perf_counter() - start
            done += 1
            if done % architectures == 0 and (elapsed <= interval_seconds or not counted):
                counted, counted_seconds = done, elapsed
        return {"images_per_second": counted * work.images / counted_seconds}

    def macs(self) -> dict[str, int]:
        """Multiply-adds at least of each verb on all architectures."""
        return self._macs


def verbs(trainer: Trainer | PlainTrainer, evaluation_images: int) -> dict[str, Verb]:
    """What is measured, by name."""
    batch = trainer.settings.batch_images
    words = trainer.data.evaluation.first(evaluation_images)
    step = iter(range(10**9))

    def load(encoding: npt.NDArray[np.int8]) -> float:
        for _ in range(BATCHES):
            trainer.data.search_train.batch(next(step))
        return 0.0

    def weights(encoding: npt.NDArray[np.int8]) -> float:
        outcome: Any = trainer.train_weights(encoding[None])
        return float(outcome[0] if isinstance(outcome, list) else outcome.loss)

    def gates(everything: bool) -> Callable[[npt.NDArray[np.int8]], float]:
        return lambda one: trainer.gate_gradient(one, wanted_gates(one, everything)).loss

    def evaluate(encoding: npt.NDArray[np.int8]) -> float:
        scores = trainer.score(encoding, words)
        return math.nan if scores is None else scores.one_ned

    return {
        LOADER: Verb(BATCHES * batch, load),
        WEIGHTS: Verb(batch, weights),
        ALL: Verb(batch, gates(True)),
        TWO: Verb(batch, gates(False)),
        EVALUATION: Verb(len(words) + len(trainer.data.calibration), evaluate),
    }
