"""``bench data render|import|info|sheet``."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import lmdb
import numpy as np
import pytest
from PIL import Image

from bench.commands.data import _printable
from trainers.data.rendering.words import split_of
from trainers.data.store import WordLMDB
from trainers.data.writing import write_lmdb


def jpeg(shade: int = 128, size: tuple[int, int] = (60, 20)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(content, "JPEG")
    return content.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four good words, one missing image, one broken image, one empty label."""
    source = tmp_path / "source"
    (source / "images").mkdir(parents=True)
    lines = []
    for index, label in enumerate(["Red", "blue", "GREEN!", "42"]):
        (source / "images" / f"{index}.jpg").write_bytes(jpeg(50 * index))
        lines.append(f"images/{index}.jpg\t{label}")
    (source / "images" / "broken.jpg").write_bytes(jpeg()[:40])
    lines += ["images/none.jpg\tgone", "images/broken.jpg\tbroken", "images/0.jpg\t"]
    (source / "labels.tsv").write_text("\n".join(lines), encoding="utf-8")
    return source


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """Three readable words and one that is not."""
    path = tmp_path / "words"
    write_lmdb(path, [(jpeg(0), "Red"), (jpeg(90), "a-b"), (b"junk", "bad"), (jpeg(200), "~")])
    return path


def contents(path: Path) -> list[str]:
    """Everything in the folder, files left over by a killed writer included."""
    return sorted(item.name for item in path.iterdir())


# ---- render -----------------------------------------------------------------------------------


def test_render_writes_what_it_says(bench, tmp_path):
    dest = tmp_path / "made"
    done = bench(
        "data", "render", dest, "--count", 12, "--split", "test", "--min-length", 4,
        "--max-length", 6, "--difficulty", 0.2, "--charset", "62", "--seed", 3, "--json",
    )  # fmt: skip
    assert done.code == 0
    asked = {"samples": 12, "split": "test", "seed": 3, "charset": "62", "difficulty": 0.2}
    assert {key: done.json[key] for key in asked} == asked
    labels = [label for label in WordLMDB(dest).labels() if label is not None]
    assert len(labels) == 12
    assert {len(label) in range(4, 7) for label in labels} == {True}
    assert {split_of(label) for label in labels} == {"test"}


def test_render_repeats_under_a_seed(bench, tmp_path):
    hashes = []
    for name, seed in [("a", 5), ("b", 5), ("c", 6)]:
        bench("data", "render", tmp_path / name, "--count", 6, "--seed", seed, "--quiet")
        hashes.append(bench("data", "info", tmp_path / name, "--json").json["content_hash"])
    assert hashes[0] == hashes[1] != hashes[2]


def test_progress_goes_to_stderr_and_quiet_has_none(bench, tmp_path):
    loud = bench("data", "render", tmp_path / "loud", "--count", 2)
    quiet = bench("data", "render", tmp_path / "quiet", "--count", 2, "--quiet")
    assert "rendering words" in loud.err
    assert "rendering words" not in loud.out
    assert quiet.err == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--split", "train"], "search_train, search_val, test"),
        (["--difficulty", "2"], "expected 0 to 1"),
        (["--difficulty", "nan"], "expected 0 to 1"),
        (["--charset", "37"], "36, 62, 94"),
        (["--min-length", "9", "--max-length", "3"], "9 to 3"),
        (["--count", "0"], "--count"),
        (["--processes", "0"], "--processes"),
        (["--seed", "-1"], "--seed"),
    ],
)
def test_render_refuses_and_leaves_nothing(refused, tmp_path, arguments, told):
    line = refused("data", "render", tmp_path / "made", "--quiet", *arguments)
    assert told in line
    assert contents(tmp_path) == []


def test_render_never_overwrites(refused, words):
    before = (words / "data.mdb").read_bytes()
    assert "exists" in refused("data", "render", words, "--quiet")
    assert (words / "data.mdb").read_bytes() == before


# ---- import -----------------------------------------------------------------------------------


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


@pytest.mark.parametrize("pack", [lambda folder: folder, zipped], ids=["folder", "zip"])
def test_import_keeps_good_words_and_counts_the_rest(
    bench, folder: Path, tmp_path: Path, pack: Callable[[Path], Path]
):
    dest = tmp_path / "made"
    report = bench("data", "import", pack(folder), dest, "--json").json
    assert report["samples"] == 4
    assert sum(report["skipped"].values()) == 3
    assert report["examples"]["image missing"] == ["images/none.jpg"]
    assert list(WordLMDB(dest).labels()) == ["Red", "blue", "GREEN!", "42"]
    # As they are: the bytes of the file, not a second encoding of them.
    assert WordLMDB(dest).record(1)[0] == jpeg(50)


def test_import_for_people_says_what_was_skipped(bench, folder, tmp_path):
    out = bench("data", "import", folder, tmp_path / "made").out
    for part in ("samples", "image missing", "empty label", "images/broken.jpg"):
        assert part in out


@pytest.mark.parametrize("labels", [None, "", "just words\n", "images/none.jpg\tgone\n"])
def test_import_without_usable_words_leaves_nothing(refused, folder, tmp_path, labels):
    (folder / "labels.tsv").unlink()
    if labels is not None:
        (folder / "labels.tsv").write_text(labels, encoding="utf-8")
    before = contents(tmp_path)
    line = refused("data", "import", folder, tmp_path / "made", "--quiet")
    assert "labels.tsv" in line
    assert contents(tmp_path) == before


