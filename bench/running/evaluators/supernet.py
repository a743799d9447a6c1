"""Scores by the trainer: the one place where searchers' words meet trainers' verbs."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bench.records.counted import word_accuracy
from bench.records.manifest import processor
from bench.running.evaluators.base import (
    COMMON,
    NOT_FINITE,
    OWN,
    Evaluator,
    Outcome,
    RefereeScores,
)
from searchers.base import (
    Evaluate,
    Evaluated,
    Failure,
    GateGradient,
    GatesMeasured,
    Result,
    TrainWeights,
    WeightsTrained,
    Work,
)
from spaces import Architecture, Space
from trainers.cost import Cost, Pricer
from trainers.data.loader import WordImages
from trainers.errors import TrainerError
from trainers.memory import is_out_of_memory
from trainers.metrics import WordScores
from trainers.scoring_pool import ScoringPool
from trainers.state import tensors_hash
from trainers.supernet import Supernet
from trainers.trainer import Trainer, WeightOutcome

#: Raised when the trainer comes to compute scores another way, with other last digits.
ARITHMETIC = 2


class SupernetEvaluator(Evaluator):
    """Inherited weights on real words.

    ``test`` are the referee's words; ``data_hashes`` of the splits, and ``reading`` (charset and
    settings of the recogniser, beam width included), go into the fingerprint. ``common`` is the
    supernet that runs begin from, which no run changes; None where they begin from fresh weights.
    """

    def __init__(
        self,
        space: Space,
        trainer: Trainer,
        test: WordImages,
        evaluation_images: int,
        case_sensitive: bool,
        data_hashes: Mapping[str, list[str]],
        reading: Mapping[str, Any],
        common: Supernet | None = None,
    ) -> None:
        self.space = space
        self.trainer = trainer
        self.test = test
        self.common = common
        self.case_sensitive = case_sensitive
        self.data_hashes = dict(data_hashes)
        self.reading = dict(reading)
        self.device = str(trainer.device)
        # What is billed is what is done: a small split has fewer words than asked for.
        self.evaluation_images = min(evaluation_images, len(trainer.data.evaluation))
        self.pricer = Pricer(
            trainer.supernet.network, trainer.settings.batch_images, len(trainer.data.calibration)
        )
        self._hashed: tuple[int, str] | None = None
        self._common_scores: dict[str, WordScores | None] = {}
        self.threads: int | None = None
        self.pool: ScoringPool | None = None

    def share(self, threads: int, pool: ScoringPool | None) -> None:
        """From now on, evaluate with ``threads``, and batches in the processes of ``pool``."""
        self.threads = threads
        self.pool = pool

    def price(self, work: Work) -> Cost:
        if isinstance(work, TrainWeights):
            return self.pricer.train_weights(self.space.encode(work.architectures))
        encoding = self.space.encode([work.architecture])
        if isinstance(work, GateGradient):
            return self.pricer.gate_gradient(encoding[0], self._wanted(work))
        return self.pricer.evaluate(encoding, self.evaluation_images)

    def perform(self, work: Work) -> Result:
        """Too little memory or numbers that are not finite become a ``Failure``."""
        try:
            if isinstance(work, TrainWeights):
                trained = self.trainer.train_weights(self.space.encode(work.architectures))
                if trained.failed_steps:
                    return Failure(work, _why_failed(trained))
                return WeightsTrained(work, trained.loss)
            encoding = self.space.encode([work.architecture])[0]
            if isinstance(work, GateGradient):
                gates = self.trainer.gate_gradient(encoding, self._wanted(work))
                if not (math.isfinite(gates.loss) and np.isfinite(gates.gradients).all()):
                    return Failure(work, "gate gradients are not finite")
                return GatesMeasured(work, gates.loss, gates.gradients)
            with self._own_threads():
                scores = self.trainer.evaluate(encoding, self.evaluation_images)
            return self._evaluated(work, scores)
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                return Failure(work, "out of memory")
            raise

    def execute_many(self, works: Sequence[Work]) -> list[Outcome]:
        """Several evaluations at once, everything else one by one."""
        outcomes = self._together(works) if len(works) > 1 else None
        return outcomes or super().execute_many(works)

    def _together(self, works: Sequence[Work]) -> list[Outcome] | None:
        """Evaluations; the time that they took is shared out by the architectures' MACs.

        None where there is other work, or memory is too little: one by one they need less.
        """
        evaluations = [work for work in works if isinstance(work, Evaluate)]
        if len(evaluations) < len(works):
            return None
        encodings = self.space.encode([work.architecture for work in evaluations])
        macs = [self.price(work).macs for work in evaluations]
        start = time.perf_counter()
        try:
            with self._own_threads():
                if self.pool is None:
                    found = self.trainer.evaluate_many(encodings, self.evaluation_images)
                else:
                    found = self.pool.evaluate_many(encodings, self.evaluation_images, macs)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            return None
        seconds = time.perf_counter() - start
        return [
            Outcome(self._evaluated(work, scores), seconds * each / sum(macs))
            for work, scores, each in zip(evaluations, found, macs, strict=True)
        ]

    def scores_for_referee(self, architecture: Architecture, final: bool) -> RefereeScores:
        with _memory_for(architecture):
            test = self._on_test(architecture)
            # Without common weights, and before the first step, they are the same.
            own: WordScores | None = test
            if self.common is not None and self.trainer.weight_steps.done > 0:
                encoding = self.space.encode([architecture])[0]
                own = self.trainer.score(encoding, self.test) if final else None
            return RefereeScores(
                proxy_score(test, self.case_sensitive),
                self.glance(architecture),
                None if test is None else test.word_accuracy,
                None if test is None else test.one_ned,
                None if test is None else test.word_accuracy_case_insensitive,
                None if test is None else test.one_ned_case_insensitive,
                len(self.test),
                OWN if self.common is None else COMMON,
                proxy_score(own, self.case_sensitive),
            )

    def _on_test(self, architecture: Architecture) -> WordScores | None:
        """With common weights, which say of an architecture what they said before."""
        text = architecture.text
        if self.common is None or text not in self._common_scores:
            encoding = self.space.encode([architecture])[0]
            self._common_scores[text] = self.trainer.score(encoding, self.test, self.common)
        return self._common_scores[text]

    def glance(self, architecture: Architecture) -> float | None:
        encoding = self.space.encode([architecture])[0]
        scores = self.trainer.score(encoding, self.trainer.data.evaluation)
        return proxy_score(scores, self.case_sensitive)

    def fingerprint(self) -> dict[str, Any]:
        """Weights, words, fidelity, and what decides the last bit of a float."""
        settings = self.trainer.settings
        return {
            "weights": self._weights_hash(),
            "space": [self.space.name, self.space.settings()],
            "search_val": [*self.data_hashes["search_val"], self.evaluation_images],
            "words": self._words_hash,
            "case_sensitive": self.case_sensitive,
            "reading": self.reading,
            "numerics": [
                ARITHMETIC,
                torch.__version__,
                # Another processor may add up in another order.
                processor() if self.device == "cpu" else torch.cuda.get_device_name(self.device),
                self.threads or torch.get_num_threads(),
                settings.precision,
                settings.evaluation_batch_images,
            ],
        }

    def state(self) -> tuple[dict[str, Tensor], dict[str, int]]:
        return self.trainer.state()

    def load_state(self, tensors: Mapping[str, Tensor], counters: Mapping[str, int]) -> None:
        self.trainer.load_state(tensors, counters)
        self._hashed = None
        if self.pool is not None:
            self.pool.forget_weights()

    def warnings(self) -> list[str]:
        return self.trainer.warnings()

    def close(self) -> None:
        if self.pool is not None:
            self.pool.close()
        self.trainer.close()

    @contextmanager
    def _own_threads(self) -> Iterator[None]:
        """Within, as many threads as every evaluation takes, whichever process makes it."""
        before = torch.get_num_threads()
        if self.threads in (None, before):
            yield
            return
        torch.set_num_threads(self.threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)

    def _evaluated(self, work: Evaluate, scores: WordScores | None) -> Result:
        score = proxy_score(scores, self.case_sensitive)
        if score is None:
            return Failure(work, NOT_FINITE)
        return Evaluated(work, score)

    def _wanted(self, work: GateGradient) -> np.ndarray[Any, np.dtype[np.bool_]]:
        wanted = np.zeros((self.space.layers, len(self.space.operations)), dtype=bool)
        for layer, candidates in enumerate(work.candidates):
            wanted[layer, list(candidates)] = True
        return wanted

    def _weights_hash(self) -> str:
        """Hash of all weights; computed again only after a weight step."""
        steps = self.trainer.weight_steps.done
        if self._hashed is None or self._hashed[0] != steps:
            self._hashed = steps, tensors_hash(self.trainer.supernet.state_dict())
        return self._hashed[1]

    @cached_property
    def _words_hash(self) -> str:
        """Hash of the very pixels and labels of calibration and evaluation.

        Which words of a split are taken, and how labels are folded, is decided elsewhere; what was
        taken can be seen here.
        """
        digest = blake2b(digest_size=12)
        data = self.trainer.data
        for words in (data.calibration, data.evaluation.first(self.evaluation_images)):
            digest.update(np.ascontiguousarray(words.images).tobytes())
            digest.update("\n".join(words.labels).encode())
        return digest.hexdigest()


@contextmanager
def _memory_for(architecture: Architecture) -> Iterator[None]:
    """Within, too little memory is a ``TrainerError``.

    Nothing is recorded: what is a matter of the moment is no verdict.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise TrainerError(
            f"too little memory for the referee to score {architecture.text}: free memory, "
            "then run the same command to resume"
        ) from error


def _why_failed(trained: WeightOutcome) -> str:
    reasons = {
        "no finite gradient": trained.failed_steps - trained.out_of_memory,
        "out of memory": trained.out_of_memory,
    }
    return ", ".join(f"{why} in {steps} steps" for why, steps in reasons.items() if steps)


def proxy_score(scores: WordScores | None, case_sensitive: bool) -> float | None:
    """The one number that searchers maximise; None where the output was not finite."""
    return None if scores is None else word_accuracy(scores, case_sensitive)
