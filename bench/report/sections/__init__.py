"""From the analysis to the sections of the report, in their order.

``outcome``     the verdict on the first screen, and all scores
``pairs``       tests of all pairs, and average ranks
``anytime``     score against each axis of the budget
``costs``       score against cost, and where recommendations lie
``supernet``    how evenly the supernet was trained
``proxy``       how well proxy scores predict final ones
``conduct``     how the searchers behaved, and every run
``provenance``  the checklist, and what repeats the study
"""

from __future__ import annotations

from pathlib import Path

from bench.comparison.document import Analysis
from bench.report.banner import banner_of
from bench.report.figures.legend import Legend
from bench.report.model import Report
from bench.report.sections.anytime import anytime
from bench.report.sections.conduct import conduct, runs
from bench.report.sections.costs import mac_distribution, pareto
from bench.report.sections.outcome import scores, verdict
from bench.report.sections.pairs import all_pairs, ranks
from bench.report.sections.provenance import checklist, provenance
from bench.report.sections.proxy import proxy_final
from bench.report.sections.supernet import supernet_health


def report_of(analysis: Analysis, out: Path) -> Report:
    """The report in ``out`` of an analysis that is ``safe``; call it in ``house_style``."""
    banner = banner_of(analysis.setting)
    names = [row.name for row in analysis.searchers]
    legend = Legend.of(names, analysis.setting.baseline, banner)
    return Report(
        name=analysis.name or "comparison",
        question=analysis.question,
        banner=banner,
        sections=(
            verdict(analysis, legend),
            all_pairs(analysis, legend),
            ranks(analysis.ranks, legend),
            scores(analysis, legend),
            anytime(analysis, legend),
            pareto(analysis.pareto, legend),
            mac_distribution(analysis.mac_distribution, analysis.setting.caps, legend),
            supernet_health(analysis.supernet_health, legend),
            proxy_final(analysis.proxy_final, legend),
            conduct(analysis.searchers),
            runs(analysis.provenance.runs, out),
            checklist(analysis.provenance.checklist),
            provenance(analysis.provenance),
        ),
    )
