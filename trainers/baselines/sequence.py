"""The sequence encoder of the four-stage benchmark, which narrows features between its layers.

Shape legend: B images, T time steps, C channels, H hidden units each way.
"""

from __future__ import annotations

from torch import Tensor, nn


class ProjectedBiLSTM(nn.Module):
    """Two bidirectional LSTM layers with a linear one after each: ``features_BTC -> encoded_BTE``.

    E is H behind the second linear layer. A CTC head is a linear layer itself, and takes the place
    of the second one (``project_last=False``, E = 2H), as in CRNN: the published counts follow.
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
