"""Ctrl-C: the first one stops between two pieces of work, the second one at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopFlag:
    """Callable that says whether a stop was requested."""

    def __init__(self) -> None:
        self.set = False

    def __call__(self) -> bool:
        return self.set


@contextmanager
def graceful_interrupt() -> Iterator[StopFlag]:
    """Turn the first SIGINT or SIGTERM into a request; a second one raises KeyboardInterrupt."""
    flag = StopFlag()

    def on_signal(number: int, frame: FrameType | None) -> None:
        if flag.set:
            raise KeyboardInterrupt
        flag.set = True

    previous = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield flag
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
