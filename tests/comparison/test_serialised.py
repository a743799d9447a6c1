"""The layout of report.json and ``--json``: programs of others read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench.comparison.analysis import analyse
from bench.comparison.answers import Missing, Range
from bench.comparison.serialised import serialised
from bench.records.runs import find_runs, read_runs
from bench.statistics.answers import Estimate, NotComputable

PARTS = """
    name question endpoint endpoint_text summary inference supernets created program evaluator
    replay space preset budget budget_images caps margin baseline word_noise searchers tests
    verdicts ranks curves rank_curve pareto mac_distribution supernet_health proxy_final excluded
    runs plan unfinished checklist decided_later deviations versions hardware hyperparameters
"""
PAIR = """
    a b n unit p p_adjusted p_flipped untested shift a12 rho icc posterior
    minimum_detectable_effect verdict better sentence
"""
CURVES = "n grid median median_low median_high note iqm iqm_low iqm_high runs"


def test_estimates_and_refusals() -> None:
    assert serialised(Estimate(0.5, 0.4, 0.6, 9, 0.95, "mean")) == {
        "estimate": 0.5, "low": 0.4, "high": 0.6, "n": 9, "level": 0.95, "method": "mean",
    }  # fmt: skip
    assert serialised(NotComputable("too few", 0.5, 2)) == {
        "refused": "too few",
        "estimate": 0.5,
        "n": 2,
    }
    assert serialised(Missing("not run")) == {"refused": "not run"}
    assert serialised(Range(2.0, 1.0, 3.0, 2))["level"] is None


def test_what_json_lacks_is_null_and_what_has_no_layout_is_refused() -> None:
    assert serialised({"a": (1, float("nan")), 3: [True, None, float("inf")]}) == {
        "a": [1, None],
        "3": [True, None, None],
    }
    with pytest.raises(TypeError, match="object has no layout"):
        serialised([object()])


def test_keys_and_their_order_are_those_that_programs_know(study: Path) -> None:
    found = json.loads(json.dumps(serialised(analyse(read_runs(find_runs([study])), "x"))))
    assert list(found) == PARTS.split()
    assert list(found["tests"]["pairs"][0]) == PAIR.split()
    assert list(found["curves"]["images"]["searchers"]["random"]) == CURVES.split()
    assert list(found["budget"]) == ["images", "evaluations", "macs", "seconds", "equalised"]
    against = {row["name"]: row["against_baseline"] for row in found["searchers"]}
    assert against["random"] == {"refused": "the baseline itself", "verdict": "reference"}
    assert against["evolution"] in found["tests"]["pairs"]
