"""What takes minutes: kills at many moments, and a real data set where there is one."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # The fork server imports the module by name.

import run_child
from run_child import CACHES, Job

from searchers import SEARCHERS
from trainers.data.importing import import_words
from trainers.data.info import lmdb_info

#: Over all searchers.
KILLS = 200
#: A folder with real_words_train.zip.
REAL_WORDS = os.environ.get("STRNAS_REAL_WORDS", "")
REAL_TRAIN_WORDS = 6_724


def shares(searcher: str) -> list[int]:
    """How many of the kills a searcher gets with each kind of cache; in all they are ``KILLS``."""
    names = sorted(SEARCHERS)
    parts = len(names) * len(CACHES)
    first = names.index(searcher) * len(CACHES)
    return [
        KILLS * (part + 1) // parts - KILLS * part // parts
        for part in range(first, first + len(CACHES))
    ]


def test_the_kills_are_all_there() -> None:
    assert sum(sum(shares(searcher)) for searcher in SEARCHERS) == KILLS


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("searcher", sorted(SEARCHERS))
def test_sigkill_at_200_moments(searcher: str, tmp_path: Path) -> None:
    """Moments, and the run's own seed, are other ones in each process; a failure names them."""
    seed = random.SystemRandom().randrange(2**31)
    moments = random.Random(seed)
    undisturbed, warm = tmp_path / "undisturbed", tmp_path / "warm"
    run_child.finish(Job(searcher, undisturbed, seed, cache=warm))
    for kind, kills in zip(CACHES, shares(searcher), strict=True):
        # A checkpoint after every event is hit while it is written; a rare one leaves more behind.
        often = moments.choice([0.0, 0.8])
        job = Job(searcher, tmp_path / kind, seed, cache=warm, checkpoint_seconds=often)
        mark = f"seed {seed}, cache {kind}, a checkpoint each {often} s"
        run_child.kill_many_times(job, kind, undisturbed, kills, moments, mark)


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.skipif(
    not REAL_WORDS, reason="set STRNAS_REAL_WORDS to a folder with real_words_train.zip"
)
def test_real_words_are_imported_and_read(tmp_path: Path) -> None:
    report = import_words(Path(REAL_WORDS) / "real_words_train.zip", tmp_path / "words")
    assert report.samples == REAL_TRAIN_WORDS
    found = lmdb_info(tmp_path / "words", "36")
    assert (found.samples, found.readable, found.corrupted) == (REAL_TRAIN_WORDS,) * 2 + (0,)
