"""Aligned tables and the JSON document that goes with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.records.manifest import hardware, versions

FIRST, OTHERS = 34, 13


def table_line(cells: Sequence[str]) -> str:
    """The first cell to the left, the others to the right, in columns of fixed width."""
    head, *others = cells
    return (head.ljust(FIRST) + "".join(cell.rjust(OTHERS) for cell in others)).rstrip()


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Header and rows."""
    for cells in (header, *rows):
        print(table_line(cells), flush=True)


def write_json(path: Path, device: str, document: dict[str, Any]) -> None:
    """The measurements with the versions and the hardware they hold for."""
    whole = {**document, "hardware": hardware(device), "versions": versions()}
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
