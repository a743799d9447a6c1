"""JSON documents and CSV tables as bytes, and what is said where they cannot be written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bench.records.errors import RecordError


def json_bytes(document: Mapping[str, Any], sort_keys: bool = False) -> bytes:
    """Plain data as indented JSON that ends in a line break."""
    text = json.dumps(document, indent=1, sort_keys=sort_keys, ensure_ascii=False)
    return text.encode() + b"\n"


def table_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Rows as a table with a line of headings; None is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


@contextmanager
def writing(what: object, mend: str = "") -> Iterator[None]:
    """Within, an ``OSError`` is a ``RecordError``: what cannot be written, why, how to mend it."""
    try:
        yield
    except OSError as error:
        told = f"{what} cannot be written ({error.strerror or error})"
        raise RecordError(f"{told}: {mend}" if mend else told) from error
