"""A made-up landscape over a space, with a known optimum: for tests of searchers, not for science.

The quality of an architecture x with operation k on layer l, where s is the stage of the layer (the
number of downsamplings up to it), and x* the planted optimum:

    q(x) = 1 - w_o mean_l d[l, s, k] - w_i mean_l e_l e_{l+1} - w_p D(x, x*)

with d = 0 for the optimum's operation and random numbers in [0.2, 1] for others, e = d (so two bad
neighbours cost more than each alone), and D the mean distance between the stages of the layers.
What an operation costs depends on its stage and its neighbours: the terms interact.

Shape legend: N architectures, L layers, K operations, C columns of an encoding.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from spaces import Space

Scores = npt.NDArray[np.float64]
#: Weights of the terms: operations, neighbouring operations, downsampling path.
OPERATIONS, NEIGHBOURS, PATH = 0.45, 0.25, 0.30
#: Scores stay in [0, 1] under noise, most of the time; the rest is clipped.
FLOOR, SPAN = 0.05, 0.85
#: Streams of random numbers, unlike those of any searcher, whose draws would hit the optimum.
OPTIMUM, COSTS, NOISE = 7001, 7002, 7003


@dataclass(frozen=True)
class Landscape:
    """A landscape of ``space``; ``seed`` plants the optimum, ``noise`` is a standard deviation.

    Noise belongs to the architecture: evaluated twice, it scores the same, as with a supernet whose
    weights stay as they are.
    """

    space: Space
    seed: int = 0
    noise: float = 0.0

    @cached_property
    def optimum(self) -> npt.NDArray[np.int8]:
        """The best architecture, (C,)."""
        drawn = self.space.sample(1, np.random.default_rng([OPTIMUM, self.seed]))
        return np.asarray(drawn[0])

    def quality(self, encodings: npt.NDArray[np.int8]) -> Scores:
        """Scores (N,) without noise; the optimum's is the highest."""
        steps = self.space.path_length
        stages = self._stages(encodings[:, :steps])
        layers = np.arange(self.space.layers)
        cost_NL = self._costs[layers, stages, encodings[:, steps:]]
        pairs = (cost_NL[:, 1:] * cost_NL[:, :-1]).mean(axis=1)
        away = np.abs(stages - self._stages(self.optimum[None, :steps])).mean(axis=1)
        lost = OPERATIONS * cost_NL.mean(axis=1) + NEIGHBOURS * pairs
        lost += PATH * np.minimum(away, 1.0)
        # Which of A and B a stage begins with matters too, and no stage sees it.
        differ = (encodings[:, :steps] != self.optimum[:steps]).sum(axis=1)
        lost += 0.02 * np.minimum(differ, 5)
        return np.asarray(FLOOR + SPAN * np.maximum(1.0 - lost, 0.0))

    def scores(self, encodings: npt.NDArray[np.int8]) -> Scores:
        """Scores (N,) as an evaluation gives them."""
        clean = self.quality(encodings)
        if self.noise == 0.0:
            return clean
        indices = self.space.rank(encodings).tolist()
        noise = [np.random.default_rng([NOISE, self.seed, i]).normal() for i in indices]
        return np.asarray(np.clip(clean + self.noise * np.array(noise), 0.0, 1.0))

    def loss(self, encodings: npt.NDArray[np.int8]) -> Scores:
        """What training would show, (N,): falls as the quality rises."""
        return np.asarray(4.0 * (1.0 - self.quality(encodings)))

    def gate_gradients(self, encoding: npt.NDArray[np.int8]) -> Scores:
        """What gates (L, K) would show: the loss with each candidate in the active one's place."""
        steps, layers = self.space.path_length, self.space.layers
        kinds = len(self.space.operations)
        swapped = np.tile(encoding, (layers * kinds, 1))
        where = np.repeat(np.arange(layers), kinds)
        swapped[np.arange(len(where)), steps + where] = np.tile(np.arange(kinds), layers)
        return self.loss(swapped).reshape(layers, kinds)

    @cached_property
    def _costs(self) -> Scores:
        """d[l, s, k], with stages counted from 0."""
        shape = (self.space.layers, self.space.path_length + 1, len(self.space.operations))
        costs = np.random.default_rng([COSTS, self.seed]).uniform(0.2, 1.0, shape)
        best = self.optimum[self.space.path_length :]
        costs[np.arange(self.space.layers), :, best] = 0.0
        return costs

    def _stages(self, paths: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
        """How many downsamplings there are up to each layer, (N, L)."""
        if self.space.path_length == 0:
            return np.zeros((len(paths), self.space.layers), dtype=np.int64)
        return np.cumsum(paths != 0, axis=1, dtype=np.int64)
