"""The downsampling paths of a space as a layered graph, for searchers that learn the path too.

A node lies between two layers and stands for what the layers before it have done to the shape of
the features. An edge is one layer between two nodes. A path runs from the only node before the
first layer to the only one behind the last, over one edge a layer; every such walk is a feasible
path, and every feasible path is one such walk. What a candidate costs depends on its edge alone.

A space without a choice of path is a chain: one edge a layer. So is a space in which the path is
fixed (``restricted``). A searcher that works on the graph need not tell them apart.

Shape legend: E edges, V nodes, L layers, K operations, N paths, D the most edges that leave a node.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spaces.errors import SpaceError

Int8 = NDArray[np.int8]
Int64 = NDArray[np.int64]
Bool = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class PathGraph:
    """Edges in order of their layers, and what each candidate costs on each of them.

    ``layer``, ``source``, ``target``, ``code`` and ``level`` are (E,): the edge's layer from 0 on,
    its nodes, the stride code that an encoding has there, and a label that edges of one layer share
    when they lie between the same widths. Nodes are numbered in the order of their layers; node 0
    is the start, the highest the end. ``edge_macs``, ``edge_params`` and ``edge_allowed`` are
    (E, K); ``fixed_macs`` and ``fixed_params`` what an architecture costs besides, in the stem.
    ``shapes`` names the shapes before and behind each edge, such as ``32x32x100>64x16x50``.
    """

    path_length: int
    layer: Int64
    source: Int64
    target: Int64
    code: Int64
    level: Int64
    edge_macs: Int64
    edge_params: Int64
    edge_allowed: Bool
    fixed_macs: int
    fixed_params: int
    shapes: tuple[str, ...]

    def __post_init__(self) -> None:
        edges = len(self.layer)
        for name in ("source", "target", "code", "level", "edge_macs", "edge_params"):
            if len(getattr(self, name)) != edges:
                raise SpaceError(f"path graph: {name} does not have {edges} edges")
        if self.edge_allowed.shape != self.edge_macs.shape or len(self.shapes) != edges:
            raise SpaceError(f"path graph: tables are not of shape {self.edge_macs.shape}")
        if (np.diff(self.layer) < 0).any() or not self.edge_allowed.any(axis=1).all():
            raise SpaceError("path graph: edges out of order, or one without a legal operation")
        if self._nodes_of_layer[0].stop != 1 or self._nodes_of_layer[-1].stop != self.nodes:
            raise SpaceError("path graph: expected one start and one end")
        for name in ("layer", "source", "target", "code", "level", "edge_macs", "edge_params"):
            getattr(self, name).setflags(write=False)
        self.edge_allowed.setflags(write=False)

    @classmethod
    def chain(
        cls,
        macs: Int64,
        params: Int64,
        allowed: Bool,
        fixed: tuple[int, int] = (0, 0),
        shapes: tuple[str, ...] | None = None,
    ) -> PathGraph:
        """The graph of a space without a choice of path, from tables (L, K).

        ``fixed`` is what the stem costs in MACs and parameters.
        """
        layers = np.arange(len(macs))
        zeros = np.zeros_like(layers)
        names = shapes or tuple(f"layer {layer}" for layer in layers + 1)
        return cls(
            0, layers, layers, layers + 1, zeros, zeros, macs, params, allowed, *fixed, names
        )

    @property
    def layers(self) -> int:
        """Number of layers L."""
        return int(self.layer[-1]) + 1

    @property
    def edges(self) -> int:
        """Number of edges E."""
        return len(self.layer)

    @property
    def nodes(self) -> int:
        """Number of nodes V."""
        return int(self.target[-1]) + 1

    @property
    def operations(self) -> int:
        """Number of candidates K of a layer."""
        return int(self.edge_macs.shape[1])

    @property
    def single(self) -> bool:
        """Whether there is only one path."""
        return self.edges == self.layers

    def count_paths(self) -> int:
        """Number of paths, exact."""
        ways = [0] * self.nodes
        ways[-1] = 1
        for source, target in zip(self.source[::-1], self.target[::-1], strict=True):
            ways[source] += ways[target]
        return ways[0]

    # ---- paths and edges ---------------------------------------------------------------

    def edges_of(self, paths: ArrayLike) -> Int64:
        """The edges (N, L) that paths (N, path_length) pass; ``SpaceError`` for one that does not.

        An encoding's path columns are such paths.
        """
        codes = np.asarray(paths, dtype=np.int64)
        if codes.ndim != 2 or codes.shape[1] != self.path_length:
            raise SpaceError(f"paths have shape {codes.shape}, expected (N, {self.path_length})")
        if self.path_length == 0:
            codes = np.zeros((len(codes), self.layers), np.int64)
        if codes.size and not 0 <= codes.min() <= codes.max() < self._follow.shape[1]:
            raise SpaceError(f"stride codes {codes.min()} to {codes.max()} are not of this graph")
        node = np.zeros(len(codes), np.int64)
        found = np.empty((len(codes), self.layers), np.int64)
        for layer in range(self.layers):
            found[:, layer] = self._follow[node, codes[:, layer]]
            if (found[:, layer] < 0).any():
                row = int(np.flatnonzero(found[:, layer] < 0)[0])
                raise SpaceError(
                    f"path {codes[row].tolist()} leaves the graph at layer {layer + 1}"
                )
            node = self.target[found[:, layer]]
        return found

    def encode(self, edges: Int64, operations: ArrayLike) -> Int8:
        """Encodings (N, columns) from edges (N, L) and operations (N, L)."""
        codes = self.code[edges][:, : self.path_length]
        return np.concatenate([codes, np.asarray(operations)], axis=1).astype(np.int8)

    def restricted(self, path: ArrayLike) -> PathGraph:
        """The graph of one path (path_length,) alone: L edges."""
        kept = self.edges_of(np.asarray(path)[None])[0]
        layers = np.arange(self.layers)
        return PathGraph(
            self.path_length,
            layers,
            layers,
            layers + 1,
            self.code[kept],
            self.level[kept],
            self.edge_macs[kept],
            self.edge_params[kept],
            self.edge_allowed[kept],
            self.fixed_macs,
            self.fixed_params,
            tuple(self.shapes[edge] for edge in kept),
        )

    # ---- views for dynamic programs ----------------------------------------------------

    @cached_property
    def out_edges(self) -> Int64:
        """The edges (V, D) that leave each node, in the order of their codes; -1 where none."""
        lists: list[list[int]] = [[] for _ in range(self.nodes)]
        for edge, source in enumerate(self.source.tolist()):
            lists[source].append(edge)
        width = max(map(len, lists))
        return np.array([row + [-1] * (width - len(row)) for row in lists])

    def nodes_before(self, layer: int) -> slice:
        """The nodes before a layer; ``layer`` L gives the end."""
        return self._nodes_of_layer[layer]

    def edges_in(self, layer: int) -> slice:
        """The edges of a layer."""
        return self._edges_of_layer[layer]

    @cached_property
    def _edges_of_layer(self) -> list[slice]:
        ends = np.searchsorted(self.layer, np.arange(self.layers + 1)).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    @cached_property
    def _nodes_of_layer(self) -> list[slice]:
        ends = [0]
        for layer in range(self.layers):
            ends.append(int(self.source[self.edges_in(layer)].max()) + 1)
        ends.append(self.nodes)
        return [slice(a, b) for a, b in pairwise(ends)]

    @cached_property
    def _follow(self) -> Int64:
        """The edge (V, codes) that a code takes from a node, -1 where none."""
        table = np.full((self.nodes, int(self.code.max()) + 1), -1, np.int64)
        table[self.source, self.code] = np.arange(self.edges)
        return table
