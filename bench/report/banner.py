"""What stands above everything else where scores were not measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.plain import number_of, part

BANNER = "Made-up landscape: says nothing about text recognition."


def banner_of(analysis: Mapping[str, Any]) -> str:
    """One line, short enough for a figure's foot; empty where scores were measured."""
    evaluator = analysis.get("evaluator")
    if evaluator == "synthetic":
        return BANNER
    if evaluator != "replay":
        return ""
    replay = analysis.get("replay")
    error, tau, best = (
        number_of(part(replay, key)) for key in ("error", "kendall_tau", "error_of_best")
    )
    if error is None or tau is None:
        return "Replayed scores: recorded, or predicted with an error that was not stated."
    among = "" if best is None else f", {best:.3f} among the best"
    return (
        f"Replayed scores: recorded, or predicted with an error of {error:.3f}{among} "
        f"(Kendall tau {tau:.2f})."
    )
