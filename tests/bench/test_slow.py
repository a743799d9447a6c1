"""What takes minutes: kills at many moments, and a real data set where there is one."""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # The fork server imports the module by name.

import run_child
from run_child import log_of

from searchers import SEARCHERS
from trainers.data.importing import import_words
from trainers.data.info import lmdb_info

KILLS = 25
#: Budget of the tiny preset, in images.
WHOLE = 640
#: A folder with real_words_train.zip.
REAL_WORDS = os.environ.get("STRNAS_REAL_WORDS", "")
REAL_TRAIN_WORDS = 6_724


def finish(searcher: str, folder: Path, seed: int) -> dict[str, object]:
    return run_child.finish(searcher, folder, seed, WHOLE)


def kill_after(searcher: str, folder: Path, seed: int, events: int, seconds: float) -> None:
    """Start or resume, wait for so many events in the log and a little more, kill."""
    process = run_child.start(searcher, folder, seed, WHOLE)
    log = folder / "events.jsonl"
    deadline = time.monotonic() + 100
    while process.is_alive() and (log.read_bytes().count(b"\n") if log.exists() else 0) < events:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    time.sleep(seconds)
    process.kill()
    process.join()


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("searcher", sorted(SEARCHERS))
def test_sigkill_at_many_moments(searcher: str, tmp_path: Path) -> None:
    """Moments, and the run's own seed, are other ones in each process; a failure names them."""
    seed = random.SystemRandom().randrange(2**31)
    moments = random.Random(seed)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    expected = finish(searcher, undisturbed, seed)
    log = log_of(undisturbed)
    seen: list[dict[str, object]] = []
    # In order, so that each attempt comes further than the one before, and all get somewhere.
    for share in sorted(moments.random() for _ in range(KILLS)):
        # Starting takes about two seconds, the first of them before anything is written.
        pause = moments.random() * (0.3 if share * len(log) > 1 else 2.0)
        kill_after(searcher, disturbed, seed, int(share * len(log)), pause)
        before, seen = seen, log_of(disturbed)
        assert seen == log[: len(seen)], f"seed {seed}: another log after a kill at {share:.2f}"
        assert len(seen) >= len(before), f"seed {seed}: lost events by a kill at {share:.2f}"
    resumed = finish(searcher, disturbed, seed)
    assert log_of(disturbed) == log, f"seed {seed}"
    assert resumed["recommendation"] == expected["recommendation"], f"seed {seed}"
    table = "incumbents.csv"
    assert (disturbed / table).read_bytes() == (undisturbed / table).read_bytes(), f"seed {seed}"


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
