"""One line for people, beside what a command prints."""

from __future__ import annotations

import sys


def tell(text: str) -> None:
    """Say something on standard error that nobody has asked for, and that should be known."""
    # Names of files may be a stranger's, and terminals obey what they are shown.
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    sys.stderr.write(f"strnas-bench: {plain}\n")
    sys.stderr.flush()
