"""Optimisers of nevergrad (Bennet et al., *Nevergrad: Black-Box Optimization Platform*,
SIGEVOlution 2021) on the choices of a space.

The default, ``DiscreteLenglerOnePlusOne``, keeps the best point known and mutates it. At proposal t
about D alpha ln(t) / t of the D choices change, alpha = 1.54, so that it goes from exploring to
changing one choice at a time (Einarsson et al., *The linear hidden subset problem for the (1+1) EA
with scheduled and adaptive mutation rates*, 2019).

Most of nevergrad's 540 optimisers are made for numbers: they would take operation 3 for something
between 2 and 4. Offered are those that treat the options of a choice alike, were better than random
search on the planted landscape, and repeat themselves with the same seed.
"""

from __future__ import annotations

from dataclasses import dataclass

from searchers.errors import SearcherError
from searchers.libraries.encoded import EncodedBlackBox, EncodedSettings, Library
from searchers.proposals import affordable_evaluations
from spaces.names import unknown_name

DEFAULT = "DiscreteLenglerOnePlusOne"
OFFERED = (
    "DiscreteBSOOnePlusOne",
    "DiscreteLengler2OnePlusOne",
    "DiscreteLengler3OnePlusOne",
    "DiscreteLenglerFourthOnePlusOne",
    "DiscreteLenglerHalfOnePlusOne",
    DEFAULT,
    "DiscreteOnePlusOne",
    "DoubleFastGADiscreteOnePlusOne",
    "MultiDiscrete",
    "NGOpt",
    "OnePtRecombiningDiscreteLenglerOnePlusOne",
    "PortfolioDiscreteOnePlusOne",
    "RecombiningDiscreteLenglerOnePlusOne",
    "RecombiningPortfolioDiscreteOnePlusOne",
    "TwoPtRecombiningDiscreteLenglerOnePlusOne",
)
#: Parts of names -> why such an optimiser is not offered; the first that fits is given.
REFUSED = (
    (("Noisy", "Optimistic", "OLN"), "evaluates points again to average out noise, which here "
     "stays with the architecture"),
    (("Anisotropic",), "steps to the option above or below, which are no nearer than others"),
    (("MaxRecombining", "MinRecombining", "RandRecombining"), "recombines by taking the larger or "
     "smaller option, which means nothing here"),
    (("ognormal",), "draws from numpy's global generator, so that a run could not be repeated"),
    (("mooth",), "smooths arrays of numbers and draws from numpy's global generator"),
    (("Doerr",), "cannot be asked twice before it is told"),
    (("OnePlusOneT",), "refuses points that it knows so eagerly that it was worse than random "
     "search on the planted landscape"),
    (("SADiscrete",), "follows worse points at a temperature that depends on the loss's scale"),
    (
        ("FastGADiscrete", "AdaptiveDiscrete"),
        "was not clearly better than random search on the planted landscape",
    ),
    (("Sparse",), "sets choices to the option in the middle, which is no better than others"),
    (("Random", "QuasiRandom", "Halton", "Hammersley", "LHS", "OneShot"), "is a form of random "
     "search"),
)  # fmt: skip
#: From here on nevergrad takes options for continuous, and needs 0.2 ms a proposal for each.
MOST_OPTIONS = 499


@dataclass(frozen=True)
class NevergradSettings(EncodedSettings):
    """``optimiser`` is a name of nevergrad's registry; it has no other options.

    Every seed begins with the same architecture, the middle option of each choice: nevergrad's own
    initial guess. On the planted landscape ``per-layer`` and ``positions`` were equally good; the
    first is twice as fast. ``path-index`` has more options than nevergrad can handle.
    """

    encoding: str = "per-layer"
    optimiser: str = DEFAULT

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.optimiser not in OFFERED:
            raise SearcherError(_refusal(self.optimiser))


class NevergradSearch(EncodedBlackBox):
    """Mutate the best architecture known, with an optimiser of nevergrad."""

    Settings = NevergradSettings
    settings: NevergradSettings

    def _make_library(self) -> Library:
        most = max(self._encoding.cardinalities)
        if most > MOST_OPTIONS:
            raise SearcherError(
                f"encoding {self._encoding.name} has a choice of {most} options, nevergrad handles "
                f"up to {MOST_OPTIONS}: take another encoding"
            )
        # Here, since names, settings and help must not wait for the import of a library.
        from searchers.libraries.nevergrad_library import NevergradLibrary

        budget = max(1, affordable_evaluations(self.problem, self._training.steps))
        seed = int(self.rng.integers(2**32))
        return NevergradLibrary(self._encoding.cardinalities, self.settings.optimiser, budget, seed)


def _refusal(name: str) -> str:
    """Why the optimiser called ``name`` is not offered, in one line."""
    from searchers.libraries.nevergrad_library import known_optimisers

    if name not in known_optimisers():
        return unknown_name("nevergrad optimiser", name, OFFERED)
    for parts, reason in REFUSED:
        if any(part in name for part in parts):
            return f"optimiser {name} {reason}: take nevergrad:{DEFAULT}"
    return (
        f"optimiser {name} is made for numbers and would take the options of a choice for ordered: "
        f"take nevergrad:{DEFAULT}"
    )
