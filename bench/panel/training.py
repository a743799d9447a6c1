"""Trains what a panel states and its table does not have yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.models.campaign import (
    TrainingPlan,
    TrainingSpec,
    plan_trainings,
    sort_trainings,
    train_all,
    trouble_of,
)
from bench.models.identity import identity_of
from bench.models.origin import Architectures, Origin
from bench.panel.file import Panel, Part
from bench.panel.rows import Row, read_rows, recipe_of, row_of, write_rows
from bench.records.errors import RecordError
from bench.records.model_folder import TRAINING, read_card, read_started
from bench.records.settings import settings_as_dict
from bench.workers.pools import Stop
from bench.workers.rounds import Workers
from spaces.errors import InputError
from trainers.data_splits import RenderProgress
from trainers.opened_words import OpenedWords


@dataclass(frozen=True)
class PanelPlan:
    """``recipes`` of all trainings that a panel states; those whose rows are ``missing``, by it."""

    recipes: frozenset[str]
    missing: dict[str, TrainingSpec]


def plan_panel(
    panel: Panel, models: Path, opened: OpenedWords, progress: RenderProgress | None = None
) -> PanelPlan:
    """What there is to train, each once though several parts may name it.

    Words are rendered only where a training is missing. Raises what the first training would.
    """
    wanted: dict[str, tuple[Origin, int]] = {}
    for part in panel.parts:
        for origin in _origins(panel, part):
            for seed in range(part.seeds):
                wanted[_recipe(origin, seed)] = origin, seed
    known = {row.recipe for row in read_rows(panel.table)}
    missing: dict[int, list[str]] = {}
    for recipe, (_, seed) in wanted.items():
        if recipe not in known:
            missing.setdefault(seed, []).append(recipe)
    specs: dict[str, TrainingSpec] = {}
    for seed, recipes in missing.items():
        origins = [wanted[recipe][0] for recipe in recipes]
        planned = plan_trainings(origins, (seed,), models, opened, progress)
        specs |= dict(zip(recipes, planned.specs, strict=True))
    # In the order of the file: seeds of one architecture follow each other.
    ordered = {recipe: specs[recipe] for recipe in wanted if recipe in specs}
    return PanelPlan(frozenset(wanted), ordered)


def recipes_of(panel: Panel, part: Part) -> dict[str, list[str]]:
    """Text of each architecture of a part -> ``Row.recipe`` of its trainings, without any words.

    Raises ``RecordError`` for a part of pairs that are none.
    """
    found = {
        origin.description.name: [_recipe(origin, seed) for seed in range(part.seeds)]
        for origin in _origins(panel, part)
    }
    if part.pairs and (len(found) % 2 or len(found) < len(panel.listed(part))):
        raise RecordError(
            f"{panel.path.parent / part.architectures}: of {len(panel.listed(part))} architectures "
            f"{len(found)} are different: expected pairs, each architecture once"
        )
    return found


def stated_recipes(panel: Panel) -> frozenset[str]:
    """The recipes of all trainings that a panel states, without any words."""
    found = (recipes_of(panel, part) for part in panel.parts)
    return frozenset(recipe for each in found for recipes in each.values() for recipe in recipes)


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
    before = len(plan.recipes) - len(plan.missing)
    left = dict(plan.missing)

    def keep(done: int, images: int) -> None:
        # Read again each time: another command may be at the same panel.
        rows = {row.recipe: row for row in read_rows(panel.table)}
        fresh = {recipe: _row(spec) for recipe, spec in left.items() if spec.done}
        for recipe, row in fresh.items():
            del left[recipe]
            if row is not None:
                rows[recipe] = row
        if fresh:
            write_rows(panel.table, rows.values())
        report(before + done, images)

    trainings = TrainingPlan(tuple(plan.missing.values()), ())
    troubles = train_all(trainings, workers, models, command, opened, keep, stop)
    _, useless = sort_trainings(trainings, troubles)
    return [(spec.title, reason) for spec, reason in useless]


def _recipe(origin: Origin, seed: int) -> str:
    """What ``Row.recipe`` is of a training."""
    return recipe_of(identity_of(origin, seed, {}), settings_as_dict(origin.preset.data))


def _origins(panel: Panel, part: Part) -> list[Origin]:
    """The architectures of a part; of a bad one, ``RecordError`` says where it stands."""
    find = Architectures(panel.preset, panel.set)
    found = []
    for each in panel.listed(part):
        try:
            found.append(find.find(each.what))
        except InputError as error:
            raise RecordError(f"{each.place}: {error}") from error
    return found


def _row(spec: TrainingSpec) -> Row | None:
    """The row of a training that is done; None for one that is of no use."""
    card = read_card(spec.folder)
    if trouble_of(card) is not None:
        return None
    started = read_started(spec.folder)
    if started is None:
        raise RecordError(f"{spec.folder / TRAINING} has no identity: restore it or train again")
    return row_of(card, spec.origin.description.name, started.identity)
