"""The renderer: reproducible, readable, nothing cut off, splits that do not meet."""

from __future__ import annotations

import re
import string
import subprocess
import sys
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainers.data import embedded
from trainers.data.embedded import embedded_path, embedded_split
from trainers.data.errors import DataError
from trainers.data.image import decode_image
from trainers.data.rendering.colours import LUMA, draw_palette, luma
from trainers.data.rendering.dataset import render_lmdb, render_records
from trainers.data.rendering.fonts import (
    FOLDER,
    draw_face,
    font_families,
    has_glyphs,
    load_font,
)
from trainers.data.rendering.render import render_layers, render_word
from trainers.data.rendering.settings import RenderSettings
from trainers.data.rendering.vocabulary import word_counts
from trainers.data.rendering.words import SPLIT_NAMES, SplitName, WordSampler, split_of
from trainers.data.store import WordLMDB
from trainers.data.writing import content_hash, write_lmdb

PRINTABLE = "".join(chr(c) for c in range(33, 127))
difficulties = st.sampled_from([0.0, 0.3, 0.6, 1.0])


@given(st.text(PRINTABLE, min_size=1, max_size=20), st.integers(0, 2**32), difficulties)
@settings(max_examples=120, deadline=None)
def test_no_letter_is_cut_off(text: str, seed: int, difficulty: float) -> None:
    rng = np.random.default_rng(seed)
    picture, clean, coverage = render_layers(text, rng, RenderSettings(difficulty=difficulty))
    assert picture.shape == clean.shape == (*coverage.shape, 3)
    border = np.concatenate([coverage[0], coverage[-1], coverage[:, 0], coverage[:, -1]])
    assert border.max() == 0
    assert coverage.max() > 40


@given(st.integers(0, 2**32), difficulties)
@settings(max_examples=120, deadline=None)
def test_text_stands_out_from_what_is_around_it(seed: int, difficulty: float) -> None:
    kind = RenderSettings(difficulty=difficulty)
    _, clean, coverage = render_layers("Readable", np.random.default_rng(seed), kind)
    light = clean.astype(np.float32) @ LUMA
    core = coverage >= 250
    ring = (cv2.dilate((coverage > 0).astype(np.uint8), np.ones((3, 3))) == 1) & (coverage == 0)
    if core.sum() >= 20:
        assert abs(light[core].mean() - light[ring].mean()) >= kind.min_contrast - 1


@given(st.integers(0, 2**32), st.floats(0, 235), st.floats(0, 80), st.floats(0, 1))
@settings(max_examples=200, deadline=None)
def test_palettes_keep_the_contrast(
    seed: int, contrast: float, spread: float, print_share: float
) -> None:
    palette = draw_palette(np.random.default_rng(seed), contrast, spread, print_share)
    for tone in (palette.ground, palette.second, palette.edge):
        assert abs(luma(palette.text) - luma(tone)) >= contrast - 0.1
        assert tone.min() >= -0.01
        assert tone.max() <= 255.01


def test_most_colours_are_muted() -> None:
    rng = np.random.default_rng(0)
    grounds = [draw_palette(rng, 60, 20, 0.2).ground for _ in range(1000)]
    chroma = np.array([np.ptp(tone) for tone in grounds])
    assert np.median(chroma) < 40
    assert (chroma > 60).mean() > 0.05


def test_same_seed_same_bytes_and_other_seed_other_bytes() -> None:
    kind = RenderSettings(charset="94")
    one = render_records("search_val", 3, 9, 5, kind)
    assert one == render_records("search_val", 0, 9, 5, kind)[3:]
    assert not set(one) & set(render_records("search_val", 3, 9, 6, kind))
    assert one != render_records("test", 3, 9, 5, kind)


def test_result_does_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    render_lmdb(tmp_path / "one", "test", 300, 1, progress=lambda d, t: seen.append((d, t)))
    render_lmdb(tmp_path / "two", "test", 300, 1, processes=2)
    assert content_hash(tmp_path / "one") == content_hash(tmp_path / "two")
    assert seen[-1] == (300, 300)
    assert len(WordLMDB(tmp_path / "one")) == 300


