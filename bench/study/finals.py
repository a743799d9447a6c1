"""The last stage of a study whose endpoint is `final`: what was recommended, trained from scratch.

Each different recommendation is trained with each seed once, in a store beside the study that all
studies there share; a model is found again by what it is, whoever asked for it first. What a reader
needs, cards and curves, is copied into the study's folder, with a ledger of what it all cost.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.comparison.archive import FINALS, LEDGER
from bench.models.campaign import (
    TrainingPlan,
    TrainingSpec,
    make_place,
    plan_trainings,
    sort_trainings,
    train_all,
)
from bench.models.origin import Origin, by_content, from_run
from bench.records.card import Card
from bench.records.documents import writing
from bench.records.model_folder import CARD, CURVE
from bench.study.plan import DONE, Plan
from bench.workers.pools import Stop
from bench.workers.rounds import Workers
from spaces.atomic import write_atomically
from trainers.opened_words import OpenedWords

#: Beside the folder of a study.
STORE = "models"
#: Of a card's cost, what is added up.
COSTS = ("images", "images_forward", "images_forward_backward", "macs", "seconds")


def store_of(plan: Plan) -> Path:
    """Where the models of a study lie: `results/models` for one in `results`."""
    return plan.folder.parent / STORE


def recommendations(plan: Plan) -> list[Origin]:
    """What the runs that are done recommend; several may recommend the same."""
    done = [run for run in plan.runs if run.state == DONE]
    return [by_content(from_run(run.folder, None, ())) for run in done]


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
    make_place(store)
    failed = train_all(trainings, workers, store, command, opened, report, stop)
    usable, useless = sort_trainings(trainings, failed)
    _keep(plan, usable)
    return [(spec.title, reason) for spec, reason in useless]


def _keep(plan: Plan, cards: Sequence[tuple[TrainingSpec, Card]]) -> None:
    """Cards and curves of the trained, and what they cost, in the folder of the study."""
    place = plan.folder / FINALS
    rows = []
    with writing(place, "free space, then run the same command again"):
        for spec, card in cards:
            folder = place / spec.folder.name
            folder.mkdir(parents=True, exist_ok=True)
            for name in (CURVE, CARD):
                if (spec.folder / name).is_file():
                    write_atomically(folder / name, (spec.folder / name).read_bytes())
            rows.append(
                {
                    "model": spec.folder.name,
                    "architecture": spec.origin.description.name,
                    "seed": spec.seed,
                    **{key: getattr(card.cost, key) for key in COSTS},
                }
            )
        total = {key: sum(getattr(card.cost, key) for _, card in cards) for key in COSTS}
        document = {"trainings": len(rows), "total": total, "models": rows}
        place.mkdir(parents=True, exist_ok=True)
        write_atomically(place / LEDGER, json.dumps(document, indent=1).encode() + b"\n")
