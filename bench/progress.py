"""Progress bars on stderr; nothing with ``--quiet``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from searchers.base import Evaluated, GatesMeasured, WeightsTrained

if TYPE_CHECKING:
    from bench.runner import Report

PHASES = {
    "train_weights": "training weights",
    "gate_gradient": "architecture steps",
    "evaluate": "evaluating",
    "referee": "refereeing",
}


@contextmanager
def counting(title: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A plain bar for ``report(done, total)``; it appears with the first call."""
    with _bar(quiet, TextColumn("")) as progress:
        task: list[int] = []

        def report(done: int, total: int) -> None:
            if not task:
                task.append(int(progress.add_task(title, total=total)))
            progress.update(task[0], completed=done, total=total)  # type: ignore[arg-type]

        yield report


@contextmanager
def run_progress(
    title: str, budget_images: int, incumbent: Callable[[], str], quiet: bool
) -> Iterator[Callable[[Report], None]]:
    """A run's bar: phase, images, images/s, loss, best score, entropy, incumbent, time left."""
    details = TextColumn("{task.fields[details]}")
    with _bar(quiet, details) as progress:
        task = progress.add_task(title, total=budget_images, details="")
        meter = _Meter(incumbent)

        def report(event: Report) -> None:
            progress.update(
                task,
                completed=event.images,
                description=f"{title}: {PHASES.get(event.kind, event.kind)}",
                details=meter.update(event),
            )

        yield report


class _Meter:
    """Turns reports into the few numbers that fit into a line."""

    def __init__(self, incumbent: Callable[[], str]) -> None:
        self.incumbent = incumbent
        self.loss: float | None = None
        self.best: float | None = None
        self.started: tuple[float, int] | None = None

    def update(self, event: Report) -> str:
        result = event.result
        if isinstance(result, WeightsTrained | GatesMeasured):
            self.loss = result.loss
        if isinstance(result, Evaluated):
            self.best = max(self.best or 0.0, result.score)
        now = time.monotonic()
        if self.started is None or event.replaying:
            # Images from before an interruption are not this process's speed.
            self.started = (now, event.images)
        seconds = now - self.started[0]
        parts = []
        if seconds > 0 and not event.replaying:
            parts.append(f"{(event.images - self.started[1]) / seconds:.0f} images/s")
        if self.loss is not None:
            parts.append(f"loss {self.loss:.2f}")
        if self.best is not None:
            parts.append(f"best {self.best:.3f}")
        if "entropy" in event.status:
            parts.append(f"entropy {event.status['entropy']:.3f}")
        parts.append(self.incumbent())
        return " · ".join(parts)


def _bar(quiet: bool, details: TextColumn) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        details,
        console=Console(stderr=True),
        disable=quiet,
        transient=False,
    )
