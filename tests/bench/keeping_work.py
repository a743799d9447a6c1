"""Work that remembers what it has done, for tests of pools: workers import it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


class Counting:
    """Its answers say in which process, and the how manieth piece there it was."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self, item: int, stop: Callable[[], bool]) -> tuple[int, int, int]:
        self.done += 1
        return item, os.getpid(), self.done


class Growing(Counting):
    """Keeps 150 MB more with each piece, for longer than loky waits between two looks at that."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[bytes] = []

    def __call__(self, item: int, stop: Callable[[], bool]) -> tuple[int, int, int]:
        self.kept.append(os.urandom(150_000_000))
        time.sleep(1.1)
        return super().__call__(item, stop)
