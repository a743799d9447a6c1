"""Architectures scored in several processes, of which the run's own is one.

The others compute what it would have computed, from the same words, weights and settings and with
as many threads: who scores what shows in no score. Whatever happens to one of them, its part is
scored in the run's own process. So is everything until they are ready, which takes some seconds.

Shape legend: N architectures, D integers of an encoding.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import torch

from trainers.cost import Encodings
from trainers.population import in_tree_order
from trainers.scoring_worker import Job, Kit, Scores, SupernetParts, Worker
from trainers.shared_weights import WrittenWeights
from trainers.trainer import Trainer


class ScoringPool:
    """``processes`` that score, of which all but this one begin now and end with ``close``.

    Each computes with ``threads``; that this one does is left to the caller. Until ``close`` a file
    with the weights lies in ``folder``: ``OSError`` if there is no space for it.
    """

    def __init__(
        self, trainer: Trainer, recipe: SupernetParts, folder: Path, threads: int, processes: int
    ) -> None:
        self.trainer = trainer
        self.workers: list[Worker] = []
        self._weights = WrittenWeights(trainer.supernet, folder)
        self._jobs = 0
        words = trainer.data.calibration, trainer.data.evaluation
        kit = Kit(recipe, trainer.settings, *words, threads, self._weights.path).packed()
        try:
            for device in _devices(trainer.device, processes)[1:]:
                self.workers.append(Worker(kit, device))
        except BaseException:
            self.close()
            raise

    @property
    def trouble(self) -> str | None:
        """How many processes were lost, if any were."""
        lost = sum(not worker.alive for worker in self.workers)
        if not lost:
            return None
        return (
            f"{lost} of {1 + len(self.workers)} processes for evaluations ended early, the run's "
            "own did their part: see whether memory is short, or give fewer --workers"
        )

    def evaluate_many(self, encodings: Encodings, images: int, costs: Sequence[int]) -> Scores:
        """What the trainer says of the rows of ``encodings`` (N, D), shared out by ``costs`` (N,).

        Costs are positive numbers of any unit.
        """
        ready = [worker for worker in self.workers if worker.is_ready()]
        own, *parts = self._parts(encodings, costs, 1 + len(ready))
        self._jobs += 1
        version = self._weights.update(self.trainer.weight_steps.done) if ready else 0
        for worker, part in zip(ready, parts, strict=True):
            worker.send(Job(self._jobs, version, encodings[part], images))
        found: Scores = [None] * len(encodings)
        _fill(found, own, self.trainer.evaluate_many(encodings[own], images))
        for worker, part in zip(ready, parts, strict=True):
            scores = worker.receive(self._jobs)
            if scores is None:
                scores = self.trainer.evaluate_many(encodings[part], images)
            _fill(found, part, scores)
        return found

    def forget_weights(self) -> None:
        """They have changed without a step."""
        self._weights.forget()

    def close(self) -> None:
        """End the other processes, whatever they are at, and remove the file; idempotent."""
        for worker in self.workers:
            worker.end()
        self._weights.remove()

    def _parts(self, encodings: Encodings, costs: Sequence[int], count: int) -> list[list[int]]:
        """Places in ``count`` parts of about equal cost; those that begin alike stay together."""
        order = in_tree_order(self.trainer.supernet, encodings)
        ends = list(accumulate(costs[place] for place in order))
        parts: list[list[int]] = [[] for _ in range(count)]
        for place, end in zip(order, ends, strict=True):
            # By its middle, which always lies before the end of the last part.
            parts[(2 * end - costs[place]) * count // (2 * ends[-1])].append(place)
        return parts


def _devices(own: torch.device, processes: int) -> list[str]:
    """Where each process computes, this one first: accelerators of one kind take turns."""
    if own.type != "cuda":
        return [str(own)] * processes
    name = torch.cuda.get_device_name(own)
    alike = [i for i in range(torch.cuda.device_count()) if torch.cuda.get_device_name(i) == name]
    first = alike.index(own.index or 0)  # "cuda" alone, without an index, is the first.
    return [f"cuda:{alike[(first + place) % len(alike)]}" for place in range(processes)]


def _fill(found: Scores, places: Sequence[int], scores: Scores) -> None:
    for place, score in zip(places, scores, strict=True):
        found[place] = score
