"""Augmentation: words stay whole and readable, and chance depends on the place of a word alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.data import tones
from trainers.data.augmentation import DRAWN, KEPT, NAMES, SHAPES, TONES, augment, changed
from trainers.data.errors import DataError
from trainers.data.image import encode_jpeg
from trainers.data.loader import BatchLoader
from trainers.data.splits import WordSplit
from trainers.data.warp import Warp

sizes = st.sampled_from([(32, 100), (64, 256), (32, 128)])
seeds = st.integers(0, 2**32)
strengths = st.sampled_from([0.1, 0.5, 1.0])


def word(size: tuple[int, int] = (32, 100), ink: int = 30, ground: int = 200) -> np.ndarray:
    """A word that fills its picture but for a sixth at each side."""
    height, width = size
    image = np.full((height, width, 3), ground, dtype=np.uint8)
    mask = np.zeros(size, dtype=np.uint8)
    cv2.putText(mask, "WORD", (0, 21), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2)
    x, y, w, h = cv2.boundingRect(mask)
    glyphs = cv2.resize(mask[y : y + h, x : x + w], (width * 2 // 3, height * 2 // 3))
    top, left = height // 6, width // 6
    part = image[top : top + glyphs.shape[0], left : left + glyphs.shape[1]]
    part[glyphs > 127] = ink
    return image


@pytest.fixture
def pictures(make_lmdb: Callable[..., Path]) -> Path:
    rng = np.random.default_rng(0)
    grain = [rng.integers(0, 256, (20, 60, 3), dtype=np.uint8) for _ in range(10)]
    return make_lmdb([(encode_jpeg(image, 95), f"word{i}") for i, image in enumerate(grain)])


def images(loader: BatchLoader, steps: range) -> np.ndarray:
    with loader:
        return np.concatenate([loader.batch(step).images for step in steps])


# ---- shape ------------------------------------------------------------------------------------


def drawn_warp(names: list[str], strength: float, seed: int) -> Warp:
    warp, rng = Warp(), np.random.default_rng(seed)
    for name in names:
        SHAPES[name](warp, strength, rng)
    return warp


@given(st.permutations(sorted(SHAPES)), st.integers(1, DRAWN), sizes, strengths, seeds)
@settings(max_examples=200, deadline=None)
def test_the_whole_picture_stays_inside_and_is_not_mirrored(
    names: list[str], count: int, size: tuple[int, int], strength: float, seed: int
) -> None:
    height, width = size
    corners = drawn_warp(names[:count], strength, seed).corners(height, width)
    assert corners.min() >= -1e-6
    assert (corners <= np.array([width, height]) + 1e-6).all()
    # Clockwise and convex at each corner: neither mirrored nor folded.
    sides = np.roll(corners, -1, axis=0) - corners
    following = np.roll(sides, -1, axis=0)
    assert (sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0] > 0).all()
    # Letters still stand up and run from left to right.
    upper_left, upper_right, lower_right, lower_left = corners
    assert upper_left[0] < upper_right[0]
    assert lower_left[0] < lower_right[0]
    assert upper_left[1] < lower_left[1]
    assert upper_right[1] < lower_right[1]
    area = cv2.contourArea(corners.astype(np.float32))
    assert area > 0.25 * height * width


@given(st.permutations(sorted(SHAPES)), seeds)
@settings(max_examples=60, deadline=None)
def test_no_ink_is_lost(names: list[str], seed: int) -> None:
    image = word()
    assert (image == 30).any()
    warp = drawn_warp(names[:DRAWN], 1.0, seed)
    ys, xs = np.nonzero(image[..., 0] == 30)
    points = np.stack([xs, ys], axis=1)[None].astype(np.float64)
    placed = cv2.perspectiveTransform(points, warp.matrix(32, 100))[0]
    assert placed.min() >= 0
    assert (placed <= [99, 31]).all()
    seen = 200 - warp.apply(image)[..., 0].astype(float)
    shrunk = cv2.contourArea(warp.corners(32, 100).astype(np.float32)) / 3200
    whole = float((200 - image[..., 0].astype(float)).sum())
    assert seen.sum() == pytest.approx(whole * shrunk, rel=0.15)


def test_a_warp_does_what_it_says() -> None:
    image = np.zeros((32, 100, 3), dtype=np.uint8)
    image[:, :50] = 255
    moved = Warp(move_x=0.1).apply(image)
    # The edge, in the middle before, is in the middle of the right nine tenths.
    assert (moved[:, :54] == 255).all()
    assert (moved[:, 56:] == 0).all()
    turned = Warp(degrees=15).corners(32, 100)
    assert turned[0][1] < turned[1][1], "clockwise, y downwards"
    assert not Warp().changes()
    assert np.allclose(Warp().corners(32, 100), [[0, 0], [100, 0], [100, 32], [0, 32]])


# ---- tone -------------------------------------------------------------------------------------


@given(st.permutations(sorted(TONES)), st.integers(0, 255), st.integers(20, 200), sizes, seeds)
@settings(max_examples=200, deadline=None)
def test_changes_of_tone_leave_the_letters(
    names: list[str], ink: int, apart: int, size: tuple[int, int], seed: int
) -> None:
    image = word(size, ink, ink + apart if ink + apart < 256 else max(0, ink - apart))
    given_image = image.copy()
    found = changed(image, names[:DRAWN], 1.0, np.random.default_rng(seed))
    assert found.shape == image.shape
    assert found.dtype == np.uint8
    assert tones.share_kept(tones.detail(image), tones.detail(found)) >= KEPT
    assert (image == given_image).all()


def test_tones_do_what_they_say() -> None:
    image = np.array([[[10, 100, 250], [50, 100, 30]]], dtype=np.uint8)
    assert (tones.invert(image) == 255 - image).all()
    assert tones.stretch(image).tolist() == [[[0, 100, 255], [255, 100, 0]]]
    assert tones.posterise(image, 2).tolist() == [[[0, 64, 192], [0, 64, 0]]]
    assert tones.brighten(image, 1.5).tolist() == [[[15, 150, 255], [75, 150, 45]]]
    assert np.ptp(tones.change_colour(image, 0.0), axis=2).max() == 0
    wide = word()
    assert tones.change_contrast(wide, 0.5).std() == pytest.approx(wide.std() / 2, rel=0.02)
    assert tones.blur(wide, 2.0).std() < wide.std()


def test_words_that_a_change_would_hide_are_left_alone() -> None:
    faint = word(ink=70, ground=120)  # Both are 64 in two bits.
    assert changed(faint, ["posterise"], 1.0, np.random.default_rng(0)) is faint
    light = word(ink=190, ground=230)  # Both are 255 when brightened.
    for seed in range(8):
        found = changed(light, ["brightness"], 1.0, np.random.default_rng(seed))
        assert found.std() > light.std() / 2


def test_every_change_is_drawn_and_some_words_stay() -> None:
    image = word()
    same = [np.array_equal(augment(image, 1.0, np.random.default_rng(i)), image) for i in range(99)]
    # (1/2)^3 of them at least.
    assert 2 < sum(same) < 40
    for name in NAMES:
        found = changed(image, [name], 1.0, np.random.default_rng(0))
        assert name == "colour" or not np.array_equal(found, image), name


@pytest.mark.parametrize("strength", [0.0, -0.1, 1.1, float("nan")])
def test_other_strengths_are_refused(strength: float) -> None:
    with pytest.raises(DataError, match="expected"):
        augment(word(), strength, np.random.default_rng(0))


# ---- the loader -------------------------------------------------------------------------------


def test_augmented_batches_depend_on_step_alone(pictures: Path) -> None:
    split = WordSplit(pictures, cache_bytes=0)
    expected = images(BatchLoader(split, 4, 3, 0, 2, augmentation=1.0), range(9))
    for workers in (1, 3):
        loader = BatchLoader(WordSplit(pictures), 4, 3, workers, 2, augmentation=1.0)
        with loader:
            for step in (0, 1, 2, 8, 3, 3, 7, 0, 4, 5, 6):
                at = slice(4 * step, 4 * step + 4)
                assert np.array_equal(loader.batch(step).images, expected[at])


@pytest.mark.parametrize("processes", [2, 4])
def test_processes_see_their_rows_of_the_same_batches(pictures: Path, processes: int) -> None:
    whole = BatchLoader(WordSplit(pictures), 8, 0, 0, augmentation=1.0)
    with whole:
        for step in range(4):
            for rank in range(processes):
                rows = slice(rank, None, processes)
                with whole.part(rows) as part:
                    own = part.batch(step)
                assert np.array_equal(own.images, whole.batch(step).images[rows])


def test_batch_sizes_do_not_matter(pictures: Path) -> None:
    split = WordSplit(pictures)
    small = images(BatchLoader(split, 3, 0, 0, augmentation=1.0), range(8))
    large = images(BatchLoader(split, 8, 0, 0, augmentation=1.0), range(3))
    assert np.array_equal(small, large)


def test_another_epoch_seed_or_stream_draws_other_changes(make_lmdb: Callable[..., Path]) -> None:
    one = WordSplit(make_lmdb([(encode_jpeg(word(), 95), "word")]))
    by_epoch = images(BatchLoader(one, 20, 0, 0, 2, augmentation=1.0), range(1))
    assert len({image.tobytes() for image in by_epoch}) > 10
    for seed, stream in ((1, 2), (0, 3)):
        other = images(BatchLoader(one, 20, seed, 0, stream, augmentation=1.0), range(1))
        assert not np.array_equal(other, by_epoch)


def test_without_it_images_are_those_of_the_split(pictures: Path) -> None:
    split = WordSplit(pictures)
    with BatchLoader(split, 10, 0, 0) as plain, BatchLoader(split, 10, 0, 0, augmentation=1) as own:
        before, after = plain.batch(0), own.batch(0)
        assert before.labels == after.labels
        for place, index in enumerate(plain.indices(0)):
            sample = split.sample(int(index))
            assert sample is not None
            # The cache's own pictures: augmentation must not have written to them.
            assert np.array_equal(before.images[place], sample[0])
        assert not np.array_equal(before.images, after.images)


@pytest.mark.parametrize("strength", [-0.1, 1.5, float("nan")])
def test_a_loader_refuses_other_strengths(pictures: Path, strength: float) -> None:
    with pytest.raises(DataError, match=r"augmentation .* expected 0"):
        BatchLoader(WordSplit(pictures), 2, 0, augmentation=strength)
