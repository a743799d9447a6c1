"""The last stage of a study whose endpoint is `final`: what was recommended, trained from scratch.

Each different recommendation is trained with each seed once, in a store beside the study that all
studies there share; a model is found again by what it is, whoever asked for it first. What a reader
needs, cards and curves, is copied into the study's folder, with a ledger of what it all cost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.errors import RecordError
from bench.models.campaign import (
    TrainingPlan,
    TrainingSpec,
    plan_trainings,
    read_trained,
    train_all,
    trouble_of,
)
from bench.models.folder import CARD, CURVE
from bench.models.origin import Origin, from_run
from bench.study.plan import DONE, Plan
from bench.workers.pools import Stop
from bench.workers.rounds import Workers
from spaces.atomic import write_atomically
from spaces.errors import InputError
from trainers.opened_words import OpenedWords

#: In the folder of a study.
FINALS = "finals"
LEDGER = "ledger.json"
#: Beside the folder of a study.
STORE = "models"
#: Of a card's cost, what is added up.
COSTS = ("images", "images_forward", "images_forward_backward", "macs", "seconds")


def store_of(plan: Plan) -> Path:
    """Where the models of a study lie: `results/models` for one in `results`."""
    return plan.folder.parent / STORE


def recommendations(plan: Plan) -> list[Origin]:
    """What the runs that are done recommend, each different architecture once."""
    found: dict[str, Origin] = {}
    for run in plan.runs:
        if run.state == DONE:
            origin = from_run(run.folder, None, ())
            text = origin.description.name
            # By what it is, not by who asked for it first: the folder is named so.
            by_content = replace(origin, label=_label(origin), recommended_by=None)
            found.setdefault(text, by_content)
    return list(found.values())


def plan_finals(
    plan: Plan,
    opened: OpenedWords,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TrainingPlan:
    """The trainings of all recommendations, with words rendered and settings checked."""
    origins = recommendations(plan)
    if not origins:
        return TrainingPlan((), ())
    seeds = range(plan.study.final_seeds)
    return plan_trainings(
        origins, seeds, store_of(plan), opened, lambda _, done, total: progress(done, total)
    )


def train_finals(
    plan: Plan,
    trainings: TrainingPlan,
    workers: Workers,
    command: str,
    opened: OpenedWords,
    report: Callable[[int, int], None] = lambda done, images: None,
    stop: Stop = lambda: False,
) -> list[tuple[str, str]]:
    """Train what is not trained yet, then copy cards into the study; returns troubles by title.

    Raises as ``train_all`` does.
    """
    store = store_of(plan)
    try:
        store.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"{store} cannot be written ({error.strerror or error}): choose another --out"
        ) from error
    failed = train_all(trainings, workers, store, command, opened, report, stop)
    troubles, cards = [], []
    for spec in trainings.specs:
        reason = failed.get(spec.folder)
        if reason is None:
            try:
                card = read_trained(spec)
                reason = trouble_of(card)
                cards.append((spec, card))
            except InputError as error:
                reason = str(error)
        if reason is not None:
            troubles.append((spec.title, reason))
    _keep(plan, cards)
    return troubles


def _keep(plan: Plan, cards: Sequence[tuple[TrainingSpec, Mapping[str, Any]]]) -> None:
    """Cards and curves of the trained, and what they cost, in the folder of the study."""
    place = plan.folder / FINALS
    rows = []
    try:
        for spec, card in cards:
            folder = place / spec.folder.name
            folder.mkdir(parents=True, exist_ok=True)
            for name in (CURVE, CARD):
                if (spec.folder / name).is_file():
                    write_atomically(folder / name, (spec.folder / name).read_bytes())
            cost = card["cost"]
            rows.append(
                {
                    "model": spec.folder.name,
                    "architecture": spec.origin.description.name,
                    "seed": spec.seed,
                    **{key: cost.get(key) for key in COSTS},
                }
            )
        total = {key: sum(row[key] or 0 for row in rows) for key in COSTS}
        document = {"trainings": len(rows), "total": total, "models": rows}
        place.mkdir(parents=True, exist_ok=True)
        write_atomically(place / LEDGER, json.dumps(document, indent=1).encode() + b"\n")
    except OSError as error:
        raise RecordError(
            f"{place} cannot be written ({error.strerror or error}): free space, then run the same "
            "command again"
        ) from error


def _label(origin: Origin) -> str:
    space = origin.preset.space.load()
    return f"{space.name}-{space.parse(origin.description.name).index}"
