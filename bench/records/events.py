"""``events.jsonl``: one schema of its lines, for whoever writes them and whoever reads them.

A key that stands at its default is not written.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from bench.records.errors import RecordError
from bench.records.result import Consumed, RefereeRow
from spaces.files import open_regular

Decoded = TypeVar("Decoded")

#: Longest line that is read back; the longest one written is about 10 kB.
MAX_LINE_BYTES = 4 * 2**20
#: Longest log: a campaign of days on a GPU writes a tenth of it.
MAX_LOG_BYTES = 2**30


class EventWork(Struct, frozen=True, omit_defaults=True):
    """What was done: one architecture evaluated or measured, or several trained a step."""

    architecture: str | None = None
    architectures: tuple[str, ...] = ()


class GateWork(EventWork, frozen=True):
    """``candidates`` are operations by layer."""

    candidates: tuple[tuple[int, ...], ...] = ()


class EventResult(Struct, frozen=True, omit_defaults=True):
    """What came of it: a score, a loss, or the reason of a failure."""

    score: float | None = None
    loss: float | None = None
    failure: str | None = None
    predicted: bool = False


class GateResult(EventResult, frozen=True):
    """``gradients`` are laid out as the operations of the layers."""

    gradients: list[list[float]] | None = None


class EventTime(Struct, frozen=True, omit_defaults=True):
    """Clock readings in seconds; ``cached``: the trainer's was taken when it was computed."""

    ask: float | None = None
    trainer: float | None = None
    tell: float | None = None
    cached: bool = False
    referee: float | None = None

    @property
    def spent(self) -> float:
        """Without the referee's, which are the harness's."""
        return (self.ask or 0.0) + (self.trainer or 0.0) + (self.tell or 0.0)


class Sample(Struct, frozen=True):
    """An architecture that the referee drew."""

    architecture: str
    search_val_score: float | None


class _Head(Struct, frozen=True, omit_defaults=True):
    event: int
    kind: str
    work: EventWork = EventWork()
    result: EventResult = EventResult()
    cost: Consumed = Consumed(images=0, macs=0, evaluations=0)
    #: `verdict` in the files.
    look: RefereeRow | None = field(name="verdict", default=None)


class Line(_Head, frozen=True):
    """A line as it is written."""

    images: int | None = None
    status: dict[str, float] | None = None
    samples: list[Sample] | None = None
    warnings: list[str] | None = None
    time: EventTime = EventTime()


class Event(_Head, frozen=True):
    """Of a line, what is read; the rest, such as gate gradients, is skipped unread."""

    time: EventTime = EventTime()


_EVENT = msgspec.json.Decoder(Event)


def read_log(path: Path) -> list[Event]:
    """The complete lines of a log, [] if there is none; ``RecordError`` on a damaged one."""
    return read_lines(path, _decode)


def read_lines(path: Path, decode: Callable[[bytes, int], Decoded]) -> list[Decoded]:
    """``decode(line, number)`` of each complete line; the torn last one was never acknowledged.

    What ``decode`` refuses with a ``ValueError`` is named by a ``RecordError``.
    """
    if not path.exists():
        return []
    found = []
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_LOG_BYTES:
            raise RecordError(f"{path} is larger than {MAX_LOG_BYTES:,} bytes: it is no log")
        for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")):
            try:
                if len(line) > MAX_LINE_BYTES:
                    raise ValueError("line too long")
                if not line.endswith(b"\n"):
                    break
                found.append(decode(line, number))
            except (ValueError, RecursionError, msgspec.MsgspecError) as error:
                raise RecordError(
                    f"{path}, line {number + 1} is damaged ({error}): restore the file or start "
                    "the run again in a new folder"
                ) from error
    return found


def _decode(line: bytes, number: int) -> Event:
    event = _EVENT.decode(line)
    if event.event != number:
        raise ValueError("not the event expected here")
    return event
