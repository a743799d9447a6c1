"""Where a network computes, how precisely, and that it does so repeatably.

Shape legend: B images, H x W image size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from trainers.allocator import hand_back
from trainers.errors import TrainerError


@dataclass(frozen=True)
class Compute:
    """A device and a precision: what a network, its images and its operations share."""

    device: torch.device
    precision: Literal["fp32", "bf16"]

    def place(self, network: nn.Module) -> None:
        """Move the network to the device, its weights channels last."""
        network.to(self.device)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def images(self, images_BHW3: npt.NDArray[np.uint8]) -> Tensor:
        """The same images as a tensor where the network is."""
        hand_back()
        images = torch.from_numpy(images_BHW3)
        if self.device.type == "cuda":
            return images.pin_memory().to(self.device, non_blocking=True)
        return images

    def autocast(self) -> torch.autocast:
        """Within, operations compute in the precision."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")


def resolve_device(name: str) -> torch.device:
    """``auto`` is the first CUDA device where there is one, else the CPU.

    Raises ``TrainerError`` for a device that does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    available = ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    # torch knows more kinds, some of which (meta) compute nothing.
    if name not in available and not (name == "cuda" and len(available) > 1):
        raise TrainerError(
            f"device {name!r} cannot be used here: choose auto or one of {', '.join(available)}"
        )
    return torch.device(name)


def compute_repeatably(device: torch.device) -> None:
    """On CUDA, have cuDNN take deterministic kernels, and not the fastest of a timing race.

    A resumed run must compute what an undisturbed one would have. Left over is torch's CTC loss,
    whose backward pass on CUDA adds up in no fixed order.
    """
    if device.type == "cuda":
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
