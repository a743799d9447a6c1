"""The import itself: a layout's words, filtered, with their images, into a new LMDB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from trainers.data.errors import DataError
from trainers.data.importing.filters import Filter, get_filter
from trainers.data.importing.images import Images
from trainers.data.importing.layout import Annotations, Item, Layout, Skipped
from trainers.data.importing.lines import MORE_THAN_A_LABEL
from trainers.data.importing.recognise import recognise
from trainers.data.rendering.dataset import Progress
from trainers.data.sources import open_source
from trainers.data.unused import noticeable
from trainers.data.writing import write_lmdb

MAX_LABEL_CHARACTERS = 10_000
_EXAMPLES = 3
_EXAMPLE_CHARACTERS = 120
_TELL_EVERY = 64  # drawing a bar takes longer than reading a line


@dataclass(frozen=True)
class ImportReport:
    """What became of an import.

    Args:
        dest: the LMDB written.
        samples: records in it.
        layout: what the source was recognised as.
        annotations: the annotation file that was read, or the first of many.
        part: the part of the data set.
        skipped: reason -> number of words left out for it.
        examples: reason -> the first few of them.
    """

    dest: Path
    samples: int
    layout: str
    annotations: str
    part: str
    skipped: MappingProxyType[str, int]
    examples: MappingProxyType[str, tuple[str, ...]]

    @property
    def warnings(self) -> list[str]:
        """What somebody should look at before they train with it, a sentence each."""
        found = []
        lost = sum(self.skipped.values())
        if noticeable(lost, self.samples + lost):
            found.append(f"{lost:,} of {self.samples + lost:,} words were left out")
        spaced = self.skipped.get(MORE_THAN_A_LABEL, 0)
        if spaced:
            found.append(
                f"{spaced:,} lines have {MORE_THAN_A_LABEL}, which may be one label with spaces or "
                "a label and something else: put a tab between path and label to keep all of it"
            )
        return found


@dataclass
class _Skips:
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, skipped: Skipped) -> None:
        reason = skipped.reason
        self.counts[reason] = self.counts.get(reason, 0) + 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < _EXAMPLES:
            shown.append(skipped.what[:_EXAMPLE_CHARACTERS])


def import_words(
    source: str | Path,
    dest: str | Path,
    progress: Progress | None = None,
    layout: str | None = None,
    part: str | None = None,
    label_filter: str | None = None,
) -> ImportReport:
    """Write the word images of ``source``, a folder or zip, to a new LMDB at ``dest``.

    A word whose image is missing or cannot be decoded, whose box holds nothing of it or whose
    label is empty is counted and skipped. Annotations are read as a stream, so memory does not
    grow with their number (COCO-Text aside, one JSON file).

    Args:
        source: annotations and images in one of `LAYOUTS`.
        dest: where nothing is yet.
        progress: called with (done, all) of the annotations, in bytes or images.
        layout: name of the layout, where it should not be recognised.
        part: train, val, test or all, where a source has several.
        label_filter: name of one of `FILTERS`, the words to keep.

    Raises:
        DataError: no source, no known annotations or damaged ones, not one usable sample, an
            unsafe or oversized zip, an unknown name, or a ``dest`` that exists or cannot be
            written. Nothing is left at ``dest`` then.
    """
    source, dest = Path(source), Path(dest)
    skips = _Skips()
    keeps = None if label_filter is None else get_filter(label_filter)
    with open_source(source) as opened:
        found, annotations = recognise(opened, layout, part)
        records = _records(found, annotations, keeps, skips, progress)
        samples = write_lmdb(dest, _at_least_one(records, found, annotations, skips))
    return ImportReport(
        dest=dest,
        samples=samples,
        layout=found.name,
        annotations=annotations.files[0],
        part=annotations.part,
        skipped=MappingProxyType(dict(skips.counts)),
        examples=MappingProxyType({k: tuple(v) for k, v in skips.examples.items()}),
    )


def _records(
    layout: Layout,
    annotations: Annotations,
    keeps: Filter | None,
    skips: _Skips,
    progress: Progress | None,
) -> Iterator[tuple[bytes, str]]:
    images = Images(layout, annotations)
    for item in layout.read(annotations, _seldom(progress)):
        record = _record(item, images, keeps)
        if isinstance(record, Skipped):
            skips.add(record)
        else:
            yield record


def _record(item: Item, images: Images, keeps: Filter | None) -> tuple[bytes, str] | Skipped:
    if isinstance(item, Skipped):
        return item
    if not item.label:
        return Skipped("empty label", item.path)
    if len(item.label) > MAX_LABEL_CHARACTERS:
        return Skipped(f"label over {MAX_LABEL_CHARACTERS} characters", item.path)
    reason = keeps(item.label) if keeps is not None else None
    if reason is not None:
        return Skipped(reason, f"{item.path} {item.label}")
    data = images.bytes_of(item)
    return data if isinstance(data, Skipped) else (data, item.label)


def _seldom(progress: Progress | None) -> Progress:
    calls = 0

    def tell(done: int, total: int) -> None:
        nonlocal calls
        calls += 1
        if progress is not None and (done == total or calls % _TELL_EVERY == 1):
            progress(done, total)

    return tell


def _at_least_one(
    records: Iterator[tuple[bytes, str]], layout: Layout, annotations: Annotations, skips: _Skips
) -> Iterator[tuple[bytes, str]]:
    empty = True
    for record in records:
        empty = False
        yield record
    if empty:
        listed = ", ".join(f"{count} {reason}" for reason, count in skips.counts.items())
        raise DataError(
            f"{annotations.source.path} gives no usable sample: {annotations.files[0]}, read as "
            f"layout {layout.name}, has {listed or 'no words'}"
        )
