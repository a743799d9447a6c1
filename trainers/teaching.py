"""A network of default operations teaches the candidates of a supernet, time step by time step.

CTC leaves it to each architecture where in a word's image it writes which character. What one
weight has to serve are then architectures that do not agree on it. With a teacher they do, and each
of them hears at every time step what it should have said (Hinton et al., *Distilling the Knowledge
in a Neural Network*, 2015; in a supernet: Yu et al., *BigNAS*, 2020, section 3.1).

The teacher is no candidate and is part of the same supernet: the default operation on every layer
of the taught architecture's own path. It favours nobody, and learns whenever it is itself trained.

Shape legend: B images, H x W image size, T time steps, C channels, V classes, D of an encoding.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from spaces.networks.normalisation import UpdatingStatistics
from trainers.cost import teachers_of
from trainers.errors import TrainerError
from trainers.recogniser.ctc import CTCHead
from trainers.supernet import Supernet

#: The one that teaches.
OPERATION = "residual"


class Teacher:
    """Takes part ``share``, 0 to 1, in the loss of weight steps on ``supernet``.

    ``TrainerError`` where the supernet has no default operation to teach, or no CTC head: only that
    says at every time step how probable each character is.
    """

    def __init__(self, supernet: Supernet, share: float) -> None:
        if OPERATION not in supernet.default_blocks:
            raise TrainerError(
                f"teaching {share} in a supernet without the operation {OPERATION}, which "
                "teaches: set trainer.teaching = 0, or train one with supernet_recipe.strategy = "
                '"taught"'
            )
        if not isinstance(supernet.recogniser.head, CTCHead):
            raise TrainerError(
                f"teaching {share} with a head that is not CTC: set recogniser.head = "
                '"ctc", or another supernet_recipe.strategy'
            )
        self.supernet = supernet
        self.share = share
        self.head = supernet.recogniser.head
        network = supernet.network
        candidates = next(iter(network.edges())).candidates
        #: Its code: those of default operations follow the candidates'.
        self.operation = candidates.stop + network.default_operations.index(OPERATION)

    @torch.no_grad()
    def log_posteriors(
        self, images_BHW3: Tensor, encoding: npt.NDArray[np.int8], norm: UpdatingStatistics
    ) -> Tensor | None:
        """What its teacher says of the images to an architecture (D,): ``BTV``.

        None to one that is its own teacher. ``norm`` is for this pass, of which nothing is
        remembered; it has to come before the pupil's, whose gradients need running statistics as
        they are then.
        """
        path_length = self.supernet.network.path_length
        (teacher,) = teachers_of(encoding[None], path_length, self.operation)
        if (teacher == encoding).all():
            return None
        try:
            backbone = self.supernet.backbone(teacher.tolist(), norm)
            features_BTC = self.supernet.recogniser.encode(images_BHW3, backbone, norm)
        finally:
            norm.undo()
        return self.head.log_posteriors(features_BTC)

    def mixed(self, loss: Tensor, features_BTC: Tensor, target_BTV: Tensor) -> Tensor:
        """``loss`` of an architecture's features mixed with their distance from the teacher's.

        That is the Kullback-Leibler divergence from its posteriors, summed over time steps,
        averaged over images, as the loss is.
        """
        said_BTV = self.head.log_posteriors(features_BTC)
        distance = F.kl_div(said_BTV, target_BTV, reduction="sum", log_target=True)
        return torch.lerp(loss, distance / len(features_BTC), self.share)
