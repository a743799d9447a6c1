"""Splits and the loader: batches depend on the step and on nothing else."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from trainers.data.errors import DataError
from trainers.data.loader import Batch, BatchLoader
from trainers.data.splits import WordSplit

Make = Callable[[list[tuple[bytes, str]]], Path]
Picture = Callable[..., bytes]


def shade(image: np.ndarray) -> int:
    return round(float(image.mean()))


def same(one: Batch, other: Batch) -> bool:
    return (
        one.labels == other.labels
        and one.substituted == other.substituted
        and bool((one.images == other.images).all())
    )


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.parametrize("cache_bytes", [0, 1 << 29])
def test_batches_are_a_pure_function_of_the_step(
    ten_words: Path, workers: int, cache_bytes: int
) -> None:
    with BatchLoader(WordSplit(ten_words, cache_bytes=0), 4, seed=3, workers=0) as loader:
        expected = [loader.batch(step) for step in range(9)]
    split = WordSplit(ten_words, cache_bytes=cache_bytes)
    with BatchLoader(split, 4, seed=3, workers=workers) as loader:
        for step in (0, 1, 2, 8, 3, 3, 7, 0, 4, 5, 6):
            assert same(loader.batch(step), expected[step])


def test_batch_form_and_labels_belong_to_images(ten_words: Path) -> None:
    with BatchLoader(WordSplit(ten_words), 7, seed=0) as loader:
        batch = loader.batch(0)
    assert batch.images.shape == (7, 32, 100, 3)
    assert batch.images.dtype == np.uint8
    assert batch.images.flags.c_contiguous
    assert batch.substituted == 0
    for image, label in zip(batch.images, batch.labels, strict=True):
        assert abs(shade(image) - 20 * int(label[-1])) <= 2


def test_every_epoch_holds_every_sample_once_in_another_order(ten_words: Path) -> None:
    with BatchLoader(WordSplit(ten_words), 5, seed=1) as loader:
        epochs = [loader.batch(2 * e).labels + loader.batch(2 * e + 1).labels for e in range(4)]
    for epoch in epochs:
        assert sorted(epoch) == [f"word{i}" for i in range(10)]
    assert len({tuple(e) for e in epochs}) > 1


def test_another_seed_another_order(ten_words: Path) -> None:
    split = WordSplit(ten_words)
    orders = {tuple(BatchLoader(split, 10, seed, workers=0).indices(0)) for seed in range(5)}
    assert len(orders) == 5


def test_a_batch_larger_than_the_split_is_full(ten_words: Path) -> None:
    with BatchLoader(WordSplit(ten_words), 25, seed=0) as loader:
        counts = Counter(loader.batch(0).labels)
    assert set(counts.values()) <= {2, 3}
    assert sum(counts.values()) == 25


@pytest.mark.parametrize("workers", [0, 2])
def test_unreadable_images_are_replaced_and_counted(
    make_lmdb: Make, workers: int, picture: Picture
) -> None:
    records = [(picture(20 * i), f"word{i}") for i in range(10)]
    records[2] = (b"broken", "word2")
    records[5] = (b"\xff\xd8broken", "word5")
    split = WordSplit(make_lmdb(records))
    with BatchLoader(split, 10, seed=0, workers=workers) as loader:
        batch = loader.batch(0)
        order = [int(i) for i in loader.indices(0)]
        assert batch.substituted == 2
        assert loader.unreadable == {2, 5}
    for row, index in enumerate(order):
        stand_in = next(i for i in order[row:] + order[:row] if i not in (2, 5))
        assert batch.labels[row] == f"word{stand_in}"
        assert index == stand_in or index in (2, 5)


def test_nothing_readable_is_an_error_not_a_hang(make_lmdb: Make) -> None:
    split = WordSplit(make_lmdb([(b"broken", "a"), (b"broken", "b")]))
    for workers in (0, 1):
        with (
            BatchLoader(split, 2, 0, workers=workers) as loader,
            pytest.raises(DataError, match="none of the 2 usable samples"),
        ):
            loader.batch(0)


def test_nothing_usable_is_an_error(make_lmdb: Make, picture: Picture) -> None:
    path = make_lmdb([(picture(1), "!!"), (picture(2), "x" * 30)])
    with pytest.raises(DataError, match="1 empty, 1 too_long"):
        WordSplit(path, "36")
    with pytest.raises(DataError, match="no usable sample"):
        WordSplit(make_lmdb([]))


def test_labels_are_folded_filtered_and_counted(make_lmdb: Make, picture: Picture) -> None:
    labels = ["Ab", "a-b", "...", "y" * 30, "Z9"]
    split = WordSplit(make_lmdb([(picture(1), label) for label in labels]), "36")
    assert split.status_counts == {
        "kept": 2, "stripped": 1, "empty": 1, "too_long": 1, "missing": 0,
    }  # fmt: skip
    assert split.words().labels == ["ab", "ab", "z9"]
    assert WordSplit(split.paths[0], "94").words().labels == ["Ab", "a-b", "...", "Z9"]


def test_several_sources_with_repeats(make_lmdb: Make, picture: Picture) -> None:
    one = make_lmdb([(picture(10), "one")])
    two = make_lmdb([(picture(200), "two"), (picture(220), "zwei")])
    split = WordSplit([one, (two, 2)])
    assert split.words().labels == ["one", "two", "zwei", "two", "zwei"]
    assert split.status_counts["kept"] == 3
    assert WordSplit((two, 3)).repeats == (3,)
    assert len(WordSplit((one, two))) == 3
    with pytest.raises(DataError, match="repeated 0 times"):
        WordSplit([(one, 0)])


def test_evaluation_is_in_order_without_the_unreadable(make_lmdb: Make, picture: Picture) -> None:
    records = [(picture(20 * i), f"word{i}") for i in range(7)]
    records[1] = (b"", "word1")
    split = WordSplit(make_lmdb(records))
    words = split.words()
    assert words.labels == ["word0", "word2", "word3", "word4", "word5", "word6"]
    assert words.unreadable == 1
    assert words.indices.tolist() == [0, 2, 3, 4, 5, 6]
    assert words.first(2).labels == ["word0", "word2"]


def test_a_part_comes_from_everywhere_and_begins_a_larger_part(
    make_lmdb: Make, picture: Picture
) -> None:
    one = make_lmdb([(picture(10), "one")] * 60)
    two = make_lmdb([(picture(200), "two")] * 60)
    split = WordSplit([one, two])
    part = split.words(limit=40)
    assert 10 < part.labels.count("one") < 30
    assert split.words(limit=20).indices.tolist() == part.indices[:20].tolist()
    assert sorted(split.words(limit=500).indices.tolist()) == list(range(120))


def test_a_split_travels_to_another_process(ten_words: Path) -> None:
    split = WordSplit(ten_words)
    split.words()
    copy: WordSplit = pickle.loads(pickle.dumps(split))
    assert len(pickle.dumps(split)) < 20_000
    assert (copy.words().images == split.words().images).all()


def test_closing_leaves_no_threads(ten_words: Path) -> None:
    before = threading.active_count()
    loader = BatchLoader(WordSplit(ten_words), 4, seed=0, workers=2)
    loader.batch(0)
    assert threading.active_count() > before
    loader.close()
    assert threading.active_count() == before
    with pytest.raises(DataError, match="closed"):
        loader.batch(1)


@pytest.mark.parametrize(("size", "seed", "workers"), [(0, 0, 0), (1, -1, 0), (1, 0, -1)])
def test_bad_loader_arguments(ten_words: Path, size: int, seed: int, workers: int) -> None:
    with pytest.raises(DataError, match="expected batch_size >= 1"):
        BatchLoader(WordSplit(ten_words), size, seed, workers)
