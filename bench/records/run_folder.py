"""A run directory: manifest, event log, checkpoint, incumbents, result.

``run.json``        what the run is; written first, never changed
``events.jsonl``    one line for each piece of work
``checkpoint/``     state.safetensors: weights, optimiser, searcher and ledger after some event
``incumbents.csv``  the referee's scores of the recommendation along the budget
``result.json``     written last: the run is complete, and its log has the hash that stands there
``trouble.json``    of a study's run: why the last attempt failed; see ``bench.records.trouble``
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from bench.records.manifest import FILE_NAME, read_manifest, write_manifest
from bench.records.sealed import read_sealed, write_sealed
from bench.records.work_folder import FirstFile, WorkFolder
from spaces.files import open_regular

EVENTS = "events.jsonl"
INCUMBENTS = "incumbents.csv"
RESULT = "result.json"
#: Key in the result that says which log belongs to it.
LOG_HASH = "log_hash"
FIRST = FirstFile("run", FILE_NAME, read_manifest, write_manifest)


class RunFolder:
    """The folder of the run with this manifest; ``work`` is the folder as any work has one.

    Raises what ``WorkFolder`` does.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        self.work = WorkFolder(path, FIRST, manifest)
        self.events = path / EVENTS

    def result(self) -> dict[str, Any] | None:
        """What a complete run printed; None while it is unfinished, or if its log has changed."""
        result = read_result(self.path)
        if result is None or result.pop(LOG_HASH, None) not in (None, log_hash(self.path)):
            return None
        return result

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Mark the run as complete."""
        write_sealed(self.path / RESULT, {**result, LOG_HASH: log_hash(self.path)})
        self.work.complete()

    def write_incumbents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace the table of referee scores."""
        self.work.write_table(INCUMBENTS, rows)


def read_result(folder: Path) -> dict[str, Any] | None:
    """The result of a run with the hash of its log, None where there is none.

    Raises ``RecordError`` for one that is damaged.
    """
    path = folder / RESULT
    return read_sealed(path, "delete it and run again") if path.exists() else None


def log_hash(folder: Path) -> str | None:
    """Hash of the bytes of a run's log, None if there is no log."""
    try:
        with open_regular(folder / EVENTS) as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    except FileNotFoundError:
        return None
