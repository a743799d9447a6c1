"""The LMDB form: what is written is read, and what is broken says so."""

from __future__ import annotations

import errno
import hashlib
import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path

import lmdb
import pytest

from trainers.data.errors import DataError
from trainers.data.store import WordLMDB
from trainers.data.writing import _batches, content_hash, write_lmdb

Make = Callable[[list[tuple[bytes, str]]], Path]
Picture = Callable[..., bytes]


def edit(
    path: Path, *, put: dict[bytes, bytes] | None = None, drop: tuple[bytes, ...] = ()
) -> None:
    """Change an LMDB behind the reader's back."""
    env = lmdb.open(str(path), map_size=1 << 24)
    with env.begin(write=True) as txn:
        for key, value in (put or {}).items():
            txn.put(key, value)
        for key in drop:
            txn.delete(key)
    env.close()


def test_records_come_back_in_order(ten_words: Path, picture: Picture) -> None:
    store = WordLMDB(ten_words)
    assert len(store) == 10
    assert store.record(3) == (picture(60), "word3")
    assert list(store.labels()) == [f"word{i}" for i in range(10)]


def test_keys_are_the_fields_standard_form(ten_words: Path, picture: Picture) -> None:
    env = lmdb.open(str(ten_words), readonly=True, lock=False)
    with env.begin() as txn:
        assert txn.get(b"num-samples") == b"10"
        assert txn.get(b"label-000000001") == b"word0"
        assert txn.get(b"image-000000010") == picture(180)
    env.close()


def test_two_readers_of_one_file_and_a_pickled_one(ten_words: Path) -> None:
    first, second = WordLMDB(ten_words), WordLMDB(ten_words / "data.mdb")
    third: WordLMDB = pickle.loads(pickle.dumps(first))
    assert first.label(0) == second.label(0) == third.label(0) == "word0"
    first.close()
    assert first.label(1) == second.label(1) == "word1"


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_survives_fork(ten_words: Path) -> None:
    store = WordLMDB(ten_words)
    assert store.label(0) == "word0"
    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    child = context.Process(target=lambda: queue.put(store.label(9)))
    child.start()
    child.join(20)
    assert child.exitcode == 0
    assert queue.get() == "word9"
    assert store.label(9) == "word9"


def test_single_bad_records_are_not_the_end(ten_words: Path, picture: Picture) -> None:
    edit(
        ten_words,
        put={b"image-000000002": b"", b"label-000000003": b"\xff\xfe"},
        drop=(b"image-000000004", b"label-000000005"),
    )
    store = WordLMDB(ten_words)
    assert store.record(1) == (None, "word1")
    assert store.record(2) == (picture(40), None)
    assert store.record(3) == (None, "word3")
    assert list(store.labels())[2:6] == [None, "word3", None, "word5"]


@pytest.mark.parametrize(
    ("value", "message"),
    [(b"ten", "whole number"), (b"-1", "expected 0 to"), (b"\xff", "whole number")],
)
def test_unusable_num_samples(ten_words: Path, value: bytes, message: str) -> None:
    edit(ten_words, put={b"num-samples": value})
    with pytest.raises(DataError, match=message):
        WordLMDB(ten_words)


def test_missing_and_too_large_num_samples(ten_words: Path) -> None:
    edit(ten_words, put={b"num-samples": b"11"})
    with pytest.raises(DataError, match="record 11 does not exist"):
        WordLMDB(ten_words)
    edit(ten_words, drop=(b"num-samples",))
    with pytest.raises(DataError, match="no 'num-samples' key"):
        WordLMDB(ten_words)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.95])
def test_truncated_file_is_an_error_not_a_crash(
    make_lmdb: Make, share: float, picture: Picture
) -> None:
    path = make_lmdb([(picture(i % 250, 64, 200), "w") for i in range(200)])
    data = path / "data.mdb"
    with data.open("r+b") as file:
        file.truncate(int(data.stat().st_size * share))
    with pytest.raises(DataError, match=r"truncated|not a readable LMDB"):
        WordLMDB(path)


