"""From a folder or zip of word images with a label file to an LMDB.

The label file is ``labels.tsv`` or ``gt.txt`` at the top, or in the single top folder. Each
line is ``path TAB label``; ``gt.txt`` may also be in ICDAR's form, ``path, "label"``. Image
files are checked by decoding them once and stored byte by byte as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from trainers.data.errors import DataError
from trainers.data.image import try_decode
from trainers.data.rendering.dataset import Progress
from trainers.data.sources import Source, open_source
from trainers.data.writing import write_lmdb

LABEL_FILES = ("labels.tsv", "gt.txt")
MAX_LABEL_FILE_BYTES = 1 << 30
MAX_LABEL_CHARACTERS = 10_000
_EXAMPLES = 3
_ICDAR_LINE = re.compile(r'^\s*(?P<path>[^,\t]+?)\s*,\s*"(?P<label>.*)"\s*$')
_COMMA_LINE = re.compile(r"^\s*(?P<path>[^,\t]+?)\s*,\s*(?P<label>.*?)\s*$")


@dataclass(frozen=True)
class ImportReport:
    """What became of an import.

    Args:
        dest: the LMDB written.
        samples: records in it.
        skipped: reason -> number of lines left out for it.
        examples: reason -> the first few of them.
    """

    dest: Path
    samples: int
    skipped: MappingProxyType[str, int]
    examples: MappingProxyType[str, tuple[str, ...]]


@dataclass
class _Skips:
    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, what: str) -> None:
        self.counts[reason] = self.counts.get(reason, 0) + 1
        shown = self.examples.setdefault(reason, [])
        if len(shown) < _EXAMPLES:
            shown.append(what[:120])


def import_words(
    source: str | Path, dest: str | Path, progress: Progress | None = None
) -> ImportReport:
    """Write the word images of ``source``, a folder or zip, to a new LMDB at ``dest``.

    A line whose image is missing or cannot be decoded, or whose label is empty, is counted and
    skipped.

    Raises:
        DataError: no source, no label file or one that is not UTF-8 text, not one usable
            sample, an unsafe or oversized zip, or a ``dest`` that exists or cannot be written.
            Nothing is left at ``dest`` then.
    """
    source, dest = Path(source), Path(dest)
    skips = _Skips()
    with open_source(source) as opened:
        name = _label_file(opened)
        lines = _read_lines(opened, name)
        records = _records(opened, name, lines, skips, progress)
        samples = write_lmdb(dest, _at_least_one(records, source, name, len(lines), skips))
    return ImportReport(
        dest=dest,
        samples=samples,
        skipped=MappingProxyType(dict(skips.counts)),
        examples=MappingProxyType({k: tuple(v) for k, v in skips.examples.items()}),
    )


def parse_line(line: str, commas: bool = False) -> tuple[str, str] | None:
    r"""Return (path, label) of one line, ``None`` where it has neither form.

    ``commas`` allows ICDAR's form, in which ``\"`` stands for a quote within the label.
    """
    if "\t" in line:
        path, label = line.split("\t", 1)
        return path.strip(), label.strip("\r\n\t ")
    if not commas:
        return None
    match = _ICDAR_LINE.match(line)
    if match:
        return match["path"], match["label"].replace('\\"', '"').replace("\\\\", "\\").strip()
    match = _COMMA_LINE.match(line)
    return (match["path"], match["label"]) if match else None


def _label_file(source: Source) -> str:
    tops = {name.split("/", 1)[0] for name in source.names() if "/" in name}
    tops = {top for top in tops if top != "__MACOSX" and not top.startswith(".")}
    folders = ["", *(f"{top}/" for top in tops if len(tops) == 1)]
    for folder in folders:
        for name in LABEL_FILES:
            if source.has(folder + name):
                return folder + name
    raise DataError(
        f"{source.path} has no {' or '.join(LABEL_FILES)} at its top; "
        "expected one with a line 'path TAB label' for each image"
    )


def _read_lines(source: Source, name: str) -> list[str]:
    raw = source.read(name, MAX_LABEL_FILE_BYTES)
    if raw is None:
        raise DataError(
            f"{name} of {source.path} cannot be read or has more than "
            f"{MAX_LABEL_FILE_BYTES} bytes; split it"
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} of {source.path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from None
    return [line for line in re.split(r"\r?\n", text) if line.strip()]


def _records(
    source: Source, name: str, lines: list[str], skips: _Skips, progress: Progress | None
) -> Iterator[tuple[bytes, str]]:
    folder = name.rpartition("/")[0]
    for number, line in enumerate(lines, start=1):
        record = _record(source, folder, line, name.endswith("gt.txt"), skips)
        if record is not None:
            yield record
        if progress is not None:
            progress(number, len(lines))


def _record(
    source: Source, folder: str, line: str, commas: bool, skips: _Skips
) -> tuple[bytes, str] | None:
    parsed = parse_line(line, commas)
    if parsed is None or not parsed[0]:
        skips.add("malformed line", line)
        return None
    path, label = parsed
    if not label:
        skips.add("empty label", path)
        return None
    if len(label) > MAX_LABEL_CHARACTERS:
        skips.add(f"label over {MAX_LABEL_CHARACTERS} characters", path)
        return None
    member = source.member(folder, path)
    if member is None:
        skips.add("image missing", path)
        return None
    data = source.read_image(member)
    if try_decode(data) is None or data is None:
        skips.add("image not decodable", path)
        return None
    return data, label


def _at_least_one(
    records: Iterator[tuple[bytes, str]], source: Path, name: str, lines: int, skips: _Skips
) -> Iterator[tuple[bytes, str]]:
    empty = True
    for record in records:
        empty = False
        yield record
    if empty:
        listed = ", ".join(f"{count} {reason}" for reason, count in skips.counts.items())
        raise DataError(
            f"{source} gives no usable sample: {lines} lines in {name}"
            f"{f' ({listed})' if listed else ''}; expected lines 'path TAB label'"
        )
