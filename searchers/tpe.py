"""Tree-structured Parzen estimator (Bergstra et al., *Algorithms for Hyper-Parameter
Optimization*, NIPS 2011; multivariate as in BOHB, Falkner et al., ICML 2018), by Optuna.

What was evaluated is split into the best tenth (25 at most) and the rest; to each part a density
is fitted, l and g. Candidates are drawn from l, and the one with the largest l / g is proposed.
The multivariate form has one kernel over all choices at once for each evaluation.

With a hard cap, points beyond it belong to the rest, however few there are else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from searchers.errors import SearcherError
from searchers.libraries.encoded import EncodedSettings
from searchers.optuna_search import OptunaAdapter, check_at_least


@dataclass(frozen=True)
class TPESettings(EncodedSettings):
    """All options of Optuna 5's ``TPESampler`` that it does not want to take away; its defaults.

    ``n_startup_trials`` at random first (points beyond a cap count); ``n_ei_candidates`` drawn from
    l; ``multivariate`` or each choice for itself, which takes ten times as long; ``group`` splits
    spaces whose choices depend on each other; ``constant_liar`` counts what is being evaluated
    among the rest. The default ``encoding`` was chosen on the planted landscape.

    Not settings, since Optuna warns of their end in version 6: the split (``gamma``), the weights
    of evaluations (the latest 25 in full, older ones less), ``prior_weight`` 1. The version in the
    manifest stands for them.
    """

    encoding: str = "per-layer"
    n_startup_trials: int = 10
    n_ei_candidates: int = 24
    multivariate: bool = True
    group: bool = False
    constant_liar: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_at_least("n_startup_trials", self.n_startup_trials, 1)
        check_at_least("n_ei_candidates", self.n_ei_candidates, 1)
        if self.group and not self.multivariate:
            raise SearcherError("group is set without multivariate: set both or none")


class TPE(OptunaAdapter):
    """Tree-structured Parzen estimator of Optuna."""

    Settings = TPESettings
    settings: TPESettings

    def _sampler(self) -> tuple[str, dict[str, Any]]:
        names = (
            "n_startup_trials",
            "n_ei_candidates",
            "multivariate",
            "group",
            "constant_liar",
        )
        return "tpe", {name: getattr(self.settings, name) for name in names}
