"""An architecture layer by layer: operation, stride, shape and costs of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spaces import Architecture, Space

#: What comes in, channels x height x width, by space.
IMAGE = {"autostr": "3x32x100", "strnas": "1x32x100"}


@dataclass(frozen=True)
class Layer:
    """``name`` is its number, or ``stem`` or ``fixed`` for what is not searched.

    ``stride`` is '' for one by one, ``shape`` is that of the output, channels x height x width;
    multiply-adds are for one image.
    """

    name: str
    operation: str
    stride: str
    shape: str
    macs: int
    params: int


def layers_of(space: Space, architecture: Architecture) -> list[Layer]:
    """What is not searched, if there is any, then each layer."""
    graph, encoding = space.path_graph(), np.array(architecture.encoding)
    edges = graph.edges_of(encoding[None, : space.path_length])[0].tolist()
    shapes = [graph.shapes[edge].split(">") for edge in edges]
    found: list[Layer] = []
    if graph.fixed_macs:
        # Of strnas, the extractor where the rectifier alone is searched.
        fixed = ("stem", "k3") if space.path_length else ("fixed", "k3e3")
        shape = shapes[0][0] if space.path_length else shape_text(space.output_shape)
        found.append(Layer(*fixed, "", shape, graph.fixed_macs, graph.fixed_params))
    operations = encoding[space.path_length :].tolist()
    for place, (edge, code) in enumerate(zip(edges, operations, strict=True)):
        macs, params = (int(table[edge, code]) for table in (graph.edge_macs, graph.edge_params))
        before, after = shapes[place]
        stride = _stride(before, after)
        name = space.operations[code]
        found.append(Layer(f"{place + 1}", name, stride, after, macs, params))
    return found


def shape_text(shape: tuple[int, int, int]) -> str:
    """``512x1x25``."""
    return "x".join(map(str, shape))


def _stride(before: str, after: str) -> str:
    """The stride between two shapes, nothing for one by one."""
    (_, *sizes), (_, *halves) = before.split("x"), after.split("x")
    steps = [-(-int(size) // int(half)) for size, half in zip(sizes, halves, strict=True)]
    return "x".join(map(str, steps)) if steps != [1, 1] else ""
