"""Stored supernets by name, and which part of a space begins from which; no torch is loaded."""

from __future__ import annotations

from pathlib import Path

from trainers.errors import TrainerError
from trainers.settings import SHIPPED

#: Parts of the STR-NAS space that hold every cell of an extractor; parts with a searched rectifier.
WITH_EXTRACTOR, WITH_RECTIFIER = ("extractor", "both"), ("rectifier", "both")


def gives(stored: object, wanted: object) -> bool:
    """Whether a supernet of part ``wanted`` can begin from one of another part, ``stored``."""
    return stored != wanted and stored in WITH_EXTRACTOR and wanted in WITH_RECTIFIER


def find_supernet(start: str) -> Path:
    """Where a stored supernet lies; ``TrainerError`` if it does not exist."""
    if not start.startswith(SHIPPED):
        path = Path(start)
        if not path.exists():
            raise TrainerError(
                f"supernet {start}: no such file: set supernet.start to a file made by `bench "
                "supernet train`, or to nothing for fresh weights"
            )
        return path
    name = start.removeprefix(SHIPPED)
    path = Path(__file__).parent / "shipped" / f"{name}.safetensors"
    if not path.exists():
        raise TrainerError(
            f"no supernet {name!r} comes with this package: set supernet.start to a file made by "
            "`bench supernet train`, or to nothing for fresh weights"
        )
    return path
