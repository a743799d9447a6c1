"""The stand-alone backbone of one architecture.

Shape legend: B images, H rows, W columns, C channels; with the full-size space images are
3 x 32 x 100 and features 512 x 1 x 25.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from spaces.errors import SpaceError
from spaces.networks.batch_norm import Normaliser
from spaces.networks.network import Network


class Backbone(nn.Module):
    """Stem and one operation a layer: ``images_B3HW -> features_BChw``.

    ``path`` is that part of an encoding, such as the stride codes of an AutoSTR architecture, and
    ``operations`` are the codes of candidates or default operations, one a layer. SpaceError where
    layers belong to a rectifier: they are no backbone.
    """

    def __init__(self, network: Network, path: Sequence[int], operations: Sequence[int]) -> None:
        super().__init__()
        if network.searched_rectifier is not None:
            raise SpaceError("these layers include a rectifier's, expected a backbone's alone")
        self.stem = network.stem()
        route = network.route(path)
        self.strides = [edge.stride for edge in route]
        self.blocks = nn.ModuleList(
            edge.build(int(operation)) for edge, operation in zip(route, operations, strict=True)
        )
        self.out_channels = network.out_channels

    def forward(self, images_B3HW: Tensor, norm: Normaliser) -> Tensor:
        x_BCHW: Tensor = self.stem(images_B3HW, norm)
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x_BCHW = block(x_BCHW, stride, norm)
        return x_BCHW
