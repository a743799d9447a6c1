"""``events.jsonl``: one schema of its lines, for whoever writes them and whoever reads them.

A key that stands at its default is not written.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import Struct

from bench.records.event_log import read_lines
from bench.records.result import Consumed, RefereeRow


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
    verdict: RefereeRow | None = None


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


def _decode(line: bytes, number: int) -> Event:
    event = _EVENT.decode(line)
    if event.event != number:
        raise ValueError("not the event expected here")
    return event
