"""The supernet that comes with the package is the one its provenance describes, and it reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

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
    """Twelve random architectures on 60 words; a supernet that reads nothing has 0."""
    small = ["search_train=130", "search_val=60", "test=1"]
    overrides = [f"data.rendering.{part}" for part in small]
    preset = load_preset("cpu", [*overrides, "run.evaluation_images=60"])
    run = Run("random", "cpu", preset, seed=0)
    assert run.supernet_start is not None
    assert run.supernet_start["hash"] == file_hash(FILE)
    rows = run.space.sample(12, np.random.default_rng(0))
    found = run.trainer.evaluate_many(rows, 60)
    scores = [scores.word_accuracy for scores in found if scores is not None]
    assert len(scores) == 12
    assert np.mean(scores) > 0.4
    assert max(scores) > 0.6


def test_it_is_what_the_recipe_of_the_preset_makes() -> None:
    provenance = json.loads(FILE.with_suffix(".json").read_text())["provenance"]
    recipe = load_preset("cpu").supernet_recipe
    assert provenance["command"].startswith("bench supernet train --preset cpu ")
    assert "--set" not in provenance["command"]
    assert provenance["images"] == recipe.images
    assert provenance["continued_from"] is None
