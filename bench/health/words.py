"""Answers of statistics in the words of a terminal."""

from __future__ import annotations

from bench.statistics.answers import Answer, Estimate


def interval(answer: Answer, digits: int = 2) -> str:
    """``+0.81 (0.66 to 0.90)``, or the reason why there is no interval."""
    text = "none" if answer.value is None else f"{answer.value:+.{digits}f}"
    if isinstance(answer, Estimate):
        return f"{text} ({answer.low:+.{digits}f} to {answer.high:+.{digits}f})"
    return f"{text} ({answer.reason})"
