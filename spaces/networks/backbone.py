"""The stand-alone backbone of one architecture.

Shape legend: B images, H rows, W columns, C channels; with the full-size space images are
3 x 32 x 100 and features 512 x 1 x 25.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from spaces.networks.batch_norm import Normaliser
from spaces.networks.mesh import Mesh
from spaces.networks.operations import Stem, build_operation


class Backbone(nn.Module):
    """Stem and one operation a layer: ``images_B3HW -> features_BChw``.

    ``strides`` are the codes of the downsampling path (0 none, 1 A = (2, 2), 2 B = (2, 1)) and
    ``operations`` the codes of candidates or default operations, both of length ``mesh.layers``.
    """

    def __init__(self, mesh: Mesh, strides: Sequence[int], operations: Sequence[int]) -> None:
        super().__init__()
        self.stem = Stem(mesh.stem_width)
        route = mesh.route(strides)
        self.strides = [edge.stride for edge in route]
        self.blocks = nn.ModuleList(
            build_operation(int(operation), edge.inputs, edge.outputs, edge.downsamples)
            for edge, operation in zip(route, operations, strict=True)
        )
        self.out_channels = route[-1].outputs

    def forward(self, images_B3HW: Tensor, norm: Normaliser) -> Tensor:
        x_BCHW: Tensor = self.stem(images_B3HW, norm)
        for block, stride in zip(self.blocks, self.strides, strict=True):
            x_BCHW = block(x_BCHW, stride, norm)
        return x_BCHW
