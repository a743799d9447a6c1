"""The REINFORCE estimator of ProxylessNAS (Cai et al., 2019, section 3.3.2): for what has no
gradient. An architecture step evaluates sampled architectures and follows

    grad = mean over samples of (R - baseline) d log p(architecture) / d parameters,

with the reward of the published code, which is that of MnasNet (Tan et al., 2019, Eq. 2):
R = score * (MACs / reference)^w. The baseline moves, before it is used, by a share of its distance
to the samples' mean reward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Reward:
    """``exponent`` w of the MACs, 0: only the score counts."""

    exponent: float
    reference_macs: float

    def value(self, score: float, macs: float) -> float:
        """The reward, to maximise."""
        return float(score * (macs / self.reference_macs) ** self.exponent)


class MovingMean:
    """A moving mean; ``rate`` 0.99, as published, all but forgets what was before."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.value: float | None = None

    def move(self, towards: float) -> float:
        """The value after one move; the first one is where it starts."""
        if self.value is None:
            self.value = towards
        self.value += self.rate * (towards - self.value)
        return self.value


class SampleRound:
    """The samples of one architecture step, as their results come in."""

    def __init__(self, size: int) -> None:
        self.size = size
        #: Index of the architecture and its score; None for a failed evaluation.
        self.told: list[tuple[int, float | None]] = []

    @property
    def missing(self) -> int:
        """Evaluations still to be asked for."""
        return self.size - len(self.told)

    def close(self) -> tuple[list[int], npt.NDArray[np.float64]]:
        """Indices and scores (N,) of those that did not fail; then a new round begins."""
        kept = [(index, score) for index, score in self.told if score is not None]
        self.told = []
        return (
            [index for index, _ in kept],
            np.array([score for _, score in kept], dtype=np.float64),
        )

    def state_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return {"told": [list(one) for one in self.told]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict()``."""
        self.told = [
            (int(index), None if score is None else float(score)) for index, score in state["told"]
        ]
