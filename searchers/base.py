"""What a searcher is: it decides what to do next, and nothing else.

The life of a searcher, as the runner leads it:

1. It is made with a ``Problem`` (space, budget, prices, hard cap), its ``Settings`` and a random
   generator of its own.
2. ``ask(n)`` returns up to ``n`` pieces of ``Work`` that may be done in any order before the next
   ``tell``; an empty list means that the searcher has finished. Work is data: *train weights on
   these paths*, *measure gate gradients of this path*, *evaluate this architecture*. The runner
   asks for no more than ``independent`` at a time.
3. The runner has the trainer do the work, bills it, writes it down, and hands the results to
   ``tell``, one by one in the order of the work. A result may be a ``Failure``.
4. Proposals beyond a hard cap are never work: a searcher draws within it (``Problem.draw``), or
   redraws and counts that in ``redrawn``; what its encoding had to mend it counts in ``repaired``.
   (Step 1 of autostr, if a setting says so, has stand-ins beyond it, which it never recommends.)
   That an architecture is evaluated twice is allowed, billed and counted by the harness.
5. ``recommend()`` may be called at any time, also before the first ``tell``, and must name a legal
   architecture within the cap. It must not change the searcher.
6. ``state_dict()`` is plain JSON data that includes the random generator. A searcher made with the
   same arguments and given that state continues exactly as the original would.

A searcher sees no model, no image, no clock and no test split. When the budget would be exceeded
by the next piece of work, the runner simply stops asking.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from searchers.errors import SearcherError
from spaces import Architecture, Space


@dataclass(frozen=True)
class TrainWeights:
    """One weight step of the supernet on each of these paths, in order."""

    architectures: tuple[Architecture, ...]

    def __post_init__(self) -> None:
        # Work that costs nothing would keep a run from ever ending.
        if not self.architectures:
            raise SearcherError("TrainWeights of no architecture: name at least one path")


@dataclass(frozen=True)
class GateGradient:
    """Gradients of the loss with respect to the gates while ``architecture`` is active.

    ``candidates[layer]`` lists the operations whose gate gradients are wanted: all of them (Eq. 5
    of the AutoSTR paper) or two (the two-path variant of ProxylessNAS).
    """

    architecture: Architecture
    candidates: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Evaluate:
    """Word accuracy of an architecture with inherited weights on search_val."""

    architecture: Architecture


#: Architectures drawn for each one that is wanted under a cap on parameters.
DRAWS = 200_000

Work = TrainWeights | GateGradient | Evaluate


@dataclass(frozen=True)
class WeightsTrained:
    """``loss`` is the mean over the steps."""

    work: TrainWeights
    loss: float


@dataclass(frozen=True)
class GatesMeasured:
    """``gradients`` is dL/dg of shape (layers, operations), zero where not asked for."""

    work: GateGradient
    loss: float
    gradients: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluated:
    """``score`` is the proxy score in [0, 1], to maximise; anything else is a ``Failure``."""

    work: Evaluate
    score: float

    def __post_init__(self) -> None:
        # Written so that NaN is refused: NaN must never become an incumbent.
        if not 0.0 <= self.score <= 1.0:
            raise SearcherError(f"score {self.score}: expected a number from 0 to 1")


@dataclass(frozen=True)
class Failure:
    """The work was billed but gave nothing usable; never an incumbent."""

    work: Work
    reason: str


Result = WeightsTrained | GatesMeasured | Evaluated | Failure


@dataclass(frozen=True)
class Problem:
    """What there is to search, and what things cost. Units: images, MACs of the full-size space."""

    space: Space
    budget_images: int
    images_per_step: int
    images_per_evaluation: int
    max_macs: int | None = None
    max_params: int | None = None
    #: Share of the budget that black-box searchers spend on weights before the first evaluation.
    training_share: float = 0.5
    #: Words of search_train: what one epoch of weight steps consumes; None where nobody knows.
    epoch_images: int | None = None
    #: Milliseconds (E, K) of every candidate on every edge of ``space.path_graph()``, if measured.
    latency_ms: npt.NDArray[np.float64] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if min(self.budget_images, self.images_per_step, self.images_per_evaluation) < 1:
            raise SearcherError(
                f"budget {self.budget_images}, step {self.images_per_step} and evaluation "
                f"{self.images_per_evaluation} images: expected positive numbers"
            )
        if self.epoch_images is not None and self.epoch_images < 1:
            raise SearcherError(f"epoch of {self.epoch_images} images: expected 1 or more")
        if self.max_macs is not None and self.max_macs < self.space.min_macs():
            raise SearcherError(
                f"max_macs {self.max_macs} is below the smallest architecture of the space "
                f"({self.space.min_macs()}): raise the cap"
            )
        if self.latency_ms is not None:
            expected = self.space.path_graph().edge_macs.shape
            table = np.asarray(self.latency_ms)
            if table.shape != expected or not (np.isfinite(table) & (table >= 0)).all():
                raise SearcherError(
                    f"latency table of shape {table.shape}: expected {expected}, milliseconds of 0 "
                    "or more"
                )
        if self.max_params is not None:
            # Found out here, for all searchers alike, and not by one that cannot draw.
            self.draw(1, np.random.default_rng(0))

    def steps_of(self, epochs: float) -> int:
        """Weight steps of so many passes over search_train, 1 at least for more than none.

        ``SearcherError`` where nobody knows how many words an epoch has.
        """
        if epochs == 0.0:
            return 0
        if self.epoch_images is None:
            raise SearcherError(
                f"a length of {epochs:g} epochs: how many words search_train has is not known "
                "here; give shares of the budget instead"
            )
        return max(1, round(epochs * self.epoch_images / self.images_per_step))

    @property
    def capped(self) -> bool:
        """Whether there is a hard cap at all."""
        return self.max_macs is not None or self.max_params is not None

    def allows(self, encodings: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
        """Which rows (N,) of a population are within the hard caps."""
        within = np.ones(len(encodings), dtype=bool)
        if self.max_macs is not None:
            within &= self.space.macs(encodings) <= self.max_macs
        if self.max_params is not None:
            within &= self.space.params(encodings) <= self.max_params
        return within

    def draw(self, n: int, rng: np.random.Generator) -> npt.NDArray[np.int8]:
        """``n`` architectures, uniform and independent among those within the caps.

        Exact by counting for MACs, by redrawing for parameters; ``SearcherError`` for a cap on
        parameters that fewer than about one in ``DRAWS`` architectures keep.
        """
        if self.max_params is None:
            return self.space.sample(n, rng, self.max_macs)
        kept = [np.zeros((0, self.space.columns), dtype=np.int8)]
        missing, drawn, block = n, 0, 64
        while missing > 0 and drawn < DRAWS * n:
            rows = self.space.sample(block, rng, self.max_macs)
            kept.append(rows[self.allows(rows)][:missing])
            missing -= len(kept[-1])
            drawn += block
            block = min(2 * block, 16_384)
        if missing > 0:
            raise SearcherError(
                f"max_params {self.max_params}: among {drawn} architectures drawn at random, "
                f"{n - missing} have so few parameters: raise the cap"
            )
        return np.concatenate(kept)


class Searcher(ABC):
    """Base class of all searchers; see the life cycle above."""

    #: A frozen dataclass of hyperparameters; the preset's section for this searcher fills it.
    Settings: ClassVar[type[Any]]

    def __init__(self, problem: Problem, settings: Any, rng: np.random.Generator) -> None:
        self.problem = problem
        self.settings = settings
        self.rng = rng
        #: Proposals that an encoding had to repair, and proposals thrown away since they were
        #: beyond a cap. A searcher counts them where it meets them.
        self.repaired = 0
        self.redrawn = 0

    @classmethod
    def default_operations(cls, settings: Any) -> tuple[str, ...]:
        """Names of operations outside the space that its work uses, which the trainer must build.

        See ``Space.uniform_architecture``; none for a searcher that stays within the space.
        """
        return ()

    @abstractmethod
    def ask(self, n: int = 1) -> list[Work]:
        """Up to ``n`` pieces of work, ``[]`` when finished."""

    def independent(self, limit: int) -> int:
        """How many of the next pieces of work, 1 to ``limit``, are independent of each other.

        Asking for so many at once must give what asking for one at a time gives, with a result
        told after each: the same work, and after each result the same status, counts, warnings and
        recommendation, and the same state after the last one. So which of both was done cannot be
        told from a run. 1 is always right; more lets evaluations share what they have in common.
        """
        return 1

    @abstractmethod
    def tell(self, results: Sequence[Result]) -> None:
        """Learn the results of earlier work."""

    @abstractmethod
    def recommend(self) -> Architecture:
        """The incumbent: what the searcher would choose if it had to stop now."""

    @abstractmethod
    def _state(self) -> dict[str, Any]:
        """The subclass's own state as JSON data, without settings and generator."""

    @abstractmethod
    def _load_state(self, state: Mapping[str, Any]) -> None:
        """Take over what ``_state`` returned."""

    def status(self) -> dict[str, float]:
        """Numbers worth logging with each event, such as the entropy; JSON data."""
        return {}

    def samples(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        """``n`` draws from the distribution that is being learned; [] for a searcher without one.

        The referee looks at them, off the ledger, with a generator of its own. Like ``recommend``
        it must not change the searcher.
        """
        return []

    def warnings(self) -> list[str]:
        """What a person should know about how the search is going, a sentence each."""
        return []

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """Tables for the result of the run, by name: rows of JSON data."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """The whole state as JSON data."""
        counts = {"repaired": self.repaired, "redrawn": self.redrawn}
        return {"rng": self.rng.bit_generator.state, **counts, **self._state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict()`` of a searcher made with the same arguments.

        Raises ``SearcherError`` when the state is not of this searcher.
        """
        try:
            self.rng.bit_generator.state = state["rng"]
            self.repaired, self.redrawn = int(state["repaired"]), int(state["redrawn"])
            own = {k: v for k, v in state.items() if k not in ("rng", "repaired", "redrawn")}
            self._load_state(own)
        except (KeyError, TypeError, ValueError) as error:
            raise SearcherError(
                f"the saved state does not belong to searcher {type(self).__name__} "
                f"({type(error).__name__}: {error}): resume with the searcher and version that "
                "wrote it"
            ) from error
