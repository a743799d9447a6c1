"""The endpoint: intervals, paired tests with Holm, effect sizes, verdicts, ranks."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.comparison.answers import plain, refused
from bench.comparison.groups import Group, Groups
from bench.comparison.protocol import Protocol
from bench.statistics.answers import NotComputable
from bench.statistics.blocks import PairedScores
from bench.statistics.effects import relative_improvement
from bench.statistics.holm import first_threshold
from bench.statistics.intervals import iqm_interval, mean_interval, median_interval
from bench.statistics.omnibus import critical_difference, friedman, groups_within
from bench.statistics.paired import smallest_n
from bench.statistics.pairwise import Comparison, compare_pairs


def endpoint(group: Group, protocol: Protocol) -> dict[str, Any]:
    """Mean, median and IQM of the endpoint of one searcher, over all runs that have one."""
    rng = protocol.generator(f"endpoint {group.label}")
    return {
        "score": plain(mean_interval(group.scores, protocol.level)),
        "median": plain(median_interval(group.scores, rng, protocol.level)),
        "iqm": plain(iqm_interval(group.scores, rng, protocol.level)),
    }


def against_baseline(groups: Groups, protocol: Protocol) -> dict[str, dict[str, Any]]:
    """The verdict of every searcher against random search, by label."""
    paired = groups.paired
    if protocol.baseline not in groups.labels:
        return _all_refused(groups, f"{protocol.baseline} was not run: there is no baseline")
    if isinstance(paired, NotComputable):
        return _all_refused(groups, paired.reason)
    compared = _compare(paired, protocol, "baseline", protocol.baseline)
    if isinstance(compared, NotComputable):
        return _all_refused(groups, compared.reason)
    found = {pair.evidence.first: _comparison(pair) for pair in compared}
    for group in groups.groups:
        if group.label in found:
            gain = _relative_improvement(group, groups, protocol)
            found[group.label]["relative_improvement"] = gain
    found[protocol.baseline] = refused("the baseline itself")
    # A searcher without a single complete run is in no block.
    return {**_all_refused(groups, "no run of it is complete"), **found}


def tests(groups: Groups, protocol: Protocol) -> dict[str, Any]:
    """The omnibus test and all pairs."""
    paired = groups.paired
    pairs = len(groups.labels) * (len(groups.labels) - 1) // 2
    common: dict[str, Any] = {
        "alpha": protocol.alpha,
        "margin": protocol.margin,
        "first_threshold": first_threshold(pairs, protocol.alpha) if pairs else None,
        "smallest_n": smallest_n(pairs, protocol.alpha) if pairs else None,
    }
    if isinstance(paired, NotComputable):
        refusal = refused(paired.reason)
        return {**common, "blocks": 0, "dropped": [], "omnibus": refusal, "pairs": []}
    compared = _compare(paired, protocol, "pairs")
    omnibus = friedman(paired.matrix)
    return {
        **common,
        "blocks": len(paired.blocks),
        "dropped": [block.reason for block in paired.dropped],
        "omnibus": refused(omnibus.reason)
        if isinstance(omnibus, NotComputable)
        else {
            "test": "Friedman",
            "p": omnibus.p_value,
            "chi_squared": omnibus.chi_squared,
            "degrees": omnibus.degrees,
            "agreement": omnibus.agreement,
            "n": omnibus.n,
        },
        "pairs": [] if isinstance(compared, NotComputable) else [_comparison(c) for c in compared],
    }


def ranks(groups: Groups, protocol: Protocol) -> dict[str, Any]:
    """Average ranks with Nemenyi's critical difference."""
    paired = groups.paired
    if isinstance(paired, NotComputable):
        return refused(paired.reason)
    omnibus = friedman(paired.matrix)
    if isinstance(omnibus, NotComputable):
        return refused(omnibus.reason)
    k = len(paired.searchers)
    needed = smallest_n(k * (k - 1) // 2, protocol.alpha)
    if len(paired.blocks) < needed:
        # The critical difference is asymptotic: with few blocks it would tell apart what the exact
        # paired tests cannot.
        return refused(
            f"{len(paired.blocks)} blocks: no pair of {k} searchers could be told apart by the "
            f"exact tests, which need at least {needed}"
        )
    difference = critical_difference(len(paired.searchers), len(paired.blocks), protocol.alpha)
    if isinstance(difference, NotComputable):
        return refused(difference.reason)
    cliques = groups_within(omnibus.average_ranks, difference)
    return {
        "ranks": dict(zip(paired.searchers, omnibus.average_ranks, strict=True)),
        "cd": difference,
        "cliques": [[paired.searchers[i] for i in clique] for clique in cliques],
        "blocks": len(paired.blocks),
    }


def _compare(
    paired: PairedScores, protocol: Protocol, part: str, against: str | None = None
) -> tuple[Comparison, ...] | NotComputable:
    """All pairs, or those with one searcher, at the levels of the protocol."""
    return compare_pairs(
        paired.matrix,
        paired.searchers,
        protocol.generator(part),
        margin=protocol.margin,
        against=against,
        alpha=protocol.alpha,
        power=protocol.power,
    )


def _comparison(pair: Comparison) -> dict[str, Any]:
    evidence = pair.evidence
    test, detectable = evidence.test, evidence.detectable
    return {
        "a": evidence.first,
        "b": evidence.second,
        "n": evidence.n,
        "p": None if isinstance(test, NotComputable) else test.p_value,
        "p_adjusted": evidence.adjusted_p,
        "untested": test.reason if isinstance(test, NotComputable) else None,
        "shift": plain(evidence.shift),
        "a12": plain(pair.superiority),
        "rho": plain(pair.correlation),
        "minimum_detectable_effect": refused(detectable.reason)
        if isinstance(detectable, NotComputable)
        else {"estimate": detectable.effect, "n": detectable.n, "power": detectable.power},
        "verdict": pair.verdict.word,
        "better": pair.verdict.better,
        "sentence": pair.verdict.sentence,
    }


def _all_refused(groups: Groups, reason: str) -> dict[str, dict[str, Any]]:
    return {
        label: {"verdict": "not comparable", "sentence": reason, "refused": reason}
        for label in groups.labels
    }


def _relative_improvement(group: Group, groups: Groups, protocol: Protocol) -> dict[str, Any]:
    """Over the average architecture that random search evaluated in the same block.

    On search_val, where both were scored: nobody scores random architectures on test.
    """
    baseline = next(g for g in groups.groups if g.label == protocol.baseline)
    means = {}
    for run in baseline.complete:
        scores = [e.result.score for e in run.events if e.kind == "evaluate"]
        known = [score for score in scores if score is not None]
        if known:
            means[run.block] = float(np.mean(known))
    own, random_means = [], []
    for run in group.complete:
        score = (run.result or {})["recommendation"].get("search_val_score")
        if score is not None and run.block in means:
            own.append(float(score))
            random_means.append(means[run.block])
    if not own:
        return refused("random search evaluated nothing in these blocks")
    rng = protocol.generator(f"improvement {group.label}")
    gain = plain(relative_improvement(own, random_means, rng, protocol.level))
    if "method" in gain:
        gain["method"] += "; on search_val, where the recommendation was selected: too favourable"
    return gain
