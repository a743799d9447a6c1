"""``bench data import`` of the layouts of other data sets."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image


@pytest.fixture
def svt(tmp_path: Path) -> Path:
    """SVT with two words in its test part, one of them too short for alphanumeric3."""
    content = io.BytesIO()
    Image.new("RGB", (60, 20)).save(content, "JPEG")
    folder = tmp_path / "svt1"
    (folder / "img").mkdir(parents=True)
    (folder / "img" / "1.jpg").write_bytes(content.getvalue())
    words = "".join(
        f'<taggedRectangle height="9" width="9" x="0" y="0"><tag>{tag}</tag></taggedRectangle>'
        for tag in ("HOTEL", "INN!", "\x7fOF")
    )
    image = f"<image><imageName>img/1.jpg</imageName><taggedRectangles>{words}</taggedRectangles>"
    for part in ("train", "test"):
        (folder / f"{part}.xml").write_text(f"<tagset>{image}</image></tagset>", encoding="utf-8")
    return folder


def test_what_was_recognised_is_said(bench, svt, tmp_path):
    told = bench(
        "data", "import", svt, tmp_path / "a", "--part", "test", "--filter", "alphanumeric3",
        "--json",
    ).json  # fmt: skip
    read = {"layout": "svt", "annotations": "test.xml", "part": "test", "filter": "alphanumeric3"}
    assert {key: told[key] for key in read} == read
    assert told["samples"] == 1
    assert told["skipped"] == {"filtered: not alphanumeric": 2}
    out = bench("data", "import", svt, tmp_path / "b", "--part", "train").out
    assert "svt" in out
    assert "train.xml" in out


def test_what_was_left_out_is_printed_safely(bench, svt, tmp_path):
    out = bench(
        "data", "import", svt, tmp_path / "a", "--part", "test", "--filter", "alphanumeric"
    ).out
    assert "INN!" in out
    assert "\x7f" not in out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--part"),
        (("--part", "dev"), "unknown part 'dev'"),
        (("--layout", "iiit"), "did you mean 'iiit5k'"),
        (("--part", "test", "--filter", "none"), "unknown filter 'none'"),
        (("--layout", "coco-text"), "cocotext*.json"),
    ],
)
def test_one_line_says_what_to_choose(refused, svt, tmp_path, options, said):
    assert said in refused("data", "import", svt, tmp_path / "a", "--quiet", *options)
    assert not (tmp_path / "a").exists()
