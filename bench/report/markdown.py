"""The report as Markdown, for where pages cannot be opened: figures are linked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.report.model import (
    Block,
    Bullets,
    Cell,
    Facts,
    Figure,
    Fold,
    Heading,
    Lead,
    Report,
    Table,
    Text,
)

SPECIAL = re.compile(r"([\\`*_{}\[\]|~$^])")
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
#: Rows of a table in the file; its CSV file has all.
LIMIT = 40


def markdown_page(report: Report) -> str:
    """GitHub's Markdown. Every text of the analysis is escaped, so that it is shown as it is."""
    lines = [f"# {escaped(report.name)}", ""]
    if report.banner:
        lines += [f"> **{escaped(report.banner)}**", ""]
    if report.question:
        lines += [escaped(report.question), ""]
    for section in report.sections:
        lines += [f"- [{escaped(section.title)}](#{_anchor(section.title)})"]
    lines.append("")
    for section in report.sections:
        lines += [f"## {escaped(section.title)}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
    lines.append(
        "The whole analysis: [report.json](report.json). All that it is made of, to make it again "
        "with `bench compare records.zip`: [records.zip](records.zip)."
    )
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """``text`` so that Markdown shows it as it is, in a cell of a table too."""
    found = "".join(ENTITIES.get(character, character) for character in text)
    found = SPECIAL.sub(r"\\\1", found)
    # At the start of a line these would make headings and lists.
    return re.sub(r"^(\d*)([#+=.)-])(?=\s|#|$)", r"\1\\\2", " ".join(found.split()))


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        yield from _table(block)
    elif isinstance(block, Figure):
        yield f"![{escaped(block.caption)}](figures/{block.name}.svg)"
        yield ""
        yield f"*{escaped(block.caption)}*"
        for table in block.tables:
            yield from ("", f"**{escaped(table.title)}**", "", *_table(table))
    elif isinstance(block, Fold):
        yield f"### {escaped(block.title)}"
        for inner in block.blocks:
            yield from ("", *_block(inner))
    elif isinstance(block, Lead):
        yield f"**{escaped(block.text)}**"
    elif isinstance(block, Text):
        yield escaped(block.text)
    elif isinstance(block, Heading):
        yield f"### {escaped(block.text)}"
    elif isinstance(block, Bullets):
        yield from (f"- {escaped(item)}" for item in block.items)
    elif isinstance(block, Facts):
        yield from (f"- {escaped(name)}: {escaped(value)}" for name, value in block.facts)
    else:
        yield f"> {escaped(block.what)}: {escaped(block.reason)}."


def _table(table: Table) -> Iterator[str]:
    """At most ``LIMIT`` rows; always a link to all of them."""
    yield "| " + " | ".join(escaped(column.heading) for column in table.paged) + " |"
    yield "|" + "|".join("---:" if column.numeric else "---" for column in table.paged) + "|"
    for row in table.cells(LIMIT):
        yield "| " + " | ".join(_cell(cell) for cell in row) + " |"
    yield ""
    for note in table.notes():
        yield f"{escaped(note)}  "
    shown, every = len(table.thinned), len(table.rows)
    if shown > LIMIT or shown < every:
        yield f"{min(shown, LIMIT)} of {every} rows are shown here.  "
    yield f"All rows: [tables/{table.name}.csv](tables/{table.name}.csv)"


def _cell(cell: Cell) -> str:
    if cell.link:
        return f"[run.json]({cell.link.replace('(', '%28').replace(')', '%29')})"
    letter = f"({cell.letter})" if cell.letter else ""
    parts = (cell.shown.text, cell.shown.detail, letter)
    return " ".join(escaped(text) for text in parts if text)


def _anchor(title: str) -> str:
    """GitHub's anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
