"""How commands print: JSON documents and aligned tables."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.commands.shared.say import put, say, warn
from bench.records.documents import fields_of
from bench.records.readable import readable

#: DEL, those of the eight-bit terminals, what turns text around, and halves of characters.
_CONTROL = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def print_json(document: Mapping[str, Any] | Struct) -> None:
    """One JSON document on stdout and nothing else."""
    text = json.dumps(document, indent=2, ensure_ascii=False, default=fields_of)
    # JSON leaves some control characters as they are, and has another way to write each.
    put(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """An aligned table; numbers to the right. Cells are plain text, never markup."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for index, column in enumerate(columns):
        numeric = all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=numeric)
    for row in rows:
        table.add_row(*(Text(readable(_cell(value))) for value in row))
    console = Console()
    with console.capture() as captured:
        console.print(table)
    put(captured.get())


def print_lines(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """An aligned table of texts, one line a row however wide; all but the ends to the right."""
    rows = [[readable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    last = len(columns) - 1
    for row in (columns, *rows):
        cells = [
            cell.ljust(width) if place in (0, last) else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        say("  ".join(cells).rstrip())


def print_facts(facts: Mapping[str, object]) -> None:
    """Names and values, one a line, values aligned."""
    width = max(len(name) for name in facts)
    for name, value in facts.items():
        say(f"{name:<{width}}  {readable(_cell(value))}")


def warn_of_data(data: Mapping[str, Any]) -> None:
    """What a manifest has to say of the words that are not used, on standard error."""
    for split in data.values():
        for warning in split.get("warnings", ()):
            warn(f"Warning: {warning}")


def _cell(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "not available" if value is None else str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
