"""Answers of statistics in the words of a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def interval(answer: Mapping[str, Any], digits: int = 2) -> str:
    """``+0.81 (0.66 to 0.90)``, or the reason why there is no interval."""
    value = answer.get("estimate")
    text = "none" if value is None else f"{value:+.{digits}f}"
    if "low" in answer:
        return f"{text} ({answer['low']:+.{digits}f} to {answer['high']:+.{digits}f})"
    return f"{text} ({answer.get('refused', 'no interval')})"
