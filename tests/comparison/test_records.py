"""Reading run folders that may be damaged, foreign or hostile."""

from __future__ import annotations

import json
import shutil
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.cli import run as bench
from bench.comparison.opening import space_of
from bench.records.errors import RecordError
from bench.records.runs import find_runs, read_run, read_runs, read_what_can_be
from spaces.errors import InputError


@pytest.fixture
def folder(study: Path, tmp_path: Path) -> Path:
    copied = tmp_path / "run"
    shutil.copytree(study / "runs" / "random" / "supernet1-seed0", copied)
    return copied


def change(path: Path, edit: Any, hash_too: bool = True) -> None:
    data = json.loads(path.read_text())
    edit(data)
    if hash_too:
        # As older versions wrote it: then nothing but the log can contradict it.
        data.pop("document_hash", None)
    path.write_text(json.dumps(data))


def test_a_run_is_read(folder: Path) -> None:
    record = read_run(folder)
    assert (record.searcher, record.seed, record.complete) == ("random", 0, True)
    assert record.block == "landscape 1, seed 0"
    assert record.trajectory.images[-1] == record.result.cost.total.images  # type: ignore[union-attr]
    assert (record.trajectory.images[1:] > record.trajectory.images[:-1]).all()


def test_folders_are_found_below(study: Path) -> None:
    assert len(find_runs([study])) == 24
    assert find_runs([study, study / "runs"]) == find_runs([study])
    with pytest.raises(RecordError, match="no such folder"):
        find_runs([study / "none"])
    with pytest.raises(RecordError, match=r"no run\.json"):
        find_runs([study / "runs" / "random" / "supernet1-seed0" / "checkpoint"])


def test_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.mkdir()
    (loop / "again").symlink_to(tmp_path)
    with pytest.raises(RecordError):
        find_runs([loop])


