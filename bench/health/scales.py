"""M2: how far the branches beside shortcuts have grown, by operation.

A candidate with a shortcut starts as the identity, with a scale of zero in its last batch norm. The
one that is trained most grows first, and what grows is used: that is training, not worth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trainers.supernet import Supernet


def branch_scales(supernet: Supernet, operations: Sequence[str]) -> dict[str, float]:
    """Root mean square of the last scale of each operation's branches, by name.

    Over all blocks and channels where it has an identity shortcut; ``operations`` are the names by
    code. Those that never have a branch beside a shortcut are absent.
    """
    squares: dict[str, list[float]] = {}
    network = supernet.network
    blocks = {edge.weight_key(network.sharing): edge for edge in network.edges()}
    for edge in blocks.values():
        for code, candidate in zip(edge.candidates, supernet.candidates(edge), strict=True):
            norm = candidate.branch_norm
            if norm is not None:
                found = (norm.weight.detach().double() ** 2).flatten().tolist()
                squares.setdefault(operations[code], []).extend(found)
    return {name: (sum(found) / len(found)) ** 0.5 for name, found in squares.items()}


def scale_ratio(scales: Mapping[str, float]) -> float | None:
    """Largest by smallest; None where one operation's branches have not begun to grow."""
    found = list(scales.values())
    return max(found) / min(found) if found and min(found) > 0.0 else None
