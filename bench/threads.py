"""How many threads torch computes with, where one process does one thing after the other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def own_threads() -> Iterator[None]:
    """Within, threads may be set as something was begun with; the process then has its own again.

    Otherwise what follows would begin with them, and keep them for good.
    """
    torch = sys.modules.get("torch")
    before = None if torch is None else torch.get_num_threads()
    try:
        yield
    finally:
        if torch is not None and torch.get_num_threads() != before:
            torch.set_num_threads(before)