def test_pictures_have_word_like_sizes() -> None:
    kind = RenderSettings(min_height=24, max_height=48)
    shapes = [
        decode_image(data).shape for data, _ in render_records("search_train", 0, 60, 0, kind)
    ]
    heights = np.array([s[0] for s in shapes])
    widths = np.array([s[1] for s in shapes])
    assert heights.min() >= 20
    assert 24 <= np.median(heights) <= 48
    assert np.median(widths / heights) > 1.2
    assert len(set(shapes)) > 30


@pytest.mark.parametrize("split", SPLIT_NAMES)
def test_texts_belong_to_their_split(split: SplitName) -> None:
    rng = np.random.default_rng(0)
    sampler = WordSampler(split, 1, 12, punctuation=True)
    texts = [sampler.draw(rng) for _ in range(400)]
    for text in texts:
        assert 1 <= len(text) <= 12
        assert split_of(text) in (None, split)
    assert len(set(texts)) > 250
    styles = Counter("upper" if t.isupper() else "lower" for t in texts if t.isalpha())
    assert min(styles["upper"], styles["lower"]) > 50


@given(st.text(PRINTABLE, min_size=1, max_size=12))
def test_folding_cannot_move_a_text_to_another_split(text: str) -> None:
    folded = "".join(c for c in text.lower() if c.isalnum())
    if folded:
        assert split_of(folded) == split_of(text) == split_of(text.upper())


def test_text_length_range_is_kept() -> None:
    rng = np.random.default_rng(1)
    for low, high in ((1, 1), (5, 5), (3, 6), (20, 24)):
        sampler = WordSampler("test", low, high)
        read = (sum(map(str.isalnum, sampler.draw(rng))) for _ in range(30))
        assert all(low <= length <= high for length in read)
        sampler = WordSampler("test", low, high, punctuation=True)
        assert all(low <= len(sampler.draw(rng)) <= high for _ in range(30))


def test_words_come_by_how_often_they_are_used() -> None:
    rng = np.random.default_rng(2)
    sampler = WordSampler("search_train", 1, 16)
    seen = Counter(sampler.draw(rng).lower() for _ in range(6000))
    common = [word for word in list(word_counts())[:300] if split_of(word) == "search_train"]
    rare = [word for word in list(word_counts())[-300:] if split_of(word) == "search_train"]
    assert sum(seen[word] for word in common) > 20 * sum(seen[word] for word in rare)
    assert len(seen) > 3000
    digits = sum(count for text, count in seen.items() if text.isdigit())
    assert 0.05 < digits / 6000 < 0.15


@pytest.mark.parametrize("split", SPLIT_NAMES)
def test_splits_have_the_same_kinds_of_texts(split: SplitName) -> None:
    """Most strings of digits belong to search_train: the others must not get fewer for that."""
    rng = np.random.default_rng(3)
    sampler = WordSampler(split, 3, 10)
    texts = [sampler.draw(rng) for _ in range(2000)]
    assert 0.06 < np.mean([text.isdigit() for text in texts]) < 0.14


def test_the_list_is_fit_to_be_shown() -> None:
    words = word_counts()
    assert len(words) == 40_000
    assert all(re.fullmatch("[a-z]{1,16}", word) for word in words)
    assert not {"fuck", "shit", "nigger", "whore"} & words.keys()


