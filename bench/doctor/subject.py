"""The searcher under examination, and how to make a fresh one for each check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from bench.running.evaluators.landscape import Landscape
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers.base import Problem, Searcher
from searchers.errors import SearcherError
from searchers.finding import find_searcher
from spaces import Space, load_space
from spaces.names import unknown_name

#: Cheap steps and evaluations, so that a small budget holds many of both.
IMAGES_PER_STEP, IMAGES_PER_EVALUATION = 2, 10
NOISE = 0.02


# Without comparison by value: code may change under a name, and settings may have no hash.
@dataclass(frozen=True, eq=False)
class Subject:
    """A searcher by name and settings; ``budget_images`` is what each rehearsal may spend."""

    name: str
    kind: type[Searcher]
    settings: Any
    space: str = "autostr"
    budget_images: int = 1_000

    def make(
        self,
        seed: int = 0,
        *,
        strict: bool = False,
        max_macs: int | None = None,
        max_params: int | None = None,
    ) -> Searcher:
        """A fresh searcher."""
        problem = Problem(
            _space(self.space, strict),
            self.budget_images,
            IMAGES_PER_STEP,
            IMAGES_PER_EVALUATION,
            max_macs,
            max_params,
        )
        return self.kind(problem, self.settings, np.random.default_rng(seed))

    def as_dict(self) -> dict[str, Any]:
        """JSON data from which ``from_dict`` makes the same subject in another process."""
        return {
            "name": self.name,
            "settings": asdict(self.settings),
            "space": self.space,
            "budget_images": self.budget_images,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Subject:
        """The subject that ``as_dict`` described."""
        kind = find_searcher(data["name"]).kind
        settings = msgspec.convert(data["settings"], kind.Settings)
        return cls(data["name"], kind, settings, data["space"], data["budget_images"])


@lru_cache(maxsize=4)
def _space(name: str, strict: bool) -> Space:
    """A space never changes, and counting it takes longer than many a rehearsal."""
    return load_space(name, strict=strict)


def evaluator_for(searcher: Searcher) -> SyntheticEvaluator:
    """A made-up landscape over the searcher's space."""
    problem = searcher.problem
    return SyntheticEvaluator(
        Landscape(problem.space, seed=0, noise=NOISE),
        problem.images_per_step,
        problem.images_per_evaluation,
    )


def default_subject(name: str, settings: dict[str, Any] | None = None) -> Subject:
    """A searcher with its own defaults, or with some settings changed."""
    found = find_searcher(name)
    for key in settings or {}:
        if key not in found.setting_names():
            raise SearcherError(unknown_name(f"setting of {name}", key, found.setting_names()))
    try:
        made = msgspec.convert({**(settings or {}), **found.given}, found.kind.Settings)
    except msgspec.ValidationError as error:
        raise SearcherError(f"searcher {name}: {error}") from error
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise SearcherError(f"the settings of searcher {name} break off ({what})") from error
    return Subject(name, found.kind, made)
