"""A run directory: manifest, event log, checkpoint, incumbents, result.

``run.json``        what the run is; written first, never changed
``events.jsonl``    one line for each piece of work
``checkpoint/``     state.safetensors: weights, optimiser, searcher and ledger after some event
``incumbents.csv``  the referee's scores of the recommendation along the budget
``result.json``     written last: the run is complete, and its log has the hash that stands there
``trouble.json``    of a study's run: why the last attempt failed; see ``bench.records.trouble``
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b, file_digest
from pathlib import Path

import msgspec

from bench.records.manifest import FILE_NAME, Manifest, read_manifest, write_manifest
from bench.records.result import RefereeRow, RunResult, StoredResult
from bench.records.sealed import read_sealed, write_sealed
from bench.records.work_folder import FirstFile, WorkFolder
from spaces.files import open_regular

EVENTS = "events.jsonl"
INCUMBENTS = "incumbents.csv"
RESULT = "result.json"
FIRST = FirstFile("run", FILE_NAME, read_manifest, write_manifest)


class RunFolder:
    """The folder of the run with this manifest; ``work`` is the folder as any work has one.

    Raises what ``WorkFolder`` does.
    """

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.work = WorkFolder(path, FIRST, manifest)
        self.events = path / EVENTS

    def result(self) -> RunResult | None:
        """What a complete run printed; None while it is unfinished, or if its log has changed."""
        stored = read_result(self.path)
        if stored is None or stored.log_hash not in (None, log_hash(self.path)):
            return None
        return msgspec.convert(stored, RunResult, from_attributes=True)

    def write_result(self, result: RunResult) -> None:
        """Mark the run as complete."""
        hashed = StoredResult(**msgspec.structs.asdict(result), log_hash=log_hash(self.path))
        write_sealed(self.path / RESULT, hashed)
        self.work.complete()

    def write_incumbents(self, rows: Sequence[RefereeRow]) -> None:
        """Replace the table of referee scores."""
        self.work.write_table(INCUMBENTS, [msgspec.structs.asdict(row) for row in rows])


def read_result(folder: Path) -> StoredResult | None:
    """The result of a run with the hash of its log, None where there is none.

    Raises ``RecordError`` for one that is damaged.
    """
    path = folder / RESULT
    return read_sealed(path, StoredResult, "delete it and run again") if path.exists() else None


def log_hash(folder: Path) -> str | None:
    """Hash of the bytes of a run's log, None if there is no log."""
    try:
        with open_regular(folder / EVENTS) as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    except FileNotFoundError:
        return None
