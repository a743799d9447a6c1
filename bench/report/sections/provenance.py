"""The checklist of good practice, and all that one needs to repeat the study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.comparison.checklist import Item
from bench.comparison.document import Provenance
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


def checklist(items: Sequence[Item]) -> Section:
    source = Text(
        "Lindauer and Hutter, Best practices for scientific research on neural architecture "
        "search, JMLR 21, 2020; filled in by the program."
    )
    table = Table("checklist", "Checklist", ANSWERS, [vars(item) for item in items])
    return Section("checklist", "Checklist", [source, table])


def provenance(found: Provenance) -> Section:
    deviations = found.deviations
    blocks: list[Block] = [Heading("Deviations from the papers")]
    blocks.append(Bullets(deviations) if deviations else Text("No deviation was stated."))
    blocks += [Heading("Hyperparameters"), *_settings(found.hyperparameters)]
    blocks.append(Heading("Versions"))
    if found.versions:
        blocks.append(Facts(list(found.versions.items())))
    else:
        blocks.append(Refused("Versions", "this analysis does not hold it"))
    machines = [{**machine.described, "runs": machine.runs} for machine in found.hardware]
    keys = dict.fromkeys(key for machine in machines for key in machine)
    columns = tuple(Column(key, key.replace("_", " ")) for key in keys)
    blocks += [Heading("Hardware"), Table("hardware", "Hardware", columns, machines)]
    return Section("provenance", "Reproducing it", blocks)


def _settings(found: Mapping[str, Mapping[str, object]]) -> list[Block]:
    texts = {
        name: {key: "not set" if value is None else value_text(value) for key, value in own.items()}
        for name, own in found.items()
    }
    facts = [
        (name, ", ".join(f"{key} = {text}" for key, text in own.items()) or "there are none")
        for name, own in texts.items()
    ]
    rows = [
        {"searcher": name, "key": key, "value": text}
        for name, own in texts.items()
        for key, text in own.items()
    ]
    table = Table("hyperparameters", "Hyperparameters", SETTINGS, rows)
    return [Facts(facts), Fold("As a table", (table,))]
