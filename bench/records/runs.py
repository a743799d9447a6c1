"""Reads what runs left behind: the run folder as one record, for comparisons.

Files may come from elsewhere: parsed strictly, sizes bounded, nothing executed. A run that is not
complete is read as far as it goes and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct

from bench.records.errors import RecordError
from bench.records.event_log import read_lines
from bench.records.manifest import FILE_NAME, read_manifest
from bench.records.result import Manifest, Result
from bench.records.run_folder import EVENTS, LOG_HASH, RESULT, log_hash, read_result

FRESH_WEIGHTS = "fresh weights"
#: In place of weights, where a verdict is replayed.
RECORDED, PREDICTED = "recorded", "predicted"
#: A study of folders within folders; deeper ones are no studies.
MAX_DEPTH = 4


class EventResult(Struct, frozen=True):
    """Of an event's result, what comparisons use."""

    score: float | None = None
    loss: float | None = None
    failure: str | None = None
    predicted: bool = False


class EventCost(Struct, frozen=True):
    """Of an event's cost, what comparisons use."""

    images: int = 0
    macs: int = 0
    evaluations: int = 0


class EventWork(Struct, frozen=True):
    """Of an event's work: the architecture that was evaluated or measured."""

    architecture: str | None = None
    architectures: tuple[str, ...] = ()


class EventTime(Struct, frozen=True):
    """Clock readings in seconds."""

    ask: float = 0.0
    trainer: float = 0.0
    tell: float = 0.0
    referee: float = 0.0


class RefereeRow(Struct, frozen=True):
    """A row of the referee's table."""

    point: int
    images: int
    evaluations: int
    architecture: str
    score: float | None
    search_val_score: float | None = None
    weights: str = ""
    own_score: float | None = None
    samples_mean: float | None = None
    discretisation_gap: float | None = None


class Event(Struct, frozen=True):
    """One line of the log; unknown fields, such as gate gradients, are skipped unread."""

    event: int
    kind: str
    result: EventResult = EventResult()
    cost: EventCost = EventCost()
    work: EventWork = EventWork()
    time: EventTime = EventTime()
    verdict: RefereeRow | None = None


EVENT = msgspec.json.Decoder(Event)


@dataclass(frozen=True)
class Trajectory:
    """The referee's scores along a run; all arrays are (P,), in order of cost.

    Seconds are those of trainer, ask and tell; the referee's own are the harness's.
    """

    images: npt.NDArray[np.int64]
    evaluations: npt.NDArray[np.int64]
    macs: npt.NDArray[np.int64]
    seconds: npt.NDArray[np.float64]
    score: npt.NDArray[np.float64]

    @property
    def looks(self) -> int:
        """P."""
        return len(self.score)


@dataclass(frozen=True)
class RunRecord:
    """One run folder."""

    folder: Path
    manifest: dict[str, Any]
    result: dict[str, Any] | None
    events: list[Event]

    @property
    def identity(self) -> dict[str, Any]:
        """What makes it this run."""
        found: dict[str, Any] = self.manifest["identity"]
        return found

    @property
    def run_id(self) -> str:
        """The hash that names it everywhere."""
        return str(self.manifest["identity_hash"])

    @property
    def searcher(self) -> str:
        """Name of the searcher."""
        return str(self.identity["searcher"])

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.identity["seed"])

    @property
    def complete(self) -> bool:
        """Whether the run has ended and written its result."""
        return self.result is not None

    @property
    def supernet(self) -> str:
        """What the scores come from: the hash of a supernet, a landscape, or fresh weights."""
        preset = self.identity["preset"]
        if preset["run"]["evaluator"] == "synthetic":
            return f"landscape {preset['landscape']['seed']}"
        if preset["run"]["evaluator"] == "replay":
            return f"record {self.identity['data']['replay'][0][:8]}"
        start = self.identity["supernet"]
        return f"supernet {start[:8]}" if start else FRESH_WEIGHTS

    @property
    def block(self) -> str:
        """Runs of one block share supernet and data order: what paired tests pair."""
        return f"{self.supernet}, seed {self.seed}"

    @property
    def score(self) -> float | None:
        """The endpoint: the referee's score on test of what was recommended at the end."""
        if self.result is None:
            return None
        found = self.result["recommendation"]["score"]
        return None if found is None else float(found)

    @cached_property
    def trajectory(self) -> Trajectory:
        """The referee's looks, with the costs up to each."""
        rows: list[tuple[int, int, int, float, float]] = []
        images = macs = evaluations = 0
        seconds = 0.0
        for event in self.events:
            if event.verdict is None:
                images += event.cost.images
                macs += event.cost.macs
                evaluations += event.cost.evaluations
                seconds += event.time.ask + event.time.trainer + event.time.tell
            elif event.verdict.score is not None:
                rows.append((images, evaluations, macs, seconds, event.verdict.score))
        table = np.array(rows, dtype=np.float64).reshape(len(rows), 5)
        # Multiply-adds of a run stay below 2^53, where floats still count by one.
        images_P, evaluations_P, macs_P = table[:, :3].astype(np.int64).T
        return Trajectory(images_P, evaluations_P, macs_P, table[:, 3], table[:, 4])


