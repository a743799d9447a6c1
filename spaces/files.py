"""Files that others made: only plain ones are opened, and no more is read than was expected.

A pipe, a terminal or a device may never end, and a file of 20 GB is no preset. Whatever is wrong
is an ``OSError`` with its reason and path, as the system itself would say it.
"""

from __future__ import annotations

import errno
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

#: Of a JSON file that one command writes and another reads: ten times the largest so far.
MAX_RECORD_BYTES = 64 * 2**20


def open_regular(path: str | Path) -> io.BufferedReader:
    """A plain file, open for reading; ``OSError`` for anything else."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for somebody to write into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except ValueError as error:
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from error
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "a pipe or device, not a plain file", str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: str | Path, most_bytes: int) -> bytes:
    """The content of a plain file; ``OSError`` also if it is larger than ``most_bytes``."""
    with open_regular(path) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        raise OSError(errno.EFBIG, f"larger than {most_bytes:,} bytes", str(path))
    return content


def read_object(path: str | Path, most_bytes: int = MAX_RECORD_BYTES) -> dict[str, Any]:
    """The JSON object in a plain file; ``ValueError`` if it holds anything else."""
    return parse_object(read_regular(path, most_bytes))


def parse_object(content: bytes) -> dict[str, Any]:
    """The JSON object that ``content`` is; ``ValueError`` if it is anything else."""
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError("brackets within brackets by the thousand") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    # Only an escape can hold half of a character, which nothing can write or show.
    if b"\\ud" in content or b"\\uD" in content:
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise ValueError("half of a character") from None
    return found
