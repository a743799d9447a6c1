"""A stand-in for runner and trainer: answers work from a made-up landscape, without torch."""

from __future__ import annotations

import numpy as np

from searchers.base import (
    Evaluate,
    Evaluated,
    Failure,
    GateGradient,
    GatesMeasured,
    Problem,
    Result,
    Searcher,
    TrainWeights,
    WeightsTrained,
    Work,
)
from spaces import Architecture, load_space

BATCH, EVALUATION = 8, 32


def problem(
    budget_images: int = 4_000, max_macs: int | None = None, strict: bool = False
) -> Problem:
    """A problem of the size of the tiny preset."""
    return Problem(load_space("autostr", strict=strict), budget_images, BATCH, EVALUATION, max_macs)


def price(work: Work) -> int:
    """Images that the work consumes."""
    if isinstance(work, TrainWeights):
        return BATCH * len(work.architectures)
    return BATCH if isinstance(work, GateGradient) else EVALUATION


def true_score(architecture: Architecture) -> float:
    """A landscape with its optimum at operation 4 on every layer."""
    operations = np.asarray(architecture.encoding[15:])
    return float(1.0 - np.abs(operations - 4).mean() / 6)


def answer(work: Work) -> Result:
    """What a trainer would say: the loss falls with the score; gates point at operation 4."""
    if isinstance(work, TrainWeights):
        return WeightsTrained(work, 1.0)
    if isinstance(work, Evaluate):
        return Evaluated(work, true_score(work.architecture))
    gradients = np.zeros((15, 7))
    for layer, wanted in enumerate(work.candidates):
        for operation in wanted:
            gradients[layer, operation] = 0.0 if operation == 4 else 1.0 + abs(operation - 4)
    return GatesMeasured(work, 1.0, gradients)


def drive(searcher: Searcher, budget: int, fail_every: int = 0) -> list[str]:
    """Lead a searcher through its budget; returns a line for each piece of work."""
    lines: list[str] = []
    while True:
        batch = searcher.ask(1)
        cost = sum(price(work) for work in batch)
        if not batch or cost > budget:
            return lines
        budget -= cost
        results: list[Result] = []
        for work in batch:
            failed = fail_every and len(lines) % fail_every == fail_every - 1
            results.append(Failure(work, "made up") if failed else answer(work))
            lines.append(describe(work))
        searcher.tell(results)


def describe(work: Work) -> str:
    """Kind and architectures."""
    if isinstance(work, TrainWeights):
        return "train " + " ".join(found.text for found in work.architectures)
    extra = f" {work.candidates}" if isinstance(work, GateGradient) else ""
    return f"{type(work).__name__} {work.architecture.text}{extra}"
