"""Costs: the published numbers, and a slow layer-by-layer oracle."""

from __future__ import annotations

import numpy as np
import pytest

from spaces.autostr import CostTables
from spaces.autostr.space import AutoSTRSpace
from spaces.errors import SpaceError

KERNEL = (3, 3, 3, 5, 5, 5)
EXPANSION = (1, 3, 6, 1, 3, 6)


def slow_cost(space: AutoSTRSpace, text: str) -> tuple[int, int]:
    """Price a text form by listing every convolution: in, out, kernel, groups, output pixels."""
    costs = space.costs
    path, operations = text.split("-")
    height, width, channels, stage = costs.height, costs.width, costs.stem_width, 0
    convolutions = [(3, channels, 3, 1, height * width)]
    for letter, digit in zip(path, operations, strict=True):
        before = height * width
        out, same = channels, letter == "."
        if letter in "AB":
            stage += 1
            out = costs.widths[stage - 1]
            height = (height + 1) // 2
            width = (width + 1) // 2 if letter == "A" else width
        after = height * width
        if digit == "6":
            if not same:
                convolutions.append((channels, out, 1, 1, after))
        else:
            hidden = channels * EXPANSION[int(digit)]
            if EXPANSION[int(digit)] > 1:
                convolutions.append((channels, hidden, 1, 1, before))
            convolutions.append((hidden, hidden, KERNEL[int(digit)], hidden, after))
            convolutions.append((hidden, out, 1, 1, after))
        channels = out
    macs = params = 0
    for c_in, c_out, kernel, groups, pixels in convolutions:
        weights = c_in // groups * c_out * kernel * kernel
        macs += weights * pixels
        params += weights + 2 * c_out
    return macs, params


@pytest.mark.parametrize(
    ("text", "macs", "params"),
    [
        ("A..B..A..B..B..-555555545514466", 246_739_200, 2_364_128),
        ("ABABB-555555555555555", 480_652_800, 10_400_608),
    ],
)
def test_published_architectures(space: AutoSTRSpace, text: str, macs: int, params: int) -> None:
    encodings = space.encode([space.parse(text)])
    assert space.macs(encodings).tolist() == [macs]
    assert space.params(encodings).tolist() == [params]


def test_expected_macs_of_uniform_operations(strict_space: AutoSTRSpace) -> None:
    """The authors' code starts at 222.46 M on ABABB, with 6 operations where it downsamples."""
    path = strict_space.parse_path("ABABB")
    allowed = strict_space.operation_allowed(path)
    table = np.where(allowed, strict_space.operation_macs(path), 0)
    expected = strict_space.stem_macs + (table.sum(axis=1) / allowed.sum(axis=1)).sum()
    assert expected / 1e6 == pytest.approx(222.46, abs=0.005)


def test_prices_equal_the_slow_oracle(space: AutoSTRSpace, small_space: AutoSTRSpace) -> None:
    rng = np.random.default_rng(0)
    for any_space in (space, small_space):
        encodings = any_space.sample(200, rng)
        slow = [slow_cost(any_space, text) for text in any_space.texts(encodings)]
        macs, params = any_space.price(encodings)
        assert list(zip(macs.tolist(), params.tolist(), strict=True)) == slow


def test_operation_macs_sum_to_the_macs(space: AutoSTRSpace, rng: np.random.Generator) -> None:
    for row in space.sample(20, rng):
        table = space.operation_macs(row[:15])
        assert table.shape == (15, 7)
        total = space.stem_macs + table[np.arange(15), row[15:]].sum()
        assert total == space.macs(row[None])[0]


def test_more_rows_than_a_block(space: AutoSTRSpace, rng: np.random.Generator) -> None:
    encodings = space.sample(20_001, rng)
    macs, params = space.price(encodings)
    for row in (0, 8191, 8192, 20_000):
        assert space.macs(encodings[row : row + 1])[0] == macs[row]
        assert space.params(encodings[row : row + 1])[0] == params[row]


def test_narrow_network_priced_with_other_tables(
    space: AutoSTRSpace, rng: np.random.Generator
) -> None:
    narrow = CostTables.build(stem_width=8, widths=(8, 16, 24, 32, 48))
    encodings = space.sample(50, rng)
    own = AutoSTRSpace(stem_width=8, widths=(8, 16, 24, 32, 48))
    assert own.costs == narrow
    assert (space.macs(encodings, narrow) == own.macs(encodings)).all()
    assert (space.macs(encodings, narrow) < space.macs(encodings)).all()
    path = encodings[0, :15]
    assert (space.operation_macs(path, narrow) == own.operation_macs(path)).all()


def test_shapes_along_the_mesh(space: AutoSTRSpace) -> None:
    assert space.output_shape == (512, 1, 25)
    assert space.costs.shape(0, 0) == (32, 32, 100)
    assert space.costs.shape(1, 1) == (64, 8, 50)
    states = space.path_states(space.parse_path("ABABB"))
    assert states[0].tolist() == [0, 0]
    assert states[7].tolist() == [2, 1]
    assert states[-1].tolist() == [2, 3]


def test_tables_cannot_be_changed(space: AutoSTRSpace) -> None:
    with pytest.raises(ValueError, match="read-only"):
        space.costs.macs[0, 0, 0, 0] = 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"widths": (32, 64)}, "given 2 widths, expected 5"),
        ({"widths": (32, 64, 0, 256, 512)}, "all must be 1 or more"),
        ({"downsampling_a": 0, "downsampling_b": 0, "widths": ()}, "at least one downsampling"),
    ],
)
def test_impossible_sizes(options: dict[str, object], message: str) -> None:
    with pytest.raises(SpaceError, match=message):
        CostTables.build(**options)  # type: ignore[arg-type]


def test_tables_of_another_mesh_are_refused(
    space: AutoSTRSpace, small_space: AutoSTRSpace, rng: np.random.Generator
) -> None:
    encodings = space.sample(1, rng)
    with pytest.raises(SpaceError, match="for 1 A and 1 B, expected 2 and 3"):
        space.macs(encodings, small_space.costs)
    with pytest.raises(SpaceError, match="for 1 A and 1 B, expected 2 and 3"):
        space.operation_macs(encodings[0, :15], small_space.costs)
