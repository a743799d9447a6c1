"""Files that are either the old ones or the new ones, never half of each."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

TEMPORARY_PREFIX = ".tmp-"


def write_atomically(path: Path, content: bytes) -> None:
    """Replace ``path`` by ``content``; on a failure the old file stays and nothing is left over."""
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        # What went wrong first is what is told, also where the file cannot be removed.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        # A full disk does not say where it is, and nobody has heard of the temporary name.
        if isinstance(error, OSError):
            error.filename, error.filename2 = str(path), None
        raise
    # It is there and whole; that its name outlives a power cut is more than can be had everywhere.
    with suppress(OSError):
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, where the file system can do that with folders."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def sweep_temporaries(folder: Path) -> None:
    """Remove what a killed process left behind."""
    for leftover in folder.glob(f"{TEMPORARY_PREFIX}*"):
        leftover.unlink(missing_ok=True)
