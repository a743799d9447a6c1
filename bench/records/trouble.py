"""``trouble.json``: why the last attempt at one of many things failed; gone once it is complete.

In the folder of a run of a study, or of a model that was trained beside others.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.records.documents import json_bytes
from bench.records.foreign import TROUBLE as FILE_NAME
from bench.records.foreign import refuse_foreign
from bench.records.manifest import FILE_NAME as MANIFEST
from bench.records.readable import readable
from spaces.atomic import write_atomically
from spaces.errors import InputError
from spaces.files import read_object

MAX_BYTES = 2**16
#: A reason is a line; what is longer quotes somebody's data.
MAX_LETTERS = 2_000


@dataclass(frozen=True)
class RunLeftOut:
    """A run that enters no statistic, by its folder, and why."""

    run: str
    reason: str


def keep_trouble(folder: Path, reason: str, manifest: str = MANIFEST) -> None:
    """Write the reason into a folder, or nothing where it holds other files and no ``manifest``."""
    kept = {"reason": reason[:MAX_LETTERS], "when": datetime.now(UTC).isoformat(timespec="seconds")}
    # A full disk or a stranger's folder may be the very trouble; it is reported in any case.
    with suppress(OSError, InputError):
        refuse_foreign(folder, manifest)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / FILE_NAME, json_bytes(kept))


def known_trouble(folder: Path) -> str | None:
    """The reason kept in a folder; None where there is none, or none that can be read."""
    path = folder / FILE_NAME
    try:
        reason = read_object(path, MAX_BYTES).get("reason")
    except (OSError, ValueError):
        return None
    if not isinstance(reason, str) or not reason.strip():
        return None
    # Folders come from elsewhere, and terminals obey what they are shown.
    return readable(" ".join(reason[:MAX_LETTERS].split()))


def failed_to_begin(places: Iterable[Path]) -> list[RunLeftOut]:
    """Folders at and below ``places`` that hold a reason and no run, with the reason."""
    found = []
    for path in sorted({path for place in places for path in place.rglob(FILE_NAME)}):
        trouble = known_trouble(path.parent)
        if trouble is not None and not (path.parent / MANIFEST).exists():
            found.append(RunLeftOut(str(path.parent), f"failed to begin: {trouble}"))
    return found


def forget_trouble(folder: Path) -> None:
    """Remove the reason: it is complete."""
    with suppress(OSError):
        (folder / FILE_NAME).unlink()
