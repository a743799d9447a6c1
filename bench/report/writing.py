"""Write a report: pages, figures, tables and the analysis itself, each file whole or not at all."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.comparison.document import Analysis
from bench.comparison.serialised import serialised
from bench.records.errors import RecordError
from bench.report.csv_tables import csv_bytes
from bench.report.figures.canvas import house_style
from bench.report.html import html_page
from bench.report.markdown import markdown_page
from bench.report.safe import safe
from bench.report.sections import report_of
from spaces.atomic import sweep_temporaries, write_atomically
from spaces.files import read_object

FOLDERS = ("", "figures", "tables")
OWN_FILE = re.compile(r"report\.(html|md|json)|figures/[a-z0-9-]+\.svg|tables/[a-z0-9-]+\.csv")


def write_report(analysis: Analysis, out: Path) -> dict[str, str]:
    """Write the report of ``analysis`` into ``out``, which is made if need be.

    Returns name -> path, with names such as ``report.html``, ``figures/endpoint.svg`` and
    ``tables/runs.csv``. Links to manifests go from ``out`` to the folders of the runs, which are
    taken as given: from the working directory, or absolute. The same analysis in the same place
    gives the same bytes.

    Raises:
        RecordError: if the folder cannot be written.
    """
    known = safe(analysis)
    before = _written_before(out)
    with house_style():
        report = report_of(known, out)
    # Its place is the first; what it holds is known last.
    content = {"report.json": b""}
    for figure in report.figures():
        content[f"figures/{figure.name}.svg"] = figure.svg.encode()
    for table in report.tables():
        content[f"tables/{table.name}.csv"] = csv_bytes(table)
    content["report.md"] = markdown_page(report).encode()
    files = sorted([*content, "report.html"])
    content["report.json"] = _json({**serialised(known), "files": files})
    # Last, since it links to all the others.
    content["report.html"] = html_page(report).encode()
    try:
        for folder in FOLDERS:
            (out / folder).mkdir(parents=True, exist_ok=True)
            sweep_temporaries(out / folder)
        for path, data in content.items():
            write_atomically(out / path, data)
        for path in before - content.keys():
            (out / path).unlink(missing_ok=True)
    except OSError as error:
        raise RecordError(
            f"report folder {out} cannot be written ({error.strerror or error}): choose another "
            "with --out"
        ) from error
    return {path: str(out / path) for path in content}


def _written_before(out: Path) -> set[str]:
    """Files of the report that lies in ``out``: what this one does not replace, it removes.

    A report from before it kept a list of them made all drawings and tables in its folders.
    """
    try:
        known = read_object(out / "report.json")
    except (OSError, ValueError):
        return set()
    listed = known.get("files")
    if not isinstance(listed, list):
        listed = [
            f"{path.parent.name}/{path.name}"
            for pattern in ("figures/*.svg", "tables/*.csv")
            for path in out.glob(pattern)
        ]
    # The list may be a stranger's: nothing but names that a report makes.
    return {str(path) for path in listed if OWN_FILE.fullmatch(str(path))}


def _json(data: Mapping[str, Any]) -> bytes:
    """A line for each part: curves stay short, and a change is found in a diff."""
    lines = [
        f"{json.dumps(key, ensure_ascii=False)}: "
        + json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        for key, value in data.items()
    ]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()
