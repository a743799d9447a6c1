"""The stand-alone backbone of one architecture.

Shape legend: B images, H rows, W columns, C channels; with the full-size space images are
3 x 32 x 100 and features 512 x 1 x 25.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from spaces.errors import SpaceError
from spaces.networks.convolution import Normaliser
from spaces.networks.network import Network


class Backbone(nn.Module):
    """Stem and one operation a layer: ``images_B3HW -> features_BChw``.

    ``path`` is that part of an encoding, such as the stride codes of an AutoSTR architecture, and
    ``operations`` are the codes of candidates or default operations, one a layer. Where some of the
    layers are a searched rectifier's, ``rectification`` is what follows them: it makes the next
    layer's input of their features and the stem's output. SpaceError if it is missing, or of no
    use.
    """

    def __init__(
        self,
        network: Network,
        path: Sequence[int],
        operations: Sequence[int],
        rectification: nn.Module | None = None,
    ) -> None:
        super().__init__()
        rectifier = network.searched_rectifier
        if (rectifier is None) != (rectification is None):
            raise SpaceError("a rectification goes with layers that search one, and only with them")
        self.stem = network.stem()
        route = network.route(path)
        self.strides = [edge.stride for edge in route]
        self.blocks = nn.ModuleList(
            edge.build(int(operation)) for edge, operation in zip(route, operations, strict=True)
        )
        self.rectification = rectification
        self.rectified_behind = None if rectifier is None else list(route).index(rectifier.last)
        self.out_channels = network.out_channels

    def forward(self, images_B3HW: Tensor, norm: Normaliser) -> Tensor:
        start_BCHW: Tensor = self.stem(images_B3HW, norm)
        x_BCHW = start_BCHW
        for place, (block, stride) in enumerate(zip(self.blocks, self.strides, strict=True)):
            x_BCHW = block(x_BCHW, stride, norm)
            if self.rectification is not None and place == self.rectified_behind:
                x_BCHW = self.rectification(x_BCHW, start_BCHW, norm)
        return x_BCHW
