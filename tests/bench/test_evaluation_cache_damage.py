"""Whatever is in the file of the evaluation cache costs time and changes no score."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pytest

import bench.running.evaluators.cache as module
from bench.running.evaluators.cache import CachedEvaluator, EvaluationCache
from searchers.base import Evaluate, Evaluated
from spaces import Architecture

sys.path.insert(0, str(Path(__file__).parent))

from counting_evaluator import FOUND, Counting, check_answers, filled, key


@pytest.fixture
def cache(tmp_path: Path) -> EvaluationCache:
    return EvaluationCache(tmp_path / "evaluations")


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


def wild_offsets(content: bytes) -> bytes:
    """Every leaf says that its first node lies far beyond it."""
    changed = bytearray(content)
    for page in range(2 * 4096, len(content), 4096):
        if content[page + 10] == 2:
            changed[page + 16 : page + 18] = b"\xf0\xff"
    return bytes(changed)


DAMAGES["wild offsets"] = wild_offsets


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file(cache: EvaluationCache, damage: str) -> None:
    path = data_file(filled(cache))
    content = path.read_bytes()
    # Before it was one that was mapped into memory; a cut one ends a process that reads beyond it.
    path.unlink()
    path.write_bytes(DAMAGES[damage](content))
    # As another process meets it.
    cache = EvaluationCache(cache.path)
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
    outcome = evaluator.execute_many([Evaluate(FOUND[0])])[0]
    assert not outcome.cached
    assert isinstance(outcome.result, Evaluated)
    assert outcome.result == Counting().perform(Evaluate(FOUND[0]))
    # It is replaced by one that is.
    assert evaluator.execute_many([Evaluate(FOUND[0])])[0].cached
    assert inner.computed == 1


def test_an_entry_without_its_hash_or_of_another_key_is_a_miss(cache: EvaluationCache) -> None:
    store(cache, key(0), entry(FOUND[0]))
    assert cache.get(key(0)) is not None
    store(cache, key(0), entry(FOUND[0]), signed=False)
    assert cache.get(key(0)) is None
    store(cache, key(0), module._hash_of(key(1), entry(FOUND[0])) + entry(FOUND[0]), signed=False)
    assert cache.get(key(0)) is None
