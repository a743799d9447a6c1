"""A process that scores architectures for a run, and the run's end of the line to it.

It is spawned, since a fork would lose the threads of OpenMP. It is sent a ``Kit``, builds a trainer
that cannot train, says that it is ready, and answers one job after the other. It ends with its run,
however that ends.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import torch

from spaces import Space
from trainers.building import build_network
from trainers.codec import Codec
from trainers.cost import Encodings
from trainers.data.charset import get_charset
from trainers.data.errors import DataError
from trainers.data.loader import Batch, BatchLoader, WordImages
from trainers.metrics import WordScores
from trainers.settings import DataSettings, RecogniserSettings, SupernetSettings, TrainerSettings
from trainers.shared_weights import ReadWeights
from trainers.supernet import build_supernet
from trainers.trainer import Trainer, TrainerData

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Scores = list[WordScores | None]

READY = "ready"
#: What a terminal, or a cluster, sends to all processes of a run, and the run itself answers.
THE_RUNS_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True)
class SupernetParts:
    """What a supernet is built from, its weights aside."""

    space: Space
    data: DataSettings
    recogniser: RecogniserSettings
    supernet: SupernetSettings
    default_operations: tuple[str, ...]


@dataclass(frozen=True)
class Kit:
    """All that a worker needs before its first job; ``weights`` is the file that they lie in."""

    recipe: SupernetParts
    settings: TrainerSettings
    calibration: WordImages
    evaluation: WordImages
    threads: int
    weights: Path

    def packed(self) -> bytes:
        """As it is sent: once for all workers, since words of full size take 100 MB."""
        return bytes(ForkingPickler.dumps(self))


@dataclass(frozen=True)
class Job:
    """Encodings (N, D) to score on the first ``images`` words, with this version of the weights."""

    number: int
    weights: int
    encodings: Encodings
    images: int


class Worker:
    """The run's end of the line. When the process ends nothing is raised: it is not ``alive`` then.

    ``end`` it: nothing else does, as long as the run lives.
    """

    def __init__(self, kit: bytes, device: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._line, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, device), daemon=True)
        self._ready = False
        self.alive = True
        with self._noting_loss(), _signals_held_back():
            self._process.start()
        theirs.close()
        # In a thread, since the process takes seconds until it listens.
        self._sender = threading.Thread(target=self._send_kit, args=(kit,), daemon=True)
        self._sender.start()

    @property
    def pid(self) -> int | None:
        """Of the process, None if it could not be started."""
        return self._process.pid

    def is_ready(self) -> bool:
        """Whether it takes jobs by now."""
        with self._noting_loss():
            if not self._ready and self._line.poll():
                self._ready = self._line.recv() == READY
        return self.alive and self._ready

    def send(self, job: Job) -> None:
        """Give it a job, once it is ready."""
        with self._noting_loss():
            self._line.send(job)

    def receive(self, number: int) -> Scores | None:
        """Its answer to the job of this number; None if it is lost."""
        with self._noting_loss():
            while self.alive:
                # Answers to a batch that was broken off are nobody's.
                answer: tuple[int, Scores] = self._line.recv()
                if answer[0] == number:
                    return answer[1]
        return None

    def end(self) -> None:
        """End the process, whatever it is at; idempotent."""
        if self.pid is not None:
            self._process.kill()
            self._process.join()
        self._sender.join()
        self._line.close()

    def _send_kit(self, kit: bytes) -> None:
        # Whether it has arrived is seen by the answer.
        with suppress(OSError):
            self._line.send_bytes(kit)

    @contextmanager
    def _noting_loss(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError):
            self.alive = False


def serve(line: Connection, device: str) -> None:
    """The life of a worker that computes on ``device``; ``line`` leads to the run."""
    # The first two say that the run has ended, killed or not. The others are a lack of memory, as
    # a rule: the run then does the job itself, and says what is wrong.
    with suppress(EOFError, OSError, RuntimeError, MemoryError):
        kit: Kit = line.recv()
        torch.set_num_threads(kit.threads)
        trainer = _build(kit, device)
        weights = ReadWeights(trainer.supernet, kit.weights)
        line.send(READY)
        while True:
            job: Job = line.recv()
            weights.take(job.weights)
            line.send((job.number, trainer.evaluate_many(job.encodings, job.images)))


class NoBatches(BatchLoader):
    """In place of words to train on."""

    def __init__(self) -> None:
        """Hold nothing."""

    def batch(self, step: int) -> Batch:
        """Refuse."""
        raise DataError(f"batch {step} asked of a process that only scores: train in the run's own")

    def close(self) -> None:
        """There is nothing to stop."""


def _build(kit: Kit, device: str) -> Trainer:
    recipe = kit.recipe
    charset = get_charset(recipe.data.charset)
    supernet = build_supernet(
        build_network(recipe.space, recipe.supernet),
        recipe.recogniser,
        len(charset),
        recipe.data.max_length,
        0,  # The seed of weights that are never used.
        recipe.default_operations,
        recipe.supernet.entangled,
    )
    data = TrainerData(NoBatches(), NoBatches(), kit.calibration, kit.evaluation)
    settings = msgspec.structs.replace(kit.settings, device=device)
    return Trainer(supernet, data, Codec(charset), settings)


@contextmanager
def _signals_held_back() -> Iterator[None]:
    """Processes begun within are never reached by the run's signals; this one is, afterwards."""
    # Beginning a process begins this one first, and that would let the signals through.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, THE_RUNS_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
