"""Attention decoder with a GRU cell, one step after the other as its equations stand."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class AttentionHead(nn.Module):
    """Classes are the characters, then EOS; the symbol after that starts a word."""

    def __init__(self, inputs: int, characters: int, hidden: int, max_length: int) -> None:
        super().__init__()
        self.eos = characters
        self.start = characters + 1
        self.max_length = max_length
        self.project_features = nn.Linear(inputs, hidden)
        self.project_state = nn.Linear(hidden, hidden)
        self.energy = nn.Linear(hidden, 1)
        self.embed = nn.Embedding(characters + 2, hidden)
        self.cell = nn.GRUCell(hidden + inputs, hidden)
        self.classify = nn.Linear(hidden, characters + 1)

    def loss(self, features_BTC: Tensor, labels: Sequence[Sequence[int]]) -> Tensor:
        """Teacher forcing; cross entropies summed over symbols, divided by the batch size."""
        batch = len(labels)
        length = max(len(label) for label in labels) + 1
        targets = torch.full((batch, length), -100)
        for row, label in enumerate(labels):
            targets[row, : len(label) + 1] = torch.tensor([*label, self.eos])
        targets = targets.to(features_BTC.device)
        state = features_BTC.new_zeros(batch, self.cell.hidden_size)
        symbol = torch.full((batch,), self.start, device=features_BTC.device)
        total = features_BTC.new_zeros(())
        for step in range(length):
            state = self.step(features_BTC, symbol, state)
            logits_BV = self.classify(state)
            total = total + F.cross_entropy(logits_BV.float(), targets[:, step], reduction="sum")
            symbol = targets[:, step].clamp(min=0)
        return total / batch

    def read(self, features_BTC: Tensor) -> list[list[int]]:
        """Greedy reading, always ``max_length`` steps."""
        state = features_BTC.new_zeros(len(features_BTC), self.cell.hidden_size)
        symbol = torch.full((len(features_BTC),), self.start, device=features_BTC.device)
        symbols = []
        for _ in range(self.max_length):
            state = self.step(features_BTC, symbol, state)
            symbol = self.classify(state).argmax(-1)
            symbols.append(symbol)
        rows = torch.stack(symbols, 1).tolist()
        return [row[: row.index(self.eos)] if self.eos in row else row for row in rows]

    def step(self, features_BTC: Tensor, symbol_B: Tensor, state_BH: Tensor) -> Tensor:
        """Look at the features, then take in what was seen and the last symbol."""
        query = self.project_state(state_BH).unsqueeze(1)
        energy = self.energy(torch.tanh(self.project_features(features_BTC) + query))
        weights = F.softmax(energy, 1)
        context = (weights * features_BTC).sum(1)
        new_state: Tensor = self.cell(torch.cat([self.embed(symbol_B), context], 1), state_BH)
        return new_state
