"""Whatever stands in XML, JSON and MATLAB files: no traceback, and every word is in or counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import pytest
from scipy.io import savemat

from trainers.data.errors import DataError
from trainers.data.importing import import_words
from trainers.data.store import WordLMDB

Picture = Callable[..., bytes]
Make = Callable[[Path, Random, int], int]

WORDS = 10_000
TEXTS = (
    "hello", "", " ", "Route 66", "price 1,50", "\u00e9", "e\u0301", "\u65e5\u672c", "&<>\"'",
    "###", "a" * 500, "\u2028", "\u202e", "%s", "{}", "\ufeff", "tab\there", "line\nend",
)  # fmt: skip
PATHS = (
    "a.png", "a.png", "a.png", "b.png", "missing.png", "../a.png", "/etc/hosts", "", " ", "./b.png",
    "a.png/", "c" * 300, "\u00e9.png", "a.png ", "no.txt",
)  # fmt: skip
NUMBERS = (
    0, 1, 5.5, 10, 19, 20, 60, -3, 1e9, -1e9, 1e308, float("inf"), float("-inf"), float("nan"),
    0.1, 59.9999,
)  # fmt: skip


def box(random: Random) -> list[float]:
    """x, y, width and height; every other one is right."""
    if random.random() < 0.5:
        return [0, 0, 30, 15]
    return random.choices(NUMBERS, k=4)


def svt(folder: Path, random: Random, count: int) -> int:
    images, made = [], 0
    while made < count:
        rows = []
        for _ in range(random.randint(1, 60)):
            numbers = box(random)
            texts = [random.choice(("wide", "", "1,5", "0x3")) if random.random() < 0.05 else str(n)
                     for n in numbers]  # fmt: skip
            named = zip(("x", "y", "width", "height"), texts, strict=True)
            kept = [f"{k}={quoteattr(v)}" for k, v in named if random.random() < 0.98]
            tag = f"<tag>{escape(random.choice(TEXTS))}</tag>" if random.random() < 0.95 else ""
            rows.append(f"<taggedRectangle {' '.join(kept)}>{tag}</taggedRectangle>")
        path = random.choice(PATHS)
        images.append(
            f"<image><imageName>{escape(path)}</imageName><taggedRectangles>{''.join(rows)}"
            "</taggedRectangles></image>"
        )
        # An image without a name is one thing that is left out, whatever it holds.
        made += len(rows) if path.strip() else 1
    (folder / "test.xml").write_text(f"<tagset>{''.join(images)}</tagset>", encoding="utf-8")
    return made


def ic03(folder: Path, random: Random, count: int) -> int:
    rows = []
    for _ in range(count):
        tag = quoteattr(random.choice(TEXTS).replace("\n", " "))
        parts = [f"file={quoteattr(random.choice(PATHS))}", f"tag={tag}"]
        rows.append(f"<image {' '.join(p for p in parts if random.random() < 0.95)}/>")
    (folder / "word.xml").write_text(f"<imagelist>{''.join(rows)}</imagelist>", encoding="utf-8")
    return count


def coco_text(folder: Path, random: Random, count: int) -> int:
    images = {
        str(i): {"file_name": path, "set": random.choice(("train", "val", "test"))}
        for i, path in enumerate(PATHS)
    }
    words = {
        str(i): {
            "image_id": random.choice((random.randrange(len(PATHS)), "3", 99, "x")),
            "bbox": [n if np.isfinite(n) else 7 for n in box(random)],
            "legibility": random.choice(("legible", "legible", "illegible", "")),
            "utf8_string": random.choice(TEXTS),
        }
        for i in range(count)
    }
    (folder / "cocotext.json").write_text(json.dumps({"imgs": images, "anns": words}))
    return count


def _cells(values: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty((1, len(values)), dtype=object)
    for place, value in enumerate(values):
        array[0, place] = value
    return array


def iiit5k(folder: Path, random: Random, count: int) -> int:
    odd = (np.arange(3.0), np.zeros((0, 0)), _cells(["x"]))
    table = np.empty((1, count), dtype=[("ImgName", object), ("GroundTruth", object)])
    for place in range(count):
        table[0, place] = (
            random.choice((*PATHS, odd[place % 3])) if random.random() < 0.2 else "a.png",
            random.choice((*TEXTS, odd[place % 3])),
        )
    savemat(folder / "testdata.mat", {"testdata": table}, do_compression=True)
    return count


def synthtext(folder: Path, random: Random, count: int) -> int:
    names, corners, texts, made = [], [], [], 0
    while made < count:
        words = [word for _ in range(random.randint(0, 5)) for word in random.choice(TEXTS).split()]
        boxes = []
        for _ in range(len(words) if random.random() < 0.9 else random.randint(0, 5)):
            x, y, width, height = box(random)
            boxes.append([[x, x + width, x + width, x], [y, y, y + height, y + height]])
        path = random.choice(PATHS) if random.random() < 0.3 else "a.png"
        names.append(path)
        corners.append(np.array(boxes, dtype=float).reshape(-1, 2, 4).transpose(1, 2, 0))
        texts.append(" ".join(words))
        fits = path.strip() and len(boxes) == len(words)
        made += len(words) if fits else 1
    content = {"imnames": _cells(names), "wordBB": _cells(corners), "txt": _cells(texts)}
    savemat(folder / "gt.mat", content, do_compression=True)
    return made


LAYOUTS: dict[str, Make] = {
    "svt": svt,
    "ic03": ic03,
    "coco-text": coco_text,
    "iiit5k": iiit5k,
    "synthtext": synthtext,
}


@pytest.fixture
def folder(tmp_path: Path, picture: Picture) -> Path:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a.png", "b.png", "\u00e9.png"):
        (source / name).write_bytes(picture(7))
    return source


@pytest.mark.parametrize("layout", LAYOUTS)
def test_words_in_are_words_and_skips_out(folder: Path, layout: str) -> None:
    made = LAYOUTS[layout](folder, Random(layout), WORDS)
    part = {"svt": "test", "iiit5k": "test"}.get(layout, "all")
    report = import_words(folder, folder.parent / "out", layout=layout, part=part)
    assert 0 < report.samples == len(WordLMDB(report.dest))
    assert report.samples + sum(report.skipped.values()) == made >= WORDS
    assert all("\x1b" not in text for texts in report.examples.values() for text in texts)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damage_is_one_line_and_leaves_nothing(folder: Path, layout: str) -> None:
    random = Random(layout)
    LAYOUTS[layout](folder, random, 40)
    (file,) = [path for path in folder.iterdir() if path.suffix in (".xml", ".json", ".mat")]
    content = file.read_bytes()
    for number in range(60):
        broken = bytearray(content)
        for _ in range(random.randint(1, 4)):
            broken[random.randrange(len(broken))] = random.randrange(256)
        file.write_bytes(bytes(broken[: random.randint(1, len(broken))] if number % 3 else broken))
        out = folder.parent / f"out{number}"
        refusal = ""
        try:
            report = import_words(folder, out, layout=layout)
        except DataError as error:
            refusal = str(error)
        if refusal:
            assert "\n" not in refusal
            assert not out.exists()
        else:
            assert report.samples == len(WordLMDB(out))
