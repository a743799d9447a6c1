"""The evaluation cache changes how long a run takes and nothing else, whatever is in the file."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from bench.presets import load_preset
from bench.records.event_log import read_events
from bench.records.result import RunResult
from bench.run import Run
from bench.running.evaluators.base import NOT_FINITE
from bench.running.evaluators.cache import CachedEvaluator, CachedScore, EvaluationCache, key_of
from bench.running.evaluators.synthetic import SyntheticEvaluator
from searchers.base import Evaluate, Failure
from spaces.cache import cache_folder

sys.path.insert(0, str(Path(__file__).parent))

from counting_evaluator import FOUND, SPACE, Counting, check_answers
from run_child import check_equal


@pytest.fixture
def cache(tmp_path: Path) -> EvaluationCache:
    return EvaluationCache(tmp_path / "evaluations")


# ---- hits and misses ------------------------------------------------------------------------


def test_a_hit_is_what_was_computed_with_the_seconds_that_it_took(cache: EvaluationCache) -> None:
    inner = Counting()
    evaluator = CachedEvaluator(inner, cache)
    work = Evaluate(FOUND[0])
    first, second = evaluator.execute_many([work])[0], evaluator.execute_many([work])[0]
    assert (first.cached, second.cached, inner.computed) == (False, True, 1)
    assert (second.result, second.seconds) == (first.result, first.seconds)
    assert evaluator.price(work) == inner.price(work)
    assert cache.trouble is None


def test_other_weights_and_other_architectures_miss(cache: EvaluationCache) -> None:
    inner = Counting()
    evaluator = CachedEvaluator(inner, cache)
    for architecture in FOUND[:5]:
        assert not evaluator.execute_many([Evaluate(architecture)])[0].cached
    inner.weights = "w1"
    assert not evaluator.execute_many([Evaluate(FOUND[0])])[0].cached
    inner.weights = "w0"
    assert evaluator.execute_many([Evaluate(FOUND[0])])[0].cached


def test_what_cannot_be_told_apart_is_not_kept(cache: EvaluationCache) -> None:
    class Nameless(Counting):
        fingerprint = SyntheticEvaluator.fingerprint  # type: ignore[assignment]

    evaluator = CachedEvaluator(Nameless(), cache)
    assert not any(evaluator.execute_many([Evaluate(FOUND[0])])[0].cached for _ in range(2))
    assert not cache.path.exists()


def test_an_output_that_is_not_finite_is_kept_and_a_full_memory_is_not(
    cache: EvaluationCache,
) -> None:
    for n, (failure, kept) in enumerate([(NOT_FINITE, True), ("out of memory", False)]):
        inner = Counting(failure=failure)
        evaluator = CachedEvaluator(inner, cache)
        work = Evaluate(FOUND[n])
        outcomes = [evaluator.execute_many([work])[0] for _ in range(2)]
        assert [outcome.result for outcome in outcomes] == [Failure(work, failure)] * 2
        assert outcomes[1].cached == kept
        assert inner.computed == (1 if kept else 2)


# ---- real runs ------------------------------------------------------------------------------


@pytest.fixture
def own_evaluations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An evaluation cache of this test's own, beside words and kernels that there are already."""
    folder = tmp_path / "cache"
    folder.mkdir()
    for name in ("rendered", "kernels"):
        shared = cache_folder() / name
        shared.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(shared)
    monkeypatch.setenv("STRNAS_CACHE", str(folder))
    return folder / "evaluations"


def run(folder: Path, *overrides: str) -> RunResult:
    """Some weight steps, then two evaluations."""
    overrides = (
        "run.budget_images=200",
        "run.referee_points=1",
        "run.referee_samples=0",
        *overrides,
    )
    return Run("random", "tiny", load_preset("tiny", list(overrides)), 0).execute(folder)


def evaluations(folder: Path) -> list[dict[str, Any]]:
    return [e for e in read_events(folder / "events.jsonl") if e["kind"] == "evaluate"]


