"""The supernets that come with the package are what their provenance describes, and they read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import trainers
from bench.commands.shared.starts import with_a_start_that_fits
from bench.presets import load_preset
from bench.run import Run
from trainers.state import file_hash

FOLDER = Path(trainers.__file__).parent / "shipped"
NAMES = sorted(file.stem for file in FOLDER.glob("*.safetensors"))
#: Each is the start of the preset of its name; this one where a rectifier is searched.
BOTH = "strnas-cpu-both"


def origin_of(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def test_both_spaces_have_one() -> None:
    assert NAMES == ["cpu", "strnas-cpu", BOTH]


@pytest.mark.parametrize("name", NAMES)
def test_size_hash_and_origin(name: str) -> None:
    file, origin = FOLDER / f"{name}.safetensors", origin_of(name)
    assert file.stat().st_size <= 20_000_000
    assert origin["hash"] == file_hash(file)
    assert {"command", "seed", "images", "weight_steps", "commit"} <= origin["provenance"].keys()


@pytest.mark.whole
@pytest.mark.parametrize(
    ("name", "preset_name", "part"),
    [
        ("cpu", "cpu", ""),
        ("strnas-cpu", "strnas-cpu", "extractor"),
        (BOTH, "strnas-cpu", "both"),
        # The same file, of which this takes less.
        pytest.param(BOTH, "strnas-cpu", "rectifier", marks=pytest.mark.slow),
    ],
)
def test_it_fits_its_preset_and_reads_words_it_never_saw(
    name: str, preset_name: str, part: str
) -> None:
    """Six random architectures on 60 words; a supernet that reads nothing has 0."""
    small = ["search_train=130", "search_val=60", "test=1"]
    overrides = [f"data.rendering.{part}" for part in small]
    overrides += [f"space.part={part}"] * bool(part) + ["run.evaluation_images=60"]
    preset = with_a_start_that_fits(preset_name, load_preset(preset_name, overrides))
    run = Run("random", name, preset, seed=0)
    assert run.supernet_start is not None
    assert run.supernet_start["hash"] == file_hash(FOLDER / f"{name}.safetensors")
    rows = run.space.sample(6, np.random.default_rng(0))
    found = run.trainer.evaluate_many(rows, 60)
    scores = [scores.word_accuracy for scores in found if scores is not None]
    assert len(scores) == 6
    assert np.mean(scores) > 0.4
    assert max(scores) > 0.6


def test_that_of_both_parts_goes_on_from_the_extractor() -> None:
    provenance = origin_of(BOTH)["provenance"]
    assert provenance["continued_from"] == origin_of("strnas-cpu")["hash"]
    assert "--start shipped:strnas-cpu " in provenance["command"]
    before = origin_of("strnas-cpu")["provenance"]["images"]
    assert provenance["images"] == before + 64_000


@pytest.mark.parametrize("name", ["cpu", "strnas-cpu"])
def test_it_is_what_the_recipe_of_the_preset_makes(name: str) -> None:
    provenance = origin_of(name)["provenance"]
    recipe = load_preset(name).supernet_recipe
    assert provenance["command"].startswith(f"bench supernet train --preset {name} ")
    assert "--set" not in provenance["command"]
    assert provenance["images"] == recipe.images
    assert provenance["continued_from"] is None
