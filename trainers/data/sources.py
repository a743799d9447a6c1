"""Read-only access to the files of a folder or zip that others made, within bounds.

Nothing is ever extracted to disk, so a hostile name cannot reach outside; names that try
are refused all the same, and so are zips that promise more bytes than they should.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Protocol

from trainers.data.errors import DataError
from trainers.data.image import MAX_BYTES

MAX_MEMBERS = 20_000_000
MAX_TOTAL_BYTES = 1 << 40
MAX_RATIO = 200  # of all unpacked to all packed bytes; images hardly shrink
_RATIO_FROM_BYTES = 100 << 20  # small archives of plain images may well shrink more


class Source(Protocol):
    """A folder or zip, its files named by relative paths with forward slashes."""

    path: Path

    def names(self) -> Iterator[str]:
        """Yield names: of a zip all files, of a folder its top level and one name below."""
        ...

    def has(self, name: str) -> bool:
        """Whether the file exists."""
        ...

    def member(self, folder: str, path: str) -> str | None:
        """Return the file that ``path`` names from ``folder``; None if missing or outside."""
        ...

    def read(self, name: str, limit: int) -> bytes | None:
        """Return the file's bytes; None if it is unreadable or larger than ``limit``."""
        ...

    def read_image(self, name: str) -> bytes | None:
        """Return the bytes of an image; None if it is unreadable or too large for one."""
        ...


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a folder or zip.

    Raises:
        DataError: it does not exist, is neither, or is an unsafe zip.
    """
    if path.is_dir():
        yield _Folder(path)
        return
    if not path.exists():
        raise DataError(f"{path} does not exist; expected a folder or a zip of word images")
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise DataError(f"{path} is neither a folder nor an intact zip ({error})") from error
    with archive:
        _check_archive(path, archive)
        yield _Zip(path, archive)


def normal_name(path: str) -> str | None:
    """Return a relative path in plain form, ``None`` for one that is absolute or climbs out."""
    path = path.replace("\\", "/")
    pure = PurePosixPath(path)
    if not path or "\0" in path or pure.is_absolute() or ".." in pure.parts or path[1:2] == ":":
        return None
    return str(pure)


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._root = path.resolve()

    def names(self) -> Iterator[str]:
        for entry in sorted(self.path.iterdir()):
            yield f"{entry.name}/" if entry.is_dir() else entry.name

    def has(self, name: str) -> bool:
        return (self.path / name).is_file()

    def member(self, folder: str, path: str) -> str | None:
        name = normal_name(path)
        if name is None:
            return None
        name = f"{folder}/{name}" if folder else name
        try:
            target = (self.path / name).resolve()
        except (OSError, RuntimeError):
            return None
        # A link may point outside; what it points to was not offered for import.
        inside = target.is_relative_to(self._root) and target.is_file()
        return name if inside else None

    def read(self, name: str, limit: int) -> bytes | None:
        try:
            with (self.path / name).open("rb") as file:
                data = file.read(limit + 1)
        except OSError:
            return None
        return data if len(data) <= limit else None

    def read_image(self, name: str) -> bytes | None:
        return self.read(name, MAX_BYTES)


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._files = {info.filename: info for info in archive.infolist() if not info.is_dir()}

    def names(self) -> Iterator[str]:
        yield from self._files

    def has(self, name: str) -> bool:
        return name in self._files

    def member(self, folder: str, path: str) -> str | None:
        name = normal_name(path)
        if name is None:
            return None
        name = f"{folder}/{name}" if folder else name
        return name if name in self._files else None

    def read(self, name: str, limit: int) -> bytes | None:
        info = self._files.get(name)
        if info is None or info.file_size > limit:
            return None
        try:
            with self._archive.open(info) as file:
                # The size in the directory is a claim; what is read is bounded as well.
                data = file.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, ValueError):
            return None
        return data if len(data) <= limit else None

    def read_image(self, name: str) -> bytes | None:
        return self.read(name, MAX_BYTES)


def _check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise DataError(f"{path} has {len(infos)} members, at most {MAX_MEMBERS} expected")
    total = packed = 0
    for info in infos:
        if normal_name(info.filename) is None:
            raise DataError(
                f"{path} holds the unsafe name {info.filename[:80]!r}; "
                "expected relative names without '..'"
            )
        total += info.file_size
        packed += info.compress_size
    if total > MAX_TOTAL_BYTES or (total > _RATIO_FROM_BYTES and total > MAX_RATIO * packed):
        raise DataError(
            f"{path} unpacks {packed} bytes to {total}; expected at most {MAX_TOTAL_BYTES} "
            f"and {MAX_RATIO} times the packed size: unpack it yourself if you trust it"
        )
