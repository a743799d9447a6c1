"""`bench supernet train --seeds`: each supernet is the one that the command for it alone makes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from trainers.state import read_tensors

GIVEN = ["supernet", "train", "--preset", "tiny", "--images", "16", "--quiet"]


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.whole
@pytest.mark.parametrize("workers", ["1", pytest.param("2", marks=pytest.mark.slow)])
def test_each_is_that_of_one_seed(bench: Callable[..., Any], tmp_path: Path, workers: str) -> None:
    out = tmp_path / "many"
    several = [*GIVEN, "--seeds", "3,1", "--workers", workers, "--out", out, "--json"]
    document = bench(*several).json
    assert [each["seed"] for each in document["supernets"]] == [3, 1]
    assert document["failed"] == []
    for each in document["supernets"]:
        file = Path(each["file"])
        begun = json.loads((file.with_suffix("") / "run.json").read_text())
        torch.set_num_threads(begun["hardware"]["torch_threads"])
        alone = tmp_path / f"{each['seed']}.safetensors"
        assert bench(*GIVEN, "--seed", each["seed"], "--out", alone).code == 0
        (first, _), (second, _) = read_tensors(file), read_tensors(alone)
        assert first.keys() == second.keys()
        assert all(torch.equal(first[key], second[key]) for key in first)
    # Trained once: the same command finds them.
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "many").glob("*.safetensors")}
    assert bench(*several).json == document
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert len(before) == 2
    # In 16 bits they are other files.
    alone = [*GIVEN, "--seeds", "3,", "--out", tmp_path / "many", "--half", "--json"]
    (half,) = bench(*alone).json["supernets"]
    assert half["file"].endswith("-half.safetensors")
    assert half["bytes"] < document["supernets"][0]["bytes"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--seeds", "2", "--seed", "1"], "give one of them"),
        (["--workers", "2"], "are for several supernets: add --seeds"),
        (["--seeds", "2", "--folder", "x"], "leave it out"),
        (["--seeds", "2", "--set", "supernet_recipe.base=nonsense"], "nonsense"),
    ],
)
def test_what_does_not_go_together_is_refused(
    refused: Callable[..., str], tmp_path: Path, arguments: list[str], said: str
) -> None:
    assert said in refused(*GIVEN, "--out", tmp_path / "many", *arguments)
    assert not (tmp_path / "many").exists()


def test_a_file_is_no_place_for_several(refused: Callable[..., str], tmp_path: Path) -> None:
    out = tmp_path / "one.safetensors"
    assert "expected a folder" in refused(*GIVEN, "--seeds", "2", "--out", out)
    assert not list(tmp_path.iterdir())
