"""The extractor of the STR-NAS slides' fixed rows, whose counts ask for one more batch norm.

Shape legend: B images, C channels, H rows, W columns, T time steps.
"""

from __future__ import annotations

from torch import Tensor, nn

from spaces.networks.backbone import Backbone
from spaces.networks.batch_norm import BatchNorm
from spaces.networks.convolution import Normaliser
from trainers.recogniser.layers import EPSILON


class NormalisedExtractor(nn.Module):
    """An extractor with a batch norm behind its last cell: ``images_BCHW -> features_BC1T``.

    The slides print 14.101, 14.292, 23.283 and 23.857 million parameters. The cells alone are
    short by 934 to 1,381 in each row at once, and a batch norm over 512 channels has 1,024. Where
    it stands is not printed: behind the last cell is our reading.
    """

    def __init__(self, extractor: Backbone) -> None:
        super().__init__()
        self.extractor = extractor
        self.out_channels = extractor.out_channels
        self.norm = BatchNorm(self.out_channels, EPSILON)

    def forward(self, images_BCHW: Tensor, norm: Normaliser) -> Tensor:
        features_BC1T: Tensor = self.norm(self.extractor(images_BCHW, norm), norm)
        return features_BC1T