def test_nothing_is_unpickled(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of its own, since modules that are loaded already would not be looked at."""
    program = (
        "import pickle, _pickle\n"
        "def refuse(*_, **__): raise AssertionError('unpickled')\n"
        "class Refused(pickle.Unpickler):\n"
        "    def __init__(self, *_, **__): refuse()\n"
        "for module in (pickle, _pickle):\n"
        "    module.load = module.loads = refuse; module.Unpickler = Refused\n"
        "from trainers.data.rendering.dataset import render_records\n"
        "from trainers.data.rendering.settings import RenderSettings\n"
        "print(len(render_records('test', 0, 40, 0, RenderSettings(charset='94'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "40\n"


def test_fonts_have_the_characters() -> None:
    families = font_families()
    assert len(families) >= 10
    assert list(families) == sorted(families, key=lambda f: f.name)
    for family in families:
        for file in family.files:
            assert has_glyphs(file, string.ascii_letters + string.digits), file.name
            # Letters of two cases that look the same would be labelled at random.
            font = load_font(file, 24)
            assert all(bytes(font.getmask(c)) != bytes(font.getmask(c.upper())) for c in "abdegr")


@pytest.mark.parametrize("character", PRINTABLE)
def test_a_face_has_every_character_of_its_text(character: str) -> None:
    rng = np.random.default_rng(0)
    assert all(has_glyphs(draw_face(rng, character), character) for _ in range(20))


def test_every_face_has_its_licence() -> None:
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    for family in font_families():
        assert family.name in told
    assert "SIL OPEN FONT LICENSE" in (FOLDER / "OFL.txt").read_text(encoding="utf-8")


def test_embedded_split_is_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRNAS_CACHE", str(tmp_path))
    kind = RenderSettings(difficulty=0.3)
    path = embedded_split("search_val", 20, 1, kind)
    assert len(WordLMDB(path)) == 20
    before = (path / "data.mdb").stat().st_mtime_ns
    assert embedded_split("search_val", 20, 1, kind) == path
    assert (path / "data.mdb").stat().st_mtime_ns == before
    others = {
        embedded_path("test", 20, 1, kind),
        embedded_path("search_val", 21, 1, kind),
        embedded_path("search_val", 20, 2, kind),
        embedded_path("search_val", 20, 1, RenderSettings(difficulty=0.31)),
    }
    assert len(others | {path}) == 5


@pytest.mark.parametrize("damage", ["cut", "emptied", "replaced", "linked", "zeroed"])
def test_damaged_words_are_rendered_anew(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    damage: str,
) -> None:
    monkeypatch.setenv("STRNAS_CACHE", str(tmp_path))
    path = embedded_path("test", 20, 1, RenderSettings())
    path.mkdir(parents=True)
    if damage == "cut":
        whole = render_lmdb(tmp_path / "whole", "test", 20, 1)
        (path / "data.mdb").write_bytes((whole / "data.mdb").read_bytes()[:20_000])
    elif damage == "zeroed":
        path.rmdir()
        records = render_records("test", 0, 20, 1, RenderSettings())
        write_lmdb(path, [(bytes(len(image)), label) for image, label in records])
    elif damage in ("replaced", "linked"):
        path.rmdir()
        if damage == "linked":
            path.symlink_to(tmp_path / "nowhere")
        else:
            path.write_text("no folder")
    assert embedded_split("test", 20, 1) == path
    assert len(WordLMDB(path)) == 20
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "rendered again" in told
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_two_processes_may_render_the_same_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other process finishes while this one renders: its result is taken."""
    monkeypatch.setenv("STRNAS_CACHE", str(tmp_path))
    raced = False

    def progress(done: int, total: int) -> None:
        nonlocal raced
        if not raced:
            raced = True
            embedded.embedded_split("test", 10, 0)

    path = embedded_split("test", 10, 0, progress=progress)
    assert raced
    assert len(WordLMDB(path)) == 10
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("made_by", ["RENDERER_VERSION", "list_hash", "fonts_hash"])
def test_words_of_another_renderer_are_not_taken(
    made_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = embedded_path("test", 12, 0, RenderSettings())
    other = -1 if made_by == "RENDERER_VERSION" else lambda: "other"
    monkeypatch.setattr(embedded, made_by, other)
    assert embedded_path("test", 12, 0, RenderSettings()) != before


def test_bad_arguments(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for text in ("", "two words", "caf\u00e9", "x" * 33):
        with pytest.raises(DataError, match="expected"):
            render_word(text, rng, RenderSettings())
    with pytest.raises(DataError, match="difficulty"):
        RenderSettings(difficulty=float("nan"))
    with pytest.raises(DataError, match="unknown split"):
        render_lmdb(tmp_path / "x", "train", 5)
    with pytest.raises(DataError, match="count 0"):
        render_lmdb(tmp_path / "x", "test", 0)
    with pytest.raises(DataError, match="text length"):
        RenderSettings(min_length=5, max_length=4)
    assert list(tmp_path.iterdir()) == []
