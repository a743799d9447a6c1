"""The supernets that come with the package are what their provenance describes, and they read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import trainers
from bench.presets import load_preset
from bench.run import Run
from trainers.state import file_hash

FOLDER = Path(trainers.__file__).parent / "shipped"
#: Each is the start of the preset of its name.
NAMES = sorted(file.stem for file in FOLDER.glob("*.safetensors"))


def origin_of(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def test_both_spaces_have_one() -> None:
    assert NAMES == ["cpu", "strnas-cpu"]


@pytest.mark.parametrize("name", NAMES)
def test_size_hash_and_origin(name: str) -> None:
    file, origin = FOLDER / f"{name}.safetensors", origin_of(name)
    assert file.stat().st_size <= 20_000_000
    assert origin["hash"] == file_hash(file)
    assert {"command", "seed", "images", "weight_steps", "commit"} <= origin["provenance"].keys()


@pytest.mark.parametrize("name", NAMES)
def test_it_fits_its_preset_and_reads_words_it_never_saw(name: str) -> None:
    """Twelve random architectures on 60 words; a supernet that reads nothing has 0."""
    small = ["search_train=130", "search_val=60", "test=1"]
    overrides = [f"data.rendering.{part}" for part in small]
    preset = load_preset(name, [*overrides, "run.evaluation_images=60"])
    run = Run("random", name, preset, seed=0)
    assert run.supernet_start is not None
    assert run.supernet_start["hash"] == file_hash(FOLDER / f"{name}.safetensors")
    rows = run.space.sample(12, np.random.default_rng(0))
    found = run.trainer.evaluate_many(rows, 60)
    scores = [scores.word_accuracy for scores in found if scores is not None]
    assert len(scores) == 12
    assert np.mean(scores) > 0.4
    assert max(scores) > 0.6


@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_the_recipe_of_the_preset_makes(name: str) -> None:
    provenance = origin_of(name)["provenance"]
    recipe = load_preset(name).supernet_recipe
    assert provenance["command"].startswith(f"bench supernet train --preset {name} ")
    assert "--set" not in provenance["command"]
    assert provenance["images"] == recipe.images
    assert provenance["continued_from"] is None
