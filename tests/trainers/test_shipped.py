"""The supernet that comes with the package is the one its provenance describes, and it reads."""

from __future__ import annotations

import json
from pathlib import Path

import trainers
from bench.presets import load_preset
from bench.run import Run
from trainers.state import file_hash

FILE = Path(trainers.__file__).parent / "shipped" / "cpu.safetensors"


def test_size_hash_and_origin() -> None:
    origin = json.loads(FILE.with_suffix(".json").read_text())
    assert FILE.stat().st_size <= 20_000_000
    assert origin["hash"] == file_hash(FILE)
    assert {"command", "seed", "images", "weight_steps", "commit"} <= origin["provenance"].keys()


def test_it_fits_preset_cpu_and_reads_words_it_never_saw() -> None:
    """On 60 words: the published mean over ABABB is 0.689, a supernet that reads nothing has 0."""
    small = ["search_train=130", "search_val=60", "test=1"]
    overrides = [f"data.rendering.{part}" for part in small]
    preset = load_preset("cpu", [*overrides, "run.evaluation_images=60"])
    run = Run("random", "cpu", preset, seed=0)
    assert run.supernet_start is not None
    assert run.supernet_start["hash"] == file_hash(FILE)
    rows = run.space.encode([run.space.parse("ABABB-111111111111111")])
    scores = run.trainer.evaluate(rows[0], 60)
    assert scores is not None
    assert scores.word_accuracy > 0.6
