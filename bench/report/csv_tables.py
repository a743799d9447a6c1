"""Tables as CSV: raw numbers, estimates spread over several columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from bench.report.model import Table
from bench.report.plain import interval_of, number_of, reason_of


def csv_bytes(table: Table) -> bytes:
    """All rows of ``table``; UTF-8, one header line.

    A column with estimates becomes ``key``, ``key_low``, ``key_high``, ``key_n``; one with refusals
    has ``key_refused`` with the reason. What is missing is an empty field.
    """
    frame = pd.DataFrame(_columns(table), dtype=object)
    text: str = frame.to_csv(index=False, lineterminator="\n")
    return text.encode()


def _columns(table: Table) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for column in table.columns:
        values = [row.get(column.key) for row in table.rows]
        statistics = any(isinstance(value, Mapping) for value in values)
        found[column.key] = [_scalar(value) for value in values]
        if any(interval_of(value) is not None for value in values):
            ends = [interval_of(value) or (None, None) for value in values]
            found[f"{column.key}_low"] = [low for low, _ in ends]
            found[f"{column.key}_high"] = [high for _, high in ends]
            found[f"{column.key}_n"] = [
                value.get("n") if isinstance(value, Mapping) else None for value in values
            ]
        if statistics and any(value is not None and reason_of(value) for value in values):
            found[f"{column.key}_refused"] = [
                None if value is None else reason_of(value) for value in values
            ]
    return found


def _scalar(value: object) -> object:
    if isinstance(value, Mapping):
        return number_of(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
