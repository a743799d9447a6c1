"""Who scores an architecture shows in no score, whatever happens to those who do."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from bench.presets import load_preset
from bench.run import Run
from trainers.cost import Encodings
from trainers.scoring_pool import ScoringPool, _devices
from trainers.scoring_worker import Scores

pytestmark = pytest.mark.whole

#: Words that are scored; batch norm is calibrated on 16 others.
WORDS = 20


@pytest.fixture(scope="module")
def made() -> Iterator[Run]:
    """Words, a space, and what pools are made of."""
    run = Run("random", "tiny", load_preset("tiny", ["run.evaluation_cache=false"]), 0)
    yield run
    run.evaluator.close()


@pytest.fixture(scope="module")
def pool(made: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ScoringPool]:
    """Three processes, all of which have been ready."""
    started = begin(made, tmp_path_factory.mktemp("pool"))
    for worker in started.workers:
        while not worker.is_ready():
            assert worker.alive
            time.sleep(0.01)
    yield started
    started.close()


def begin(made: Run, folder: Path, processes: int = 3) -> ScoringPool:
    assert made.built.recipe is not None
    return ScoringPool(made.trainer, made.built.recipe, folder, threads=1, processes=processes)


@pytest.fixture
def own(made: Run, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many architectures this process scored, call by call."""
    sizes: list[int] = []
    evaluate_many = made.trainer.evaluate_many

    def count(encodings: Encodings, images: int) -> Scores:
        sizes.append(len(encodings))
        return evaluate_many(encodings, images)

    monkeypatch.setattr(made.trainer, "evaluate_many", count)
    return sizes


def drawn(made: Run, n: int = 12) -> tuple[Encodings, list[int]]:
    encodings = made.space.sample(n, np.random.default_rng(0))
    return encodings, made.space.macs(encodings).tolist()


def test_scores_are_those_of_one_process_whenever_the_weights_change(
    made: Run, pool: ScoringPool, own: list[int]
) -> None:
    encodings, costs = drawn(made)
    seen = []
    for _ in range(2):
        made.trainer.train_weights(encodings[:3])
        seen.append(made.trainer.evaluate_many(encodings, WORDS))
        assert pool.evaluate_many(encodings, WORDS, costs) == seen[-1]
        assert 0 < own[-1] < len(encodings)
    # Fewer than there are processes.
    assert pool.evaluate_many(encodings[:1], WORDS, costs[:1]) == seen[-1][:1]

    tensors, counters = made.trainer.state()
    halved = {name: value / 2 for name, value in tensors.items() if name.startswith("model/")}
    made.trainer.load_state(tensors | halved, counters)
    pool.forget_weights()
    seen.append(made.trainer.evaluate_many(encodings, WORDS))
    assert pool.evaluate_many(encodings, WORDS, costs) == seen[-1]
    assert seen[0] != seen[1] != seen[2]


def test_an_answer_that_nobody_took_is_not_mistaken_for_the_next(
    made: Run, pool: ScoringPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    encodings, costs = drawn(made)
    with monkeypatch.context() as patch:
        patch.setattr(made.trainer, "evaluate_many", interrupted)
        with pytest.raises(KeyboardInterrupt):
            pool.evaluate_many(encodings, WORDS // 4, costs)
    expected = made.trainer.evaluate_many(encodings, WORDS)
    assert len({scores.one_ned for scores in expected if scores is not None}) > 6
    assert pool.evaluate_many(encodings, WORDS, costs) == expected


def test_what_a_lost_process_would_have_done_is_done_here(
    made: Run, pool: ScoringPool, own: list[int]
) -> None:
    encodings, costs = drawn(made)
    expected = made.trainer.evaluate_many(encodings, WORDS)
    assert pool.trouble is None
    assert pool.workers[0].pid is not None
    os.kill(pool.workers[0].pid, signal.SIGKILL)
    for _ in range(2):
        assert pool.evaluate_many(encodings, WORDS, costs) == expected
        # The third process goes on.
        assert sum(own[1:]) < 2 * len(encodings)
        assert str(pool.trouble).startswith("1 of 3 processes for evaluations ended early")


def test_closed_at_any_moment_it_leaves_nothing(made: Run, tmp_path: Path) -> None:
    pool = begin(made, tmp_path, 2)
    processes = [Path(f"/proc/{worker.pid}") for worker in pool.workers]
    assert all(process.exists() for process in processes)
    assert len(list(tmp_path.glob(".tmp-weights-*"))) == 1
    for _ in range(2):
        pool.close()
        assert list(tmp_path.iterdir()) == []
        assert not any(process.exists() for process in processes)


def interrupted(encodings: Encodings, images: int) -> Scores:
    raise KeyboardInterrupt


def test_accelerators_of_one_kind_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["H200", "T4", "H200", "H200"]
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(names))
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: names[index_of(device)])
    assert _devices(torch.device("cpu"), 3) == ["cpu"] * 3
    assert _devices(torch.device("cuda"), 2) == ["cuda:0", "cuda:2"]
    assert _devices(torch.device("cuda:2"), 4) == ["cuda:2", "cuda:3", "cuda:0", "cuda:2"]
    assert _devices(torch.device("cuda:1"), 2) == ["cuda:1", "cuda:1"]


def index_of(device: torch.device | int) -> int:
    return device if isinstance(device, int) else device.index or 0
