"""Layouts of which the annotations are lines of text, read as a stream.

* ``labels``: ``path TAB label``; within ``gt.txt`` also ICDAR's form.
* ``icdar``: ``word_1.png, "Genaxis Theatre"``, where a backslash guards a quote.
* ``spaced``: ``path label [[number] lexicon]``; the lexicon, a list with commas that has the label
  in it, is not read. Whatever else follows a label may be more of it: such lines are left out.
* ``mjsynth``: ``./2425/1/115_Lube_45484.jpg 45484``: the label is within the name, the number
  counts lines of ``lexicon.txt``, which lacks the case and is not read.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator

from trainers.data.errors import DataError
from trainers.data.importing.layout import (
    DONT_CARE,
    Annotations,
    Item,
    Layout,
    Skipped,
    Tell,
    Word,
)
from trainers.data.sources import Source, Stream

MAX_LINE_BYTES = 1 << 16
MALFORMED = "malformed line"
MORE_THAN_A_LABEL = "more than a label behind the path"


def read_lines(annotations: Annotations, tell: Tell) -> Iterator[str]:
    """Yield the lines of the one annotation file that are not blank, without their ends.

    Lines end with LF, CRLF or CR, as editors write them.

    Raises:
        DataError: not UTF-8 text, or a line over ``MAX_LINE_BYTES``.
    """
    with annotations.source.open(annotations.files[0]) as stream:
        for start, raw in _raw_lines(stream):
            line = decoded(raw, stream.name, start)
            if line.strip():
                yield line
            tell(stream.position, stream.size)


def _raw_lines(stream: Stream) -> Iterator[tuple[int, bytes]]:
    """Each line, and the byte it begins at."""
    start, rest = 0, b""
    while True:
        more = stream.readline(MAX_LINE_BYTES + 2)
        if start == 0 and not rest:
            more = _without_mark(more, stream.name)
            start = stream.position - len(more)
        rest += more
        # A carriage return at the end may be half of an end.
        whole, rest = _split(rest) if more else (rest.splitlines(keepends=True), b"")
        for line in whole:
            _check_length(line, stream.name)
            yield start, line
            start += len(line)
        if not more:
            return
        _check_length(rest, stream.name)


def _split(raw: bytes) -> tuple[list[bytes], bytes]:
    lines = raw.splitlines(keepends=True)
    unfinished = bool(lines) and not lines[-1].endswith(b"\n")
    return (lines[:-1], lines[-1]) if unfinished else (lines, b"")


def _check_length(line: bytes, name: str) -> None:
    if len(line) > MAX_LINE_BYTES:
        raise DataError(
            f"{name} has a line of more than {MAX_LINE_BYTES} bytes; "
            "expected one line for each image"
        )


def _without_mark(raw: bytes, name: str) -> bytes:
    """The beginning of a file, without a byte order mark."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{name} is UTF-16 text, UTF-8 expected; save it as UTF-8")
    return raw.removeprefix(codecs.BOM_UTF8)


def decoded(raw: bytes, name: str, start: int = 0) -> str:
    """Return the text of a line, its end removed."""
    try:
        return raw.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not UTF-8 text (byte {start + error.start}); save it as UTF-8"
        ) from None


def parse_line(line: str, commas: bool = False) -> tuple[str, str] | None:
    r"""Return (path, label) of one line, ``None`` where it has neither form.

    ``commas`` allows ICDAR's form, in which ``\"`` stands for a quote within the label.
    """
    if "\t" in line:
        path, label = line.split("\t", 1)
        return path.strip(), label.strip("\r\n\t ")
    if not commas:
        return None
    path, comma, label = (part.strip() for part in line.partition(","))
    if not comma:
        return None
    quoted = len(label) > 1 and label[0] == label[-1] == '"'
    return path, unquoted(label[1:-1]) if quoted else label


