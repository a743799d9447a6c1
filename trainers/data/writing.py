"""Write an LMDB in the field's form, whole or not at all; hash the content of one."""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import lmdb

from spaces.atomic import sync_folder
from spaces.notice import tell
from trainers.data.errors import DataError
from trainers.data.store import COUNT_KEY, WordLMDB, image_key, label_key

_BATCH = 1000
_BATCH_BYTES = 64 << 20
_FIRST_MAP_BYTES = 1 << 28
_HASH_ALL_BELOW = 2 << 30
_SWEEP_SECONDS = 600.0
_LEAST_FREE_BYTES = 1 << 20


def write_lmdb(dest: str | Path, records: Iterable[tuple[bytes, str]]) -> int:
    """Stream (image bytes, label) records into a new LMDB folder and return their number.

    Everything is written to a temporary sibling, flushed to disk and renamed to ``dest`` at
    the end; when the iterator raises or the disk is full, nothing is left behind.

    Raises:
        DataError: ``dest`` exists, cannot be written, or the disk is full.
    """
    dest = Path(dest)
    if dest.exists() or dest.is_symlink():
        raise DataError(f"{dest} exists; give a new path, or remove it first")
    with _temporary_sibling(dest) as temporary:
        count = _fill(temporary, iter(records))
        try:
            (temporary / "lock.mdb").unlink(missing_ok=True)
            sync_folder(temporary)
            temporary.rename(dest)
        except OSError as error:
            raise DataError(
                f"{dest} cannot be created ({error.strerror or error}): free space, or give "
                "another path"
            ) from error
    # It is there and whole; that its name outlives a power cut is more than can be had everywhere.
    with suppress(OSError):
        sync_folder(dest.parent)
    return count


@contextmanager
def _temporary_sibling(dest: Path) -> Iterator[Path]:
    temporary = dest.parent / f".tmp-{dest.name}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        dest.parent.mkdir(parents=True, exist_ok=True)
        _sweep(dest)
        temporary.mkdir()
    except OSError as error:
        raise DataError(f"{dest} cannot be created ({error.strerror}); check the path") from error
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _sweep(dest: Path) -> None:
    """Remove what killed writers of the same ``dest`` left behind.

    Their process is gone and nothing was written for a while; the second condition keeps
    writers on other machines that share the folder.
    """
    for left in dest.parent.glob(f".tmp-{glob.escape(dest.name)}-*"):
        pid = left.name.rsplit("-", 2)[-2]
        with suppress(OSError):
            newest = max(f.stat().st_mtime for f in (left, *left.iterdir()))
            if pid.isdigit() and not _is_alive(int(pid)) and time.time() - newest > _SWEEP_SECONDS:
                tell(f"removing {left}, which a writer that was ended left behind")
                shutil.rmtree(left, ignore_errors=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _fill(folder: Path, records: Iterator[tuple[bytes, str]]) -> int:
    count = 0
    try:
        env = lmdb.open(str(folder), map_size=_FIRST_MAP_BYTES, writemap=False, sync=False)
        try:
            for batch in _batches(records):
                items = []
                for offset, (image, label) in enumerate(batch):
                    items.append((image_key(count + offset), image))
                    items.append((label_key(count + offset), label.encode("utf-8")))
                _put(env, items)
                count += len(batch)
            _put(env, [(COUNT_KEY, str(count).encode("ascii"))])
            env.sync(True)
        finally:
            env.close()
    except (OSError, lmdb.Error) as error:
        # LMDB reports a write cut short by a full disk as a plain input/output error.
        full = isinstance(error, lmdb.DiskError) or getattr(error, "errno", None) == errno.ENOSPC
        if full or shutil.disk_usage(folder).free < _LEAST_FREE_BYTES:
            reason = "no space left on the disk"
        else:
            reason = str(error)
        raise DataError(
            f"writing stopped after {count} samples ({reason}); nothing was kept, "
            "free space or give another path"
        ) from error
    return count


def _batches(records: Iterator[tuple[bytes, str]]) -> Iterator[list[tuple[bytes, str]]]:
    """What is written at a time: many words, or few of large images."""
    batch: list[tuple[bytes, str]] = []
    held = 0
    for record in records:
        batch.append(record)
        held += len(record[0])
        if len(batch) == _BATCH or held >= _BATCH_BYTES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def _put(env: lmdb.Environment, items: list[tuple[bytes, bytes]]) -> None:
    """Put one batch in one transaction, growing the map as often as needed."""
    while True:
        try:
            with env.begin(write=True) as txn:
                for key, value in items:
                    txn.put(key, value)
            return
        except lmdb.MapFullError:
            env.set_mapsize(int(env.info()["map_size"]) * 2)


def is_small(path: str | Path) -> bool:
    """Whether an LMDB is so small that all of it is read to find out what it holds."""
    data = Path(path) / "data.mdb" if Path(path).is_dir() else Path(path)
    return data.stat().st_size < _HASH_ALL_BELOW


def content_hash(path: str | Path) -> str:
    """Return ``scheme:hex`` over what the LMDB says, independent of how it is laid out.

    ``words-full-1``: blake2b-128 over count, labels and image bytes. Files of 2 GiB and more
    use ``words-sizes-1``: the image's length stands for its bytes.
    """
    source = WordLMDB(path)
    full = is_small(path)
    digest = hashlib.blake2b(digest_size=16)
    digest.update(b"%d\n" % len(source))
    for index in range(len(source)):
        if full:
            image, label = source.record(index)
            image = image or b""
            size = len(image)
        else:
            image = b""
            size, label = source.sizes(index)
        text = b"" if label is None else label.encode("utf-8")
        digest.update(b"%d %d\n" % (len(text), size))
        digest.update(text)
        digest.update(image)
    return f"{'words-full-1' if full else 'words-sizes-1'}:{digest.hexdigest()}"
