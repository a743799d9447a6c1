"""Tables as CSV: raw numbers, estimates spread over several columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import pandas as pd

from bench.comparison.answers import Interval, Missing
from bench.report.model import Table
from bench.statistics.answers import NotComputable


def csv_bytes(table: Table) -> bytes:
    """All rows of ``table``; UTF-8, one header line.

    A column with estimates becomes ``key``, ``key_low``, ``key_high``, ``key_n``; one with refusals
    has ``key_refused`` with the reason. What is missing is an empty field.
    """
    frame = pd.DataFrame(_columns(table), dtype=object)
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text.encode()


def _columns(table: Table) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for column in table.columns:
        values = [row.get(column.key) for row in table.rows]
        found[column.key] = [_scalar(value) for value in values]
        intervals = [value if isinstance(value, Interval) else None for value in values]
        if any(intervals):
            found[f"{column.key}_low"] = [each and each.low for each in intervals]
            found[f"{column.key}_high"] = [each and each.high for each in intervals]
            found[f"{column.key}_n"] = [_count(value) for value in values]
        refusals = [value if isinstance(value, NotComputable) else None for value in values]
        if any(refusals):
            found[f"{column.key}_refused"] = [each and each.reason for each in refusals]
    return found


def _scalar(value: object) -> object:
    if isinstance(value, Interval | NotComputable):
        return value.value
    if isinstance(value, str) or not isinstance(value, Sequence | Mapping):
        return value
    return json.dumps(value, ensure_ascii=False)


def _count(value: object) -> int | None:
    """What is missing altogether counts nothing."""
    if isinstance(value, Missing) or not isinstance(value, Interval | NotComputable):
        return None
    return value.n
