"""Attention decoder with a GRU cell (Bahdanau et al., 2015; sizes of the AutoSTR paper: 512).

Shape legend: B images, T time steps, C channels, H hidden units, V = characters + 1 classes (the
last one is EOS), S output symbols.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainers.recogniser.head import Head
from trainers.recogniser.labels import padded, sent

#: Steps of reading after which a GPU is asked which words go on: the host waits for the answer.
STEPS_UNASKED = 4


class AttentionHead(Head):
    """Reads one symbol after the other, looking at a weighted mean of the features."""

    def __init__(
        self, inputs: int, characters: int, hidden: int = 512, max_length: int = 25
    ) -> None:
        super().__init__()
        self.characters = characters
        self.eos = characters
        self.start = characters + 1
        self.hidden = hidden
        self.max_length = max_length
        self.project_features = nn.Linear(inputs, hidden)
        self.project_state = nn.Linear(hidden, hidden)
        self.energy = nn.Linear(hidden, 1)
        self.embed = nn.Embedding(characters + 2, hidden)
        self.cell = nn.GRUCell(hidden + inputs, hidden)
        self.classify = nn.Linear(hidden, characters + 1)

    def loss(self, features_BTC: Tensor, labels: Sequence[Sequence[int]]) -> Tensor:
        """Teacher forcing; cross entropies summed over symbols, divided by the number of images."""
        batch = len(labels)
        length = max(len(label) for label in labels) + 1
        words = [[*label, self.eos] for label in labels]
        targets_BS = padded(words, length, -100)
        inputs_BS = padded(labels, length, self.eos).roll(1, 1)
        inputs_BS[:, 0] = self.start
        inputs_BS, targets_BS = sent(torch.stack([inputs_BS, targets_BS]), features_BTC.device)
        embedded_BSH = self.embed(inputs_BS)
        # The projection of the features does not depend on the step: outside the loop.
        keys_BTH = self.project_features(features_BTC)
        state_BH = features_BTC.new_zeros(batch, self.hidden)
        states = []
        for step in range(length):
            state_BH = self._step(features_BTC, keys_BTH, embedded_BSH[:, step], state_BH)
            states.append(state_BH)
        logits_BSV = self.classify(torch.stack(states, 1)).float()
        total = F.cross_entropy(
            logits_BSV.flatten(0, 1), targets_BS.flatten(), ignore_index=-100, reduction="sum"
        )
        return total / batch

    def read(self, features_BTC: Tensor, beam_width: int = 1) -> list[list[int]]:
        if beam_width > 1:
            return self._read_with_beams(features_BTC, beam_width)
        return self._read_greedily(features_BTC)

    def _step(
        self, features_BTC: Tensor, keys_BTH: Tensor, embedded_BH: Tensor, state_BH: Tensor
    ) -> Tensor:
        context_BC = self._look(features_BTC, keys_BTH, state_BH)
        new_state: Tensor = self.cell(torch.cat([embedded_BH, context_BC], -1), state_BH)
        return new_state

    def _look(self, features_BTC: Tensor, keys_BTH: Tensor, state_BH: Tensor) -> Tensor:
        """The mean of the features, weighted by what the state asks for: ``context_BC``."""
        query_B1H = self.project_state(state_BH)[:, None]
        weights_BT = self.energy(torch.tanh(keys_BTH + query_B1H)).squeeze(-1).softmax(-1)
        return torch.bmm(weights_BT[:, None].to(features_BTC.dtype), features_BTC)[:, 0]

    def _read_greedily(self, features_BTC: Tensor) -> list[list[int]]:
        """The most probable symbol after each other; words that have ended take no more time."""
        batch, device = len(features_BTC), features_BTC.device
        keys_BTH = self.project_features(features_BTC)
        state_BH = features_BTC.new_zeros(batch, self.hidden)
        symbol_B = torch.full((batch,), self.start, device=device)
        symbols_BS = torch.full((batch, self.max_length), self.eos, device=device)
        rows_B = torch.arange(batch, device=device)
        for step in range(self.max_length):
            state_BH = self._step(features_BTC, keys_BTH, self.embed(symbol_B), state_BH)
            symbol_B = self.classify(state_BH).argmax(-1)
            symbols_BS[rows_B, step] = symbol_B
            if not looks(step, device):
                continue
            going = (symbol_B != self.eos).nonzero()[:, 0]
            if len(going) == 0:
                break
            # Moving the rest together costs about a step: done when half of the words have ended.
            if len(going) <= len(rows_B) // 2:
                rows_B, symbol_B, state_BH = rows_B[going], symbol_B[going], state_BH[going]
                features_BTC, keys_BTH = features_BTC[going], keys_BTH[going]
        return [self._until_eos(row) for row in symbols_BS.tolist()]

    def _read_with_beams(self, features_BTC: Tensor, width: int) -> list[list[int]]:
        """Beam search by summed log-probability; ended beams keep their score.

        A word of ``max_length`` characters needs no EOS, here as in greedy reading.
        """
        batch, steps, channels = features_BTC.shape
        classes = self.characters + 1
        features = features_BTC.repeat_interleave(width, 0)
        keys = self.project_features(features_BTC).repeat_interleave(width, 0)
        state = features.new_zeros(batch * width, self.hidden)
        symbol = torch.full((batch * width,), self.start, device=features.device)
        scores_BW = torch.full((batch, width), float("-inf"), device=features.device)
        scores_BW[:, 0] = 0.0  # All beams start equal: only the first may branch.
        history = torch.empty(batch, width, 0, dtype=torch.long, device=features.device)
        ended_BW = torch.zeros(batch, width, dtype=torch.bool, device=features.device)
        stay_V = torch.full((classes,), float("-inf"), device=features.device)
        stay_V[self.eos] = 0.0
        first_B1 = torch.arange(batch, device=features.device)[:, None] * width
        for step in range(self.max_length):
            state = self._step(features, keys, self.embed(symbol), state)
            log_p = F.log_softmax(self.classify(state).float(), -1).view(batch, width, classes)
            log_p = torch.where(ended_BW[:, :, None], stay_V, log_p)
            flat = (scores_BW[:, :, None] + log_p).flatten(1)
            scores_BW, chosen_BW = flat.topk(width, dim=1)
            parent_BW, symbol_BW = chosen_BW // classes, chosen_BW % classes
            history = history.gather(1, parent_BW[:, :, None].expand(-1, -1, history.shape[2]))
            history = torch.cat([history, symbol_BW[:, :, None]], 2)
            ended_BW = ended_BW.gather(1, parent_BW) | (symbol_BW == self.eos)
            rows = (first_B1 + parent_BW).view(-1)
            state, symbol = state[rows], symbol_BW.reshape(-1)
            if looks(step, features.device) and bool(ended_BW.all()):
                break
        return [self._until_eos(row) for row in history[:, 0].tolist()]

    def _until_eos(self, symbols: list[int]) -> list[int]:
        return symbols[: symbols.index(self.eos)] if self.eos in symbols else symbols


def looks(step: int, device: torch.device) -> bool:
    """Whether to look, after a step of reading, which words have ended."""
    return device.type == "cpu" or step % STEPS_UNASKED == STEPS_UNASKED - 1
