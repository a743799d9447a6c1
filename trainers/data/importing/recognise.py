"""Which layout a source has, told by the files in it.

Looked at are the top, then the folders in it; below a single folder the same again, since
archives often wrap what they hold. The first folders in which anything is found decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from spaces.names import unknown_name
from trainers.data.errors import DataError
from trainers.data.importing.coco_text import COCO_TEXT
from trainers.data.importing.icdar_boxes import ICDAR_BOXES
from trainers.data.importing.layout import Annotations, Layout
from trainers.data.importing.lines import ICDAR, LABELS, MJSYNTH, SPACED
from trainers.data.importing.mat_layouts import IIIT5K, SYNTHTEXT
from trainers.data.importing.xml_layouts import IC03, SVT
from trainers.data.sources import Source

MAX_DEPTH = 8
MAX_FOLDERS = 64
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        LABELS, MJSYNTH, SYNTHTEXT, IIIT5K, SVT, IC03, ICDAR, ICDAR_BOXES, SPACED, COCO_TEXT,
    )
}  # fmt: skip
PARTS = ("all", "train", "val", "test")


@dataclass(frozen=True)
class _Found:
    layout: Layout
    parts: dict[str, list[str]]

    def __str__(self) -> str:
        files = list(dict.fromkeys(files[0] for files in self.parts.values()))
        return f"{self.layout.name} ({', '.join(files)})"


def recognise(
    source: Source, layout: str | None = None, part: str | None = None
) -> tuple[Layout, Annotations]:
    """Return the layout of ``source`` and its annotation files.

    Args:
        source: a folder or zip.
        layout: the only one to look for; a file of its name is then taken as it is.
        part: the part to take; needed where there are several.

    Raises:
        DataError: nothing recognised, more than one layout, or a part that is not there or
            not named.
    """
    if layout is not None and layout not in LAYOUTS:
        raise DataError(unknown_name("layout", layout, LAYOUTS))
    if part is not None and part not in PARTS:
        raise DataError(unknown_name("part", part, PARTS))
    found = next(filter(None, (_found(source, folders, layout) for folders in _levels(source))), [])
    if not found:
        raise DataError(_nothing(source, layout))
    if len(found) > 1:
        listed = " and ".join(map(str, found))
        raise DataError(
            f"{source.path} holds {listed}; choose with --layout, or give one folder of it"
        )
    chosen = found[0]
    return chosen.layout, Annotations(source, *_part(source, chosen, part))


def folders_in(source: Source, folder: str) -> list[str]:
    """Return the folders directly in ``folder``, those of archivers and hidden ones aside."""
    names = [name[:-1] for name in source.listing(folder) if name.endswith("/")]
    shown = [name for name in names if name != "__MACOSX" and not name.startswith(".")]
    return [f"{folder}/{name}" if folder else name for name in shown[:MAX_FOLDERS]]


def _levels(source: Source) -> Iterator[list[str]]:
    folders = [""]
    for _ in range(MAX_DEPTH):
        yield folders
        if len(folders) != 1:
            return
        folders = folders_in(source, folders[0])


def _found(source: Source, folders: list[str], only: str | None) -> list[_Found]:
    layouts = list(LAYOUTS.values()) if only is None else [LAYOUTS[only]]
    found = []
    for folder in folders:
        names = [name for name in source.listing(folder) if not name.endswith("/")]
        here = []
        for layout in layouts:
            parts = _parts(source, folder, names, layout, only is not None)
            if parts:
                here.append(_Found(layout, parts))
        # Whoever writes a labels.tsv means it, whatever else lies beside it.
        own = [each for each in here if each.layout is LABELS and "labels.tsv" in names]
        found += own or here
    return found


def _parts(
    source: Source, folder: str, names: list[str], layout: Layout, forced: bool
) -> dict[str, list[str]]:
    parts = {}
    for part, patterns in layout.parts.items():
        matches = [[name for name in names if fnmatchcase(name, one)] for one in patterns]
        there = [[f"{folder}/{name}" if folder else name for name in m] for m in matches if m]
        files = next((files for files in there if layout.fits(source, files[0])), None)
        if files is None and there and forced:
            files = there[0]
        if files is not None:
            parts[part] = files if layout.many else files[:1]
    return parts


def _part(source: Source, found: _Found, part: str | None) -> tuple[list[str], str]:
    if part is None and len(found.parts) == 1:
        part = next(iter(found.parts))
    if part in found.parts:
        return found.parts[part], part
    listed = ", ".join(sorted(found.parts))
    if part is None:
        raise DataError(f"{source.path} has the parts {listed}; choose one with --part")
    raise DataError(f"{source.path} has no part {part!r} of {found}; it has {listed}")


def _nothing(source: Source, layout: str | None) -> str:
    if layout is None:
        return (
            f"{source.path} has no labels.tsv or gt.txt at its top, nor the annotation files of "
            "another known layout; expected a line 'path TAB label' for each image"
        )
    patterns = dict.fromkeys(sum(LAYOUTS[layout].parts.values(), ()))
    return f"{source.path} has none of the files of layout {layout}: {', '.join(patterns)}"
