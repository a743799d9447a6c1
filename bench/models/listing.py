"""Lists of what is to be trained: architectures or run folders, one a line."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from bench.records.errors import RecordError

MAX_BYTES = 2**22
#: No architecture is as long, and no path.
MAX_LETTERS = 4_000
STANDARD_INPUT = "-"


@dataclass(frozen=True)
class Listed:
    """What somebody wants, and where it was said: empty for the command line."""

    what: str
    place: str = ""


def read_list(source: str) -> list[Listed]:
    """The lines of a file, or of standard input for ``-``; those that begin with # are comments.

    ``RecordError`` for what cannot be read, is too large, no text, or holds nothing.
    """
    name = "standard input" if source == STANDARD_INPUT else source
    try:
        text = _content(source, name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RecordError(
            f"{name} is not UTF-8 text (byte {error.start}): give architectures, one a line"
        ) from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        what = line.strip()
        if not what or what.startswith("#"):
            continue
        place = f"{name}, line {number}"
        if len(what) > MAX_LETTERS or "\0" in what:
            raise RecordError(f"{place}: {what[:40]!r}... is no architecture and no folder")
        found.append(Listed(what, place))
    if not found:
        raise RecordError(f"{name} lists nothing: give architectures or run folders, one a line")
    return found


def _content(source: str, name: str) -> bytes:
    try:
        if source == STANDARD_INPUT:
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RecordError(f"{name} cannot be read ({error.strerror or error})") from error
    if len(content) > MAX_BYTES:
        raise RecordError(f"{name} is larger than {MAX_BYTES:,} bytes: split it up")
    return content
