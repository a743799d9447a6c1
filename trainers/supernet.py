"""One network that holds the weights of every architecture of the space.

Only the operations on the given path are computed; memory and time of a step do not depend on how
many candidates there are.

Shape legend: B images, H x W image size, C channels, L layers, K candidates a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from spaces.autostr.operations import OPERATIONS
from spaces.networks.mesh import Edge, Mesh
from spaces.networks.normalisation import Normaliser
from spaces.networks.operations import Candidate, Stem, build_operation
from trainers.recogniser.recogniser import Recogniser, initialise
from trainers.settings import RecogniserSettings


class Supernet(nn.Module):
    """Stem, choice blocks on the edges of the mesh, and the recogniser around them.

    A path is an encoding of 2 L integers: the stride codes of all layers, then their operations.
    """

    def __init__(
        self, mesh: Mesh, recogniser: RecogniserSettings, characters: int, max_length: int
    ) -> None:
        super().__init__()
        self.mesh = mesh
        self.stem = Stem(mesh.stem_width)
        self.blocks = nn.ModuleDict()
        for edge in mesh.edges():
            key = edge.weight_key(mesh.sharing)
            if key not in self.blocks:
                self.blocks[key] = nn.ModuleList(
                    build_operation(index, edge.inputs, edge.outputs, edge.downsamples)
                    for index in range(len(OPERATIONS))
                )
        self.recogniser = Recogniser(recogniser, mesh.widths[-1], characters, max_length)
        initialise(self)

    def route(self, path: Sequence[int]) -> list[tuple[Edge, int]]:
        """The path's edges and the operation chosen on each."""
        layers = self.mesh.layers
        operations = [int(operation) for operation in path[layers:]]
        return list(zip(self.mesh.route(path[:layers]), operations, strict=True))

    def candidates(self, edge: Edge) -> Sequence[Candidate]:
        """The K candidates of the choice block on an edge."""
        return self.blocks[edge.weight_key(self.mesh.sharing)]  # type: ignore[return-value]

    def backbone(self, path: Sequence[int], norm: Normaliser) -> Callable[[Tensor], Tensor]:
        """The path as a function ``images_B3HW -> features_BC1T``, for ``Recogniser``."""
        route = self.route(path)

        def run(images_B3HW: Tensor) -> Tensor:
            x_BCHW: Tensor = self.stem(images_B3HW, norm)
            for edge, operation in route:
                x_BCHW = self.candidates(edge)[operation](x_BCHW, edge.stride, norm)
            return x_BCHW

        return run


def build_supernet(
    mesh: Mesh, recogniser: RecogniserSettings, characters: int, max_length: int, seed: int
) -> Supernet:
    """A supernet with fresh weights of ``seed`` alone; torch's generator is untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Supernet(mesh, recogniser, characters, max_length)
