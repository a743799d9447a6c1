"""Everything that a report is made of, in one file: so its reader can make it again.

``records.zip`` holds manifests, event logs and results of the runs, cards of final scores and the
study file, laid out as in the folder that they come from. `bench compare records.zip` unpacks it
and needs nothing else: no supernet, no words, no GPU.

An archive may be a stranger's: names are those of a study's files or it is refused, sizes are
bounded, and nothing that is there already is overwritten.
"""

from __future__ import annotations

import io
import lzma
import re
import shutil
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bench.records.errors import RecordError
from bench.records.manifest import FILE_NAME as MANIFEST
from bench.records.model_folder import CARD, CURVE
from bench.records.run_folder import EVENTS, RESULT
from spaces.atomic import write_atomically
from spaces.files import open_regular

NAME = "records.zip"
STUDY = "study.toml"
FINALS, LEDGER = "finals", "ledger.json"
OF_A_RUN = (MANIFEST, EVENTS, RESULT, "trouble.json")
OF_A_MODEL = (CARD, CURVE)
MAX_FILES = 200_000
MAX_FILE_BYTES = 2**30
MAX_BYTES = 8 * 2**30
#: What a folder of a study or run may be called; no hidden ones, and no way up.
PART = re.compile(r"[^/\\\0:.][^/\\\0:]{0,199}")
#: When every member says that it was made: the same records give the same bytes.
THEN = (1980, 1, 1, 0, 0, 0)
_CHUNK = 2**20
#: What zipfile raises for one that is cut off, changed, or packed in a way that it does not know.
DAMAGE = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError,
    ValueError,
)  # fmt: skip


def is_archive(place: Path) -> bool:
    """Whether it is a file that may be one of ours."""
    return place.is_file() and zipfile.is_zipfile(place)


def pack(runs: Sequence[Path], place: Path, out: Path, models: Sequence[Path] = ()) -> Path:
    """Write ``runs``, cards of ``models`` and the study file of ``place``; returns the archive.

    Folders in ``place`` keep their places, others are numbered. Nothing is done where the same lies
    in ``out`` already. ``RecordError`` where it cannot be written.
    """
    members = dict(sorted(_members(runs, place, models)))
    path = out / NAME
    if _is_current(path, members):
        return path
    buffer = io.BytesIO()
    try:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name, file in members.items():
                info = zipfile.ZipInfo(name, THEN)
                info.compress_type = zipfile.ZIP_DEFLATED
                with open_regular(file) as source, archive.open(info, "w") as target:
                    shutil.copyfileobj(source, target, _CHUNK)
        write_atomically(path, buffer.getvalue())
    except OSError as error:
        raise RecordError(
            f"{path} cannot be written ({error.strerror or error}): choose another --out"
        ) from error
    return path


def unpack(archive: Path, into: Path) -> None:
    """Lay out the content of ``archive`` in the folder ``into``.

    ``RecordError`` for what is no archive of records, is damaged or too large, or where a file of
    other content is there already; then nothing new is left there.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = _checked(opened, archive)
            # All of it is read and held against what is there before anything is written.
            for info in members:
                _refuse_other(_read(opened, info, archive), into / info.filename)
            for info in members:
                target = into / info.filename
                if not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    write_atomically(target, _read(opened, info, archive))
    except DAMAGE as error:
        raise RecordError(f"{archive} is damaged ({error}): copy it again") from error
    except OSError as error:
        raise RecordError(
            f"{archive} cannot be unpacked into {into} ({error.strerror or error}): choose another "
            "folder with --out"
        ) from error


def _members(runs: Sequence[Path], place: Path, models: Sequence[Path]) -> list[tuple[str, Path]]:
    """Name in the archive and file of each member."""
    home, found = place.resolve(), []
    for folders, kind, names in ((runs, "runs", OF_A_RUN), (models, FINALS, OF_A_MODEL)):
        for number, each in enumerate(sorted(folder.resolve() for folder in folders)):
            # Two folders of other places may have the same name.
            inside = each.relative_to(home) if each.is_relative_to(home) else None
            folder = inside or Path(kind) / f"other-{number}"
            found += [((folder / n).as_posix(), each / n) for n in names if _fits(each / n)]
    for name in (STUDY, f"{FINALS}/{LEDGER}"):
        if (place / name).is_file():
            found.append((name, place / name))
    return found


def _fits(file: Path) -> bool:
    """Whether there is a file that `unpack` would take; nothing larger was read for the report."""
    return file.is_file() and file.stat().st_size <= MAX_FILE_BYTES


def _is_current(path: Path, members: dict[str, Path]) -> bool:
    """Whether the archive holds files of these names and sizes, and none is newer than it."""
    try:
        made = path.stat().st_mtime_ns
        with zipfile.ZipFile(path) as archive:
            known = {info.filename: info.file_size for info in archive.infolist()}
        stats = {name: file.stat() for name, file in members.items()}
    except (OSError, zipfile.BadZipFile):
        return False
    sizes = {name: stat.st_size for name, stat in stats.items()}
    return known == sizes and all(stat.st_mtime_ns < made for stat in stats.values())


def _checked(opened: zipfile.ZipFile, archive: Path) -> list[zipfile.ZipInfo]:
    """Its files; ``RecordError`` unless all are records, of which there are not too many."""
    members = [info for info in opened.infolist() if not info.is_dir()]
    names = [info.filename for info in members]
    if not any(PurePosixPath(name).name == MANIFEST for name in names):
        raise RecordError(
            f"{archive} holds no {MANIFEST}: give an archive that `bench compare` made"
        )
    for name in names:
        if not _is_record(name):
            raise RecordError(
                f"{archive} holds {name[:100]!r}, which is no file of a study: give an archive "
                "that `bench compare` made"
            )
    if len(set(names)) < len(names):
        raise RecordError(
            f"{archive} holds a file twice: give an archive that `bench compare` made"
        )
    large = [info for info in members if info.file_size > MAX_FILE_BYTES]
    total = sum(info.file_size for info in members)
    if large or len(members) > MAX_FILES or total > MAX_BYTES:
        raise RecordError(
            f"{archive} holds {len(members):,} files of {total:,} bytes: expected at most "
            f"{MAX_FILES:,} of {MAX_BYTES:,}, none above {MAX_FILE_BYTES:,}"
        )
    return members


def _is_record(name: str) -> bool:
    *folders, file = name.split("/")
    if not all(PART.fullmatch(part) for part in folders) or len(folders) > 6:
        return False
    if not folders:
        return file in (STUDY, *OF_A_RUN)
    if folders[0] == FINALS:
        return (len(folders) == 2 and file in OF_A_MODEL) or (len(folders) == 1 and file == LEDGER)
    return file in OF_A_RUN


def _refuse_other(content: bytes, target: Path) -> None:
    if target.is_symlink() or (target.exists() and not target.is_file()):
        raise RecordError(f"{target} is in the way: choose another folder with --out")
    if target.exists() and target.read_bytes() != content:
        raise RecordError(
            f"{target} is there and says something else: choose another folder with --out"
        )


def _read(opened: zipfile.ZipFile, info: zipfile.ZipInfo, archive: Path) -> bytes:
    """The content of a file; ``RecordError`` where it is larger than the archive says."""
    parts, left = [], info.file_size
    with opened.open(info) as file:
        while part := file.read(_CHUNK):
            left -= len(part)
            if left < 0:
                raise RecordError(f"{archive}: {info.filename} is larger than it says")
            parts.append(part)
    return b"".join(parts)
