"""`python -m benchmarks.trainer --preset` on the CPU: contestants in turns, and what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.common.preset_cpu import warnings
from benchmarks.common.preset_subject import LOADER, VERBS
from benchmarks.common.turns import compared, take_turns
from benchmarks.trainer import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def measured(tmp_path, monkeypatch, capsys):
    def measure(*options: object) -> tuple[dict, str]:
        file = tmp_path / "figures.json"
        words = ["benchmarks.trainer", "--preset", "tiny", "--rounds", "1", "--threads", "1"]
        monkeypatch.setattr("sys.argv", [*words, *map(str, options), "--json", str(file)])
        main()
        return json.loads(file.read_text()), capsys.readouterr().out

    return measure


def check(verb: str, entry: dict) -> None:
    """Ratios and rates are those of the seconds, and ours and the plain one computed the same."""
    ours, plain = entry["ours"], entry["plain"]
    assert entry["ratio"] == plain["seconds"][0] / ours["seconds"][0]
    assert entry["ratio_cpu"] == plain["cpu_seconds"][0] / ours["cpu_seconds"][0]
    assert ours["images_per_second"]["median"] == ours["images"] / ours["seconds"][0]
    assert plain["outcome"] == pytest.approx(ours["outcome"], rel=1e-3, abs=1e-2), verb
    assert entry["floor"]["share"] == entry["floor"]["seconds"] / ours["seconds"][0]


@pytest.mark.slow
@pytest.mark.parametrize("entangled", ["false", "true"])
def test_ours_beside_the_plain_one(measured, entangled):
    document, said = measured("--set", f"supernet.entangled={entangled}")
    found = document["threads"]["1"]
    assert list(found) == list(VERBS)
    assert "warning" not in said
    assert "plain" not in found[LOADER]
    for verb in VERBS[1:]:
        check(verb, found[verb])
        assert f"{verb}, plain" in said
    assert set(document["peak_bytes"]) == {"ours, threads 1", "plain, threads 1"}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_another_checkout_several_threads_and_processes(measured):
    document, said = measured(
        "--against", ROOT, "--threads", 2, 1, "--processes", 2, "--interval", 0.1
    )
    assert list(document["threads"]) == ["1", "2"]
    for verb in VERBS:
        for found in document["threads"].values():
            ours, before = found[verb]["ours"], found[verb]["before"]
            assert found[verb]["ratio_before"] == before["seconds"][0] / ours["seconds"][0]
            # The same code on the same weights and words.
            assert before["outcome"] == ours["outcome"]
        one, two = (document["threads"][threads][verb]["ours"]["seconds"] for threads in "12")
        assert document["scaling"][verb]["ours"]["ratios"] == [one[0] / two[0]]
    assert set(document["processes"]) == set(VERBS) - {LOADER}
    for entry in document["processes"].values():
        assert entry["ratio"] == (
            entry["processes"]["images_per_second"] / entry["one process"]["images_per_second"]
        )
    assert "2 processes beside one" in said


def test_turns_go_back_and_forth():
    order = []
    take_turns("abc", 3, order.append)
    assert "".join(order) == "abccbaabc"


def test_ratios_are_medians_of_those_of_the_rounds():
    def rounds(*seconds: float) -> list[dict[str, float]]:
        return [{"seconds": value, "cpu_seconds": 2 * value} for value in seconds]

    found = compared({"ours": rounds(1, 2, 4), "plain": rounds(3, 4, 4), "before": rounds(1, 1, 8)})
    assert found["ratios"] == [3, 2, 1]
    assert found["ratio"] == 2
    assert found["ratio_before"] == 1
    assert found["ratio_cpu"] == 2


@pytest.mark.parametrize("other", [1.01, float("nan")])
def test_trainers_that_compute_differently_are_told(other):
    def entry(value: float) -> dict:
        return {"ours": {"outcome": 1.0}, "plain": {"outcome": value}}

    assert warnings({"weight steps": entry(1.0005), LOADER: entry(1.0)}) == []
    assert warnings({"weight steps": entry(other)}) == [
        f"weight steps: mean loss 1 of ours, {other:.6g} of plain"
    ]
