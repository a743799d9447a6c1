"""The candidate operations of a choice block (AutoSTR, Table 2) as modules, and the default one.

An operation is built for a pair of widths; the stride arrives with the call, because a supernet may
use the same weights for the (2, 2) and the (2, 1) downsampling of a block.

Shape legend: B images, C input and D output channels, H rows, W columns.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spaces.autostr.operations import DEFAULT_OPERATIONS, OPERATIONS
from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Convolution, Normaliser, Stride
from spaces.networks.normalisation import BatchStatistics


class Candidate(nn.Module):
    """Interface of a candidate: ``x_BCHW, stride -> y_BDhw`` with h = ceil(H / stride[0]).

    ``shortcut``: whether y is x and what a branch beside it makes.
    """

    shortcut = False

    @property
    def branch_norm(self) -> BatchNorm | None:
        """The last batch norm beside an identity shortcut; None without such a shortcut.

        Where its scale is zero, the block passes its input on.
        """
        return None

    def forward(self, x_BCHW: Tensor, stride: Stride, norm: Normaliser) -> Tensor:
        raise TypeError(f"{type(self).__name__} does not define forward()")

    def product(
        self, x_BCHW: Tensor, stride: Stride, norm: BatchStatistics, gradient_BDhw: Tensor
    ) -> Tensor:
        """``sum(y gradient)`` in double precision; no gradients.

        Of a candidate with a shortcut, the branch's part of it: x is the same for all candidates.
        """
        return product(self(x_BCHW, stride, norm), gradient_BDhw)


class MBConv(Candidate):
    """Mobile inverted bottleneck (Sandler et al., *MobileNetV2*, 2018).

    The identity shortcut is added exactly where the stride is (1, 1) and the width stays.
    """

    def __init__(
        self, inputs: int, outputs: int, kernel: int, expansion: int, downsamples: bool
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.shortcut = inputs == outputs and not downsamples
        self.expand = Convolution(inputs, hidden, 1) if expansion > 1 else None
        self.depthwise = Convolution(hidden, hidden, kernel, depthwise=True)
        self.project = Convolution(hidden, outputs, 1)

    @property
    def branch_norm(self) -> BatchNorm | None:
        return self.project.norm if self.shortcut else None

    def forward(self, x_BCHW: Tensor, stride: Stride, norm: Normaliser) -> Tensor:
        y_BDhw: Tensor = self.project(self._hidden(x_BCHW, stride, norm), norm)
        return y_BDhw.add_(x_BCHW) if self.shortcut else y_BDhw

    def product(
        self, x_BCHW: Tensor, stride: Stride, norm: BatchStatistics, gradient_BDhw: Tensor
    ) -> Tensor:
        hidden = self._hidden(x_BCHW, stride, norm)
        found = norm.product(self.project, hidden, gradient_BDhw)
        if found is None:
            found = product(self.project(hidden, norm), gradient_BDhw)
        return found

    def _hidden(self, x_BCHW: Tensor, stride: Stride, norm: Normaliser) -> Tensor:
        """What is projected."""
        hidden = x_BCHW
        if self.expand is not None:
            hidden = self.expand(hidden, norm, activation="relu6")
        hidden_BDhw: Tensor = self.depthwise(hidden, norm, stride, "relu6")
        return hidden_BDhw


class Identity(Candidate):
    """Skip where the shape stays."""

    shortcut = True

    def forward(self, x_BCHW: Tensor, stride: Stride, norm: Normaliser) -> Tensor:
        return x_BCHW

    def product(
        self, x_BCHW: Tensor, stride: Stride, norm: BatchStatistics, gradient_BDhw: Tensor
    ) -> Tensor:
        return gradient_BDhw.new_zeros((), dtype=torch.float64)


class ProjectionShortcut(Candidate):
    """Skip where the shape changes: strided 1x1 convolution and batch norm."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.project = Convolution(inputs, outputs, 1)

    def forward(self, x_BCHW: Tensor, stride: Stride, norm: Normaliser) -> Tensor:
        y_BDhw: Tensor = self.project(x_BCHW, norm, stride)
        return y_BDhw


class ResidualUnit(Candidate):
    """The residual unit of ASTER (Shi et al., 2018, Table 1): step 1's default operation.

    1x1 convolution with the stride, batch norm, ReLU, 3x3 convolution, batch norm; ReLU after the
    sum with the input, or with its projection (strided 1x1, batch norm) where the shape changes.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, downsamples: bool) -> None:
        super().__init__()
        self.reduce = Convolution(inputs, outputs, 1)
        self.convolve = Convolution(outputs, outputs, kernel)
        self.project = Convolution(inputs, outputs, 1) if downsamples else None

    @property
    def branch_norm(self) -> BatchNorm | None:
        return self.convolve.norm if self.project is None else None

    def forward(self, x_BCHW: Tensor, stride: Stride, norm: Normaliser) -> Tensor:
        shortcut_BDhw = x_BCHW if self.project is None else self.project(x_BCHW, norm, stride)
        hidden_BDhw = self.reduce(x_BCHW, norm, stride, "relu")
        return F.relu(self.convolve(hidden_BDhw, norm) + shortcut_BDhw)


class Stem(nn.Module):
    """3x3 convolution of the image, batch norm, ReLU: ``(B, 3, H, W) -> (B, width, H, W)``."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = Convolution(3, width, 3)

    def forward(self, images_B3HW: Tensor, norm: Normaliser) -> Tensor:
        y_BCHW: Tensor = self.conv(images_B3HW, norm, activation="relu")
        return y_BCHW


def build_operation(operation: int, inputs: int, outputs: int, downsamples: bool) -> Candidate:
    """The candidate with code ``operation`` between two widths; default operations come last."""
    choice = (*OPERATIONS, *DEFAULT_OPERATIONS)[operation]
    if choice.kernel and not choice.expansion:
        return ResidualUnit(inputs, outputs, choice.kernel, downsamples)
    if choice.kernel:
        return MBConv(inputs, outputs, choice.kernel, choice.expansion, downsamples)
    return ProjectionShortcut(inputs, outputs) if downsamples else Identity()


def product(y_BDhw: Tensor, gradient_BDhw: Tensor) -> Tensor:
    """``sum(y gradient)``, within an image as it comes, over images in double precision."""
    # Over all pixels in double precision torch would copy them first.
    products_B = (_of_images(y_BDhw) * _of_images(gradient_BDhw)).sum(1)
    return products_B.sum(dtype=torch.float64)


def _of_images(x_BCHW: Tensor) -> Tensor:
    """``(B, C, H, W) -> (B, N)``: a view of a channels-last tensor."""
    return x_BCHW.permute(0, 2, 3, 1).flatten(1)
