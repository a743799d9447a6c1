"""One network that holds the weights of every architecture of the space.

Only the operations on the given path are computed; memory and time of a step do not depend on how
many candidates there are. Default operations, which are no candidates, have blocks of their own
beside them where a searcher wants them.

Shape legend: B images, H x W image size, C channels, L layers, K candidates a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from spaces.autostr.operations import DEFAULT_OPERATIONS, OPERATIONS
from spaces.names import unknown_name
from spaces.networks.batch_norm import Normaliser
from spaces.networks.mesh import Edge, Mesh
from spaces.networks.operations import Candidate, Stem, build_operation
from trainers.errors import TrainerError
from trainers.recogniser.recogniser import Recogniser, initialise
from trainers.settings import RecogniserSettings


class Supernet(nn.Module):
    """Stem, choice blocks on the edges of the mesh, and the recogniser around them.

    A path is an encoding of 2 L integers: the stride codes of all layers, then their operations.
    ``default_operations`` names those that are built beside the candidates; the weights of
    everything else do not depend on them.
    """

    def __init__(
        self,
        mesh: Mesh,
        recogniser: RecogniserSettings,
        characters: int,
        max_length: int,
        default_operations: Sequence[str] = (),
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
        # Last of all: what is drawn for them comes after what everything else has drawn.
        self.default_blocks = _default_blocks(mesh, default_operations)
        initialise(self.default_blocks)

    @property
    def shared(self) -> nn.Module:
        """Everything but the default operations: what files of supernets hold, by its names."""
        return nn.ModuleDict(
            {"stem": self.stem, "blocks": self.blocks, "recogniser": self.recogniser}
        )

    def route(self, path: Sequence[int]) -> list[tuple[Edge, int]]:
        """The path's edges and the operation chosen on each."""
        layers = self.mesh.layers
        operations = [int(operation) for operation in path[layers:]]
        return list(zip(self.mesh.route(path[:layers]), operations, strict=True))

    def candidates(self, edge: Edge) -> Sequence[Candidate]:
        """The K candidates of the choice block on an edge."""
        return self.blocks[edge.weight_key(self.mesh.sharing)]  # type: ignore[return-value]

    def operation(self, edge: Edge, code: int) -> Candidate:
        """The module of one operation on an edge, be it a candidate or a default operation."""
        if code < len(OPERATIONS):
            return self.candidates(edge)[code]
        name = DEFAULT_OPERATIONS[code - len(OPERATIONS)].name
        if name not in self.default_blocks:
            raise TrainerError(
                f"this supernet has no operation {name}: build it with it as one of its "
                "default_operations"
            )
        blocks: nn.ModuleDict = self.default_blocks[name]  # type: ignore[assignment]
        return blocks[edge.weight_key(self.mesh.sharing)]  # type: ignore[return-value]

    def backbone(self, path: Sequence[int], norm: Normaliser) -> Callable[[Tensor], Tensor]:
        """The path as a function ``images_B3HW -> features_BC1T``, for ``Recogniser``."""
        route = [(edge, self.operation(edge, code)) for edge, code in self.route(path)]

        def run(images_B3HW: Tensor) -> Tensor:
            x_BCHW: Tensor = self.stem(images_B3HW, norm)
            for edge, operation in route:
                x_BCHW = operation(x_BCHW, edge.stride, norm)
            return x_BCHW

        return run


def build_supernet(
    mesh: Mesh,
    recogniser: RecogniserSettings,
    characters: int,
    max_length: int,
    seed: int,
    default_operations: Sequence[str] = (),
) -> Supernet:
    """A supernet with fresh weights of ``seed`` alone; torch's generator is untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Supernet(mesh, recogniser, characters, max_length, default_operations)


def _default_blocks(mesh: Mesh, names: Sequence[str]) -> nn.ModuleDict:
    """For each default operation its blocks, by the name of the weights that an edge has."""
    known = [operation.name for operation in DEFAULT_OPERATIONS]
    found = nn.ModuleDict()
    for name in names:
        if name not in known:
            raise TrainerError(unknown_name("default operation", name, known))
        code = len(OPERATIONS) + known.index(name)
        blocks = nn.ModuleDict()
        for edge in mesh.edges():
            key = edge.weight_key(mesh.sharing)
            if key not in blocks:
                blocks[key] = build_operation(code, edge.inputs, edge.outputs, edge.downsamples)
        found[name] = blocks
    return found
