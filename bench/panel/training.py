"""Trains what a panel states and its table does not have yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.errors import RecordError
from bench.models.campaign import (
    TrainingPlan,
    TrainingSpec,
    plan_trainings,
    read_trained,
    sort_trainings,
    train_all,
    trouble_of,
)
from bench.models.folder import TRAINING, read_document
from bench.models.origin import Architectures, Origin
from bench.models.retraining import identity_of
from bench.panel.file import Panel, Part
from bench.panel.rows import Row, read_rows, recipe_of, row_of, write_rows
from bench.settings import settings_as_dict
from bench.workers.pools import Stop
from bench.workers.rounds import Workers
from spaces.errors import InputError
from trainers.data_splits import RenderProgress
from trainers.opened_words import OpenedWords


@dataclass(frozen=True)
class PanelPlan:
    """All trainings of a panel, and those whose rows are missing."""

    specs: tuple[TrainingSpec, ...]
    missing: TrainingPlan


def plan_panel(
    panel: Panel, models: Path, opened: OpenedWords, progress: RenderProgress | None = None
) -> PanelPlan:
    """What there is to train, each once though several parts may name it.

    Raises what the first training would, before anything is trained.
    """
    find = Architectures(panel.preset, panel.set)
    specs: dict[str, TrainingSpec] = {}
    for part in panel.parts:
        origins = _origins(panel, part, find)
        planned = plan_trainings(origins, range(part.seeds), models, opened, progress)
        specs |= {spec.identity_hash: spec for spec in planned.specs}
    known = {row.recipe for row in read_rows(panel.table)}
    missing = tuple(spec for spec in specs.values() if recipe_of_spec(spec) not in known)
    return PanelPlan(tuple(specs.values()), TrainingPlan(missing, ()))


def recipes_of(panel: Panel, part: Part) -> dict[str, list[str]]:
    """Text of each architecture of a part -> ``Row.recipe`` of its trainings, without any words."""
    find = Architectures(panel.preset, panel.set)
    found: dict[str, list[str]] = {}
    for origin in _origins(panel, part, find):
        recipes = [_recipe(origin, seed) for seed in range(part.seeds)]
        found[origin.description.name] = recipes
    return found


def recipe_of_spec(spec: TrainingSpec) -> str:
    """What ``Row.recipe`` is of a training."""
    return _recipe(spec.origin, spec.seed)


def _recipe(origin: Origin, seed: int) -> str:
    return recipe_of(identity_of(origin, seed, {}), settings_as_dict(origin.preset.data))


def _origins(panel: Panel, part: Part, find: Architectures) -> list[Origin]:
    """The architectures of a part; of a bad one, ``RecordError`` says where it stands."""
    found = []
    for each in panel.listed(part):
        try:
            found.append(find.find(each.what))
        except InputError as error:
            raise RecordError(f"{each.place}: {error}") from error
    return found


def train_panel(
    panel: Panel,
    plan: PanelPlan,
    workers: Workers,
    models: Path,
    command: str,
    opened: OpenedWords,
    report: Callable[[int, int], None] = lambda done, images: None,
    stop: Stop = lambda: False,
) -> list[tuple[str, str]]:
    """Train what is missing, writing the table after each; returns troubles by title.

    Raises as ``train_all`` does; what was trained by then stands in the table.
    """
    rows = {row.recipe: row for row in read_rows(panel.table)}
    before = len(plan.specs) - len(plan.missing.specs)

    def keep(done: int, images: int) -> None:
        # The table is that of whoever wrote it last: another command may be at the same panel.
        rows.update({row.recipe: row for row in read_rows(panel.table)})
        fresh = [
            row_of_spec(spec)
            for spec in plan.missing.specs
            if recipe_of_spec(spec) not in rows and spec.done
        ]
        rows.update({row.recipe: row for row in fresh if row is not None})
        write_rows(panel.table, rows.values())
        report(before + done, images)

    troubles = train_all(plan.missing, workers, models, command, opened, keep, stop)
    _, useless = sort_trainings(plan.missing, troubles)
    return [(spec.title, reason) for spec, reason in useless]


def row_of_spec(spec: TrainingSpec) -> Row | None:
    """The row of a training that is done; None for one that is of no use."""
    card = read_trained(spec)
    if trouble_of(card) is not None:
        return None
    identity = read_document(spec.folder / TRAINING).get("identity")
    if not isinstance(identity, dict):
        raise RecordError(f"{spec.folder / TRAINING} has no identity: restore it or train again")
    return row_of(card, spec.origin.description.name, identity)
