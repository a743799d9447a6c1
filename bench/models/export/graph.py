"""What a file holds: a network without the margins, and what is needed to read words with it.

Shape legend: B images, H x W input size, S characters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from torch import Tensor, nn

from bench import __version__
from trainers.models.reader import WordReader

if TYPE_CHECKING:
    from trainers.models.model import Model


class Graph(nn.Module):
    """``uint8 images_BHW3 -> ids_BS (int64), scores_B``; see ``WordReader``."""

    def __init__(self, reader: WordReader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        ids_BS, scores_B, _ = self.reader(images)
        return ids_BS, scores_B


def known_of(model: Model) -> dict[str, str]:
    """Text by name; nothing of where or by whom it was trained."""
    height, width = model.input_size
    return {
        "charset": model.charset.characters,
        "input_size": f"{height}x{width}",
        "description": msgspec.json.encode(model.description).decode(),
        "strnas_bench": __version__,
    }
