"""An alphabet of one's own, in a script without case, from the import to reading."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from trainers.data.charset import MAX_CHARACTERS, OWN, find_charset, get_charset
from trainers.data.errors import DataError
from trainers.data.rendering.dataset import render_records
from trainers.data.rendering.settings import RenderSettings

ARCHITECTURE = "A..B..A..B..B..-111111111111111"
LETTERS = "가나다라마바사"
WORDS = ["가나", "다라마", "바사가", "나나라"]


@pytest.fixture
def alphabet(tmp_path: Path) -> Path:
    """As an editor writes it: a mark, one a line, decomposed."""
    file = tmp_path / "hangul.txt"
    text = "\ufeff" + "\n".join(normalize("NFD", letter) for letter in LETTERS)
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture
def given(bench: Callable[..., Any], tmp_path: Path, alphabet: Path) -> list[object]:
    """Options that name three sets, of other pictures each: what stands on them is no matter."""
    options: list[object] = ["--preset", "tiny", "--set", f"data.charset={alphabet}"]
    for number, name in enumerate(("search-train", "search-val", "test")):
        folder = tmp_path / name
        folder.mkdir()
        records = render_records("test", 0, 24, number, RenderSettings())
        lines = []
        for index, (image, _) in enumerate(records):
            (folder / f"{index}.jpg").write_bytes(image)
            lines.append(f"{index}.jpg\t{WORDS[index % len(WORDS)]}!")
        (folder / "labels.tsv").write_text("\n".join(lines), encoding="utf-8")
        dest = tmp_path / f"{name}.lmdb"
        assert bench("data", "import", folder, dest, "--quiet").code == 0
        options += [f"--{name}", dest]
    return options


def test_from_the_import_to_reading(
    bench: Callable[..., Any], tmp_path: Path, alphabet: Path, given: list[object]
) -> None:
    told = bench("data", "info", tmp_path / "test.lmdb", "--charset", alphabet).out
    assert "of 7 own characters" in told
    model = tmp_path / "model"
    arguments = [*given, "--quiet", "--json", "--out", model, "--set", "retraining.epochs=2"]
    trained = bench("retrain", ARCHITECTURE, *arguments).json
    assert trained["data"]["search_train"]["usable_words"] == 24
    assert trained["data"]["search_train"]["labels"]["stripped"] == 24
    # The card holds the characters: the file may go.
    alphabet.unlink()
    card = json.loads((model / "model.json").read_text(encoding="utf-8"))
    assert card["description"]["charset"] == OWN + LETTERS
    sets = [tmp_path / "test.lmdb", "--latency-images", 0, "--quiet", "--json"]
    evaluated = bench("eval", model, *sets).json
    assert evaluated["protocol"]["characters"] == LETTERS
    assert evaluated["sets"][0]["words"] == 24
    read = bench("read", model, tmp_path / "test" / "0.jpg", "--json")
    assert read.code == 0, read.err
    out = tmp_path / "model.safetensors"
    assert bench("export", model, "--format", "safetensors", "--out", out).code == 0


@pytest.mark.whole
def test_a_search_and_its_supernet_keep_it(
    bench: Callable[..., Any], tmp_path: Path, given: list[object]
) -> None:
    supernet = tmp_path / "net.safetensors"
    done = bench(
        "supernet", "train", "--preset", "tiny", "--quiet", "--images", 64, "--out", supernet,
        *[part for option in pairs(given) for part in as_settings(option)],
    )  # fmt: skip
    assert done.code == 0, done.err
    run = [*given, "--quiet", "--set", f"supernet.start={supernet}", "--budget-images", 160]
    result = bench("run", "--searcher", "random", *run, "--json", "--out", tmp_path / "run")
    assert result.code == 0, result.err
    assert result.json["recommendation"]["test_words"] == 24
    (tmp_path / "less.txt").write_text(LETTERS[:-1], encoding="utf-8")
    other = [*run, "--set", f"data.charset={tmp_path / 'less.txt'}", "--out", tmp_path / "other"]
    refused = bench("run", "--searcher", "random", *other)
    assert refused.code == 2
    assert "has charset" in refused.err


def pairs(given: list[object]) -> list[tuple[object, object]]:
    return list(zip(given[::2], given[1::2], strict=True))


def as_settings(option: tuple[object, object]) -> list[str]:
    """Options of ``run`` as keys of the preset."""
    name, value = str(option[0]), str(option[1])
    if name == "--set":
        return [name, value]
    if name == "--preset":
        return []
    return ["--set", f'data.{name[2:].replace("-", "_")}=["{value}"]']


def test_words_cannot_be_rendered_for_it(
    bench: Callable[..., Any], tmp_path: Path, alphabet: Path
) -> None:
    answer = bench(
        "run", "--searcher", "random", "--preset", "tiny", "--quiet", "--out", tmp_path / "run",
        "--set", f"data.charset={alphabet}",
    )  # fmt: skip
    assert answer.code == 2
    assert "no words can be rendered for charset of 7 own characters" in answer.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has 0 characters"),
        (b"abca", "repeats a"),
        ("e\u0301\u00e9".encode(), "repeats \u00e9"),
        (b"a\x00b", "visible ones"),
        (b"\xff\xfea\x00", "not UTF-8"),
    ],
)
def test_bad_alphabets(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "letters.txt"
    file.write_bytes(content)
    with pytest.raises(DataError, match=said):
        find_charset(str(file))


def test_an_alphabet_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "letters.txt"
    text = "".join(map(chr, range(0x4E00, 0x4E00 + MAX_CHARACTERS + 1)))
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="20,001 characters"):
        find_charset(str(file))


def test_a_wrong_value_names_the_ways() -> None:
    with pytest.raises(DataError, match="expected 36, 62, 94, or a text file"):
        find_charset(LETTERS)
    assert find_charset("62") == "62"
    assert get_charset(find_charset(OWN + LETTERS)).characters == LETTERS
