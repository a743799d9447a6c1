"""``bench read``: any image that a person may have, and what is none."""

from __future__ import annotations

import json
import math
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from bench.cli import run
from bench.models.reading import image_files, load_word, read_words
from bench.records.errors import RecordError
from spaces.networks.normalisation import RunningStatistics
from trainers.data.image import resize_image
from trainers.models.model import Model

sys.path.insert(0, str(Path(__file__).parent))

from fixtures_lively import architecture, folder_of, lively, noise

SIZE = (32, 100)


@pytest.fixture(scope="module")
def model() -> Model:
    return lively(architecture())


@pytest.fixture
def folder(tmp_path: Path, model: Model) -> Path:
    return folder_of(tmp_path / "model", model)


@pytest.fixture
def crops(tmp_path: Path, model: Model) -> Path:
    place = tmp_path / "crops"
    place.mkdir()
    for name, image in zip("bcad", noise(model, 4), strict=True):
        Image.fromarray(image).save(place / f"{name}.PNG")
    (place / "notes.txt").write_text("no image, and not taken for one")
    return place


def test_a_line_an_image_sorted(
    folder: Path, crops: Path, model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["read", str(folder), str(crops)]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    expected = dict(zip("bcad", model.read(noise(model, 4)) or [], strict=True))
    assert lines == [[str(crops / f"{name}.PNG"), expected[name]] for name in "abcd"]


def test_json_has_confidences(
    folder: Path, crops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["read", str(folder), str(crops / "a.PNG"), str(crops), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [Path(word["path"]).stem for word in shown["words"]] == ["a", "a", "b", "c", "d"]
    assert shown["words"][0] == shown["words"][1]
    assert all(0 < word["confidence"] < 1 for word in shown["words"])
    assert shown["failed"] == []


def test_what_is_no_image_is_named_and_the_rest_is_read(
    folder: Path, crops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (crops / "empty.png").touch()
    (crops / "text.png").write_text("this is text")
    (crops / "ring\a\tbell.png").write_bytes(b"\x89PNG")
    png = (crops / "a.PNG").read_bytes()
    (crops / "huge.png").write_bytes(png[:16] + struct.pack(">II", 60_000, 60_000) + png[24:])
    with (crops / "long.png").open("wb") as file:
        file.truncate(33 * 2**20)
    (crops / "ends.png").write_bytes(png[:-300])
    os.mkfifo(crops / "pipe.png")
    (crops / "inside").mkdir()
    none, odd = crops / "none.png", "x" * 300
    given = [crops, none, crops / "inside", odd]
    assert run(["read", str(folder), *map(str, given)]) == 2
    captured = capsys.readouterr()
    assert [line.split("\t")[0].strip()[-5] for line in captured.out.splitlines()] == list("abcd")
    lines = captured.err.splitlines()
    assert all(line.startswith("bench: ") and line.isprintable() for line in lines)
    bad = ("empty", "ends", "huge", "long", "pipe", "ring", "text", "none", "inside", odd)
    assert len(lines) == len(bad)
    assert all(name in line for name, line in zip(bad, lines, strict=True))
    assert "larger than 33,554,432 bytes" in lines[bad.index("long")]


def test_nothing_readable_prints_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["read", str(folder), str(tmp_path / "none.png"), "--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out)["words"] == []
    assert "No such file" in json.loads(captured.out)["failed"][0]["reason"]


def test_only_model_folders(
    tmp_path: Path, crops: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["read", str(tmp_path), str(crops)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "no model folder" in captured.err
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_images_are_turned_upright(tmp_path: Path, orientation: int, suffix: str) -> None:
    x, y = np.meshgrid(np.linspace(0, 255, 60), np.linspace(0, 255, 24))
    pixels = np.stack([x, y, 255 - x], -1).astype(np.uint8)
    image = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"photo.{suffix}"
    image.save(path, exif=exif, **({"quality": 100} if suffix == "jpg" else {}))
    image.getexif()[0x0112] = orientation
    expected = resize_image(np.array(ImageOps.exif_transpose(image)), *SIZE)
    found = load_word(path, SIZE)
    assert np.abs(found.astype(int) - expected.astype(int)).max() <= 8


def test_every_kind_of_pixels(tmp_path: Path) -> None:
    grey = np.tile(np.arange(100, dtype=np.uint8), (32, 1))
    kinds = {
        "grey": Image.fromarray(grey),
        "deep": Image.fromarray(grey.astype(np.uint16) * 256),
        "alpha": Image.fromarray(np.dstack([grey] * 3 + [np.full_like(grey, 255)])),
        "palette": Image.fromarray(grey).convert("P"),
    }
    for name, image in kinds.items():
        image.save(tmp_path / f"{name}.png")
        found = load_word(tmp_path / f"{name}.png", SIZE)
        assert np.array_equal(found, np.dstack([grey] * 3)), name
    clear = np.dstack([grey] * 3 + [np.zeros_like(grey)])
    Image.fromarray(clear).save(tmp_path / "clear.png")
    assert (load_word(tmp_path / "clear.png", SIZE) == 255).all()


def test_folders_give_their_images(crops: Path) -> None:
    assert [path.name for path in image_files([crops])] == ["a.PNG", "b.PNG", "c.PNG", "d.PNG"]
    assert image_files([crops / "notes.txt"]) == [crops / "notes.txt"]
    empty = crops / "empty"
    empty.mkdir()
    with pytest.raises(RecordError, match="without images"):
        load_word(*image_files([empty]), SIZE)


def test_beams_say_how_probable_their_word_is() -> None:
    model = lively(architecture(head="attention", beam_width=4))
    images = noise(model, 8)
    found = read_words(model, images)
    assert [each.word for each in found] == model.read(images)
    with torch.inference_mode():
        features = model.network.encode(torch.from_numpy(images), RunningStatistics())
        for row, each in enumerate(found):
            label = model.codec.encode(each.word)
            loss = float(model.network.head.loss(features[row : row + 1], [label]))
            assert each.confidence == pytest.approx(math.exp(-loss))


def test_what_is_not_finite_is_no_word(model: Model) -> None:
    broken = lively(architecture(head="attention"))
    with torch.no_grad():
        broken.network.head.project_features.bias.fill_(torch.nan)
    with pytest.raises(RecordError, match="not finite"):
        read_words(broken, noise(broken, 2))
