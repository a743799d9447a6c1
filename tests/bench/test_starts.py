"""A run begins with the preset's supernet where that fits, and says where it does not."""

from __future__ import annotations

import pytest

from bench.commands.shared.starts import with_a_start_that_fits
from bench.presets import load_preset


def start_of(name: str, *changes: str) -> str:
    return with_a_start_that_fits(name, load_preset(name, changes)).supernet.start


def test_the_presets_own_space_starts_from_its_supernet(capsys) -> None:
    assert start_of("cpu") == "shipped:cpu"
    assert start_of("cpu", "space.strict=true") == "shipped:cpu"
    assert start_of("strnas-cpu") == start_of("strnas-cpu", "space.part=extractor")
    assert not capsys.readouterr().err


@pytest.mark.parametrize("part", ["both", "rectifier"])
def test_a_searched_rectifier_starts_from_the_supernet_of_both_parts(part: str, capsys) -> None:
    assert start_of("strnas-cpu", f"space.part={part}") == "shipped:strnas-cpu-both"
    assert not capsys.readouterr().err


def test_another_space_begins_with_fresh_weights(capsys) -> None:
    assert start_of("cpu", "space.name=strnas") == ""
    told = capsys.readouterr().err
    assert "space strnas" in told
    assert "--from-scratch" in told


def test_what_is_asked_for_stays(capsys) -> None:
    """A file that does not fit is an error later on, and scores without a supernet need none."""
    assert start_of("cpu", "space.name=strnas", "supernet.start=mine.safetensors") == (
        "mine.safetensors"
    )
    assert start_of("cpu", "space.name=strnas", "run.evaluator=synthetic") == "shipped:cpu"
    assert not capsys.readouterr().err
