"""A folder in which one process at a time does one piece of work, and goes on with it later.

What folders of runs and of models share: a first file that says what the work is, a lock, a
checkpoint, tables, and refusals. ``RunFolder`` and ``ModelFolder`` say what else lies there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.records.documents import table_bytes, writing
from bench.records.errors import FolderInUse, RecordError
from bench.records.flat import flatten
from bench.records.foreign import refuse_foreign
from bench.records.lock import try_lock
from bench.records.manifest import Begun
from bench.records.trouble import forget_trouble
from spaces.atomic import sweep_temporaries, write_atomically

CHECKPOINT = "checkpoint"
LOCK = ".lock"


@dataclass(frozen=True)
class FirstFile:
    """The file that is written first and never changed: it says what the work is.

    ``what`` the work is in messages. ``read`` is None for a folder without the file.
    """

    what: str
    name: str
    read: Callable[[Path], Begun | None]
    write: Callable[[Path, Begun], None]


class WorkFolder:
    """Opens or creates ``path`` for the work that ``manifest`` describes, and locks it.

    ``manifest`` is then the one that lies there: what was known when the work was begun. Raises
    ``RecordError`` when the folder is another work's or another process's, or cannot be written.
    """

    def __init__(self, path: Path, first: FirstFile, manifest: Begun) -> None:
        self.path = path
        self.first = first
        self.checkpoint = path / CHECKPOINT / "state.safetensors"
        with writing(self, "choose another with --out or free space"):
            refuse_foreign(path, first.name)
            path.mkdir(parents=True, exist_ok=True)
            self._lock: int | None = _locked(path)
            try:
                self.manifest = self._adopted(manifest)
                self.checkpoint.parent.mkdir(exist_ok=True)
                sweep_temporaries(path)
                sweep_temporaries(self.checkpoint.parent)
            except BaseException:
                self.close()
                raise

    def __str__(self) -> str:
        return f"{self.first.what} folder {self.path}"

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Within, a disk that is full is a ``RecordError``; the folder is closed at the end."""
        try:
            with writing(self, "free space, then run the same command to resume"):
                yield
        finally:
            self.close()

    def write_table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace a CSV file; the first of ``rows`` names the columns."""
        write_atomically(self.path / name, table_bytes(list(rows[0]), rows))

    def complete(self) -> None:
        """The work is done: why an earlier attempt failed is forgotten."""
        forget_trouble(self.path)

    def forget_checkpoint(self) -> None:
        """Remove what would be needed to go on."""
        if self.checkpoint.parent.is_dir():
            sweep_temporaries(self.checkpoint.parent)
            self.checkpoint.unlink(missing_ok=True)
            self.checkpoint.parent.rmdir()

    def close(self) -> None:
        """Let other processes use the folder; idempotent."""
        if self._lock is not None:
            lock, self._lock = self._lock, None
            os.close(lock)

    def _adopted(self, manifest: Begun) -> Begun:
        known = self.first.read(self.path)
        if known is None:
            self.first.write(self.path, manifest)
            return manifest
        if known.identity_hash != manifest.identity_hash:
            what = difference(known.identity, manifest.identity)
            raise RecordError(
                f"{self.path} holds another {self.first.what} ({what}): choose another folder "
                "with --out, or delete that one"
            )
        return known


def difference(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """The first setting in which two identities differ, in words."""
    before, after = flatten(known), flatten(wanted)
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            return f"{key} is {before.get(key)!r} there, {after.get(key)!r} here"
    return "its manifest differs"


def _locked(path: Path) -> int:
    lock = try_lock(path / LOCK)
    if lock is None:
        raise FolderInUse(
            f"{path} is in use by another process: wait for it or choose another folder with --out"
        )
    return lock
