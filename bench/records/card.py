"""``model.json``: the card of a trained model. One schema for whoever writes and whoever reads it.

Cards may be a stranger's, or of an older version: keys that came later have defaults, keys that
nothing reads are left alone.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from bench.records.result import Score

#: Integers that a float holds exactly.
Count = Annotated[int, Meta(ge=0, le=2**53)]
#: Of seconds and norms: no measured one is refused, and infinity is none.
Measure = Annotated[float, Meta(ge=0.0, le=1e300)]
Short = Annotated[str, Meta(max_length=200)]
Setting = bool | int | float | Short | None | list[float]


class Backbone(Struct, frozen=True):
    """Of one image, at the model's own widths."""

    params: Count
    macs: Count


class CardPreset(Struct, frozen=True):
    """Of the preset, how it was trained and scored: sections with all that they hold."""

    retraining: Annotated[dict[Short, Setting], Meta(max_length=100)]
    data: dict[str, Any]
    trainer: dict[str, Any]


class ScoresOn(Struct, frozen=True):
    """How it reads the words of a split; the loss is in nats."""

    word_accuracy: Score
    one_ned: Score
    word_accuracy_case_insensitive: Score
    one_ned_case_insensitive: Score
    words: Count
    loss_per_character: float | None = None


class Scores(Struct, frozen=True):
    """None where the network's output was not finite."""

    search_val: ScoresOn | None
    test: ScoresOn | None


class Words(Struct, frozen=True, kw_only=True):
    """A split: paths are for people, hashes say what it holds; ``labels`` counts what is unused."""

    sources: list[str] = []
    hashes: Annotated[list[Short], Meta(max_length=100_000)]
    usable_words: Count = 0
    warnings: list[str] = []
    labels: dict[str, Count] = {}


class CardData(Struct, frozen=True):
    """What was trained and scored on."""

    search_train: Words
    search_val: Words
    test: Words


class CardCost(Struct, frozen=True, kw_only=True):
    """What the training consumed; ``images`` are all, in one direction or in both."""

    images: Count
    images_forward: Count
    images_forward_backward: Count
    macs: Annotated[int, Meta(ge=0)]
    steps: Count
    failed_steps: Count
    seconds: Measure
    step_seconds: Measure | None = None
    peak_memory_bytes: Count | None = None
    peak_accelerator_bytes: Count | None = None


class Untrained(Struct, frozen=True):
    """What the network told before its first step: sum of gradient norms, and SNIP."""

    gradient_norm: Measure
    snip: Measure


class Card(Struct, frozen=True, kw_only=True):
    """``provenance`` is for people; ``weights_hash`` says which weights belong to it: it is of the
    arrays, since the order of entries in the header of a safetensors file is left to chance.
    """

    description: dict[str, Any]
    charset: str
    params: Count
    backbone: Backbone
    preset_name: str
    preset: CardPreset
    seed: Count
    scores: Scores
    data: CardData
    warnings: list[str] = []
    cost: CardCost
    untrained: Untrained | None = None
    provenance: dict[str, Any] | None = None
    weights_hash: str = ""
