"""How evenly the shared weights were trained in the runs at hand.

A supernet whose operations are updated unevenly favours some of them for reasons that have nothing
to do with their worth. Expected is what uniform draws of operations and paths would have given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from bench.comparison.answers import refused
from bench.records.runs import RunRecord
from spaces import Space
from spaces.errors import SpaceError

#: Different architectures looked at, spread over all runs: shares to half a percent.
MOST_STEPS = 20_000


def supernet_health(records: Sequence[RunRecord], space: Space) -> dict[str, Any]:
    """Updates of each operation and of each typical path, and how much was updated at all."""
    texts: Counter[str] = Counter()
    for record in records:
        for event in record.events:
            texts.update(event.work.architectures)
    steps = sum(texts.values())
    if not steps:
        return refused("no weights were trained in these runs")
    shown = list(texts.items())
    if len(shown) > MOST_STEPS:
        shown = shown[:: -(-len(shown) // MOST_STEPS)]
    rows, weights, foreign = _members(shown, space)
    if not len(rows):
        return refused("weights were trained on architectures outside the space only")
    return {
        "steps": steps,
        "outside_the_space": foreign,
        "looked_at": int(weights.sum()),
        "updates": {
            "operations": _operations(rows, weights, space),
            "paths": _paths(rows, weights, space),
            "coverage": _coverage(rows, space),
        },
    }


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


def _operations(rows: Any, weights: Any, space: Space) -> list[dict[str, Any]]:
    operations = rows[:, space.path_length :]
    allowed = space.operation_allowed(rows[0, : space.path_length])
    expected = (allowed / allowed.sum(axis=1, keepdims=True)).sum(axis=0) * weights.sum()
    return [
        {
            "name": name,
            "updates": int(((operations == code).sum(axis=1) * weights).sum()),
            "expected": float(expected[code]),
        }
        for code, name in enumerate(space.operations)
    ]


def _paths(rows: Any, weights: Any, space: Space) -> list[dict[str, Any]]:
    """The typical paths and all others together."""
    paths = rows[:, : space.path_length]
    share = weights.sum() / space.count_paths()
    found, left = [], int(weights.sum())
    for path in space.typical_paths():
        updates = int(weights[(paths == path).all(axis=1)].sum())
        left -= updates
        found.append({"name": space.path_text(path), "updates": updates, "expected": float(share)})
    others = space.count_paths() - len(found)
    if others > 0:
        found.append({"name": "all others", "updates": left, "expected": float(share * others)})
    return found


def _coverage(rows: Any, space: Space) -> dict[str, Any]:
    """Candidates (place in the graph of paths, operation) that were updated at least once."""
    graph = space.path_graph()
    edges = graph.edges_of(rows[:, : space.path_length])
    cells = edges * len(space.operations) + rows[:, space.path_length :]
    possible = int(graph.edge_allowed.sum())
    distinct = len(np.unique(rows[:, : space.path_length], axis=0))
    return {
        "candidates_updated": len(np.unique(cells)),
        "candidates": possible,
        "paths_updated": distinct,
        "paths": space.count_paths(),
    }
