"""The one way from an analysis to JSON data: report.json and ``--json`` have this layout.

A dataclass becomes an object of its fields, in their order; what is laid out otherwise stands in
``LAYOUTS``. Numbers that are not finite become null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any

from bench.comparison.answers import Interval, Missing, Range
from bench.comparison.anytime import ArmCurves
from bench.comparison.document import Analysis, BudgetUsed
from bench.comparison.final_scores import FinalScores, NoFinalScores
from bench.comparison.pairs import Reference, Unpaired
from bench.comparison.planning import PairNeeds
from bench.comparison.provenance import Machine
from bench.records.study_roll import Roll
from bench.statistics.answers import Estimate, NotComputable
from bench.statistics.clusters import Posterior
from bench.statistics.omnibus import Friedman
from bench.statistics.pairwise import Comparison

Data = dict[str, Any]


def serialised(value: object) -> Any:
    """``value`` as dict, list, str, int, float, bool and None only."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float):
        return value if isfinite(value) else None
    layout = LAYOUTS.get(type(value))
    if layout is not None:
        return serialised(layout(value))
    if is_dataclass(value):
        return serialised(_fields(value))
    if isinstance(value, Mapping):
        return {str(key): serialised(entry) for key, entry in value.items()}
    if isinstance(value, Sequence):
        return [serialised(entry) for entry in value]
    raise TypeError(f"{type(value).__name__} has no layout")


def _fields(value: Any) -> Data:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _analysis(found: Analysis) -> Data:
    data = _fields(found)
    parts = {"setting": found.setting, "provenance": found.provenance}
    laid: Data = {}
    for key, value in data.items():
        laid |= _fields(parts[key]) if key in parts else {key: value}
        if key == "tests":
            laid["verdicts"] = [_verdict(pair) for pair in found.tests.pairs]
    return laid


def _interval(found: Interval) -> Data:
    ends = {"estimate": found.value, "low": found.low, "high": found.high, "n": found.n}
    return {**ends, "level": found.level, "method": found.method}


def pair_data(found: Comparison) -> Data:
    """What there is to know of a pair, by its key in report.json."""
    evidence, verdict, detectable = found.evidence, found.verdict, found.evidence.detectable
    return {
        "a": evidence.first,
        "b": evidence.second,
        "n": evidence.n,
        "unit": evidence.unit,
        "p": evidence.p_value,
        "p_adjusted": evidence.adjusted_p,
        "p_flipped": found.flipped,
        "untested": evidence.untested,
        "shift": evidence.shift,
        "a12": found.superiority,
        "rho": found.correlation,
        "icc": found.intraclass,
        "posterior": _posterior(found.posterior),
        "minimum_detectable_effect": Missing(detectable.reason)
        if isinstance(detectable, NotComputable)
        else {"estimate": detectable.effect, "n": detectable.n, "power": detectable.power},
        "verdict": verdict.word,
        "better": verdict.better,
        "sentence": verdict.sentence,
    }


def _verdict(found: Comparison) -> Data:
    evidence, shift = found.evidence, found.evidence.shift
    return {
        "a": evidence.first,
        "b": evidence.second,
        "verdict": found.verdict.word,
        "p": evidence.adjusted_p,
        "shift": shift.value,
        "low": shift.low if isinstance(shift, Estimate) else None,
        "high": shift.high if isinstance(shift, Estimate) else None,
    }


def _posterior(found: Posterior | NotComputable) -> Data | Missing:
    if isinstance(found, NotComputable):
        return Missing(found.reason)
    return {"better": found.better, "equivalent": found.equivalent, "worse": found.worse}


def _omnibus(found: Friedman) -> Data:
    return {
        "test": found.name,
        "p": found.p_value,
        "chi_squared": found.chi_squared,
        "degrees": found.degrees,
        "agreement": found.agreement,
        "n": found.n,
    }


def _curves(found: ArmCurves) -> Data:
    """Median and interquartile mean share their grid."""
    data: Data = {"n": found.n}
    for name, band in found.bands.items():
        data |= {
            "grid": band.grid,
            name: band.centre,
            f"{name}_low": band.low,
            f"{name}_high": band.high,
            "note": band.note,
        }
    return {**data, "runs": found.runs}


def _final_scores(found: FinalScores) -> Data:
    """What says how well scores agree stands among the rest; a reason to know nothing, for each."""
    data = _fields(found)
    answers = data.pop("agreement")
    if isinstance(answers, Missing):
        keys = ("tau", "tau_corrected", "ceiling", "rivals", "lead", "top_k", "regret")
        laid = {**dict.fromkeys(keys, answers), "better_than_rival": None}
    else:
        laid = _fields(answers)
    head = {key: data.pop(key) for key in ("proxy", "notes")}
    return {**head, **laid, **data}


def _no_final_scores(found: NoFinalScores) -> Data:
    rest = {"left_out": found.left_out, "commands": found.commands}
    known = {key: value for key, value in rest.items() if value is not None}
    return {"refused": found.reason, **known}


def _roll(found: Roll) -> Data:
    counts = {"planned": len(found.planned), "complete": len(found.complete)}
    return {**_fields(found), **counts}


def _needs(found: PairNeeds) -> Data:
    data = _fields(found)
    counts = {key: data[key] for key in ("blocks", "blocks_cautious")}
    told = {key: {"estimate": float(n)} for key, n in counts.items() if isinstance(n, int)}
    return {**data, **told}


def _unpaired(found: Unpaired) -> Data:
    return {"refused": found.reason, "verdict": "not comparable", "sentence": found.reason}


#: Not the fields, in their order.
LAYOUTS: Mapping[type, Callable[[Any], Data]] = {
    Analysis: _analysis,
    ArmCurves: _curves,
    BudgetUsed: lambda found: {**found.limits, "equalised": found.equalised},
    Comparison: pair_data,
    Estimate: _interval,
    Friedman: _omnibus,
    Machine: lambda found: {**found.described, "runs": found.runs},
    Missing: lambda found: {"refused": found.reason},
    NoFinalScores: _no_final_scores,
    NotComputable: lambda found: {
        "refused": found.reason,
        "estimate": found.value,
        "n": found.n,
    },
    PairNeeds: _needs,
    FinalScores: _final_scores,
    Range: _interval,
    Roll: _roll,
    Reference: lambda found: {"refused": "the baseline itself", "verdict": "reference"},
    Unpaired: _unpaired,
}
