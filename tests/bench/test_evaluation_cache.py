"""The evaluation cache changes how long a run takes and nothing else, whatever is in the file."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
import pytest

import bench.evaluators.cache as module
from bench.evaluators.base import NOT_FINITE
from bench.evaluators.cache import CachedEvaluator, Entry, EvaluationCache, key_of
from bench.evaluators.landscape import Landscape
from bench.evaluators.synthetic import SyntheticEvaluator
from bench.event_log import read_events
from bench.presets import load_preset
from bench.run import Run
from searchers.base import Evaluate, Evaluated, Failure, Result, Work
from spaces import Architecture, load_space
from spaces.cache import cache_folder

sys.path.insert(0, str(Path(__file__).parent))

from run_child import check_equal

SPACE = load_space("autostr")
FOUND = SPACE.architectures(SPACE.sample(40, np.random.default_rng(0)))


class Counting(SyntheticEvaluator):
    """Scores worth keeping, and how often one was computed; ``failure`` instead of all of them."""

    def __init__(self, weights: str = "w0", failure: str = "") -> None:
        super().__init__(Landscape(SPACE), 8, 32)
        self.weights = weights
        self.failure = failure
        self.computed = 0

    def fingerprint(self) -> dict[str, Any]:
        return {"weights": self.weights}

    def perform(self, work: Work) -> Result:
        self.computed += 1
        return Failure(work, self.failure) if self.failure else super().perform(work)


def key(n: int) -> bytes:
    return key_of({"weights": "w0"}, FOUND[n])


@pytest.fixture
def cache(tmp_path: Path) -> EvaluationCache:
    return EvaluationCache(tmp_path / "evaluations")


def filled(cache: EvaluationCache) -> EvaluationCache:
    evaluator = CachedEvaluator(Counting(), cache)
    for architecture in FOUND:
        assert not evaluator.execute(Evaluate(architecture)).cached
    return cache


def check_answers(cache: EvaluationCache) -> CachedEvaluator:
    """Whatever is wrong with the cache, scores are right."""
    evaluator = CachedEvaluator(Counting(), cache)
    plain = Counting()
    for architecture in FOUND:
        work = Evaluate(architecture)
        assert evaluator.execute(work).result == plain.perform(work)
    return evaluator


# ---- hits and misses ------------------------------------------------------------------------


def test_a_hit_is_what_was_computed_with_the_seconds_that_it_took(cache: EvaluationCache) -> None:
    inner = Counting()
    evaluator = CachedEvaluator(inner, cache)
    work = Evaluate(FOUND[0])
    first, second = evaluator.execute(work), evaluator.execute(work)
    assert (first.cached, second.cached, inner.computed) == (False, True, 1)
    assert (second.result, second.seconds) == (first.result, first.seconds)
    assert evaluator.price(work) == inner.price(work)
    assert cache.trouble is None


def test_other_weights_and_other_architectures_miss(cache: EvaluationCache) -> None:
    inner = Counting()
    evaluator = CachedEvaluator(inner, cache)
    for architecture in FOUND[:5]:
        assert not evaluator.execute(Evaluate(architecture)).cached
    inner.weights = "w1"
    assert not evaluator.execute(Evaluate(FOUND[0])).cached
    inner.weights = "w0"
    assert evaluator.execute(Evaluate(FOUND[0])).cached


def test_what_cannot_be_told_apart_is_not_kept(cache: EvaluationCache) -> None:
    class Nameless(Counting):
        fingerprint = SyntheticEvaluator.fingerprint  # type: ignore[assignment]

    evaluator = CachedEvaluator(Nameless(), cache)
    assert not any(evaluator.execute(Evaluate(FOUND[0])).cached for _ in range(2))
    assert not cache.path.exists()


def test_an_output_that_is_not_finite_is_kept_and_a_full_memory_is_not(
    cache: EvaluationCache,
) -> None:
    for n, (failure, kept) in enumerate([(NOT_FINITE, True), ("out of memory", False)]):
        inner = Counting(failure=failure)
        evaluator = CachedEvaluator(inner, cache)
        work = Evaluate(FOUND[n])
        outcomes = [evaluator.execute(work) for _ in range(2)]
        assert [outcome.result for outcome in outcomes] == [Failure(work, failure)] * 2
        assert outcomes[1].cached == kept
        assert inner.computed == (1 if kept else 2)


# ---- real runs ------------------------------------------------------------------------------


@pytest.fixture
def own_evaluations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An evaluation cache of this test's own, beside the words that are rendered already."""
    rendered, folder = cache_folder() / "rendered", tmp_path / "cache"
    rendered.mkdir(parents=True, exist_ok=True)
    folder.mkdir()
    (folder / "rendered").symlink_to(rendered)
    monkeypatch.setenv("STRNAS_CACHE", str(folder))
    return folder / "evaluations"


