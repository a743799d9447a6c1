"""Read the field's LMDB form: ``num-samples``, ``image-%09d``, ``label-%09d``, from 1.

A reader opens the file once a process, read-only and without a lock file, and leaves the
environment behind when pickled. A forked child reads through its parent's memory map: LMDB
forbids that only for the sake of its lock table, which is not used here.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import lmdb

from trainers.data.errors import DataError
from trainers.data.lmdb_pages import damaged_page

COUNT_KEY = b"num-samples"
MAX_SAMPLES = 999_999_999  # nine digits in the keys


def image_key(index: int) -> bytes:
    """Key of sample ``index``, counted from 0; the keys themselves count from 1."""
    return b"image-%09d" % (index + 1)


def label_key(index: int) -> bytes:
    """Key of the label of sample ``index``, counted from 0."""
    return b"label-%09d" % (index + 1)


class _Handle:
    """One open environment; closed when the last reader lets go of it."""

    def __init__(self, env: lmdb.Environment) -> None:
        self.env = env
        self._closer = weakref.finalize(self, env.close)


# LMDB refuses to open a file twice in one process, so readers of the same file share.
_open_handles: weakref.WeakValueDictionary[tuple[int, int], _Handle] = weakref.WeakValueDictionary()
_open_lock = threading.Lock()
#: Device, inode, size and time of change of files whose pages this process has looked at.
_followable: set[tuple[int, int, int, int]] = set()


class WordLMDB:
    """Read-only view of one LMDB of word images.

    Args:
        path: the LMDB's folder, or its ``data.mdb``.

    Raises:
        DataError: on construction, for a path that is missing, not an LMDB, truncated, or
            whose ``num-samples`` is missing or disagrees with the records.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._handle: _Handle | None = None
        self._count = self._read_count()

    def __len__(self) -> int:
        """Return ``num-samples``; some of these records may turn out unreadable."""
        return self._count

    def __getstate__(self) -> dict[str, object]:
        """Leave the environment behind: it belongs to this process alone."""
        return {"path": self.path, "_count": self._count, "_handle": None}

    def record(self, index: int) -> tuple[bytes | None, str | None]:
        """Return (image bytes, label) of sample ``index`` in [0, len).

        A part that is missing, empty (image) or not UTF-8 (label) is ``None``.
        """
        self._check_index(index)
        try:
            with self._env().begin() as txn:
                return txn.get(image_key(index)) or None, _text(txn.get(label_key(index)))
        except lmdb.Error:
            return None, None

    def sizes(self, index: int) -> tuple[int, str | None]:
        """Return (length of the image in bytes, label): `record` without copying the image.

        A missing image has length 0.
        """
        self._check_index(index)
        try:
            with self._env().begin(buffers=True) as txn:
                image = txn.get(image_key(index), b"")
                return len(image), _text(txn.get(label_key(index)))
        except lmdb.Error:
            return 0, None

    def label(self, index: int) -> str | None:
        """Return the label of sample ``index``, ``None`` where missing or not UTF-8."""
        self._check_index(index)
        try:
            with self._env().begin() as txn:
                return _text(txn.get(label_key(index)))
        except lmdb.Error:
            return None

    def labels(self) -> Iterator[str | None]:
        """Yield all ``len(self)`` labels in order, in one pass; images are not touched.

        Each is looked up by its key: a cursor that walks onto a damaged page would abort the
        process, where a look-up reports an error.
        """
        with self._env().begin() as txn:
            for index in range(self._count):
                try:
                    yield _text(txn.get(label_key(index)))
                except lmdb.Error:
                    yield None

    def close(self) -> None:
        """Let go of the file; the next read opens it again."""
        self._handle = None

    def _check_index(self, index: int) -> None:
        if not 0 <= index < self._count:
            raise DataError(f"sample {index} asked of {self.path}; expected 0 to {self._count - 1}")

    def _env(self) -> lmdb.Environment:
        if self._handle is None:
            self._handle = _shared_handle(self.path)
        return self._handle.env

    def _read_count(self) -> int:
        env = self._env()
        try:
            _check_pages(env, self.path)
            with env.begin() as txn:
                raw = txn.get(COUNT_KEY)
                count = _parse_count(raw, self.path)
                _check_last_record(txn, count, self.path)
        except lmdb.Error as error:
            raise DataError(
                f"{self.path} is a damaged LMDB ({error}); copy or import it again"
            ) from error
        return count


