"""The checklist of good practice, and all that one needs to repeat the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.report.formatting import value_text
from bench.report.model import (
    Block,
    Bullets,
    Column,
    Facts,
    Fold,
    Heading,
    Refused,
    Section,
    Table,
    Text,
)
from bench.report.plain import entries, reason_of

ANSWERS = (
    Column("item", "item"),
    Column("answer", "answer", "answer"),
    Column("note", "note"),
)
SETTINGS = (
    Column("searcher", "searcher"),
    Column("key", "hyperparameter", "code"),
    Column("value", "value", "code"),
)


def checklist(analysis: Mapping[str, Any]) -> Section:
    """Best practices for research on NAS, item by item."""
    rows = entries(analysis.get("checklist"))
    title = "Checklist"
    if not rows:
        reason = reason_of(analysis.get("checklist") or None) or "it was not filled in"
        return Section("checklist", title, [Refused("Checklist", reason)])
    source = Text(
        "Lindauer and Hutter, Best practices for scientific research on neural architecture "
        "search, JMLR 21, 2020; filled in by the program."
    )
    return Section("checklist", title, [source, Table("checklist", "Checklist", ANSWERS, rows)])


def provenance(analysis: Mapping[str, Any]) -> Section:
    """Deviations, settings, versions, hardware, hashes."""
    deviations = [value_text(sentence) for sentence in analysis.get("deviations") or ()]
    blocks: list[Block] = [Heading("Deviations from the papers")]
    blocks.append(Bullets(deviations) if deviations else Text("No deviation was stated."))
    blocks += [Heading("Hyperparameters"), *_settings(analysis.get("hyperparameters"))]
    for key, title in (("versions", "Versions"), ("hashes", "Hashes")):
        found = analysis.get(key)
        if isinstance(found, Mapping) and found and reason_of(found) is None:
            facts = [(name, value_text(value)) for name, value in found.items()]
            blocks += [Heading(title), Facts(facts)]
        elif key == "versions":
            blocks += [Heading(title), Refused(title, reason_of(found or None) or "not recorded")]
    machines = entries(analysis.get("hardware"))
    blocks.append(Heading("Hardware"))
    if machines:
        keys = list(dict.fromkeys(key for machine in machines for key in machine))
        columns = tuple(Column(key, key.replace("_", " ")) for key in keys)
        blocks.append(Table("hardware", "Hardware", columns, machines))
    else:
        blocks.append(Refused("Hardware", "it was not recorded"))
    return Section("provenance", "Reproducing it", blocks)


def _settings(found: object) -> list[Block]:
    if not isinstance(found, Mapping) or reason_of(found) or not found:
        return [Refused("Hyperparameters", reason_of(found or None) or "they were not recorded")]
    rows = [
        {"searcher": name, "key": key, "value": "not set" if value is None else value_text(value)}
        for name, settings in found.items()
        if isinstance(settings, Mapping)
        for key, value in settings.items()
    ]
    facts = [
        (
            name,
            ", ".join(f"{row['key']} = {row['value']}" for row in rows if row["searcher"] == name),
        )
        for name in found
    ]
    table = Table("hyperparameters", "Hyperparameters", SETTINGS, rows)
    return [
        Facts([(name, text or "there are none") for name, text in facts]),
        Fold("As a table", (table,)),
    ]
