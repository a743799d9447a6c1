"""The gradient searcher: its equations against finite differences, and whether it learns."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_trainer import answer, drive, problem

from searchers.base import Evaluate, Evaluated, GateGradient, GatesMeasured
from searchers.errors import SearcherError
from searchers.gradient.adam import Adam
from searchers.gradient.flops_regulariser import FlopsRegulariser
from searchers.gradient.operation_distribution import (
    LimitedDraws,
    draw,
    draw_pairs,
    gradient_of_alpha,
    softmax,
)
from searchers.proxyless import Proxyless, ProxylessSettings
from spaces.best import best_architecture

GOLDEN = Path(__file__).parents[1] / "golden" / "proxyless.json"


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
    regulariser = FlopsRegulariser(0.6, 450e6)
    macs, allowed = space.operation_macs(path), space.operation_allowed(path)

    def expected_macs(alpha: np.ndarray) -> float:
        return space.stem_macs + (macs * softmax(alpha, allowed)).sum()

    # The reference values: 222.46 M expected MACs and r = 0.9786 for uniform alphas on ABABB.
    uniform = expected_macs(np.zeros((15, 7)))
    assert uniform == pytest.approx(222.46e6, rel=1e-5)
    assert regulariser.value(uniform) == pytest.approx(0.9786, abs=5e-5)
    alpha = np.random.default_rng(1).normal(size=(15, 7))
    expected = numerical(lambda a: regulariser.value(expected_macs(a)), alpha)
    slope = regulariser.slope(expected_macs(alpha))
    actual = gradient_of_alpha(slope * macs, softmax(alpha, allowed))
    np.testing.assert_allclose(actual, expected, atol=1e-10)


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
    before = found.status()["entropy"]
    assert before == pytest.approx(np.log(7), abs=1e-3)
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
    state = made.state_dict()
    state["alpha"] = np.random.default_rng(3).normal(size=(15, 7)).tolist()
    made.load_state_dict(state)
    before = made._learned.probabilities
    work = made._gate_work()
    assert isinstance(work, GateGradient)
    assert all(len(row) == 2 for row in work.candidates)
    made.tell([answer(work)])
    after = made._learned.probabilities
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
    pairs = np.array([draw_pairs(p, np.ones((2, 4), bool), rng) for _ in range(200)])
    assert (pairs.sum(axis=2) == 2).all()
    assert not pairs[:, 0, 3].any()
    # All mass on one: the second is any other, but never one that is not allowed.
    allowed = np.array([[True, True, True, True], [False, True, True, True]])
    pairs = np.array([draw_pairs(p, allowed, rng) for _ in range(200)])
    assert pairs[:, 1, 3].all()
    assert pairs[:, 1, 1].any()
    assert not pairs[:, 1, 0].any()


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
    draws = LimitedDraws(p, macs, 60)
    drawn = [tuple(draws.draw(rng).tolist()) for _ in range(6_000)]
    total = sum(fits.values())
    assert set(drawn) <= set(fits)
    for choice, probability in fits.items():
        assert drawn.count(choice) / 6_000 == pytest.approx(probability / total, abs=0.025)
    assert LimitedDraws(p, macs, 9).draw(rng) is None
    assert LimitedDraws(p, macs, -1).draw(rng) is None


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
        ({"gates": "three"}, "gates 'three': expected one of full, two"),
        ({"estimator": "guess"}, "estimator 'guess'"),
        ({"operations_per": "node"}, "operations_per 'node'"),
        ({"reinforce_samples": 1}, "reinforce_samples 1: expected 2 or more"),
        ({"path_baseline_rate": 0.0}, "path_baseline_rate 0.0"),
        ({"reinforce_exponent": float("nan")}, "reinforce_exponent nan"),
        ({"path_learning_rate": -1.0}, "path_learning_rate -1.0"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(SearcherError, match=message):
        ProxylessSettings(**settings)


@pytest.mark.parametrize("path", ["AAAAA", "A..B", "ABABC"])
def test_bad_paths_are_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|expected"):
        searcher(path=path)


# ---- caps ------------------------------------------------------------------------------


@pytest.mark.parametrize("gates", ["full", "two"])
@pytest.mark.parametrize(
    ("max_macs", "max_params"), [(None, 400_000), (90_000_000, 400_000), (60_000_000, 250_000)]
)
def test_both_caps_hold_on_a_fixed_path(
    gates: str, max_macs: int | None, max_params: int | None
) -> None:
    of = replace(problem(500, max_macs=max_macs), max_params=max_params)
    made = Proxyless(of, ProxylessSettings(gates=gates), np.random.default_rng(0))
    first = made.recommend()
    lines = drive(made, 500)
    texts = [text for line in lines for text in line.split() if "-" in text]
    last = [found.text for found in made.samples(5, np.random.default_rng(1))]
    texts += [first.text, made.recommend().text, *last]
    rows = of.space.encode([of.space.parse(text) for text in texts])
    assert of.allows(rows).all()
    assert len(set(texts)) > 0.5 * len(texts)


def test_caps_that_leave_nothing_on_the_path_are_refused() -> None:
    of = problem(2_000)
    path = of.space.parse_path("BBBAA")
    graph = of.space.path_graph().restricted(path)
    cheapest = best_architecture(graph, -graph.edge_params.astype(float))
    assert cheapest is not None
    least = graph.fixed_params + cheapest.total(graph.edge_params)
    # Past the problem's own check, since here the smallest of every path is as small.
    object.__setattr__(of, "max_params", least)
    made = Proxyless(of, ProxylessSettings(path="BBBAA"), np.random.default_rng(0))
    assert of.space.params(of.space.encode([made.recommend()]))[0] == least
    object.__setattr__(of, "max_params", least - 1)
    with pytest.raises(SearcherError, match=f"path BBBAA has at most max_params {least - 1}"):
        Proxyless(of, ProxylessSettings(path="BBBAA"), np.random.default_rng(0))


# ---- latency ---------------------------------------------------------------------------


def test_latency_without_a_table_is_refused() -> None:
    with pytest.raises(SearcherError, match="give --latency-table"):
        searcher(latency_weight=0.1)
    with pytest.raises(SearcherError, match="latency_weight -1"):
        searcher(latency_weight=-1.0)
    with pytest.raises(SearcherError, match=r"latency table of shape \(15, 7\)"):
        replace(problem(), latency_ms=np.zeros((15, 7)))
    wrong = np.full(problem().space.path_graph().edge_macs.shape, np.nan)
    with pytest.raises(SearcherError, match="milliseconds of 0 or more"):
        replace(problem(), latency_ms=wrong)


def with_latency(path: str, weight: float, steps: int = 60, estimator: str = "gates") -> Proxyless:
    """A searcher after steps in which only latency speaks: even operations are slow."""
    of = problem(4_000)
    table = np.zeros(of.space.path_graph().edge_macs.shape)
    table[:, ::2] = 5.0
    settings = ProxylessSettings(
        path=path,
        latency_weight=weight,
        learning_rate=0.05,
        regulariser_beta=0.0,
        estimator=estimator,
        reinforce_samples=2,
        warmup_share=0.0,
    )
    made = Proxyless(replace(of, latency_ms=table), settings, np.random.default_rng(0))
    for _ in range(steps):
        if estimator == "gates":
            made.tell([GatesMeasured(made._gate_work(), 1.0, np.zeros((15, 7)))])
        else:
            made.tell([Evaluated(Evaluate(made.recommend()), 0.5) for _ in range(2)])
    return made


@pytest.mark.parametrize("path", ["ABABB", "joint"])
@pytest.mark.parametrize("estimator", ["gates", "reinforce"])
def test_latency_moves_towards_faster_operations(path: str, estimator: str) -> None:
    heeded = with_latency(path, 1.0, estimator=estimator)
    expected = heeded.status()["expected_latency_ms"]
    start = with_latency(path, 1.0, 0, estimator).status()["expected_latency_ms"]
    assert start == pytest.approx(15 * 5.0 * 4 / 7, rel=1e-2)
    assert expected < 0.5 * start
    operations = np.asarray(heeded.recommend().encoding[15:])
    assert (operations % 2 == 1).mean() > 0.9


def test_without_latency_nothing_is_said_about_it() -> None:
    assert "expected_latency_ms" not in searcher().status()


# ---- warnings and tables ---------------------------------------------------------------


def with_alpha(operation: int, height: float, **settings: object) -> Proxyless:
    made = searcher(**settings)
    state = made.state_dict()
    alpha = np.zeros((15, 7))
    alpha[:, operation] = height
    made.load_state_dict({**state, "alpha": alpha.tolist()})
    return made


def test_skip_collapse_is_told_and_nothing_else_is() -> None:
    collapsed = with_alpha(6, 3.0)
    assert collapsed.status()["skip_share"] == pytest.approx(10 / 15)
    (warning,) = collapsed.warnings()
    assert "skip collapse: 10 of 15 layers" in warning
    assert with_alpha(4, 3.0).warnings() == []


def test_deciding_too_early_or_never_is_told() -> None:
    assert "all but decided after 0 of" in with_alpha(4, 30.0).warnings()[0]
    lazy = searcher(learning_rate=1e-5, budget=2_000)
    assert lazy.warnings() == []
    drive(lazy, 2_000)
    assert "still all but uniform" in lazy.warnings()[0]


def test_the_operations_table_adds_up() -> None:
    made = with_alpha(4, 3.0)
    rows = made.tables()["operations"]
    assert [row["layer"] for row in rows] == list(range(1, 16))
    for row in rows:
        assert row["operation"] == "k5e3"
        assert row["probability"] == row["probabilities"]["k5e3"]
        assert sum(row["probabilities"].values()) == pytest.approx(1.0)
    json.dumps(rows)


def test_samples_do_not_change_the_searcher() -> None:
    made = Proxyless(
        replace(problem(2_000, max_macs=90_000_000), max_params=900_000),
        ProxylessSettings(path="joint"),
        np.random.default_rng(0),
    )
    before = made.state_dict()
    found = made.samples(20, np.random.default_rng(5))
    assert len({one.text for one in found}) == 20
    assert made.state_dict() == before


def test_golden_trajectory() -> None:
    """The exact sequence of a small run; a refactoring must not change it.

    If it fails after a change that was meant to change behaviour, delete the file, run this test
    once to write it again, and say in the changelog that results of earlier versions differ.
    """
    made = searcher(seed=7, budget=1_500, gates="two", learning_rate=0.05)
    actual = {"work": drive(made, 1_500), "recommendation": made.recommend().text}
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps(actual, indent=1) + "\n")
        pytest.fail(f"{GOLDEN} was missing and has been written: read it, then run again")
    assert actual == json.loads(GOLDEN.read_text())
