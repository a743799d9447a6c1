"""Work and results as JSON data, for the event log."""

from __future__ import annotations

from typing import Any

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


def describe_work(work: Work) -> dict[str, Any]:
    """The work as JSON data."""
    if isinstance(work, TrainWeights):
        return {"architectures": [found.text for found in work.architectures]}
    described: dict[str, Any] = {"architecture": work.architecture.text}
    if isinstance(work, GateGradient):
        described["candidates"] = [list(row) for row in work.candidates]
    return described


def describe_result(result: Result) -> dict[str, Any]:
    """The result as JSON data, numbers in full precision."""
    if isinstance(result, Failure):
        return {"failure": result.reason}
    if isinstance(result, Evaluated):
        return {"score": result.score}
    if isinstance(result, GatesMeasured):
        return {"loss": result.loss, "gradients": result.gradients.tolist()}
    return {"loss": result.loss}
