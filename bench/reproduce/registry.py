"""All entries, by name."""

from __future__ import annotations

from bench.reproduce import (
    autostr_figure4,
    autostr_figure5,
    autostr_figure7,
    autostr_space,
    autostr_table3,
    autostr_table4,
    autostr_table5,
    autostr_table6,
    strnas_cells,
    strnas_methods,
    strnas_rows,
    strnas_settings,
)
from bench.reproduce.entry import Entry

ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        autostr_space.ENTRY,
        autostr_table3.ENTRY,
        autostr_table4.ENTRY,
        autostr_table5.ENTRY,
        autostr_table6.ENTRY,
        autostr_figure4.ENTRY,
        autostr_figure5.ENTRY,
        autostr_figure7.ENTRY,
        strnas_methods.ENTRY,
        strnas_rows.ENTRY,
        strnas_cells.ENTRY,
        strnas_settings.ENTRY,
    )
}
