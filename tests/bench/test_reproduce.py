"""``bench reproduce``: each table and figure of the papers, at scale `tiny`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from bench.records.errors import RecordError
from bench.records.study_file import read_study
from bench.reproduce import autostr_table3
from bench.reproduce.cost import ScaleCost, cost_of
from bench.reproduce.ends import End, difference, spread
from bench.reproduce.entry import SCALES, Check, Reproduction, sentence
from bench.reproduce.evaluated import evaluated_in
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


def test_what_is_measured_is_measured_once() -> None:
    """Milliseconds differ each time; a study that began with others could not go on."""
    for entry in ENTRIES.values():
        for recipe in entry.recipes.values():
            for command in recipe.commands:
                words = " ".join(command)
                timed = "latency measure" in words or "--latency-images" in words
                if timed and "--latency-images 0" not in words:
                    assert command in recipe.once


def test_costs_are_those_of_the_study() -> None:
    cost = cost_of(ENTRIES["autostr-table4"].recipes["cpu"])
    assert cost == ScaleCost(3, "40,000 images", 3 * 3 + 3)
    assert cost_of(ENTRIES["autostr-figure7"].recipes["tiny"]).trainings == 2 * 1 + 3
    assert cost_of(ENTRIES["strnas-cells"].recipes["cpu"]) == ScaleCost(6, "40,000 images", 0)
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


def test_a_target_set_of_ones_own_is_searched_for_too(bench, refused, tmp_path: Path) -> None:
    command = ("reproduce", "autostr-figure5", "--dry-run")
    assert "crops" not in bench(*command).out
    assert "2 runs" in cost_of(ENTRIES["autostr-figure5"].recipes["tiny"]).text
    both = bench(*command, "--data", tmp_path).out.splitlines()
    assert len(both) == 4
    assert [f"--search-val {tmp_path / 'crops.lmdb'}" in line for line in both] == [
        False, False, True, True
    ]  # fmt: skip
    said = refused("reproduce", "autostr-figure5", "--data", tmp_path)
    assert "crops.lmdb (word crops" in said


def test_at_scale_paper_each_target_set_is_searched_for_with_coco_text(bench) -> None:
    command = ("reproduce", "autostr-figure5", "--scale", "paper", "--dry-run", "--data", "D")
    lines = bench(*command).out.splitlines()
    assert len(lines) == 6
    for line in lines:
        assert "--search-val D/coco.lmdb" in line
    assert {line.split("--test D/sets/")[1] for line in lines} == {
        "IIIT5K", "SVT", "IC03", "IC13", "SVTP", "IC15"
    }  # fmt: skip


def evaluation(folder: Path, **changed: object) -> Path:
    """What `bench eval` leaves of two models."""

    def model(name: str, accuracy: float, macs: int) -> dict[str, object]:
        score = {"word_accuracy": accuracy, "interval": [accuracy - 0.02, accuracy + 0.02]}
        return {"name": name, "scores": {"rendered 200": score}, "average": None, "params": 9,
                "backbone": {"macs": macs, "params": 7}, "latency": None}  # fmt: skip

    pair = {"better": "aster", "worse": "found", "difference": 0.1, "interval": [0.05, 0.15],
            "words": 200}  # fmt: skip
    document = {"models": [model("found", 0.5, 10), model("aster", 0.6, 900)], "pairs": [pair],
                "sets": [{"words": 200}], **changed}  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "eval.json").write_text(json.dumps(document))
    return folder


def test_models_on_the_same_words_are_read_with_their_costs(tmp_path: Path) -> None:
    found = evaluated_in(evaluation(tmp_path))
    assert found.words == 200
    assert found.model("aster").all_words == pytest.approx((0.6, 0.58, 0.62))
    difference = found.difference("found", "aster")
    assert (difference.value, difference.low, difference.high) == (-0.1, -0.15, -0.05)
    assert found.difference("aster", "found").value == 0.1
    assert found.picture("words").count("<title>aster") == 2
    with pytest.raises(RecordError, match="crnn"):
        found.model("crnn")


@pytest.mark.parametrize(
    "changed", [{"models": 0}, {"models": []}, {"pairs": None}, {"sets": [{}]}]
)
def test_a_damaged_evaluation_is_one_line(tmp_path: Path, changed: dict[str, object]) -> None:
    with pytest.raises(RecordError, match="damaged"):
        evaluated_in(evaluation(tmp_path, **changed))
    with pytest.raises(RecordError, match="nothing was evaluated"):
        evaluated_in(tmp_path / "none")


@pytest.mark.parametrize("interval", [[float("nan"), 0.6], [0.6, 0.4], [-0.5, 2.0]])
def test_a_score_that_cannot_be_is_one_line(tmp_path: Path, interval: list[float]) -> None:
    file = evaluation(tmp_path) / "eval.json"
    document = json.loads(file.read_text())
    document["models"][0]["scores"]["rendered 200"]["interval"] = interval
    file.write_text(json.dumps(document))
    with pytest.raises(RecordError, match="damaged"):
        evaluated_in(tmp_path)


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
    (tmp_path / "rendered").mkdir()
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
    assert word in sentence(Reproduction((), (), [check]))


def test_what_cannot_be_computed_is_not_shown() -> None:
    check = Check("it", NotComputable("one run", n=1))
    assert check.word == "not shown"
    assert sentence(Reproduction((), (), [check])) == "it: not shown (one run)."


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


def test_the_arms_of_an_entry_are_held_against_the_first(tmp_path: Path) -> None:
    for name in ("autostr-table6", "autostr-table5", "strnas-settings"):
        recipe = ENTRIES[name].recipes["tiny"]
        file = tmp_path / "study.toml"
        file.write_text(recipe.files["study.toml"].replace("{out}", str(tmp_path)))
        study = read_study(file)
        assert study.baseline == next(iter(study.all_arms)).name
