"""What a piece of work consumes, known before it runs.

MACs are multiply-adds of the backbone's convolutions at the width that is really trained; heads,
rectifier and sequence encoder are the same for every architecture and left out. The backward pass
of a weight step counts twice its forward pass: gradients of activations and of weights. That of a
gate-gradient step counts once its forward pass: it computes no gradients of weights.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    # Only for its type: costs are known without torch.
    from spaces.networks.network import Network

Encodings = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Cost:
    """Images that went forward only, images that went forward and backward, MACs, evaluations."""

    images_forward: int = 0
    images_forward_backward: int = 0
    macs: int = 0
    evaluations: int = 0

    @property
    def images(self) -> int:
        """All images consumed: the unit of ``budget_images``."""
        return self.images_forward + self.images_forward_backward

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.images_forward + other.images_forward,
            self.images_forward_backward + other.images_forward_backward,
            self.macs + other.macs,
            self.evaluations + other.evaluations,
        )

    def as_dict(self) -> dict[str, int]:
        """Plain data for records, the total of images included."""
        return {"images": self.images, **asdict(self)}


class Pricer:
    """Costs of the trainer's verbs on one network, default operations included."""

    def __init__(self, network: Network, batch_images: int, calibration_images: int) -> None:
        self.network = network
        self.batch_images = batch_images
        self.calibration_images = calibration_images

    def train_weights(self, encodings: Encodings) -> Cost:
        """One weight step for each row."""
        images = self.batch_images * len(encodings)
        macs = 3 * self.batch_images * int(self.network.macs(encodings).sum())
        return Cost(images_forward_backward=images, macs=macs)

    def gate_gradient(self, encoding: Encodings, wanted: npt.NDArray[np.bool_]) -> Cost:
        """One gate-gradient step: twice the path, forward and back, and once each wanted candidate.

        The stem, which has no backward pass there, is billed one: exact but for these MACs.
        """
        path, operations = np.split(encoding, [self.network.path_length])
        others = wanted & (np.arange(wanted.shape[1]) != operations[:, None])
        candidates = int(self.network.candidate_macs(path.tolist())[others].sum())
        macs = self.batch_images * (2 * int(self.network.macs(encoding[None])[0]) + candidates)
        return Cost(images_forward_backward=self.batch_images, macs=macs)

    def evaluate(self, encodings: Encodings, images: int) -> Cost:
        """Calibration and ``images`` scored images for each row."""
        each = self.calibration_images + images
        macs = each * int(self.network.macs(encodings).sum())
        return Cost(images_forward=each * len(encodings), macs=macs, evaluations=len(encodings))
