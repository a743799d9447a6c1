"""The card of a model that nobody trained."""

from __future__ import annotations

from typing import Any

from bench.records.card import Backbone, Card, CardCost, CardData, CardPreset, Scores, Words
from bench.records.settings import settings_as_dict


def card_of(model: Any, **known: Any) -> Card:
    """What training from scratch would have written of it."""
    words = Words(hashes=["none"])
    cost = CardCost(
        images=8,
        images_forward=0,
        images_forward_backward=8,
        macs=8,
        steps=1,
        failed_steps=0,
        seconds=1.0,
    )
    given = {
        "description": settings_as_dict(model.description),
        "charset": model.charset.characters,
        "params": model.params,
        "backbone": Backbone(1, 1),
        "preset_name": "tiny",
        "preset": CardPreset({}, {}, {}),
        "seed": 0,
        "scores": Scores(None, None),
        "data": CardData(words, words, words),
        "cost": cost,
    }
    return Card(**{**given, **known})
