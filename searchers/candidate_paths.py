"""Which downsampling paths step 1 of AutoSTR compares, and what stands for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from searchers.base import Problem
from searchers.errors import SearcherError
from spaces import Architecture, SpaceError
from spaces.autostr.operations import DEFAULT_OPERATIONS
from spaces.names import unknown_name

Path = npt.NDArray[np.int8]
#: Blocks of random paths drawn in search of candidates within the caps.
BLOCKS = 20


@dataclass(frozen=True)
class CandidatePaths:
    """Paths (N, path_length), with the same ``operation`` on every layer of each.

    ``operations`` are the one that was asked for, then the one for when it breaks a cap. With
    ``beyond_cap`` what stands for a path may be beyond the caps; its ``member`` never is.
    """

    problem: Problem
    operations: tuple[str, str]
    operation: str
    paths: Path
    beyond_cap: bool = False

    @classmethod
    def draw(
        cls,
        problem: Problem,
        everywhere: bool,
        count: int,
        operations: tuple[str, str],
        rng: np.random.Generator,
        beyond_cap: bool = False,
    ) -> CandidatePaths:
        """At most ``count`` of all paths, or of the typical ones, at random where there are more.

        ``SearcherError`` for an unknown operation, and when no path is left within the caps.
        """
        space = problem.space
        known = (*space.operations, *space.default_operations)
        for name in operations:
            if name not in known:
                raise SearcherError(unknown_name("operation", name, known))
        count = min(count, space.count_paths())
        pool = _random_paths(problem, count, rng) if everywhere else space.typical_paths()
        pool = pool[[_smallest(problem, path) is not None for path in pool]]
        # One operation for all: else operations would be compared, and not paths.
        for operation in operations:
            within = [_uniform(problem, path, operation, beyond_cap) is not None for path in pool]
            if all(within):
                break
        pool = pool[within] if len(pool) else pool
        if not len(pool):
            raise SearcherError(
                f"caps of {problem.max_macs} MACs and {problem.max_params} parameters (None: no "
                f"cap): no path is left that has {operations[1]} on every layer: raise the cap or "
                "choose a cheaper operation_within_cap"
            )
        if len(pool) > count:
            pool = pool[np.sort(rng.choice(len(pool), count, replace=False))]
        return cls(problem, operations, operation, pool, beyond_cap)

    @staticmethod
    def foreign(*operations: str) -> tuple[str, ...]:
        """Those of ``operations`` that are no candidates of the space, each once."""
        known = [operation.name for operation in DEFAULT_OPERATIONS]
        return tuple(name for name in known if name in operations)

    @classmethod
    def from_state(
        cls, problem: Problem, state: Mapping[str, Any], beyond_cap: bool = False
    ) -> CandidatePaths:
        """The reverse of ``state``; ``beyond_cap`` is a setting, and not in it."""
        paths = np.stack([problem.space.parse_path(text) for text in state["paths"]])
        asked, within = state["operations"]
        operations = (str(asked), str(within))
        return cls(problem, operations, str(state["operation"]), paths, beyond_cap)

    def state(self) -> dict[str, Any]:
        """JSON data."""
        texts = [self.problem.space.path_text(path) for path in self.paths]
        return {
            "operations": list(self.operations),
            "operation": self.operation,
            "paths": texts,
        }

    def __len__(self) -> int:
        return len(self.paths)

    @cached_property
    def architectures(self) -> list[Architecture]:
        """What is trained and evaluated for each path."""
        space = self.problem.space
        return [space.uniform_architecture(path, self.operation) for path in self.paths]

    @cached_property
    def macs(self) -> list[int]:
        """MACs of each of them."""
        rows = self.problem.space.encode(self.architectures)
        macs: list[int] = self.problem.space.macs(rows).tolist()
        return macs

    @cached_property
    def _places(self) -> dict[int, int]:
        return {found.index: place for place, found in enumerate(self.architectures)}

    def place(self, architecture: Architecture) -> int | None:
        """Which candidate an architecture stands for; None for none."""
        return self._places.get(architecture.index)

    def member(self, place: int) -> Architecture:
        """A member of the space on the path, within the caps: what to recommend meanwhile.

        The candidate's own architecture if it is one, else the other operation's, else the
        cheapest.
        """
        space, path = self.problem.space, self.paths[place]
        for operation in (self.operation, self.operations[1]):
            found = _uniform(self.problem, path, operation)
            if found is not None and operation in space.operations:
                return found
        found = _smallest(self.problem, path)
        if found is None:
            raise SearcherError(f"path {space.path_text(path)} has no member within the caps")
        return found

    def random(self, rng: np.random.Generator) -> Architecture | None:
        """A path drawn from all, with the operation on every layer; None if that may not be."""
        space = self.problem.space
        path = space.sample(1, rng)[0, : space.path_length]
        return _uniform(self.problem, path, self.operation, self.beyond_cap)

    def describe(self, place: int) -> dict[str, Any]:
        """A candidate's part of a row of the table of paths."""
        space = self.problem.space
        row = space.encode([self.architectures[place]])
        return {
            "path": space.path_text(self.paths[place]),
            "operation": self.operation,
            "macs": self.macs[place],
            "params": int(space.params(row)[0]),
        }


def _random_paths(problem: Problem, count: int, rng: np.random.Generator) -> Path:
    """``count`` different paths (N, path_length) on which there is a member within the caps.

    Fewer when so many are not found among ``BLOCKS`` blocks.
    """
    space = problem.space
    found: dict[bytes, Path] = {}
    for _ in range(BLOCKS):
        for path in space.sample(count, rng)[:, : space.path_length]:
            if len(found) < count and _smallest(problem, path) is not None:
                found.setdefault(path.tobytes(), path)
        if len(found) == count:
            break
    return np.array(list(found.values()), np.int8).reshape(len(found), space.path_length)


def _uniform(
    problem: Problem, path: Path, operation: str, beyond_cap: bool = False
) -> Architecture | None:
    """The architecture of one operation on a path; None if it is illegal or beyond a cap."""
    try:
        found = problem.space.uniform_architecture(path, operation)
    except SpaceError:
        return None
    allowed = beyond_cap or problem.allows(problem.space.encode([found]))[0]
    return found if allowed else None


def _smallest(problem: Problem, path: Path) -> Architecture | None:
    """The member with the fewest MACs on a path; None if that is beyond a cap."""
    macs, allowed = problem.space.operation_macs(path), problem.space.operation_allowed(path)
    cheapest = np.where(allowed, macs, macs.max() + 1).argmin(axis=1)
    row = np.concatenate([path, cheapest]).astype(np.int8)
    return problem.space.architecture(row) if problem.allows(row[None])[0] else None