def run(folder: Path, *overrides: str) -> dict[str, Any]:
    """Some weight steps, then two evaluations."""
    overrides = ("run.budget_images=200", "run.referee_points=1", *overrides)
    return Run("random", "tiny", load_preset("tiny", list(overrides)), 0).execute(folder)


def evaluations(folder: Path) -> list[dict[str, Any]]:
    return [e for e in read_events(folder / "events.jsonl") if e["kind"] == "evaluate"]


def test_a_run_that_finds_its_evaluations_writes_the_same_log(
    own_evaluations: Path, tmp_path: Path
) -> None:
    plain = run(tmp_path / "plain", "run.evaluation_cache=false")
    assert not own_evaluations.exists()
    first, second = run(tmp_path / "first"), run(tmp_path / "second")
    for name in ("first", "second"):
        check_equal(tmp_path / name, tmp_path / "plain")
    computed, found = evaluations(tmp_path / "first"), evaluations(tmp_path / "second")
    assert len(computed) == 2
    assert not any("cached" in event["time"] for event in computed)
    assert all(event["time"]["cached"] is True for event in found)
    assert [e["time"]["trainer"] for e in found] == [e["time"]["trainer"] for e in computed]
    for field in ("total", "by_kind", "images_private", "images_sunk", "failures"):
        assert first["cost"][field] == second["cost"][field] == plain["cost"][field]
    # The third one is offered all of it, and must not look.
    before = sorted((path, path.stat().st_mtime_ns) for path in own_evaluations.iterdir())
    run(tmp_path / "third", "run.evaluation_cache=false")
    assert before == sorted((path, path.stat().st_mtime_ns) for path in own_evaluations.iterdir())
    assert not any("cached" in event["time"] for event in evaluations(tmp_path / "third"))


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
        fingerprint(0, "trainer.calibration_images=8"),
        fingerprint(0, "trainer.precision=bf16"),
        fingerprint(0, "trainer.evaluation_batch_images=16"),
        fingerprint(0, "data.case_sensitive=true"),
        fingerprint(0, "data.rendering.search_val=48"),
        fingerprint(0, "space.strict=true"),
    }
    assert len(others | {start}) == 9


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
    (warning,) = result["warnings"]
    assert warning.startswith(f"evaluation cache {own_evaluations} was not used (")
    assert "STRNAS_CACHE" in warning
    assert own_evaluations.read_text() == "precious"
    assert not any("cached" in event["time"] for event in evaluations(tmp_path / "run"))


# ---- processes ------------------------------------------------------------------------------

