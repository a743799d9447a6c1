"""Weight steps on paths drawn by a seed, by one process or, as a script, by those of torchrun.

``torchrun ... distributed_child.py FOLDER CASES...`` writes for each case what rank 0 has in the
end, and for the step that goes wrong on one process what each has.
"""

from __future__ import annotations

import json
import math
import os
import sys
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch
from torch import Tensor

from bench.models.origin import Architectures
from bench.models.retraining import RetrainingJob
from bench.presets import load_preset
from bench.running.leading import compare
from bench.supernets.training import SupernetJob
from spaces import load_space
from trainers.data.splits import WordSplit
from trainers.distributed import ProcessGroup, joined
from trainers.launch import find_launch
from trainers.state import write_tensors
from trainers.trainer import Trainer

STEPS = 12
PLAIN = ("supernet_recipe.flat_start_steps=4",)
WHOLE = (
    "recogniser.rectifier=tps",
    "recogniser.sequence_encoder=bilstm",
    "recogniser.sequence_hidden=4",
    "recogniser.head=attention",
    "recogniser.attention_hidden=8",
    "supernet_recipe.flat_start_steps=0",
    "supernet_recipe.learning_rate=1e-4",
    "trainer.batch_images=4",
)
SCRATCH = (
    "recogniser.rectifier=tps",
    "recogniser.sequence_encoder=bilstm",
    "recogniser.sequence_hidden=4",
    "retraining.flat_start_steps=4",
    "retraining.learning_rate=1e-4",
    "retraining.batch_images=4",
)
CASES = {
    "ctc": (*PLAIN, "trainer.optimiser=adadelta", "supernet_recipe.learning_rate=0.5"),
    "entangled": (*PLAIN, "supernet.entangled=true"),
    "whole": WHOLE,
}


def make_trainer(overrides: tuple[str, ...], group: ProcessGroup | None) -> Trainer:
    trainer = SupernetJob("tiny", load_preset("tiny", overrides), 0).run.trainer
    if group is not None:
        trainer.join(group)
    return trainer


def draw_paths(count: int) -> np.ndarray:

    return load_space("autostr").sample(count, np.random.default_rng(3))


def train(
    overrides: tuple[str, ...], group: ProcessGroup | None = None
) -> tuple[list[float], Trainer]:
    """Losses of some steps in 64 bits, and the trainer.

    In 32 bits an optimiser that normalises its steps makes rounding visible within a few of them;
    in 64 what differs is wrong.
    """
    trainer = make_trainer(overrides, group)
    trainer.supernet.double()
    with patch.object(torch.Tensor, "float", torch.Tensor.double):  # What heads ask for.
        losses = [trainer.train_weights(path[None]).loss for path in draw_paths(STEPS)]
    return losses, trainer


def retrain(group: ProcessGroup | None = None) -> tuple[list[float], dict[str, Tensor]]:
    """Losses of some steps from scratch in 64 bits, and the weights behind them."""
    origin = Architectures("tiny", SCRATCH).find("A..B..A..B..B..-555555545514466")
    job = RetrainingJob(origin, 0)
    if group is not None:
        job.training.join(group)
    job.model.network.double()
    with patch.object(torch.Tensor, "float", torch.Tensor.double):
        losses = [job.training.step() for _ in range(STEPS)]
    return losses, dict(job.model.network.state_dict())


def spoilt_step(group: ProcessGroup) -> dict[str, object]:
    """A loss that is NaN on the last process alone; what this one makes of it."""
    trainer = make_trainer(PLAIN, group)
    paths = draw_paths(2)
    trainer.train_weights(paths)
    before = {name: value.clone() for name, value in trainer.state()[0].items()}
    usual = trainer.supernet.recogniser.loss

    def nan(*arguments: object) -> Tensor:
        return usual(*arguments) * math.nan

    if group.rank == group.size - 1:
        trainer.supernet.recogniser.loss = nan  # type: ignore[method-assign]
    spoilt = trainer.train_weights(paths)
    after = trainer.state()[0]
    trainer.supernet.recogniser.loss = usual  # type: ignore[method-assign]
    return {
        "failed": spoilt.failed_steps,
        "unchanged": all(torch.equal(after[name], value) for name, value in before.items()),
        "next": trainer.train_weights(paths).loss,
    }


def told_of_words(group: ProcessGroup | None = None) -> list[list[str]]:
    """What a trainer has to say of its words where the first cannot be read, and once resumed."""
    trainer = make_trainer(PLAIN, group)
    words = trainer.weight_steps.words
    split, read = words.split, type(words.split).sample
    broken = int(words.indices(0)[0])

    def sample(self: WordSplit, index: int) -> tuple[np.ndarray, str] | None:
        return None if self is split and index == broken else read(self, index)

    with patch.object(type(split), "sample", sample):
        trainer.train_weights(draw_paths(2))
    found = [trainer.warnings()]
    if group is not None:
        compare(trainer, group)
    tensors, counters = trainer.state()
    trainer.load_state({name: value.clone() for name, value in tensors.items()}, counters)
    trainer.train_weights(draw_paths(1))
    return [*found, trainer.warnings()]


def main(folder: Path, names: list[str]) -> None:
    with joined(find_launch()) as group:
        for name in [each for each in names if each in CASES]:
            losses, trainer = train(CASES[name], group)
            if group.rank == 0:
                tensors, counters = trainer.state()
                write_tensors(folder / f"{name}.safetensors", tensors, {"losses": losses})
        if "retrain" in names:
            losses, weights = retrain(group)
            if group.rank == 0:
                write_tensors(folder / "retrain.safetensors", weights, {"losses": losses})
        found = spoilt_step(group)
        (folder / f"spoilt-{group.rank}.json").write_text(json.dumps(found))
        (folder / f"words-{group.rank}.json").write_text(json.dumps(told_of_words(group)))


def main_as(environment: dict[str, str], folder: Path, names: list[str]) -> None:
    """``main`` as one process of several, which are told of each other by these variables."""
    torch.set_num_threads(1)
    os.environ.update(environment)
    main(folder, names)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
