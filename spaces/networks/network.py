"""What a trainer has to know of a space's networks; each space has its own, see ``network_of``.

A network is a sequence of choice blocks, one a layer. Which ones an architecture passes follows
from its path. A choice block, here an *edge* between two shapes, has candidates, which a supernet
holds side by side. Nothing here holds weights: ``build`` and ``stem`` make fresh modules.

Shape legend: N architectures, D columns of an encoding, L layers, K operations; B images, C
channels, H rows, W columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol

from spaces.base import Int8, Int64, Space
from spaces.errors import SpaceError
from spaces.names import unknown_name

if TYPE_CHECKING:
    from torch import nn

    from spaces.networks.operations import Candidate

#: Space -> the function that makes its networks: see ``network_of``.
NETWORKS: dict[str, str] = {
    "autostr": "spaces.networks.mesh:mesh_of",
    "strnas": "spaces.networks.chain:chain_of",
}


class Edge(Protocol):
    """A choice block on a path; equal to another one when it is the same place."""

    @property
    def stride(self) -> tuple[int, int]:
        """Of height and width."""
        ...

    @property
    def candidates(self) -> range:
        """Codes of its candidates."""
        ...

    def weight_key(self, sharing: str) -> str:
        """Name of the weights that serve it; a module name, so without dots."""
        ...

    def build(self, operation: int) -> Candidate:
        """A fresh module of one operation, by its code."""
        ...


class Network(Protocol):
    """The choice blocks, modules and prices of one space's networks at given widths."""

    @property
    def path_length(self) -> int:
        """Columns of an encoding that are its path; the others are operations."""
        ...

    @property
    def sharing(self) -> str:
        """How far edges share weights; those of one ``weight_key`` have the same candidates."""
        ...

    @property
    def out_channels(self) -> int:
        """Channels behind the last layer, in one row."""
        ...

    @property
    def default_operations(self) -> tuple[str, ...]:
        """Operations that are no candidates; their codes follow those of the candidates."""
        ...

    @property
    def searched_rectifier(self) -> SearchedRectifier | None:
        """Where rectification comes among the layers; None where it comes before them or never."""
        ...

    def stem(self) -> nn.Module:
        """What makes the first layer's input of ``images_B3HW``; called with a normaliser too."""
        ...

    def edges(self) -> Iterable[Edge]:
        """Every edge that some path passes."""
        ...

    def route(self, path: Sequence[int]) -> Sequence[Edge]:
        """The edges (L) that a path (path_length) passes."""
        ...

    def macs(self, encodings: Int8) -> Int64:
        """Multiply-adds (N,) of convolutions for one image, of encodings (N, D)."""
        ...

    def candidate_macs(self, path: Sequence[int]) -> Int64:
        """Multiply-adds (L, K) of every candidate of the edges on a path."""
        ...


class SearchedRectifier(Protocol):
    """A rectifier whose convolutions are layers: they end behind one of the edges.

    What follows that edge is given the rectified output of the stem, and not its features.
    """

    @property
    def last(self) -> Edge:
        """The last edge of the localisation network."""
        ...

    @property
    def channels(self) -> int:
        """Channels behind that edge."""
        ...

    @property
    def rest(self) -> Sequence[tuple[Edge, int]]:
        """Edges with their operations that follow rectification and are not searched."""
        ...


def network_of(
    space: Space,
    first_width: int | None = None,
    widths: Sequence[int] | None = None,
    sharing: str = "edge",
) -> Network:
    """The networks of ``space`` with other widths: those of its stem, or first layer, and stages.

    Without them at full size, with the space's own. SpaceError for a space without networks, and
    for widths or sharing that it does not know.
    """
    if space.name not in NETWORKS:
        raise SpaceError(unknown_name("space with networks", space.name, NETWORKS))
    module, _, attribute = NETWORKS[space.name].partition(":")
    found: Network = getattr(import_module(module), attribute)(
        space, first_width, None if widths is None else tuple(widths), sharing
    )
    return found
