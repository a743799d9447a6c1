"""An evaluation as one JSON document: our scores as fractions, the papers' as printed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import msgspec

from bench.models.backbone_cost import backbone_cost
from bench.models.evaluation import Evaluation, ModelScores
from bench.models.evaluation_pairs import pairs
from bench.models.evaluation_table import names_of, notes, published_on
from bench.models.published import PARAMS, TIME
from bench.models.test_sets import TestSet
from bench.records.manifest import versions
from bench.report.safe import safe
from bench.statistics.answers import Estimate


def document(evaluation: Evaluation) -> dict[str, Any]:
    """Sets, models with their scores, the papers' rows on the same sets, and what to know."""
    sets, protocol = evaluation.sets, evaluation.protocol
    names = names_of(evaluation.rows)
    found: dict[str, Any] = safe(
        {
            "protocol": {
                "name": protocol.name,
                "case_sensitive": protocol.case_sensitive,
                "characters": protocol.charset.characters,
            },
            "sets": [_set(each) for each in sets.found],
            "missing": list(sets.missing),
            "models": [
                _model(name, row, evaluation)
                for name, row in zip(names, evaluation.rows, strict=True)
            ],
            "pairs": [
                {
                    "better": names[pair.first],
                    "worse": names[pair.second],
                    "only_better": pair.found.only_first,
                    "only_worse": pair.found.only_second,
                    "difference": pair.found.difference.value,
                    "interval": [pair.found.difference.low, pair.found.difference.high],
                    "words": pair.found.difference.n,
                    "p": pair.p,
                }
                for pair in pairs(evaluation)
            ],
            "published": [
                {
                    "method": each.method,
                    "source": each.source,
                    "training_data": each.data,
                    "accuracy_percent": each.accuracy,
                    "ms_per_image": each.extras.get(TIME),
                    "params_millions": each.extras.get(PARAMS),
                }
                for each in published_on([one.title for one in sets.found])
            ],
            "notes": notes(evaluation),
            "versions": versions(),
        }
    )
    return found


def _set(found: TestSet) -> dict[str, Any]:
    return {
        "title": found.title,
        "path": str(found.path),
        "content_hash": found.content_hash,
        "samples": found.samples,
        "words": found.words,
        "left_out": {"unlabelled": found.unlabelled, "empty": found.empty},
        "remark": found.remark,
    }


def _model(name: str, row: ModelScores, evaluation: Evaluation) -> dict[str, Any]:
    model, sets = row.trained.model, evaluation.sets
    average = None if sets.absent() else row.average(sets.counted_once())
    return {
        "name": name,
        "folder": str(row.trained.folder),
        "description": msgspec.to_builtins(model.description),
        "seed": row.trained.card.seed,
        "params": model.params,
        "backbone": asdict(backbone_cost(model)),
        "scores": {
            each.test_set.title: {
                **_accuracy(each.accuracy),
                "correct": each.correct,
                "one_ned": each.one_ned,
                "unreadable": each.unreadable,
                "too_long": each.too_long,
                "also_in": row.known.get(each.test_set.title),
            }
            for each in row.scores
        },
        "average": None
        if average is None
        else {**_accuracy(average), "sets": [each.title for each in sets.counted_once()]},
        "latency": None if row.latency is None else asdict(row.latency),
    }


def _accuracy(found: Estimate) -> dict[str, Any]:
    return {
        "word_accuracy": found.value,
        "interval": [found.low, found.high],
        "level": found.level,
        "words": found.n,
    }
