"""Whatever stands in a label file: no traceback, and every line is a word or counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from trainers.data.errors import DataError
from trainers.data.importing import ImportReport, import_words
from trainers.data.store import WordLMDB

Picture = Callable[..., bytes]

LINES = 10_000
#: What lines are put together from; none ends one.
PIECES = (
    "a.png", "b.png", "missing.png", "./a.png", "../a.png", "/a.png", "A.PNG", "x/1_word_2.png",
    "\t", "\t\t", " ", "  ", ",", ", ", '"', '\\"', "\\", "###", "hello", "Route 66", "price 1,50",
    "12", "\u00e9", "e\u0301", "\u65e5\u672c", "\u2028", "\x0b", "\x0c", "\x1c", "\x85", "\x00",
    "\ufeff",
    "1,2,3,4,5,6,7,8,word", "0, 0, 9, 9, \"w\"", "a" * 500, "#", "%s", "{}", "$(x)",
)  # fmt: skip
FILES = {
    "labels": "labels.tsv", "icdar": "gt.txt", "spaced": "imagelist.txt",
    "mjsynth": "annotation.txt", "icdar-boxes": "gt_a.txt",
}  # fmt: skip


def lines_of(seed: int, count: int) -> list[str]:
    """Lines that are not blank; some are right."""
    random = Random(seed)
    found = ["a.png\tfirst"]  # Not blank behind a byte order mark.
    while len(found) < count:
        if random.random() < 0.2:
            line = random.choice(["a.png\thello", "a.png hello", 'a.png, "hello"'])
        else:
            line = "".join(random.choices(PIECES, k=random.randint(1, 6)))
        if line.strip():
            found.append(line)
    return found


@pytest.mark.parametrize("layout", FILES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_in_are_words_and_skips_out(
    tmp_path: Path, picture: Picture, layout: str, end: str
) -> None:
    lines = lines_of(sum(map(ord, layout + end)), LINES // 3)
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(picture(7))
    text = end.join(lines) + end
    (tmp_path / FILES[layout]).write_text(text, encoding="utf-8", newline="")
    report: ImportReport | None = None
    error = ""
    try:
        report = import_words(tmp_path, tmp_path / "out", layout=layout)
    except DataError as caught:
        error = str(caught)
    if report is None:
        # Not one word: the numbers are in the message.
        assert "no usable sample" in error
        assert "\n" not in error
        assert not (tmp_path / "out").exists()
        return
    assert report.samples == len(WordLMDB(tmp_path / "out"))
    assert report.samples + sum(report.skipped.values()) == len(lines)
