"""The STR-NAS space: published counts, names, exact counting, fair sampling, moves."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from spaces import load_space
from spaces.errors import SpaceError
from spaces.strnas import STRNASSpace
from spaces.strnas.counting import uniform_integers

SPACES = {part: STRNASSpace(part=part) for part in ("extractor", "rectifier", "both")}
ANY = pytest.mark.parametrize("part", sorted(SPACES))
# What stands around the extractor in the slides: rectifier, two BiLSTM layers, attention decoder.
AROUND = 1_692_392 + 2_892_288 + 706_598


def every(space: STRNASSpace) -> np.ndarray:
    return np.array(list(itertools.product(*(cell.candidates for cell in space.cells))), np.int8)


@pytest.mark.parametrize(
    ("operation", "own", "whole", "slides"),
    [
        ("k3e3", 8_808_352, "14.0996", "14.101"),
        ("k5e3", 8_999_840, "14.2911", "14.292"),
        ("k5e6", 17_990_288, "23.2816", "23.283"),
        ("k7e6", 18_564_368, "23.8556", "23.857"),
    ],
)
def test_parameters_of_the_slides_baselines(
    operation: str, own: int, whole: str, slides: str
) -> None:
    space = SPACES["extractor"]
    found = space.params(space.encode([space.uniform_architecture((), operation)]))[0]
    assert found == own
    assert f"{(own + AROUND) / 1e6:.4f}" == whole
    # One batch norm over 512 channels more, and all four are the slides' to the printed digit.
    assert f"{(own + AROUND + 2 * 512) / 1e6:.3f}" == slides


def test_sizes() -> None:
    extractor, rectifier = 3 * 6**5 * 7**16, 3 * 6**5 * 7**5
    assert SPACES["extractor"].count() == SPACES["extractor"].size == extractor
    assert SPACES["rectifier"].count() == rectifier
    assert SPACES["both"].count() == rectifier * extractor


def test_macs_of_a_first_and_a_reduction_cell_by_hand() -> None:
    macs = SPACES["extractor"].operation_macs(())
    assert macs[0, 8] == 25 * 16 * 32 * 100
    # 16 -> 32 channels at half the size, expansion 6: expand, 7x7 depthwise, project.
    assert macs[1, 6] == 16 * 96 * 3200 + 49 * 96 * 800 + 96 * 32 * 800
    assert macs[2, 0] == 0


@ANY
def test_index_text_and_encoding_name_the_same(part: str) -> None:
    space = SPACES[part]
    rows = space.sample(50, np.random.default_rng(0))
    for found in space.architectures(rows):
        assert space.parse(found.text) == space.parse(str(found.index)) == found
    ends = [0, space.size - 1]
    assert [int(index) for index in space.rank(space.of_indices(ends))] == ends
    assert space.of_indices([]).shape == (0, space.layers)


def test_indices_are_a_bijection() -> None:
    # The last six cells of the extractor, exhaustively: 6 * 7^4 indices from a multiple on.
    space = SPACES["extractor"]
    block = np.arange(5 * 6 * 7**4, 6 * 6 * 7**4)
    rows = space.unrank(block)
    assert len(np.unique(rows, axis=0)) == len(block)
    assert (space.rank(rows) == block).all()


@pytest.mark.parametrize(
    ("text", "part", "problem"),
    [
        ("", "extractor", "has 0 characters, expected 28"),
        ("k4-1111-1111-1111-1111-11111", "extractor", "'k4' at character 1, expected one of k3"),
        ("k3-0111-1111-1111-1111-11111", "extractor", "'-0' at character 3"),
        ("k3-1711-1111-1111-1111-11111", "extractor", "'7' at character 5"),
        ("k3-111١-1111-1111-1111-11111", "extractor", "at character 7"),
        ("K3-1111-1111-1111-1111-11111", "extractor", "'K3' at character 1"),
        ("k3-1111-1111-1111-1111-11111", "both", "has 28 characters, expected 46"),
        ("r3-11-11-11-11-11", "extractor", "has 17 characters"),
        ("9" * 5000, "both", r"5000 characters\) is out of range"),
        ("-1", "extractor", "out of range"),
        ("x" * 10**6, "extractor", "1000000 characters, expected"),
    ],
)
def test_hostile_text_is_refused_in_one_line(text: str, part: str, problem: str) -> None:
    with pytest.raises(SpaceError, match=problem) as caught:
        SPACES[part].parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_a_text_is_refused_or_is_the_only_one(text: str) -> None:
    space = SPACES["extractor"]
    try:
        found = space.parse(text)
    except SpaceError:
        return
    assert text.strip() == found.text or int(text) == found.index


@pytest.mark.parametrize(
    "row", [[7, 0, *[1] * 20], [6, *[1] * 21], [7, 1, 7, *[1] * 19], [7, 1, -1, *[1] * 19]]
)
def test_operations_of_another_kind_of_cell_are_illegal(row: list[int]) -> None:
    space = SPACES["extractor"]
    assert not space.is_valid([row])[0]
    for call in (space.macs, space.rank, space.texts):
        with pytest.raises(SpaceError, match="has operation"):
            call([row])


def test_counts_under_a_limit_by_brute_force(small: STRNASSpace) -> None:
    macs = np.sort(small.macs(every(small)))
    for limit in (0, int(macs[0]) - 1, int(macs[0]), int(macs[500]), int(macs[-1]) - 1, 10**15):
        assert small.count(limit) == (macs <= limit).sum()
    edges, counts = small.mac_histogram(7)
    assert counts.sum() == small.size
    assert counts[2] == ((macs > edges[2]) & (macs <= edges[3])).sum()


def test_counting_along_the_whole_chain() -> None:
    for space in SPACES.values():
        assert space.count(space.max_macs()) == space.size
        assert space.count(space.max_macs() - 1) == space.size - 1
        assert space.count(space.min_macs()) == 1
        assert space.count(space.min_macs() - 1) == 0


def test_counts_too_large_for_int64_agree_with_a_convolution() -> None:
    """Of both parts together: the sum over the rectifier's costs of the extractor's counts."""
    both, extractor, rectifier = (SPACES[part] for part in ("both", "extractor", "rectifier"))
    limit = 400_000_000
    of_rectifier, fixed = rectifier.mac_counts, rectifier.stem_macs
    below = [of_rectifier.count(fixed + cost) for cost in range(0, limit, of_rectifier.unit)]
    total = 0
    for cost, count in zip(
        range(0, limit, of_rectifier.unit), np.diff([0, *below]).tolist(), strict=True
    ):
        if count:
            total += count * extractor.count(limit - cost)
    assert both.count(limit) == total > 2**63


@ANY
def test_samples_keep_the_limit(part: str) -> None:
    space = SPACES[part]
    limit = (space.min_macs() + space.max_macs()) // 2
    rows = space.sample(500, np.random.default_rng(1), limit)
    assert space.is_valid(rows).all()
    assert space.macs(rows).max() <= limit
    assert len(np.unique(rows, axis=0)) > 490
    with pytest.raises(SpaceError, match="the smallest has"):
        space.sample(1, np.random.default_rng(1), space.min_macs() - 1)


@pytest.mark.parametrize("capped", [False, True])
def test_samples_are_uniform(small: STRNASSpace, capped: bool) -> None:
    rows = every(small)
    limit = int(np.median(small.macs(rows))) if capped else None
    legal = rows if limit is None else rows[small.macs(rows) <= limit]
    places = {row.tobytes(): place % 50 for place, row in enumerate(legal)}
    drawn = small.sample(20_000, np.random.default_rng(3), limit)
    found = np.bincount([places[row.tobytes()] for row in drawn], minlength=50)
    expected = np.bincount(np.arange(len(legal)) % 50) / len(legal) * len(drawn)
    assert chisquare(found, expected).pvalue > 1e-3


@ANY
def test_moves_change_one_cell(part: str) -> None:
    space, rng = SPACES[part], np.random.default_rng(4)
    rows = space.sample(300, rng)
    around = space.neighbours(rows[0])
    assert len(around) == sum(len(cell.candidates) - 1 for cell in space.cells)
    assert len(np.unique(around, axis=0)) == len(around)
    assert ((around != rows[0]).sum(axis=1) == 1).all()
    assert space.is_valid(around).all()
    moved = space.mutate(rows, rng)
    assert ((moved != rows).sum(axis=1) == 1).all()
    twice = space.mutate(np.repeat(rows, 20, axis=0), rng, 2)
    assert set((twice != np.repeat(rows, 20, axis=0)).sum(axis=1).tolist()) <= {1, 2}
    assert space.is_valid(twice).all()
    child = space.crossover(rows, rows[::-1], rng)
    assert ((child == rows) | (child == rows[::-1])).all()


def test_mutation_is_uniform_over_the_neighbourhood(small: STRNASSpace) -> None:
    row = small.sample(1, np.random.default_rng(5))
    around = [near.tobytes() for near in small.neighbours(row[0])]
    moved = small.mutate(np.repeat(row, 20_000, axis=0), np.random.default_rng(6))
    found = np.bincount([around.index(one.tobytes()) for one in moved], minlength=len(around))
    assert chisquare(found).pvalue > 1e-3


def test_costs_add_up_over_the_path_graph() -> None:
    for space in SPACES.values():
        graph, rows = space.path_graph(), space.sample(20, np.random.default_rng(7))
        layers = np.arange(space.layers)
        assert (graph.fixed_macs + graph.edge_macs[layers, rows].sum(1) == space.macs(rows)).all()
        assert (graph.fixed_params + graph.edge_params[layers, rows].sum(1)).tolist() == (
            space.params(rows).tolist()
        )
        assert space.max_macs() == graph.fixed_macs + graph.edge_macs.max(axis=1).sum()


def test_settings_rebuild_it_and_unknown_parts_are_refused() -> None:
    for space in SPACES.values():
        again = load_space("strnas", **space.settings())
        assert again.size == space.size
        assert again.max_macs() == space.max_macs()
    with pytest.raises(SpaceError, match="unknown part 'rectifer', did you mean 'rectifier'"):
        STRNASSpace(part="rectifer")
    with pytest.raises(SpaceError, match="given 4 widths, expected 5"):
        STRNASSpace(widths=(1, 2, 3, 4))


def test_the_size_is_a_product() -> None:
    for space in SPACES.values():
        assert math.prod(space.named_encoding("per-layer").cardinalities) == space.size


def test_unranking_under_a_limit_is_a_bijection(small: STRNASSpace) -> None:
    rows = every(small)
    limit = int(np.median(small.macs(rows)))
    found = small.mac_counts.unrank(np.arange(small.count(limit)), limit)
    assert np.array_equal(np.unique(found, axis=0), rows[small.macs(rows) <= limit])


@pytest.mark.parametrize("bound", [3, 2**63 - 1, 2**63 + 1, 3 * 2**70, 5**60])
def test_large_integers_are_uniform(bound: int) -> None:
    drawn = uniform_integers(np.random.default_rng(8), bound, 6_000).tolist()
    assert 0 <= min(drawn) <= max(drawn) < bound
    # Thirds, of the highest digits and, where there are many, of the lowest.
    assert chisquare(np.bincount([3 * one // bound for one in drawn])).pvalue > 1e-3
    if bound > 3:
        assert chisquare(np.bincount([one % 3 for one in drawn])).pvalue > 1e-3
