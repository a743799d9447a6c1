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


class ProjectedBiLSTM(nn.Module):
    """Two bidirectional LSTM layers with a linear one after each: ``features_BTC -> encoded_BTE``.

    The sequence encoder of the four-stage benchmark (Baek et al., 2019). E is ``hidden`` behind the
    second linear layer. A CTC head is a linear layer itself, and takes the place of the second one
    (``project_last=False``, E = 2 * hidden), as in CRNN: the published counts follow.
    """

    def __init__(self, inputs: int, hidden: int, project_last: bool) -> None:
        super().__init__()
        self.first = nn.LSTM(inputs, hidden, bidirectional=True, batch_first=True)
        self.between = nn.Linear(2 * hidden, hidden)
        self.second = nn.LSTM(hidden, hidden, bidirectional=True, batch_first=True)
        self.last = nn.Linear(2 * hidden, hidden) if project_last else None
        self.out_channels = hidden if project_last else 2 * hidden

    def forward(self, features_BTC: Tensor) -> Tensor:
        encoded: Tensor = self.second(self.between(self.first(features_BTC)[0]))[0]
        return encoded if self.last is None else self.last(encoded)


class NoSequenceEncoder(nn.Module):
    """Features as they come from the backbone, as both source papers search."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.out_channels = inputs

    def forward(self, features_BTC: Tensor) -> Tensor:
        return features_BTC
