"""The file of a panel: which architectures, trained how, stated before the first training.

preset = "cpu"
set = ["retraining.epochs=0.64"]        # as with `bench retrain --set`

[[parts]]
name = "uniform"                        # how these were chosen, in a word
architectures = "uniform.txt"           # one a line, in a file beside this one
seeds = 2                               # trainings of each: seeds 0 and 1
pairs = false                           # whether the second of each two is held against the first
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from bench.models.listing import Listed, read_list
from bench.records.errors import PresetError
from bench.records.toml_file import read_struct
from spaces.names import unknown_name

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/\\]+$")]


class Part(Struct, frozen=True, forbid_unknown_fields=True):
    """Architectures that were chosen alike; ``seeds`` trainings of each.

    ``pairs``: they stand two by two, and the second of two is held against the first.
    """

    name: Name
    architectures: Name
    seeds: Annotated[int, Meta(ge=1, le=100)] = 1
    pairs: bool = False


class _Stated(Struct, frozen=True, forbid_unknown_fields=True):
    parts: Annotated[tuple[Part, ...], Meta(min_length=1, max_length=100)]
    preset: Annotated[str, Meta(min_length=1, max_length=200)] = "cpu"
    set: Annotated[tuple[str, ...], Meta(max_length=1000)] = ()


@dataclass(frozen=True)
class Panel:
    """What a file states; ``path`` is the file."""

    path: Path
    preset: str
    set: tuple[str, ...]
    parts: tuple[Part, ...]

    @property
    def table(self) -> Path:
        """What became of its trainings: ``panel.csv`` for ``panel.toml``."""
        return self.path.with_suffix(".csv")

    def listed(self, part: Part) -> list[Listed]:
        """The architectures of a part, as they stand in its file."""
        return read_list(str(self.path.parent / part.architectures))

    def part(self, name: str) -> Part:
        """The part of that name; ``PresetError`` where there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        known = [part.name for part in self.parts]
        raise PresetError(f"panel {self.path}: {unknown_name('part', name, known)}")


def read_panel(path: Path) -> Panel:
    """The panel of a TOML file; ``PresetError`` says what is wrong with it."""
    stated = read_struct(path, f"panel {path}", _Stated)
    names = [part.name for part in stated.parts]
    for name in names:
        if names.count(name) > 1:
            raise PresetError(f"panel {path}: two parts have the name {name!r}, rename one")
    return Panel(path, stated.preset, stated.set, stated.parts)
