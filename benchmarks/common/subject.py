"""One implementation at work on one row of the table."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from benchmarks.common.parts import time_parts
from benchmarks.common.words import random_data
from benchmarks.plain.supernet import PlainSupernet, load_weights
from benchmarks.plain.trainer import PlainTrainer
from spaces.networks.mesh import Mesh
from trainers.codec import Codec
from trainers.data.charset import get_charset
from trainers.settings import RecogniserSettings, TrainerSettings
from trainers.supernet import Supernet, build_supernet
from trainers.trainer import Trainer

CHARSET, MAX_LENGTH = "94", 25
CANDIDATES = 7
#: The plain one takes many images at a time, as one would; ours what stays in the cache.
EVALUATION_BATCH = {"ours": 64, "plain": 256}


class Subject:
    """Builds a trainer for a row, then does what the row says as often as asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._net: Supernet | PlainSupernet | None = None
        self._kind: tuple[str, str] | None = None
        self.trainer: Trainer | PlainTrainer
        self._row: dict[str, Any] = {}

    def prepare(self, row: dict[str, Any]) -> None:
        """A fresh optimiser and fresh loaders; the network is built when the kind changes."""
        self._row = row
        recogniser = RecogniserSettings(
            rectifier="tps", sequence_encoder="bilstm", head=row["head"]
        )
        if self._kind != (row["sharing"], row["head"]):
            self._net = None
            gc.collect()
            self._net = build(self.name, Mesh(sharing=row["sharing"]), recogniser)
            self._kind = (row["sharing"], row["head"])
        if row["head"] == "attention":
            self._end_words(row["images"] == 0)
        settings = TrainerSettings(
            device="cpu",
            batch_images=row["batch"],
            optimiser="adadelta",
            learning_rate=1.0,
            calibration_images=row["calibration"],
            evaluation_batch_images=EVALUATION_BATCH[self.name],
        )
        data = random_data(
            get_charset(CHARSET), recogniser.input_size, settings, max(row["images"], 1)
        )
        codec = Codec(get_charset(CHARSET))
        if isinstance(self._net, PlainSupernet):
            self.trainer = PlainTrainer(self._net, data, codec, settings)
        elif self._net is not None:
            self.trainer = Trainer(self._net, data, codec, settings)

    @torch.no_grad()
    def _end_words(self, may: bool) -> None:
        """In evaluations no word ends: reading takes all its steps, whatever weights would say."""
        head: Any = None if self._net is None else self._net.recogniser.head
        head.classify.bias[head.eos] = 0.0 if may else -1e4

    def warm_up(self) -> None:
        """The row's steps once; of evaluations, which are long, the first architecture."""
        steps = self._row["verb"] == "weights" or self._row["verb"].startswith("gates")
        self._work(self._row, len(self._row["encodings"]) if steps else 1)

    def measured(self) -> dict[str, float]:
        """Seconds of the row's work, on the clock and of all threads."""
        start, cpu_start = time.perf_counter(), time.process_time()
        self._work(self._row, len(self._row["encodings"]))
        return {
            "seconds": time.perf_counter() - start,
            "cpu_seconds": time.process_time() - cpu_start,
        }

    def shares(self) -> dict[str, float]:
        """Seconds of each part of the row's weight steps."""
        encodings = np.array(self._row["encodings"], np.int8)
        return time_parts(self.trainer, lambda: self.trainer.train_weights(encodings))

    def _work(self, row: dict[str, Any], count: int) -> None:
        encodings = np.array(row["encodings"][:count], np.int8)
        trainer, verb = self.trainer, row["verb"]
        if verb == "weights":
            trainer.train_weights(encodings)
        elif verb.startswith("gates"):
            for encoding in encodings:
                trainer.gate_gradient(encoding, wanted_gates(encoding, verb == "gates-all"))
        elif verb == "population":
            evaluate_many(trainer)(encodings, row["images"])
        else:
            for encoding in encodings:
                trainer.score(encoding, trainer.data.evaluation)


def build(name: str, mesh: Mesh, recogniser: RecogniserSettings) -> Supernet | PlainSupernet:
    """The network of an implementation, both with the same weights."""
    characters = len(get_charset(CHARSET))
    ours = build_supernet(mesh, recogniser, characters, MAX_LENGTH, seed=0)
    if name == "ours":
        return ours
    plain = PlainSupernet(mesh, recogniser, characters, MAX_LENGTH)
    load_weights(plain, ours.state_dict())
    return plain


def wanted_gates(encoding: np.ndarray, everything: bool) -> np.ndarray:
    """All candidates of each layer, or the active one and the next."""
    layers = len(encoding) // 2
    wanted = np.full((layers, CANDIDATES), everything)
    for further in range(2):
        wanted[np.arange(layers), (encoding[layers:] + further) % CANDIDATES] = True
    return wanted


def evaluate_many(trainer: Trainer | PlainTrainer) -> Callable[[np.ndarray, int], object]:
    """The trainer's own way with populations; one by one where it has none."""
    many = getattr(trainer, "evaluate_many", None)
    if many is not None:
        return many  # type: ignore[no-any-return]
    return lambda encodings, images: [
        trainer.score(e, trainer.data.evaluation.first(images)) for e in encodings
    ]
