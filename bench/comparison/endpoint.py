"""The endpoint of each arm: its centres, and the gain over the average random architecture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.comparison.answers import Missing
from bench.comparison.groups import Group, Groups
from bench.comparison.protocol import Protocol
from bench.statistics.answers import Answer, NotComputable
from bench.statistics.clusters import units_of
from bench.statistics.effects import relative_improvement
from bench.statistics.intervals import centre_interval, mean_interval

#: The searcher whose evaluations are architectures drawn at random.
RANDOM = "random"


def centres(group: Group, groups: Groups, protocol: Protocol) -> tuple[Answer, Answer, Answer]:
    """Mean, median and interquartile mean of the endpoint of one arm, over its units."""
    rng = protocol.generator(f"endpoint {group.label}")
    means = groups.units(group)
    level = protocol.level
    median = centre_interval("median", means, rng, level)
    return mean_interval(means, level), median, centre_interval("iqm", means, rng, level)


def gain_over_random(group: Group, groups: Groups, protocol: Protocol) -> Answer:
    """Over the average architecture that random search evaluated in the same block.

    On search_val, where both were scored: nobody scores random architectures on test.
    """
    baseline = groups.named(RANDOM)
    if baseline is None:
        return Missing("random search was not run")
    means = {}
    for run in baseline.complete:
        scores = [e.result.score for e in run.events if e.kind == "evaluate"]
        known = [score for score in scores if score is not None]
        if known:
            means[run.block] = float(np.mean(known))
    rows: list[tuple[float, float]] = []
    supernets = []
    for run in group.complete:
        score = run.result.recommendation.search_val_score if run.result else None
        if score is not None and run.block in means:
            rows.append((score, means[run.block]))
            supernets.append(run.supernet)
    if not rows:
        return Missing("random search evaluated nothing in these blocks")
    units = units_of(np.array(rows), supernets)
    rng = protocol.generator(f"improvement {group.label}")
    own, at_random = units.scores.T
    gain = relative_improvement(own, at_random, rng, protocol.level, units.of_clusters)
    if isinstance(gain, NotComputable):
        return gain
    told = "on search_val, where the recommendation was selected: too favourable"
    return replace(gain, method=f"{gain.method}; {told}")
