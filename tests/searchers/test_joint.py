"""Path and operations learned together: equations against finite differences, caps, learning."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from fake_trainer import BATCH, answer, drive, problem

from bench.running.evaluators.landscape import Landscape
from searchers.base import GateGradient, GatesMeasured, Problem, Searcher, TrainWeights
from searchers.gradient.architecture_distribution import (
    OPERATIONS_PER,
    ArchitectureDistribution,
    Drawn,
)
from searchers.proxyless import Proxyless, ProxylessSettings
from spaces import load_space
from spaces.autostr import AutoSTRSpace

SMALL = AutoSTRSpace(strict=True, layers=4, downsampling_a=1, downsampling_b=1)
BUDGET = 800
VARIANTS = {
    "full": {},
    "two": {"gates": "two"},
    "per edge": {"operations_per": "edge"},
    "reinforce": {"estimator": "reinforce", "reinforce_samples": 3},
}


def make(seed: int = 0, of: Problem | None = None, **settings: object) -> Proxyless:
    chosen = {"path": "joint", "weight_steps_per_architecture_step": 2, "learning_rate": 0.02}
    made = ProxylessSettings(**{**chosen, **settings})
    return Proxyless(of or problem(BUDGET), made, np.random.default_rng(seed))


@pytest.fixture(params=VARIANTS, ids=str)
def variant(request: pytest.FixtureRequest) -> dict[str, object]:
    return dict(VARIANTS[request.param])


def proposed(searcher: Searcher, lines: list[str]) -> np.ndarray:
    texts = [text for line in lines for text in line.split() if "-" in text]
    texts.append(searcher.recommend().text)
    space = searcher.problem.space
    return space.encode([space.parse(text) for text in texts])


# ---- the distribution --------------------------------------------------------------------


def learned(per: str, seed: int = 0, spread: float = 1.0) -> ArchitectureDistribution:
    graph = SMALL.path_graph()
    rng = np.random.default_rng(seed)
    return ArchitectureDistribution(graph, per, spread, (0.1, (0.0, 0.999)), 0.1, rng)


def all_choices() -> tuple[np.ndarray, np.ndarray]:
    """Edges and operations of every legal architecture of the small space."""
    rows = SMALL.unrank(np.arange(SMALL.size))
    rows = rows[SMALL.is_valid(rows)]
    return SMALL.path_graph().edges_of(rows[:, :4]), rows[:, 4:].astype(np.int64)


@pytest.mark.parametrize("per", OPERATIONS_PER)
def test_expectations_and_mode_equal_enumeration(per: str) -> None:
    found, graph = learned(per), SMALL.path_graph()
    edges, operations = all_choices()
    log_p = np.log(found.probabilities[edges, operations]).sum(1) + found.paths.log_probability(
        edges
    )
    p = np.exp(log_p)
    assert p.sum() == pytest.approx(1.0)
    macs = graph.edge_macs[edges, operations].sum(1)
    assert found.expected(graph.edge_macs) == pytest.approx((p * macs).sum())
    scores = found.scores()[edges, operations].sum(1)
    np.testing.assert_allclose(scores - scores.max(), log_p - log_p.max(), atol=1e-9)
    each = -np.log(found.probabilities[edges, operations]).mean(1)
    assert found.entropy() == pytest.approx((p * each).sum())


@pytest.mark.parametrize("per", OPERATIONS_PER)
def test_one_step_follows_the_gradient_of_the_expected_costs(per: str) -> None:
    """Rows of alpha and logits move as finite differences of E[costs] say."""
    graph = SMALL.path_graph()
    costs = np.random.default_rng(8).uniform(0, 1, graph.edge_macs.shape)
    found = learned(per, seed=1)
    state = found.state_dict()

    def expected(key: str, index: tuple[int, ...], by: float) -> float:
        changed = np.array(state[key])
        changed[index] += by
        found.load_state_dict({**state, key: changed.tolist()})
        value = found.expected(costs)
        found.load_state_dict(state)
        return value

    def derivative(key: str, index: tuple[int, ...]) -> float:
        return (expected(key, index, 1e-6) - expected(key, index, -1e-6)) / 2e-6

    logits = [derivative("logits", (edge,)) for edge in range(graph.edges)]
    exact = found.paths.gradient_of_expected((found.probabilities * costs).sum(1))
    np.testing.assert_allclose(exact, logits, atol=1e-8)
    given = found._operations_gradient(costs, found.allowed_RK)
    passed = np.bincount(found.row_E, found.paths.marginals)
    for index in np.ndindex(given.shape):
        assert passed[index[0]] * given[index] == pytest.approx(
            derivative("alpha", index), abs=1e-8
        )


def test_scores_are_gradients_of_the_log_probability() -> None:
    found, graph = learned("layer", seed=2), SMALL.path_graph()
    edges, operations = (array[777] for array in all_choices())
    state = found.state_dict()
    # Adam's first step is the rate against the sign of the gradient.
    found.step_by_scores([Drawn(edges, operations, -1.0)], np.zeros(graph.edge_macs.shape))
    moved = np.array(found.state_dict()["alpha"]) - np.array(state["alpha"])
    chosen = moved[np.arange(4), operations]
    assert (chosen > 0).all()
    moved[np.arange(4), operations] = 0.0
    assert (moved <= 0).all()
    logits = np.array(found.state_dict()["logits"]) - np.array(state["logits"])
    assert (logits[edges] >= 0).all()
    assert (np.delete(logits, edges) <= 0).all()


def test_costs_weigh_on_a_row_as_often_as_it_was_met() -> None:
    found, graph = learned("edge", seed=4), SMALL.path_graph()
    costs = graph.edge_macs / 1e6
    given = found._operations_gradient(costs, found.allowed_RK)
    paths = graph.edges_of(SMALL.paths.codes[:2])
    drawn = [Drawn(path, np.zeros(4, np.int64)) for path in paths]
    found.step_by_scores(drawn, costs)
    # With beta1 = 0, Adam's first moment is the gradient itself.
    gradient = np.array(found.state_dict()["adam"]["first"])
    share = np.bincount(found.row_E[paths].ravel(), minlength=len(given)) / 2
    expected = share[:, None] * given * found.allowed_RK
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


def test_only_rows_on_the_path_move() -> None:
    found, graph = learned("edge", seed=3), SMALL.path_graph()
    edges = graph.edges_of(SMALL.paths.codes[:1])[0]
    before = np.array(found.state_dict()["alpha"])
    found.step_by_gates(
        edges,
        graph.edge_allowed[edges],
        np.random.default_rng(0).normal(size=(4, 7)),
        0.5,
        graph.edge_macs / 1e6,
    )
    moved = (np.array(found.state_dict()["alpha"]) != before).any(axis=1)
    assert set(np.flatnonzero(moved)) == set(found.row_E[edges])


def test_pairs_keep_the_others_probabilities() -> None:
    made = make(gates="two", learning_rate=0.3, of=problem(BUDGET, strict=True))
    work = made._gate_work()
    edges = made._edges_of(work.architecture)
    before = made._learned.probabilities[edges]
    made.tell([answer(work)])
    after = made._learned.probabilities[edges]
    pair = np.zeros((15, 7), dtype=bool)
    for layer, row in enumerate(work.candidates):
        pair[layer, list(row)] = True
    np.testing.assert_allclose(after[~pair], before[~pair], rtol=1e-9)
    assert not np.allclose(after[pair], before[pair])


# ---- the searcher ------------------------------------------------------------------------


@pytest.mark.parametrize("strict", [False, True])
def test_every_proposal_is_feasible(variant: dict[str, object], strict: bool) -> None:
    made = make(of=problem(BUDGET, strict=strict), **variant)
    rows = proposed(made, drive(made, BUDGET))
    assert made.problem.space.is_valid(rows).all()
    # Paths are searched, not only operations.
    assert len(np.unique(rows[:, :15], axis=0)) > 20


@pytest.mark.parametrize(
    ("max_macs", "max_params"),
    [(120_000_000, None), (25_000_000, None), (None, 500_000), (150_000_000, 1_000_000)],
)
def test_caps_hold_and_redraws_are_counted(
    variant: dict[str, object], max_macs: int | None, max_params: int | None
) -> None:
    of = replace(problem(300, max_macs=max_macs), max_params=max_params)
    made = make(of=of, **variant)
    rows = proposed(made, [made.recommend().text, *drive(made, 300)])
    assert of.allows(rows).all()
    assert made.redrawn > 0
    assert len(np.unique(rows, axis=0)) > 0.5 * len(rows)
    samples = of.space.encode(made.samples(3, np.random.default_rng(0)))
    assert of.allows(samples).all()


def test_every_architecture_thrown_away_is_counted() -> None:
    of = problem(BUDGET)
    rows = of.space.sample(4_000, np.random.default_rng(0))
    cap = int(np.quantile(of.space.macs(rows), 0.25))
    made = make(of=problem(BUDGET, max_macs=cap), initial_spread=0.0)
    rng = np.random.default_rng(1)
    counts = [made._draws.sample(made._learned, rng)[1] for _ in range(800)]
    # Geometric: three failures for each success, standard deviation sqrt(12).
    assert np.mean(counts) == pytest.approx(3.0, abs=4 * np.sqrt(12 / 800))


def test_the_last_resort_under_a_cap_still_follows_the_distribution() -> None:
    made = make(of=problem(BUDGET, max_macs=100_000_000))
    state = made.state_dict()
    alpha = np.zeros((15, 7))
    alpha[:, 0] = 3.0
    made.load_state_dict({**state, "alpha": alpha.tolist()})
    rng = np.random.default_rng(2)
    found = [made._draws._by_importance(made._learned, rng).operations for _ in range(100)]
    uniform = made.problem.draw(2_000, rng)[:, 15:]
    assert (np.array(found) == 0).mean() > (uniform == 0).mean() + 0.1


def test_state_round_trip_also_between_ask_and_tell(variant: dict[str, object]) -> None:
    searcher = make(warmup_share=0.05, **variant)
    for turn in range(14):
        work = searcher.ask(2)
        twin = make(seed=9, warmup_share=0.05, **variant)
        twin.load_state_dict(json.loads(json.dumps(searcher.state_dict())))
        twin.tell([answer(one) for one in work])
        searcher.tell([answer(one) for one in work])
        assert twin.state_dict() == searcher.state_dict()
        assert twin.recommend() == searcher.recommend()
        if turn % 6 == 0:
            ahead = drive(twin, 150)
            again = make(seed=8, warmup_share=0.05, **variant)
            again.load_state_dict(json.loads(json.dumps(searcher.state_dict())))
            assert drive(again, 150) == ahead


def test_same_seed_same_sequence_and_failures_survive(variant: dict[str, object]) -> None:
    one, two = make(**variant), make(**variant)
    assert drive(one, BUDGET, fail_every=3) == drive(two, BUDGET, fail_every=3)
    assert one.recommend() == two.recommend()
    assert drive(make(seed=1, **variant), 200) != drive(make(**variant), 200)
    hopeless = make(**variant)
    before = hopeless.recommend()
    drive(hopeless, BUDGET, fail_every=1)
    assert hopeless.recommend() == before


def test_the_status_tells_about_the_paths(variant: dict[str, object]) -> None:
    made = make(**variant)
    drive(made, BUDGET)
    status = made.status()
    assert 0.0 <= status["path_entropy"] <= np.log(30_030) + 1e-9
    assert all(np.isfinite(value) for value in status.values())
    assert "path_entropy" not in make(path="ABABB", **variant).status()


def test_it_learns_the_planted_path_and_operations() -> None:
    """On a landscape with interacting terms, against the best of 300 random architectures."""
    space = load_space("autostr")
    gains = []
    for seed in (0, 1):
        land = Landscape(space, seed)
        made = make(seed, Problem(space, 10**6, BATCH, 32), warmup_share=0.0, regulariser_beta=0.0)
        for _ in range(200):
            work = made.ask()[0]
            if isinstance(work, TrainWeights):
                work = made.ask()[0]
            assert isinstance(work, GateGradient)
            row = np.array(work.architecture.encoding, dtype=np.int8)
            loss = float(land.loss(row[None])[0])
            made.tell([GatesMeasured(work, loss, land.gate_gradients(row))])
        found = land.quality(space.encode([made.recommend()]))[0]
        drawn = space.sample(300, np.random.default_rng([99, seed]))
        gains.append(found - land.quality(drawn).max())
        assert made.status()["path_entropy"] < 0.8 * np.log(30_030)
    assert min(gains) > 0.1


def test_the_regulariser_prefers_cheaper_paths_and_operations() -> None:
    def expected_macs(beta: float) -> tuple[float, float]:
        made = make(regulariser_beta=beta, learning_rate=1e-9, path_learning_rate=0.05)
        start = made.status()["expected_macs"]
        for _ in range(60):
            made.tell([GatesMeasured(made._gate_work(), 3.0, np.zeros((15, 7)))])
        return start, made.status()["expected_macs"]

    start, end = expected_macs(0.6)
    # The operations stand still: what falls is the path's share.
    assert end < 0.8 * start
    start, end = expected_macs(0.0)
    assert end == pytest.approx(start, rel=1e-2)
