"""Read-only access to the files of a folder or zip that others made, within bounds.

Nothing is ever extracted to disk, so a hostile name cannot reach outside; names that try
are refused all the same, and so are zips that promise more bytes than they should.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol

from spaces.files import open_regular, read_regular
from trainers.data.errors import DataError
from trainers.data.image import MAX_BYTES

MAX_MEMBERS = 20_000_000
MAX_TOTAL_BYTES = 1 << 40
MAX_RATIO = 200  # of all unpacked to all packed bytes; images hardly shrink
_RATIO_FROM_BYTES = 100 << 20  # small archives of plain images may well shrink more
_READ_ERRORS = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, RuntimeError, ValueError,
    NotImplementedError,
)  # fmt: skip


class Stream:
    """A file of a source, read from its beginning to its end.

    Args:
        name: what messages call it.
        file: open for reading; its errors become `DataError`.
        size: its length in bytes, as a folder or zip directory states it.
    """

    def __init__(self, name: str, file: IO[bytes], size: int) -> None:
        self.name = name
        self.size = size
        self.position = 0
        self._file = file

    def read(self, count: int) -> bytes:
        """Return the next ``count`` bytes, fewer only at the end."""
        try:
            data = self._file.read(count)
        except _READ_ERRORS as error:
            raise self._broken(error) from error
        self.position += len(data)
        return data

    def readline(self, limit: int) -> bytes:
        """Return the next line with its end, at most ``limit`` bytes of it."""
        try:
            data = self._file.readline(limit)
        except _READ_ERRORS as error:
            raise self._broken(error) from error
        self.position += len(data)
        return data

    def skip(self, count: int) -> None:
        """Go ``count`` bytes on, at most to the end."""
        target = min(self.position + count, self.size)
        try:
            self._file.seek(target)
        except _READ_ERRORS as error:
            raise self._broken(error) from error
        self.position = target

    def _broken(self, error: Exception) -> DataError:
        return DataError(f"{self.name} cannot be read ({error}); copy or download it again")


class Source(Protocol):
    """A folder or zip, its files named by relative paths with forward slashes."""

    path: Path

    def listing(self, folder: str) -> list[str]:
        """Return what lies directly in ``folder`` ('' is the top), folders with a final slash."""
        ...

    def member(self, folder: str, path: str) -> str | None:
        """Return the file that ``path`` names from ``folder``; None if missing or outside."""
        ...

    def leads_outside(self, folder: str, path: str) -> bool:
        """Whether ``path`` is absolute, climbs out, or names a link to outside."""
        ...

    def open(self, name: str) -> AbstractContextManager[Stream]:
        """Open the file for reading in one go; `DataError` where that fails."""
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
    with ExitStack() as opened:
        try:
            file = opened.enter_context(open_regular(path))
            archive = opened.enter_context(zipfile.ZipFile(file))
        except (*_READ_ERRORS, struct.error) as error:
            raise DataError(f"{path} is neither a folder nor an intact zip ({error})") from error
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

    def listing(self, folder: str) -> list[str]:
        try:
            entries = sorted((self.path / folder).iterdir())
        except OSError:
            return []
        return [f"{entry.name}/" if entry.is_dir() else entry.name for entry in entries]

    def member(self, folder: str, path: str) -> str | None:
        name = normal_name(path)
        if name is None:
            return None
        name = f"{folder}/{name}" if folder else name
        place = self.path / name
        return name if self._is_inside(place) and _is_file(place) else None

    def leads_outside(self, folder: str, path: str) -> bool:
        name = normal_name(path)
        place = self.path / folder / (path if name is None else name)
        return name is None or (_is_file(place) and not self._is_inside(place))

    def _is_inside(self, path: Path) -> bool:
        # A link may point outside; what it points to was not offered for import.
        try:
            return path.resolve().is_relative_to(self._root)
        except (OSError, RuntimeError, ValueError):  # A name that no file can have, for one.
            return False

    @contextmanager
    def open(self, name: str) -> Iterator[Stream]:
        path = self.path / name
        if not self._is_inside(path):
            raise DataError(
                f"{path} is a link to outside of {self.path}: copy what it points to, or give that "
                "folder"
            )
        try:
            file = open_regular(path)
        except OSError as error:
            raise DataError(f"{path} cannot be read ({error.strerror or error})") from error
        with file:
            yield Stream(str(path), file, path.stat().st_size)

    def read(self, name: str, limit: int) -> bytes | None:
        if not self._is_inside(self.path / name):
            return None
        try:
            return read_regular(self.path / name, limit)
        except OSError:
            return None

    def read_image(self, name: str) -> bytes | None:
        return self.read(name, MAX_BYTES)


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._files = {info.filename: info for info in archive.infolist() if not info.is_dir()}

    def listing(self, folder: str) -> list[str]:
        prefix = f"{folder}/" if folder else ""
        below = (name[len(prefix) :] for name in self._files if name.startswith(prefix))
        return sorted({first + slash for first, slash, _ in (n.partition("/") for n in below)})

    def member(self, folder: str, path: str) -> str | None:
        name = normal_name(path)
        if name is None:
            return None
        name = f"{folder}/{name}" if folder else name
        return name if name in self._files else None

    def leads_outside(self, folder: str, path: str) -> bool:
        return normal_name(path) is None

    @contextmanager
    def open(self, name: str) -> Iterator[Stream]:
        title = f"{name} of {self.path}"
        try:
            file = self._archive.open(self._files[name])
        except (*_READ_ERRORS, KeyError) as error:
            raise DataError(f"{title} cannot be read ({error})") from error
        with file:
            yield Stream(title, file, self._files[name].file_size)

    def read(self, name: str, limit: int) -> bytes | None:
        info = self._files.get(name)
        if info is None or info.file_size > limit:
            return None
        try:
            with self._archive.open(info) as file:
                # The size in the directory is a claim; what is read is bounded as well.
                data = file.read(limit + 1)
        except _READ_ERRORS:
            return None
        return data if len(data) <= limit else None

    def read_image(self, name: str) -> bytes | None:
        return self.read(name, MAX_BYTES)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


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