def find_runs(places: Sequence[Path]) -> list[Path]:
    """Run folders at or below the given places, sorted; ``RecordError`` where there is none."""
    found: list[Path] = []
    for place in places:
        here = sorted(_runs_below(place, MAX_DEPTH))
        if not here:
            what = "no such folder" if not place.exists() else f"no {FILE_NAME} in it or below"
            raise RecordError(f"{place}: {what}: give run folders, or the folder of a study")
        found.extend(here)
    return list(dict.fromkeys(found))


def read_run(folder: Path) -> RunRecord:
    """One run; ``RecordError`` names what is missing or damaged."""
    manifest = read_manifest(folder)
    if manifest is None:
        raise RecordError(f"{folder} is no run folder: it has no {FILE_NAME}")
    try:
        msgspec.convert(manifest, Manifest)
    except msgspec.ValidationError as error:
        raise RecordError(
            f"{folder / FILE_NAME} is damaged or of another version ({error}): run it again"
        ) from error
    record = RunRecord(folder, manifest, _result(folder), read_lines(folder / EVENTS, _decode))
    _check_agreement(record)
    return record


def read_what_can_be(folders: Iterable[Path]) -> tuple[list[RunRecord], list[dict[str, str]]]:
    """Records, and the folders that cannot be used, each with the reason."""
    records: dict[str, RunRecord] = {}
    excluded = []
    for folder in folders:
        try:
            record = read_run(folder)
        except (RecordError, OSError) as error:
            excluded.append({"run": str(folder), "reason": str(error)})
            continue
        if record.run_id in records:
            reason = f"the same run as {records[record.run_id].folder}"
            excluded.append({"run": str(folder), "reason": reason})
            continue
        records[record.run_id] = record
    return list(records.values()), excluded


def _check_agreement(record: RunRecord) -> None:
    """The result must say what the log says last: one of them alone proves nothing."""
    if record.result is None:
        return
    verdicts = [event.verdict for event in record.events if event.verdict is not None]
    last = verdicts[-1] if verdicts else None
    ended = record.result["recommendation"]
    for what, told, logged in (
        ("score", record.score, last and last.score),
        ("recommendation", ended.get("text"), last and last.architecture),
    ):
        if last is None or told != logged:
            raise RecordError(
                f"{record.folder}: {RESULT} has the {what} {told}, the log {logged or 'nothing'}: "
                "one of them was changed; delete the folder and run again"
            )
    # Results from before it was written down do not say which log is theirs.
    known = record.result.get(LOG_HASH)
    if known is not None and known != log_hash(record.folder):
        raise RecordError(
            f"{record.folder}: {EVENTS} is not the log that {RESULT} was written for: one of them "
            "was changed; delete the folder and run again"
        )


def read_runs(folders: Iterable[Path]) -> list[RunRecord]:
    """Several runs; the same run found in two places is refused."""
    records: dict[str, RunRecord] = {}
    for folder in folders:
        record = read_run(folder)
        if record.run_id in records:
            raise RecordError(
                f"{folder} and {records[record.run_id].folder} are the same run: give one of them"
            )
        records[record.run_id] = record
    return list(records.values())


def _runs_below(place: Path, depth: int) -> Iterable[Path]:
    if (place / FILE_NAME).is_file():
        yield place
    elif depth > 0 and place.is_dir():
        for child in place.iterdir():
            if child.is_dir() and not child.is_symlink():
                yield from _runs_below(child, depth - 1)


def _result(folder: Path) -> dict[str, Any] | None:
    result = read_result(folder)
    if result is not None:
        try:
            msgspec.convert(result, Result)
        except msgspec.ValidationError as error:
            raise RecordError(
                f"{folder / RESULT} is damaged ({error}): delete it and run again"
            ) from error
    return result


def _decode(line: bytes, number: int) -> Event:
    event = EVENT.decode(line)
    if event.event != number:
        raise ValueError("not the event expected here")
    return event
