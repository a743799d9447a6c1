"""Work and results as the event log describes them."""

from __future__ import annotations

from bench.records.events import EventResult, EventWork, GateResult, GateWork
from searchers.base import (
    Evaluated,
    Failure,
    GateGradient,
    GatesMeasured,
    Result,
    TrainWeights,
    Work,
)


def kind_of(work: Work) -> str:
    """Name of the work in ledger and log."""
    if isinstance(work, TrainWeights):
        return "train_weights"
    return "gate_gradient" if isinstance(work, GateGradient) else "evaluate"


def describe_work(work: Work) -> EventWork:
    """The work by the texts of its architectures."""
    if isinstance(work, TrainWeights):
        return EventWork(architectures=tuple(found.text for found in work.architectures))
    if isinstance(work, GateGradient):
        return GateWork(work.architecture.text, candidates=work.candidates)
    return EventWork(work.architecture.text)


def describe_result(result: Result, predicted: bool = False) -> EventResult:
    """The result, numbers in full precision."""
    if isinstance(result, Failure):
        return EventResult(failure=result.reason, predicted=predicted)
    if isinstance(result, Evaluated):
        return EventResult(result.score, predicted=predicted)
    if isinstance(result, GatesMeasured):
        return GateResult(loss=result.loss, gradients=result.gradients.tolist())
    return EventResult(loss=result.loss)
