"""AutoSTR (Zhang et al., *Efficient Backbone Search for Scene Text Recognition*, 2020), both steps:

1. the downsampling path, with a default operation on every layer (Eq. 2): ``PathSearch``;
2. the operations on that path, by gate gradients and the regulariser on MACs (Eqs. 3 to 5):
   ``Proxyless``, warmed up on uniform operations for a third of the step (one epoch of three).

The paper trains each of ten paths for five epochs, warms operations up for one and searches them
for two (section 4.2): ``path_epochs``, ``warmup_epochs`` and ``search_epochs``. It says that this
took 1.7 and 0.5 times 4 GPU days (section 4.5), hence the ``path_share`` of 0.77 where no epochs
are given. Weights go on from step 1 to step 2, where both use them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np

from searchers.base import Evaluate, Evaluated, Problem, Result, Searcher, Work
from searchers.epochs import check_budget
from searchers.errors import SearcherError
from searchers.path_search import PathSearch, PathSearchSettings
from searchers.proxyless import Proxyless, ProxylessSettings, images_by_epochs
from spaces import Architecture

Part = TypeVar("Part", PathSearchSettings, ProxylessSettings)


@dataclass(frozen=True)
class AutoSTRSettings(PathSearchSettings, ProxylessSettings):
    """The settings of both steps, and ``path_share``: step 1's part of the budget.

    ``path_epochs``, where it is not 0, takes the place of ``path_share``. With ``search_epochs``
    step 2 has an end, after which the result is evaluated as the paths of step 1 were. ``path``
    is the one that step 2 is on whatever step 1 finds (Table 5); where it is empty, the best one of
    step 1. What ``proxyless`` has for the joint space alone is of no effect.
    """

    path: str = ""
    path_share: float = 0.77

    def __post_init__(self) -> None:
        if not 0.0 < self.path_share < 1.0:
            raise SearcherError(f"path_share {self.path_share}: expected between 0 and 1")
        if self.path == "joint":
            raise SearcherError(
                "path 'joint': step 2 of autostr is on one path; name it, leave it empty for the "
                "one that step 1 finds, or use searcher proxyless"
            )
        self.of_path_search()
        self.of_operation_search(self.path or ProxylessSettings().path)

    def of_path_search(self) -> PathSearchSettings:
        """Step 1's settings."""
        return self._part(PathSearchSettings)

    def of_operation_search(self, path: str) -> ProxylessSettings:
        """Step 2's settings, on the path that was found or given."""
        return self._part(ProxylessSettings, path=path)

    def _part(self, kind: type[Part], **changes: Any) -> Part:
        own = {field.name: getattr(self, field.name) for field in fields(kind)}
        return kind(**{**own, **changes})


