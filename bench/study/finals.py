"""The last stage of a study whose endpoint is `final`: what was recommended, trained from scratch.

Each different recommendation is trained with each seed once, in a store beside the study that all
studies there share; a model is found again by what it is, whoever asked for it first. What a reader
needs, cards and curves, is copied into the study's folder, with a ledger of what it all cost: also
what was trained to the end and is of no use, since it was paid for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from bench.comparison.archive import FINALS, LEDGER
from bench.models.campaign import (
    TrainingPlan,
    make_place,
    plan_trainings,
    sort_trainings,
    train_all,
    trouble_of,
)
from bench.models.origin import Origin, by_content, from_run
from bench.records.card import Card
from bench.records.documents import writing
from bench.records.model_folder import CARD, CURVE, read_card
from bench.study.plan import DONE, Plan
from bench.workers.pools import Stop
from bench.workers.rounds import Workers
from spaces.atomic import write_atomically
from spaces.errors import InputError
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
    _, useless = sort_trainings(trainings, failed)
    _keep(plan, [spec.folder for spec in trainings.specs if spec.done])
    return [(spec.title, reason) for spec, reason in useless]


def _keep(plan: Plan, models: Sequence[Path]) -> None:
    """Cards and curves of the trained, and what they cost, in the folder of the study."""
    place = plan.folder / FINALS
    with writing(place, "free space, then run the same command again"):
        place.mkdir(parents=True, exist_ok=True)
        for model in models:
            (place / model.name).mkdir(exist_ok=True)
            for name in (CURVE, CARD):
                if (model / name).is_file():
                    write_atomically(place / model.name / name, (model / name).read_bytes())
        cards = _cards(place)
        rows = [
            {
                "model": model,
                "architecture": card.description.get("text"),
                "seed": card.seed,
                **{key: getattr(card.cost, key) for key in COSTS},
                "unusable": trouble_of(card),
            }
            for model, card in cards.items()
        ]
        total = {key: sum(getattr(card.cost, key) for card in cards.values()) for key in COSTS}
        document = {"trainings": len(rows), "total": total, "models": rows}
        write_atomically(place / LEDGER, json.dumps(document, indent=1).encode() + b"\n")


def _cards(place: Path) -> dict[str, Card]:
    """What lies there, by folder: also trainings that the study once asked for, and has paid."""
    found = {}
    for path in sorted(place.glob(f"*/{CARD}")):
        # One that is damaged is told as a trouble, and by `bench compare`.
        with suppress(InputError):
            found[path.parent.name] = read_card(path.parent)
    return found
