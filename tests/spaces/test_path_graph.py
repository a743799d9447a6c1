"""The path graph and the best architectures over it, against enumeration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces import SpaceError, load_space
from spaces.autostr import AutoSTRSpace
from spaces.best import best_architecture, largest_architecture
from spaces.path_graph import PathGraph

SMALL = AutoSTRSpace(
    strict=True,
    layers=3,
    downsampling_a=1,
    downsampling_b=1,
    stem_width=3,
    widths=(5, 8),
    height=9,
    width=14,
)


def everything(space: AutoSTRSpace) -> np.ndarray:
    """Every legal architecture of a small space."""
    kinds = range(len(space.operations))
    operations = np.array(list(itertools.product(kinds, repeat=space.layers)))
    paths = space.paths.codes
    rows = np.concatenate(
        [np.repeat(paths, len(operations), 0), np.tile(operations, (len(paths), 1))], axis=1
    ).astype(np.int8)
    return rows[space.is_valid(rows)]


@pytest.fixture(scope="module")
def all_small() -> np.ndarray:
    return everything(SMALL)


def test_the_graph_has_exactly_the_feasible_paths() -> None:
    space = load_space("autostr")
    graph = space.path_graph()
    assert graph.count_paths() == 30_030
    paths = space.unrank(np.arange(30_030) * 7**15)[:, :15]
    edges = graph.edges_of(paths)
    assert (graph.code[edges] == paths).all()
    assert (graph.layer[edges] == np.arange(15)).all()
    assert (graph.target[edges[:, :-1]] == graph.source[edges[:, 1:]]).all()


@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 3), st.booleans(), st.integers(0, 1000))
def test_any_space_is_priced_edge_by_edge(a: int, b: int, more: int, strict: bool, seed: int):
    if a + b == 0:
        a = 1
    space = AutoSTRSpace(strict=strict, layers=a + b + more, downsampling_a=a, downsampling_b=b)
    graph = space.path_graph()
    assert graph.count_paths() == space.count_paths()
    rows = space.sample(20, np.random.default_rng(seed))
    edges = graph.edges_of(rows[:, : space.path_length])
    operations = rows[:, space.path_length :]
    assert graph.edge_allowed[edges, operations].all()
    macs = graph.fixed_macs + graph.edge_macs[edges, operations].sum(1)
    params = graph.fixed_params + graph.edge_params[edges, operations].sum(1)
    assert (macs == space.macs(rows)).all()
    assert (params == space.params(rows)).all()
    assert (graph.encode(edges, operations) == rows).all()
    # One path alone costs the same.
    path = rows[0, : space.path_length]
    alone = graph.restricted(path)
    assert alone.single
    assert (alone.edge_macs == space.operation_macs(path)).all()
    assert (alone.edge_allowed == space.operation_allowed(path)).all()
    assert (alone.encode(alone.edges_of(path[None]), operations[:1]) == rows[:1]).all()


def test_edges_of_one_level_and_layer_lie_between_the_same_widths() -> None:
    graph = load_space("autostr").path_graph()
    widths: dict[tuple[int, int], set[tuple[str, str]]] = {}
    for layer, level, shape in zip(graph.layer, graph.level, graph.shapes, strict=True):
        before, after = (side.split("x")[0] for side in shape.split(">"))
        widths.setdefault((int(layer), int(level)), set()).add((before, after))
    assert all(len(found) == 1 for found in widths.values())


def test_infeasible_paths_are_refused() -> None:
    graph = load_space("autostr").path_graph()
    for path in ([1] * 3 + [0] * 12, [0] * 15, [7] + [0] * 14):
        with pytest.raises(SpaceError):
            graph.edges_of(np.array([path]))
    with pytest.raises(SpaceError, match="expected"):
        graph.edges_of(np.zeros((2, 3), int))


def test_a_space_without_a_choice_of_path_is_a_chain() -> None:
    macs = np.array([[0, 10], [5, 20], [0, 30]])
    graph = PathGraph.chain(macs, macs * 2, np.ones((3, 2), bool), (7, 8))
    assert graph.single
    assert graph.count_paths() == 1
    assert graph.edges_of(np.zeros((4, 0), np.int8)).tolist() == [[0, 1, 2]] * 4
    assert graph.encode(np.array([[0, 1, 2]]), np.array([[1, 0, 1]])).tolist() == [[1, 0, 1]]
    found = largest_architecture(graph, "macs", max_macs=7 + 52)
    assert found is not None
    assert found.operations.tolist() == [0, 1, 1]


@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1), st.sampled_from("mpb-"))
def test_the_best_within_caps_equals_enumeration(
    all_small: np.ndarray, seed: int, tight: float, tight2: float, caps: str
) -> None:
    graph = SMALL.path_graph()
    # Few different scores, so that ties happen.
    scores = np.random.default_rng(seed).integers(0, 6, graph.edge_macs.shape) / 4.0
    macs, params = SMALL.macs(all_small), SMALL.params(all_small)
    max_macs = int(macs.min() + tight * np.ptp(macs)) if caps in "mb" else None
    max_params = int(params.min() + tight2 * np.ptp(params)) if caps in "pb" else None
    fits = (macs <= (max_macs or macs.max())) & (params <= (max_params or params.max()))
    edges = graph.edges_of(all_small[:, :3])
    sums = scores[edges, all_small[:, 3:]].sum(1)
    found = best_architecture(graph, scores, max_macs, max_params)
    if not fits.any():
        assert found is None
        return
    assert found is not None
    row = graph.encode(found.edges[None], found.operations[None])
    assert SMALL.is_valid(row)[0]
    assert max_macs is None or SMALL.macs(row)[0] <= max_macs
    assert max_params is None or SMALL.params(row)[0] <= max_params
    score = scores[found.edges, found.operations].sum()
    if caps == "b":
        # A Lagrange multiplier finds only what lies on the hull of the trade-off.
        assert score <= sums[fits].max() + 1e-9
    else:
        assert score == pytest.approx(sums[fits].max())


@given(
    st.floats(0, 1), st.floats(0, 1), st.sampled_from("mpb-"), st.sampled_from(["macs", "params"])
)
def test_the_largest_within_caps_equals_enumeration(
    all_small: np.ndarray, tight: float, tight2: float, caps: str, cost: str
) -> None:
    macs, params = SMALL.macs(all_small), SMALL.params(all_small)
    max_macs = int(macs.min() + tight * np.ptp(macs)) if caps in "mb" else None
    max_params = int(params.min() + tight2 * np.ptp(params)) if caps in "pb" else None
    fits = (macs <= (max_macs or macs.max())) & (params <= (max_params or params.max()))
    graph = SMALL.path_graph()
    found = largest_architecture(graph, cost, max_macs, max_params)
    if not fits.any():
        assert found is None
        return
    assert found is not None
    row = graph.encode(found.edges[None], found.operations[None])
    wanted = (macs if cost == "macs" else params)[fits].max()
    assert (SMALL.macs(row) if cost == "macs" else SMALL.params(row))[0] == wanted
    assert max_macs is None or SMALL.macs(row)[0] <= max_macs
    assert max_params is None or SMALL.params(row)[0] <= max_params


def test_two_caps_at_full_size_come_near_the_bound_of_one() -> None:
    """Both bind; the best under both is at most the best under either."""
    space = load_space("autostr")
    graph = space.path_graph()
    # Larger is better, at a rate that falls with size, so that both caps matter.
    scores = np.log1p(graph.edge_macs / 1e6) + np.log1p(graph.edge_params / 1e5)
    max_macs, max_params = 300_000_000, 2_000_000
    both = best_architecture(graph, scores, max_macs, max_params, units=80_000)
    bounds = [
        best_architecture(graph, scores, max_macs, None),
        best_architecture(graph, scores, None, max_params, units=80_000),
    ]
    assert both is not None
    assert both.total(graph.edge_macs) + graph.fixed_macs <= max_macs
    assert both.total(graph.edge_params) + graph.fixed_params <= max_params
    score = scores[both.edges, both.operations].sum()
    for bound in bounds:
        assert bound is not None
        assert 0.8 * bound.score < score <= bound.score + 1e-9


def test_ties_go_to_the_cheaper_operation() -> None:
    graph = load_space("autostr").path_graph()
    found = best_architecture(graph, np.zeros(graph.edge_macs.shape))
    assert found is not None
    # Of candidates that score the same, each edge takes its cheapest.
    cheapest = graph.edge_macs[found.edges].min(axis=1)
    assert (graph.edge_macs[found.edges, found.operations] == cheapest).all()
