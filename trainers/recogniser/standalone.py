"""A complete recogniser of four stages, with weights of its own: what is trained from scratch.

Shape legend: B images, H x W image size as loaded, C feature channels, T time steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from spaces.networks.chain import Grey
from spaces.networks.convolution import Normaliser
from spaces.networks.normalisation import RunningStatistics, UpdatingStatistics
from trainers.recogniser.ctc import CTCHead
from trainers.recogniser.head import Head


class StandAlone(nn.Module):
    """Rectifier, backbone, sequence encoder and head, and the size that images are loaded at.

    Where the caller says nothing, ``loss`` normalises by the statistics of the batch and moves the
    running ones, ``read`` normalises by the running ones.
    """

    def __init__(
        self,
        rectifier: nn.Module | None,
        backbone: nn.Module,
        sequence_encoder: nn.Module,
        head: Head,
        grey: bool,
        input_size: tuple[int, int],
        beam_width: int = 1,
    ) -> None:
        super().__init__()
        self.grey = Grey() if grey else None
        self.rectifier = rectifier
        self.backbone = backbone
        self.sequence_encoder = sequence_encoder
        self.head = head
        self.input_size = input_size
        self.beam_width = beam_width

    def loss(
        self,
        images_BHW3: Tensor,
        labels: Sequence[Sequence[int]],
        norm: Normaliser | None = None,
        flat_start: bool = False,
    ) -> Tensor:
        """Mean negative log-likelihood of the label of ``uint8`` images: a scalar."""
        features_BTC = self.encode(images_BHW3, norm or UpdatingStatistics())
        if flat_start and isinstance(self.head, CTCHead):
            return self.head.flat_start_loss(features_BTC, labels)
        return self.head.loss(features_BTC, labels)

    @torch.no_grad()
    def read(self, images_BHW3: Tensor, norm: Normaliser | None = None) -> list[list[int]]:
        """Character ids read in each of the ``uint8`` images."""
        features_BTC = self.encode(images_BHW3, norm or RunningStatistics())
        return self.head.read(features_BTC, self.beam_width)

    def encode(self, images_BHW3: Tensor, norm: Normaliser) -> Tensor:
        """``uint8 images_BHW3 -> features_BTC``: what the head is given."""
        return self.sequences(self.backbone(self.rectified(images_BHW3, norm), norm))

    def rectified(self, images_BHW3: Tensor, norm: Normaliser) -> Tensor:
        """``uint8 images_BHW3 -> images_BCHW``, grey or in colour: what the backbone is given."""
        dtype = next(self.head.parameters()).dtype
        x_BCHW = images_BHW3.permute(0, 3, 1, 2).to(dtype).div_(127.5).sub_(1.0)
        if self.grey is not None:
            x_BCHW = self.grey(x_BCHW, norm)
        return x_BCHW if self.rectifier is None else self.rectifier(x_BCHW, norm)

    def sequences(self, features_BC1T: Tensor) -> Tensor:
        """``features_BC1T -> features_BTC``: what the backbone gave, encoded for the head."""
        encoded: Tensor = self.sequence_encoder(features_BC1T.squeeze(2).transpose(1, 2))
        return encoded
