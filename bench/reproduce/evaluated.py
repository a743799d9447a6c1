"""What ``bench eval`` left in a folder: models beside each other on the same words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.records.errors import RecordError
from bench.report.figures.accuracy_cost import ModelPoint, accuracy_cost_figure
from bench.report.figures.canvas import house_style
from bench.statistics.answers import Estimate
from spaces.files import read_object

FILE = "eval.json"


@dataclass(frozen=True)
class EvaluatedModel:
    """``scores`` are word accuracies by set, as fractions; ``all_words`` has Wilson's interval.

    Costs are those of the backbone, at the model's own widths, but for ``params``.
    """

    name: str
    scores: dict[str, float]
    all_words: tuple[float, float, float]
    macs: int
    backbone_params: int
    params: int
    milliseconds: float | None


@dataclass(frozen=True)
class EvaluatedModels:
    """Models in the order of the command; ``words`` are those that all of them read."""

    models: Sequence[EvaluatedModel]
    pairs: Sequence[dict[str, Any]]
    words: int

    def difference(self, first: str, second: str) -> Estimate:
        """Word accuracy of ``first`` minus that of ``second`` over the same words."""
        for pair in self.pairs:
            if {pair["better"], pair["worse"]} == {first, second}:
                sign = 1.0 if pair["better"] == first else -1.0
                low, high = sorted(sign * float(end) for end in pair["interval"])
                return Estimate(sign * float(pair["difference"]), low, high, self.words, 0.95, "")
        raise RecordError(f"{first} and {second} were not evaluated together: do it again")

    def model(self, name: str) -> EvaluatedModel:
        """The model of this name."""
        for model in self.models:
            if model.name == name:
                return model
        raise RecordError(f"{name} was not evaluated: run the same command again")

    def picture(self, words: str) -> str:
        """SVG of accuracy against what backbones cost; ``words`` says what was read."""
        points = [
            ModelPoint(model.name, *model.all_words, model.macs, model.backbone_params)
            for model in self.models
        ]
        with house_style():
            return accuracy_cost_figure(points, words)


def evaluated_in(folder: Path) -> EvaluatedModels:
    """``RecordError`` where nothing was evaluated, or the record is damaged."""
    path = folder / FILE
    try:
        document = read_object(path)
        pairs = list(document["pairs"])
        words = sum(int(each["words"]) for each in document["sets"])
        if pairs:
            # Sets that share words are counted once.
            words = int(pairs[0]["words"])
        models = [_model(each) for each in document["models"]]
        if not models:
            raise ValueError("no models")
        return EvaluatedModels(models, pairs, words)
    except FileNotFoundError as error:
        raise RecordError(f"{folder}: nothing was evaluated there: run it again") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise RecordError(f"{path} is damaged: remove it and run the same command") from error


def _model(found: dict[str, Any]) -> EvaluatedModel:
    scores = {str(title): float(each["word_accuracy"]) for title, each in found["scores"].items()}
    average, latency = found["average"], found["latency"]
    if average is None:
        (average,) = found["scores"].values()
    low, high = (float(end) for end in average["interval"])
    accuracy, cost = float(average["word_accuracy"]), found["backbone"]
    # What is no number is none of these either.
    if not 0.0 <= low <= accuracy <= high <= 1.0 or not min(cost["macs"], cost["params"]) > 0:
        raise ValueError("a score or a size that cannot be")
    return EvaluatedModel(
        str(found["name"]),
        scores,
        (accuracy, low, high),
        int(cost["macs"]),
        int(cost["params"]),
        int(found["params"]),
        None if latency is None else float(latency["ms"]),
    )
