"""How evenly the shared weights were trained in the runs at hand.

A supernet whose operations are updated unevenly favours some of them for reasons that have nothing
to do with their worth. Expected is what uniform draws of operations and paths would have given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.comparison.answers import Missing
from bench.records.record import RunRecord
from spaces import Space
from spaces.errors import SpaceError

#: Different architectures looked at, spread over all runs: shares to half a percent.
MOST_STEPS = 20_000


@dataclass(frozen=True)
class Updated:
    """How often something was updated, and how often uniform draws would have done it."""

    name: str
    updates: int
    expected: float


@dataclass(frozen=True)
class Coverage:
    """How many candidates (place in the graph of paths, operation) and paths were ever updated."""

    candidates_updated: int
    candidates: int
    paths_updated: int
    paths: int


@dataclass(frozen=True)
class Updates:
    """Of each operation, of the typical paths and all others together, and of what there is."""

    operations: tuple[Updated, ...]
    paths: tuple[Updated, ...]
    coverage: Coverage


@dataclass(frozen=True)
class SupernetHealth:
    """``steps`` on architectures, so many of them ``outside_the_space``; ``looked_at`` the rest."""

    steps: int
    outside_the_space: int
    looked_at: int
    updates: Updates


def supernet_health(records: Sequence[RunRecord], space: Space) -> SupernetHealth | Missing:
    """Updates of each operation and of each typical path, and how much was updated at all."""
    texts: Counter[str] = Counter()
    for record in records:
        for event in record.events:
            texts.update(event.work.architectures)
    steps = sum(texts.values())
    if not steps:
        return Missing("no weights were trained in these runs")
    shown = list(texts.items())
    if len(shown) > MOST_STEPS:
        shown = shown[:: -(-len(shown) // MOST_STEPS)]
    rows, weights, foreign = _members(shown, space)
    if not len(rows):
        return Missing("weights were trained on architectures outside the space only")
    updates = Updates(
        _operations(rows, weights, space), _paths(rows, weights, space), _coverage(rows, space)
    )
    return SupernetHealth(steps, foreign, int(weights.sum()), updates)


def _members(
    texts: Sequence[tuple[str, int]], space: Space
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int]:
    """Encodings, how often each, and the steps on architectures that are none of the space's."""
    found, weights, foreign = [], [], 0
    for text, count in texts:
        try:
            found.append(space.parse(text).encoding)
            weights.append(count)
        except SpaceError:
            # Step 1 of AutoSTR trains its default operation, which is not in the space.
            foreign += count
    rows = np.array(found, dtype=np.int8).reshape(len(found), space.columns)
    return rows, np.array(weights), foreign


def _operations(rows: Any, weights: Any, space: Space) -> tuple[Updated, ...]:
    operations = rows[:, space.path_length :]
    allowed = space.operation_allowed(rows[0, : space.path_length])
    expected = (allowed / allowed.sum(axis=1, keepdims=True)).sum(axis=0) * weights.sum()
    updates = [
        int(((operations == code).sum(axis=1) * weights).sum())
        for code in range(len(space.operations))
    ]
    return tuple(map(Updated, space.operations, updates, map(float, expected)))


def _paths(rows: Any, weights: Any, space: Space) -> tuple[Updated, ...]:
    """The typical paths and all others together."""
    paths = rows[:, : space.path_length]
    share = weights.sum() / space.count_paths()
    found, left = [], int(weights.sum())
    for path in space.typical_paths():
        updates = int(weights[(paths == path).all(axis=1)].sum())
        left -= updates
        found.append(Updated(space.path_text(path), updates, float(share)))
    others = space.count_paths() - len(found)
    if others > 0:
        found.append(Updated("all others", left, float(share * others)))
    return tuple(found)


def _coverage(rows: Any, space: Space) -> Coverage:
    graph = space.path_graph()
    edges = graph.edges_of(rows[:, : space.path_length])
    cells = edges * len(space.operations) + rows[:, space.path_length :]
    return Coverage(
        candidates_updated=len(np.unique(cells)),
        candidates=int(graph.edge_allowed.sum()),
        paths_updated=len(np.unique(rows[:, : space.path_length], axis=0)),
        paths=space.count_paths(),
    )
