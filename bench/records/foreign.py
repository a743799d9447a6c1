"""Folders that hold somebody else's files are left as they are."""

from __future__ import annotations

from pathlib import Path

from bench.records.errors import RecordError
from bench.records.manifest import FILE_NAME

#: What an attempt that failed leaves, and nothing else has to come of it; see ``trouble``.
TROUBLE = "trouble.json"


def refuse_foreign(path: Path, manifest: str = FILE_NAME) -> None:
    """``RecordError`` for a path that cannot become a run folder; what is there stays as it is.

    What is there already may be of an earlier call if there is a file ``manifest``.
    """
    if path.exists() and not path.is_dir():
        raise RecordError(f"{path} is a file: choose another folder with --out")
    names = [item.name for item in path.iterdir()] if path.exists() else []
    others = [name for name in names if not name.startswith(".") and name != TROUBLE]
    if others and not (path / manifest).exists():
        raise RecordError(
            f"{path} holds other files ({min(others)}) and no {manifest}: choose an empty or new "
            "folder with --out"
        )
