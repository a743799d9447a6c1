"""A run directory: manifest, event log, checkpoint, incumbents, result.

``run.json``        what the run is; written first, never changed
``events.jsonl``    one line for each piece of work
``checkpoint/``     state.safetensors: weights, optimiser, searcher and ledger after some event
``incumbents.csv``  the referee's scores of the recommendation along the budget
``result.json``     written last: the run is complete, and its log has the hash that stands there
``trouble.json``    of a study's run: why the last attempt failed; see ``bench.records.trouble``
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import Any

from bench.records.errors import RecordError
from bench.records.flat import flatten
from bench.records.folder_lock import lock_folder
from bench.records.foreign import refuse_foreign
from bench.records.manifest import read_manifest, write_manifest
from bench.records.sealed import sealed, unsealed
from bench.records.trouble import forget_trouble
from spaces.atomic import sweep_temporaries, write_atomically
from spaces.files import open_regular, read_object

EVENTS = "events.jsonl"
CHECKPOINT = "checkpoint"
INCUMBENTS = "incumbents.csv"
RESULT = "result.json"
#: Key in the result that says which log belongs to it.
LOG_HASH = "log_hash"


class RunFolder:
    """Opens or creates a run directory for the run with this manifest.

    Raises ``RecordError`` when the directory belongs to another run, is used by another process, or
    cannot be written.
    """

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        self.path = path
        try:
            refuse_foreign(path)
            path.mkdir(parents=True, exist_ok=True)
            self._lock = lock_folder(path)
            try:
                self._adopt(manifest)
                (path / CHECKPOINT).mkdir(exist_ok=True)
                sweep_temporaries(path)
                sweep_temporaries(path / CHECKPOINT)
            except BaseException:
                self.close()
                raise
        except OSError as error:
            raise RecordError(
                f"run folder {path} cannot be written ({error.strerror or error}): choose another "
                "with --out or free space"
            ) from error

    @property
    def events(self) -> Path:
        """The event log."""
        return self.path / EVENTS

    @property
    def checkpoint(self) -> Path:
        """The checkpoint file."""
        return self.path / CHECKPOINT / "state.safetensors"

    def result(self) -> dict[str, Any] | None:
        """What a complete run printed; None while it is unfinished, or if its log has changed."""
        path = self.path / RESULT
        if not path.exists():
            return None
        try:
            result = unsealed(read_object(path), path)
        except OSError as error:
            raise RecordError(f"{path} cannot be read ({error.strerror or error})") from error
        except RecordError:
            raise
        except ValueError as error:
            raise RecordError(f"{path} is damaged ({error}): delete it and run again") from error
        if result.pop(LOG_HASH, None) not in (None, log_hash(self.path)):
            return None
        return result

    def write_result(self, result: Mapping[str, Any]) -> None:
        """Mark the run as complete."""
        marked = sealed({**result, LOG_HASH: log_hash(self.path)})
        content = json.dumps(marked, indent=1, ensure_ascii=False).encode() + b"\n"
        write_atomically(self.path / RESULT, content)
        forget_trouble(self.path)

    def write_incumbents(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace the table of referee scores."""
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self.path / INCUMBENTS, text.getvalue().encode())

    def close(self) -> None:
        """Let other processes use the directory."""
        os.close(self._lock)

    def _adopt(self, manifest: Mapping[str, Any]) -> None:
        known = read_manifest(self.path)
        if known is None:
            write_manifest(self.path, manifest)
        elif known["identity_hash"] != manifest["identity_hash"]:
            what = difference(known.get("identity", {}), manifest["identity"])
            raise RecordError(
                f"{self.path} holds another run ({what}): choose another folder with --out, or "
                "delete that one"
            )


def log_hash(folder: Path) -> str | None:
    """Hash of the bytes of a run's log, None if there is no log."""
    try:
        with open_regular(folder / EVENTS) as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()
    except FileNotFoundError:
        return None


def difference(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first setting in which two identities differ, in words."""
    before, after = flatten(known), flatten(wanted)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            return f"{key} is {before.get(key)!r} there, {after.get(key)!r} here"
    return "its manifest differs"
