"""The default operation of step 1: priced and named by the space, but no member of it."""

from __future__ import annotations

import numpy as np
import pytest

from spaces import Architecture, SpaceError, load_space
from spaces.autostr import OPERATIONS, CostTables
from spaces.autostr.costs import operation_cost
from spaces.autostr.operations import DEFAULT_LETTERS, DEFAULT_OPERATIONS
from spaces.autostr.space import AutoSTRSpace

SPACE = load_space("autostr")
RESIDUAL = len(OPERATIONS)


def small() -> AutoSTRSpace:
    return AutoSTRSpace(layers=4, downsampling_a=1, downsampling_b=1, stem_width=4)


def test_every_default_operation_has_a_letter_and_no_digit() -> None:
    assert len(DEFAULT_LETTERS) == len(DEFAULT_OPERATIONS) == len(set(DEFAULT_LETTERS))
    assert DEFAULT_LETTERS.isalpha()
    names = {operation.name for operation in (*OPERATIONS, *DEFAULT_OPERATIONS)}
    assert len(names) == len(OPERATIONS) + len(DEFAULT_OPERATIONS)


def test_the_residual_architecture_lies_outside_the_space() -> None:
    found = SPACE.uniform_architecture(SPACE.parse_path("ABABB"), "residual")
    assert found.text == "A..B..A..B..B..-rrrrrrrrrrrrrrr"
    assert found.encoding[15:] == (RESIDUAL,) * 15
    assert found.index >= SPACE.size
    row = SPACE.encode([found])
    assert row.shape == (1, 30)
    assert not SPACE.is_valid(row)[0]
    with pytest.raises(SpaceError, match="default operation, which is no member of the space"):
        SPACE.parse(found.text)
    with pytest.raises(SpaceError, match="out of range"):
        SPACE.parse(str(found.index))
    with pytest.raises(SpaceError, match="operations 0 to 6"):
        SPACE.texts(row)
    with pytest.raises(SpaceError, match="operations 0 to 6"):
        SPACE.rank(row)


def test_each_path_has_an_index_and_text_of_its_own() -> None:
    space = small()
    found = [space.uniform_architecture(path, "residual") for path in space.paths.codes]
    assert min(each.index for each in found) >= space.size
    assert len({each.index for each in found}) == space.count_paths()
    assert len({each.text for each in found}) == space.count_paths()


@pytest.mark.parametrize("code", range(len(OPERATIONS)))
def test_a_uniform_architecture_of_a_candidate_is_a_member(code: int) -> None:
    path = SPACE.parse_path("BABAB")
    found = SPACE.uniform_architecture(path, OPERATIONS[code].name)
    assert found == SPACE.parse(f"BABAB-{str(code) * 15}")
    assert isinstance(found, Architecture)


def test_what_the_space_forbids_or_does_not_know_is_refused() -> None:
    strict = load_space("autostr", strict=True)
    path = strict.parse_path("ABABB")
    with pytest.raises(SpaceError, match=r"skip is not allowed on every layer of path A\.\.B"):
        strict.uniform_architecture(path, "skip")
    assert strict.uniform_architecture(path, "residual").index >= strict.size
    with pytest.raises(SpaceError, match="unknown operation 'residul', did you mean 'residual'"):
        SPACE.uniform_architecture(path, "residul")
    with pytest.raises(SpaceError, match="path"):
        SPACE.uniform_architecture(path[:3], "residual")


