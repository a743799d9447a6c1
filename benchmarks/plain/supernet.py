"""Single-path supernet with the recogniser around it."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from benchmarks.plain.attention import AttentionHead
from benchmarks.plain.ctc import CTCHead
from benchmarks.plain.operations import Stem, Stride, candidates
from benchmarks.plain.rectifier import Rectifier
from spaces.networks.mesh import Mesh
from trainers.settings import RecogniserSettings


class BiLSTM(nn.Module):
    """Two bidirectional layers."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, num_layers=2, bidirectional=True, batch_first=True)

    def forward(self, features_BTC: Tensor) -> Tensor:
        encoded: Tensor = self.lstm(features_BTC)[0]
        return encoded


class Recogniser(nn.Module):
    """The parts around the backbone."""

    def __init__(
        self, settings: RecogniserSettings, features: int, characters: int, max_length: int
    ) -> None:
        super().__init__()
        self.rectifier = Rectifier() if settings.rectifier == "tps" else nn.Identity()
        self.sequence_encoder: nn.Module = nn.Identity()
        encoded = features
        if settings.sequence_encoder == "bilstm":
            self.sequence_encoder = BiLSTM(features, settings.sequence_hidden)
            encoded = 2 * settings.sequence_hidden
        self.head: AttentionHead | CTCHead = (
            AttentionHead(encoded, characters, settings.attention_hidden, max_length)
            if settings.head == "attention"
            else CTCHead(encoded, characters)
        )


class PlainSupernet(nn.Module):
    """All candidates on all edges; a forward pass goes along one path of 2 L codes."""

    def __init__(
        self, mesh: Mesh, recogniser: RecogniserSettings, characters: int, max_length: int
    ) -> None:
        super().__init__()
        self.mesh = mesh
        self.stem = Stem(mesh.stem_width)
        self.blocks = nn.ModuleDict()
        for edge in mesh.edges():
            key = edge.weight_key(mesh.sharing)
            if key not in self.blocks:
                self.blocks[key] = candidates(edge.inputs, edge.outputs, edge.downsamples)
        self.recogniser = Recogniser(recogniser, mesh.widths[-1], characters, max_length)

    def route(self, path: Sequence[int]) -> list[tuple[nn.ModuleList, int, Stride]]:
        """For each layer of the path its block, the code of the active candidate, the stride."""
        layers = self.mesh.layers
        found = []
        for edge, code in zip(self.mesh.route(path[:layers]), path[layers:], strict=True):
            block: nn.ModuleList = self.blocks[edge.weight_key(self.mesh.sharing)]  # type: ignore[assignment]
            found.append((block, int(code), edge.stride))
        return found

    def active(self, path: Sequence[int]) -> nn.ModuleList:
        """Every module that a forward pass along the path uses."""
        operations = [block[code] for block, code, _ in self.route(path)]
        return nn.ModuleList([self.stem, *operations, self.recogniser])

    def rectify(self, images_BHW3: Tensor) -> Tensor:
        """Bytes as loaded to what the stem sees."""
        images_B3HW = images_BHW3.permute(0, 3, 1, 2).contiguous()
        images_B3HW = images_B3HW.to(self.stem.conv.conv.weight.dtype) / 127.5 - 1
        rectified: Tensor = self.recogniser.rectifier(images_B3HW)
        return rectified

    def translate(self, features_BC1T: Tensor) -> Tensor:
        """What the backbone hands over to what the head sees."""
        features_BTC = features_BC1T.squeeze(2).permute(0, 2, 1)
        encoded: Tensor = self.recogniser.sequence_encoder(features_BTC)
        return encoded

    def encode(self, images_BHW3: Tensor, path: Sequence[int]) -> Tensor:
        """``uint8 images_BHW3 -> features_BTC`` along one path."""
        x = self.stem(self.rectify(images_BHW3))
        for block, code, stride in self.route(path):
            x = block[code](x, stride)
        return self.translate(x)


def load_weights(plain: PlainSupernet, weights: dict[str, Tensor]) -> None:
    """Copy the weights of a ``Supernet``: the same names, without the counters of batch norm."""
    plain.load_state_dict(weights | _counters(plain))


def load_parts(plain: PlainSupernet, supernet: nn.Module) -> None:
    """Copy what each candidate of a ``Supernet`` computes with.

    Entangled candidates have no weights of their own there; here they do, so that the two compute
    the same until the first step of an optimiser.
    """
    counters = _counters(plain)
    found = {
        name: operator.attrgetter(name)(supernet).detach().clone()
        for name in plain.state_dict()
        if name not in counters
    }
    plain.load_state_dict(found | counters)


def _counters(plain: PlainSupernet) -> dict[str, Tensor]:
    return {
        name: torch.zeros_like(value)
        for name, value in plain.state_dict().items()
        if name.endswith("num_batches_tracked")
    }
