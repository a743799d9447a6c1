"""One process at a time works in a folder."""

from __future__ import annotations

import os
from pathlib import Path

from bench.records.errors import FolderInUse

LOCK = ".lock"


def lock_folder(path: Path) -> int:
    """An advisory lock that dies with the process; close what is returned to give it back."""
    import fcntl

    descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise FolderInUse(
            f"{path} is in use by another process: wait for it or choose another folder with --out"
        ) from error
    return descriptor
