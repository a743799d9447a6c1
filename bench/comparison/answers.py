"""Statistics as plain data for the analysis: an estimate, or the reason why there is none."""

from __future__ import annotations

from typing import Any

from bench.statistics.answers import Estimate, NotComputable


def plain(answer: Estimate | NotComputable | float) -> dict[str, Any]:
    """``{estimate, low, high, n, level, method}`` or ``{refused, estimate, n}``."""
    if isinstance(answer, NotComputable):
        return {"refused": answer.reason, "estimate": answer.value, "n": answer.n}
    if isinstance(answer, Estimate):
        return {
            "estimate": answer.value,
            "low": answer.low,
            "high": answer.high,
            "n": answer.n,
            "level": answer.level,
            "method": answer.method,
        }
    return {"estimate": float(answer)}


def refused(reason: str) -> dict[str, Any]:
    """A refusal of our own."""
    return {"refused": reason}
