"""A supernet whose training is killed again and again ends as if nothing had been."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from study_process import begin_bench, kill_session, lines_below, wait_until

from bench.cli import run as bench
from bench.presets import load_preset
from bench.records.event_log import read_events, without_time
from bench.supernets import file
from bench.supernets.store import obtain_supernet
from bench.supernets.training import SupernetJob
from trainers.state import file_hash, read_tensors

#: Architectures of base and candidates, weights that candidates share.
IMAGES = 480
TRAINING = [
    "supernet", "train", "--preset", "tiny", "--quiet",
    "--images", str(IMAGES), "--set", "supernet.entangled=true",
    "--set", "supernet_recipe.strategy=neutral",
    "--set", 'supernet_recipe.base=""', "--set", "supernet_recipe.favourite_share=0",
    "--set", "supernet_recipe.base_share=0.2", "--set", "supernet_recipe.widening_share=0.6",
    "--set", "supernet_recipe.schedule=late-cosine", "--set", "run.checkpoint_seconds=0.1",
]  # fmt: skip


def log(folder: Path) -> list[dict[str, object]]:
    return [without_time(event) for event in read_events(folder / "events.jsonl")]


def kill_behind(out: Path, events: int) -> bool:
    """Start or resume the training; kill it once its log is so long. False if it had ended."""
    training = begin_bench(*TRAINING, "--out", str(out))
    wait_until(lambda: training.poll() is not None or lines_below(out.parent) >= events)
    ended = training.poll() is not None
    kill_session(training)
    training.communicate()
    return not ended


@pytest.mark.whole
@pytest.mark.timeout(600)
def test_killed_between_base_and_candidates_it_goes_on(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed" / "killed.safetensors"
    killed.parent.mkdir()
    assert bench([*TRAINING, "--out", str(whole)]) == 0
    expected = log(whole.with_suffix(""))
    first = kill_behind(killed, len(expected) // 4)
    second = kill_behind(killed, len(expected) // 2)
    assert first
    assert second
    assert bench([*TRAINING, "--out", str(killed)]) == 0
    assert log(killed.with_suffix("")) == expected
    found, weights = read_tensors(killed)[0], read_tensors(whole)[0]
    assert found.keys() == weights.keys()
    assert all(found[name].equal(value) for name, value in weights.items())
    # There was something to lose: trained were mixtures of base and candidates.
    texts = [text for event in expected for text in event["work"]["architectures"]]  # type: ignore[index]
    assert any("r" in text and set(text.partition("-")[2]) != {"r"} for text in texts)
    assert len(texts) == IMAGES // 8


class Killed(BaseException):
    """Stands for the end of the process."""


def test_killed_between_the_supernet_and_its_description_it_has_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "s.safetensors"

    def obtain(start: str = "", to: Path = out) -> dict[str, Any]:
        given = ["supernet_recipe.images=16", f'supernet.start="{start}"']
        obtain_supernet(SupernetJob("tiny", load_preset("tiny", given), 0), to, "by a test")
        found: dict[str, Any] = json.loads(to.with_suffix(".json").read_text())
        return found

    written: list[Path] = []
    write = file.write_atomically

    def killed(path: Path, content: bytes) -> None:
        if written:
            raise Killed
        written.append(path)
        write(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(file, "write_atomically", killed)
        with pytest.raises(Killed):
            obtain()
    known = obtain()
    assert known["exposure"]["steps"] == known["provenance"]["weight_steps"] == 2
    assert known["hash"] == file_hash(out)
    # Of a supernet that continues another, what both have done is said in every count.
    further = obtain(str(out), tmp_path / "further.safetensors")
    assert further["exposure"]["steps"] == further["provenance"]["weight_steps"] == 4
    assert further["provenance"]["images"] == 2 * known["provenance"]["images"]
