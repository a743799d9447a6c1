"""JSON documents and CSV tables as bytes, written alike everywhere."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any


def json_bytes(document: Mapping[str, Any], sort_keys: bool = False) -> bytes:
    """Plain data as indented JSON that ends in a line break."""
    text = json.dumps(document, indent=1, sort_keys=sort_keys, ensure_ascii=False)
    return text.encode() + b"\n"


def table_bytes(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """One row or more as a table; the first row names the columns."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
