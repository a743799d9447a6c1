"""Finds and reads what runs left behind, for comparisons.

Files may come from elsewhere: parsed strictly, sizes bounded, nothing executed. A run that is not
complete is read as far as it goes and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.records.errors import RecordError
from bench.records.events import read_log
from bench.records.manifest import FILE_NAME, known_identity, read_manifest
from bench.records.record import RunRecord
from bench.records.run_folder import EVENTS, RESULT, log_hash, read_result
from bench.records.trouble import RunLeftOut

#: A study of folders within folders; deeper ones are no studies.
MAX_DEPTH = 4


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
    known_identity(folder, manifest)
    record = RunRecord(folder, manifest, read_result(folder), read_log(folder / EVENTS))
    _check_agreement(record)
    return record


def read_what_can_be(folders: Iterable[Path]) -> tuple[list[RunRecord], list[RunLeftOut]]:
    """Records, and the folders that cannot be used, each with the reason."""
    records: dict[str, RunRecord] = {}
    excluded = []
    for folder in folders:
        try:
            record = read_run(folder)
        except (RecordError, OSError) as error:
            excluded.append(RunLeftOut(str(folder), str(error)))
            continue
        known = records.setdefault(record.run_id, record)
        if known is not record:
            excluded.append(RunLeftOut(str(folder), f"the same run as {known.folder}"))
    return list(records.values()), excluded


def _check_agreement(record: RunRecord) -> None:
    """The result must say what the log says last: one of them alone proves nothing."""
    if record.result is None:
        return
    looks = [event.look for event in record.events if event.look is not None]
    last = looks[-1] if looks else None
    if last is None and record.score is None and not record.result.trajectory:
        # The referee looks at every search, at its end at the latest.
        raise RecordError(
            f"{record.folder} is the training of a supernet and no search: leave it out"
        )
    for what, told, logged in (
        ("score", record.score, last and last.score),
        ("recommendation", record.result.recommendation.text, last and last.architecture),
    ):
        if last is None or told != logged:
            raise RecordError(
                f"{record.folder}: {RESULT} has the {what} {told}, the log {logged or 'nothing'}: "
                "one of them was changed; delete the folder and run again"
            )
    # Results from before it was written down do not say which log is theirs.
    known = record.result.log_hash
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
        known = records.setdefault(record.run_id, record)
        if known is not record:
            raise RecordError(f"{folder} and {known.folder} are the same run: give one of them")
    return list(records.values())


def _runs_below(place: Path, depth: int) -> Iterable[Path]:
    if (place / FILE_NAME).is_file():
        yield place
    elif depth > 0 and place.is_dir():
        for child in place.iterdir():
            if child.is_dir() and not child.is_symlink():
                yield from _runs_below(child, depth - 1)
