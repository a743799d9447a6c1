"""``bench eval`` as a user runs it, with a small model of fresh weights."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from bench.models.stored import write_model_folder
from spaces import load_space
from trainers.data.writing import write_lmdb
from trainers.models.building import build_model
from trainers.models.description import describe_architecture
from trainers.models.model import Model
from trainers.settings import DataSettings, RecogniserSettings, SupernetSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from made_card import card_of

ROOMY = tuple(f"set-{number}" for number in range(7))
TEXT = "A..B..A..B..B..-000000000000000"


def write_model(folder: Path, charset: str = "36", **known: object) -> Path:
    folder.mkdir(exist_ok=True)
    space = load_space("autostr")
    description = describe_architecture(
        space,
        space.parse(TEXT),
        DataSettings(charset=charset),
        RecogniserSettings(rectifier="none", head="ctc"),
        SupernetSettings(stem_width=4, widths=(4, 4, 8, 8, 16)),
    )
    network = build_model(description, 0)
    model = Model(description, network, torch.device("cpu"))
    write_model_folder(folder, model, card_of(model, **known))
    return folder


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models and a folder of sets."""
    folder = tmp_path_factory.mktemp("evaluated")
    for name in ("model", "other"):
        write_model(folder / name, seed=3, preset_name="tiny")
    generator = np.random.default_rng(0)
    for name in ("SVT", "IC13_1015", "mine", *ROOMY):
        records = []
        for word in ("one", "two!", "?"):
            content = io.BytesIO()
            pixels = generator.integers(0, 256, (20, 60, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(content, "PNG")
            records.append((content.getvalue(), word))
        write_lmdb(folder / "sets" / name, [*records, (b"no image", "three")])
    return folder


def test_the_table_fits_80_columns_and_says_what_is_missing(bench, places, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    answer = bench("eval", places / "model", "--data", places / "sets", "--latency-images", 2)
    assert answer.code == 0
    rows = [line.split() for line in answer.out.splitlines()]
    assert ["SVT", "4", "3"] in [row[:3] for row in rows]
    for column in ("IIIT5K 3000", "SVT 647", "IC13 1015", "IC15 2077", "CUTE80 288"):
        assert [*column.split(), "-", "missing", "-", "-"] in rows
    assert TEXT in answer.out
    assert "median of 2 crops" in answer.out
    assert "SVT 4: the papers' SVT has 647 words." in answer.out
    assert "counted as errors, images that cannot be decoded (1)" in answer.out
    table = [line for line in answer.out.splitlines() if line.startswith(" ")]
    assert max(map(len, table)) <= 80
    assert "mine" not in answer.out


def test_many_sets_are_shown_in_tables_that_fit(bench, places, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    asked = ("--data", places / "sets", "--latency-images", 0)
    answer = bench("eval", places / "model", *ROOMY, *asked)
    lines = [line.split() for line in answer.out.splitlines()]
    assert list(ROOMY[:5]) in lines
    assert [*ROOMY[5:], "params,"] in lines


def test_json_is_the_only_output_and_the_same_as_the_file(bench, places, tmp_path):
    out = tmp_path / "new" / "out"
    answer = bench(
        "eval", places / "model", "mine", "SVT", "--data", places / "sets", "--also",
        places / "other", "--latency-images", 0, "--out", out, "--json",
    )  # fmt: skip
    assert answer.json == json.loads((out / "eval.json").read_text())
    assert sorted(each.name for each in out.iterdir()) == ["eval.json", "eval.md"]
    first, second = answer.json["models"]
    assert (first["name"], second["name"], first["seed"]) == ("model", "other", 3)
    assert first["latency"] is None
    assert first["scores"].keys() == {"mine 4", "SVT 4"}
    scores = first["scores"]["SVT 4"]
    assert (scores["words"], scores["unreadable"]) == (3, 1)
    low, high = scores["interval"]
    assert 0 <= low <= scores["word_accuracy"] <= high <= 1
    assert answer.json["missing"] == []


def test_markdown_has_every_model_and_set(bench, places, tmp_path):
    page = tmp_path / "table.md"
    model, other = places / "model", places / "other"
    told = bench("eval", model, "SVT", "--data", places / "sets", "--also", other,
                 "--latency-images", 0, "--markdown", page).out  # fmt: skip
    text = page.read_text()
    assert "## model" in text
    assert "## other" in text
    assert "| SVT 4 | 3 |" in text
    for said in (told, text):
        assert "not measured" in said
        assert "Protocol: case-insensitive, alphanumeric only" in said


def test_models_are_held_against_each_other_word_by_word(bench, places, monkeypatch, tmp_path):
    """One reads every word, the other none that is not damaged."""
    words = iter(["one", "two", "one", "two", *[""] * 4])
    monkeypatch.setattr(
        "bench.models.evaluation._read", lambda trained, images: [next(words) for _ in images]
    )
    answer = bench(
        "eval", places / "model", "mine", "SVT", "--data", places / "sets", "--also",
        places / "other", "--latency-images", 0, "--out", tmp_path, "--json",
    )  # fmt: skip
    (pair,) = answer.json["pairs"]
    assert (pair["better"], pair["worse"]) == ("model", "other")
    assert (pair["only_better"], pair["only_worse"], pair["words"]) == (4, 0, 6)
    assert pair["difference"] == 4 / 6
    assert pair["p"] == 2 * 0.5**4
    low, high = pair["interval"]
    assert low < 4 / 6 < high
    assert "| model - other | +66.7 |" in (tmp_path / "eval.md").read_text()


def test_pairs_are_one_family(bench, places, tmp_path):
    copies = []
    for name in ("second", "third"):
        copies += ["--also", write_model(tmp_path / name)]
    answer = bench("eval", places / "model", "mine", "--data", places / "sets", *copies,
                   "--latency-images", 0, "--json")  # fmt: skip
    assert [pair["p"] for pair in answer.json["pairs"]] == [1.0] * 3
    alone = bench("eval", places / "model", "mine", "--data", places / "sets",
                  "--latency-images", 0)  # fmt: skip
    assert "McNemar" not in alone.out


def test_a_picture_has_a_mark_and_a_name_for_each_model(bench, refused, places, tmp_path):
    picture = tmp_path / "models.svg"
    answer = bench(
        "eval", places / "model", "mine", "--data", places / "sets", "--also", places / "other",
        "--latency-images", 0, "--picture", picture, "--json",
    )  # fmt: skip
    drawn = picture.read_text()
    for model in answer.json["models"]:
        cost = model["backbone"]
        assert 0 < cost["params"] < model["params"]
        assert cost["macs"] > 0
        # One mark on each of the two axes, whose tooltip has the name first, and the key.
        assert len(re.findall(rf"<title>{model['name']}\n", drawn)) == 2
        assert f">{model['name']}</text>" in drawn
    assert ".svg" in refused("eval", places / "model", "mine", "--data", places / "sets",
                             "--picture", tmp_path / "models.png")  # fmt: skip


def test_case_needs_a_charset_that_has_it(bench, refused, places, tmp_path):
    asked = ("SVT", "--data", places / "sets", "--case-sensitive", "--latency-images", 0)
    assert "leave out --case-sensitive" in refused("eval", places / "model", *asked)
    cased = write_model(tmp_path / "cased", charset="62")
    assert "Protocol: case-sensitive" in bench("eval", cased, *asked).out


def test_a_card_of_a_stranger_is_no_trouble(bench, places, refused, tmp_path):
    asked = ("SVT", "--data", places / "sets", "--latency-images", 0)
    odd = write_model(tmp_path / "odd", preset_name="\x1b[2J")
    answer = bench("eval", odd, *asked)
    assert answer.code == 0
    assert "\x1b" not in answer.out
    for known in ({"seed": {"a": 1}}, {"data": ["\x1b[2J"]}, {"scores": None}):
        wrong = write_model(tmp_path / "wrong", **known)
        assert "model.json is damaged" in refused("eval", wrong, *asked)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sets", "SVT"), "no model folder"),
        (("model", "IC15"), "there is IC13_1015, SVT, mine, set-0"),
        (("model", "--latency-images", "-1"), "-1"),
        (("model", "--device", "tpu"), "tpu"),
        (("model", "--out", "model/model.json"), "--out"),
        (("model", "--markdown", "nowhere/x.md"), "--markdown"),
        (("model", "--also", "sets"), "no model folder"),
        (("model", "model"), "no data.mdb"),
    ],
)
def test_mistakes_are_one_line(refused, places, monkeypatch, arguments, said):
    monkeypatch.chdir(places)
    assert said in refused("eval", *arguments, "--data", "sets")


def test_a_damaged_model_or_set_is_one_line(refused, places, tmp_path):
    model = write_model(tmp_path / "model")
    (model / "model.json").write_text("[1]")
    asked = ("SVT", "--data", places / "sets")
    assert "damaged" in refused("eval", model, *asked)
    (tmp_path / "SVT").mkdir()
    (tmp_path / "SVT" / "data.mdb").write_bytes(b"no LMDB" * 1000)
    assert "not a readable LMDB" in refused("eval", places / "model", "--data", tmp_path)