def _check_pages(env: lmdb.Environment, path: Path) -> None:
    """Once a file and process, and not in those that readers are sent to."""
    page_bytes, last = int(env.stat()["psize"]), int(env.info()["last_pgno"])
    try:
        with _data_file(path).open("rb") as file:
            stat = os.fstat(file.fileno())
            known = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
            if known in _followable:
                return
            damaged = damaged_page(file.fileno(), page_bytes, last)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from error
    if damaged is not None:
        raise DataError(f"{path} is a damaged LMDB (page {damaged:,}); copy or import it again")
    _followable.add(known)


def _text(raw: bytes | memoryview | None) -> str | None:
    if raw is None:
        return None
    try:
        return str(raw, "utf-8")
    except UnicodeDecodeError:
        return None


def _parse_count(raw: bytes | None, path: Path) -> int:
    if raw is None:
        raise DataError(
            f"{path} has no 'num-samples' key; expected the form num-samples, image-%09d, "
            "label-%09d (`bench data import` writes it)"
        )
    try:
        count = int(raw.decode("ascii"))
    except ValueError:
        shown = repr(raw[:40])[1:]
        raise DataError(f"num-samples of {path} is {shown}; expected a whole number") from None
    if not 0 <= count <= MAX_SAMPLES:
        raise DataError(f"num-samples of {path} is {count}; expected 0 to {MAX_SAMPLES}")
    return count


def _check_last_record(txn: lmdb.Transaction, count: int, path: Path) -> None:
    """Refuse a ``num-samples`` beyond the records. Single gaps are left to the counting."""
    if count == 0:
        return
    last = count - 1
    # Look-ups, since a cursor would walk on to the next page, whatever that is.
    if any(txn.get(key) is not None for key in (image_key(last), label_key(last))):
        return
    raise DataError(
        f"num-samples of {path} is {count}, but record {count} does not exist; "
        "the file is incomplete: copy or import it again"
    )


def _data_file(path: Path) -> Path:
    if not path.exists():
        raise DataError(f"{path} does not exist; expected an LMDB folder with data.mdb")
    data = path / "data.mdb" if path.is_dir() else path
    if not data.is_file():
        raise DataError(f"{path} holds no data.mdb; expected an LMDB folder")
    return data


def _shared_handle(path: Path) -> _Handle:
    data = _data_file(path)
    try:
        stat = data.stat()
        key = (stat.st_dev, stat.st_ino)
        with _open_lock:
            handle = _open_handles.get(key)
            if handle is None:
                handle = _Handle(_open_checked(path, data, stat.st_size))
                _open_handles[key] = handle
            return handle
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from error


def _open_checked(path: Path, data: Path, size: int) -> lmdb.Environment:
    """Open, then compare the file's size with what its meta page promises.

    A page beyond the end of a mapped file would kill the process with SIGBUS, so this
    happens before any page but the two meta pages is touched.
    """
    try:
        env = lmdb.open(
            str(data), subdir=False, readonly=True, lock=False, readahead=False, meminit=False
        )
    except lmdb.Error as error:
        raise DataError(
            f"{path} is not a readable LMDB ({error}); expected num-samples, image-%09d, label-%09d"
        ) from error
    needed = (int(env.info()["last_pgno"]) + 1) * int(env.stat()["psize"])
    if size < needed:
        env.close()
        raise DataError(
            f"{path} is truncated: {size} bytes present, {needed} expected; copy or import it again"
        )
    return env
