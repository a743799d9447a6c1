"""Trains one recogniser from scratch in a folder, and resumes there where it was interrupted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.models.backbone_cost import backbone_cost
from bench.models.checkpoint import Past, read_checkpoint, write_checkpoint
from bench.models.identity import check_there, check_unchanged, identity_of, words_of
from bench.models.origin import Origin
from bench.models.stored import write_model_folder
from bench.records.card import (
    Backbone,
    Card,
    CardCost,
    CardData,
    CardPreset,
    Scores,
    ScoresOn,
    Untrained,
    Words,
)
from bench.records.counted import one_ned, word_accuracy
from bench.records.errors import Interrupted
from bench.records.manifest import (
    Begun,
    continued_elsewhere,
    hardware,
    identity_hash,
    versions,
)
from bench.records.model_folder import CURVE, ModelFolder
from bench.records.settings import settings_as_dict
from bench.records.work_folder import WorkFolder
from bench.running.arithmetic import compute_as_begun, kernels_name, own_arithmetic
from bench.running.leading import Leader, follow
from bench.running.ledger import peak_accelerator_bytes, peak_memory_bytes
from trainers.compute import resolve_device
from trainers.data.loader import BatchLoader
from trainers.data_splits import RenderProgress
from trainers.memory import is_out_of_memory
from trainers.models.building import build_model
from trainers.models.model import Model, ReadingScores
from trainers.models.training import ModelTraining
from trainers.models.zero_cost import zero_cost
from trainers.opened_words import OpenedWords
from trainers.streams import Stream

if TYPE_CHECKING:
    from trainers.distributed import ProcessGroup


@dataclass(frozen=True)
class Progress:
    """Where a training is: steps done of all, the last loss, the last score on search_val."""

    done: int
    steps: int
    images: int
    loss: float
    score: float | None


class RetrainingJob:
    """One model to train, with a seed. Building it reads, or renders, the data.

    Those of one command may share what they read: ``opened``.
    """

    def __init__(
        self,
        origin: Origin,
        seed: int,
        render_progress: RenderProgress | None = None,
        opened: OpenedWords | None = None,
    ) -> None:
        preset = origin.preset
        self.origin = origin
        self.preset = preset
        self.seed = seed
        device = resolve_device(preset.trainer.device)
        # Built first for what it refuses: before words are rendered.
        network = build_model(origin.description, seed)
        self.model = Model(origin.description, network, device)
        check_there(origin)
        opened = opened or OpenedWords()
        self.words = words_of(origin, opened, render_progress)
        self.splits = self.words.splits
        check_unchanged(origin, self.splits)
        settings = preset.retraining
        train = self.splits["search_train"].words
        self.search_train = BatchLoader(
            train,
            settings.batch_images,
            seed,
            preset.data.workers,
            Stream.RETRAINING_WORDS,
            augmentation=settings.augmentation,
        )
        self.training = ModelTraining(
            self.model,
            self.search_train,
            self.words.scored("search_val", preset.data.search_val_images),
            settings,
        )
        self.leader: Leader | None = None
        self.processes = 1
        self.identity = identity_of(origin, seed, self.splits)
        self.identity_hash = identity_hash(self.identity)

    @property
    def images(self) -> int:
        """Images that all steps together train on."""
        return self.training.steps * self.preset.retraining.batch_images

    def share(self, group: ProcessGroup) -> None:
        """Make each step together with the other processes of ``group``."""
        group.check_equal("settings or data", self.identity_hash)
        self.training.join(group)
        self.processes = group.size
        if group.rank == 0:
            self.leader = Leader(self.training, group)

    def follow(self, group: ProcessGroup) -> None:
        """Do this process's part of each step, until the first process ends."""
        try:
            follow(self.training, lambda _: self.training.step(), group)
        finally:
            self.training.close()

    @own_arithmetic()
    def train(
        self,
        path: Path,
        command: str,
        report: Callable[[Progress], None],
        stop_requested: Callable[[], bool],
    ) -> Card:
        """Train, or resume in ``path``; returns the model's card."""
        folder = ModelFolder(path, self._started())
        try:
            with folder.work.at_work():
                known = folder.card()
                if known is not None:
                    return known
                compute_as_begun(folder.work.manifest.hardware)
                past = self._resume(folder.work)
                self._train(folder.work, past, report, stop_requested)
                card = write_model_folder(path, self.model, self._card(past, folder.work, command))
                folder.complete()
                return card
        finally:
            self.close()

    def close(self) -> None:
        """Stop the loader's threads, and the other processes."""
        if self.leader is not None:
            self.leader.end()
        self.training.close()

    def _train(
        self,
        folder: WorkFolder,
        past: Past,
        report: Callable[[Progress], None],
        stop_requested: Callable[[], bool],
    ) -> None:
        training, count = self.training, self.preset.retraining.validations
        looks = {round(training.steps * (i + 1) / count) for i in range(count)} | {training.steps}
        saved = begun = time.monotonic()
        earlier = past.seconds
        while training.done < training.steps:
            stepping = time.monotonic()
            with self.leader.training() if self.leader else nullcontext():
                loss = training.step()
            past.step_seconds += time.monotonic() - stepping
            if math.isnan(loss):
                past.failed_steps += 1
            else:
                past.losses.append(loss)
            if training.done in looks:
                past.last = self.training.validate()
                past.rows.append(self._row(past.losses, past.last))
                past.losses = []
                folder.write_table(CURVE, past.rows)
            now = time.monotonic()
            past.seconds = earlier + now - begun
            report(self._progress(loss, past.rows))
            ended = training.done == training.steps
            # Looked at once: a request between two looks would end it with nothing saved.
            stopping = stop_requested()
            if stopping or ended or now - saved > self.preset.run.checkpoint_seconds:
                self._save(folder, past)
                saved = time.monotonic()
            if stopping and not ended:
                raise Interrupted(f"in {folder.path}")

    def _row(self, losses: list[float], found: ReadingScores | None) -> dict[str, Any]:
        """Of the curve: mean loss since the last row, scores on search_val."""
        scores, case = None if found is None else found.scores, self.preset.data.case_sensitive
        return {
            "step": self.training.done,
            "images": self.training.done * self.preset.retraining.batch_images,
            "learning_rate": self.training.rate,
            "loss": sum(losses) / len(losses) if losses else None,
            "word_accuracy": None if scores is None else word_accuracy(scores, case),
            "one_ned": None if scores is None else one_ned(scores, case),
        }

    def _untrained(self) -> Untrained | None:
        """Of the card: what the network told before its first step, on the words of that step.

        None where it is not finite, or memory is too small for it.
        """
        with self.search_train.part(slice(None)) as words:
            batch = words.batch(0)
        description, device = self.origin.description, self.model.device
        try:
            found = zero_cost(description, self.seed, device, batch.images, batch.labels)
        except (RuntimeError, MemoryError) as error:
            # A second network beside the trained one, and a batch that processes may have shared.
            if not is_out_of_memory(error):
                raise
            return None
        return None if found is None else Untrained(found.gradient_norm, found.snip)

    def _progress(self, loss: float, rows: list[dict[str, Any]]) -> Progress:
        training = self.training
        images = training.done * self.preset.retraining.batch_images
        score = rows[-1]["word_accuracy"] if rows else None
        return Progress(training.done, training.steps, images, loss, score)

    def _save(self, folder: WorkFolder, past: Past) -> None:
        if self.leader is not None:
            self.leader.compare()
        write_checkpoint(folder, self.identity_hash, self.training.state(), past)

    def _resume(self, folder: WorkFolder) -> Past:
        """Continue from the checkpoint, if there is one."""
        found = read_checkpoint(folder, self.identity_hash)
        if found is None:
            return Past([], [])
        (tensors, counters), past = found
        self.training.load_state(tensors, counters)
        if self.leader is not None:
            self.leader.send_state(tensors, counters)
        moved = continued_elsewhere(folder.manifest, self._started())
        if moved is not None and moved not in past.warnings:
            past.warnings.append(moved)
        return past

    def _started(self) -> Begun:
        """What stands in the folder before the first step."""
        return Begun(
            identity=self.identity,
            identity_hash=self.identity_hash,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            hardware=self._hardware(),
            versions=versions(),
        )

    def _hardware(self) -> dict[str, Any]:
        device, precision = str(self.model.device), self.preset.trainer.precision
        kernels = kernels_name(device, precision, self.processes)
        return {**hardware(device), "processes": self.processes, "kernels": kernels}

    def _card(self, past: Past, folder: WorkFolder, command: str) -> Card:
        """All that is known of the trained model; the referee's words are read here."""
        data = self.preset.data
        test = self.model.score(self.words.scored("test", data.test_images or None))
        # The last reading was after the last step. Checkpoints of older versions do not have it.
        last = past.last or self.training.validate()
        backbone = backbone_cost(self.model)
        trained = self.images
        read = len(past.rows) * len(self.training.search_val)
        return Card(
            description=settings_as_dict(self.model.description),
            charset=self.model.charset.characters,
            params=self.model.params,
            backbone=Backbone(backbone.params, backbone.macs),
            preset_name=self.origin.preset_name,
            preset=CardPreset(
                settings_as_dict(self.preset.retraining),
                settings_as_dict(data),
                settings_as_dict(self.preset.trainer),
            ),
            seed=self.seed,
            scores=Scores(_scored(last), _scored(test)),
            data=CardData(
                **{name: Words(**split.describe()) for name, split in self.splits.items()}
            ),
            warnings=[*past.warnings, *self.training.warnings()],
            cost=CardCost(
                images=trained + read,
                images_forward=read,
                images_forward_backward=trained,
                macs=backbone.macs * (3 * trained + read),
                steps=self.training.steps,
                failed_steps=past.failed_steps,
                seconds=past.seconds,
                step_seconds=past.step_seconds,
                peak_memory_bytes=peak_memory_bytes(),
                peak_accelerator_bytes=peak_accelerator_bytes(str(self.model.device)),
            ),
            # Behind the peak of memory, which is the training's.
            untrained=self._untrained(),
            provenance={
                "command": command,
                "created": folder.manifest.created,
                "ended": datetime.now(UTC).isoformat(timespec="seconds"),
                "identity_hash": self.identity_hash,
                "versions": versions(),
                "hardware": folder.manifest.hardware,
                "recommended_by": self.origin.recommended_by,
            },
        )


def _scored(found: ReadingScores | None) -> ScoresOn | None:
    """Of the card: how the trained model reads."""
    if found is None:
        return None
    return ScoresOn(**asdict(found.scores), loss_per_character=found.loss_per_character)
