"""The views for black-box searchers: total, deterministic, faithful."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spaces.autostr import AutoSTRSpace
from spaces.autostr.encodings import ENCODINGS
from spaces.errors import SpaceError

SPACES = {strict: AutoSTRSpace(strict=strict) for strict in (False, True)}
names = st.sampled_from(sorted(ENCODINGS))
seeds = st.integers(0, 2**32 - 1)


@given(names, st.booleans(), seeds)
@settings(max_examples=30)
def test_every_point_is_a_legal_architecture(name: str, strict: bool, seed: int) -> None:
    space = SPACES[strict]
    view = space.named_encoding(name)
    sizes = np.array(view.cardinalities)
    points = np.random.default_rng(seed).integers(0, sizes, (50, len(sizes)))
    encodings, repaired = view.decode(points)
    assert space.is_valid(encodings).all()
    assert encodings.dtype == np.int8
    assert (view.decode(points)[0] == encodings).all()
    # What was not repaired keeps its operations as they were given.
    assert (encodings[~repaired, 15:] == points[~repaired, -15:]).all()


@given(names, st.booleans(), seeds)
@settings(max_examples=30)
def test_every_architecture_is_a_point(name: str, strict: bool, seed: int) -> None:
    space = SPACES[strict]
    view = space.named_encoding(name)
    encodings = space.sample(50, np.random.default_rng(seed))
    points = view.encode(encodings)
    assert ((points >= 0) & (points < np.array(view.cardinalities))).all()
    decoded, repaired = view.decode(points)
    assert (decoded == encodings).all()
    assert not repaired.any()


def test_cardinalities(space: AutoSTRSpace) -> None:
    operations = (7,) * 15
    expected = {
        "path-index": (30030,),
        "positions": (15,) * 5 + (10,),
        "per-layer": (3,) * 15,
    }
    assert space.encoding_names == tuple(expected)
    for name, path in expected.items():
        assert space.named_encoding(name).name == name
        assert space.named_encoding(name).cardinalities == path + operations


def decoded_path(space: AutoSTRSpace, name: str, path: list[int]) -> tuple[str, bool]:
    encodings, repaired = space.named_encoding(name).decode([path + [0] * 15])
    return space.path_text(encodings[0, :15]), bool(repaired[0])


def test_positions_in_any_order_and_repeated(space: AutoSTRSpace) -> None:
    for places in ([0, 3, 6, 9, 12], [12, 9, 0, 3, 6]):
        assert decoded_path(space, "positions", [*places, 1]) == ("A..B..A..B..B..", False)
    # The second 3 moves on to 4; the second 14 to 0, which is the first free layer after it.
    found = decoded_path(space, "positions", [3, 3, 14, 14, 7, 0])
    assert found == ("A..AB..B......B", True)


@pytest.mark.parametrize(
    ("given", "found", "repaired"),
    [
        ("A..B..A..B..B..", "A..B..A..B..B..", False),
        # Four A: two stay, evenly spread; the first of the others becomes the missing B.
        ("A.A.A.A.B.B....", "A.B.A...B.B....", True),
        ("...............", "", True),
        ("AAAAAAAAAAAAAAA", "", True),
        ("BBBBBBBBBBBBBBB", "", True),
        ("BBBAABBBBBBBBBB", "", True),
    ],
)
def test_per_layer_repair(space: AutoSTRSpace, given: str, found: str, repaired: bool) -> None:
    codes = [".AB".index(letter) for letter in given]
    path, mended = decoded_path(space, "per-layer", codes)
    assert mended == repaired
    assert (path.count("A"), path.count("B")) == (2, 3)
    wanted = {".": 10, "A": 2, "B": 3}
    fewest = sum(max(0, given.count(letter) - n) for letter, n in wanted.items())
    assert sum(x != y for x, y in zip(given, path, strict=True)) == fewest
    if found:
        assert path == found


def downsampling_by_layer(space: AutoSTRSpace, name: str) -> np.ndarray:
    """How often each layer (15,) downsamples in what uniform points mean."""
    rng = np.random.default_rng(3)
    view = space.named_encoding(name)
    encodings, _ = view.decode(
        rng.integers(0, view.cardinalities, (20_000, len(view.cardinalities)))
    )
    return (encodings[:, :15] != 0).mean(axis=0)


def test_per_layer_repair_favours_what_it_says(space: AutoSTRSpace) -> None:
    by_layer = downsampling_by_layer(space, "per-layer")
    for layer, share in {1: 0.36, 2: 0.41, 3: 0.41, 8: 0.30, 9: 0.30, 15: 0.19}.items():
        assert by_layer[layer - 1] == pytest.approx(share, abs=0.015)
    assert by_layer.argmin() == 14


@pytest.mark.parametrize("name", ["positions", "path-index"])
def test_the_other_views_favour_no_layer(space: AutoSTRSpace, name: str) -> None:
    np.testing.assert_allclose(downsampling_by_layer(space, name), 1 / 3, atol=0.015)


def test_strict_repairs_skips_on_downsampling_layers(
    space: AutoSTRSpace, strict_space: AutoSTRSpace
) -> None:
    point = [1, 0, 0, 2, 0, 0, 1, 0, 0, 2, 0, 0, 2, 0, 0] + [6] * 15
    free, free_repaired = space.named_encoding("per-layer").decode([point])
    strict, strict_repaired = strict_space.named_encoding("per-layer").decode([point])
    assert space.texts(free) == ["A..B..A..B..B..-666666666666666"]
    assert strict_space.texts(strict) == ["A..B..A..B..B..-066066066066066"]
    assert (free_repaired.tolist(), strict_repaired.tolist()) == ([False], [True])


def test_small_spaces_have_the_views_too(small_space: AutoSTRSpace) -> None:
    every = small_space.unrank(np.arange(0, small_space.size, 97))
    every = every[small_space.is_valid(every)]
    for name in small_space.encoding_names:
        view = small_space.named_encoding(name)
        assert (view.decode(view.encode(every))[0] == every).all()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (np.zeros((1, 15), int), r"shape \(1, 15\), expected \(N, 16\) for path-index"),
        (np.zeros(16, int), r"shape \(16,\)"),
        (np.zeros((1, 16)), "type float64"),
        (np.array([[30030] + [0] * 15]), "row 0 has 30030 as choice 0, expected 0 to 30029"),
        (np.array([[0] * 15 + [-1]]), "row 0 has -1 as choice 15, expected 0 to 6"),
    ],
)
def test_wrong_points(space: AutoSTRSpace, points: np.ndarray, message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        space.named_encoding("path-index").decode(points)


def test_wrong_encodings_and_names(space: AutoSTRSpace) -> None:
    view = space.named_encoding("positions")
    with pytest.raises(SpaceError, match="hold an illegal path"):
        view.encode(np.zeros((1, 30), int))
    good = space.sample(1, np.random.default_rng(0))
    good[0, -1] = 7
    with pytest.raises(SpaceError, match="row 0 has 7 as choice 20, expected 0 to 6"):
        view.encode(good)
    with pytest.raises(SpaceError, match=r"shape \(30,\)"):
        view.encode(np.zeros(30, int))
    with pytest.raises(SpaceError, match="did you mean 'positions'"):
        space.named_encoding("position")
