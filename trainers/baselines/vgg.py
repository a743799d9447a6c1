"""The VGG of CRNN (Shi, Bai and Yao, 2017, Table 1), as in the four-stage benchmark."""

from __future__ import annotations

from trainers.recogniser.layers import ConvolutionLayer, Layers, MaxPool


class VGG(Layers):
    """Seven convolutions: ``images_B1HW (32 x 100) -> features_BC1T`` with C = 512, T = 24."""

    out_channels = 512

    def __init__(self) -> None:
        super().__init__(
            ConvolutionLayer(1, 64, 3, normalised=False),
            MaxPool((2, 2), (2, 2)),  # 16 x 50
            ConvolutionLayer(64, 128, 3, normalised=False),
            MaxPool((2, 2), (2, 2)),  # 8 x 25
            ConvolutionLayer(128, 256, 3, normalised=False),
            ConvolutionLayer(256, 256, 3, normalised=False),
            MaxPool((2, 1), (2, 1)),  # 4 x 25
            ConvolutionLayer(256, 512, 3),
            ConvolutionLayer(512, 512, 3),
            MaxPool((2, 1), (2, 1)),  # 2 x 25
            ConvolutionLayer(512, 512, 2, padding=(0, 0), normalised=False),  # 1 x 24
        )
