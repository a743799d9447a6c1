"""The residual network of ASTER (Shi et al., 2018, Table 1), the backbone AutoSTR is compared with.

Shape legend: B images, C channels, H rows, W columns, T time steps.
"""

from __future__ import annotations

from torch import Tensor, nn

from spaces.networks.convolution import Normaliser
from spaces.networks.operations import ResidualUnit, Stem

#: Width, units, and the stride of the first unit of each stage.
STAGES = (
    (32, 3, (2, 2)),
    (64, 4, (2, 2)),
    (128, 6, (2, 1)),
    (256, 6, (2, 1)),
    (512, 3, (2, 1)),
)


class AsterResNet(nn.Module):
    """``images_B3HW (32 x 100) -> features_BC1T`` with C = 512, T = 25."""

    out_channels = STAGES[-1][0]

    def __init__(self) -> None:
        super().__init__()
        inputs = STAGES[0][0]
        self.stem = Stem(inputs)
        self.units = nn.ModuleList()
        self.strides: list[tuple[int, int]] = []
        for width, units, stride in STAGES:
            for unit in range(units):
                self.units.append(ResidualUnit(inputs, width, 3, downsamples=unit == 0))
                self.strides.append(stride if unit == 0 else (1, 1))
                inputs = width

    def forward(self, images_B3HW: Tensor, norm: Normaliser) -> Tensor:
        x_BCHW: Tensor = self.stem(images_B3HW, norm)
        for unit, stride in zip(self.units, self.strides, strict=True):
            x_BCHW = unit(x_BCHW, stride, norm)
        return x_BCHW