def test_what_is_not_an_lmdb(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not exist"):
        WordLMDB(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no data\.mdb"):
        WordLMDB(tmp_path / "empty")
    (tmp_path / "empty" / "data.mdb").write_bytes(b"not a database" * 2000)
    with pytest.raises(DataError, match="not a readable LMDB"):
        WordLMDB(tmp_path / "empty")


def test_index_out_of_range(ten_words: Path) -> None:
    with pytest.raises(DataError, match="expected 0 to 9"):
        WordLMDB(ten_words).record(10)


def test_an_interrupted_write_leaves_nothing(tmp_path: Path, picture: Picture) -> None:
    def broken() -> Iterator[tuple[bytes, str]]:
        for i in range(1500):
            yield picture(1), f"w{i}"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_lmdb(tmp_path / "new", broken())
    assert list(tmp_path.iterdir()) == []


def test_an_existing_destination_is_kept(ten_words: Path) -> None:
    with pytest.raises(DataError, match="exists"):
        write_lmdb(ten_words, [(b"x", "y")])
    assert len(WordLMDB(ten_words)) == 10


def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise lmdb.DiskError("mdb_txn_commit: No space left on device")

    monkeypatch.setattr("trainers.data.writing._put", full)
    with pytest.raises(DataError, match="no space left") as caught:
        write_lmdb(tmp_path / "new", [(b"x", "y")])
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_the_map_grows_as_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainers.data.writing._FIRST_MAP_BYTES", 1 << 16)
    blob = bytes(5000)
    assert write_lmdb(tmp_path / "big", ((blob, "w") for _ in range(2500))) == 2500
    assert WordLMDB(tmp_path / "big").record(2499) == (blob, "w")


def test_leftovers_of_killed_writers_are_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture: Picture
) -> None:
    monkeypatch.setattr("trainers.data.writing._SWEEP_SECONDS", -1.0)
    left = tmp_path / ".tmp-new-999999999-0badcafe"
    left.mkdir()
    (left / "data.mdb").write_bytes(b"half")
    write_lmdb(tmp_path / "new", [(picture(3), "w")])
    assert [p.name for p in tmp_path.iterdir()] == ["new"]


def test_content_hash_follows_content_not_layout(
    make_lmdb: Make, tmp_path: Path, picture: Picture
) -> None:
    records = [(picture(i), f"w{i}") for i in range(5)]
    one = make_lmdb(records)
    same = make_lmdb([*records[:4], (picture(99), "other")])
    assert content_hash(one) != content_hash(same)
    edit(same, put={b"image-000000005": records[4][0], b"label-000000005": b"w4"})
    assert content_hash(one) == content_hash(same)
    assert content_hash(one).startswith("words-full-1:")
    # Moving a byte between label and image must show.
    assert content_hash(make_lmdb([(b"bc", "a")])) != content_hash(make_lmdb([(b"c", "ab")]))


def test_content_hash_of_a_large_file_takes_lengths_for_images(
    make_lmdb: Make, monkeypatch: pytest.MonkeyPatch, picture: Picture
) -> None:
    monkeypatch.setattr("trainers.data.writing._HASH_ALL_BELOW", 0)
    records = [(b"abc", "w0"), (b"", "wört"), (picture(1, 200, 200), "w2"), (b"x", "w3")]
    path = make_lmdb(records)
    edit(path, put={b"label-000000004": b"\xff"})
    sizes = [(len(image), label) for image, label in records[:3]] + [(1, None)]
    assert [WordLMDB(path).sizes(i) for i in range(4)] == sizes
    digest = hashlib.blake2b(b"4\n", digest_size=16)
    for size, label in sizes:
        text = (label or "").encode()
        digest.update(b"%d %d\n" % (len(text), size) + text)
    assert content_hash(path) == f"words-sizes-1:{digest.hexdigest()}"
    # Another image of the same length is not seen.
    edit(path, put={b"image-000000001": b"xyz"})
    assert content_hash(path) == f"words-sizes-1:{digest.hexdigest()}"


def test_zeroed_pages_cost_records_not_the_run(make_lmdb: Make, picture: Picture) -> None:
    """A download that stopped after its file was laid out ends in zeros."""
    path = make_lmdb([(picture(i % 250, 64, 200), f"w{i}") for i in range(400)])
    data = path / "data.mdb"
    with data.open("r+b") as file:
        file.seek(4096 * 20)
        file.write(bytes(4096 * 10))
    store = WordLMDB(path)
    labels = list(store.labels())
    records = [store.record(i) for i in range(400)]
    assert len(labels) == 400
    lost = sum(image is None or label is None for image, label in records)
    assert 0 < lost < 400


@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOTSUP])
def test_a_disk_that_cannot_flush_folders_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def fail(fd: int) -> None:
        raise OSError(error, os.strerror(error))

    monkeypatch.setattr("trainers.data.writing.os.fsync", fail)
    assert write_lmdb(tmp_path / "words", [(b"image", "label")]) == 1
    assert len(WordLMDB(tmp_path / "words")) == 1


def test_an_error_at_the_last_step_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("trainers.data.writing.os.fsync", fail)
    with pytest.raises(DataError, match="cannot be created"):
        write_lmdb(tmp_path / "words", [(b"image", "label")])
    assert list(tmp_path.iterdir()) == []


def test_large_images_are_written_few_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr("trainers.data.writing._BATCH_BYTES", 1000)
    asked = 0

    def records():
        nonlocal asked
        for asked in range(50):
            yield b"x" * 600, f"word{asked}"

    held = [len(batch) for batch in _batches(records())]
    assert held == [2] * 25
    assert write_lmdb(tmp_path / "out", records()) == 50
