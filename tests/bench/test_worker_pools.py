"""What pools promise to the work that they hand out."""

from __future__ import annotations

import os
import sys
from collections import defaultdict
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from keeping_work import Counting, Growing

from bench.records.errors import FolderInUse, Interrupted, RecordError
from bench.workers.pools import Here, Pool, Processes
from bench.workers.rounds import attempt


@pytest.mark.parametrize("pool", [Here(), Processes(2)])
def test_a_process_keeps_its_work_from_piece_to_piece(pool: Pool) -> None:
    found = defaultdict(list)
    items = []
    for item, process, count in pool.hand_out(Counting(), range(20), lambda: False):
        items.append(item)
        found[process].append(count)
    assert sorted(items) == list(range(20))
    assert len(found) <= 2
    for counts in found.values():
        assert sorted(counts) == list(range(1, len(counts) + 1))
    assert (os.getpid() in found) == isinstance(pool, Here)


@pytest.mark.slow
def test_a_process_that_needs_more_memory_is_not_replaced() -> None:
    answers = list(Processes(2).hand_out(Growing(), range(8), lambda: False))
    assert len({process for _, process, _ in answers}) <= 2
    assert max(count for _, _, count in answers) >= 4


def test_an_attempt_says_how_it_ended() -> None:
    kept: list[str] = []

    def raising(error: Exception) -> None:
        raise error

    done = attempt("x", lambda: lambda: 3, lambda: False, kept.append)
    assert (done.item, done.trouble, done.interrupted, done.result) == ("x", None, False, 3)
    assert attempt("x", lambda: lambda: 3, lambda: True, kept.append).interrupted
    stopped = attempt("x", lambda: lambda: raising(Interrupted("y")), lambda: False, kept.append)
    assert (stopped.interrupted, stopped.trouble) == (True, None)
    assert kept == []
    bad = attempt("x", lambda: lambda: raising(RecordError("no")), lambda: False, kept.append)
    assert bad.trouble == "no"
    worse = attempt("x", lambda: raising(ValueError("a\n b")), lambda: False, kept.append)
    assert worse.trouble == "ValueError: a b"
    assert kept == ["no", "ValueError: a b"]


def test_what_is_in_use_is_tried_again_without_being_made_again() -> None:
    made, tried = [], []

    def begin():
        made.append(1)

        def act() -> str:
            tried.append(1)
            if len(tried) < 3:
                raise FolderInUse("in use")
            return "done"

        return act

    assert attempt("x", begin, lambda: False).result == "done"
    assert (len(made), len(tried)) == (1, 3)
