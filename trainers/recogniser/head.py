"""What every head of the recogniser offers: a loss to train on and a way to read.

Shape legend: B images, T time steps, C channels, V classes, S characters.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn


class Head(nn.Module):
    """Interface. Labels are lists of character ids in [0, characters); heads add symbols."""

    def loss(self, features_BTC: Tensor, labels: Sequence[Sequence[int]]) -> Tensor:
        """Negative log-likelihood, summed over a label's symbols and averaged over the images."""
        raise TypeError(f"{type(self).__name__} does not define loss()")

    def read(self, features_BTC: Tensor, beam_width: int = 1) -> list[list[int]]:
        """Character ids that the head reads in each image."""
        raise TypeError(f"{type(self).__name__} does not define read()")
