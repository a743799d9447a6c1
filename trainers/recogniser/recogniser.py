"""A recogniser put together from its parts.

Shape legend: B images, H x W image size as loaded, C feature channels, T time steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from spaces.networks.convolution import Normaliser
from spaces.networks.operations import Candidate
from trainers.recogniser.attention import AttentionHead
from trainers.recogniser.benchmark_rectifier import BenchmarkRectifier
from trainers.recogniser.ctc import CTCHead
from trainers.recogniser.head import Head
from trainers.recogniser.lstm_attention import LSTMAttentionHead
from trainers.recogniser.rectifier import Rectifier
from trainers.recogniser.sequence import BiLSTM, NoSequenceEncoder, ProjectedBiLSTM
from trainers.settings import RecogniserSettings

#: Runs a backbone: ``images_B3HW -> features_BC1T``.
BackboneCall = Callable[[Tensor], Tensor]


class Recogniser(nn.Module):
    """Rectifier, sequence encoder and head; the backbone is passed with each call.

    Handing the backbone in keeps one class for the supernet, whose backbone is another one at every
    step, and for stand-alone models.
    """

    def __init__(
        self, settings: RecogniserSettings, features: int, characters: int, max_length: int
    ) -> None:
        super().__init__()
        self.beam_width = settings.beam_width
        self.rectifier = _rectifier(settings)
        self.sequence_encoder = _sequence_encoder(settings, features)
        encoded = self.sequence_encoder.out_channels
        self.head = _head(settings, encoded, characters, max_length)

    def encode(self, images_BHW3: Tensor, backbone: BackboneCall, norm: Normaliser) -> Tensor:
        """``uint8 images_BHW3 -> features_BTC``."""
        return self.sequences(backbone(self.rectified(images_BHW3, norm)))

    def rectified(self, images_BHW3: Tensor, norm: Normaliser) -> Tensor:
        """``uint8 images_BHW3 -> images_B3HW``: what a backbone is given."""
        # The loader's layout, channels last, is the one convolutions are fastest in.
        images_B3HW = images_BHW3.permute(0, 3, 1, 2).to(self.dtype).div_(127.5).sub_(1.0)
        return images_B3HW if self.rectifier is None else self.rectifier(images_B3HW, norm)

    def sequences(self, features_BC1T: Tensor) -> Tensor:
        """``features_BC1T -> features_BTC``: what a backbone gave, encoded for the head."""
        encoded: Tensor = self.sequence_encoder(features_BC1T.squeeze(2).transpose(1, 2))
        return encoded

    def loss(
        self,
        images_BHW3: Tensor,
        labels: Sequence[Sequence[int]],
        backbone: BackboneCall,
        norm: Normaliser,
        flat_start: bool = False,
    ) -> Tensor:
        """Mean negative log-likelihood of an image's label: a scalar."""
        return self.loss_of(self.encode(images_BHW3, backbone, norm), labels, flat_start)

    def loss_of(
        self, features_BTC: Tensor, labels: Sequence[Sequence[int]], flat_start: bool = False
    ) -> Tensor:
        """``loss`` of what ``encode`` made of the images."""
        if flat_start and isinstance(self.head, CTCHead):
            return self.head.flat_start_loss(features_BTC, labels)
        return self.head.loss(features_BTC, labels)

    @torch.no_grad()
    def read(self, features_BTC: Tensor) -> list[list[int]]:
        """Character ids read from what ``encode`` made of each image."""
        return self.head.read(features_BTC, self.beam_width)

    @property
    def dtype(self) -> torch.dtype:
        """Type of the parameters; images are converted to it."""
        return next(self.head.parameters()).dtype


def _rectifier(settings: RecogniserSettings) -> nn.Module | None:
    if settings.rectifier == "none":
        return None
    return Rectifier() if settings.rectifier == "tps" else BenchmarkRectifier()


def _sequence_encoder(
    settings: RecogniserSettings, features: int
) -> BiLSTM | ProjectedBiLSTM | NoSequenceEncoder:
    if settings.sequence_encoder == "none":
        return NoSequenceEncoder(features)
    if settings.sequence_encoder == "bilstm":
        return BiLSTM(features, settings.sequence_hidden)
    return ProjectedBiLSTM(features, settings.sequence_hidden, project_last=settings.head != "ctc")


def _head(settings: RecogniserSettings, inputs: int, characters: int, max_length: int) -> Head:
    if settings.head == "ctc":
        return CTCHead(inputs, characters)
    kind = AttentionHead if settings.head == "attention" else LSTMAttentionHead
    return kind(inputs, characters, settings.attention_hidden, max_length)


def initialise(module: nn.Module) -> None:
    """Kaiming initialisation (fan out) of convolutions; linear layers keep torch's default.

    Blocks with an identity shortcut start as the identity: the scale of their last batch norm is
    zero (Goyal et al., *Accurate, Large Minibatch SGD*, 2017, section 5.1). In a supernet all
    candidates of such a block then start equal, whichever is drawn.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out", nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, Candidate) and part.branch_norm is not None:
            nn.init.zeros_(part.branch_norm.weight)
    for part in module.modules():
        if isinstance(part, Rectifier):
            part.reset()
