"""`bench space show --picture`: what stands in the drawing, and what is refused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.cli import run as bench

PUBLISHED = "A..B..A..B..B..-555555545514466"
SVG = "{http://www.w3.org/2000/svg}"


def drawn(path: Path, *given: str) -> ElementTree.Element:
    assert bench(["space", "show", *given, "--picture", str(path), "--json"]) == 0
    return ElementTree.fromstring(path.read_text())


def texts(root: ElementTree.Element) -> list[str]:
    return ["".join(each.itertext()).strip() for each in root.iter(f"{SVG}text")]


def test_every_layer_stands_in_the_picture_with_its_costs(tmp_path: Path) -> None:
    root = drawn(tmp_path / "one.svg", PUBLISHED)
    tips = [each.text or "" for each in root.iter(f"{SVG}title")]
    assert [tip.split(":")[0] for tip in tips] == [
        "layer stem",
        *(f"layer {i}" for i in range(1, 16)),
    ]
    macs = [int(re.findall(r"([\d,]+) multiply-adds", tip)[0].replace(",", "")) for tip in tips]
    assert sum(macs) == 246_739_200
    assert tips[1].splitlines()[:2] == ["layer 1: k5e6, stride 2x2", "32x16x50 out"]
    found = texts(root)
    assert found[0] == PUBLISHED
    assert "246.7 M multiply-adds, 2.364 M parameters" in found
    assert found.count("MBConv 5x5, e6") == 9
    assert found.count("skip") == 2
    shapes = [text for text in found if re.fullmatch(r"\d+x\d+x\d+ \(\dx\d\)", text)]
    assert shapes == [
        "32x16x50 (2x2)", "64x8x50 (2x1)", "128x4x25 (2x2)", "256x2x25 (2x1)", "512x1x25 (2x1)",
    ]  # fmt: skip
    assert PUBLISHED in root.get("aria-label", "")


def test_a_skip_that_changes_the_shape_is_no_empty_box(tmp_path: Path) -> None:
    root = drawn(tmp_path / "one.svg", "ABABB-655555555555556")
    assert {"skip, projected", "skip"} <= set(texts(root))
    assert (tmp_path / "one.svg").read_text().count("stroke-dasharray") == 1


def test_the_same_is_drawn_twice_and_fits_a_phone(tmp_path: Path) -> None:
    first, second = (drawn(tmp_path / f"{i}.svg", PUBLISHED) for i in range(2))
    assert ElementTree.tostring(first) == ElementTree.tostring(second)
    assert float(first.get("width", "").removesuffix("pt")) * 96 / 72 <= 390


@pytest.mark.parametrize(
    ("part", "text", "layers"),
    [
        ("extractor", "k5-1203-4511-6666-1000-20140", 22),
        ("rectifier", "r3-10-12-10-10-10", 12),
        ("both", "r3-10-12-10-10-10+k5-1203-4511-6666-1000-20140", 33),
    ],
)
def test_the_other_space_is_drawn_too(tmp_path: Path, part: str, text: str, layers: int) -> None:
    root = drawn(tmp_path / "one.svg", "--space", "strnas", "--part", part, text)
    tips = [each.text or "" for each in root.iter(f"{SVG}title")]
    assert len(tips) == layers
    # The fixed extractor is behind the rectifier.
    assert tips[-1].startswith("layer fixed" if part == "rectifier" else f"layer {layers}")
    assert "image 1x32x100" in texts(root)


@pytest.mark.parametrize(
    ("name", "said"),
    [("one.png", "expected a name that ends in .svg"), ("no/one.svg", "no folder")],
)
def test_a_picture_that_cannot_be_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert bench(["space", "show", PUBLISHED, "--picture", str(tmp_path / name)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert captured.err.count("\n") == 1
    assert not any(tmp_path.iterdir())


def test_drawing_waits_for_no_torch(tmp_path: Path) -> None:
    asked = ["space", "show", PUBLISHED, "--picture", str(tmp_path / "one.svg"), "--json"]
    code = (
        f"import sys; from bench.cli import run; run({asked!r}); "
        "sys.exit(7 if 'torch' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
