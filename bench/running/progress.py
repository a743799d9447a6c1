"""Progress bars on stderr; nothing with ``--quiet``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TaskProgressColumn,
    TextColumn,
)
from rich.table import Column
from rich.text import Text

from bench.records.readable import readable
from searchers.base import Evaluated, GatesMeasured, WeightsTrained

if TYPE_CHECKING:
    from bench.running.runner import WorkReport

PHASES = {
    "train_weights": "training weights",
    "gate_gradient": "architecture steps",
    "evaluate": "evaluating",
    "referee": "refereeing",
}


@contextmanager
def counting(title: str, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A plain bar for ``report(done, total)``; it appears with the first call."""
    progress = _bar(quiet, TextColumn(""))
    task: list[TaskID] = []

    pace = _Pace()

    def report(done: int, total: int) -> None:
        if not task:
            progress.start()
            task.append(progress.add_task(title, total=total, pace=pace))
        pace.note(done, total)
        progress.update(task[0], completed=done, total=total)

    try:
        yield report
    finally:
        if task:
            progress.stop()


@contextmanager
def run_progress(
    title: str, budget_images: int, incumbent: Callable[[], str], quiet: bool
) -> Iterator[Callable[[WorkReport], None]]:
    """A run's bar: phase, images, images/s, loss, best score, entropy, incumbent, time left."""
    details = TextColumn("{task.fields[details]}")
    with _bar(quiet, details) as progress:
        if not quiet:
            _print(progress, title)
        task = progress.add_task("starting", total=budget_images, details="")
        meter = _Meter()
        shown = _Incumbent(incumbent)

        def report(event: WorkReport) -> None:
            if quiet:
                return
            for warning in event.warnings:
                _print(progress, f"warning: {warning}")
            progress.update(
                task,
                completed=event.images,
                description=f"{PHASES.get(event.kind, event.kind)}\n{shown.text()}",
                details=meter.update(event),
            )

        with _hidden_if_unused(progress, task):
            yield report


@contextmanager
def training_progress(
    title: str, images: int, quiet: bool
) -> Iterator[Callable[[int, float, float | None], None]]:
    """The bar of a training: ``report(images done, loss, score on search_val)``."""
    with _bar(quiet, TextColumn("{task.fields[details]}")) as progress:
        if not quiet:
            _print(progress, title)
        task = progress.add_task("training", total=images, details="")
        started: list[tuple[float, int]] = []

        def report(done: int, loss: float, score: float | None) -> None:
            now = time.monotonic()
            if not started:
                # What an earlier call has done is not this process's speed.
                started.append((now, done))
            seconds = now - started[0][0]
            speed = f"{(done - started[0][1]) / seconds:.0f} images/s" if seconds > 0 else ""
            read = "" if score is None else f" val {score:.3f}"
            details = f"{speed}\nloss {loss:.2f}{read}"
            progress.update(task, completed=done, details=details)

        with _hidden_if_unused(progress, task):
            yield report


@contextmanager
def trainings_progress(title: str, total: int, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """The bar over many trainings: ``report(trainings done, images that they took here)``."""
    with _bar(quiet, TextColumn("{task.fields[details]}")) as progress:
        pace = _Pace()
        task = progress.add_task(title, total=total, details=f"0 of {total:,}", pace=pace)
        begun = time.monotonic()

        def report(done: int, images: int) -> None:
            pace.note(done, total)
            speed = f"{images / (time.monotonic() - begun):,.0f} images/s" if images else ""
            progress.update(task, completed=done, details=f"{done:,} of {total:,}\n{speed}")

        yield report


@contextmanager
def _hidden_if_unused(progress: Progress, task: TaskID) -> Iterator[None]:
    """No empty bar behind what was complete before, as if nothing had ever been done of it."""
    try:
        yield
    finally:
        if not progress.tasks[task].fields["details"]:
            progress.update(task, visible=False)


class _Incumbent:
    """The incumbent's text, asked for again when that takes little of the time gone by."""

    def __init__(self, ask: Callable[[], str]) -> None:
        self.ask = ask
        self.known = ""
        self.due = 0.0

    def text(self) -> str:
        start = time.monotonic()
        if start >= self.due:
            self.known = self.ask()
            # Under a cap the most probable architecture can take half a second to find.
            self.due = time.monotonic() + max(0.2, 20 * (time.monotonic() - start))
        return self.known


class _Meter:
    """Turns reports into the few numbers that fit into a line."""

    def __init__(self) -> None:
        self.loss: float | None = None
        self.best: float | None = None
        self.started: tuple[float, int] | None = None

    def update(self, event: WorkReport) -> str:
        result = event.result
        if isinstance(result, WeightsTrained | GatesMeasured):
            self.loss = result.loss
        if isinstance(result, Evaluated):
            self.best = max(self.best or 0.0, result.score)
        now = time.monotonic()
        if self.started is None or event.repeating:
            # Images from before an interruption are not this process's speed.
            self.started = (now, event.images)
        seconds = now - self.started[0]
        speed = ""
        if seconds > 0 and not event.repeating:
            speed = f"{(event.images - self.started[1]) / seconds:.0f} images/s"
        elif event.repeating:
            speed = "repeating"
        parts = []
        if self.loss is not None:
            parts.append(f"loss {self.loss:.2f}")
        if self.best is not None:
            parts.append(f"best {self.best:.3f}")
        if "entropy" in event.status:
            parts.append(f"entropy {event.status['entropy']:.2f}")
        return f"{speed}\n{' '.join(parts)}"


class _Pace:
    """Time left of things that take minutes each: rich forgets what it saw half a minute ago."""

    def __init__(self) -> None:
        self.begun: tuple[float, int] | None = None
        self.end: float | None = None
        self._last = 0

    def note(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self.begun is None or done < self._last:
            # What was done before is not this process's speed; fewer than before: something else.
            self.begun, self.end = (now, done), None
        self._last = done
        started, before = self.begun
        if done > before:
            self.end = now + (now - started) / (done - before) * (total - done)

    @property
    def seconds_left(self) -> float | None:
        return None if self.end is None else max(0.0, self.end - time.monotonic())


class _TimeColumn(ProgressColumn):
    """Time left above time gone."""

    def render(self, task: Task) -> Text:
        pace: _Pace | None = task.fields.get("pace")
        seconds = task.time_remaining if pace is None else pace.seconds_left
        left = "-:--:--" if seconds is None else _clock(seconds)
        return Text(f"{left} left\n{_clock(task.elapsed or 0.0)}", style="progress.remaining")


def _clock(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _bar(quiet: bool, details: TextColumn) -> Progress:
    """Columns that fit 80 characters with a two-line description of 31."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=6),
        TaskProgressColumn(),
        _TimeColumn(table_column=Column(no_wrap=True)),
        details,
        console=Console(stderr=True),
        disable=quiet,
    )


def _print(progress: Progress, text: str) -> None:
    """A line above the bar. Names may be a stranger's, and terminals obey what they are shown."""
    progress.console.print(readable(text), markup=False, highlight=False)
