"""What the trainer computes, against the plain implementation of it: same weights, same words.

The narrow mesh is compared in float64, where gradients agree to 1e-12 of their length. Losses agree
to 1e-6, since heads take logits to float32; so does what comes after a rectifier, whose spline is a
float32 matrix: the bound is 1e-4 there, which a wrong formula is far from. In float32, gradients
are no such test: batch norm of channels-last tensors on a CPU keeps 5 digits, and a value that
lands on the other side of a ReLU6's corner changes a gradient by percents. There losses, scores and
the whole gradient are compared.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmarks.plain.supernet import load_weights
from spaces import load_space
from spaces.networks.mesh import Mesh
from trainers.data.word_images import WordImages
from trainers.settings import RecogniserSettings

NARROW = Mesh(4, (4, 4, 6, 6, 8), sharing="stage")
SPACE = load_space("autostr")
PARTS = {
    "attention": RecogniserSettings(head="attention", attention_hidden=16),
    "attention, bilstm": RecogniserSettings(
        head="attention", attention_hidden=16, sequence_encoder="bilstm", sequence_hidden=8
    ),
    "ctc": RecogniserSettings(head="ctc"),
    "ctc, tps, bilstm": RecogniserSettings(
        head="ctc", rectifier="tps", sequence_encoder="bilstm", sequence_hidden=8
    ),
}
FULL = RecogniserSettings(rectifier="tps", sequence_encoder="bilstm", head="attention")
#: Relative; of losses, and of gradients and weights.
LOSS, EXACT, RECTIFIED = 1e-6, 1e-9, 1e-4

#: Of the encodings below; 2 and 4 have skip on a stride B and A, all have it on kept shapes.
ROWS = pytest.mark.parametrize(
    "row", [2, *(pytest.param(row, marks=pytest.mark.slow) for row in (0, 1, 3, 4, 5, 6))]
)


def encodings() -> np.ndarray:
    """Seven random paths; every operation is on every layer once, so skip on strides too."""
    found = SPACE.sample(7, np.random.default_rng(0))
    for row in range(7):
        found[row, SPACE.path_length :] = (np.arange(SPACE.layers) + row) % 7
    return found


def distance(ours: Tensor, plain: Tensor) -> float:
    """Length of the difference over the length of what is expected."""
    return float((ours - plain).norm() / plain.norm().clamp_min(1e-30))


def gradients(net: torch.nn.Module) -> dict[str, Tensor]:
    """By name, those of the parameters that have one."""
    return {name: p.grad for name, p in net.named_parameters() if p.grad is not None}


def together(tensors: dict[str, Tensor]) -> Tensor:
    """All tensors as one vector, in the order of their names."""
    return torch.cat([tensors[name].flatten() for name in sorted(tensors)])


@pytest.fixture(
    scope="module",
    params=[
        # These two have all parts of the others.
        name if "bilstm" in name else pytest.param(name, marks=pytest.mark.slow)
        for name in PARTS
    ],
)
def both(request, make_both):
    pair = make_both(NARROW, PARTS[request.param], 6, torch.float64)
    yield pair
    pair.close()


@pytest.fixture
def bound(both):
    return EXACT if both.ours.supernet.recogniser.rectifier is None else RECTIFIED


@pytest.fixture(scope="module")
def single(make_both):
    pair = make_both(Mesh(4, (4, 4, 6, 6, 8)), PARTS["attention, bilstm"], 6, torch.float32)
    yield pair
    pair.close()


@ROWS
def test_a_weight_step(both, bound, row):
    both.reset()
    encoding = encodings()[row]
    loss = both.ours.train_weights(encoding[None]).loss
    assert loss == pytest.approx(both.plain.weight_step(encoding.tolist()), rel=LOSS)
    ours, plain = gradients(both.ours.supernet), gradients(both.plain.net)
    assert ours.keys() == plain.keys()
    whole = float(together(plain).norm())
    for name, wanted in plain.items():
        # What cancels out (a bias before batch norm) is as good as the whole is exact.
        assert (ours[name] - wanted).norm() <= bound * (wanted.norm() + 1e-3 * whole), name
    statistics = both.plain.net.state_dict()
    changed = 0
    for name, value in both.ours.supernet.state_dict().items():
        if "running" in name:
            assert distance(value, statistics[name]) < bound, name
            changed += not torch.equal(value, both.weights[name])
    assert changed > 30


def test_weights_after_three_steps(both, bound):
    both.reset()
    # With a rectifier the first step differs by 1e-6, which two more steps make arbitrary; they do
    # the same to the plain network beside itself with weights changed by 1e-9.
    rows = encodings()[[0, 3, 0] if bound == EXACT else [0]]
    both.ours.train_weights(rows)
    both.plain.train_weights(rows)
    ours, plain = both.ours.supernet.state_dict(), both.plain.net.state_dict()
    for name, before in both.weights.items():
        moved = (plain[name] - before).norm()
        # Adadelta moves each weight by about a thousandth, be its gradient rounding alone.
        few = 1e-3 * before.numel() ** 0.5
        assert (ours[name] - plain[name]).norm() <= bound * (moved + few), name
    assert sum(not torch.equal(ours[name], value) for name, value in both.weights.items()) > 150


@ROWS
def test_gate_gradients_of_all_candidates(both, bound, row):
    compare_gates(both, bound, encodings()[row], np.ones((SPACE.layers, 7), bool))


def test_gate_gradients_of_two_candidates(both, bound):
    encoding = encodings()[1]
    wanted = np.zeros((SPACE.layers, 7), bool)
    active = encoding[SPACE.path_length :]
    wanted[np.arange(SPACE.layers), active] = True
    wanted[np.arange(SPACE.layers), (active + 3) % 7] = True
    compare_gates(both, bound, encoding, wanted)


def compare_gates(pair, bound: float, encoding: np.ndarray, wanted: np.ndarray) -> None:
    pair.reset()
    ours, plain = (trainer.gate_gradient(encoding, wanted) for trainer in (pair.ours, pair.plain))
    assert ours.loss == pytest.approx(plain.loss, rel=LOSS)
    assert (plain.gradients[wanted] != 0).all()
    assert not plain.gradients[~wanted].any()
    np.testing.assert_allclose(
        ours.gradients, plain.gradients, rtol=bound, atol=bound * np.abs(plain.gradients).max()
    )
    for name, value in pair.plain.net.state_dict().items():
        assert torch.equal(value, pair.weights.get(name, value)), name


@ROWS
def test_predictions_and_scores(both, row):
    both.reset()
    compare_scores(both, encodings()[row])


def compare_scores(pair, encoding: np.ndarray) -> None:
    """Where every label is what the plain network reads, ours must read every word right."""
    given = pair.plain.data.evaluation
    read = pair.plain.predict(encoding, given)
    assert len(set(read)) > 1
    right = WordImages(given.indices, given.images, read)
    assert pair.ours.score(encoding, right).word_accuracy == 1.0
    half = WordImages(given.indices, given.images, read[:10] + given.labels[10:])
    assert pair.ours.score(encoding, half) == pair.plain.score(encoding, half)


@pytest.mark.slow
def test_single_precision(single):
    for encoding in encodings()[:2]:
        single.reset()
        loss = single.ours.train_weights(encoding[None]).loss
        assert loss == pytest.approx(single.plain.weight_step(encoding.tolist()), rel=1e-4)
        ours, plain = gradients(single.ours.supernet), gradients(single.plain.net)
        assert distance(together(ours), together(plain)) < 0.1
        single.reset()
        compare_scores(single, encoding)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_full_width(make_both):
    """In single precision ours is as near to what is right, in double precision, as the plain."""
    encoding = encodings()[2]
    pair = make_both(Mesh(), FULL, 8, torch.float32)
    loss = pair.ours.train_weights(encoding[None]).loss
    assert loss == pytest.approx(pair.plain.weight_step(encoding.tolist()), rel=1e-4)
    found = [together(gradients(net)).double() for net in (pair.ours.supernet, pair.plain.net)]
    pair.close()
    exact = make_both(Mesh(), FULL, 8, torch.float64)
    load_weights(exact.plain.net, {name: value.double() for name, value in pair.weights.items()})
    assert exact.plain.weight_step(encoding.tolist()) == pytest.approx(loss, rel=1e-4)
    right = together(gradients(exact.plain.net))
    exact.close()
    ours, plain = (distance(gradient, right) for gradient in found)
    assert ours < 1.5 * plain < 0.2, (ours, plain)