def test_import_refuses_what_is_no_source(refused, tmp_path):
    (tmp_path / "note.txt").write_text("hello", encoding="utf-8")
    refused("data", "import", tmp_path / "note.txt", tmp_path / "made", "--quiet")
    refused("data", "import", tmp_path / "nowhere", tmp_path / "made", "--quiet")
    assert contents(tmp_path) == ["note.txt"]


def test_import_never_overwrites(refused, folder, words):
    assert "exists" in refused("data", "import", folder, words, "--quiet")
    assert len(WordLMDB(words)) == 4


# ---- info -------------------------------------------------------------------------------------


def test_info_counts_readable_and_corrupted(bench, words):
    found = bench("data", "info", words, "--json").json
    assert (found["samples"], found["readable"], found["corrupted"]) == (4, 3, 1)
    assert set(found["charset"]) == set("Reda-b~")
    assert found["covered_by"] == "94"
    assert found["label_length"] == {"min": 1, "median": 3.0, "max": 3}
    assert found["labels"] == {"kept": 1, "stripped": 1, "empty": 1, "too_long": 0}


def test_info_folds_to_the_charset_asked_for(bench, words):
    found = bench("data", "info", words, "--charset", "94", "--json").json
    assert found["folded_to"] == "94"
    assert found["labels"] == {"kept": 3, "stripped": 0, "empty": 0, "too_long": 0}


def test_info_for_people(bench, words):
    out = bench("data", "info", words, "--quiet").out
    facts = dict(line.split(None, 1) for line in out.splitlines())
    assert (facts["samples"], facts["readable"], facts["corrupted"]) == ("4", "3", "1")


def test_info_of_an_empty_lmdb(bench, tmp_path):
    write_lmdb(tmp_path / "empty", [])
    found = bench("data", "info", tmp_path / "empty", "--json").json
    assert (found["samples"], found["readable"], found["corrupted"]) == (0, 0, 0)
    assert bench("data", "info", tmp_path / "empty").code == 0


def test_info_refuses_what_is_no_lmdb(refused, tmp_path, words):
    refused("data", "info", tmp_path / "nowhere", "--quiet")
    refused("data", "info", words, "--charset", "many", "--quiet")
    (tmp_path / "file").write_text("hello " * 2000, encoding="utf-8")
    refused("data", "info", tmp_path / "file", "--quiet")


def test_info_refuses_a_wrong_count(refused, words):
    with lmdb.open(str(words)) as env, env.begin(write=True) as txn:
        txn.put(b"num-samples", b"9")
    assert "num-samples" in refused("data", "info", words, "--quiet")


# ---- sheet ------------------------------------------------------------------------------------


def test_sheet_shows_the_words(bench, words, tmp_path):
    out = tmp_path / "sheet.png"
    said = bench("data", "sheet", words, out, "-n", 4, "--columns", 2, "--json").json
    with Image.open(out) as opened:
        assert opened.size == (said["width"], said["height"])
        shades = {int(pixel) for pixel in np.unique(np.asarray(opened.convert("L")))}
    for shade in (0, 90, 200):
        assert any(abs(shade - seen) <= 2 for seen in shades)


def test_sheet_draws_other_words_under_another_seed(bench, tmp_path):
    write_lmdb(tmp_path / "many", [(jpeg(6 * i), f"w{i}") for i in range(40)])
    for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
        out = tmp_path / f"{name}.png"
        assert bench("data", "sheet", tmp_path / "many", out, "-n", 6, "--seed", seed).code == 0
    same, again, other = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert same == again != other


def test_sheet_shows_augmented_words(bench, refused, tmp_path):
    write_lmdb(tmp_path / "many", [(jpeg(6 * i), f"w{i}") for i in range(40)])
    for name, strength in [("plain", 0), ("a", 1), ("b", 1), ("c", 0.5)]:
        out = tmp_path / f"{name}.png"
        given = ("data", "sheet", tmp_path / "many", out, "-n", 20, "--augmentation", strength)
        assert bench(*given).code == 0
    plain, same, again, other = ((tmp_path / f"{n}.png").read_bytes() for n in ("plain", *"abc"))
    assert same == again
    assert len({plain, same, other}) == 3
    for strength in (-1, 2, "much"):
        refused("data", "sheet", tmp_path / "many", tmp_path / "d.png", "--augmentation", strength)


def test_sheet_refuses_and_leaves_nothing(refused, words, tmp_path):
    before = contents(tmp_path)
    refused("data", "sheet", words, tmp_path / "sheet.txt")
    refused("data", "sheet", words, tmp_path / "sheet.png", "-n", 0)
    refused("data", "sheet", words, tmp_path / "sheet.png", "--columns", 0)
    refused("data", "sheet", tmp_path / "nowhere", tmp_path / "sheet.png")
    write_lmdb(tmp_path / "empty", [])
    refused("data", "sheet", tmp_path / "empty", tmp_path / "sheet.png")
    assert contents(tmp_path) == sorted([*before, "empty"])


def test_sheet_never_overwrites(bench, refused, words, tmp_path):
    out = tmp_path / "sheet.png"
    bench("data", "sheet", words, out)
    before = out.read_bytes()
    assert "exists" in refused("data", "sheet", words, out, "-n", 1)
    assert out.read_bytes() == before


def test_text_from_files_cannot_steer_a_terminal():
    assert "\x1b" not in _printable("a\x1b[31mb\x07")
    assert _printable("plain é 漢") == "plain é 漢"
