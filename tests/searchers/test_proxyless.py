"""The gradient searcher: its equations against finite differences, and whether it learns."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from fake_trainer import answer, drive, problem
from hypothesis import given
from hypothesis import strategies as st

from searchers.adam import Adam
from searchers.base import GateGradient, GatesMeasured
from searchers.errors import SearcherError
from searchers.flops_regulariser import FlopsRegulariser
from searchers.operation_distribution import (
    draw,
    draw_pairs,
    draw_within,
    entropy,
    gradient_of_alpha,
    most_probable,
    softmax,
)
from searchers.proxyless import Proxyless, ProxylessSettings

GOLDEN = Path(__file__).parents[1] / "golden" / "proxyless.json"
ALL = np.ones((15, 7), dtype=bool)


def searcher(seed: int = 0, budget: int = 4_000, **settings: object) -> Proxyless:
    return Proxyless(problem(budget), ProxylessSettings(**settings), np.random.default_rng(seed))


def numerical(function: object, alpha: np.ndarray) -> np.ndarray:
    gradient = np.zeros_like(alpha)
    for index in np.ndindex(alpha.shape):
        step = np.zeros_like(alpha)
        step[index] = 1e-5
        gradient[index] = (function(alpha + step) - function(alpha - step)) / 2e-5
    return gradient


def test_equation_5_is_the_derivative_through_the_softmax() -> None:
    rng = np.random.default_rng(0)
    alpha, gates = rng.normal(size=(4, 7)), rng.normal(size=(4, 7))
    allowed = np.ones((4, 7), bool)
    allowed[1, 6] = False
    expected = numerical(lambda a: (softmax(a, allowed) * gates).sum(), alpha)
    actual = gradient_of_alpha(gates, softmax(alpha, allowed))
    np.testing.assert_allclose(actual, expected, atol=1e-9)
    assert actual[1, 6] == 0.0


def test_equation_3_and_its_gradient() -> None:
    space = problem(strict=True).space
    path = space.parse_path("ABABB")
    regulariser = FlopsRegulariser(space.operation_macs(path), space.stem_macs, 0.6, 450e6)
    allowed = space.operation_allowed(path)
    uniform = softmax(np.zeros((15, 7)), allowed)
    # The reference values: 222.46 M expected MACs and r = 0.9786 for uniform alphas on ABABB.
    assert regulariser.expected_macs(uniform) == pytest.approx(222.46e6, rel=1e-5)
    assert regulariser.value(uniform) == pytest.approx(0.9786, abs=5e-5)
    alpha = np.random.default_rng(1).normal(size=(15, 7))
    expected = numerical(lambda a: regulariser.value(softmax(a, allowed)), alpha)
    p = softmax(alpha, allowed)
    np.testing.assert_allclose(gradient_of_alpha(regulariser.gradient(p), p), expected, atol=1e-10)


@pytest.mark.parametrize("gates", ["full", "two"])
def test_it_finds_the_planted_operation(gates: str) -> None:
    found = searcher(
        gates=gates,
        learning_rate=0.1,
        warmup_share=0.0,
        weight_steps_per_architecture_step=1,
        regulariser_beta=0.0,
        budget=8_000,
    )
    before = entropy(softmax(found._alpha, ALL))
    drive(found, 8_000)
    operations = np.asarray(found.recommend().encoding[15:])
    assert (operations == 4).mean() > 0.9
    assert found.status()["entropy"] < before


def test_the_regulariser_moves_towards_cheaper_operations() -> None:
    """With equal gate gradients only r(alpha) speaks."""

    def expected_macs(beta: float) -> float:
        made = searcher(regulariser_beta=beta, learning_rate=0.05)
        for _ in range(30):
            work = made._gate_work()
            made.tell([GatesMeasured(work, 10.0, np.ones((15, 7)))])
        return made.status()["expected_macs"]

    assert expected_macs(0.9) < expected_macs(0.0) * 0.9


def test_two_path_mode_keeps_the_others_probabilities() -> None:
    made = searcher(gates="two", learning_rate=0.3, regulariser_beta=0.6)
    made._alpha = np.random.default_rng(3).normal(size=(15, 7))
    before = softmax(made._alpha, ALL)
    work = made._gate_work()
    assert isinstance(work, GateGradient)
    assert all(len(row) == 2 for row in work.candidates)
    made.tell([answer(work)])
    after = softmax(made._alpha, ALL)
    pair = np.zeros((15, 7), bool)
    for layer, row in enumerate(work.candidates):
        pair[layer, list(row)] = True
        assert work.architecture.encoding[15 + layer] in row
    np.testing.assert_allclose(after[~pair], before[~pair], rtol=1e-12)
    assert not np.allclose(after[pair], before[pair])


def test_draws_follow_the_distribution() -> None:
    p = np.array([[0.7, 0.2, 0.1, 0.0], [0.0, 0.0, 0.0, 1.0]])
    rng = np.random.default_rng(0)
    drawn = np.array([draw(p, rng) for _ in range(4_000)])
    assert (drawn[:, 1] == 3).all()
    shares = np.bincount(drawn[:, 0], minlength=4) / 4_000
    np.testing.assert_allclose(shares, p[0], atol=0.03)
    pairs = np.array([draw_pairs(p, rng) for _ in range(200)])
    assert (pairs.sum(axis=2) == 2).all()
    assert not pairs[:, 0, 3].any()


@given(st.integers(0, 10_000), st.floats(0.0, 1.0))
def test_most_probable_under_a_limit_equals_brute_force(seed: int, tightness: float) -> None:
    rng = np.random.default_rng(seed)
    p = softmax(rng.normal(size=(4, 3)) * 2, np.ones((4, 3), bool))
    macs = rng.integers(0, 50, (4, 3))
    cheapest, dearest = macs.min(1).sum(), macs.max(1).sum()
    limit = int(cheapest + tightness * (dearest - cheapest))
    rows = np.arange(4)
    best = max(
        (
            choice
            for choice in itertools.product(range(3), repeat=4)
            if macs[rows, choice].sum() <= limit
        ),
        key=lambda choice: np.log(p[rows, choice]).sum(),
    )
    found = most_probable(p, macs, limit)
    assert macs[rows, found].sum() <= limit
    assert np.log(p[rows, found]).sum() == pytest.approx(np.log(p[rows, list(best)]).sum())


def test_draws_under_a_limit_are_the_conditional_distribution() -> None:
    rng = np.random.default_rng(5)
    p = softmax(rng.normal(size=(3, 3)), np.ones((3, 3), bool))
    p[0, 2] = 0.0
    p /= p.sum(axis=1, keepdims=True)
    macs = np.array([[0, 10, 5], [0, 20, 40], [10, 30, 60]])
    rows = np.arange(3)
    fits = {
        choice: p[rows, choice].prod()
        for choice in itertools.product(range(3), repeat=3)
        if macs[rows, choice].sum() <= 60 and p[rows, choice].prod() > 0
    }
    drawn = [tuple(draw_within(p, macs, 60, rng).tolist()) for _ in range(6_000)]
    total = sum(fits.values())
    assert set(drawn) <= set(fits)
    for choice, probability in fits.items():
        assert drawn.count(choice) / 6_000 == pytest.approx(probability / total, abs=0.025)
    assert draw_within(p, macs, 9, rng) is None
    assert draw_within(p, macs, -1, rng) is None


@pytest.mark.parametrize("gates", ["full", "two"])
def test_warm_up_under_a_tight_cap_is_varied_and_pairs_hold_the_active_path(gates: str) -> None:
    of = problem(2_000, max_macs=60_000_000)
    made = Proxyless(of, ProxylessSettings(gates=gates), np.random.default_rng(0))
    lines = drive(made, 2_000)
    trained = [text for line in lines if line.startswith("train") for text in line.split()[1:]]
    assert len(set(trained)) > 0.9 * len(trained)
    for _ in range(20):
        work = made._gate_work()
        for layer, row in enumerate(work.candidates):
            assert work.architecture.encoding[15 + layer] in row
            assert gates == "full" or len(row) == 2


def test_nothing_fits_under_too_small_a_limit() -> None:
    with pytest.raises(ValueError, match="at most 3 MACs"):
        most_probable(np.full((2, 2), 0.5), np.array([[2, 3], [2, 3]]), 3)


def test_adam_touches_only_what_it_is_told_to() -> None:
    adam = Adam((2, 2), learning_rate=0.1)
    touched = np.array([[True, False], [False, True]])
    values = adam.step(np.zeros((2, 2)), np.array([[1.0, 5.0], [5.0, -2.0]]), touched)
    # With beta1 = 0 the first step is the learning rate against the sign of the gradient.
    np.testing.assert_allclose(values, [[-0.1, 0.0], [0.0, 0.1]], rtol=1e-6)
    assert adam.second[0, 1] == 0.0
    with pytest.raises(ValueError, match="shape"):
        Adam((3,), 0.1).load_state_dict(adam.state_dict())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"warmup_share": 1.0}, "warmup_share 1.0"),
        ({"learning_rate": 0.0}, "learning_rate 0.0, beta1"),
        ({"initial_spread": float("nan")}, "initial_spread nan"),
        ({"learning_rate": float("inf")}, "learning_rate inf"),
        ({"weight_steps_per_architecture_step": 0}, "expected 1 or more"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SearcherError, match=message):
        ProxylessSettings(**settings)


@pytest.mark.parametrize("path", ["AAAAA", "A..B", "ABABC"])
def test_bad_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|expected"):
        searcher(path=path)


def test_golden_trajectory() -> None:
    """The exact sequence of a small run; a refactoring must not change it.

    If it fails after a change that was meant to change behaviour, delete the file, run this test
    once to write it anew, and say in the changelog that results of earlier versions differ.
    """
    made = searcher(seed=7, budget=1_500, gates="two", learning_rate=0.05)
    actual = {"work": drive(made, 1_500), "recommendation": made.recommend().text}
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps(actual, indent=1) + "\n")
        pytest.fail(f"{GOLDEN} was missing and has been written: read it, then run again")
    assert actual == json.loads(GOLDEN.read_text())
