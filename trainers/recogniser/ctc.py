"""Connectionist temporal classification (Graves et al., 2006): the cheap head.

Shape legend: B images, T time steps, C channels, V = characters + 1 classes; class 0 is the blank.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainers.data.charset import ctc_steps
from trainers.recogniser.head import Head
from trainers.recogniser.labels import padded, sent


class CTCHead(Head):
    """A linear layer a time step; reads by best path.

    The loss is computed on the host, also for features on a GPU: the backward pass of torch's CTC
    on CUDA adds up in no fixed order, and a run that is resumed could not be checked against its
    log. There the host waits for the features.
    """

    def __init__(self, inputs: int, characters: int) -> None:
        super().__init__()
        self.classify = nn.Linear(inputs, characters + 1)

    def loss(self, features_BTC: Tensor, labels: Sequence[Sequence[int]]) -> Tensor:
        logits_BTV = self.classify(features_BTC).float()
        log_probabilities_TBV = F.log_softmax(logits_BTV, -1).transpose(0, 1)
        batch, steps = features_BTC.shape[:2]
        targets = torch.tensor([i + 1 for label in labels for i in label], dtype=torch.long)
        lengths = [len(label) for label in labels]
        total = F.ctc_loss(
            log_probabilities_TBV.cpu(),
            targets,
            torch.full((batch,), steps, dtype=torch.long),
            torch.tensor(lengths),
            reduction="sum",
            # A label with more symbols and repetitions than time steps has no path: no gradient.
            zero_infinity=True,
        )
        # Nor has it a loss: its zero would make the mean look better than it is.
        written = sum(ctc_steps(label) <= steps for label in labels)
        return total.to(features_BTC.device) / (written or math.nan)

    def flat_start_loss(self, features_BTC: Tensor, labels: Sequence[Sequence[int]]) -> Tensor:
        """Cross entropy against a uniform alignment: the n-th of N characters in the n-th N-th.

        CTC alone spends its first tens of thousands of images finding out that characters come from
        left to right. Word crops fill their width rather evenly, so an equal segmentation, the flat
        start of speech recognition (Young et al., *The HTK Book*, section 8.3), teaches that at
        once. Summed over time steps, averaged over images, as ``loss``.
        """
        batch, steps = features_BTC.shape[:2]
        lengths_B1 = torch.tensor([[len(label)] for label in labels])
        # Before the shift by one, -1 is the blank.
        padded_BS = padded(labels, int(lengths_B1.max()), -1) + 1
        place_BT = (torch.arange(steps) + 0.5) / steps * lengths_B1
        position_BT = place_BT.long()
        # The middle of each character's share carries the character, its borders the blank.
        middle_BT = (place_BT - position_BT - 0.5).abs() <= (0.25 + 0.5 * lengths_B1 / steps).clamp(
            max=0.5
        )
        targets_BT = torch.where(middle_BT, padded_BS.gather(1, position_BT), 0)
        logits_BTV = self.classify(features_BTC).float()
        total = F.cross_entropy(
            logits_BTV.flatten(0, 1), sent(targets_BT.flatten(), logits_BTV.device), reduction="sum"
        )
        return total / batch

    def read(self, features_BTC: Tensor, beam_width: int = 1) -> list[list[int]]:
        """Best path: most probable class a step, repetitions merged, blanks dropped.

        ``beam_width`` is accepted and has no effect: without a language model, beams over a CTC
        lattice change next to nothing.
        """
        best_BT = self.classify(features_BTC).argmax(-1)
        changed = torch.ones_like(best_BT, dtype=torch.bool)
        changed[:, 1:] = best_BT[:, 1:] != best_BT[:, :-1]
        # One list of numbers comes from the device; what is merged or blank is zero in it.
        read_BT = torch.where(changed, best_BT, 0)
        return [[symbol - 1 for symbol in row if symbol] for row in read_BT.tolist()]
