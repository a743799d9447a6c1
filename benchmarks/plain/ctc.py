"""CTC head: a linear layer a time step; class 0 is the blank."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class CTCHead(nn.Module):
    """Reads by best path."""

    def __init__(self, inputs: int, characters: int) -> None:
        super().__init__()
        self.classify = nn.Linear(inputs, characters + 1)

    def loss(self, features_BTC: Tensor, labels: Sequence[Sequence[int]]) -> Tensor:
        """Negative log-likelihoods summed over labels, divided by the batch size."""
        log_p_TBV = F.log_softmax(self.classify(features_BTC).float(), -1).transpose(0, 1)
        targets = torch.tensor([symbol + 1 for label in labels for symbol in label])
        lengths = torch.tensor([len(label) for label in labels])
        steps = torch.full((len(labels),), features_BTC.shape[1])
        criterion = nn.CTCLoss(reduction="sum", zero_infinity=True)
        loss: Tensor = criterion(log_p_TBV, targets.to(log_p_TBV.device), steps, lengths)
        return loss / len(labels)

    def read(self, features_BTC: Tensor) -> list[list[int]]:
        """Most probable class a step, repetitions merged, blanks dropped."""
        words = []
        for row in self.classify(features_BTC).argmax(-1).tolist():
            merged = [row[i] for i in range(len(row)) if i == 0 or row[i] != row[i - 1]]
            words.append([symbol - 1 for symbol in merged if symbol != 0])
        return words
