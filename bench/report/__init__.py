"""The report of a comparison: pages, figures and tables of an analysis that is already made.

Rendering computes nothing but layout. Every answer of the statistics may be a refusal: then its
reason stands where the number would.

``writing``     ``write_report``: everything into one folder
``main_table``  the main table, for the page and for the terminal
``safe``        texts, wherever they stand in an analysis, as they can be shown
``formatting``  numbers, estimates and refusals as text
``model``       what a page is made of: sections of texts, tables and figures
``sections``    analysis -> sections, in the order of the report
``figures``     analysis -> SVG with tooltips
``html``, ``markdown``, ``csv_tables``  the three ways out

Import it where a report is written: matplotlib and pandas take a second to load.
"""

from __future__ import annotations

from bench.report.main_table import main_table_rows
from bench.report.safe import safe
from bench.report.writing import write_report

__all__ = ["main_table_rows", "safe", "write_report"]
