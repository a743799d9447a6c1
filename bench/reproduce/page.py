"""An outcome as a page of Markdown and as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.comparison.serialised import serialised
from bench.records.manifest import versions
from bench.report.markdown import escaped
from bench.reproduce.entry import Check, Entry, Reproduction, Scale, sentence

#: Of a table that has sizes of the space.
SIZES = (
    "Multiply-adds and parameters are those of the searched architecture at the space's full "
    "width, whatever the preset's is."
)


def markdown(entry: Entry, scale: Scale, outcome: Reproduction, command: str) -> str:
    """The paper's table with ours, whether the claim held, and how it was made."""
    lines = [
        f"# {entry.source}: {entry.place}",
        "",
        f"At scale `{scale}`, by `{command}`.",
        "",
        f"The paper: {entry.claim}",
        "",
        f"Here: {escaped(sentence(outcome))}",
        "",
        *_table(outcome),
        "",
        *(f"- {escaped(note)}" for note in _notes(outcome)),
        "",
        *(f"![{name}]({name})" for name in outcome.pictures),
    ]
    return "\n".join(lines).rstrip() + "\n"


def document(entry: Entry, scale: Scale, outcome: Reproduction, command: str) -> dict[str, Any]:
    """The same, for programs."""
    return {
        "name": entry.name,
        "source": entry.source,
        "place": entry.place,
        "claim": entry.claim,
        "scale": scale,
        "command": command,
        "sentence": sentence(outcome),
        "checks": [_check(check) for check in outcome.checks],
        "columns": list(outcome.columns),
        "rows": [list(row) for row in outcome.rows],
        "notes": list(_notes(outcome)),
        "pictures": sorted(outcome.pictures),
        "versions": versions(),
    }


def _notes(outcome: Reproduction) -> tuple[str, ...]:
    return (*outcome.notes, SIZES) if outcome.sizes else tuple(outcome.notes)


def _check(check: Check) -> Mapping[str, Any]:
    difference = None if check.difference is None else serialised(check.difference)
    return {"text": check.text, "word": check.word, "difference": difference}


def _table(outcome: Reproduction) -> list[str]:
    if not outcome.rows:
        return []
    return [
        "| " + " | ".join(escaped(column) for column in outcome.columns) + " |",
        "|---" + "|---:" * (len(outcome.columns) - 1) + "|",
        *("| " + " | ".join(escaped(cell) for cell in row) + " |" for row in outcome.rows),
    ]
