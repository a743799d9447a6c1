"""What a recipe takes, read from what it says: nothing here is measured."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from bench.presets import load_preset
from bench.records.study_file import StudyFile
from bench.reproduce.entry import DATA, OUT, Recipe
from bench.reproduce.study_file import NAME


@dataclass(frozen=True)
class ScaleCost:
    """``runs`` with a ``budget`` each, in words; ``trainings`` from scratch at most."""

    runs: int
    budget: str
    trainings: int

    @property
    def text(self) -> str:
        """In words."""
        parts = []
        if self.runs:
            parts.append(f"{_count(self.runs, 'run')} of {self.budget}")
        if self.trainings:
            parts.append(f"{_count(self.trainings, 'training')} at most")
        return ", ".join(parts) or "no training"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def cost_of(recipe: Recipe) -> ScaleCost:
    """Runs and trainings of its study and of its other commands."""
    trainings = sum(_trainings(words, recipe) for words in recipe.commands)
    runs = [words for words in recipe.commands if words[0] == "run"]
    if NAME not in recipe.files:
        if not runs:
            return ScaleCost(0, "", trainings)
        # All of them are alike.
        chosen = [runs[0][at + 1] for at, word in enumerate(runs[0]) if word == "--set"]
        preset = runs[0][runs[0].index("--preset") + 1]
        return ScaleCost(len(runs), _budget(preset, chosen), trainings)
    study = msgspec.convert(tomllib.loads(recipe.files[NAME]), StudyFile)
    count = len(study.all_arms) * len(study.seed_list) * max(1, len(study.supernet_seeds))
    finals = count * study.final_seeds if study.endpoint == "final" else 0
    return ScaleCost(count, _budget(study.preset, study.shared_set), finals + trainings)


def _budget(preset: str, settings: Sequence[str]) -> str:
    run = load_preset(preset, [each for each in settings if DATA not in each]).run
    return f"{run.budget_epochs:g} epochs" if run.budget_epochs else f"{run.budget_images:,} images"


def _trainings(words: Sequence[str], recipe: Recipe) -> int:
    """Of one command: of `bench retrain`, seeds by architectures."""
    if words[0] != "retrain":
        return int(words[:2] == ("baseline", "train"))
    seeds = int(words[words.index("--seeds") + 1]) if "--seeds" in words else 1
    if "--from" not in words:
        return seeds
    listed = words[words.index("--from") + 1].removeprefix(f"{OUT}/")
    return seeds * len(recipe.files[listed].splitlines())