@pytest.mark.whole
def test_a_run_that_finds_its_evaluations_writes_the_same_log(
    own_evaluations: Path, tmp_path: Path
) -> None:
    first, second = run(tmp_path / "first"), run(tmp_path / "second")
    before = {path: path.stat().st_mtime_ns for path in own_evaluations.iterdir()}
    plain = run(tmp_path / "plain", "run.evaluation_cache=false")
    assert before == {path: path.stat().st_mtime_ns for path in own_evaluations.iterdir()}
    for name in ("first", "second"):
        check_equal(tmp_path / name, tmp_path / "plain")
    computed, found = evaluations(tmp_path / "first"), evaluations(tmp_path / "second")
    assert len(computed) == 2
    assert not any("cached" in event["time"] for event in computed)
    assert not any("cached" in event["time"] for event in evaluations(tmp_path / "plain"))
    assert all(event["time"]["cached"] is True for event in found)
    assert [e["time"]["trainer"] for e in found] == [e["time"]["trainer"] for e in computed]
    for field in ("total", "by_kind", "images_private", "images_sunk", "failures"):
        known = [getattr(each.cost, field) for each in (first, second, plain)]
        assert known == [known[0]] * 3


@pytest.mark.whole
def test_what_decides_a_score_is_in_the_key(own_evaluations: Path) -> None:
    def fingerprint(seed: int = 0, *overrides: str) -> bytes:
        run = Run("random", "tiny", load_preset("tiny", list(overrides)), seed)
        run.evaluator.close()
        known = run.evaluator.fingerprint()
        assert known is not None
        return key_of(known, FOUND[0])

    start = fingerprint()
    assert start == fingerprint()
    others = {
        fingerprint(1),  # Other initial weights.
        fingerprint(0, "run.evaluation_images=16"),
        fingerprint(0, "trainer.precision=bf16"),
        fingerprint(0, "recogniser.beam_width=2"),
        fingerprint(0, "data.case_sensitive=true"),
        fingerprint(0, "data.max_length=3"),  # Other words of the same split.
    }
    assert len(others | {start}) == 7


def test_a_weight_step_changes_the_key_and_going_back_restores_it(own_evaluations: Path) -> None:
    run = Run("random", "tiny", load_preset("tiny"), 0)
    start = run.evaluator.fingerprint()
    tensors, counters = run.evaluator.state()
    tensors = {name: value.clone() for name, value in tensors.items()}
    run.trainer.train_weights(SPACE.encode(FOUND[:1]))
    assert run.evaluator.fingerprint() != start
    run.evaluator.load_state(tensors, counters)
    assert run.evaluator.fingerprint() == start
    run.evaluator.close()


def test_a_run_without_a_usable_cache_goes_on_and_says_so(
    own_evaluations: Path, tmp_path: Path
) -> None:
    own_evaluations.write_text("precious")
    result = run(tmp_path / "run")
    (warning,) = result.warnings
    assert warning.startswith(f"evaluation cache {own_evaluations} was not used (")
    assert "STRNAS_CACHE" in warning
    assert own_evaluations.read_text() == "precious"
    assert not any("cached" in event["time"] for event in evaluations(tmp_path / "run"))


# ---- processes ------------------------------------------------------------------------------

WRITER = """
import sys
from hashlib import blake2b
from pathlib import Path
from bench.running.evaluators.cache import CachedScore, EvaluationCache

cache = EvaluationCache(Path(sys.argv[1]))
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    key = blake2b(str(n).encode(), digest_size=24).digest()
    cache.put(key, CachedScore(f"architecture {n}", n / 10_000, float(n)))
    found = cache.get(key)
    assert found is not None and found.seconds == n, found
    print(n, flush=True)
assert cache.trouble is None, cache.trouble
"""


def writer(cache: EvaluationCache, first: int, last: int) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", WRITER, str(cache.path), str(first), str(last)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["", *sys.path])}
    return subprocess.Popen(
        arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def stored(cache: EvaluationCache, n: int) -> CachedScore | None:
    from hashlib import blake2b

    return cache.get(blake2b(str(n).encode(), digest_size=24).digest())


def test_two_processes_write_at_the_same_time(cache: EvaluationCache) -> None:
    # Each half of what it writes is the other's too.
    processes = [writer(cache, 0, 120), writer(cache, 60, 180)]
    for process in processes:
        _, errors = process.communicate(timeout=500)
        assert (process.returncode, errors) == (0, "")
    for n in range(180):
        assert stored(cache, n) == CachedScore(f"architecture {n}", n / 10_000, float(n))
    assert cache.trouble is None


def test_a_process_that_is_killed_while_it_writes_harms_nobody(cache: EvaluationCache) -> None:
    moments = random.Random(0)
    for _ in range(2):
        process = writer(cache, 0, 100_000)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.random() * 0.1)
        process.kill()
        acknowledged = [int(line) for line in process.stdout.read().splitlines() if line]
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert all(stored(cache, n) is not None for n in acknowledged)
    check_answers(cache)
    assert cache.trouble is None
