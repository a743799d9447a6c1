"""A supernet whose training is killed again and again ends as if nothing had been."""

from __future__ import annotations

from pathlib import Path

import pytest
from study_process import begin_bench, kill_session, lines_below, wait_until

from bench.cli import run as bench
from bench.records.event_log import read_events, without_time
from trainers.state import read_tensors

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
