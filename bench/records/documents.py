"""JSON documents and CSV tables as bytes, and what is said where they cannot be written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec import Struct

from bench.records.errors import RecordError


def json_bytes(document: Mapping[str, Any] | Struct, sort_keys: bool = False) -> bytes:
    """Plain data or a struct as indented JSON that ends in a line break."""
    text = json.dumps(
        document, indent=1, sort_keys=sort_keys, ensure_ascii=False, default=fields_of
    )
    return text.encode() + b"\n"


def fields_of(value: Any) -> dict[str, Any]:
    """A struct by its keys, in their order: what ``json.dumps`` is to do with it."""
    if not isinstance(value, Struct):
        raise TypeError(f"{type(value).__name__} is no JSON data")
    keys = value.__struct_encode_fields__
    found = {
        key: getattr(value, name) for key, name in zip(keys, value.__struct_fields__, strict=True)
    }
    if not value.__struct_config__.omit_defaults:
        return found
    defaults = value.__struct_defaults__
    unsaid = dict(zip(keys[-len(defaults) :], defaults, strict=True))
    # The very object: what equals a default and was given is said.
    return {key: entry for key, entry in found.items() if entry is not unsaid.get(key, found)}


def plain(value: Mapping[str, Any] | Struct) -> dict[str, Any]:
    """As it will be read again: structs and tuples are objects and lists, all keys are texts."""
    found: dict[str, Any] = json.loads(json.dumps(value, default=fields_of))
    return found


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
