"""The attention decoder of the four-stage benchmark, with an LSTM cell (Baek et al., 2019).

Shape legend: B images, T time steps, C channels, H hidden units, S output symbols, V = characters
+ 2 classes: the last two are EOS and the start symbol, which is a class that is never a target.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainers.recogniser.attention import looks
from trainers.recogniser.head import Head
from trainers.recogniser.labels import padded, sent

#: Class of padding in targets, ignored by the loss.
IGNORED = -100
State = tuple[Tensor, Tensor]


class LSTMAttentionHead(Head):
    """Reads one symbol after the other, looking at a weighted mean of the features."""

    def __init__(self, inputs: int, characters: int, hidden: int, max_length: int) -> None:
        super().__init__()
        self.eos = characters
        self.start = characters + 1
        self.classes = characters + 2
        self.hidden = hidden
        self.max_length = max_length
        self.project_features = nn.Linear(inputs, hidden, bias=False)
        self.project_state = nn.Linear(hidden, hidden)
        self.energy = nn.Linear(hidden, 1, bias=False)
        self.cell = nn.LSTMCell(inputs + self.classes, hidden)
        self.classify = nn.Linear(hidden, self.classes)

    def loss(self, features_BTC: Tensor, labels: Sequence[Sequence[int]]) -> Tensor:
        """Teacher forcing; cross entropies summed over symbols, divided by the number of images."""
        length = max(len(label) for label in labels) + 1
        targets_BS = padded([[*label, self.eos] for label in labels], length, IGNORED)
        # What follows an EOS is ignored: there, any class serves as input.
        inputs_BS = padded(labels, length, 0).roll(1, 1)
        inputs_BS[:, 0] = self.start
        inputs_BS, targets_BS = sent(torch.stack([inputs_BS, targets_BS]), features_BTC.device)
        keys_BTH = self.project_features(features_BTC)
        state = self._before(features_BTC)
        states = []
        for symbol_B in inputs_BS.unbind(1):
            state = self._step(features_BTC, keys_BTH, symbol_B, state)
            states.append(state[0])
        logits_BSV = self.classify(torch.stack(states, 1)).float()
        total = F.cross_entropy(
            logits_BSV.flatten(0, 1), targets_BS.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        return total / len(labels)

    def read(self, features_BTC: Tensor, beam_width: int = 1) -> list[list[int]]:
        """The most probable symbol after each other, at most ``max_length`` of them.

        ``beam_width`` is accepted and has no effect: the benchmark reads greedily.
        """
        keys_BTH = self.project_features(features_BTC)
        state = self._before(features_BTC)
        symbol_B = torch.full((len(features_BTC),), self.start, device=features_BTC.device)
        ended_B = torch.zeros_like(symbol_B, dtype=torch.bool)
        symbols = []
        for step in range(self.max_length):
            state = self._step(features_BTC, keys_BTH, symbol_B, state)
            symbol_B = self.classify(state[0])[:, : self.start].argmax(-1)
            symbols.append(symbol_B)
            ended_B |= symbol_B == self.eos
            if looks(step, features_BTC.device) and bool(ended_B.all()):
                break
        return [self._until_eos(row) for row in torch.stack(symbols, 1).tolist()]

    def _before(self, features_BTC: Tensor) -> State:
        """The state before the first symbol."""
        zeros_BH = features_BTC.new_zeros(len(features_BTC), self.hidden)
        return zeros_BH, zeros_BH

    def _step(
        self, features_BTC: Tensor, keys_BTH: Tensor, symbol_B: Tensor, state: State
    ) -> State:
        query_B1H = self.project_state(state[0])[:, None]
        weights_BT = self.energy(torch.tanh(keys_BTH + query_B1H)).squeeze(-1).softmax(-1)
        context_BC = torch.bmm(weights_BT[:, None].to(features_BTC.dtype), features_BTC)[:, 0]
        # One-hot, as the benchmark has it.
        # By its shape, not its length, which tracing takes for a constant.
        seen_BV = context_BC.new_zeros(symbol_B.shape[0], self.classes)
        seen_BV = seen_BV.scatter(1, symbol_B[:, None], 1.0)
        after: State = self.cell(torch.cat([context_BC, seen_BV], -1), state)
        return after

    def _until_eos(self, symbols: list[int]) -> list[int]:
        return symbols[: symbols.index(self.eos)] if self.eos in symbols else symbols
