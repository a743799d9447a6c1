"""What a layout is: the annotation files it is known by, and how to read words from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from trainers.data.sources import Source

Box = tuple[float, float, float, float]
"""Left, top, right and bottom of a word within its image, in pixels."""

Tell = Callable[[int, int], None]
"""Called with (done, all), in whatever unit a reader can count."""

DONT_CARE = "###"  # ICDAR's label of text that nobody need read


@dataclass(frozen=True)
class Word:
    """One annotated word.

    Args:
        path: the image file, relative to the annotation's folder.
        label: what it says, as annotated.
        box: where it is within the image; None where the image is the word.
    """

    path: str
    label: str
    box: Box | None = None


@dataclass(frozen=True)
class Skipped:
    """An annotation without a word in it.

    Args:
        reason: why, in few words; these are counted.
        what: the line or image, as an example.
    """

    reason: str
    what: str


Item = Word | Skipped


@dataclass(frozen=True)
class Annotations:
    """The annotation files that a reader gets.

    Args:
        source: where they are.
        files: their names; one, unless the layout has a file an image.
        part: the part of the data set that is asked for.
    """

    source: Source
    files: Sequence[str]
    part: str

    @property
    def folder(self) -> str:
        """The folder that paths are relative to."""
        return self.files[0].rpartition("/")[0]


Read = Callable[[Annotations, Tell], Iterator[Item]]


def always(source: Source, file: str) -> bool:
    """The name says enough."""
    del source, file
    return True


@dataclass(frozen=True)
class Layout:
    """One way to lay out annotated words.

    Args:
        name: for ``--layout``.
        sets: the data sets that come in it.
        parts: part -> patterns of file names in one folder, the preferred first.
        read: yields the words.
        fits: whether a file of that name is really of this layout.
        many: whether all files of a pattern belong together.
        elsewhere: whether images may also be in a neighbouring folder.
        suffixes: what a path may lack of a file's name.
    """

    name: str
    sets: str
    parts: Mapping[str, tuple[str, ...]]
    read: Read
    fits: Callable[[Source, str], bool] = always
    many: bool = False
    elsewhere: bool = False
    suffixes: tuple[str, ...] = ("",)
