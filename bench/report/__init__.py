"""The report of a comparison: pages, figures and tables of an analysis that is already made.

Rendering computes nothing but layout. Every answer of the statistics may be a refusal: then its
reason stands where the number would.

Import it where a report is written: matplotlib and pandas take a second to load.

``writing``     ``write_report``: everything into one folder
``safe``        makes every text of an analysis safe to show
``sections/``   from the analysis to sections, in the order of the report
``figures/``    from the analysis to SVG with tooltips
``main_table``  the main table, for the page and for the terminal
``banner``      the warning on top where scores were not measured
``formatting``  numbers, estimates and refusals as text
``model``       what a page is made of: sections of texts, tables and figures

``html``        the report as one HTML file
``markdown``    the report as Markdown
``csv_tables``  the tables as CSV files
"""

from __future__ import annotations

from bench.report.main_table import main_table_rows
from bench.report.safe import safe
from bench.report.writing import write_report

__all__ = ["main_table_rows", "safe", "write_report"]
