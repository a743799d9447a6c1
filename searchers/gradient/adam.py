"""Adam (Kingma and Ba, 2015) on one numpy array, with its state as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Adam:
    """Minimises; betas (0, 0.999) are those of ProxylessNAS for architecture parameters."""

    def __init__(
        self,
        shape: tuple[int, ...],
        learning_rate: float,
        betas: tuple[float, float] = (0.0, 0.999),
        eps: float = 1e-8,
    ) -> None:
        self.learning_rate = learning_rate
        self.betas = betas
        self.eps = eps
        self.steps = np.zeros(shape)
        self.first = np.zeros(shape)
        self.second = np.zeros(shape)

    def step(self, parameters: Array, gradient: Array, touched: npt.NDArray[np.bool_]) -> Array:
        """The updated parameters; entries that are not ``touched`` keep value and state.

        Steps are counted for each entry, so that an entry which is touched rarely has its own bias
        correction.
        """
        beta1, beta2 = self.betas
        self.steps = np.where(touched, self.steps + 1, self.steps)
        self.first = np.where(touched, beta1 * self.first + (1 - beta1) * gradient, self.first)
        self.second = np.where(
            touched, beta2 * self.second + (1 - beta2) * gradient**2, self.second
        )
        count = np.maximum(self.steps, 1)
        mean = self.first / (1 - beta1**count)
        variance = self.second / (1 - beta2**count)
        update = self.learning_rate * mean / (np.sqrt(variance) + self.eps)
        return np.where(touched, parameters - update, parameters)

    def state_dict(self) -> dict[str, Any]:
        """The three moments as lists."""
        return {
            "steps": self.steps.tolist(),
            "first": self.first.tolist(),
            "second": self.second.tolist(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict()``; ``ValueError`` on another shape."""
        loaded = {key: np.asarray(state[key], dtype=float) for key in ("steps", "first", "second")}
        if any(array.shape != self.first.shape for array in loaded.values()):
            raise ValueError(f"Adam state is not of shape {self.first.shape}")
        self.steps, self.first, self.second = loaded["steps"], loaded["first"], loaded["second"]
