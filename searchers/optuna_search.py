"""Samplers of Optuna (Akiba et al., *Optuna: A Next-generation Hyperparameter Optimization
Framework*, KDD 2019) on the choices of a space, which it sees as unordered categories.

* ``nsgaii``: the genetic algorithm of Deb et al. (*A fast and elitist multiobjective genetic
  algorithm: NSGA-II*, 2002). With one objective: elitist selection from parents and children, and
  uniform crossover. Its first ``population_size`` proposals are random.
* ``gp``: a Gaussian process with a Matern kernel in which categories are equal or not, and log
  expected improvement. By far the slowest: seconds a proposal, growing with the evaluations. It
  needs torch and scipy, which Optuna imports when the search begins.

``searchers.tpe`` is the sampler that Optuna is known for. Every option of a sampler is a setting,
with Optuna 5's default as ours, so that a change of its defaults changes no run here.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

from searchers.errors import SearcherError
from searchers.libraries.encoded import EncodedBlackBox, EncodedSettings, Library
from spaces.names import unknown_name

#: The options of each sampler with Optuna's defaults; constraints come from the problem's caps.
OPTIONS: dict[str, dict[str, Any]] = {
    "gp": {"n_startup_trials": 10, "deterministic_objective": False},
    "nsgaii": {
        "population_size": 50,
        "mutation_prob": None,
        "crossover_prob": 0.9,
        "swapping_prob": 0.5,
    },
}
#: Why the other samplers are not offered, and what to take instead.
REFUSED = {
    "bruteforce": "enumerates a space of 1.4e17 architectures: take grid",
    "cmaes": "draws categories at random, whatever it was told: take tpe or optuna:nsgaii",
    "grid": "enumerates a space of 1.4e17 architectures: take grid",
    "nsgaiii": "differs from NSGA-II by its reference points for several objectives, and there is "
    "one: take optuna:nsgaii",
    "partialfixed": "wraps another sampler and fixes some choices: take tpe or optuna:nsgaii",
    "qmc": "draws categories at random, whatever it was told: take random",
    "random": "is random search with an overhead: take random",
    "tpe": "has a searcher of its own: take tpe",
}


@dataclass(frozen=True)
class OptunaSettings(EncodedSettings):
    """Options of ``sampler``; None takes Optuna's default, those of other samplers stay None.

    ``nsgaii``: ``population_size`` of a generation, ``mutation_prob`` for each choice (None: one
    over their number), ``crossover_prob`` for a child, ``swapping_prob`` for each choice of it.
    ``gp``: ``n_startup_trials`` at random; ``deterministic_objective`` fits no noise. On the
    planted landscape the encodings ``positions`` and ``per-layer`` were equally good.
    """

    encoding: str = "positions"
    sampler: str = "nsgaii"
    population_size: int | None = None
    mutation_prob: float | None = None
    crossover_prob: float | None = None
    swapping_prob: float | None = None
    n_startup_trials: int | None = None
    deterministic_objective: bool | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        plain = self.sampler.lower().removesuffix("sampler").replace("-", "").replace("_", "")
        if self.sampler not in OPTIONS and plain in REFUSED:
            raise SearcherError(f"sampler {self.sampler} {REFUSED[plain]}")
        if self.sampler not in OPTIONS:
            raise SearcherError(unknown_name("Optuna sampler", self.sampler, OPTIONS))
        own = OPTIONS[self.sampler]
        for name in sorted({name for options in OPTIONS.values() for name in options}):
            if getattr(self, name) is None and name in own:
                object.__setattr__(self, name, own[name])
            elif getattr(self, name) is not None and name not in own:
                raise SearcherError(
                    f"{name} is no option of optuna:{self.sampler}: it has {', '.join(own)}"
                )
        check_at_least("population_size", self.population_size, 2)
        check_at_least("n_startup_trials", self.n_startup_trials, 1)
        for name in ("mutation_prob", "crossover_prob", "swapping_prob"):
            value = getattr(self, name)
            if value is not None and not 0.0 <= value <= 1.0:
                raise SearcherError(f"{name} {value}: expected 0 to 1")


def check_at_least(name: str, value: int | None, least: int) -> None:
    """Raise ``SearcherError`` for a count below ``least``; None is not given."""
    if value is not None and value < least:
        raise SearcherError(f"{name} {value}: expected {least} or more")


class OptunaAdapter(EncodedBlackBox):
    """Base class of searchers around a sampler of Optuna."""

    @abstractmethod
    def _sampler(self) -> tuple[str, dict[str, Any]]:
        """Name of the sampler and all its options."""

    def _make_library(self) -> Library:
        # Here, since names, settings and help must not wait for the import of a library.
        from searchers.libraries.optuna_library import OptunaLibrary

        name, options = self._sampler()
        return OptunaLibrary(self._encoding.cardinalities, name, options, self.rng)


class OptunaSearch(OptunaAdapter):
    """Propose with a sampler of Optuna: genetic (nsgaii) or Gaussian process (gp)."""

    Settings = OptunaSettings
    settings: OptunaSettings

    def _sampler(self) -> tuple[str, dict[str, Any]]:
        name = self.settings.sampler
        return name, {option: getattr(self.settings, option) for option in OPTIONS[name]}
