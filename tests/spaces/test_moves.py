"""Mutation, crossover and neighbourhood: legal, complete, fair."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from spaces.autostr import AutoSTRSpace
from spaces.errors import SpaceError

SPACES = {strict: AutoSTRSpace(strict=strict) for strict in (False, True)}
seeds = st.integers(0, 2**32 - 1)


def one_move_apart(a: np.ndarray, b: np.ndarray) -> bool:
    """Say from the definition whether two encodings are neighbours."""
    layers = len(a) // 2
    where = np.flatnonzero(a != b).tolist()
    if len(where) == 1:
        return where[0] >= layers
    if len(where) != 2 or where[1] >= layers:
        return False
    i, j = where
    return bool(a[i] == b[j] and a[j] == b[i])


def test_neighbourhood_by_brute_force(small_space: AutoSTRSpace) -> None:
    every = small_space.unrank(np.arange(small_space.size))
    every = every[small_space.is_valid(every)]
    for row in small_space.sample(2, np.random.default_rng(2)):
        near = every[(every != row).sum(axis=1) <= 2]
        wanted = {tuple(other) for other in near.tolist() if one_move_apart(row, np.array(other))}
        found = small_space.neighbours(row).tolist()
        assert {tuple(other) for other in found} == wanted
        assert len(found) == len(wanted)


def test_size_of_the_neighbourhood(space: AutoSTRSpace) -> None:
    found = space.neighbours(space.parse("ABABB-555555545514466").encoding)
    assert found.shape == (15 * 6 + 56, 30)
    assert found.dtype == np.int8


@given(seeds, st.booleans())
@settings(max_examples=20)
def test_neighbours_are_legal_and_mutual(seed: int, strict: bool) -> None:
    space, rng = SPACES[strict], np.random.default_rng(seed)
    row = space.sample(1, rng)[0]
    found = space.neighbours(row)
    assert space.is_valid(found).all()
    assert len(np.unique(space.rank(found))) == len(found)
    for other in rng.choice(found, 3):
        assert (space.neighbours(other) == row).all(axis=1).any()


@given(seeds, st.booleans(), st.integers(1, 4))
@settings(max_examples=30)
def test_mutants_are_legal_and_differ(seed: int, strict: bool, n_mutations: int) -> None:
    space, rng = SPACES[strict], np.random.default_rng(seed)
    parents = space.sample(64, rng)
    kept = parents.copy()
    children = space.mutate(parents, rng, n_mutations)
    assert (parents == kept).all()
    assert space.is_valid(children).all()
    assert (children != parents).any(axis=1).all()
    # A move changes at most two columns.
    assert (children != parents).sum(axis=1).max() <= 2 * n_mutations
    if n_mutations == 1:
        assert all(one_move_apart(*pair) for pair in zip(parents, children, strict=True))


def test_mutation_is_uniform_over_the_neighbourhood(any_space: AutoSTRSpace) -> None:
    parent = np.array(any_space.parse("AB..A..BB......-501234501234566").encoding)
    near = np.sort(any_space.rank(any_space.neighbours(parent)))
    children = any_space.mutate(np.tile(parent, (200 * len(near), 1)), np.random.default_rng(8))
    found, times = np.unique(any_space.rank(children), return_counts=True)
    assert (found == near).all()
    assert chisquare(times).pvalue > 0.001


@given(seeds, st.booleans())
@settings(max_examples=30)
def test_children_are_legal_and_take_after_their_parents(seed: int, strict: bool) -> None:
    space, rng = SPACES[strict], np.random.default_rng(seed)
    a, b = space.sample(64, rng), space.sample(64, rng)
    children = space.crossover(a, b, rng)
    assert space.is_valid(children).all()
    assert ((children == a) | (children == b)).all()
    assert (space.crossover(a, a, rng) == a).all()


def test_child_paths_are_uniform_over_all_that_follow_the_parents(
    any_space: AutoSTRSpace,
) -> None:
    texts = ["A.B..A.B..B....-555555555555555", "A..B.BA....B...-000000000000000"]
    a, b = any_space.encode([any_space.parse(text) for text in texts])
    per_layer = [sorted({x, y}) for x, y in zip(a[:15].tolist(), b[:15].tolist(), strict=True)]
    wanted = [p for p in itertools.product(*per_layer) if (p.count(1), p.count(2)) == (2, 3)]
    n = 300 * len(wanted)
    parents = np.tile(a, (n, 1)), np.tile(b, (n, 1))
    children = any_space.crossover(*parents, np.random.default_rng(4))
    found, times = np.unique(children[:, :15], axis=0, return_counts=True)
    assert [tuple(path) for path in found.tolist()] == wanted
    assert len(wanted) > 10
    assert chisquare(times).pvalue > 0.001
    share = (children[:, 15:] == 5).mean(axis=0)
    assert (abs(share - 0.5) < 5 * 0.5 / np.sqrt(n)).all()


def test_strict_crossover_repairs_only_the_skips(strict_space: AutoSTRSpace) -> None:
    texts = ["AABBB..........-000006666666666", "..........BBBAA-666666666611111"]
    a, b = strict_space.encode([strict_space.parse(text) for text in texts])
    children = strict_space.crossover(
        np.tile(a, (500, 1)), np.tile(b, (500, 1)), np.random.default_rng(6)
    )
    assert strict_space.is_valid(children).all()
    first = children[:, 15:20]
    # Where the child downsamples early it has a's operation, elsewhere either parent's.
    assert (first[children[:, :5] != 0] == 0).all()
    assert 0.4 < (first[children[:, :5] == 0] == 6).mean() < 0.6


def test_same_seed_same_moves(any_space: AutoSTRSpace) -> None:
    parents = any_space.sample(5000, np.random.default_rng(0))
    one, two = (np.random.default_rng(1) for _ in range(2))
    assert (any_space.mutate(parents, one, 2) == any_space.mutate(parents, two, 2)).all()
    crossed = [any_space.crossover(parents, parents[::-1], rng) for rng in (one, two)]
    assert (crossed[0] == crossed[1]).all()


def test_empty_populations(space: AutoSTRSpace, rng: np.random.Generator) -> None:
    none = space.encode([])
    assert space.mutate(none, rng).shape == (0, 30)
    assert space.crossover(none, none, rng).shape == (0, 30)
    assert space.macs(none).shape == (0,)


def test_wrong_requests(space: AutoSTRSpace, rng: np.random.Generator) -> None:
    parents = space.sample(3, rng)
    with pytest.raises(SpaceError, match="given 0 mutations"):
        space.mutate(parents, rng, 0)
    with pytest.raises(SpaceError, match="given 3 and 2 parents"):
        space.crossover(parents, parents[:2], rng)
    with pytest.raises(SpaceError, match="row 0 of the encodings"):
        space.mutate(np.zeros((1, 30), np.int8), rng)
