"""Many trainings from scratch: from what is wanted to a plan, from the plan to model folders.

The queue is the plan and what lies on disk: what is trained is skipped, what was interrupted goes
on from its checkpoint. So whatever is killed, the same plan ends with the same models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.models.identity import check_there, check_unchanged, identity_of, words_of
from bench.models.origin import Origin, default_name
from bench.models.retraining import Progress, RetrainingJob
from bench.records.card import Card
from bench.records.documents import writing
from bench.records.errors import RecordError
from bench.records.manifest import identity_hash
from bench.records.model_folder import TRAINING, is_model, read_card, read_started
from bench.records.trouble import keep_trouble
from bench.workers.pools import Stop
from bench.workers.rounds import Ended, Workers, attempt, do_all, open_pool
from spaces.errors import InputError
from trainers.data_splits import RenderProgress, Split
from trainers.errors import TrainerError
from trainers.opened_words import OpenedWords


@dataclass(frozen=True)
class TrainingSpec:
    """One model to train: everything a worker on another machine needs to do it."""

    folder: Path
    identity_hash: str
    seed: int
    origin: Origin

    @property
    def title(self) -> str:
        """What people call it."""
        return f"{self.origin.description.name}, seed {self.seed}"

    @property
    def done(self) -> bool:
        """Whether its folder holds this model, trained; what is damaged is not."""
        try:
            if not is_model(self.folder):
                return False
            known = read_started(self.folder)
        except InputError:
            return False
        return known is not None and known.identity_hash == self.identity_hash


@dataclass(frozen=True)
class TrainingPlan:
    """What there is to train, in the order given; ``twice`` of it were asked for before."""

    specs: tuple[TrainingSpec, ...]
    twice: tuple[TrainingSpec, ...]


def plan_trainings(
    origins: Sequence[Origin],
    seeds: Sequence[int],
    out: Path,
    opened: OpenedWords,
    progress: RenderProgress | None = None,
) -> TrainingPlan:
    """Each of ``origins`` with each of ``seeds``, their words rendered and their settings checked.

    Raises what the first training with such settings would, before anything is trained.
    """
    hashes: list[str] = [""] * (len(origins) * len(seeds))
    checked: list[object] = []
    for places in _by_words(origins):
        for place in places:
            origin = origins[place]
            check_there(origin)
            splits = _splits(origin, opened, progress)
            check_unchanged(origin, splits)
            if origin.preset not in checked:
                RetrainingJob(origin, seeds[0], progress, opened).close()
                checked.append(origin.preset)
            for number, seed in enumerate(seeds):
                known = identity_hash(identity_of(origin, seed, splits))
                hashes[place * len(seeds) + number] = known
    specs: dict[str, TrainingSpec] = {}
    twice = []
    for place, identity in enumerate(hashes):
        origin, seed = origins[place // len(seeds)], seeds[place % len(seeds)]
        spec = TrainingSpec(out / default_name(origin, seed, identity), identity, seed, origin)
        if identity in specs:
            twice.append(spec)
        else:
            specs[identity] = spec
    return TrainingPlan(tuple(specs.values()), tuple(twice))


def train_all(
    plan: TrainingPlan,
    workers: Workers,
    out: Path,
    command: str,
    opened: OpenedWords,
    report: Callable[[int, int], None] = lambda done, images: None,
    stop: Stop = lambda: False,
) -> dict[Path, str]:
    """Do all trainings that are not done; returns why some could not be, by folder.

    ``report(trainings done, images trained on here)`` is called after each. Raises ``Interrupted``
    when ``stop`` says so and the trainings have come to rest, ``RecordError`` where workers cannot
    live.
    """
    left = [spec for spec in plan.specs if not spec.done]
    done, images = len(plan.specs) - len(left), 0
    report(done, images)
    if not left:
        return {}
    places = _by_words([spec.origin for spec in left])
    ordered = [left[place] for group in places for place in group]
    troubles: dict[Path, str] = {}
    with open_pool(workers, out) as pool:
        for end in do_all(pool, Trainings(command, opened), ordered, stop):
            if end.trouble is not None:
                troubles[end.item.folder] = end.trouble
            done, images = done + 1, images + (end.result or 0)
            report(done, images)
    return troubles


class Trainings:
    """Trains what it is handed, one after the other, on words that it opens once."""

    def __init__(self, command: str, opened: OpenedWords) -> None:
        self.command = command
        self.opened = opened

    def __call__(self, spec: TrainingSpec, stop: Stop) -> Ended[TrainingSpec, int]:
        """Train one, or go on with it; the result is how many images it took here."""

        def begin() -> Callable[[], int]:
            job = RetrainingJob(spec.origin, spec.seed, opened=self.opened)
            if job.identity_hash != spec.identity_hash:
                raise RecordError(
                    "its words are not those that the command began with: run it again"
                )
            return lambda: self._train(job, spec, stop)

        return attempt(spec, begin, stop, lambda reason: _keep(spec, reason))

    def _train(self, job: RetrainingJob, spec: TrainingSpec, stop: Stop) -> int:
        steps = 0

        def count(_: Progress) -> None:
            nonlocal steps
            steps += 1

        trouble = trouble_of(job.train(spec.folder, self.command, count, stop))
        if trouble is not None:
            raise TrainerError(trouble)
        return steps * job.preset.retraining.batch_images


def trouble_of(card: Card) -> str | None:
    """Why a model that was trained to the end is of no use; None where it reads."""
    steps = card.cost.steps
    if card.cost.failed_steps == steps:
        return f"none of its {steps:,} steps had a finite loss: lower retraining.learning_rate"
    if card.scores.test is None:
        return "what it computes is not finite: lower retraining.learning_rate"
    return None


def make_place(place: Path) -> None:
    """Make the folder that model folders go in; ``RecordError`` where that cannot be."""
    with writing(place, "choose another folder"):
        place.mkdir(parents=True, exist_ok=True)


def sort_trainings(
    plan: TrainingPlan, troubles: Mapping[Path, str]
) -> tuple[list[tuple[TrainingSpec, Card]], list[tuple[TrainingSpec, str]]]:
    """Those that can be used, with their cards, and those that cannot, with the reason.

    ``troubles`` are what ``train_all`` returned, by folder.
    """
    trained, failed = [], []
    for spec in plan.specs:
        reason = troubles.get(spec.folder)
        if reason is None:
            try:
                card = read_card(spec.folder)
                reason = trouble_of(card)
            except InputError as error:
                reason = str(error)
        if reason is None:
            trained.append((spec, card))
        else:
            failed.append((spec, reason))
    return trained, failed


def _by_words(origins: Sequence[Origin]) -> Iterator[list[int]]:
    """Places in ``origins`` of those that read the same words at the same size, group by group."""
    groups: list[tuple[object, list[int]]] = []
    for place, origin in enumerate(origins):
        key = origin.preset.data, origin.description.input_size
        for known, places in groups:
            if known == key:
                places.append(place)
                break
        else:
            groups.append((key, [place]))
    for _, places in groups:
        yield places


def _splits(
    origin: Origin, opened: OpenedWords, progress: RenderProgress | None
) -> Mapping[str, Split]:
    return words_of(origin, opened, progress).splits


def _keep(spec: TrainingSpec, reason: str) -> None:
    """The reason, in the model's folder and in no other model's."""
    try:
        known = read_started(spec.folder)
    except InputError:
        known = None
    if known is None or known.identity_hash == spec.identity_hash:
        keep_trouble(spec.folder, reason, TRAINING)
