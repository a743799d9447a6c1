"""Complete blocks, and every run that is left out named."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.statistics.answers import NotComputable
from bench.statistics.blocks import PairedScores, RunScore, paired_matrix

RUNS = [
    RunScore("random", "s1", 0.5),
    RunScore("tpe", "s1", 0.6),
    RunScore("random", "s2", 0.7),
    RunScore("tpe", "s2", None),
    RunScore("tpe", "s3", 0.8),
    RunScore("tpe", "s4", 0.0),
    RunScore("random", "s4", 0.4),
    RunScore("random", "s5", float("nan")),
]


def test_incomplete_blocks_are_named() -> None:
    found = paired_matrix(RUNS)
    assert isinstance(found, PairedScores)
    assert (found.searchers, found.blocks) == (("random", "tpe"), ("s1", "s4"))
    assert found.matrix.tolist() == [[0.5, 0.6], [0.4, 0.0]]
    assert found.matrix[:, found.searchers.index("tpe")].tolist() == [0.6, 0.0]
    assert found.dropped == (
        "block s2: tpe failed",
        "block s3: random not run",
        "block s5: random failed, tpe not run",
    )


def test_one_searcher_has_its_own_blocks() -> None:
    found = paired_matrix([run for run in RUNS if run.searcher == "tpe"])
    assert isinstance(found, PairedScores)
    assert found.blocks == ("s1", "s3", "s4")


def test_refusals() -> None:
    twice = paired_matrix([*RUNS, RunScore("tpe", "s1", 0.9)])
    assert isinstance(twice, NotComputable)
    assert "tpe in s1" in twice.reason
    assert isinstance(paired_matrix([]), NotComputable)
    apart = paired_matrix([RunScore("a", "1", 0.1), RunScore("b", "2", float("inf"))])
    assert isinstance(apart, NotComputable)
    assert "block 1: b not run; block 2: b failed, a not run" in apart.reason


places = st.sets(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), min_size=1)


@settings(max_examples=50)
@given(places, st.randoms(use_true_random=False))
def test_order_of_runs_only_orders_blocks(places: set[tuple[str, int]], random: object) -> None:
    runs = [RunScore(name, str(block), block / 10) for name, block in sorted(places)]
    shuffled = list(runs)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = (paired_matrix(order) for order in (runs, shuffled))
    names = {name for name, _ in places}
    complete = {str(b) for b in range(6) if all((name, b) in places for name in names)}
    if isinstance(first, NotComputable):
        assert isinstance(second, NotComputable)
        assert not complete
        return
    assert isinstance(second, PairedScores)
    assert set(first.blocks) == set(second.blocks) == complete
    assert len(first.dropped) + len(first.blocks) == len({block for _, block in places})
    assert np.isfinite(first.matrix).all()
