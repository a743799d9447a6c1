"""One line for people, beside what a command prints."""

from __future__ import annotations

import sys


def tell(text: str) -> None:
    """Say something on standard error that nobody has asked for, and that should be known."""
    sys.stderr.write(f"strnas-bench: {text}\n")
    sys.stderr.flush()
