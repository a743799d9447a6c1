"""An evaluation as a picture: what models read against what their backbones cost."""

from __future__ import annotations

from bench.models.backbone_cost import backbone_cost
from bench.models.evaluation import Evaluation
from bench.models.evaluation_table import names_of
from bench.report.figures.accuracy_cost import ModelPoint, accuracy_cost_figure
from bench.report.figures.canvas import house_style


def picture(evaluation: Evaluation) -> str:
    """SVG over the words of all sets, each set once."""
    sets = evaluation.sets.counted_once()
    points = []
    for name, row in zip(names_of(evaluation.rows), evaluation.rows, strict=True):
        accuracy, cost = row.average(sets), backbone_cost(row.trained.model)
        points.append(
            ModelPoint(name, accuracy.value, accuracy.low, accuracy.high, cost.macs, cost.params)
        )
    words = ", ".join(each.title for each in sets)
    with house_style():
        return accuracy_cost_figure(points, words)
