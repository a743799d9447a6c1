"""From the analysis to the sections of the report, in their order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.report.banner import banner_of
from bench.report.figures.look import Look
from bench.report.formatting import value_text
from bench.report.model import Report
from bench.report.sections.anytime import anytime
from bench.report.sections.conduct import conduct, runs
from bench.report.sections.costs import mac_distribution, pareto
from bench.report.sections.outcome import scores, verdict
from bench.report.sections.pairs import all_pairs, ranks
from bench.report.sections.provenance import checklist, provenance
from bench.report.sections.proxy import proxy_final
from bench.report.sections.supernet import supernet_health


def report_of(analysis: Mapping[str, Any], out: Path) -> Report:
    """The report in ``out`` of an analysis that ``plain`` made safe; call it in ``house_style``."""
    banner = banner_of(analysis)
    look = Look.of(analysis, banner)
    return Report(
        name=value_text(analysis.get("name") or "comparison"),
        question=value_text(analysis.get("question") or ""),
        banner=banner,
        created=value_text(analysis.get("created") or ""),
        sections=(
            verdict(analysis, look),
            all_pairs(analysis, look),
            ranks(analysis, look),
            scores(analysis, look),
            anytime(analysis, look),
            pareto(analysis, look),
            mac_distribution(analysis, look),
            supernet_health(analysis, look),
            proxy_final(analysis, look),
            conduct(analysis),
            runs(analysis, out),
            checklist(analysis),
            provenance(analysis),
        ),
    )
