"""The distribution over paths: everything it computes, against enumeration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from searchers.gradient.path_distribution import PathDistribution
from spaces import load_space
from spaces.autostr import AutoSTRSpace

SPACE = load_space("autostr")
GRAPH = SPACE.path_graph()


def all_edges(space: AutoSTRSpace) -> np.ndarray:
    """Every path of a space as edges (P, L)."""
    return space.path_graph().edges_of(space.paths.codes)


def check(space: AutoSTRSpace, logits: np.ndarray, costs: np.ndarray) -> None:
    graph, edges = space.path_graph(), all_edges(space)
    found = PathDistribution(graph, logits)
    sums = logits[edges].sum(1)
    log_partition = np.logaddexp.reduce(sums)
    p = np.exp(sums - log_partition)

    def marginal(weights: np.ndarray) -> np.ndarray:
        return np.bincount(edges.ravel(), np.repeat(weights, graph.layers), graph.edges)

    assert found.log_partition == pytest.approx(log_partition, abs=1e-9)
    np.testing.assert_allclose(found.log_probability(edges), sums - log_partition, atol=1e-9)
    np.testing.assert_allclose(found.marginals, marginal(p), atol=1e-10)
    assert found.entropy() == pytest.approx(-(p * (sums - log_partition)).sum(), abs=1e-8)
    best = found.most_probable()
    assert sums.max() == pytest.approx(logits[best].sum())
    total = costs[edges].sum(1)
    assert found.expected(costs) == pytest.approx((p * total).sum())
    covariance = marginal(p * total) - marginal(p) * (p * total).sum()
    np.testing.assert_allclose(found.gradient_of_expected(costs), covariance, atol=1e-8)
    one = edges[len(edges) // 2]
    expected = -marginal(p)
    expected[one] += 1.0
    np.testing.assert_allclose(found.score(one), expected, atol=1e-10)


@pytest.mark.parametrize("spread", [0.0, 1.0, 8.0])
def test_it_equals_the_enumeration_of_all_30030_paths(spread: float) -> None:
    rng = np.random.default_rng(1)
    check(SPACE, spread * rng.normal(size=GRAPH.edges), rng.normal(size=GRAPH.edges))


@given(
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(0, 4),
    st.floats(0.0, 20.0),
    st.integers(0, 10_000),
)
def test_it_equals_enumeration_in_small_spaces(
    a: int, b: int, more: int, spread: float, seed: int
) -> None:
    a = max(a, 1 - b)
    space = AutoSTRSpace(layers=a + b + more, downsampling_a=a, downsampling_b=b)
    rng = np.random.default_rng(seed)
    edges = space.path_graph().edges
    check(space, spread * rng.normal(size=edges), rng.uniform(0, 3, edges))


def test_gradients_are_derivatives() -> None:
    space = AutoSTRSpace(layers=4, downsampling_a=1, downsampling_b=1)
    graph, rng = space.path_graph(), np.random.default_rng(3)
    logits, costs = rng.normal(size=graph.edges), rng.normal(size=graph.edges)
    path = all_edges(space)[5]
    found = PathDistribution(graph, logits)
    for edge in range(graph.edges):
        step = np.zeros(graph.edges)
        step[edge] = 1e-5
        up, down = (PathDistribution(graph, logits + sign * step) for sign in (1, -1))
        expected = (up.expected(costs) - down.expected(costs)) / 2e-5
        assert found.gradient_of_expected(costs)[edge] == pytest.approx(expected, abs=1e-8)
        score = (up.log_probability(path[None]) - down.log_probability(path[None]))[0] / 2e-5
        assert found.score(path)[edge] == pytest.approx(score, abs=1e-8)
        assert found.marginals[edge] == pytest.approx(
            (up.log_partition - down.log_partition) / 2e-5, abs=1e-8
        )


def test_samples_are_feasible_and_follow_the_distribution() -> None:
    space = AutoSTRSpace(layers=5, downsampling_a=1, downsampling_b=1)
    graph, rng = space.path_graph(), np.random.default_rng(4)
    found = PathDistribution(graph, rng.normal(size=graph.edges))
    n = 40_000
    drawn = found.sample(n, rng)
    codes = graph.code[drawn].astype(np.int8)
    assert space.paths.is_valid(codes).all()
    shares = np.bincount(space.paths.rank(codes), minlength=20) / n
    p = np.exp(found.log_probability(all_edges(space)))
    # Five standard deviations of a binomial share.
    assert (np.abs(shares - p) < 5 * np.sqrt(p * (1 - p) / n) + 1e-4).all()


def test_uniform_logits_are_uniform_over_paths() -> None:
    found = PathDistribution(GRAPH, np.full(GRAPH.edges, 0.7))
    assert found.entropy() == pytest.approx(np.log(30_030))
    probabilities = found.log_probability(GRAPH.edges_of(SPACE.paths.codes[::1000]))
    np.testing.assert_allclose(probabilities, -np.log(30_030))


def test_extreme_logits_overflow_nowhere() -> None:
    rng = np.random.default_rng(5)
    logits = 1e4 * rng.normal(size=GRAPH.edges)
    found = PathDistribution(GRAPH, logits)
    best = found.most_probable()
    np.testing.assert_array_equal(found.sample(3, rng), np.tile(best, (3, 1)))
    assert found.entropy() == pytest.approx(0.0, abs=1e-6)
    assert np.isfinite(found.gradient_of_expected(np.ones(GRAPH.edges))).all()
    assert found.expected(np.ones(GRAPH.edges)) == pytest.approx(15)


def test_a_single_path_needs_no_random_numbers() -> None:
    alone = GRAPH.restricted(SPACE.parse_path("ABABB"))
    rng = np.random.default_rng(6)
    before = rng.bit_generator.state
    found = PathDistribution(alone, np.zeros(15))
    assert found.sample(2, rng).tolist() == [list(range(15))] * 2
    assert rng.bit_generator.state == before
    assert found.entropy() == 0.0
    assert (found.marginals == 1.0).all()
