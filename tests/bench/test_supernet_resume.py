"""A supernet whose training is killed again and again ends as if nothing had been."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.event_log import read_events, without_time
from trainers.state import read_tensors

#: Architectures of base and candidates, weights that candidates share.
TRAINING = [
    sys.executable, "-m", "bench", "supernet", "train", "--preset", "tiny", "--quiet",
    "--images", "2400", "--set", "supernet.entangled=true",
    "--set", "supernet_recipe.strategy=neutral",
    "--set", 'supernet_recipe.base=""', "--set", "supernet_recipe.favourite_share=0",
    "--set", "supernet_recipe.base_share=0.2", "--set", "supernet_recipe.widening_share=0.6",
    "--set", "supernet_recipe.schedule=late-cosine", "--set", "run.checkpoint_seconds=0.1",
]  # fmt: skip


def log(folder: Path) -> list[dict[str, object]]:
    return [without_time(event) for event in read_events(folder / "events.jsonl")]


def kill_behind(out: Path, events: int) -> bool:
    """Start or resume the training; kill it once its log is so long. False if it had ended."""
    training = subprocess.Popen([*TRAINING, "--out", str(out)], stderr=subprocess.DEVNULL)
    path = out.with_suffix("") / "events.jsonl"
    while training.poll() is None:
        if path.exists() and path.read_bytes().count(b"\n") >= events:
            training.kill()
            training.wait()
            return True
        time.sleep(0.01)
    return False


@pytest.mark.timeout(600)
def test_killed_between_base_and_candidates_it_goes_on(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole.safetensors", tmp_path / "killed.safetensors"
    subprocess.run([*TRAINING, "--out", str(whole)], check=True, capture_output=True)
    expected = log(whole.with_suffix(""))
    first = kill_behind(killed, len(expected) // 3)
    second = kill_behind(killed, 2 * len(expected) // 3)
    assert first
    assert second
    subprocess.run([*TRAINING, "--out", str(killed)], check=True, capture_output=True)
    assert log(killed.with_suffix("")) == expected
    found, weights = read_tensors(killed)[0], read_tensors(whole)[0]
    assert found.keys() == weights.keys()
    assert all(found[name].equal(value) for name, value in weights.items())
    # There was something to lose: trained were mixtures of base and candidates.
    texts = [text for event in expected for text in event["work"]["architectures"]]  # type: ignore[index]
    assert any("r" in text and set(text.partition("-")[2]) != {"r"} for text in texts)
    assert len(texts) == 2400 // 8
