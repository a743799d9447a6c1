"""Counts and samples: the facts of the full space, brute force on a small one."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chisquare

from spaces.autostr import AutoSTRSpace
from spaces.autostr.stored_counts import FILE
from spaces.errors import SpaceError


def test_counts_of_the_full_space(space: AutoSTRSpace) -> None:
    assert space.count_paths() == 30030
    assert space.count() == space.size == 142_569_272_143_588_290
    assert space.count(450_000_000) == 134_600_762_208_985_495
    assert space.count(space.max_macs()) == space.count(10**30) == space.size
    assert space.count(space.min_macs() - 1) == space.count(0) == space.count(-(10**30)) == 0


def test_counts_of_the_strict_space(strict_space: AutoSTRSpace) -> None:
    assert strict_space.count() == 30030 * 6**5 * 7**10
    assert strict_space.count(450_000_000) == 61_554_343_831_922_493
    assert strict_space.count(10**12) == strict_space.count()
    assert strict_space.size == 142_569_272_143_588_290


def legal_macs(space: AutoSTRSpace) -> np.ndarray:
    encodings = space.unrank(np.arange(space.size))
    return space.macs(encodings[space.is_valid(encodings)])


def test_counts_equal_brute_force(small_space: AutoSTRSpace) -> None:
    macs = legal_macs(small_space)
    assert small_space.count() == len(macs)
    assert (small_space.min_macs(), small_space.max_macs()) == (macs.min(), macs.max())
    for limit in np.quantile(macs, [0, 0.001, 0.3, 0.5, 0.99, 1]).astype(int).tolist():
        for near in (limit - 1, limit, limit + 1):
            assert small_space.count(near) == np.count_nonzero(macs <= near)


def test_unrank_under_a_limit_is_a_bijection(small_space: AutoSTRSpace) -> None:
    every = small_space.unrank(np.arange(small_space.size))
    every = every[small_space.is_valid(every)]
    limit = int(np.quantile(small_space.macs(every), 0.2))
    wanted = small_space.rank(every[small_space.macs(every) <= limit])
    numbers = np.arange(small_space.count(limit))
    found = small_space.mac_counts.unrank(numbers, limit)
    assert len(wanted) == len(numbers)
    assert (np.sort(small_space.rank(found)) == wanted).all()


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_samples_are_uniform(strict: bool, limited: bool) -> None:
    tiny = AutoSTRSpace(
        strict=strict, layers=2, downsampling_a=1, downsampling_b=1, widths=(4, 8), stem_width=2
    )
    every = 2 * (36 if strict else 49)
    max_macs = int(np.median(legal_macs(tiny))) if limited else None
    count = tiny.count(max_macs)
    assert (every / 3 < count < every) if limited else (count == every)
    encodings = tiny.sample(300 * count, np.random.default_rng(1), max_macs)
    assert tiny.is_valid(encodings).all()
    _, times = np.unique(tiny.rank(encodings), return_counts=True)
    assert len(times) == count
    assert chisquare(times).pvalue > 0.001


def test_samples_of_the_full_space(any_space: AutoSTRSpace) -> None:
    for limit in (None, 450_000_000, any_space.min_macs()):
        encodings = any_space.sample(3000, np.random.default_rng(3), limit)
        assert encodings.shape == (3000, 30)
        assert encodings.dtype == np.int8
        assert any_space.is_valid(encodings).all()
        assert any_space.macs(encodings).max() <= (limit or any_space.max_macs())
        again = any_space.sample(3000, np.random.default_rng(3), limit)
        assert (again == encodings).all()
    assert any_space.sample(0, np.random.default_rng(3), 450_000_000).shape == (0, 30)
    assert any_space.sample(0, np.random.default_rng(3)).shape == (0, 30)


def test_share_under_the_limit_agrees_with_plain_samples(space: AutoSTRSpace) -> None:
    macs = space.macs(space.sample(100_000, np.random.default_rng(5)))
    share = space.count(250_000_000) / space.count()
    assert abs((macs <= 250_000_000).mean() - share) < 4 * np.sqrt(share * (1 - share) / 1e5)


def test_histogram_is_exact(small_space: AutoSTRSpace, space: AutoSTRSpace) -> None:
    macs = legal_macs(small_space)
    edges, counts = small_space.mac_histogram(17)
    expected = [np.count_nonzero((macs > a) & (macs <= b)) for a, b in pairwise(edges)]
    assert counts.tolist() == expected
    assert counts.sum() == len(macs)
    assert space.mac_histogram()[1].sum() == space.count()


def test_wrong_requests(space: AutoSTRSpace, rng: np.random.Generator) -> None:
    smallest = space.min_macs()
    with pytest.raises(SpaceError, match=f"the smallest has {smallest}"):
        space.sample(1, rng, max_macs=smallest - 1)
    with pytest.raises(SpaceError, match="given -1 architectures"):
        space.sample(-1, rng)
    with pytest.raises(SpaceError, match="expected a whole number"):
        space.count(4.5e8)  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match="given 0 bins"):
        space.mac_histogram(0)


def test_a_space_too_large_to_index_is_refused() -> None:
    with pytest.raises(SpaceError, match="use fewer layers"):
        AutoSTRSpace(layers=20)
    for few in (4, 0, -1):
        with pytest.raises(SpaceError, match=f"given {few} layers, expected 5"):
            AutoSTRSpace(layers=few)


def test_tables_too_large_are_refused_before_they_are_made() -> None:
    odd = AutoSTRSpace(stem_width=33, widths=(33, 65, 127, 255, 511))
    with pytest.raises(SpaceError, match="share only the divisor 25;"):
        odd.count(450_000_000)


def small(stem_width: int = 32) -> AutoSTRSpace:
    return AutoSTRSpace(layers=3, downsampling_a=1, downsampling_b=1, stem_width=stem_width)


def test_counts_are_kept_between_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRNAS_CACHE", str(tmp_path / "new" / "folder"))
    file = tmp_path / "new" / "folder" / FILE
    count = small().count(100_000_000)
    assert list(json.loads(file.read_text()).values()) == [count]
    # Another process would find it there; only what the count depends on names it.
    file.write_text(json.dumps(dict.fromkeys(json.loads(file.read_text()), 123)))
    assert small().count(100_000_000) == 123
    assert small(stem_width=16).count(100_000_000) != 123
    assert small().count(100_000_001) != 123
    assert len(json.loads(file.read_text())) == 3
    assert not list(file.parent.glob(".tmp-*"))


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"a": "b"}', "\x00\xff"])
def test_a_damaged_cache_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("STRNAS_CACHE", str(tmp_path))
    fresh = small().mac_counts.count(100_000_000)
    (tmp_path / FILE).write_bytes(content.encode("latin-1"))
    assert small().count(100_000_000) == fresh
    assert small().count(100_000_000) == fresh
    # A value that cannot be a count is as good as none.
    kept = json.loads((tmp_path / FILE).read_text())
    for nonsense in (-1, 10**30, True, None, "1"):
        (tmp_path / FILE).write_text(json.dumps(dict.fromkeys(kept, nonsense)))
        assert small().count(100_000_000) == fresh


def test_a_cache_that_cannot_be_written_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("STRNAS_CACHE", str(tmp_path / "file"))
    assert small().count(10**12) == small().count()