WRITER = """
import sys
from hashlib import blake2b
from pathlib import Path
from bench.evaluators.cache import Entry, EvaluationCache

cache = EvaluationCache(Path(sys.argv[1]))
for n in range(int(sys.argv[2]), int(sys.argv[3])):
    key = blake2b(str(n).encode(), digest_size=24).digest()
    cache.put(key, Entry(f"architecture {n}", n / 10_000, float(n)))
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


def stored(cache: EvaluationCache, n: int) -> Entry | None:
    from hashlib import blake2b

    return cache.get(blake2b(str(n).encode(), digest_size=24).digest())


def test_two_processes_write_at_the_same_time(cache: EvaluationCache) -> None:
    # Each half of what it writes is the other's too.
    processes = [writer(cache, 0, 120), writer(cache, 60, 180)]
    for process in processes:
        _, errors = process.communicate(timeout=100)
        assert (process.returncode, errors) == (0, "")
    for n in range(180):
        assert stored(cache, n) == Entry(f"architecture {n}", n / 10_000, float(n))
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


# ---- damage ---------------------------------------------------------------------------------


def data_file(cache: EvaluationCache) -> Path:
    return cache.path / "data.mdb"


def page_of_noise(content: bytes, page: int) -> bytes:
    noise = random.Random(page).randbytes(4096)
    return content[: 4096 * page] + noise + content[4096 * (page + 1) :]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut to the header": lambda content: content[:100],
    "cut to a page": lambda content: content[:4096],
    "cut in the second page": lambda content: content[:5000],
    "cut to two pages": lambda content: content[:8192],
    "cut to a half": lambda content: content[: len(content) // 2],
    "cut by a page": lambda content: content[:-4096],
    "cut by a byte": lambda content: content[:-1],
    "noise": lambda content: random.Random(0).randbytes(len(content)),
    "zeros": lambda content: bytes(len(content)),
    "no pages": lambda content: content[:8192] + bytes(len(content) - 8192),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file(cache: EvaluationCache, damage: str) -> None:
    path = data_file(filled(cache))
    content = path.read_bytes()
    # Before it was one that was mapped into memory; a cut one ends a process that reads beyond it.
    path.unlink()
    path.write_bytes(DAMAGES[damage](content))
    evaluator = check_answers(cache)
    assert isinstance(evaluator.inner, Counting)
    assert evaluator.inner.computed == len(FOUND)
    assert cache.trouble is not None
    assert "\n" not in cache.trouble


def test_noise_in_any_page_and_a_damaged_lock_file(cache: EvaluationCache) -> None:
    path = data_file(filled(cache))
    content = path.read_bytes()
    for page in range(2, len(content) // 4096):
        path.unlink()
        path.write_bytes(page_of_noise(content, page))
        check_answers(cache)
    path.write_bytes(content)
    (cache.path / "lock.mdb").write_bytes(b"no lock" * 1000)
    check_answers(cache)


def test_an_empty_file_is_begun_anew(cache: EvaluationCache) -> None:
    data_file(filled(cache)).write_bytes(b"")
    check_answers(cache)
    evaluator = check_answers(cache)
    assert isinstance(evaluator.inner, Counting)
    assert evaluator.inner.computed == 0
    assert cache.trouble is None


def test_a_changed_byte_is_a_miss_and_never_another_score(cache: EvaluationCache) -> None:
    """LMDB itself has no checksums: the digits of a score may change and be read as a score."""
    path = data_file(filled(cache))
    content = path.read_bytes()
    scores = [place for place in range(len(content)) if content.startswith(b'"score":0.', place)]
    assert len(scores) >= len(FOUND)
    for place in scores:
        digit = place + len(b'"score":0.')
        changed = bytearray(content)
        changed[digit] = ord("1") if content[digit] != ord("1") else ord("2")
        content = bytes(changed)
    path.unlink()
    path.write_bytes(content)
    evaluator = check_answers(cache)
    assert isinstance(evaluator.inner, Counting)
    assert evaluator.inner.computed == len(FOUND)
    assert cache.trouble is not None
    assert "an entry is damaged" in cache.trouble


def test_a_full_file(cache: EvaluationCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAP_BYTES", 8 * 4096)
    for _ in range(2):
        evaluator = check_answers(cache)
    # What was kept before it was full is still there.
    assert isinstance(evaluator.inner, Counting)
    assert 0 < evaluator.inner.computed < len(FOUND)
    assert cache.trouble is not None
    assert "MDB_MAP_FULL" in cache.trouble


@pytest.fixture
def read_only(cache: EvaluationCache) -> Iterator[EvaluationCache]:
    cache.path.mkdir()
    cache.path.chmod(0o500)
    yield cache
    cache.path.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(read_only: EvaluationCache) -> None:
    check_answers(read_only)
    assert read_only.trouble is not None
    assert "Permission denied" in read_only.trouble


@pytest.mark.parametrize("error", [lmdb.ReadonlyError("read-only"), OSError(28, "No space left")])
def test_whatever_the_system_refuses(
    cache: EvaluationCache, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(*arguments: object, **options: object) -> lmdb.Environment:
        raise error

    monkeypatch.setattr(lmdb, "open", refuse)
    check_answers(cache)
    assert cache.trouble is not None


def test_a_foreign_file_in_its_place_stays(tmp_path: Path) -> None:
    for name, path in (("file", tmp_path / "file"), ("inside", tmp_path / "file" / "inside")):
        (tmp_path / "file").write_text("precious")
        cache = EvaluationCache(path)
        check_answers(cache)
        assert cache.trouble is not None, name
        assert (tmp_path / "file").read_text() == "precious"


# ---- entries of another version, or of somebody with ill will --------------------------------


def store(cache: EvaluationCache, key: bytes, content: bytes, signed: bool = True) -> None:
    """Put any content where an entry belongs, with the hash that makes it look like one."""
    head = module._hash_of(key, content) if signed else b""
    cache.path.mkdir(exist_ok=True)
    with (
        lmdb.open(str(cache.path), map_size=module.MAP_BYTES) as env,
        env.begin(write=True) as transaction,
    ):
        transaction.put(key, head + content)


def entry(architecture: Architecture, score: str = "0.5", seconds: str = "1.0") -> bytes:
    text = f'{{"architecture":"{architecture.text}","score":{score},"seconds":{seconds}}}'
    return text.encode()


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"\xff\xfe",
    "a list": b"[]",
    "deep": b"[" * 3000,
    "no score": b'{"architecture":"A","seconds":1.0}',
    "a field more": b'{"architecture":"A","score":0.5,"seconds":1.0,"version":2}',
    "score above 1": entry(FOUND[0], "1.5"),
    "score below 0": entry(FOUND[0], "-0.1"),
    "score NaN": entry(FOUND[0], "NaN"),
    "score infinite": entry(FOUND[0], "1e999"),
    "score a text": entry(FOUND[0], '"0.5"'),
    "seconds below 0": entry(FOUND[0], "0.5", "-1"),
    "seconds without end": entry(FOUND[0], "0.5", "1e300"),
    "huge": entry(FOUND[0]) + b" " * 100_000,
    "another architecture": entry(FOUND[1]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_an_entry_that_is_not_ours_is_a_miss(cache: EvaluationCache, name: str) -> None:
    store(cache, key(0), HOSTILE[name])
    inner = Counting()
    evaluator = CachedEvaluator(inner, cache)
    outcome = evaluator.execute(Evaluate(FOUND[0]))
    assert not outcome.cached
    assert isinstance(outcome.result, Evaluated)
    assert outcome.result == Counting().perform(Evaluate(FOUND[0]))
    # It is replaced by one that is.
    assert evaluator.execute(Evaluate(FOUND[0])).cached
    assert inner.computed == 1


def test_an_entry_without_its_hash_or_of_another_key_is_a_miss(cache: EvaluationCache) -> None:
    store(cache, key(0), entry(FOUND[0]))
    assert cache.get(key(0)) is not None
    store(cache, key(0), entry(FOUND[0]), signed=False)
    assert cache.get(key(0)) is None
    store(cache, key(0), module._hash_of(key(1), entry(FOUND[0])) + entry(FOUND[0]), signed=False)
    assert cache.get(key(0)) is None