def test_aster_is_made_of_these_units() -> None:
    """ASTER's ResNet: 3, 4, 6, 6, 3 units; 12,994,784 parameters and 552,448,000 MACs in all."""
    residual = DEFAULT_OPERATIONS[0]
    stem = 3 * 3 * 3 * 32
    macs, params = stem * 32 * 100, stem + 2 * 32
    before = (32, 32, 100)
    for stage, (units, width) in enumerate(
        zip((3, 4, 6, 6, 3), (32, 64, 128, 256, 512), strict=True)
    ):
        _, height, columns = before
        after = (width, height // 2, columns // 2 if stage < 2 else columns)
        for _ in range(units):
            unit_macs, unit_params = operation_cost(residual, before, after)
            macs, params, before = macs + unit_macs, params + unit_params, after
    assert (macs, params) == (552_448_000, 12_994_784)


def test_prices_are_those_of_the_units_along_the_path() -> None:
    path = SPACE.parse_path("ABABB")
    row = SPACE.encode([SPACE.uniform_architecture(path, "residual")])
    assert isinstance(SPACE, AutoSTRSpace)
    costs, a, b = SPACE.costs, 0, 0
    macs, params = costs.stem_macs, costs.stem_params
    for stride in path.tolist():
        after = costs.shape(a + (stride == 1), b + (stride == 2))
        unit = operation_cost(DEFAULT_OPERATIONS[0], costs.shape(a, b), after)
        macs, params = macs + unit[0], params + unit[1]
        a, b = a + (stride == 1), b + (stride == 2)
    assert (SPACE.macs(row)[0], SPACE.params(row)[0]) == (macs, params)
    # Rows of candidates and of the default operation are priced side by side.
    member = SPACE.encode([SPACE.parse("ABABB-555555555555555")])
    both = SPACE.params(np.concatenate([member, row]))
    assert both.tolist() == [10_400_608, params]


def test_the_candidates_tables_do_not_see_it() -> None:
    tables = CostTables.build()
    assert tables.macs.shape[-1] == tables.params.shape[-1] == len(OPERATIONS)
    assert tables.default_macs.shape[-1] == len(DEFAULT_OPERATIONS)
    path = SPACE.parse_path("ABABB")
    assert SPACE.operation_macs(path).shape == SPACE.operation_allowed(path).shape == (15, 7)
    assert "residual" not in SPACE.operations
    for operations in ([8] * 15, [7] * 14 + [8], [0] * 14 + [-1]):
        with pytest.raises(SpaceError, match="row 0 of the encodings is"):
            SPACE.macs(np.array([[*path.tolist(), *operations]]))
    with pytest.raises(SpaceError, match="row 1 of the encodings is"):
        SPACE.macs(np.array([[*path.tolist(), *[7] * 15], [*[0] * 15, *[7] * 15]]))


def test_mixed_architectures_are_named_priced_and_read_back() -> None:
    path = SPACE.parse_path("ABABB")
    rng = np.random.default_rng(0)
    operations = rng.integers(0, RESIDUAL + 1, (50, 15))
    operations[0], operations[1] = RESIDUAL, 5
    rows = np.hstack([np.tile(path, (50, 1)), operations]).astype(np.int8)
    found = SPACE.mixed_architectures(rows)
    assert found[0] == SPACE.uniform_architecture(path, "residual")
    assert found[1] == SPACE.parse("ABABB-555555555555555")
    mixed = (operations == RESIDUAL).any(axis=1)
    assert [each.index >= SPACE.size for each in found] == mixed.tolist()
    assert len({each.index for each in found}) == len({each.text for each in found}) == 50
    assert (SPACE.encode(found) == rows).all()
    for each in found:
        assert SPACE.parse_mixed(each.text) == each
    # Layer by layer, what a mixed one costs is what its operations cost elsewhere on that path.
    ends = [SPACE.encode([SPACE.uniform_architecture(path, name)]) for name in ("k5e6", "residual")]
    half = ends[0].copy()
    half[0, 22:] = ends[1][0, 22:]
    other = ends[1].copy()
    other[0, 22:] = ends[0][0, 22:]
    for price in (SPACE.macs, SPACE.params):
        assert price(half)[0] + price(other)[0] == price(ends[0])[0] + price(ends[1])[0]


def test_a_mixed_text_is_no_member_and_a_bad_one_is_refused() -> None:
    with pytest.raises(SpaceError, match="default operation, which is no member of the space"):
        SPACE.parse("ABABB-r55555555555555")
    with pytest.raises(SpaceError, match="have 'x' at layer 2"):
        SPACE.parse_mixed("ABABB-rx5555555555555")
    with pytest.raises(SpaceError, match="expected 15"):
        SPACE.parse_mixed("ABABB-r5")
    strnas = load_space("strnas")
    one = strnas.architectures(strnas.sample(1, np.random.default_rng(0)))[0]
    assert strnas.parse_mixed(one.text) == one
    assert strnas.mixed_architectures(strnas.encode([one])) == [one]
