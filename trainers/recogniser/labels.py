"""Labels on their way to the device: put together on the host, sent in one piece.

Shape legend: B images, S symbols of the longest label.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


def padded(labels: Sequence[Sequence[int]], length: int, fill: int) -> Tensor:
    """``labels -> ids_BS`` with S = ``length``, on the host; shorter ones are followed by fill."""
    ids_BS = np.full((len(labels), length), fill, np.int64)
    for row, label in enumerate(labels):
        ids_BS[row, : len(label)] = label
    return torch.from_numpy(ids_BS)


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """A tensor of the host on ``device``. The host does not wait for a GPU to have read it."""
    if device.type == "cuda":
        return tensor.pin_memory().to(device, non_blocking=True)
    return tensor.to(device)
