"""The report as one HTML file that asks nobody for anything."""

from __future__ import annotations

import re
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup, escape

from bench.report.model import Report

#: Tables with more rows stand behind a fold.
FOLDED = 24
#: Rows of a table that the page holds; its CSV file has all.
LIMIT = 300
BREAKS = re.compile(r"(?<=[:._/@])(?=\w)|(?<=[a-z])(?=[A-Z][a-z])")


def html_page(report: Report) -> str:
    """The page. Every text of it is escaped; style, script and drawings are the harness's own."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, keep_trailing_newline=True
    )
    environment.filters["breakable"] = breakable
    environment.filters["kind"] = lambda block: type(block).__name__
    template = environment.from_string(_file("page.html.j2"))
    return template.render(
        report=report,
        style=Markup(_file("page.css")),
        script=Markup(_file("page.js")),
        folded=FOLDED,
        limit=LIMIT,
    )


def breakable(text: str) -> Markup:
    """``text``, escaped, that may be broken after the marks that names and paths are made of."""
    return Markup("<wbr>").join(escape(part) for part in BREAKS.split(text))


def _file(name: str) -> str:
    return files("bench.report").joinpath(name).read_text(encoding="utf-8")