def test_the_same_run_twice_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(RecordError, match="same run"):
        read_runs([folder, tmp_path / "copy"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", "{"),
        ("run.json", "[]"),
        ("run.json", '{"identity_hash": "x"}'),
        ("run.json", '{"identity_hash": "x", "identity": {"searcher": "a", "seed": 1}}'),
        ("run.json", '{"identity_hash": "x", "identity": [1]}'),
        ("result.json", "{"),
        ("result.json", "[" * 5000),
        ("result.json", '{"recommendation": {"score": 7}}'),
        ("result.json", '{"recommendation": {"score": "high"}}'),
        ("result.json", '{"recommendation": null}'),
        ("events.jsonl", '{"event": 0, "kind": 3}\n'),
        ("events.jsonl", '{"event": 5, "kind": "evaluate"}\n'),
        ("events.jsonl", "nonsense\n"),
        ("events.jsonl", '{"event": 0, "kind": "referee", "verdict": {"score": []}}\n'),
    ],
)
def test_damaged_files_are_named(folder: Path, name: str, content: str) -> None:
    (folder / name).write_text(content)
    with pytest.raises(RecordError, match=name):
        read_run(folder)


def test_a_result_that_contradicts_its_log_is_refused(folder: Path) -> None:
    change(folder / "result.json", lambda result: result["recommendation"].update(score=0.9))
    with pytest.raises(RecordError, match=r"has the score 0\.9"):
        read_run(folder)
    (folder / "events.jsonl").unlink()
    with pytest.raises(RecordError, match="the log nothing"):
        read_run(folder)


def test_the_training_of_a_supernet_is_no_search_and_left_out(study: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "both" / "s.safetensors")
    training = ["supernet", "train", "--preset", "tiny", "--images", "16", "--out", out, "--quiet"]
    assert bench(training) == 0
    search = study / "runs" / "random" / "supernet1-seed0"
    shutil.copytree(search, tmp_path / "both" / "run")
    found, (left_out,) = read_what_can_be(find_runs([tmp_path / "both"]))
    assert [record.searcher for record in found] == ["random"]
    assert left_out.reason.endswith("is the training of a supernet and no search: leave it out")
    # Nobody makes a search one by taking away what it came to.
    change(
        tmp_path / "both" / "run" / "result.json",
        lambda result: (result["trajectory"].clear(), result["recommendation"].update(score=None)),
    )
    with pytest.raises(RecordError, match="one of them was changed"):
        read_run(tmp_path / "both" / "run")


def test_a_result_that_was_edited_is_told_from_an_older_one(folder: Path) -> None:
    path = folder / "result.json"
    change(path, lambda result: result["cost"].update(seconds_of_mine=1), hash_too=False)
    with pytest.raises(RecordError, match=r"result\.json was edited after it was written"):
        read_run(folder)
    change(path, lambda result: None)
    assert read_run(folder).complete


@pytest.mark.parametrize(
    "damage",
    [
        lambda result: result.update(proposals=0),
        lambda result: result["recommendation"].update(params=None),
        lambda result: result["cost"].update(seconds=[]),
        lambda result: result["cost"]["total"].update(images=-1),
        lambda result: result["cost"].update(images_sunk=10**30),
        lambda result: result.update(warnings="none"),
        lambda result: result["recommendation"].update(macs="many"),
    ],
)
def test_values_of_a_wrong_kind_are_named(folder: Path, damage: Any) -> None:
    change(folder / "result.json", damage)
    with pytest.raises(RecordError, match=r"result\.json is damaged"):
        read_run(folder)
    found, left_out = read_what_can_be([folder])
    assert not found
    assert left_out[0].run == str(folder)


@pytest.mark.parametrize("name", ["run.json", "result.json"])
def test_half_of_a_character_is_no_text(folder: Path, name: str) -> None:
    text = (folder / name).read_text()
    (folder / name).write_text('{"a": ["\\ud800"], ' + text.partition("{")[2])
    assert "ud800" in (folder / name).read_text()
    with pytest.raises(RecordError, match="half of a character"):
        read_run(folder)


@pytest.mark.parametrize("key", ["hyperparameters", "data", "preset", "seed"])
def test_an_identity_that_says_too_little_is_named(folder: Path, key: str) -> None:
    change(folder / "run.json", lambda manifest: manifest["identity"].pop(key))
    with pytest.raises(RecordError, match=r"run\.json is damaged"):
        read_run(folder)


@pytest.mark.parametrize("key", ["hardware", "versions", "space", "data"])
def test_a_manifest_of_wrong_values_is_named(folder: Path, key: str) -> None:
    change(folder / "run.json", lambda manifest: manifest.update({key: None}))
    with pytest.raises(RecordError, match=r"run\.json is damaged"):
        read_run(folder)


def test_a_torn_last_line_of_an_unfinished_run_is_no_damage(folder: Path) -> None:
    (folder / "result.json").unlink()
    log = folder / "events.jsonl"
    whole = len(read_run(folder).events)
    log.write_bytes(log.read_bytes()[:-5])
    assert len(read_run(folder).events) == whole - 1


def test_a_log_that_was_edited_is_refused(folder: Path) -> None:
    log = folder / "events.jsonl"
    text = log.read_text()
    log.write_text(text.replace('"score": 0.', '"score": 0.1', 1))
    assert log.read_text() != text
    with pytest.raises(RecordError, match="not the log that"):
        read_run(folder)


def test_a_recommendation_that_was_replaced_is_refused(folder: Path) -> None:
    change(folder / "result.json", lambda result: result["recommendation"].update(text="another"))
    with pytest.raises(RecordError, match="has the recommendation another"):
        read_run(folder)


@pytest.mark.parametrize("value", ["", [], {"a": 1}, 2**70, -1])
def test_sizes_that_no_space_has_are_refused(folder: Path, value: object) -> None:
    record = read_run(folder)
    for key in ("stem_width", "widths", "height", "width"):
        changed = deepcopy(record.manifest)
        assert key in changed.space.settings
        changed.space.settings[key] = value
        with pytest.raises(InputError):
            space_of(replace(record, manifest=changed))
