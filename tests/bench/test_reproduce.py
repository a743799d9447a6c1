"""``bench reproduce``: each table and figure of the papers, at scale `tiny`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from bench.reproduce import autostr_table3
from bench.reproduce.cost import Cost, cost_of
from bench.reproduce.ends import End, difference, spread
from bench.reproduce.entry import SCALES, Check, Outcome, sentence
from bench.reproduce.registry import ENTRIES
from bench.reproduce.running import commands_of
from bench.statistics.answers import Estimate, NotComputable

#: The others train, for longer than some seconds in all.
QUICK = ("autostr-space",)


@pytest.mark.parametrize(
    "name",
    [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in ENTRIES],
)
@pytest.mark.timeout(1500)
def test_every_entry_runs_at_tiny(bench, tmp_path: Path, name: str) -> None:
    answer = bench("reproduce", name, "--scale", "tiny", "--out", tmp_path / "out", "--json")
    assert answer.code == 0
    found = answer.json
    assert found == json.loads((tmp_path / "out" / "result.json").read_text())
    assert found["rows"]
    assert all(len(row) == len(found["columns"]) for row in found["rows"])
    words = {check["word"] for check in found["checks"]}
    assert words
    assert words <= {"holds", "does not hold", "not shown"}
    page = (tmp_path / "out" / "result.md").read_text()
    assert "scale `tiny`" in page
    for picture in found["pictures"]:
        assert (tmp_path / "out" / picture).read_text().startswith("<svg")
    # A second time there is nothing to do, and the same comes out.
    again = bench("reproduce", name, "--scale", "tiny", "--out", tmp_path / "out", "--json")
    assert again.json["rows"] == found["rows"]


def test_the_list_says_what_there_is_and_what_it_takes(bench, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    listed = bench("reproduce", "--list", "--json").json["entries"]
    assert [entry["name"] for entry in listed] == list(ENTRIES)
    for entry in listed:
        assert entry["scales"].keys() == set(SCALES)
        for scale in entry["scales"].values():
            assert scale["takes"]
            assert scale["done"] is False
    assert "12 runs of" in bench("reproduce").out


def test_costs_are_those_of_the_study() -> None:
    cost = cost_of(ENTRIES["autostr-table4"].recipes["cpu"])
    assert cost == Cost(3, "40,000 images", 3 * 3 + 3)
    assert cost_of(ENTRIES["autostr-figure7"].recipes["tiny"]).trainings == 2 * 1 + 3
    assert cost_of(ENTRIES["strnas-cells"].recipes["cpu"]) == Cost(6, "40,000 images", 0)
    assert cost_of(ENTRIES["autostr-table6"].recipes["paper"]).budget == "53.5 epochs"


def test_data_that_is_missing_is_named_before_anything_is_done(refused, tmp_path: Path) -> None:
    out = tmp_path / "out"
    said = refused("reproduce", "autostr-table6", "--scale", "paper", "--out", out)
    assert "no --data was given" in said
    assert "mj.lmdb (MJSynth)" in said
    (tmp_path / "mj.lmdb").mkdir()
    said = refused(
        "reproduce", "autostr-table6", "--scale", "paper", "--out", out, "--data", tmp_path
    )
    assert "st.lmdb (SynthText)" in said
    assert "mj.lmdb" not in said
    assert not out.exists()


def test_a_name_that_is_not_there(refused) -> None:
    assert "autostr-table6" in refused("reproduce", "autostr-table7")


def test_commands_can_be_shown_and_pasted(bench, tmp_path: Path) -> None:
    told = bench("reproduce", "autostr-table4", "--scale", "cpu", "--dry-run", "--out", "a b",
                 "--workers", 2).out  # fmt: skip
    lines = [shlex.split(line) for line in told.splitlines()]
    assert [line[:2] for line in lines] == [
        ["bench", "study"], ["bench", "compare"], ["bench", "retrain"]
    ]  # fmt: skip
    assert "a b/study.toml" in lines[0]
    assert lines[0][-2:] == ["--workers", "2"]
    assert not (tmp_path / "a b").exists()


def test_what_is_printed_in_table_3() -> None:
    assert autostr_table3.printed("IIIT5K") == ("94.7", "93.3")
    assert autostr_table3.printed("IC15") == ("81.8", "78.5")
    assert autostr_table3.printed("rendered") == ("-", "-")


def test_what_is_made_is_not_made_again(tmp_path: Path) -> None:
    recipe = ENTRIES["autostr-table3"].recipes["tiny"]
    assert commands_of(recipe, tmp_path, None, None)[0][:2] == ["data", "render"]
    (tmp_path / "sets" / "rendered").mkdir(parents=True)
    assert commands_of(recipe, tmp_path, None, None)[0][:2] == ["run", "--searcher"]


def test_no_placeholder_is_left() -> None:
    for entry in ENTRIES.values():
        for recipe in entry.recipes.values():
            for words in commands_of(recipe, Path("out"), Path("data"), None):
                assert not any("{" in word for word in words)


@pytest.mark.parametrize(
    ("low", "high", "sign", "word"),
    [(0.1, 0.3, 1, "holds"), (0.1, 0.3, -1, "does not hold"), (-0.1, 0.3, 1, "not shown"),
     (-0.3, -0.1, -1, "holds")],
)  # fmt: skip
def test_what_a_check_says(low: float, high: float, sign: int, word: str) -> None:
    check = Check("it", Estimate((low + high) / 2, low, high, 3, 0.95, ""), sign)
    assert check.word == word
    assert word in sentence(Outcome((), (), [check]))


def test_what_cannot_be_computed_is_not_shown() -> None:
    check = Check("it", NotComputable("one run", n=1))
    assert check.word == "not shown"
    assert sentence(Outcome((), (), [check])) == "it: not shown (one run)."


def test_runs_are_paired_by_block() -> None:
    def end(block: str, accuracy: float | None) -> End:
        return End(block, "", accuracy, 1, 1, {})

    first = [end("a", 0.5), end("b", 0.7), end("c", None)]
    second = [end("b", 0.4), end("a", 0.3), end("c", 0.1)]
    found = difference(first, second, lambda one: one.accuracy)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.25)
    assert found.n == 2
    assert isinstance(difference(first[:1], second, lambda one: one.accuracy), NotComputable)
    assert spread([0.5, None, 0.7], 1, 100.0) == "60.0 (50.0 to 70.0)"
    assert spread([None], 1) == "-"
