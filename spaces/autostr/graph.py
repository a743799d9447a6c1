"""The mesh of the AutoSTR space as a path graph: node (layer, a, b), edge = a stride from there."""

from __future__ import annotations

import numpy as np

from spaces.autostr.costs import CostTables
from spaces.autostr.operations import KEEP, OPERATIONS, SKIP, STRIDE_A, STRIDE_B, STRIDES
from spaces.path_graph import PathGraph

Node = tuple[int, int, int]


def build_graph(costs: CostTables, layers: int, strict: bool) -> PathGraph:
    """The graph of all paths with the downsamplings of ``costs`` in ``layers`` layers.

    A node (layer, a, b) has a downsamplings A and b downsamplings B behind it; only nodes from
    which the end can still be reached are in the graph.
    """
    limits = (costs.downsampling_a, costs.downsampling_b)
    nodes = {node: number for number, node in enumerate(_nodes(layers, *limits))}
    rows, cells, shapes = [], [], []
    for (layer, a, b), number in nodes.items():
        for stride in range(len(STRIDES)):
            after = (layer + 1, a + (stride == STRIDE_A), b + (stride == STRIDE_B))
            if after not in nodes:
                continue
            # The widths before and behind: what a layer's weights have in common.
            level = 2 * (a + b) + (stride != KEEP)
            rows.append((layer, number, nodes[after], stride, level))
            cells.append((a, b, stride))
            shapes.append(f"{_text(costs.shape(a, b))}>{_text(costs.shape(*after[1:]))}")
    layer_E, source_E, target_E, code_E, level_E = np.array(rows).T.copy()
    places = tuple(np.array(cells).T)
    allowed = np.ones((len(rows), len(OPERATIONS)), np.bool_)
    if strict:
        allowed[code_E != KEEP, SKIP] = False
    return PathGraph(
        path_length=layers,
        layer=layer_E,
        source=source_E,
        target=target_E,
        code=code_E,
        level=level_E,
        edge_macs=costs.macs[places],
        edge_params=costs.params[places],
        edge_allowed=allowed,
        fixed_macs=costs.stem_macs,
        fixed_params=costs.stem_params,
        shapes=tuple(shapes),
    )


def _nodes(layers: int, downsampling_a: int, downsampling_b: int) -> list[Node]:
    """All (layer, a, b) that lie on some path, by layer."""
    stages = downsampling_a + downsampling_b
    return [
        (layer, a, b)
        for layer in range(layers + 1)
        for a in range(downsampling_a + 1)
        for b in range(downsampling_b + 1)
        if a + b <= layer and stages - (a + b) <= layers - layer
    ]


def _text(shape: tuple[int, int, int]) -> str:
    return "x".join(map(str, shape))
