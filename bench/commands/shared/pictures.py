"""Pictures that commands write where they are told to: ``--picture FILE.svg``."""

from __future__ import annotations

from pathlib import Path

from bench.records.documents import writing
from bench.records.errors import RecordError
from spaces.atomic import write_atomically


def check_picture(path: Path) -> None:
    """``RecordError`` for a name that cannot become a picture: said before any work."""
    if path.suffix != ".svg":
        raise RecordError(f"--picture {path}: expected a name that ends in .svg")
    if not path.parent.is_dir():
        raise RecordError(f"--picture {path}: there is no folder {path.parent}")


def write_picture(path: Path, drawn: str) -> None:
    """Write the SVG atomically; ``RecordError`` where that is not possible."""
    with writing(f"--picture {path}", "choose another"):
        write_atomically(path, drawn.encode())
