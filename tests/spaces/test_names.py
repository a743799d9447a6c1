"""Text forms, indices, paths, and what is said about wrong ones."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spaces.autostr import AutoSTRSpace
from spaces.base import Architecture
from spaces.errors import InputError, SpaceError

SPACE = AutoSTRSpace()
SIZE = 30030 * 7**15
PUBLISHED = "A..B..A..B..B..-555555545514466"
indices = st.one_of(
    st.integers(0, SIZE - 1),
    st.sampled_from([0, 1, 6, 7, 7**5 - 1, 7**5, 7**15 - 1, 7**15, SIZE - 1]),
)


@given(st.lists(indices, min_size=1, max_size=20))
def test_index_and_text_are_bijections(wanted: list[int]) -> None:
    encodings = SPACE.unrank(np.array(wanted))
    assert SPACE.is_valid(encodings).all()
    assert SPACE.rank(encodings).tolist() == wanted
    for index, text in zip(wanted, SPACE.texts(encodings), strict=True):
        found = SPACE.parse(text)
        assert found == SPACE.parse(str(index))
        assert (found.text, found.index) == (text, index)


def test_every_index_of_a_small_space(small_space: AutoSTRSpace) -> None:
    every = np.arange(small_space.size)
    encodings = small_space.unrank(every)
    assert (small_space.rank(encodings) == every).all()
    assert len(np.unique(encodings, axis=0)) == 20 * 7**5


def test_order_of_the_indices(space: AutoSTRSpace) -> None:
    texts = space.texts(space.unrank([0, 1, 7**14, 7**15, SIZE - 1]))
    assert texts == [
        "..........AABBB-000000000000000",
        "..........AABBB-000000000000001",
        "..........AABBB-100000000000000",
        "..........ABABB-000000000000000",
        "BBBAA..........-666666666666666",
    ]
    paths = [tuple(row) for row in space.paths.codes.tolist()]
    assert paths == sorted(paths)
    assert len(set(paths)) == 30030


def test_published_architecture(space: AutoSTRSpace) -> None:
    found = space.parse(PUBLISHED)
    assert found.text == str(found) == PUBLISHED
    assert found.encoding[:4] == (1, 0, 0, 2)
    assert found.encoding[15:] == (5, 5, 5, 5, 5, 5, 5, 4, 5, 5, 1, 4, 4, 6, 6)
    assert space.parse("ABABB-555555545514466") == found
    assert space.parse(f"  {found.index}\n") == found
    assert space.architecture(found.encoding) == found


def test_typical_paths_in_the_papers_order(space: AutoSTRSpace) -> None:
    paths = space.typical_paths()
    names = ["AABBB", "ABABB", "ABBAB", "ABBBA", "BAABB"]
    names += ["BABAB", "BABBA", "BBAAB", "BBABA", "BBBAA"]
    assert paths.shape == (10, 15)
    assert [space.path_text(path) for path in paths] == ["..".join(name) + ".." for name in names]
    for name, path in zip(names, paths, strict=True):
        assert (space.parse_path(name) == path).all()
        assert (space.parse_path(space.path_text(path)) == path).all()


def test_populations_and_architectures(space: AutoSTRSpace, rng: np.random.Generator) -> None:
    encodings = space.sample(5, rng)
    found = space.architectures(encodings)
    assert (space.encode(found) == encodings).all()
    assert [a.text for a in found] == space.texts(encodings)
    assert len({*found, *found}) == 5
    assert space.encode([]).shape == (0, 30)
    assert space.architectures(space.encode([])) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' has 0 dashes, expected one: PATH-OPERATIONS, for example A..A.."),
        ("ABABB", "has 0 dashes"),
        ("ABABB-5555-55", "has 2 dashes"),
        ("A..B..A..B..B.-555555545514466", "has 14 characters, expected 15"),
        ("ABABB-55555555555555", "have 14 digits, expected 15"),
        ("A..B..C..B..B..-555555545514466", "has 'C' at place 7, expected '.', 'A' or 'B'"),
        ("ababb-555555555555555", "has 'a' at place 1"),
        ("ABABB-555555755555555", "have '7' at layer 7, expected a digit from 0 to 6"),
        ("ABABB-55555555555555\u0665", "at layer 15, expected a digit"),
        ("AAABB-555555555555555", "has 3 A and 2 B, expected exactly 2 A and 3 B"),
        ("A..B..A..B.....-555555555555555", "has 2 A and 2 B, expected exactly 2 A and 3 B"),
        (str(SIZE), f"index {SIZE} is out of range, expected 0 to {SIZE - 1}"),
        ("-1", "index -1 is out of range"),
        ("9" * 6000, "(6000 characters) is out of range"),
    ],
)
def test_wrong_texts(space: AutoSTRSpace, text: str, message: str) -> None:
    with pytest.raises(SpaceError) as error:
        space.parse(text)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@given(st.text(alphabet=".AB-0123456789 x", max_size=34))
def test_any_text_is_read_or_refused_with_an_input_error(text: str) -> None:
    try:
        found = SPACE.parse(text)
    except InputError:
        return
    assert SPACE.parse(found.text) == found


def test_strict_refuses_a_skip_on_a_downsampling_layer(strict_space: AutoSTRSpace) -> None:
    text = "A..B..A..B..B..-555555645514466"
    message = r"has skip \(6\) at downsampling layer 7"
    with pytest.raises(SpaceError, match=message):
        strict_space.parse(text)
    # The index is the same in both spaces, and just as illegal.
    with pytest.raises(SpaceError, match=message):
        strict_space.parse(str(SPACE.parse(text).index))
    assert strict_space.parse(PUBLISHED) == SPACE.parse(PUBLISHED)
    with pytest.raises(SpaceError, match=message):
        strict_space.neighbours(SPACE.parse(text).encoding)


def test_validity(space: AutoSTRSpace, strict_space: AutoSTRSpace) -> None:
    good = space.parse(PUBLISHED).encoding
    strided_skip = good[:15] + (6,) + good[16:]
    bad = [
        (3,) + good[1:],
        (-1,) + good[1:],
        (2,) + good[1:],
        good[:2] + (2,) + good[3:],
        good[:-1] + (8,),
        good[:-1] + (-1,),
        good[:-1] + (256 + 6,),
    ]
    rows = [good, strided_skip, *bad]
    assert space.is_valid(rows).tolist() == [True, True] + [False] * len(bad)
    assert strict_space.is_valid(rows).tolist() == [True, False] + [False] * len(bad)
    # A default operation is no member either, but has a price.
    default = good[:-1] + (7,)
    assert not space.is_valid([default])[0]
    assert space.macs([default])[0] > 0
    for use in (space.rank, space.texts, space.architectures):
        with pytest.raises(SpaceError, match="row 1 of the encodings is"):
            use([good, default])
    for row in bad:
        for use in (space.rank, space.macs, space.texts, space.architectures):
            with pytest.raises(SpaceError, match="row 1 of the encodings is"):
                use([good, row])


@pytest.mark.parametrize(
    ("encodings", "message"),
    [
        (np.zeros(30, np.int8), r"shape \(30,\), expected \(N, 30\)"),
        (np.zeros((2, 29), np.int8), r"shape \(2, 29\), expected \(N, 30\)"),
        (np.zeros((2, 30)), "type float64, expected integers"),
    ],
)
def test_wrong_arrays(space: AutoSTRSpace, encodings: np.ndarray, message: str) -> None:
    for use in (space.rank, space.macs, space.is_valid, space.texts):
        with pytest.raises(SpaceError, match=message):
            use(encodings)


def test_wrong_indices_and_paths(space: AutoSTRSpace) -> None:
    with pytest.raises(SpaceError, match="index -5 is out of range"):
        space.unrank([3, -5])
    with pytest.raises(SpaceError, match=f"index {SIZE} is out of range"):
        space.unrank([SIZE])
    with pytest.raises(SpaceError, match=r"shape \(\)"):
        space.unrank(5)
    with pytest.raises(SpaceError, match=r"path has shape \(5,\)"):
        space.path_text([1, 2, 1, 2, 2])
    with pytest.raises(SpaceError, match="is illegal"):
        space.operation_macs([1] * 15)


def test_architecture_checks_itself() -> None:
    for bad in (("", 0, (1,)), ("x", -1, (1,)), ("x", 0, ())):
        with pytest.raises(SpaceError):
            Architecture(*bad)


def test_architectures_of_another_space_are_refused(small_space: AutoSTRSpace) -> None:
    with pytest.raises(SpaceError, match="has 30 columns, the space autostr 10"):
        small_space.encode([SPACE.parse(PUBLISHED)])


def test_operation_allowed(space: AutoSTRSpace, strict_space: AutoSTRSpace) -> None:
    path = space.parse_path("ABABB")
    assert space.operation_allowed(path).all()
    forbidden = np.argwhere(~strict_space.operation_allowed(path)).tolist()
    assert forbidden == [[layer, 6] for layer in (0, 3, 6, 9, 12)]


def test_small_paths_by_brute_force(small_space: AutoSTRSpace) -> None:
    every = [p for p in itertools.product(range(3), repeat=5) if (p.count(1), p.count(2)) == (1, 1)]
    assert small_space.paths.codes.tolist() == [list(path) for path in every]
    assert small_space.count_paths() == len(every) == 20
    all_codes = np.array(list(itertools.product(range(3), repeat=5)), np.int8)
    ranks = small_space.paths.rank(all_codes)
    assert (ranks >= 0).sum() == 20
    assert ((ranks >= 0) == small_space.paths.is_valid(all_codes)).all()
