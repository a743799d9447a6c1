"""How well proxy scores rank architectures by their final ones, and whether rivals do as well.

A proxy that ranks no better than multiply-adds, parameters or measures of the untrained network do
is worth no supernet: they are known before the first step. The measures are those of trainings that
kept them; where one did not, they are left out for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.comparison.answers import Missing, value_or_least
from bench.comparison.final_scores import Agreement, Point
from bench.comparison.protocol import Protocol
from bench.statistics.answers import Answer, Floats, NotComputable
from bench.statistics.ranking import (
    kendall_tau,
    null_standard_error,
    seed_ceiling,
    tau_lead,
    tau_without_noise,
)
from bench.statistics.top_k import regret_at_k, top_k_precision
from spaces import Space

#: Fewer architectures are a table, and no statistic.
SMALLEST_PANEL = 5
TOP = (1, 3, 5)
#: Key -> in words.
SIZES = {"macs": "multiply-adds", "params": "parameters"}
UNTRAINED = {"gradient_norm": "gradient norms of the untrained network", "snip": "SNIP"}
RIVALS = SIZES | UNTRAINED


def agreement(points: Sequence[Point], space: Space, protocol: Protocol) -> Agreement | Missing:
    """Rank correlation and what the proxy's best are worth, over points that have both scores."""
    both = [point for point in points if point.proxy is not None]
    n = len(both)
    if n < SMALLEST_PANEL:
        return Missing(
            f"{n} architectures have both scores: a ranking of fewer than {SMALLEST_PANEL} says "
            "next to nothing"
        )
    proxy = np.array([point.proxy for point in both], dtype=np.float64)
    final = np.array([point.mean for point in both])
    top = [k for k in TOP if 2 * k <= n]

    def draws(what: str) -> np.random.Generator:
        return protocol.generator(f"proxy and final {what}")

    level = protocol.level
    corrected, ceiling = _of_seeds(both, proxy, protocol)
    rivals, lead, sentence = _beside_rivals(both, proxy, final, space, protocol)
    return Agreement(
        tau=kendall_tau(proxy, final, draws("tau"), level),
        tau_error_of_chance=null_standard_error(n),
        tau_corrected=corrected,
        ceiling=ceiling,
        rivals=rivals,
        lead=lead,
        better_than_rival=sentence,
        top_k={k: top_k_precision(proxy, final, k, draws(f"top {k}"), level) for k in top},
        regret={k: regret_at_k(proxy, final, k, draws(f"regret {k}"), level) for k in top},
    )


def _beside_rivals(
    points: Sequence[Point], proxy: Floats, final: Floats, space: Space, protocol: Protocol
) -> tuple[dict[str, Answer], Answer, str]:
    """Taus of the rivals, the proxy's lead over the best of them, and what that says."""
    encodings = space.encode([space.parse(point.architecture) for point in points])
    rivals: dict[str, npt.NDArray[Any]] = {
        "macs": space.macs(encodings),
        "params": space.params(encodings),
    }
    for key in UNTRAINED:
        known = [getattr(point, key) for point in points]
        if None not in known:
            rivals[key] = np.array(known, dtype=np.float64)
    taus = {
        key: kendall_tau(each, final, protocol.generator(f"{key} and final tau"), protocol.level)
        for key, each in rivals.items()
    }
    best = max(taus, key=lambda key: value_or_least(taus[key]))
    rng = protocol.generator("proxy and final lead")
    lead = tau_lead(proxy, rivals[best], final, rng, protocol.level)
    return {RIVALS[key]: tau for key, tau in taus.items()}, lead, _sentence(lead, RIVALS[best])


def _sentence(lead: Answer, rival: str) -> str:
    if isinstance(lead, NotComputable):
        return f"Whether proxy scores rank better than {rival} do is not known: {lead.reason}."
    if lead.low > 0.0:
        return f"Proxy scores rank these architectures better than {rival} do."
    if lead.high < 0.0:
        return f"Proxy scores rank these architectures worse than {rival} do."
    return f"Proxy scores are not shown to rank these architectures better than {rival} do."


def _of_seeds(points: Sequence[Point], proxy: Floats, protocol: Protocol) -> tuple[Answer, Answer]:
    """Tau freed of the noise of seeds, and how well one seed's scores rank another's.

    Of as many seeds as every architecture has: a mean of more would be less noisy.
    """
    seeds = min(len(point.scores) for point in points)
    if seeds < 2:
        reason = "some architectures were trained with one seed only"
        return (NotComputable(reason, n=len(points)),) * 2
    table, level = np.array([point.scores[:seeds] for point in points]), protocol.level
    rng = protocol.generator("proxy and final tau")
    corrected = tau_without_noise(kendall_tau(proxy, table.mean(axis=1), rng, level), table)
    return corrected, seed_ceiling(table, protocol.generator("proxy and final ceiling"), level)
