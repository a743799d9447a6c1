"""What stands above everything else where scores were not measured."""

from __future__ import annotations

from bench.comparison.document import Setting

BANNER = "Made-up landscape: says nothing about text recognition."


def banner_of(setting: Setting) -> str:
    """One line, short enough for a figure's foot; empty where scores were measured."""
    if setting.evaluator == "synthetic":
        return BANNER
    if setting.evaluator != "replay":
        return ""
    replay = setting.replay
    if replay is None or replay.error is None or replay.kendall_tau is None:
        return "Replayed scores: recorded, or predicted with an error that was not stated."
    best = replay.error_of_best
    among = "" if best is None else f", {best:.3f} among the best"
    return (
        f"Replayed scores: recorded, or predicted with an error of {replay.error:.3f}{among} "
        f"(Kendall tau {replay.kendall_tau:.2f})."
    )
