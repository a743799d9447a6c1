"""One network that holds the weights of every architecture of the space.

Only the operations on the given path are computed; memory and time of a step do not depend on how
many candidates there are. Default operations, which are no candidates, have blocks of their own
beside them where a searcher wants them.

Three loops go along a path, and have to agree: ``Supernet.backbone`` for weights and single scores,
``trainers.gates`` with a hook on each block, ``trainers.population`` for several architectures.

Shape legend: B images, H x W image size, C channels, L layers, K candidates a layer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from spaces.names import unknown_name
from spaces.networks.convolution import Normaliser
from spaces.networks.entangled import entangled
from spaces.networks.network import Edge, Network
from spaces.networks.operations import Candidate
from trainers.errors import TrainerError
from trainers.recogniser.recogniser import Recogniser, initialise
from trainers.recogniser.searched_rectifier import Rectification
from trainers.settings import RecogniserSettings


class Supernet(nn.Module):
    """Stem, choice blocks on the edges of the network, and the recogniser around them.

    A path is an encoding: the columns of its downsampling path, then L operations.
    ``default_operations`` names those that are built beside the candidates; the weights of
    everything else do not depend on them. With ``entangle`` candidates of a choice block are parts
    of one another (``spaces.networks.entangled``).
    """

    def __init__(
        self,
        network: Network,
        recogniser: RecogniserSettings,
        characters: int,
        max_length: int,
        default_operations: Sequence[str] = (),
        entangle: bool = False,
    ) -> None:
        super().__init__()
        self.network = network
        self.stem = network.stem()
        self.blocks = nn.ModuleDict()
        for edge in network.edges():
            key = edge.weight_key(network.sharing)
            if key not in self.blocks:
                built = [edge.build(code) for code in edge.candidates]
                self.blocks[key] = nn.ModuleList(entangled(built) if entangle else built)
        self.recogniser = Recogniser(recogniser, network.out_channels, characters, max_length)
        self.rectification = _rectification(network, recogniser)
        initialise(self)
        if self.rectification is not None:
            self.rectification.reset()
        # Last of all: what is drawn for them comes after what everything else has drawn.
        self.default_blocks = _default_blocks(network, default_operations)
        initialise(self.default_blocks)

    @property
    def shared(self) -> nn.Module:
        """Everything but the default operations: what files of supernets hold, by its names."""
        parts: dict[str, nn.Module] = {
            "stem": self.stem,
            "blocks": self.blocks,
            "recogniser": self.recogniser,
        }
        if self.rectification is not None:
            parts["rectification"] = self.rectification
        return nn.ModuleDict(parts)

    def route(self, path: Sequence[int]) -> list[tuple[Edge, int]]:
        """The path's edges and the operation chosen on each."""
        columns = self.network.path_length
        operations = [int(operation) for operation in path[columns:]]
        return list(zip(self.network.route(path[:columns]), operations, strict=True))

    def candidates(self, edge: Edge) -> Sequence[Candidate]:
        """The candidates of the choice block on an edge, in the order of their codes."""
        return self.blocks[edge.weight_key(self.network.sharing)]  # type: ignore[return-value]

    def operation(self, edge: Edge, code: int) -> Candidate:
        """The module of one operation on an edge, be it a candidate or a default operation."""
        if code in edge.candidates:
            return self.candidates(edge)[code - edge.candidates.start]
        name = self.network.default_operations[code - edge.candidates.stop]
        if name not in self.default_blocks:
            raise TrainerError(
                f"this supernet has no operation {name}: build it with it as one of its "
                "default_operations"
            )
        blocks: nn.ModuleDict = self.default_blocks[name]  # type: ignore[assignment]
        return blocks[edge.weight_key(self.network.sharing)]  # type: ignore[return-value]

    def behind(self, edge: Edge, y_BCHW: Tensor, start_BCHW: Tensor, norm: Normaliser) -> Tensor:
        """What the next layer is given when ``y_BCHW`` comes out of an edge: mostly just that.

        Behind the last layer of a searched rectifier it is ``start_BCHW``, which the stem made of
        the images, rectified.
        """
        rectifier = self.network.searched_rectifier
        if self.rectification is None or rectifier is None or edge != rectifier.last:
            return y_BCHW
        x_BCHW: Tensor = self.rectification(y_BCHW, start_BCHW, norm)
        return x_BCHW

    def backbone(self, path: Sequence[int], norm: Normaliser) -> Callable[[Tensor], Tensor]:
        """The path as a function ``images_B3HW -> features_BC1T``, for ``Recogniser``."""
        route = [(edge, self.operation(edge, code)) for edge, code in self.route(path)]

        def run(images_B3HW: Tensor) -> Tensor:
            start_BCHW: Tensor = self.stem(images_B3HW, norm)
            x_BCHW = start_BCHW
            for edge, operation in route:
                y_BCHW = operation(x_BCHW, edge.stride, norm)
                x_BCHW = self.behind(edge, y_BCHW, start_BCHW, norm)
            return x_BCHW

        return run

    def loss(
        self,
        path: Sequence[int],
        images_BHW3: Tensor,
        labels: Sequence[Sequence[int]],
        norm: Normaliser,
        flat_start: bool = False,
    ) -> Tensor:
        """The recogniser's ``loss`` of ``uint8`` images along a path: a scalar."""
        backbone = self.backbone(path, norm)
        return self.recogniser.loss(images_BHW3, labels, backbone, norm, flat_start)


def build_supernet(
    network: Network,
    recogniser: RecogniserSettings,
    characters: int,
    max_length: int,
    seed: int,
    default_operations: Sequence[str] = (),
    entangle: bool = False,
) -> Supernet:
    """A supernet with fresh weights of ``seed`` alone; torch's generator is untouched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Supernet(network, recogniser, characters, max_length, default_operations, entangle)


def _rectification(network: Network, recogniser: RecogniserSettings) -> Rectification | None:
    if network.searched_rectifier is None:
        return None
    if recogniser.rectifier != "none":
        raise TrainerError(
            f"rectifier {recogniser.rectifier!r} before a rectifier that is searched: set "
            'recogniser.rectifier = "none", or space.part = "extractor"'
        )
    return Rectification(network.searched_rectifier)


def _default_blocks(network: Network, names: Sequence[str]) -> nn.ModuleDict:
    """For each default operation its blocks, by the name of the weights that an edge has."""
    known = network.default_operations
    found = nn.ModuleDict()
    for name in names:
        if name not in known:
            raise TrainerError(unknown_name("default operation", name, known))
        blocks = nn.ModuleDict()
        for edge in network.edges():
            key = edge.weight_key(network.sharing)
            if key not in blocks:
                blocks[key] = edge.build(edge.candidates.stop + known.index(name))
        found[name] = blocks
    return found
