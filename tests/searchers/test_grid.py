"""The grid: what is on it, each once, then nothing."""

from __future__ import annotations

import pytest
from black_box_loop import check_round_trips, failing, lead, make, planted

from searchers.errors import SearcherError


def test_each_path_with_each_operation_once_and_then_it_is_finished() -> None:
    searcher = make("grid")
    seen = lead(searcher, 1_000, failing(5))
    texts = {found.text for found in seen}
    assert len(seen) == len(texts) == 70
    assert {text[16:] for text in texts} == {str(kind) * 15 for kind in range(7)}
    assert len({text[:15] for text in texts}) == 10
    assert "A..B..A..B..B..-555555555555555" in texts
    assert searcher.ask(3) == []
    scored = [found for found in seen if failing(5)(found) is not None]
    assert searcher.recommend() == max(scored, key=planted)


def test_a_strict_space_has_no_uniform_skip() -> None:
    seen = lead(make("grid", strict=True), 1_000, at_once=16)
    assert len(seen) == 60
    assert not any("6" in found.text for found in seen)


def test_the_seed_decides_the_order_only() -> None:
    one, other = (lead(make("grid", seed=seed), 100) for seed in (0, 1))
    assert one != other
    assert {found.text for found in one} == {found.text for found in other}


def test_what_is_beyond_a_cap_is_left_out_with_a_warning() -> None:
    searcher = make("grid", max_macs=150_000_000)
    seen = lead(searcher, 100)
    assert searcher.problem.allows(searcher.problem.space.encode(seen)).all()
    assert 0 < len(seen) < 70
    assert searcher.warnings() == [
        f"{70 - len(seen)} architectures of the grid are beyond the cap and were left out."
    ]
    assert make("grid").warnings() == []


def test_a_cap_that_leaves_nothing_is_refused() -> None:
    smallest = make("grid", strict=True).problem.space.min_macs()
    with pytest.raises(SearcherError, match="none of the 60 architectures of the grid is within"):
        make("grid", strict=True, max_macs=smallest)


def test_round_trips() -> None:
    check_round_trips("grid", evaluations=90)
