"""Work that remembers what it has done, for tests of pools: workers import it."""

from __future__ import annotations

import os
from collections.abc import Callable


class Counting:
    """Its answers say in which process, and the how manieth piece there it was."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self, item: int, stop: Callable[[], bool]) -> tuple[int, int, int]:
        self.done += 1
        return item, os.getpid(), self.done
