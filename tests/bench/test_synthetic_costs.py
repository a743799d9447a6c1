"""The made-up landscape bills what the supernet would: images, and the MACs of these images."""

from __future__ import annotations

import numpy as np

from bench.running.evaluators.landscape import Landscape
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers.base import Evaluate, GateGradient, TrainWeights
from spaces import load_space

STEP, EVALUATION = 8, 200


def test_macs_are_those_of_the_images_of_each_piece_of_work() -> None:
    space = load_space("autostr")
    evaluator = SyntheticEvaluator(Landscape(space, 0, 0.0), STEP, EVALUATION)
    one, other = space.architectures(space.sample(2, np.random.default_rng(0)))
    macs = space.macs(space.encode([one, other]))

    evaluated = evaluator.price(Evaluate(one))
    assert (evaluated.images, evaluated.macs) == (EVALUATION, EVALUATION * int(macs[0]))

    trained = evaluator.price(TrainWeights((one, other)))
    assert (trained.images, trained.macs) == (2 * STEP, 3 * STEP * int(macs.sum()))

    layers = len(space.operations)
    nobody = evaluator.price(GateGradient(one, ((),) * space.layers))
    assert (nobody.images, nobody.macs) == (STEP, 2 * STEP * int(macs[0]))
    every = evaluator.price(GateGradient(one, (tuple(range(layers)),) * space.layers))
    path, active = np.split(space.encode([one])[0], [space.path_length])
    table = space.operation_macs(path)
    others = int(table.sum()) - int(table[np.arange(space.layers), active].sum())
    assert every.macs == STEP * (2 * int(macs[0]) + others)