def unquoted(label: str) -> str:
    r"""Return a label of ICDAR as it is meant: ``\"`` is a quote, ``\\`` a backslash."""
    return re.sub(r'\\(["\\])', r"\1", label).strip()


def first_line(source: Source, file: str) -> str:
    """Return the first line that is not blank, '' where there is none to read."""
    try:
        return next(read_lines(Annotations(source, [file], ""), lambda done, total: None), "")
    except DataError:
        return ""


def _read_labels(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    commas = annotations.files[0].endswith("gt.txt")
    for line in read_lines(annotations, tell):
        yield _word(parse_line(line, commas), line)


def _read_icdar(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    for line in read_lines(annotations, tell):
        item = _word(parse_line(line, commas=True), line)
        if isinstance(item, Word) and item.label == DONT_CARE:
            item = Skipped(f"don't care ({DONT_CARE})", item.path)
        yield item


def _read_spaced(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    for line in read_lines(annotations, tell):
        parsed = _spaced(line)
        more = len(line.split()) > 1
        yield Word(*parsed) if parsed else Skipped(MORE_THAN_A_LABEL if more else MALFORMED, line)


def _read_mjsynth(annotations: Annotations, tell: Tell) -> Iterator[Item]:
    for line in read_lines(annotations, tell):
        path = line.split()[0]
        parts = path.rpartition("/")[2].split("_")
        yield _word((path, "_".join(parts[1:-1])) if len(parts) > 2 else None, line)


def _word(parsed: tuple[str, str] | None, line: str) -> Item:
    return Word(*parsed) if parsed and parsed[0] else Skipped(MALFORMED, line)


def _spaced(line: str) -> tuple[str, str] | None:
    """Return (path, label); None where what follows is no lexicon but may be more of a label."""
    path, *rest = line.split()
    if not rest:
        return None
    label, *more = rest
    if len(more) == 2 and more[0].isdecimal():
        more = more[1:]
    words = [_bare(word) for word in more[0].split(",")] if len(more) == 1 else []
    # A lexicon is what a word is looked up in: the label is one of many.
    if more and not (len(words) > 1 and _bare(label) in words):
        return None
    return path, label


def _bare(word: str) -> str:
    """Letters and digits in lower case, without accents: as lexicons have them."""
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(c for c in plain if c.isalnum())


def _is_icdar(source: Source, file: str) -> bool:
    line = first_line(source, file)
    path, comma, label = line.partition(",")
    quoted = label.lstrip().startswith('"')
    return "\t" not in line and bool(comma) and (quoted or " " not in path.strip())


def _is_spaced(source: Source, file: str) -> bool:
    line = first_line(source, file)
    known = not line or "\t" in line or _is_icdar(source, file)
    return not known and len(line.split()) > 1


def _is_labels(source: Source, file: str) -> bool:
    """Whatever nothing else takes, so that a mistake in it is found line by line."""
    return file.endswith(".tsv") or not (_is_icdar(source, file) or _is_spaced(source, file))


LABELS = Layout(
    "labels", "your own", {"all": ("labels.tsv", "gt.txt")}, _read_labels, fits=_is_labels
)
ICDAR = Layout(
    "icdar",
    "words of IC13 and IC15",
    {
        "all": ("gt.txt",),
        "train": ("Challenge*_Train*_Task3_GT.txt",),
        "test": ("Challenge*_Test_Task3_GT.txt",),
    },
    _read_icdar,
    fits=_is_icdar,
    elsewhere=True,
)
SPACED = Layout(
    "spaced",
    "SVTP and CUTE80",
    {"all": ("gt.txt", "imagelist.txt")},
    _read_spaced,
    fits=_is_spaced,
)
MJSYNTH = Layout(
    "mjsynth",
    "MJSynth (Synth90k)",
    {part: (f"annotation_{part}.txt",) for part in ("train", "val", "test")}
    | {"all": ("annotation.txt",)},
    _read_mjsynth,
)
