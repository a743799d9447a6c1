"""Sequence encoders: from backbone features to context-aware features.

Shape legend: B images, T time steps (25 for 100 columns), C channels.
"""

from __future__ import annotations

from torch import Tensor, nn


class BiLSTM(nn.Module):
    """Two bidirectional LSTM layers: ``features_BTC -> encoded_BTE`` with E = 2 * hidden."""

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, hidden, num_layers=2, bidirectional=True, batch_first=True)
        self.out_channels = 2 * hidden

    def forward(self, features_BTC: Tensor) -> Tensor:
        encoded: Tensor = self.lstm(features_BTC)[0]
        return encoded


class NoSequenceEncoder(nn.Module):
    """Features as they come from the backbone, as both source papers search."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.out_channels = inputs

    def forward(self, features_BTC: Tensor) -> Tensor:
        return features_BTC
