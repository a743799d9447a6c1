"""The hyperparameters of ``searchers/proxyless.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from searchers.epochs import check_epochs
from searchers.errors import SearcherError


@dataclass(frozen=True)
class ProxylessSettings:
    """Published defaults: Adam, rate 1e-3 and betas (0, 0.999); beta 0.6 and G 450 M of AutoSTR.

    ``path`` is a path, the name of a typical one, or ``joint``: then paths are learned too.
    ``warmup_share`` of the budget trains weights on uniform operations. Then each
    ``weight_steps_per_architecture_step`` weight steps are followed by one architecture step, until
    the budget is spent. ``warmup_epochs`` (passes over search_train) takes the place of the share
    where it is not 0; after ``search_epochs`` of the other weight steps the search has finished.
    ``estimator``: ``gates``, where ``gates`` is ``full`` (gate gradients of all candidates) or
    ``two`` (of two sampled ones); or ``reinforce``, which evaluates ``reinforce_samples``
    architectures in each architecture step and weighs their scores by
    (MACs / ``regulariser_macs``)^``reinforce_exponent``, with a baseline that moves
    ``reinforce_baseline_rate`` of the way to the mean; the regulariser then is off.
    ``latency_weight`` is lambda_1, in units of the loss a millisecond, for both estimators.

    For ``joint`` alone: ``operations_per`` says which edges share their operations' parameters
    (``layer``, ``level`` or ``edge``), ``path_learning_rate`` is that of the path's logits, and the
    baseline of the loss moves ``path_baseline_rate`` of the way at each architecture step.
    """

    path: str = "ABABB"
    warmup_share: float = 1.0 / 3.0
    warmup_epochs: float = 0.0
    search_epochs: float = 0.0
    weight_steps_per_architecture_step: int = 5
    gates: Literal["full", "two"] = "full"
    learning_rate: float = 1e-3
    beta1: float = 0.0
    beta2: float = 0.999
    initial_spread: float = 1e-3
    regulariser_beta: float = 0.6
    regulariser_macs: float = 450e6
    estimator: Literal["gates", "reinforce"] = "gates"
    reinforce_samples: int = 10
    reinforce_exponent: float = -0.1
    reinforce_baseline_rate: float = 0.99
    latency_weight: float = 0.0
    operations_per: Literal["layer", "level", "edge"] = "layer"
    path_learning_rate: float = 0.02
    path_baseline_rate: float = 0.1

    def __post_init__(self) -> None:
        if not 0.0 <= self.warmup_share < 1.0:
            raise SearcherError(f"warmup_share {self.warmup_share}: expected 0 up to below 1")
        for name in ("warmup_epochs", "search_epochs"):
            check_epochs(name, getattr(self, name))
        for name, least in (("weight_steps_per_architecture_step", 1), ("reinforce_samples", 2)):
            if getattr(self, name) < least:
                raise SearcherError(f"{name} {getattr(self, name)}: expected {least} or more")
        betas = 0 <= self.beta1 < 1 and 0 <= self.beta2 < 1
        if not (0 < self.learning_rate <= 100 and betas):
            raise SearcherError(
                f"learning_rate {self.learning_rate}, beta1 {self.beta1}, beta2 {self.beta2}: "
                "expected a learning_rate above 0 and up to 100, betas from 0 to below 1"
            )
        if not 0 < self.path_learning_rate <= 100:
            raise SearcherError(
                f"path_learning_rate {self.path_learning_rate}: expected above 0 and up to 100"
            )
        if not 0.0 <= self.initial_spread <= 10.0:
            raise SearcherError(f"initial_spread {self.initial_spread}: expected 0 to 10")
        for name in ("reinforce_baseline_rate", "path_baseline_rate"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise SearcherError(f"{name} {getattr(self, name)}: expected above 0 and up to 1")
        if not abs(self.reinforce_exponent) <= 10.0:
            raise SearcherError(f"reinforce_exponent {self.reinforce_exponent}: expected -10 to 10")
        for name, known in (
            ("gates", ("full", "two")),
            ("estimator", ("gates", "reinforce")),
            ("operations_per", ("layer", "level", "edge")),
        ):
            if getattr(self, name) not in known:
                raise SearcherError(
                    f"{name} {getattr(self, name)!r}: expected one of {', '.join(known)}"
                )