class AutoSTR(Searcher):
    """The path first, with one operation everywhere; then the operations by gate gradients."""

    Settings = AutoSTRSettings

    def __init__(
        self, problem: Problem, settings: AutoSTRSettings, rng: np.random.Generator
    ) -> None:
        super().__init__(problem, settings, rng)
        # Step 1 of so many epochs takes what it takes; what it leaves has to be enough for step 2.
        share = 1.0 if settings.path_epochs else settings.path_share
        images = max(1, int(share * problem.budget_images))
        self._paths = PathSearch(
            replace(problem, budget_images=images), settings.of_path_search(), rng
        )
        self._operations: Proxyless | None = None
        #: The result's evaluation, after a step 2 that has an end.
        self._evaluated = False
        self._score: float | None = None
        self._check_epochs()
        # What step 2 refuses is refused now, not when half of the budget is spent. On a given path
        # it also says what to recommend before it begins.
        trial = self._operation_search(np.random.default_rng(0))
        self._on_given_path = trial if settings.path else None

    @classmethod
    def default_operations(cls, settings: AutoSTRSettings) -> tuple[str, ...]:
        return PathSearch.default_operations(settings.of_path_search())

    def ask(self, n: int = 1) -> list[Work]:
        work = [] if self._operations else self._paths.ask(n)
        if not work:
            if self._operations is None:
                self._operations = self._operation_search(self.rng)
            work = self._operations.ask(n)
        if not work and self.settings.search_epochs and not self._evaluated:
            self._evaluated = True
            work = [Evaluate(self.recommend())]
        self._count()
        return work

    def independent(self, limit: int) -> int:
        return (self._operations or self._paths).independent(limit)

    def tell(self, results: Sequence[Result]) -> None:
        if self._evaluated:
            scores = [found.score for found in results if isinstance(found, Evaluated)]
            self._score = scores[-1] if scores else None
        else:
            (self._operations or self._paths).tell(results)
        self._count()

    def recommend(self) -> Architecture:
        return (self._operations or self._on_given_path or self._paths).recommend()

    def samples(self, n: int, rng: np.random.Generator) -> list[Architecture]:
        return [] if self._operations is None else self._operations.samples(n, rng)

    def status(self) -> dict[str, float]:
        step = 1.0 if self._operations is None else 2.0
        return {"step": step, **(self._operations or self._paths).status()}

    def warnings(self) -> list[str]:
        later = [] if self._operations is None else self._operations.warnings()
        return [*self._paths.warnings(), *later]

    def tables(self) -> dict[str, list[dict[str, Any]]]:
        """``paths`` (Table 5, step 1); in step 2 also ``operations`` (Fig. 5) and ``steps``.

        ``steps`` has what each step came to on search_val, both numbers of a row of Table 5: None
        where nothing was evaluated.
        """
        if self._operations is None:
            return self._paths.tables()
        return {**self._paths.tables(), **self._operations.tables(), "steps": self._steps()}

    def _steps(self) -> list[dict[str, Any]]:
        space = self.problem.space
        found = self.recommend()
        path = np.array(found.encoding[: space.path_length], np.int8)
        first = self._paths.scored_on(path)
        rows = []
        for step, architecture, score in (
            *([(1, *first)] if first is not None else ()),
            (2, found, self._score),
        ):
            row = space.encode([architecture])
            rows.append(
                {
                    "step": step,
                    "path": space.path_text(path),
                    "architecture": architecture.text,
                    "macs": int(space.macs(row)[0]),
                    "params": int(space.params(row)[0]),
                    "score": score,
                }
            )
        return rows

    def _check_epochs(self) -> None:
        """``SearcherError`` unless step 1 leaves what step 2 is to have by epochs."""
        settings, problem = self.settings, self.problem
        step_2 = images_by_epochs(problem, settings)
        if settings.search_epochs:
            step_2 += problem.images_per_evaluation
        what = (
            f"step 1, then warmup_epochs {settings.warmup_epochs:g} and search_epochs "
            f"{settings.search_epochs:g}"
        )
        # Where no epochs are given step 2 has what is left, which has to be something.
        needed = self._paths.planned_images + max(step_2, problem.images_per_step)
        check_budget(what, needed, problem.budget_images)

    def _operation_search(self, rng: np.random.Generator) -> Proxyless:
        """Step 2 on the best path or the given one, with all that step 1 does not use."""
        left = self.problem.budget_images - self._paths.planned_images
        path = self.settings.path or self.problem.space.path_text(self._paths.path)
        return Proxyless(
            replace(self.problem, budget_images=left),
            self.settings.of_operation_search(path),
            rng,
        )

    def _count(self) -> None:
        steps = [step for step in (self._paths, self._operations) if step is not None]
        self.repaired = sum(step.repaired for step in steps)
        self.redrawn = sum(step.redrawn for step in steps)

    def _state(self) -> dict[str, Any]:
        return {
            "paths": self._paths.state_dict(),
            "operations": None if self._operations is None else self._operations.state_dict(),
            "evaluated": self._evaluated,
            "score": self._score,
        }

    def _load_state(self, state: Mapping[str, Any]) -> None:
        # Both steps have this searcher's generator, which each of them restores to the same state.
        self._paths.load_state_dict(state["paths"])
        # States from before there were epochs have neither, and are before any such evaluation.
        score = state.get("score")
        self._evaluated = bool(state.get("evaluated", False))
        self._score = None if score is None else float(score)
        self._operations = None
        if state["operations"] is not None:
            self._operations = self._operation_search(self.rng)
            self._operations.load_state_dict(state["operations"])
